//! Filters and consent rules of a workspace file: what they become, and how their mistakes read.

use domain::filter::{Consent, Fail, Filter};
use serde_json::{Value, json};

use crate::workspace_file::parse;

/// A file with one source and a destination that has these members.
fn file(source_type: Option<&str>, config: Value, own: Value) -> String {
    let mut config = config;
    config["webhookUrl"] = json!("http://a.test/");
    let destination = json!({
        "id": "d", "destinationDefinition": {"name": "WEBHOOK"}, "config": config, "postrider": own,
    });
    let definition = json!({"name": "X", "type": source_type});
    let source = json!({
        "id": "s", "writeKey": "k", "sourceDefinition": definition, "destinations": [destination],
    });
    json!({"sources": [source]}).to_string()
}

#[track_caller]
fn rules(source_type: Option<&str>, config: Value, own: Value) -> (Filter, Consent) {
    let file = parse(&file(source_type, config, own)).expect("a file");
    assert_eq!(file.warnings, []);
    let connection = file.workspace.connections[0].clone();
    (connection.filter, connection.consent)
}

#[track_caller]
fn check_mistakes(config: Value, own: Value, expected: &[&str]) {
    let mistakes = parse(&file(None, config, own)).expect_err("mistakes");
    let shown: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let place = "line 1: sources[0].destinations[0]";
    let expected: Vec<String> = expected.iter().map(|one| format!("{place}{one}")).collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_filter_belongs_to_the_connection_of_its_source() {
    let filter = json!({
        "types": ["track", "page", "track"],
        "events": {"allow": ["B", "A", "B"], "deny": []},
        "condition": "properties.total > 10 and not(exists(context.test))",
        "sample": 25,
    });
    let (read, consent) = rules(None, json!({}), json!({"filter": filter}));
    assert_eq!(
        serde_json::to_value(read).unwrap(),
        json!({
            "types": ["track", "page"],
            "events": {"allow": ["A", "B"]},
            "condition": "all(properties.total > 10, not(exists(context.test)))",
            "sample": 25,
        })
    );
    assert!(consent.is_default());
    for nothing in [json!(null), json!({}), json!({"filter": null}), json!({"filter": {}})] {
        assert!(rules(None, json!({}), nothing).0.is_open());
    }
}

#[test]
fn the_examples_of_the_docs_are_right() {
    for page in [
        include_str!("../../../../../docs/reference/filters.md"),
        include_str!("../../../../../docs/guides/workspace-file.md"),
    ] {
        let (_, own) =
            page.split_once("```json\n\"postrider\": {\n  \"filter\"").expect("an example");
        let own = own.split_once("```").expect("an end").0;
        let own = serde_json::from_str(&format!("{{\"filter\"{own}")).expect("JSON");
        let (filter, consent) = rules(None, json!({}), own);
        assert!(filter.condition.is_some() && consent.fail == Fail::Closed);
    }
}

#[test]
fn each_connection_of_a_destination_has_a_filter_of_its_own() {
    let destination = |types: &str| {
        json!({
            "id": "d", "destinationDefinition": {"name": "WEBHOOK"},
            "config": {"webhookUrl": "http://a.test/"}, "postrider": {"filter": {"types": [types]}},
        })
    };
    let source = |id: &str, types: &str| json!({"id": id, "writeKey": id, "destinations": [destination(types)]});
    let text = json!({"sources": [source("a", "track"), source("b", "page")]}).to_string();
    let workspace = parse(&text).expect("a file").workspace;
    let types: Vec<_> =
        workspace.connections.iter().map(|one| one.filter.types[0].as_str()).collect();
    assert_eq!((workspace.destinations.len(), types), (1, vec!["track", "page"]));
}

#[test]
fn consent_rules_are_read_as_the_server_serves_them() {
    let config = json!({
        "consentManagement": [
            {"provider": "oneTrust", "consents": [{"consent": "C1"}, {"consent": ""}, {}, null]},
            {"provider": "custom", "consents": [{"consent": "a"}], "resolutionStrategy": "or"},
            {"provider": "ketch", "consents": [], "resolutionStrategy": ""},
            {"provider": "", "consents": []},
            {},
            null,
        ],
        "oneTrustCookieCategories": [{"oneTrustCookieCategory": "C2"}, {"oneTrustCookieCategory": ""}],
        "ketchConsentPurposes": [{"purpose": "p"}],
    });
    let (filter, consent) = rules(None, config, json!({"consent": {"fail": "closed"}}));
    assert!(filter.is_open());
    assert_eq!(
        serde_json::to_value(consent).unwrap(),
        json!({
            "rules": [
                {"provider": "oneTrust", "consents": ["C1"], "resolution": "and"},
                {"provider": "custom", "consents": ["a"], "resolution": "or"},
            ],
            "one_trust_categories": ["C2"],
            "ketch_purposes": ["p"],
            "fail": "closed",
        })
    );
    let (_, consent) = rules(None, json!({}), json!({"consent": {"fail": "open"}}));
    assert_eq!((consent.fail, consent.is_default()), (Fail::Open, true));
}

#[test]
fn consent_rules_of_the_dashboard_count_for_the_type_of_the_source() {
    let rule = |id: &str| json!([{"provider": "ketch", "consents": [{"consent": id}]}]);
    let purposes = json!({"web": [{"purpose": "w"}], "cloud": [{"purpose": "c"}]});
    let config = json!({
        "consentManagement": {"web": rule("w"), "cloud": rule("c"), "ios": null},
        "ketchConsentPurposes": purposes,
    });
    let check = |source_type: Option<&str>, expected: &[&str]| {
        let (_, consent) = rules(source_type, config.clone(), Value::Null);
        let ids: Vec<_> = consent.rules.iter().flat_map(|rule| rule.consents.clone()).collect();
        assert_eq!(
            (ids, consent.ketch_purposes.len()),
            (expected.iter().map(|id| (*id).to_owned()).collect(), expected.len(),),
            "{source_type:?}"
        );
    };
    check(Some("web"), &["w"]);
    check(Some("cloud"), &["c"]);
    check(Some("ios"), &[]);
    check(Some("unity"), &[]);
    check(None, &["c", "w"]);
}

#[test]
fn every_mistake_of_a_filter_is_told_with_its_place() {
    let check = |filter: Value, expected: &[&str]| {
        let expected: Vec<String> =
            expected.iter().map(|one| format!(".postrider.filter{one}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_mistakes(json!({}), json!({"filter": filter}), &expected);
    };
    check(json!([]), &[": is a list, but must be an object"]);
    check(
        json!({"type": ["track"], "sample": 0, "condition": "event = \"x\""}),
        &[
            ".condition: column 7: found =; write == to compare",
            ".sample: is 0, but must be a whole number from 1 to 100",
            ".type: is not known here; did you mean types?",
        ],
    );
    check(
        json!({"types": ["trak", 7], "events": {"allow": [], "dny": ["x"], "deny": [1]}}),
        &[
            ".events.allow: is empty; leave it out to let every name pass",
            ".events.deny[0]: is a number, but must be a string",
            ".events.dny: is not known here; did you mean deny?",
            ".types[0]: is \"trak\", but must be one of other, identify, track, page, screen, \
             group, alias, merge",
            ".types[1]: is a number, but must be a string",
        ],
    );
    check(
        json!({"types": [], "events": 5, "condition": 1, "sample": 12.5}),
        &[
            ".condition: is a number, but must be a string",
            ".events: is a number, but must be an object",
            ".sample: is 12.5, but must be a whole number from 1 to 100",
            ".types: is empty; leave it out to let every type pass",
        ],
    );
    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    check(
        json!({"events": {"deny": many}}),
        &[".events.deny: has 1001 names, but 1000 are allowed"],
    );
}

#[test]
fn mistakes_of_consent_are_told_with_their_place() {
    check_mistakes(
        json!({
            "consentManagement": [
                7,
                {"consents": [{"consent": "a"}]},
                {"provider": "custom", "consents": [{"consent": 5}], "resolutionStrategy": "xor"},
            ],
            "oneTrustCookieCategories": "C1",
        }),
        json!({"consents": {}, "consent": {"fail": "shut", "x": 1}}),
        &[
            ".config.consentManagement[0]: is a number, but must be an object",
            ".config.consentManagement[1].provider: is missing",
            ".config.consentManagement[2].consents[0].consent: is a number, but must be a string",
            ".config.consentManagement[2].resolutionStrategy: \
             is \"xor\", but must be one of and, or",
            ".config.oneTrustCookieCategories: is a string, but must be a list",
            ".postrider.consent.fail: is \"shut\", but must be one of open, closed",
            ".postrider.consent.x: is not known here; there are fail",
            ".postrider.consents: is not known here; did you mean consent?",
        ],
    );
    check_mistakes(json!({}), json!(7), &[".postrider: is a number, but must be an object"]);
}
