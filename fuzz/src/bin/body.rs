//! Any body, read as a single call or as a batch.
//!
//! The first byte of the input chooses: `b` is a batch, every other one of the kinds. What is
//! accepted must be what serde_json takes for JSON; each stored event must be one element of it with
//! nothing changed but what the gateway owes; nothing grows without bound.

#![no_main]

use domain::event::EventKind;
use domain::event::fields::Stamp;
use domain::event::intake::{self, Intake, Rejection, Shape};
use domain::id::SourceId;
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use fuzz::element::{Known, is_stored_as};
use fuzz::members::Members;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

const CLIENT_IP: &str = "203.0.113.7";
const EVENT_BYTES_MAX: usize = 2_000;
/// What the gateway's fields may add to an event.
const ADDED_BYTES_MAX: usize = 1 << 10;

fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else { return };
    let shape = match first {
        b'b' => Shape::Batch,
        other => Shape::Single(EventKind::ALL[usize::from(other % 8)]),
    };
    check(body, shape);
});

fn check(body: &[u8], shape: Shape) {
    let received_at = Timestamp(1_795_564_800_000);
    let (source, mut fresh_id) = (SourceId::new("source"), || [7; 16]);
    let mut stamp = Stamp::new(&source, received_at, CLIENT_IP, &mut fresh_id);
    stamp.event_bytes_max = EVENT_BYTES_MAX;
    let read = intake::read(body, shape, &mut stamp);
    assert_ne!(intake::write_key(body).as_deref(), Some(""));
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let json = serde_json::from_slice::<&RawValue>(body).ok().map(RawValue::get);
    let elements = json.map(|json| elements(json, shape));
    match read {
        Err(rejection) => refused(&rejection, elements),
        Ok(intake) => {
            let kind = match shape {
                Shape::Single(kind) => Some(kind.as_str()),
                Shape::Batch => None,
            };
            let received_at = received_at.to_string();
            let known = Known { kind, received_at: &received_at, client_ip: CLIENT_IP };
            accepted(&intake, elements.expect("what is accepted is JSON"), &known);
        }
    }
}

/// The elements of a body, in order; none where the oracle cannot tell them, or their members.
fn elements(json: &str, shape: Shape) -> Option<Vec<&str>> {
    let elements = all_elements(json, shape)?;
    let are_known = |one: &&str| !one.starts_with('{') || Members::of(one).is_some();
    elements.iter().all(are_known).then_some(elements)
}

fn all_elements(json: &str, shape: Shape) -> Option<Vec<&str>> {
    if matches!(shape, Shape::Single(_)) {
        return Some(vec![json]);
    }
    if !json.starts_with('{') {
        return Some(Vec::new());
    }
    match Members::of(json)?.last("batch") {
        None | Some("null") => Some(Vec::new()),
        Some(batch) if batch.starts_with('[') => {
            let all: Vec<&RawValue> = serde_json::from_str(batch).expect("an array");
            Some(all.into_iter().map(RawValue::get).collect())
        }
        Some(one) => Some(vec![one]),
    }
}

/// A body that is refused whole is no JSON, or holds no events, or too many.
fn refused(rejection: &Rejection, elements: Option<Option<Vec<&str>>>) {
    assert!(rejection.sample.len() <= limits::REJECTION_SAMPLE_BYTES_MAX + 8, "a long sample");
    match elements {
        None => assert!(matches!(
            rejection.reason,
            Reason::BadJson | Reason::TooDeep | Reason::TooManyKeys
        )),
        Some(None) => assert_ne!(rejection.reason, Reason::BadJson),
        Some(Some(elements)) => {
            let count = elements.len();
            assert!(count == 0 || count > limits::BATCH_EVENTS_MAX, "{rejection:?}");
        }
    }
}

/// Each stored event is an object, and each element is an event or a rejection, in order.
fn accepted(intake: &Intake, elements: Option<Vec<&str>>, known: &Known<'_>) {
    let Intake { events, calls, rejections } = intake;
    assert_eq!(calls.len(), events.len());
    let stored = events.iter().map(|event| std::str::from_utf8(&event.payload).expect("UTF-8"));
    for stored in stored.clone() {
        serde_json::from_str::<&RawValue>(stored).expect("a stored event is JSON");
        assert!(stored.starts_with('{'), "a stored event is an object");
    }
    let Some(elements) = elements else { return };
    assert_eq!(events.len() + rejections.len(), elements.len());
    let (mut stored, mut rejections) = (stored.peekable(), rejections.iter());
    for element in elements {
        let is_stored = element.starts_with('{') && element.len() <= EVENT_BYTES_MAX;
        match stored.next_if(|stored| is_stored && is_stored_as(element, stored, known)) {
            Some(stored) => assert!(stored.len() <= element.len() + ADDED_BYTES_MAX, "it grows"),
            None => {
                let rejection = rejections.next().expect("what is not stored is rejected");
                assert!(element.starts_with(&rejection.sample), "{element:?} {rejection:?}");
            }
        }
    }
}
