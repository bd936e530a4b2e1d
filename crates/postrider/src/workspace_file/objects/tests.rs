//! Single objects: that what is written is read as the same, and how mistakes are told.

use std::num::NonZeroU32;

use domain::delivery::flow::OwnBounds;
use domain::delivery::lanes::Order;
use domain::delivery::policy::{Class, OwnPolicy, Preset, Treatment};
use domain::destination::OwnDelivery;
use domain::destination::webhook::{
    AllowedHost, Dynamic, GetExtra, HeaderSetting, Method, PrivateKey, Setting, Signing,
    SigningKey, SigningSecret, WebhookSettings,
};
use domain::event::EventKind;
use domain::filter::{Condition, ConsentRule, EventNames, Fail, Resolution, Sample};
use domain::source::{AllowedOrigin, RateLimit, WriteKey};
use domain::time::Timestamp;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;
use crate::workspace_file::forms::{ConnectionForm, DestinationForm, SourceForm};
use crate::workspace_file::node::syntax_fault;
use crate::workspace_file::{delivery, requests, tls};

/// A text as ids and keys may be, odd ones among them.
fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9-]{1,12}", "[a-zA-Z/%?# é.😀\"\\\\]{1,9}"]
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000).prop_map(Timestamp)
}

fn count(most: u32) -> impl Strategy<Value = NonZeroU32> {
    (1..=most).prop_map(|count| NonZeroU32::new(count).expect("not 0"))
}

fn a_source() -> impl Strategy<Value = Source> {
    let origins = select(vec!["https://a.test", "https://*.b.test", "null", "http://c.test:81"]);
    let origin = origins.prop_map(|text| AllowedOrigin::parse(text).expect("an origin"));
    let limit = (count(1_000_000), count(1_000_000))
        .prop_map(|(events_per_second, burst)| RateLimit { events_per_second, burst });
    let ends = vec(option::of(time()), 0..3);
    let own = (vec(origin, 0..3), option::of(limit), ends);
    (word(), ".{0,9}", any::<bool>(), word(), own).prop_map(
        |(id, name, enabled, key, (allowed_origins, rate_limit, ends))| {
            let mut source = Source::new(SourceId::new(id), name, key.clone());
            let further = ends.into_iter().enumerate().map(|(number, valid_until)| WriteKey {
                key: format!("{key}-{number}"),
                valid_until,
            });
            source.write_keys.extend(further);
            Source { enabled, allowed_origins, rate_limit, ..source }
        },
    )
}

fn setting() -> impl Strategy<Value = Setting<String>> {
    let texts =
        ["plain", "", "env:X", "sealed:x", "{{ a.b || c }}", "text:x", "a secret of 24 chars..."];
    select(texts.to_vec()).prop_map(|text| Setting::parse(text).expect("a setting"))
}

fn headers() -> impl Strategy<Value = Vec<HeaderSetting>> {
    let names = select(vec!["x-a", "X-A", "Authorization", "{{ a || x-b }}", "x-c"]);
    let header = (names, setting()).prop_map(|(name, value)| HeaderSetting {
        name: Setting::parse(name).expect("a name"),
        value,
    });
    vec(header, 0..5)
}

fn signing() -> impl Strategy<Value = Signing> {
    let ring = vec((any::<[u8; 24]>(), option::of(time())), 0..3);
    (ring, option::of(any::<[u8; 32]>())).prop_map(|(ring, seed)| {
        let key = |(bytes, valid_until): ([u8; 24], Option<Timestamp>)| SigningKey {
            secret: SigningSecret::parse(&format!("whsec_{}", base64(&bytes))).expect("a secret"),
            valid_until,
        };
        let mut keys: Vec<_> = ring.into_iter().map(key).collect();
        keys.push(key(([7; 24], None)));
        let own = |seed: [u8; 32]| PrivateKey::parse(&format!("whsk_{}", base64(&seed)));
        Signing { keys, ed25519: seed.map(|seed| own(seed).expect("a key")) }
    })
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn a_delivery() -> impl Strategy<Value = OwnDelivery> {
    let span = || option::of(0_u64..400_000_000);
    let on = btree_map(select(Class::ALL.to_vec()), select(Treatment::ALL.to_vec()), 0..4);
    let retry =
        (option::of(select(Preset::ALL.to_vec())), span(), span(), option::of(count(9)), on);
    let retry = retry.prop_map(|(preset, backoff_min_ms, age_max_ms, attempts_max, on)| {
        let backoff_max_ms = backoff_min_ms.map(|least| least + 1);
        OwnPolicy { preset, backoff_min_ms, backoff_max_ms, age_max_ms, attempts_max, on }
    });
    let bounds = (option::of(count(10_000)), option::of(count(1_000_000)), span());
    let bounds = bounds.prop_map(|(concurrency, rate, stop_after_ms)| OwnBounds {
        concurrency,
        rate,
        stop_after_ms,
    });
    let order = option::of(select(Order::ALL.to_vec()));
    (any::<(bool, bool)>(), order, retry, bounds).prop_map(
        |((paused, auto_replay), order, retry, bounds)| OwnDelivery {
            paused,
            auto_replay,
            order,
            retry,
            bounds,
        },
    )
}

fn a_destination() -> impl Strategy<Value = Destination> {
    let hosts = vec(select(vec!["a.test", "*.b.test"]), 1..3).prop_map(|hosts| {
        let hosts = hosts.into_iter().map(|host| AllowedHost::parse(host).expect("a host"));
        Dynamic::Hosts(hosts.collect())
    });
    let dynamic = prop_oneof![Just(Dynamic::Off), Just(Dynamic::SameOrigin), hosts];
    let extras = btree_set(0..GetExtra::ALL.len(), 0..4);
    let urls = select(vec!["https://a.test/x?y=1", "playground://p", "{{ a || http://b.test }}"]);
    let methods = select(vec!["POST", "DELETE", "{{ a || PUT }}"]);
    let how = (urls, methods, headers(), dynamic, extras, option::of(signing()));
    (word(), ".{0,9}", any::<bool>(), how, a_delivery()).prop_map(
        |(id, name, enabled, (url, method, headers, dynamic, extras, signing), delivery)| {
            let settings = WebhookSettings {
                url: Setting::parse(url).expect("a URL"),
                method: Setting::<Method>::parse(method).expect("a method"),
                headers,
                dynamic,
                get_extras: extras.into_iter().map(|number| GetExtra::ALL[number]).collect(),
                signing: signing.map(Box::new),
                tls: None,
            };
            let settings = DestinationSettings::Webhook(settings);
            let destination = Destination::new(DestinationId::new(id), name, settings);
            Destination { enabled, delivery, ..destination }
        },
    )
}

fn a_filter() -> impl Strategy<Value = Filter> {
    let kinds = btree_set(0..EventKind::ALL.len(), 0..3);
    let names = || btree_set(".{0,6}", 0..3);
    let conditions =
        select(vec!["a == 1", "all(a == 1, not(exists(b)))", "any(\"é\".c in [\"x\"], d > 2)"]);
    let sample =
        option::of((1_u8..=100).prop_map(|percent| Sample::new(percent).expect("a share")));
    (kinds, names(), names(), option::of(conditions), sample).prop_map(
        |(kinds, allow, deny, condition, sample)| Filter {
            types: kinds.into_iter().map(|number| EventKind::ALL[number]).collect(),
            events: EventNames { allow, deny },
            condition: condition.map(|text| Condition::parse(text).expect("a condition")),
            sample,
        },
    )
}

fn a_consent() -> impl Strategy<Value = Consent> {
    let ids = || vec("[a-z]{1,4}", 0..3);
    let rule = ("[a-z]{1,6}", vec("[a-z]{1,4}", 1..3), any::<bool>());
    let rule = rule.prop_map(|(provider, consents, any)| {
        let resolution = if any { Resolution::Or } else { Resolution::And };
        ConsentRule { provider, consents, resolution }
    });
    (vec(rule, 0..3), ids(), ids(), any::<bool>()).prop_map(
        |(rules, one_trust_categories, ketch_purposes, closed)| Consent {
            rules,
            one_trust_categories,
            ketch_purposes,
            fail: if closed { Fail::Closed } else { Fail::Open },
        },
    )
}

/// A workspace that has what a connection joins.
fn ends(connection: &Connection) -> Workspace {
    let settings = DestinationSettings::Webhook(WebhookSettings::posting_to("playground://p"));
    Workspace {
        sources: vec![Source::new(connection.source.clone(), "", "k")],
        destinations: vec![Destination::new(connection.destination.clone(), "", settings)],
        ..Workspace::default()
    }
}

proptest! {
    #[test]
    fn a_source_is_read_as_it_was_written(own in a_source()) {
        let text = serde_json::to_string(&SourceForm::from(&own)).expect("JSON");
        prop_assert_eq!(source(&Node::root(&text), Made::default(), &[]), Ok(own));
    }

    #[test]
    fn a_destination_is_read_as_it_was_written(own in a_destination()) {
        let text = serde_json::to_string(&DestinationForm::from(&own)).expect("JSON");
        let read = destination(&Node::root(&text), Made::default(), Some(&own));
        prop_assert_eq!(read, Ok(own));
    }

    #[test]
    fn a_connection_is_read_as_it_was_written(
        ids in (word(), word(), word()),
        enabled in any::<bool>(),
        filter in a_filter(),
        consent in a_consent(),
    ) {
        let (source, destination) = (SourceId::new(ids.1), DestinationId::new(ids.2));
        let own = Connection::new(ConnectionId::new(ids.0), source, destination, Seq::FIRST);
        let own = Connection { enabled, filter, consent, ..own };
        let text = serde_json::to_string(&ConnectionForm::from(&own)).expect("JSON");
        let read = connection(&Node::root(&text), Made::default(), &ends(&own));
        prop_assert_eq!(read, Ok(own));
    }

    #[test]
    fn no_body_makes_a_reader_panic(text in ".{0,200}") {
        if syntax_fault(&text).is_none() {
            let _ = source(&Node::root(&text), Made::default(), &[]);
            let _ = destination(&Node::root(&text), Made::default(), None);
            let _ = connection(&Node::root(&text), Made::default(), &Workspace::default());
        }
    }
}

fn shown<T: std::fmt::Debug>(read: Result<T, Vec<Finding>>) -> Vec<String> {
    let mistakes = read.expect_err("mistakes");
    mistakes.iter().map(|one| format!("{}: {}", one.path, one.reason)).collect()
}

#[track_caller]
fn check_destination(body: &Value, expected: &[&str]) {
    let text = body.to_string();
    let read = destination(&Node::root(&text), Made::default(), None);
    assert_eq!(shown(read), expected);
}

#[test]
fn every_mistake_of_a_body_is_told_at_once() {
    check_destination(
        &json!({
            "id": "", "enabled": 1, "type": "GA", "color": "red", "Enabled": true,
            "config": {
                "webhookUrl": "ftp://a", "consentManagement": [],
                "headers": [
                    {"from": "Host", "to": "x"}, {"to": "x"}, {"from": "", "to": ""},
                    {"from": "x", "to": "env:HOME"}, {"from": "y", "to": "sealed:…1234"},
                    {"from": "z", "to": "1", "value": "2"},
                ],
            },
            "postrider": {"filter": {}, "delivery": {"rate": 0}, "signing": {"keys": []}},
        }),
        &[
            "Enabled: is not known here; did you mean enabled?",
            "color: is not known here; there are id, name, enabled, type, config, postrider, \
             version, managedBy",
            "config.consentManagement: is not known here; \
             there are webhookUrl, webhookMethod, headers",
            "config.headers[1].from: is missing",
            "config.headers[3].to: refers to a place that only whoever reads a file can look up; \
             write the value itself, and text: before it if it begins so",
            "config.headers[4].to: is the mark of a secret, but it is not clear which stored one \
             it stands for; write the value itself, and text: before it if it begins so",
            "config.headers[5].value: is not known here; there are from, to",
            "enabled: is a number, but must be a boolean",
            "id: is empty",
            "postrider.delivery.rate: is 0, but must be a whole number from 1 to 1000000",
            "postrider.filter: is not known here; \
             there are dynamic, hosts, getExtras, signing, delivery, tls",
            "type: is \"GA\", but must be one of WEBHOOK",
        ],
    );
    check_destination(
        &json!({
            "id": "d", "type": "WEBHOOK",
            "config": {"webhookUrl": "ftp://a", "headers": [{"from": "Host", "to": "x"}]},
            "postrider": {"tls": {"ca": {"file": "/etc/passwd"}}},
        }),
        &[
            "postrider.tls.ca: names a file, which only whoever reads a workspace file can look up; \
           write its text",
        ],
    );
    check_destination(
        &json!({
            "id": "d", "type": "WEBHOOK",
            "config": {"webhookUrl": "ftp://a", "headers": [{"from": "Host", "to": "x"}]},
        }),
        &[
            "config.headers[0]: header host belongs to the connection and cannot be set",
            "config.webhookUrl: scheme ftp cannot be used, only http and https",
        ],
    );
    check_destination(&json!([]), &["(top): is a list, but must be an object"]);
    check_destination(&json!({}), &["config: is missing", "id: is missing", "type: is missing"]);
}

#[test]
fn a_key_of_another_source_is_no_key() {
    let text = json!({"id": "b", "writeKey": "k", "postrider": {"writeKeys": [{"key": "k"}]}});
    let other = Source::new(SourceId::new("a"), "A", "k");
    let read = source(&Node::root(&text.to_string()), Made::default(), &[other]);
    assert_eq!(
        shown(read),
        [
            "postrider.writeKeys[0].key: is the same as a key of source a",
            "writeKey: is the same as a key of source a"
        ]
    );
}

#[test]
fn a_connection_joins_what_is_there_and_is_not_joined() {
    let (source, destination) = (SourceId::new("s"), DestinationId::new("d"));
    let known = Connection::new(ConnectionId::new("known"), source, destination, Seq::FIRST);
    let workspace = Workspace { connections: vec![known.clone()], ..ends(&known) };
    let check = |body: Value, workspace: &Workspace, expected: &[&str]| {
        let text = body.to_string();
        let read = connection(&Node::root(&text), Made::default(), workspace);
        assert_eq!(shown(read), expected);
    };
    check(
        json!({"source": "s", "destination": "d"}),
        &workspace,
        &["(top): connects what connection known connects already"],
    );
    check(
        json!({"source": "x", "destination": "y", "filter": {"sample": 0}, "consent": {"fial": 1}}),
        &workspace,
        &[
            "consent.fial: is not known here; there are consentManagement, \
             oneTrustCookieCategories, ketchConsentPurposes, fail",
            "destination: there is no destination y",
            "filter.sample: is 0, but must be a whole number from 1 to 100",
            "source: there is no source x",
        ],
    );
    let text = json!({"source": "s", "destination": "d"}).to_string();
    let read = connection(&Node::root(&text), Made::default(), &ends(&known));
    assert_eq!(read.expect("a connection").id.as_str(), "s-d");
}

#[test]
fn what_is_written_shows_no_secret() {
    let text = json!({
        "id": "d", "type": "WEBHOOK",
        "config": {"webhookUrl": "https://a.test", "headers": [{"from": "x", "to": "a-header-s3cret"}]},
        "postrider": {"signing": {
            "keys": [{"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}],
            "ed25519": "whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        }},
    });
    let read = destination(&Node::root(&text.to_string()), Made::default(), None);
    let form = DestinationForm::from(&read.expect("a destination"));
    let want = json!({
        "id": "d", "name": "d", "enabled": true, "type": "WEBHOOK",
        "config": {
            "webhookUrl": "https://a.test", "webhookMethod": "POST",
            "headers": [{"from": "x", "to": "sealed:…cret"}],
        },
        "postrider": {"signing": {
            "keys": [{"secret": "sealed:…LaSw"}], "ed25519": "sealed:…LA==",
        }},
    });
    assert_eq!(serde_json::to_value(form).expect("JSON"), want);
}

#[test]
fn the_schema_of_a_webhook_has_what_is_read_and_nothing_else() {
    let schema: Value = serde_json::from_str(WEBHOOK_SCHEMA).expect("JSON");
    let check = |path: &str, members: &[&str]| {
        let place = schema.pointer(path).unwrap_or_else(|| panic!("{path}"));
        let properties = place["properties"].as_object().expect("an object");
        let mut members = members.to_vec();
        members.sort_unstable();
        assert_eq!(properties.keys().collect::<Vec<_>>(), members, "{path}");
        for (name, one) in properties {
            assert!(one["title"].is_string(), "{path} {name}");
        }
    };
    check("/properties/config", CONFIG_MEMBERS);
    check("/properties/config/properties/headers/items", &["from", "to"]);
    check("/properties/postrider", OWN_MEMBERS);
    let own = "/properties/postrider/properties";
    check(&format!("{own}/signing"), requests::SIGNING_MEMBERS);
    check(&format!("{own}/signing/properties/keys/items"), requests::KEY_MEMBERS);
    check(&format!("{own}/tls"), tls::MEMBERS);
    check(&format!("{own}/delivery"), delivery::MEMBERS);
    check(&format!("{own}/delivery/properties/retry"), delivery::RETRY_MEMBERS);
    let words = |path: &str, words: &[&str]| {
        let known = schema.pointer(&format!("{own}/{path}")).expect(path);
        assert_eq!(known, &json!(words), "{path}");
    };
    words("getExtras/items/enum", &GetExtra::ALL.map(GetExtra::as_str));
    words("delivery/properties/order/enum", &Order::ALL.map(Order::word));
    let retry = "delivery/properties/retry/properties";
    words(&format!("{retry}/preset/enum"), &Preset::ALL.map(Preset::word));
    words(&format!("{retry}/on/propertyNames/enum"), &Class::ALL.map(Class::word));
    words(&format!("{retry}/on/additionalProperties/enum"), &Treatment::ALL.map(Treatment::word));
}
