//! Golden requests of settings that are looked up in each event.

use super::super::{Setting, Signing, SigningKey, SigningSecret, WebhookSettings};
use super::{BODY, QUERY, check, check_refused, sent, settings};
use crate::reason::Reason;

#[test]
fn templates_are_filled_in_from_each_event_which_keeps_the_field() {
    let settings = settings(
        r#"{{ event.context.url || "https://a.test/x" }}"#,
        "{{ message.context.how || POST }}",
        &[("X-Team", "{{ properties.team || none }}"), ("x-fixed", "1")],
    );
    let with = |body: &str, first: &str, team: &str, event: &str| {
        let want = format!("{first}\n{body}x-fixed: 1\nx-team: {team}\n\n");
        let got = sent(&settings, event).expect("a request");
        assert!(got.starts_with(&want), "{got}\n{want}");
        assert!(body == QUERY || got.ends_with(event), "{got}");
    };
    with(BODY, "POST https://a.test/x", "none", "{}");
    with(BODY, "POST https://a.test/x", "none", r#"{"context":{"url":null},"properties":7}"#);
    with(
        BODY,
        "POST https://a.test/y?z",
        "a",
        r#"{"context":{"url":"https://a.test/y?z"},"properties":{"team":"a"}}"#,
    );
    with(BODY, "PUT https://a.test/x", "0", r#"{"context":{"how":"PUT"},"properties":{"team":0}}"#);
    with(
        QUERY,
        "GET https://a.test/x?team=",
        "",
        r#"{"context":{"how":"GET"},"properties":{"team":""}}"#,
    );
    with(BODY, "POST https://a.test/x", r#"{"a":1}"#, r#"{"properties":{"team":{"a":1}}}"#);
}

#[test]
fn what_a_template_finds_is_checked() {
    let settings = settings(
        "{{ url || https://a.test/x }}",
        "{{ how || POST }}",
        &[("X-Team", "{{ team || none }}")],
    );
    let check = |event: &str, reason, detail: &str| check_refused(&settings, event, reason, detail);
    check(
        r#"{"how":"post"}"#,
        Reason::BadRequest,
        "webhookMethod is \"post\", but must be one of POST, PUT, PATCH, GET, DELETE",
    );
    check(
        r#"{"team":"a\rb"}"#,
        Reason::BadRequest,
        "value of header x-team has a character that is not allowed at 1",
    );
    check(
        r#"{"url":""}"#,
        Reason::BadRequest,
        "webhookUrl is not a URL: relative URL without a base",
    );
    check(r#"{"url":{}}"#, Reason::BadRequest, "webhookUrl is no text");
    check(
        r#"{"url":"https://b.test/t0ken"}"#,
        Reason::DynamicUrlRefused,
        "webhookUrl leads to https://b.test, but \"dynamic\" is \"same_origin\", which allows https://a.test; see \"hosts\"",
    );
}

#[test]
fn the_name_of_a_header_is_looked_up_too() {
    let rows = [("{{ properties.name || X-Default }}", "s3cret"), ("{{ b || }}", "{{ c || 1 }}")];
    let settings = settings("https://a.test/x", "POST", &rows);
    let check = |event: &str, headers: &str| {
        check(&settings, event, &format!("POST https://a.test/x\n{BODY}{headers}\n{event}"));
    };
    check("{}", "x-default: s3cret\n");
    check(r#"{"properties":{"name":"X-Own"}}"#, "x-own: s3cret\n");
    check(r#"{"properties":{"name":7}}"#, "7: s3cret\n");
    check(r#"{"properties":{"name":""}}"#, "");
    check(r#"{"b":"X-B","c":"ü"}"#, "x-default: s3cret\nx-b: ü\n");
}

#[test]
fn of_rows_with_one_name_the_last_one_counts_whatever_is_looked_up() {
    let check = |rows: &[(&str, &str)], event: &str, headers: &str| {
        let settings = settings("https://a.test/x", "POST", rows);
        let want = format!("POST https://a.test/x\nuser-agent: RudderLabs\n{headers}\n{event}");
        check(&settings, event, &want);
    };
    let json = "content-type: application/json\n";
    let name = "{{ n || X-N }}";
    check(&[(name, "1"), ("x-n", "2")], "{}", &format!("{json}x-n: 2\n"));
    check(&[("X-N", "1"), (name, "2")], "{}", &format!("{json}x-n: 2\n"));
    check(&[("X-N", "{{ v || 1 }}"), ("x-n", "2")], r#"{"v":3}"#, &format!("{json}x-n: 2\n"));
    check(&[(name, "1"), ("x-N", "{{ v || 2 }}")], "{}", &format!("{json}x-n: 2\n"));
    check(&[(name, "1"), ("x-m", "2")], r#"{"n":"X-M"}"#, &format!("{json}x-m: 2\n"));
    check(&[(name, "text/x")], r#"{"n":"Content-TYPE"}"#, "content-type: text/x\n");
}

#[test]
fn a_name_that_is_looked_up_is_checked_as_one_that_is_set() {
    let rows = [("{{ n || x }}", "{{ v || 1 }}")];
    let plain = settings("https://a.test/x", "POST", &rows);
    let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let keys = vec![SigningKey { secret, valid_until: None }];
    let signing = Some(Box::new(Signing { keys, ed25519: None }));
    let signed = WebhookSettings { signing, ..plain.clone() };
    let check = |settings: &WebhookSettings, event: &str, fault: &str| {
        let detail = format!("a header's name that is looked up in the event: {fault}");
        check_refused(settings, event, Reason::BadRequest, &detail);
    };
    check(&plain, r#"{"n":"a b"}"#, "header name has a character that is not allowed at 1");
    check(&plain, r#"{"n":"ä"}"#, "header name has a character that is not allowed at 0");
    check(&plain, r#"{"n":{}}"#, "header name has a character that is not allowed at 0");
    check(&plain, r#"{"n":"HOST"}"#, "header host belongs to the connection and cannot be set");
    check(&signed, r#"{"n":"Webhook-Id"}"#, "header webhook-id is set by signing");
    assert!(sent(&plain, r#"{"n":"Webhook-Id"}"#).is_ok());
    let detail = "value of header y has a character that is not allowed at 1";
    check_refused(&plain, r#"{"n":"Y","v":"a\n"}"#, Reason::BadRequest, detail);
    let literal = Setting::<String>::parse("{{ n }}").unwrap();
    assert!(literal.template().is_none(), "it is no name either, and refused when it is set");
}
