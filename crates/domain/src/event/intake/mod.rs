//! From a request body to accepted events.
//!
//! One pass checks the JSON and finds each event's top-level members; as an event is passed, the
//! fields the gateway owes it are spliced in, and everything else stays as it came, byte for byte.
//! What is refused becomes a [`Rejection`]; a batch may hold both.

use bytes::Bytes;
use smallvec::SmallVec;

use super::fields::{Owed, Stamp};
use super::json::{self, Fault, ScanLimits, Scanner, Span, ValueKind};
use super::{CallHash, EventKind, NewEvent};
use crate::limits;
use crate::reason::Reason;

/// The shape a path asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// One event, whose type the path gives.
    Single(EventKind),
    /// `{"batch":[…]}`, each event with its own type.
    Batch,
}

/// Why a request, or one event of it, was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// The reason.
    pub reason: Reason,
    /// What exactly, for people: the place or the field.
    pub detail: String,
    /// The beginning of what was refused.
    pub sample: String,
}

/// What came of a body.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Intake {
    /// The events to store, in order.
    pub events: Vec<NewEvent>,
    /// Which call each of them is, in the same order; none where the client gave no id.
    pub calls: SmallVec<[Option<CallHash>; 1]>,
    /// The events refused, in order.
    pub rejections: Vec<Rejection>,
}

impl Intake {
    /// About how much memory its events take, in bytes.
    pub fn bytes_len(&self) -> usize {
        let event_bytes = size_of::<NewEvent>() + size_of::<Option<CallHash>>();
        let payloads: usize = self.events.iter().map(|event| event.payload.len()).sum();
        payloads + self.events.len() * event_bytes
    }
}

/// A top-level member of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub key: Span,
    pub value: Span,
}

pub(super) type Members = SmallVec<[Member; 32]>;

/// Reads a body of the given shape.
///
/// # Errors
/// A rejection of the whole request, where its body is not JSON or not of this shape.
pub fn read(body: &[u8], shape: Shape, stamp: &mut Stamp<'_>) -> Result<Intake, Rejection> {
    let body = without_mark(body);
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        reject(Reason::BadJson, format!("byte {at} is not valid UTF-8"), &lossy_start(body))
    })?;
    match shape {
        Shape::Single(kind) => read_single(text, kind, stamp),
        Shape::Batch => read_batch(text, stamp),
    }
}

/// The write key that a body itself holds: the last `writeKey` of its top level, wherever it stands.
///
/// A body that is no JSON is searched as far as it is; what is wrong with it is said when it is
/// read.
pub fn write_key(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(without_mark(body)).ok()?;
    let mut scanner = Scanner::new(text, ScanLimits::NONE);
    let mut found = None;
    let _ = scanner.members(|scanner, key| {
        let kind = scanner.peek();
        let value = scanner.skip()?;
        if json::key_is(key.of(text), "writeKey") {
            let inner = Span { start: value.start + 1, end: value.end.saturating_sub(1) };
            found = (kind == ValueKind::String).then_some(inner);
        }
        Ok(())
    });
    let key = json::unescape(found?.of(text)).into_owned();
    (!key.is_empty()).then_some(key)
}

/// A body without the byte order mark that some clients put in front.
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

fn read_single(text: &str, kind: EventKind, stamp: &mut Stamp<'_>) -> Result<Intake, Rejection> {
    let mut scanner = Scanner::new(text, ScanLimits::NONE);
    let mut reader = Reader::new(text, Some(kind), stamp);
    let passed = reader.element(&mut scanner).and_then(|()| scanner.end());
    passed.map_err(|fault| faulty(text, fault))?;
    Ok(reader.intake)
}

fn read_batch(text: &str, stamp: &mut Stamp<'_>) -> Result<Intake, Rejection> {
    let mut scanner = Scanner::new(text, ScanLimits::NONE);
    let is_object = scanner.peek() == ValueKind::Object;
    let mut reader = Reader::new(text, None, stamp);
    let passed = reader.envelope(&mut scanner).and_then(|()| scanner.end());
    passed.map_err(|fault| faulty(text, fault))?;
    let (reason, detail) = match reader.count {
        _ if !is_object => (Reason::NotAnEvent, "the body is not an object".to_owned()),
        0 => (Reason::EmptyBatch, "\"batch\" is missing, null or empty".to_owned()),
        1..=limits::BATCH_EVENTS_MAX => return Ok(reader.intake),
        count => (Reason::BatchTooLong, format!("{count} events")),
    };
    Err(reject(reason, detail, text))
}

/// One element of a batch, or the body of a single call.
struct Element {
    span: Span,
    content: Content,
}

/// What an element is.
enum Content {
    /// An object within the limits of an event; the reader has its members.
    Members,
    /// Something else within those limits.
    Other,
    /// JSON beyond those limits.
    Beyond(Fault),
}

/// Turns elements into events and rejections as the scanner passes them.
///
/// One after the other, so that a body needs no more memory than what comes of it. The envelope is
/// bound by the grammar alone, and each element by limits that count from its own top: it is judged
/// the same alone and in any company.
struct Reader<'r, 's> {
    text: &'r str,
    forced: Option<EventKind>,
    stamp: &'r mut Stamp<'s>,
    /// Of the element at hand.
    members: Members,
    /// Elements so far.
    count: usize,
    intake: Intake,
}

impl<'r, 's> Reader<'r, 's> {
    fn new(text: &'r str, forced: Option<EventKind>, stamp: &'r mut Stamp<'s>) -> Self {
        let (members, intake) = (Members::new(), Intake::default());
        Self { text, forced, stamp, members, count: 0, intake }
    }

    /// Passes the body of a batch; one that is no object has no elements.
    fn envelope(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        if scanner.peek() != ValueKind::Object {
            return scanner.skip().map(|_| ());
        }
        let passed = scanner.members(|scanner, key| {
            if json::key_is(key.of(self.text), "batch") {
                return self.batch(scanner);
            }
            scanner.skip().map(|_| ())
        });
        passed.map(|_| ())
    }

    /// Passes the value of `batch`: an array, or one event in place of an array.
    ///
    /// A `batch` that stands twice counts the last time, as in every other JSON reader.
    fn batch(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        (self.count, self.intake) = (0, Intake::default());
        match scanner.peek() {
            ValueKind::Array => scanner.elements(|scanner| self.element(scanner)).map(|_| ()),
            ValueKind::Scalar if self.text.as_bytes()[scanner.at()..].starts_with(b"null") => {
                scanner.skip().map(|_| ())
            }
            _ => self.element(scanner),
        }
    }

    fn element(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        self.count += 1;
        if self.count > limits::BATCH_EVENTS_MAX {
            // Such a batch is refused whole, so the rest is only checked and counted.
            return scanner.skip().map(|_| ());
        }
        let found = element(scanner, &mut self.members)?;
        match self.event(&found) {
            Ok((event, message)) => {
                self.intake.events.push(event);
                self.intake.calls.push(message);
            }
            Err((reason, detail)) => {
                let rejection = reject(reason, detail, found.span.of(self.text));
                self.intake.rejections.push(rejection);
            }
        }
        Ok(())
    }

    fn event(&mut self, found: &Element) -> Result<(NewEvent, Option<CallHash>), (Reason, String)> {
        match found.content {
            Content::Members => {}
            Content::Other => {
                return Err((Reason::NotAnEvent, "the event is not an object".to_owned()));
            }
            Content::Beyond(fault) => return Err(beyond(fault, found.span)),
        }
        let (bytes, bytes_max) = (found.span.end - found.span.start, self.stamp.event_bytes_max);
        if bytes > bytes_max {
            return Err((Reason::TooLarge, format!("{bytes} bytes, {bytes_max} are allowed")));
        }
        let owed = Owed::find(self.text, &self.members, self.forced, self.stamp);
        if owed.needs_identity() {
            let detail = "userId and anonymousId are missing or empty".to_owned();
            return Err((Reason::MissingId, detail));
        }
        let event = NewEvent {
            source: self.stamp.source.clone(),
            kind: owed.kind,
            received_at: self.stamp.received_at,
            identities: owed.identities,
            restriction: owed.restriction,
            payload: Bytes::from(owed.splice(self.text, found.span, &self.members)),
        };
        Ok((event, owed.message))
    }
}

/// Passes an element, whatever it holds, as long as it is JSON.
///
/// One beyond the limits is passed a second time without them; where it turns out to be no JSON
/// then, the limit was still the first fault.
fn element(scanner: &mut Scanner<'_>, members: &mut Members) -> Result<Element, Fault> {
    match scanner.within(limits::EVENT_SCAN, |scanner| limited(scanner, members)) {
        Err(fault @ (Fault::TooDeep { .. } | Fault::TooManyKeys { .. })) => {
            let span = scanner.skip().map_err(|_| fault)?;
            Ok(Element { span, content: Content::Beyond(fault) })
        }
        other => other,
    }
}

fn limited(scanner: &mut Scanner<'_>, members: &mut Members) -> Result<Element, Fault> {
    members.clear();
    if scanner.peek() != ValueKind::Object {
        return Ok(Element { span: scanner.skip()?, content: Content::Other });
    }
    let span = scanner.members(|scanner, key| {
        let value = scanner.skip()?;
        members.push(Member { key, value });
        Ok(())
    })?;
    Ok(Element { span, content: Content::Members })
}

/// Why an element beyond the limits is refused; its bytes are counted from its own first one.
fn beyond(fault: Fault, span: Span) -> (Reason, String) {
    let at = fault.at() - span.start;
    let ScanLimits { depth_max, keys_max } = limits::EVENT_SCAN;
    match fault {
        Fault::TooManyKeys { .. } => {
            (Reason::TooManyKeys, format!("more than {keys_max} keys at byte {at} of the event"))
        }
        _ => (Reason::TooDeep, format!("more than {depth_max} levels at byte {at} of the event")),
    }
}

fn faulty(text: &str, fault: Fault) -> Rejection {
    let at = fault.at();
    let (reason, what) = match fault {
        Fault::Syntax { .. } if at >= text.len() => (Reason::BadJson, "ends too early"),
        Fault::Syntax { .. } => (Reason::BadJson, "is not valid JSON"),
        Fault::TooDeep { .. } => (Reason::TooDeep, "is nested too deeply"),
        Fault::TooManyKeys { .. } => (Reason::TooManyKeys, "has too many keys"),
    };
    reject(reason, format!("the body {what} at byte {at}"), text)
}

fn reject(reason: Reason, detail: String, sample: &str) -> Rejection {
    let end = sample.floor_char_boundary(limits::REJECTION_SAMPLE_BYTES_MAX);
    Rejection { reason, detail, sample: sample[..end].to_owned() }
}

fn lossy_start(body: &[u8]) -> String {
    let end = body.len().min(limits::REJECTION_SAMPLE_BYTES_MAX);
    String::from_utf8_lossy(&body[..end]).into_owned()
}

#[cfg(test)]
mod tests;
