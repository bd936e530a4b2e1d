//! From a request body to accepted events.
//!
//! One pass checks the JSON and finds each event's top-level members; then the fields the gateway
//! owes an event are spliced in, and everything else stays as it came, byte for byte. What is
//! refused becomes a [`Rejection`]; a batch may hold both.

use bytes::Bytes;
use smallvec::SmallVec;

use super::fields::{Owed, Stamp};
use super::json::{self, Fault, Scanner, Span, ValueKind};
use super::{EventKind, NewEvent};
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
    /// The events refused, in order.
    pub rejections: Vec<Rejection>,
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
/// A rejection of the whole request, where its body has no events to speak of.
pub fn read(body: &[u8], shape: Shape, stamp: &mut Stamp<'_>) -> Result<Intake, Rejection> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        reject(Reason::BadJson, format!("byte {at} is not valid UTF-8"), &lossy_start(body))
    })?;
    match shape {
        Shape::Single(kind) => read_single(text, kind, stamp),
        Shape::Batch => read_batch(text, stamp),
    }
}

fn read_single(text: &str, kind: EventKind, stamp: &mut Stamp<'_>) -> Result<Intake, Rejection> {
    let mut scanner = Scanner::new(text, limits::EVENT_SCAN);
    let found = element(&mut scanner)
        .and_then(|found| scanner.end().map(|()| found))
        .map_err(|fault| faulty(text, fault))?;
    let mut intake = Intake::default();
    accept(text, found, Some(kind), stamp, &mut intake);
    Ok(intake)
}

fn read_batch(text: &str, stamp: &mut Stamp<'_>) -> Result<Intake, Rejection> {
    let mut scanner = Scanner::new(text, limits::EVENT_SCAN);
    let found = envelope(&mut scanner, text).map_err(|fault| faulty(text, fault))?;
    let Some(found) = found else {
        return Err(reject(Reason::NotAnEvent, "the body is not an object".to_owned(), text));
    };
    let elements = found.ok_or_else(|| {
        let detail = "\"batch\" is missing, null or empty".to_owned();
        reject(Reason::EmptyBatch, detail, text)
    })?;
    if elements.len() > limits::BATCH_EVENTS_MAX {
        let detail = format!("{} events", elements.len());
        return Err(reject(Reason::BatchTooLong, detail, text));
    }
    let mut intake = Intake { events: Vec::with_capacity(elements.len()), rejections: Vec::new() };
    for found in elements {
        accept(text, found, None, stamp, &mut intake);
    }
    Ok(intake)
}

/// One element of a batch, or the body of a single call: where it stands and what is in it.
struct Element {
    span: Span,
    /// None where it is not an object.
    members: Option<Members>,
}

/// Passes a whole envelope.
///
/// Answers none where the body is no object, and an inner none where there is no event in it.
/// A `batch` that stands twice counts the last time, as in every other JSON reader.
fn envelope(scanner: &mut Scanner<'_>, text: &str) -> Result<Option<Option<Vec<Element>>>, Fault> {
    if scanner.peek() != ValueKind::Object {
        scanner.skip()?;
        scanner.end()?;
        return Ok(None);
    }
    let mut found = None;
    scanner.members(|scanner, key| {
        if json::key_is(key.of(text), "batch") {
            found = batch(scanner, text)?;
        } else {
            scanner.skip()?;
        }
        Ok(())
    })?;
    scanner.end()?;
    Ok(Some(found))
}

/// Passes the value of `batch`: an array, or one event in place of an array.
fn batch(scanner: &mut Scanner<'_>, text: &str) -> Result<Option<Vec<Element>>, Fault> {
    let mut found = Vec::new();
    match scanner.peek() {
        ValueKind::Array => {
            scanner.elements(|scanner| {
                found.push(element(scanner)?);
                Ok(())
            })?;
        }
        ValueKind::Object | ValueKind::String => found.push(element(scanner)?),
        ValueKind::Scalar => {
            let span = scanner.skip()?;
            if span.of(text) != "null" {
                found.push(Element { span, members: None });
            }
        }
    }
    Ok(Some(found).filter(|found| !found.is_empty()))
}

fn element(scanner: &mut Scanner<'_>) -> Result<Element, Fault> {
    scanner.reset_keys();
    if scanner.peek() != ValueKind::Object {
        return Ok(Element { span: scanner.skip()?, members: None });
    }
    let mut members = Members::new();
    let span = scanner.members(|scanner, key| {
        let value = scanner.skip()?;
        members.push(Member { key, value });
        Ok(())
    })?;
    Ok(Element { span, members: Some(members) })
}

/// Turns one element into an event or a rejection.
fn accept(
    text: &str,
    found: Element,
    forced: Option<EventKind>,
    stamp: &mut Stamp<'_>,
    intake: &mut Intake,
) {
    match event(text, &found, forced, stamp) {
        Ok(event) => intake.events.push(event),
        Err((reason, detail)) => {
            intake.rejections.push(reject(reason, detail, found.span.of(text)));
        }
    }
}

fn event(
    text: &str,
    found: &Element,
    forced: Option<EventKind>,
    stamp: &mut Stamp<'_>,
) -> Result<NewEvent, (Reason, String)> {
    let Some(members) = &found.members else {
        return Err((Reason::NotAnEvent, "the event is not an object".to_owned()));
    };
    let bytes = found.span.end - found.span.start;
    if bytes > stamp.event_bytes_max {
        let detail = format!("{bytes} bytes, {} are allowed", stamp.event_bytes_max);
        return Err((Reason::TooLarge, detail));
    }
    let owed = Owed::find(text, members, forced, stamp);
    if owed.needs_identity() {
        return Err((Reason::MissingId, "userId and anonymousId are missing or empty".to_owned()));
    }
    Ok(NewEvent {
        source: stamp.source.clone(),
        kind: owed.kind,
        received_at: stamp.received_at,
        identities: owed.identities,
        payload: Bytes::from(owed.splice(text, found.span, members)),
    })
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
mod tests {
    use super::*;
    use crate::id::SourceId;
    use crate::time::Timestamp;

    /// 2026-11-25T00:00:00.000Z
    const NOW: Timestamp = Timestamp(1_795_564_800_000);

    fn read_as(shape: Shape, body: &str) -> Result<Intake, Rejection> {
        let mut made = 0_u8;
        let source = SourceId::new("src");
        let mut fresh = || {
            made += 1;
            [made; 16]
        };
        let mut stamp = Stamp::new(&source, NOW, "10.0.0.7", &mut fresh);
        stamp.event_bytes_max = 4_096;
        read(body.as_bytes(), shape, &mut stamp)
    }

    fn payloads(intake: &Intake) -> Vec<&str> {
        intake.events.iter().map(|e| std::str::from_utf8(&e.payload).unwrap()).collect()
    }

    fn check(shape: Shape, body: &str, want: &str) {
        let intake = read_as(shape, body).unwrap();
        assert_eq!(intake.rejections, [], "{body}");
        assert_eq!(payloads(&intake), [want], "{body}");
    }

    #[test]
    fn owed_fields_are_spliced_in_and_the_rest_stays() {
        let owed = concat!(
            r#""rudderId":"e4cab80e-2f0e-4fa2-87e0-3a4af182634c","#,
            r#""receivedAt":"2026-11-25T00:00:00.000Z","request_ip":"10.0.0.7","#,
            r#""originalTimestamp":"2026-11-25T00:00:00.000Z","#,
            r#""sentAt":"2026-11-25T00:00:00.000Z","timestamp":"2026-11-25T00:00:00.000Z"}"#,
        );
        check(
            Shape::Single(EventKind::Track),
            concat!(
                r#"{"messageId":"m1", "n" : 9007199254740993,"f":1.0,"type":"identify","#,
                r#""userId":"identified_user_id","anonymousId":"anonymousId_1"}"#
            ),
            &(concat!(
                r#"{"messageId":"m1", "n" : 9007199254740993,"f":1.0,"type":"track","#,
                r#""userId":"identified_user_id","anonymousId":"anonymousId_1","#
            )
            .to_owned()
                + owed),
        );
    }

    #[test]
    fn what_is_missing_is_made() {
        let intake = read_as(Shape::Single(EventKind::Page), r#"{"userId":7}"#).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&intake.events[0].payload).unwrap();
        assert_eq!(value["messageId"], "01010101-0101-4101-8101-010101010101");
        assert_eq!(value["type"], "page");
        assert_eq!(value["userId"], 7);
        assert_eq!(intake.events[0].identities.user, crate::event::IdentityHash::of_user("7"));
        assert_eq!(intake.events[0].identities.anonymous, None);
    }

    #[test]
    fn client_times_correct_the_timestamp() {
        let body = concat!(
            r#"{"userId":"u","originalTimestamp":"2020-04-22T08:06:20.337+02:00","#,
            r#""sentAt":"2020-04-22T08:06:30+02:00"}"#
        );
        let intake = read_as(Shape::Single(EventKind::Track), body).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&intake.events[0].payload).unwrap();
        assert_eq!(value["originalTimestamp"], "2020-04-22T08:06:20.337+02:00");
        assert_eq!(value["sentAt"], "2020-04-22T08:06:30.000+02:00");
        // 9.663 s passed at the client between the call and its sending.
        assert_eq!(value["timestamp"], "2026-11-24T23:59:50.337Z");
    }

    #[test]
    fn owed_fields_that_came_are_replaced_where_they_stand() {
        let body = r#"{"rudderId":"x","receivedAt":1,"request_ip":"6.6.6.6","userId":"u","z":1}"#;
        let intake = read_as(Shape::Single(EventKind::Track), body).unwrap();
        let text = payloads(&intake)[0];
        let start = r#"{"rudderId":""#;
        assert!(text.starts_with(start) && !text.starts_with(r#"{"rudderId":"x""#), "{text}");
        assert!(text.contains(r#","receivedAt":"2026-11-25T00:00:00.000Z","#), "{text}");
        assert!(text.contains(r#""request_ip":"10.0.0.7","userId":"u","z":1,"#), "{text}");
    }

    #[test]
    fn a_batch_keeps_the_good_and_rejects_the_bad() {
        let body = r#"{"batch":[{"type":"track","userId":"a"},5,{"type":"page"},{"userId":"b"}]}"#;
        let intake = read_as(Shape::Batch, body).unwrap();
        assert_eq!(intake.events.len(), 2);
        assert_eq!(intake.events[0].kind, EventKind::Track);
        assert_eq!(intake.events[1].kind, EventKind::Other);
        let reasons: Vec<_> = intake.rejections.iter().map(|r| r.reason).collect();
        assert_eq!(reasons, [Reason::NotAnEvent, Reason::MissingId]);
        assert_eq!(intake.rejections[1].sample, r#"{"type":"page"}"#);
    }

    #[test]
    fn whole_requests_are_refused_with_a_reason() {
        let batch = |body: &str| read_as(Shape::Batch, body).unwrap_err().reason;
        for body in ["", "{", "{\"batch\":[}", "{\"batch\":[]} x", "no"] {
            assert_eq!(batch(body), Reason::BadJson, "{body}");
        }
        for body in ["[]", "null", "7", "\"x\""] {
            assert_eq!(batch(body), Reason::NotAnEvent, "{body}");
        }
        for body in ["{}", "{\"batch\":null}", "{\"batch\":[]}"] {
            assert_eq!(batch(body), Reason::EmptyBatch, "{body}");
        }
        assert_eq!(batch(&"[".repeat(5_000_000)), Reason::TooDeep);
        assert_eq!(
            read_as(Shape::Single(EventKind::Track), "").unwrap_err().reason,
            Reason::BadJson
        );
    }

    #[test]
    fn one_object_stands_for_a_batch_of_one_and_a_text_for_none() {
        let one = read_as(Shape::Batch, r#"{"batch":{"type":"track","userId":"a"}}"#).unwrap();
        assert_eq!(one.events.len(), 1);
        let text = read_as(Shape::Batch, r#"{"batch":"x"}"#).unwrap();
        assert_eq!(text.rejections[0].reason, Reason::NotAnEvent);
        let large = format!(r#"{{"userId":"a","x":"{}"}}"#, "y".repeat(5_000));
        let large = read_as(Shape::Single(EventKind::Track), &large).unwrap();
        assert_eq!(large.rejections[0].reason, Reason::TooLarge);
    }

    #[test]
    fn escaped_keys_count_as_what_they_spell() {
        let body = r#"{"us\u0065rId":"u","message\u0049d":"  m\u200b1 "}"#;
        let intake = read_as(Shape::Single(EventKind::Track), body).unwrap();
        assert!(payloads(&intake)[0].starts_with(r#"{"us\u0065rId":"u","message\u0049d":"m1","#));
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_and_bad_utf8_refused() {
        let source = SourceId::new("src");
        let mut fresh = || [0; 16];
        let mut stamp = Stamp::new(&source, NOW, "::1", &mut fresh);
        let shape = Shape::Single(EventKind::Track);
        let good = read(b"\xef\xbb\xbf{\"userId\":\"u\"}", shape, &mut stamp).unwrap();
        assert_eq!(good.events.len(), 1);
        let bad = read(b"{\"userId\":\"\xff\"}", shape, &mut stamp).unwrap_err();
        assert_eq!(
            (bad.reason, bad.detail.as_str()),
            (Reason::BadJson, "byte 11 is not valid UTF-8")
        );
    }
}
