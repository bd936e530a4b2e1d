//! Any query of a pixel: refused, or an object that is read like any other body.
//!
//! The first byte of the input chooses the kind of call.

#![no_main]

use domain::event::fields::Stamp;
use domain::event::intake::{self, Shape};
use domain::event::{EventKind, pixel};
use domain::id::SourceId;
use domain::reason::Reason;
use domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const NOW: Timestamp = Timestamp(1_795_564_800_000);

fuzz_target!(|input: &[u8]| {
    let Some((first, query)) = input.split_first() else { return };
    let Ok(query) = std::str::from_utf8(query) else { return };
    let kind = if first % 2 == 0 { EventKind::Track } else { EventKind::Page };
    match pixel::body(query, kind, NOW) {
        Ok(body) => check(&body, query, kind),
        Err((reason, _)) => assert!(matches!(reason, Reason::NotAnEvent | Reason::TooDeep)),
    }
});

fn check(body: &[u8], query: &str, kind: EventKind) {
    let event: Value = serde_json::from_slice(body).expect("an event is JSON");
    let members = event.as_object().expect("an object");
    // Objects come of names such as `writeKey.x`.
    let is_left_out = |name: &str| members.get(name).is_none_or(Value::is_object);
    assert!(is_left_out("writeKey") && is_left_out(""), "a key or a nameless value");
    // Each byte of a query is at most one character of six bytes; names make a few more.
    assert!(body.len() <= 12 * query.len() + 300, "{} of {}", body.len(), query.len());
    let (source, mut fresh_id) = (SourceId::new("source"), || [7; 16]);
    let mut stamp = Stamp::new(&source, NOW, "203.0.113.7", &mut fresh_id);
    let intake = intake::read(body, Shape::Single(kind), &mut stamp).expect("a body is read");
    assert_eq!(intake.events.len() + intake.rejections.len(), 1);
    let needs_identity = |rejection: &intake::Rejection| {
        matches!(rejection.reason, Reason::MissingId | Reason::TooManyKeys)
    };
    assert!(intake.rejections.iter().all(needs_identity), "{:?}", intake.rejections);
}
