//! A span: one part of an event's life, in the words of OpenTelemetry.

use std::time::{Duration, Instant};

use domain::delivery::Outcome;
use domain::event::{EventKind, Gist, NewEvent};
use domain::id::{DestinationId, ReplayId, Seq};
use domain::reason::Reason;
use domain::trace_context::{SpanId, TraceContext, TraceId};
use storage::Fate;

use super::tracer::{Arrival, Traced};
use crate::clock::{self, Dial};
use crate::send::Sent;

/// One part of an event's life.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    pub context: TraceContext,
    /// What it is a part of.
    pub parent: Option<SpanId>,
    /// The caller's span that it follows.
    pub link: Option<TraceContext>,
    pub name: &'static str,
    pub kind: Kind,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    pub attributes: Vec<(&'static str, Value)>,
    /// What it failed for.
    pub failure: Option<Reason>,
}

/// Who does what in a span. Source: `SpanKind` of opentelemetry-proto.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Something of our own.
    Internal = 1,
    /// A request is answered.
    Server = 2,
    /// A request is made.
    Client = 3,
}

/// The value of an attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    Text(String),
    Number(u64),
}

/// An attempt that has ended.
pub struct Attempted<'a> {
    /// Where it went.
    pub destination: &'a DestinationId,
    /// What it was made for; none where it was the event's own delivery.
    pub replay: Option<ReplayId>,
    /// The event.
    pub seq: Seq,
    /// What kind of call that is.
    pub kind: EventKind,
    /// From 1.
    pub number: u32,
    /// How long it took.
    pub duration: Duration,
    /// What it leads to.
    pub fate: Fate,
    /// What it was.
    pub sent: &'a Sent,
}

/// What an attempt does on its way, with the time that it took; none where it did not end.
type Phase = (&'static str, Option<Instant>, Option<u32>);

/// The acceptance of an event that is stored at this place since then.
pub fn acceptance(
    trace: TraceId,
    arrival: Arrival,
    (seq, event): (Seq, &NewEvent),
    stored_at: Instant,
) -> Span {
    let dial = Dial::now();
    let mut attributes = of_event(seq, event.kind);
    attributes.push(("postrider.source.id", event.source.as_str().into()));
    if let Some(id) = Gist::of(event.kind, &event.payload).message_id {
        attributes.push(("postrider.message.id", Value::Text(id.into_owned())));
    }
    Span {
        context: TraceContext { trace, span: trace.acceptance() },
        parent: None,
        link: arrival.link,
        name: "accept event",
        kind: Kind::Server,
        start: dial.nanos(arrival.at),
        end: dial.nanos(stored_at),
        attributes,
        failure: None,
    }
}

/// An attempt, and then the steps on its way.
pub fn attempt(traced: Traced, attempted: &Attempted<'_>) -> Vec<Span> {
    let dial = Dial::now();
    let Traced { context, at } = traced;
    let end = at + attempted.duration;
    let outcome = &attempted.sent.outcome;
    let whole = Span {
        context,
        parent: Some(context.trace.acceptance()),
        link: None,
        name: "attempt delivery",
        kind: Kind::Client,
        start: dial.nanos(at),
        end: dial.nanos(end),
        attributes: of_attempt(attempted),
        failure: outcome.reason(),
    };
    let step = |(name, begun, took): Phase| {
        let begun = begun?;
        let took = took.map(|micros| Duration::from_micros(micros.into()));
        let until = took.map_or(end, |took| begun + took);
        Some(Span {
            context: TraceContext { span: fresh(), ..context },
            parent: Some(context.span),
            link: None,
            name,
            kind: Kind::Internal,
            start: dial.nanos(begun),
            end: dial.nanos(until),
            attributes: Vec::new(),
            failure: outcome.reason().filter(|_| took.is_none()),
        })
    };
    let steps: Vec<_> = phases(attempted.sent).into_iter().filter_map(step).collect();
    [vec![whole], steps].concat()
}

/// A span that nobody else has to find.
pub fn fresh() -> SpanId {
    let [a, b, c, d, e, f, g, h, ..] = clock::random_bytes();
    SpanId::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
}

fn phases(Sent { begun, trace, .. }: &Sent) -> [Phase; 4] {
    let took = &trace.phases;
    [
        ("resolve", begun.resolve, took.resolve_us),
        ("connect", begun.connect, took.connect_us),
        ("agree on TLS", begun.tls, took.tls_us),
        ("wait for answer", begun.ask, took.first_byte_us),
    ]
}

fn of_event(seq: Seq, kind: EventKind) -> Vec<(&'static str, Value)> {
    vec![
        ("postrider.event.seq", Value::Number(seq.0)),
        ("postrider.event.type", kind.as_str().into()),
    ]
}

fn of_attempt(attempted: &Attempted<'_>) -> Vec<(&'static str, Value)> {
    let Attempted { destination, replay, seq, kind, number, fate, sent, .. } = attempted;
    let Outcome { status, .. } = sent.outcome;
    let mut attributes = of_event(*seq, *kind);
    attributes.extend([
        ("postrider.destination.id", destination.as_str().into()),
        ("postrider.attempt.number", Value::Number((*number).into())),
        ("postrider.attempt.fate", word(*fate).into()),
    ]);
    if let Some(replay) = replay {
        attributes.push(("postrider.replay.id", Value::Number(replay.0)));
    }
    if status != 0 {
        attributes.push(("http.response.status_code", Value::Number(status.into())));
    }
    if let Some(reason) = sent.outcome.reason() {
        attributes.push(("error.type", reason.code().into()));
    }
    if let Some(remote) = sent.trace.remote {
        attributes.push(("network.peer.address", Value::Text(remote.ip().to_string())));
        attributes.push(("network.peer.port", Value::Number(remote.port().into())));
    }
    attributes
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Delivered => "delivered",
        Fate::Retry => "retry",
        Fate::GaveUp => "gave_up",
        Fate::Expired => "expired",
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use domain::delivery::{Outcome, Trace};
    use domain::time::Timestamp;
    use proptest::prelude::*;

    use super::super::otlp;
    use super::*;
    use crate::clock::Stopwatch;
    use crate::samples;
    use crate::send::Begun;

    fn sent(outcome: Outcome, begun: Begun) -> Sent {
        Sent { outcome, trace: Trace::default(), begun }
    }

    fn spans_of(sent: &Sent, at: Instant) -> Vec<Span> {
        let trace = TraceId::of(Seq(1), Timestamp(1));
        let attempted = Attempted {
            destination: &samples::destination_id(),
            replay: Some(ReplayId(4)),
            seq: Seq(1),
            kind: EventKind::Track,
            number: 1,
            duration: Duration::from_millis(5),
            fate: Fate::Retry,
            sent,
        };
        attempt(Traced { context: TraceContext { trace, span: fresh() }, at }, &attempted)
    }

    #[test]
    fn a_step_that_did_not_end_failed_with_its_attempt() {
        let at = Stopwatch::start().started();
        let late = Outcome::transient(Reason::Timeout, "hidden".to_owned());
        let begun = Begun { ask: Some(at + Duration::from_millis(2)), ..Begun::default() };
        let spans = spans_of(&sent(late, begun), at);
        let [whole, wait] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((wait.parent, wait.name), (Some(whole.context.span), "wait for answer"));
        assert_eq!((wait.start - whole.start, wait.end), (2_000_000, whole.end));
        assert_eq!((whole.failure, wait.failure), (Some(Reason::Timeout), Some(Reason::Timeout)));
        assert!(whole.attributes.contains(&("postrider.replay.id", Value::Number(4))));
        let bytes = otlp::request("s", &spans);
        assert!(!bytes.windows(6).any(|part| part == b"hidden"), "details stay at home");
    }

    proptest! {
        #[test]
        fn nothing_of_a_payload_is_told_but_its_message_id(
            key in "[a-zA-Z]{1,12}", noise in "\\PC{0,40}", is_whole: bool,
        ) {
            prop_assume!(key != "messageId");
            let mut payload = serde_json::json!({
                "messageId": "m-1", "userId": "hidden", "event": "hidden", "type": "hidden",
                &key: {"hidden": [noise.clone(), "hidden"]}, "context": {"ip": "hidden"},
            }).to_string();
            if !is_whole {
                payload.truncate(payload.floor_char_boundary(payload.len() / 2));
                payload.push_str(&noise);
            }
            let event = NewEvent { payload: payload.into(), ..samples::event(Timestamp(1)) };
            let arrival = Arrival { at: Instant::now(), link: None };
            let trace = TraceId::of(Seq(1), Timestamp(1));
            let span = acceptance(trace, arrival, (Seq(1), &event), Instant::now());
            let bytes = otlp::request("s", &[span]);
            prop_assert!(!bytes.windows(6).any(|part| part == b"hidden"));
            prop_assert!(!is_whole || bytes.windows(3).any(|part| part == b"m-1"));
        }
    }
}
