//! Tables for the one decision, and the promise that the note made at intake is true.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::destination::webhook::WebhookSettings;
use crate::event::IdentityHash;
use crate::event::fields::Stamp;
use crate::event::intake::{Shape, read};
use crate::id::{DestinationId, Seq, SourceId};
use crate::time::Timestamp;

fn destination() -> Destination {
    let url = "https://hooks.acme.test/".to_owned();
    let settings = WebhookSettings::posting_to(url);
    Destination::new(DestinationId::new("d"), "Hub", DestinationSettings::Webhook(settings))
}

fn connection(filter: Filter) -> Connection {
    let (source, destination) = (SourceId::new("s"), DestinationId::new("d"));
    let open = Connection::new(ConnectionId::new("s-d"), source, destination, Seq::FIRST);
    Connection { filter, ..open }
}

fn asks_for(consent: &str) -> Consent {
    let (provider, resolution) = ("ketch".to_owned(), Resolution::And);
    let rule = ConsentRule { provider, consents: vec![consent.to_owned()], resolution };
    Consent { rules: vec![rule], ..Consent::default() }
}

fn filter(value: Value) -> Filter {
    serde_json::from_value(value).expect("a filter")
}

fn judge(connection: &Connection, kind: EventKind, event: &Value) -> Verdict {
    let text = event.to_string();
    let subject = Subject {
        kind,
        identities: Identities {
            user: event["userId"].as_str().and_then(IdentityHash::of_user),
            anonymous: event["anonymousId"].as_str().and_then(IdentityHash::of_anonymous),
        },
        restriction: Restriction::Possible,
        payload: text.as_bytes(),
    };
    decide(&Sieve::new(&destination(), connection), &subject)
}

#[track_caller]
fn check(connection: &Connection, kind: EventKind, event: Value, want: Option<Reason>) {
    let want = want.map_or(Verdict::Passes, Verdict::Filtered);
    assert_eq!(judge(connection, kind, &event), want, "{event}");
}

#[test]
fn a_connection_without_rules_lets_everything_pass_that_wants_to() {
    let open = connection(Filter::default());
    check(&open, EventKind::Track, json!({"event": "x"}), None);
    check(&open, EventKind::Other, json!({}), None);
    let denied = json!({"provider": "ketch", "deniedConsentIds": ["ads"]});
    check(&open, EventKind::Track, json!({"context": {"consentManagement": denied}}), None);
    let off = json!({"integrations": {"All": false}});
    check(&open, EventKind::Track, off, Some(Reason::FilteredIntegrations));
    for by in ["d", "Hub", "webhook"] {
        let off = json!({"integrations": {by: false}});
        check(&open, EventKind::Track, off, Some(Reason::FilteredIntegrations));
    }
}

#[test]
fn what_the_event_says_comes_first_then_types_names_condition() {
    let rules = json!({
        "types": ["track", "page"],
        "events": {"allow": ["Bought", "Sold"], "deny": ["Sold"]},
        "condition": "properties.total > 10",
    });
    let strict = Connection { consent: asks_for("ads"), ..connection(filter(rules)) };
    let consent = json!({"consentManagement": {"provider": "ketch", "deniedConsentIds": ["ads"]}});
    let mut event = json!({
        "type": "identify", "event": "Sold", "integrations": {"Webhook": false}, "context": consent,
    });
    check(&strict, EventKind::Identify, event.clone(), Some(Reason::FilteredIntegrations));
    event["integrations"] = json!({"All": true});
    check(&strict, EventKind::Identify, event.clone(), Some(Reason::FilteredConsent));
    event["context"]["consentManagement"]["deniedConsentIds"] = json!(["other"]);
    check(&strict, EventKind::Identify, event.clone(), Some(Reason::FilteredType));
    check(&strict, EventKind::Track, event.clone(), Some(Reason::FilteredEvent));
    event["event"] = json!("Bought");
    check(&strict, EventKind::Track, event.clone(), Some(Reason::FilteredCondition));
    event["properties"] = json!({"total": 11});
    check(&strict, EventKind::Track, event, None);
}

#[test]
fn names_are_those_of_track_events_and_exact() {
    let allow = connection(filter(json!({"events": {"allow": ["Bought"]}})));
    let deny = connection(filter(json!({"events": {"deny": ["Bought"]}})));
    let filtered = Some(Reason::FilteredEvent);
    for (event, by_allow, by_deny) in [
        (json!({"event": "Bought"}), None, filtered),
        (json!({"event": "bought"}), filtered, None),
        (json!({"event": 7}), filtered, None),
        (json!({}), filtered, None),
    ] {
        check(&allow, EventKind::Track, event.clone(), by_allow);
        check(&deny, EventKind::Track, event.clone(), by_deny);
        check(&allow, EventKind::Page, event.clone(), None);
        check(&deny, EventKind::Page, event, None);
    }
}

#[test]
fn types_without_a_name_of_their_own_are_other() {
    let other = connection(filter(json!({"types": ["other"]})));
    check(&other, EventKind::Other, json!({"type": "record"}), None);
    check(&other, EventKind::Track, json!({}), Some(Reason::FilteredType));
}

#[test]
fn a_sample_is_always_of_the_same_users() {
    let sample = |percent: u8, id: &str| {
        let of = connection(filter(json!({"sample": percent})));
        Connection { id: ConnectionId::new(id), ..of }
    };
    let passes = |connection: &Connection, event: &Value| {
        judge(connection, EventKind::Track, event) == Verdict::Passes
    };
    let user = |number: usize| json!({"userId": format!("u-{number}"), "messageId": "m"});
    let count = |connection: &Connection| {
        (0..10_000).filter(|number| passes(connection, &user(*number))).count()
    };
    let quarter = sample(25, "s-d");
    assert!((2_300..2_700).contains(&count(&quarter)), "{}", count(&quarter));
    assert!((50..150).contains(&count(&sample(1, "s-d"))));
    assert_eq!(count(&sample(100, "s-d")), 10_000);
    let other = sample(25, "s-e");
    let both = |number: &usize| passes(&quarter, &user(*number)) && passes(&other, &user(*number));
    let in_both = (0..10_000).filter(both).count();
    assert!((450..800).contains(&in_both), "the connections draw apart: {in_both}");
    let half = sample(50, "s-d");
    let stays = |number: usize| !passes(&quarter, &user(number)) || passes(&half, &user(number));
    assert!((0..10_000).all(stays), "whoever is in a quarter is in a half");
    for number in 0..100 {
        let known = json!({"userId": format!("u-{number}"), "anonymousId": number.to_string()});
        assert_eq!(passes(&quarter, &known), passes(&quarter, &user(number)));
    }
    let by_call = |number: usize| passes(&quarter, &json!({"messageId": format!("m-{number}")}));
    assert!((150..350).contains(&(0..1_000).filter(|number| by_call(*number)).count()));
}

#[test]
fn a_sample_draws_as_it_always_did() {
    let of = connection(filter(json!({"sample": 50})));
    let user = |id: &str| judge(&of, EventKind::Track, &json!({"userId": id}));
    let drawn: Vec<bool> =
        ["a", "b", "c", "d", "e", "f", "g", "h"].map(|id| user(id) == Verdict::Passes).into();
    assert_eq!(drawn, [true, true, true, false, true, false, true, true]);
}

#[test]
fn a_filter_is_written_as_it_is_read() {
    let check = |text: &str| {
        let read: Filter = serde_json::from_str(text).expect(text);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    };
    check("{}");
    check(
        r#"{"types":["track","other"],"events":{"allow":["A"],"deny":["B"]},"condition":"all(a == 1, b == 2)","sample":25}"#,
    );
    for wrong in [r#"{"sample":0}"#, r#"{"sample":101}"#, r#"{"condition":"a = 1"}"#] {
        assert!(serde_json::from_str::<Filter>(wrong).is_err(), "{wrong}");
    }
}

fn wish() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(true)),
        Just(json!(false)),
        Just(json!({})),
        Just(Value::Null),
        Just(json!(1))
    ]
}

proptest! {
    /// What intake notes as unrestricted is filtered for no destination by what it says itself.
    #[test]
    fn an_event_noted_as_unrestricted_is_never_kept_back_by_itself(
        integrations in prop_oneof![
            3 => prop::collection::hash_map("All|d|Hub|Webhook|x", wish(), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            1 => wish(),
        ],
        consent in prop::option::of(prop_oneof![
            Just(json!({"provider": "ketch", "deniedConsentIds": ["ads"]})), Just(json!(7)),
        ]),
    ) {
        let mut event = json!({"userId": "u", "integrations": integrations, "context": {"a": 1}});
        if let Some(consent) = consent {
            event["context"]["consentManagement"] = consent;
        }
        let (source, mut fresh_id) = (SourceId::new("s"), || [0; 16]);
        let mut stamp = Stamp::new(&source, Timestamp(0), "192.0.2.1", &mut fresh_id);
        let body = event.to_string();
        let intake = read(body.as_bytes(), Shape::Single(EventKind::Track), &mut stamp).unwrap();
        let consent = Consent { fail: Fail::Closed, ..asks_for("ads") };
        let strict = Connection { consent, ..connection(Filter::default()) };
        if intake.events[0].restriction == Restriction::None {
            prop_assert_eq!(judge(&strict, EventKind::Track, &event), Verdict::Passes);
        }
    }
}
