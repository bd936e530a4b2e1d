//! Logs with faults planted in them, and what the audit says of each.

use std::fs;

use serde_json::Value;

use super::*;

/// Lines of a log: `messageId userId anonymousId`, `-` for none, parted by commas.
fn ndjson(events: &str) -> String {
    let line = |event: &str| {
        let words: Vec<&str> = event.split_whitespace().collect();
        let id = |at: usize| words.get(at).filter(|word| **word != "-");
        let object = serde_json::json!({
            "source": "web", "messageId": id(0), "userId": id(1), "anonymousId": id(2),
        });
        format!("{object}\n")
    };
    events.split(',').map(str::trim).filter(|event| !event.is_empty()).map(line).collect()
}

fn compare(answered: &str, arrived: &str) -> Result<Audit, AuditError> {
    let dir = tempfile::tempdir().expect("a directory");
    let [one, other] = ["answered", "arrived"].map(|name| dir.path().join(name));
    fs::write(&one, answered).expect("a file");
    fs::write(&other, arrived).expect("a file");
    audit(&one, &other)
}

fn json_of(answered: &str, arrived: &str) -> Value {
    let audit = compare(answered, arrived).expect("two logs");
    serde_json::from_str(&audit.as_json()).expect("JSON")
}

#[test]
fn planted_faults_are_found() {
    // Lost, duplicated, copies, reordered, unknown.
    let check = |answered: &str, arrived: &str, expected: [u64; 5]| {
        let said = json_of(&ndjson(answered), &ndjson(arrived));
        let found = [
            &said["lost"]["events"],
            &said["duplicated"]["events"],
            &said["duplicated"]["copies"],
            &said["reordered"]["events"],
            &said["unknown"],
        ];
        assert_eq!(found.map(|count| count.as_u64().expect("a count")), expected, "{arrived}");
        assert_eq!(said["clean"], expected[0] == 0 && expected[3] == 0, "{arrived}");
    };
    let one_user = "m1 u, m2 u, m3 u";
    check(one_user, "m1 u, m2 u, m3 u", [0, 0, 0, 0, 0]);
    check(one_user, "", [3, 0, 0, 0, 0]);
    check(one_user, "m1 u, m3 u", [1, 0, 0, 0, 0]);
    check(one_user, "m2 u, m1 u, m3 u", [0, 0, 0, 1, 0]);
    check(one_user, "m3 u, m2 u, m1 u", [0, 0, 0, 2, 0]);
    check(one_user, "m3 u, m1 u, m2 u", [0, 0, 0, 2, 0]);
    // Copies, which are no second first arrival.
    check(one_user, "m1 u, m1 u, m2 u, m3 u, m1 u", [0, 1, 2, 0, 0]);
    check(one_user, "m1 u, m2 u, m1 u, m2 u, m3 u", [0, 2, 2, 0, 0]);
    // Answered twice, as a client that sends again has it: the first time counts.
    check("m1 u, m2 u, m1 u", "m1 u, m2 u", [0, 0, 0, 0, 0]);
    check("m1 u, m2 u, m1 u", "m2 u, m1 u", [0, 0, 0, 1, 0]);
    // Different people may overtake each other.
    check("m1 u, m2 v, m3 - a", "m3 - a, m2 v, m1 u", [0, 0, 0, 0, 0]);
    check("m1, m2, m3", "m3, m1, m2", [0, 0, 0, 0, 0]);
    // The same text as a userId and as an anonymousId is not one identity.
    check("m1 x, m2 - x", "m2 - x, m1 x", [0, 0, 0, 0, 0]);
    // A login joins two identities: its event has a place in both lines, and only it has.
    let login = "m1 - a, m2 u a, m3 u, m4 - a";
    check(login, "m2 u a, m1 - a, m3 u, m4 - a", [0, 0, 0, 1, 0]);
    check(login, "m1 - a, m3 u, m2 u a, m4 - a", [0, 0, 0, 1, 0]);
    check(login, "m1 - a, m2 u a, m4 - a, m3 u", [0, 0, 0, 0, 0]);
    check(login, "m4 - a, m3 u, m2 u a, m1 - a", [0, 0, 0, 2, 0]);
    // Whose an event is, the first log says.
    check("m1 u, m2 u", "m2, m1", [0, 0, 0, 1, 0]);
    // What a cut request left is unknown, and changes nothing for the others.
    check("m1 u, m3 u", "m1 u, m2 u, m3 u", [0, 0, 0, 0, 1]);
}

#[test]
fn an_event_is_its_source_and_its_id() {
    let answered = "source,messageId,userId\nweb,m,u\napp,m,v\n";
    let said = json_of(answered, "source,messageId\nweb,m\nweb,m\n");
    assert_eq!(said["lost"]["examples"][0]["source"], "app");
    assert_eq!(said["duplicated"]["copies"], 1);
}

#[test]
fn examples_are_few_and_name_lines() {
    let events = |numbers: &mut dyn Iterator<Item = u32>| -> String {
        numbers.map(|number| format!("m{number} u,")).collect()
    };
    let answered = ndjson(&events(&mut (1..=100)));
    let said = json_of(&answered, &ndjson(&events(&mut (51..=100).rev())));
    let lost = said["lost"]["examples"].as_array().expect("examples");
    assert_eq!((&said["lost"]["events"], lost.len()), (&Value::from(50), 10));
    assert_eq!((&lost[0]["line"], &lost[0]["messageId"]), (&Value::from(1), &Value::from("m1")));
    assert_eq!(said["reordered"]["events"], 49);
    let reordered = &said["reordered"]["examples"][0];
    assert_eq!(
        (&reordered["event"]["line"], &reordered["after"]["line"]),
        (&99.into(), &100.into())
    );
}

#[test]
fn both_shapes_say_the_same() {
    let json = "{\"messageId\":17,\"userId\":\"a, \\\"b\\\"\",\"more\":[1]}\n\n";
    let csv = "time,messageId,more,userId\n2026-01-01,17,,\"a, \"\"b\"\"\"\r\n";
    for (answered, arrived) in [(json, csv), (csv, json), (csv, csv)] {
        let said = json_of(answered, arrived);
        assert_eq!((&said["clean"], &said["arrived"]), (&true.into(), &1.into()));
    }
    let said = json_of(csv, "");
    let none = json_of(json, "");
    let [one, other] = [&said, &none].map(|said| said["lost"]["examples"][0]["userId"].clone());
    assert_eq!((one, other), ("a, \"b\"".into(), "a, \"b\"".into()));
}

#[test]
fn a_line_that_says_nothing_ends_the_audit() {
    let check = |text: &str, ending: &str| {
        for (answered, arrived) in [(text, ""), ("", text)] {
            let error = compare(answered, arrived).expect_err(text).to_string();
            assert!(error.ends_with(ending), "{text}: {error}");
        }
    };
    check("{\"messageId\":\"m\"}\n{}\n", "line 2: there is no messageId");
    check("{\"messageId\":\"\"}", "line 1: there is no messageId");
    check("{\"messageId\":\"m", "line 1: EOF while parsing a string at line 1 column 15");
    check(
        "userId,time\n",
        "line 1: neither a JSON object nor names of columns with messageId among them",
    );
    check("messageId,userId\nm\n", "line 2: 1 fields in 2 columns");
    check("messageId\n\"m\n", "line 2: a quote is not closed in its line");
    check("messageId\n\"m\"n\n", "line 2: something stands behind a closing quote");
    let error = audit(Path::new("/nowhere"), Path::new("/nowhere")).expect_err("no file");
    assert_eq!(error.to_string(), "cannot read /nowhere");
}

#[test]
fn where_nothing_was_answered_nothing_is_found() {
    for answered in ["", "\n", "messageId,userId\n"] {
        let error = compare(answered, &ndjson("m1 u")).expect_err("no events").to_string();
        assert!(
            error.ends_with("answered has no events: nothing can be compared with it"),
            "{error}"
        );
    }
}

#[test]
fn an_order_is_only_checked_of_events_that_say_whose_they_are() {
    let check = |answered: &str, checked: u64, ending: &str| {
        let (answered, arrived) = (ndjson(answered), ndjson("m2, m1"));
        assert_eq!(json_of(&answered, &arrived)["reordered"]["checked"], checked, "{answered}");
        let page = compare(&answered, &arrived).expect("two logs").as_text();
        assert!(page.ends_with(ending), "{page}");
    };
    let unchecked = "\nnothing lost, order not checked: no event says whose it is\n";
    check("m1, m2, m1", 0, unchecked);
    check("m1 u, m2, m1 u", 1, "\nnothing lost, nothing reordered\n");
    check("m1 u, m2 - a", 2, "\nnothing lost, nothing reordered\n");
    check("m1 u, m2 u", 2, "\nFAILED\n");
}

#[test]
fn the_page_for_people() {
    let answered = ndjson("m1 u, m2 u a, m3 u, m4 v\u{1b}");
    let said = compare(&answered, &ndjson("m1 u, m3 u, m2 u, m2 u, m9 u")).expect("two logs");
    let expected = "answered    4 (0 of them again)\n\
                    arrived     5\n\
                    lost        1\n\
                    duplicated  1 (1 copies, 2 arrivals of one event at most)\n\
                    reordered   1 (4 events with a userId or an anonymousId)\n\
                    unknown     1\n  \
                    lost: line 4, source web, messageId m4, userId v␛\n  \
                    reordered: line 2, source web, messageId m2, userId u, anonymousId a\n    \
                    arrived after: line 3, source web, messageId m3, userId u\n\
                    FAILED\n";
    assert_eq!(said.as_text(), expected);
    let clean = compare(&ndjson("m1 u"), &ndjson("m1 u")).expect("two logs").as_text();
    assert!(clean.ends_with("\nnothing lost, nothing reordered\n"), "{clean}");
}
