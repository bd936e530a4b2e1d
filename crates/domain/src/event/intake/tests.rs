//! Tests of intake: what is accepted and how it reads, what is refused and why.

use std::borrow::Cow;
use std::fmt;

use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::*;
use crate::id::SourceId;
use crate::time::Timestamp;

/// 2026-11-25T00:00:00.000Z
const NOW: Timestamp = Timestamp(1_795_564_800_000);

fn read_as(shape: Shape, body: &str) -> Result<Intake, Rejection> {
    read_sized(shape, body, 4_096)
}

fn read_sized(shape: Shape, body: &str, event_bytes_max: usize) -> Result<Intake, Rejection> {
    let mut made = 0_u8;
    let source = SourceId::new("src");
    let mut fresh = || {
        made = made.wrapping_add(1);
        [made; 16]
    };
    let mut stamp = Stamp::new(&source, NOW, "10.0.0.7", &mut fresh);
    stamp.event_bytes_max = event_bytes_max;
    read(body.as_bytes(), shape, &mut stamp)
}

/// What comes of a batch of these elements, which may have any size.
fn batch_of(elements: &[&str]) -> Intake {
    let body = format!(r#"{{"batch":[{}]}}"#, elements.join(","));
    read_sized(Shape::Batch, &body, usize::MAX).unwrap()
}

/// Brackets within brackets.
fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// An object with so many keys.
fn wide(keys: usize) -> String {
    format!("{{\"userId\":\"u\"{}}}", ",\"k\":0".repeat(keys - 1))
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
fn of_what_came_twice_the_last_one_counts_and_owed_fields_stay_once() {
    let body = concat!(
        r#"{"rudderId":1 , "messageId":"m1","userId":"a","\u0074ype":"page", "sentAt":2,"#,
        "\n",
        r#""type":7,"message\u0049d":"m2","k":1,"userId":"b","k":2,"rudderId":3,"rudderId":[4]}"#,
    );
    let intake = read_as(Shape::Single(EventKind::Track), body).unwrap();
    let text = payloads(&intake)[0];
    let start = concat!(
        r#"{"userId":"a","sentAt":"2026-11-25T00:00:00.000Z","#,
        "\n",
        r#""type":"track","message\u0049d":"m2","k":1,"userId":"b","k":2,"rudderId":""#,
    );
    assert!(text.starts_with(start), "{text}");
    assert_eq!(intake.events[0].identities.user, crate::event::IdentityHash::of_user("b"));
    assert_eq!(intake.calls[0], Some(CallHash::of("m2", 0)));
    for name in ["rudderId", "sentAt", "receivedAt", "request_ip", "timestamp"] {
        assert_eq!(text.matches(&format!("\"{name}\":")).count(), 1, "{name} in {text}");
    }
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
    assert_eq!(batch(&"[".repeat(5_000_000)), Reason::BadJson);
    assert_eq!(batch(&nested(5_000_000)), Reason::NotAnEvent);
    assert_eq!(batch(&("{\"batch\":".to_owned() + &"[".repeat(5_000_000))), Reason::TooDeep);
    assert_eq!(batch(&format!("{{\"batch\":[{},}}", nested(101))), Reason::BadJson);
    assert_eq!(read_as(Shape::Single(EventKind::Track), "").unwrap_err().reason, Reason::BadJson);
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
    assert_eq!((bad.reason, bad.detail.as_str()), (Reason::BadJson, "byte 11 is not valid UTF-8"));
}

#[test]
fn an_event_beyond_the_limits_leaves_its_batch_alone() {
    let good = r#"{"userId":"a","type":"track"}"#;
    let deep = format!(r#"{{"userId":"b","x":{}}}"#, nested(100));
    for (odd, reason, detail) in [
        (deep, Reason::TooDeep, "more than 100 levels at byte 117 of the event"),
        (wide(10_001), Reason::TooManyKeys, "more than 10000 keys at byte 60008 of the event"),
        (nested(300), Reason::TooDeep, "more than 100 levels at byte 100 of the event"),
    ] {
        let sample = &odd[..odd.len().min(limits::REJECTION_SAMPLE_BYTES_MAX)];
        let intake = batch_of(&[good, &odd, good]);
        assert_eq!(intake.events.len(), 2, "{detail}");
        let want = Rejection { reason, detail: detail.to_owned(), sample: sample.to_owned() };
        assert_eq!(intake.rejections, std::slice::from_ref(&want));
        let alone = read_sized(Shape::Single(EventKind::Track), &odd, usize::MAX).unwrap();
        assert_eq!((alone.events.len(), alone.rejections), (0, vec![want]));
    }
}

#[test]
fn limits_count_from_the_top_of_each_event_and_not_the_envelope() {
    let deep = format!(r#"{{"userId":"b","x":{}}}"#, nested(99));
    let wide = wide(10_000);
    assert_eq!(batch_of(&[&deep, &wide, &wide, &deep]).events.len(), 4);
    for event in [&deep, &wide] {
        let alone = read_sized(Shape::Single(EventKind::Track), event, usize::MAX).unwrap();
        assert_eq!(alone.events.len(), 1);
    }
    let around = format!(r#"{{"a":{},"batch":{deep},"b":{wide},"c":{wide}}}"#, nested(200));
    let intake = read_sized(Shape::Batch, &around, usize::MAX).unwrap();
    assert_eq!((intake.events.len(), intake.rejections), (1, vec![]));
}

#[test]
fn a_batch_may_hold_5000_events_and_not_one_more() {
    let batch = |count: usize| {
        read_as(
            Shape::Batch,
            &format!(r#"{{"batch":[{{"userId":"u"}}{}]}}"#, ",{}".repeat(count - 1)),
        )
    };
    let full = batch(5_000).unwrap();
    assert_eq!((full.events.len(), full.rejections.len()), (1, 4_999));
    for count in [5_001, 4_000_000] {
        let refused = batch(count).unwrap_err();
        assert_eq!(
            (refused.reason, refused.detail),
            (Reason::BatchTooLong, format!("{count} events"))
        );
    }
    let odd = format!(r#"{{"batch":[{}{}]}}"#, "{},".repeat(6_000), nested(101));
    assert_eq!(read_as(Shape::Batch, &odd).unwrap_err().reason, Reason::BatchTooLong);
    let broken = format!(r#"{{"batch":[{}{{]}}"#, "{},".repeat(6_000));
    assert_eq!(read_as(Shape::Batch, &broken).unwrap_err().reason, Reason::BadJson);
    let last = format!(r#"{{"batch":[{}{{}}],"batch":[{{"userId":"u"}}]}}"#, "{},".repeat(6_000));
    assert_eq!(read_as(Shape::Batch, &last).unwrap().events.len(), 1, "the last one counts");
}

#[test]
fn a_message_id_that_is_too_long_is_replaced_by_the_same_at_every_resend() {
    let id = |own: &str| {
        let body = format!(r#"{{"userId":"u","messageId":"{own}"}}"#);
        let intake = read_as(Shape::Single(EventKind::Track), &body).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&intake.events[0].payload).unwrap();
        value["messageId"].as_str().unwrap().to_owned()
    };
    let long = "m".repeat(limits::MESSAGE_ID_BYTES_MAX);
    assert_eq!(id(&long), long);
    let (one, other) = (format!("{long}1"), format!("{long}2"));
    assert_eq!(id(&one), "aaebcd83-e732-4c68-8dd5-1c9125c4b712");
    assert_eq!(id(&format!(" {one} ")), id(&one), "it is the visible text that counts");
    assert_ne!(id(&one), id(&other));
}

/// How deep a value is and how many keys its objects have, as serde_json sees it.
struct Measure {
    depth: usize,
    keys: usize,
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Measurer)
    }
}

struct Measurer;

const LEAF: Measure = Measure { depth: 0, keys: 0 };

impl<'de> Visitor<'de> for Measurer {
    type Value = Measure;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Measure, E> {
        Ok(LEAF)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Measure, E> {
        Ok(LEAF)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Measure, E> {
        Ok(LEAF)
    }

    fn visit_str<E>(self, _: &str) -> Result<Measure, E> {
        Ok(LEAF)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Measure, A::Error> {
        let mut all = Measure { depth: 1, keys: 0 };
        while let Some(one) = list.next_element::<Measure>()? {
            all = Measure { depth: all.depth.max(one.depth + 1), keys: all.keys + one.keys };
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Measure, A::Error> {
        let mut all = Measure { depth: 1, keys: 0 };
        while let Some((_, one)) = map.next_entry::<Cow<'_, str>, Measure>()? {
            all = Measure { depth: all.depth.max(one.depth + 1), keys: all.keys + one.keys + 1 };
        }
        Ok(all)
    }
}

/// Whether serde_json and the limits have nothing against an element; none where it is no JSON.
fn is_good(element: &str) -> Option<bool> {
    serde_json::from_str::<&RawValue>(element).ok()?;
    // What serde_json gives up on is deeper than its own 128 levels.
    let Ok(measure) = serde_json::from_str::<Measure>(element) else { return Some(false) };
    let ScanLimits { depth_max, keys_max } = limits::EVENT_SCAN;
    let fits = measure.depth <= depth_max as usize && measure.keys <= keys_max as usize;
    Some(fits && element.starts_with('{'))
}

/// A value nested by these brackets, over and over, to a depth.
fn tower(depth: usize, objects: &[bool]) -> String {
    let mut text = "7".to_owned();
    for object in objects.iter().cycle().take(depth) {
        text = if *object { format!("{{\"k\":{text}}}") } else { format!("[0,{text}]") };
    }
    text
}

/// Elements within the limits, just beyond them and far beyond, and some that are no JSON.
fn any_element() -> impl Strategy<Value = String> {
    let depth = prop_oneof![1..5_usize, 96..104_usize, 125..131_usize, 255..400_usize];
    let keys = prop_oneof![4 => 1..9_usize, 1 => 9_890..10_010_usize];
    let plan = (depth, prop::collection::vec(any::<bool>(), 1..5));
    let tower = plan.prop_map(|(depth, objects)| tower(depth, &objects));
    let odd = prop::sample::select(vec!["5", "null", "\"}\"", "[{}]", "{\"a\":}", "[", "{]"]);
    prop_oneof![
        8 => (keys, tower.clone()).prop_map(|(keys, tower)| {
            let wide = wide(keys);
            format!("{},\"x\":{tower},\"s\":\"[{{\\\"\"}}", &wide[..wide.len() - 1])
        }),
        2 => tower.prop_map(|tower| format!("[{tower}]")),
        1 => odd.prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_accepted_is_what_serde_json_and_the_limits_say(
        elements in prop::collection::vec(any_element(), 1..8),
    ) {
        let good: Vec<_> = elements.iter().map(|element| is_good(element)).collect();
        let body = format!(r#"{{"batch":[{}]}}"#, elements.join(" , "));
        let intake = read_sized(Shape::Batch, &body, usize::MAX);
        prop_assert_eq!(serde_json::from_str::<&RawValue>(&body).is_ok(), intake.is_ok());
        prop_assert_eq!(good.iter().all(Option::is_some), intake.is_ok());
        for (element, good) in elements.iter().zip(&good) {
            let alone = read_sized(Shape::Single(EventKind::Track), element, usize::MAX);
            prop_assert_eq!(alone.ok().map(|alone| alone.events.len() == 1), *good);
        }
        let Ok(intake) = intake else { return Ok(()) };
        let sent = elements.iter().zip(good).filter(|(_, good)| *good == Some(true));
        let sent: Vec<_> = sent.map(|(element, _)| &element[..element.len() - 1]).collect();
        prop_assert_eq!(intake.rejections.len(), elements.len() - sent.len());
        let got = payloads(&intake);
        prop_assert_eq!(got.len(), sent.len());
        prop_assert!(got.iter().zip(sent).all(|(got, sent)| got.starts_with(sent)));
    }
}

#[test]
fn a_body_may_hold_its_write_key() {
    let check = |body: &str, want: Option<&str>| {
        assert_eq!(write_key(body.as_bytes()).as_deref(), want, "{body}");
    };
    check(r#"{"writeKey":"key","batch":[]}"#, Some("key"));
    check(r#"{"batch":[{"userId":"u"}],"sentAt":"x","writeKey":"key"}"#, Some("key"));
    check("\u{feff}{\"writeKey\":\"key\"}", Some("key"));
    check(r#"{"userId":"u","write\u004bey":"k\u0065y"}"#, Some("key"));
    check(r#"{"writeKey":"one","writeKey":"two"}"#, Some("two"));
    check(r#"{"writeKey":"key","batch":[{]}"#, Some("key"));
    check(r#"{"writeKey":"one","writeKey":null}"#, None);
    check(r#"{"batch":[{"writeKey":"key"}]}"#, None);
    check(r#"{"batch":[{],"writeKey":"key"}"#, None);
    for other in ["1", "{}", "[]", "\"\"", "true"] {
        check(&format!("{{\"writeKey\":{other}}}"), None);
    }
    check(r#""writeKey""#, None);
    check("", None);
    assert_eq!(write_key(b"{\"writeKey\":\"\xff\"}"), None);
}
