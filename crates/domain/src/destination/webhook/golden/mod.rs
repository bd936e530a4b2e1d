//! Golden requests: for an event and settings the exact method, URL, headers and body.

mod templates;

use bytes::Bytes;
use proptest::prelude::*;

use super::reading::Reading;
use super::*;
use crate::id::ReplayId;
use crate::reason::Reason;
use crate::time::Timestamp;
use crate::trace_context::TraceContext;

const STAMP: AttemptStamp = AttemptStamp {
    number: 3,
    at: Timestamp(1_764_030_890_123),
    occasion: Occasion::Delivery,
    span: None,
};

/// The defaults of a request with a body.
const BODY: &str = "user-agent: RudderLabs\ncontent-type: application/json\n";
/// The default of one without.
const QUERY: &str = "user-agent: RudderLabs\n";

/// Settings of a template's or a fixed text each: URL, method, header rows.
fn settings(url: &str, method: &str, headers: &[(&str, &str)]) -> WebhookSettings {
    let header = |(name, value): &(&str, &str)| HeaderSetting {
        name: Setting::parse(name).unwrap(),
        value: Setting::parse(value).unwrap(),
    };
    WebhookSettings {
        url: Setting::parse(url).unwrap(),
        method: Setting::parse(method).unwrap(),
        headers: headers.iter().map(header).collect(),
        ..WebhookSettings::posting_to("")
    }
}

fn posting() -> WebhookSettings {
    settings("https://a.test/x?t=1", "POST", &[])
}

fn getting() -> WebhookSettings {
    settings("https://a.test/x?t=1", "GET", &[])
}

fn dynamic(dynamic: Dynamic) -> WebhookSettings {
    WebhookSettings { dynamic, ..settings("https://a.test/x", "POST", &[("x-key", "s3cret")]) }
}

fn hosts(hosts: &[&str]) -> Dynamic {
    Dynamic::Hosts(hosts.iter().map(|host| AllowedHost::parse(host).unwrap()).collect())
}

/// The request as it is sent: what every request of the destination has, and what this one adds.
fn sent(settings: &WebhookSettings, event: &str) -> Result<String, Unsendable> {
    let plan = Plan::new(settings).expect("settings that work");
    let request = plan.request(&Bytes::copy_from_slice(event.as_bytes()), STAMP)?;
    let origin = match &request.elsewhere {
        Some(url) => url.origin().ascii_serialization(),
        None => settings.shown(),
    };
    let mut headers = match &request.elsewhere {
        Some(_) => plan.headers_elsewhere(request.method),
        None => plan.headers(request.method),
    };
    for (name, value) in request.headers {
        header::set(&mut headers, &name, value);
    }
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = std::str::from_utf8(&request.body).unwrap();
    let method = request.method.as_str();
    Ok(format!("{method} {origin}{}\n{headers}\n{body}", request.asked))
}

#[track_caller]
fn check(settings: &WebhookSettings, event: &str, want: &str) {
    assert_eq!(sent(settings, event).expect("a request"), want, "{event}");
}

#[track_caller]
fn check_refused(settings: &WebhookSettings, event: &str, reason: Reason, detail: &str) {
    let refused = sent(settings, event).expect_err("no request");
    assert_eq!((refused.reason, refused.detail.as_str()), (reason, detail), "{event}");
}

#[track_caller]
fn check_body(event: &str, want: &str) {
    check(&posting(), event, &format!("POST https://a.test/x?t=1\n{BODY}\n{want}"));
}

#[track_caller]
fn check_query(event: &str, want: &str) {
    let joint = if want.is_empty() { "" } else { "&" };
    check(&getting(), event, &format!("GET https://a.test/x?t=1{joint}{want}\n{QUERY}\n"));
}

#[test]
fn with_a_body_goes_the_whole_event_of_every_type() {
    for kind in ["identify", "track", "page", "screen", "group", "alias", "record", "audiencelist"]
    {
        let event = format!(r#"{{"type":"{kind}","traits":{{"a":1}},"properties":{{"b":[2]}}}}"#);
        check_body(&event, &event);
    }
    for method in ["POST", "PUT", "PATCH"] {
        let settings = settings("https://a.test", method, &[]);
        check(&settings, r#"{"a":1}"#, &format!("{method} https://a.test/\n{BODY}\n{{\"a\":1}}"));
    }
}

#[test]
fn the_body_is_the_event_but_for_three_corrections() {
    check_body(r#"{"a":1,"header":{},"fullPath":null,"appendPath":""}"#, r#"{"a":1}"#);
    check_body(
        r#"{"n":null,"e":"","z":0,"f":false,"o":{"n":null}}"#,
        r#"{"e":"","z":0,"f":false,"o":{"n":null}}"#,
    );
    check_body(r#"{"request_ip":"9"}"#, r#"{"request_ip":"9","context":{"ip":"9"}}"#);
    check_body(
        r#"{"request_ip":"9","context":{"ip":""}}"#,
        r#"{"request_ip":"9","context":{"ip":""}}"#,
    );
    check_body(
        r#"{"statusCode":200,"integrations":{"All":true}}"#,
        r#"{"statusCode":200,"integrations":{"All":true}}"#,
    );
    check_body(
        r#"{"b":12345678901234567890,"a":"<&>"}"#,
        r#"{"b":12345678901234567890,"a":"<&>"}"#,
    );
    check_body("{}", "{}");
}

#[test]
fn in_a_query_go_traits_of_identify_and_properties_of_all_others() {
    check_query(r#"{"type":"identify","traits":{"a":1},"context":{"traits":{"b":2}}}"#, "a=1");
    check_query(r#"{"type":"identify","traits":{},"context":{"traits":{"b":2}}}"#, "");
    check_query(r#"{"type":"identify","context":{"traits":{"b":2}}}"#, "b=2");
    check_query(r#"{"type":"Identify","traits":{"a":1},"properties":{"b":2}}"#, "b=2");
    for kind in ["track", "page", "screen", "group", "alias", "audiencelist"] {
        let event =
            format!(r#"{{"type":"{kind}","name":"n","traits":{{"a":1}},"properties":{{"b":2}}}}"#);
        check_query(&event, "b=2");
    }
    check_query(r#"{"type":"record","fields":{"a":1},"identifiers":{"b":2}}"#, "");
    let settings = settings("https://a.test", "DELETE", &[]);
    let event = r#"{"type":"track","properties":{"a":1}}"#;
    check(&settings, event, &format!("DELETE https://a.test/?a=1\n{QUERY}\n"));
}

#[test]
fn flattening_is_that_of_the_docs() {
    for (properties, want) in [
        (r#"{"a":{"b":{"c":1}}}"#, "a.b.c=1"),
        (
            r#"{"arr":[1,[2,3],{"k":4}]}"#,
            "arr%5B0%5D=1&arr%5B1%5D%5B0%5D=2&arr%5B1%5D%5B1%5D=3&arr%5B2%5D.k=4",
        ),
        (r#"{"s":"a b&[c]é"}"#, "s=a+b%26%5Bc%5D%C3%A9"),
        (r#"{"t":true,"f":false}"#, "t=true&f=false"),
        (r#"{"a":1,"b":1.5,"c":-0.1,"d":999999}"#, "a=1&b=1.5&c=-0.1&d=999999"),
        (r#"{"a":1000000,"b":12345678,"c":0.00001}"#, "a=1000000&b=12345678&c=0.00001"),
        (r#"{"a":null,"b":{"c":null}}"#, ""),
        (r#"{"a":[],"b":{}}"#, "a=%5B%5D&b=%7B%7D"),
        (r#"{"nest":{"":1,"dot.key":2}}"#, "nest.=1&nest.dot.key=2"),
        ("{}", ""),
        ("null", ""),
        ("\"str\"", ""),
        (r#"[1,{"a":2}]"#, "%5B0%5D=1&%5B1%5D.a=2"),
    ] {
        check_query(&format!(r#"{{"type":"track","properties":{properties}}}"#), want);
    }
    check_query(r#"{"type":"identify","traits":null}"#, "");
}

#[test]
fn a_query_goes_behind_the_configured_one_which_stays_as_it_is() {
    let event = r#"{"properties":{"b":1}}"#;
    for (url, want) in [
        ("https://a.test/x", "/x?b=1"),
        ("https://a.test/x?", "/x?b=1"),
        ("https://a.test/x?b=0&a=%20c;d&flag", "/x?b=0&a=%20c;d&flag&b=1"),
        ("https://a.test/x?a=1&", "/x?a=1&b=1"),
        ("https://a.test/x?a#part", "/x?a&b=1"),
    ] {
        check(&settings(url, "GET", &[]), event, &format!("GET https://a.test{want}\n{QUERY}\n"));
        let asked = want.trim_end_matches("b=1").trim_end_matches(if url.ends_with(['?', '&']) {
            ""
        } else {
            "?"
        });
        let asked = if url.ends_with('&') { asked } else { asked.trim_end_matches('&') };
        check(
            &settings(url, "POST", &[]),
            "{}",
            &format!("POST https://a.test{asked}\n{BODY}\n{{}}"),
        );
    }
}

#[test]
fn extras_go_behind_the_rest() {
    let event = r#"{"type":"group","userId":"u","anonymousId":"a","messageId":"m","event":null,
        "traits":{"plan":"pro"},"properties":{"b":2}}"#;
    let settings = WebhookSettings { get_extras: GetExtra::ALL.to_vec(), ..getting() };
    let query = "plan=pro&userId=u&anonymousId=a&messageId=m&type=group";
    check(&settings, event, &format!("GET https://a.test/x?t=1&{query}\n{QUERY}\n"));
    let posting = WebhookSettings { get_extras: GetExtra::ALL.to_vec(), ..posting() };
    check(&posting, "{}", &format!("POST https://a.test/x?t=1\n{BODY}\n{{}}"));
}

#[test]
fn headers_are_default_then_configured_then_the_events() {
    let rows = [("User-Agent", "Ours"), ("CONTENT-TYPE", "text/x"), ("X-Test", "1"), ("", "lost")];
    let settings = settings("https://a.test", "POST", &rows);
    let headers = |last: &str| format!("user-agent: Ours\ncontent-type: text/x\nx-test: {last}\n");
    check(&settings, "{}", &format!("POST https://a.test/\n{}\n{{}}", headers("1")));
    let event = r#"{"header":{"X-TEST":"2","x-test":"3"}}"#;
    check(&settings, event, &format!("POST https://a.test/\n{}\n{{}}", headers("3")));
}

#[test]
fn headers_of_an_event_are_text_or_json() {
    let check = |header: &str, want: &str| {
        let event = format!(r#"{{"header":{header},"a":1}}"#);
        check(&posting(), &event, &format!("POST https://a.test/x?t=1\n{BODY}{want}\n{{\"a\":1}}"));
    };
    check(
        r#"{"X-S":"a b","x-n":10,"x-t":true,"x-0":null,"x-e":""}"#,
        "x-s: a b\nx-n: 10\nx-t: true\nx-0: null\nx-e: \n",
    );
    check(
        r#"{"x":{ "k" : [1, "a b"] },"y":[ ],"z":"é \t"}"#,
        "x: {\"k\":[1,\"a b\"]}\ny: []\nz: é \t\n",
    );
    for ignored in ["null", "\"text\"", "7", "[1,2]", "{}"] {
        check(ignored, "");
    }
}

#[test]
fn a_header_of_an_event_that_cannot_be_sent_is_told_by_name() {
    let check = |header: &str, detail: &str| {
        let event = format!(r#"{{"header":{{"x-good":"1",{header}}}}}"#);
        check_refused(&posting(), &event, Reason::BadRequest, detail);
    };
    let of = "in the event's \"header\": ";
    check(r#""a b":"1""#, &format!("{of}header name has a character that is not allowed at 1"));
    check(r#""":"1""#, &format!("{of}a header has no name"));
    check(
        r#""X":"a\nb""#,
        &format!("{of}value of header x has a character that is not allowed at 1"),
    );
    check(
        r#""X":"\u0000""#,
        &format!("{of}value of header x has a character that is not allowed at 0"),
    );
    check(r#""Host":"b""#, &format!("{of}header host belongs to the connection and cannot be set"));
    check(
        r#""content-length":1"#,
        &format!("{of}header content-length belongs to the connection and cannot be set"),
    );
}

#[test]
fn within_its_origin_an_event_may_choose_its_url() {
    let settings = dynamic(Dynamic::SameOrigin);
    let check = |members: &str, asked: &str| {
        let headers = format!("{BODY}x-key: s3cret\n");
        let want = format!("POST https://a.test{asked}\n{headers}\n{{\"k\":1}}");
        check(&settings, &format!("{{{members},\"k\":1}}"), &want);
    };
    check(r#""fullPath":"https://a.test/y?q=%7e#f""#, "/y?q=%7e");
    check(r#""fullPath":"HTTPS://A.test:443/y""#, "/y");
    check(r#""fullPath":null,"appendPath":null"#, "/x");
    check(r#""appendPath":"""#, "/x");
    check(r#""appendPath":"/y?a=b c""#, "/x/y?a=b%20c");
    check(r#""appendPath":42"#, "/x42");
    check(r#""appendPath":"/../é""#, "/x/../%C3%A9");
    check(r#""appendPath":"//evil.test@evil.test""#, "/x//evil.test@evil.test");
    check(r#""fullPath":"https://a.test","appendPath":"/z""#, "/z");
}

#[test]
fn integrations_may_choose_it_too() {
    let settings = dynamic(Dynamic::SameOrigin);
    for platform in ["webhook", "Webhook", "WebHook", "WEBHOOK"] {
        let event = format!(
            r#"{{"integrations":{{"{platform}":{{"fullPath":"https://a.test/y","appendPath":"/z"}}}}}}"#
        );
        let want = format!("POST https://a.test/y/z\n{BODY}x-key: s3cret\n\n{event}");
        check(&settings, &event, &want);
    }
}

#[test]
fn what_leads_out_of_the_origin_is_refused() {
    let settings = dynamic(Dynamic::SameOrigin);
    for url in
        ["https://b.test/x", "http://a.test/x", "https://a.test:8443/x", "https://a.test.evil/x"]
    {
        let origin = url.trim_end_matches("/x");
        let detail = format!(
            "fullPath leads to {origin}, but \"dynamic\" is \"same_origin\", which allows https://a.test; see \"hosts\""
        );
        check_refused(
            &settings,
            &format!(r#"{{"fullPath":"{url}"}}"#),
            Reason::DynamicUrlRefused,
            &detail,
        );
    }
    let bare = settings_without_path();
    for appended in [".evil.test/", ":8443/", "0"] {
        let refused = sent(&bare, &format!(r#"{{"appendPath":"{appended}"}}"#)).unwrap_err();
        assert_eq!(refused.reason, Reason::DynamicUrlRefused, "{appended}");
        assert!(refused.detail.starts_with("appendPath leads to https://a.test"), "{refused:?}");
    }
    for (members, detail) in [
        (
            r#""appendPath":"@evil.test""#,
            "the URL with appendPath holds a user name or password; send them as a header instead",
        ),
        (
            r#""appendPath":"\\evil""#,
            "the URL with appendPath holds a backslash; write /, or %5C for the character itself",
        ),
        (
            r#""appendPath":"/\r\nHost: b""#,
            "the URL with appendPath holds spaces or control characters",
        ),
        (r#""appendPath":[1]"#, "appendPath is no text"),
        (r#""fullPath":"""#, "fullPath is not a URL: relative URL without a base"),
        (r#""fullPath":"//b.test""#, "fullPath is not a URL: relative URL without a base"),
        (
            r#""fullPath":"https:b.test""#,
            "fullPath has no // after https:; write https://host/path",
        ),
        (
            r#""fullPath":"file:///etc/passwd""#,
            "fullPath scheme file cannot be used, only http and https",
        ),
        (
            r#""fullPath":"playground://demo""#,
            "fullPath scheme playground cannot be used, only http and https",
        ),
        (
            r#""fullPath":"https://a.test@evil.test/""#,
            "fullPath holds a user name or password; send them as a header instead",
        ),
        (r#""fullPath":{}"#, "fullPath is no text"),
    ] {
        check_refused(&bare, &format!("{{{members}}}"), Reason::BadRequest, detail);
    }
}

fn settings_without_path() -> WebhookSettings {
    settings("https://a.test", "POST", &[])
}

#[test]
fn to_an_allowed_host_no_configured_header_goes() {
    let settings = WebhookSettings {
        headers: vec![
            HeaderSetting::new("x-key", "s3cret"),
            HeaderSetting {
                name: Setting::Fixed("x-team".to_owned()),
                value: Setting::parse("{{ a || b }}").unwrap(),
            },
        ],
        ..dynamic(hosts(&["b.example", "*.c.example"]))
    };
    for (url, asked) in [
        ("https://b.example/in", "https://b.example/in"),
        ("http://x.c.example:8080/in", "http://x.c.example:8080/in"),
    ] {
        let event = format!(r#"{{"fullPath":"{url}","appendPath":"/y","header":{{"x-own":"1"}}}}"#);
        check(&settings, &event, &format!("POST {asked}/y\n{BODY}x-own: 1\n\n{{}}"));
    }
    let home = format!("POST https://a.test/y\n{BODY}x-key: s3cret\nx-team: b\n\n{{}}");
    check(&settings, r#"{"fullPath":"https://a.test/y"}"#, &home);
    let detail = "fullPath leads to https://c.example, but \"dynamic\" is \"hosts\", which allows https://a.test and \"hosts\"";
    check_refused(
        &settings,
        r#"{"fullPath":"https://c.example"}"#,
        Reason::DynamicUrlRefused,
        detail,
    );
    let refused =
        sent(&settings, r#"{"fullPath":"https://b.example","appendPath":".evil"}"#).unwrap_err();
    assert_eq!(refused.reason, Reason::DynamicUrlRefused);
    let refused =
        sent(&settings, r#"{"fullPath":"https://x.c.example","appendPath":".c.example"}"#)
            .unwrap_err();
    assert_eq!(refused.reason, Reason::DynamicUrlRefused, "not even to another allowed host");
}

#[test]
fn where_dynamic_is_off_the_members_are_only_taken_out() {
    let settings = dynamic(Dynamic::Off);
    let event = r#"{"fullPath":"https://b.test","appendPath":"/y","header":{"a b":"\n"},"k":1}"#;
    check(&settings, event, &format!("POST https://a.test/x\n{BODY}x-key: s3cret\n\n{{\"k\":1}}"));
}

#[test]
fn a_playground_has_one_url() {
    let settings = settings("playground://demo", "POST", &[]);
    check(&settings, r#"{"k":1}"#, &format!("POST playground/play/demo/in\n{BODY}\n{{\"k\":1}}"));
    let detail = "appendPath has no meaning on a playground, which has one URL";
    check_refused(&settings, r#"{"appendPath":"/../x"}"#, Reason::DynamicUrlRefused, detail);
    let detail = "fullPath leads to https://a.test, but \"dynamic\" is \"same_origin\", which allows playground; see \"hosts\"";
    check_refused(
        &settings,
        r#"{"fullPath":"https://a.test/x"}"#,
        Reason::DynamicUrlRefused,
        detail,
    );
}

fn signing(settings: WebhookSettings) -> WebhookSettings {
    let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let keys = vec![SigningKey { secret, valid_until: None }];
    WebhookSettings { signing: Some(Box::new(Signing { keys, ed25519: None })), ..settings }
}

/// What a signed request has besides, for a body.
fn signed(body: &str) -> String {
    use base64::Engine;
    let secret =
        base64::engine::general_purpose::STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret.unwrap());
    let tag = ring::hmac::sign(&key, format!("m-1.1764030890.{body}").as_bytes());
    let tag = base64::engine::general_purpose::STANDARD.encode(tag);
    format!(
        "webhook-id: m-1\nwebhook-timestamp: 1764030890\nwebhook-attempt: 3\nwebhook-signature: v1,{tag}\n"
    )
}

#[test]
fn a_signed_request_has_id_time_attempt_and_the_signature_of_its_exact_body() {
    let event = r#"{ "messageId":"m-1", "n":null }"#;
    let body = r#"{"messageId":"m-1"}"#;
    let want = format!("POST https://a.test/x?t=1\n{BODY}{}\n{body}", signed(body));
    check(&signing(posting()), event, &want);
    let want = format!("GET https://a.test/x?t=1&a=1\n{QUERY}{}\n", signed(""));
    check(&signing(getting()), r#"{"messageId":"m-1","properties":{"a":1}}"#, &want);
}

#[test]
fn an_event_cannot_set_what_signing_sets() {
    for name in ["webhook-id", "Webhook-Timestamp", "webhook-signature", "webhook-attempt"] {
        let event = format!(r#"{{"header":{{"{name}":"1"}}}}"#);
        let detail = format!("the event's header {} is set by signing", name.to_lowercase());
        check_refused(&signing(posting()), &event, Reason::BadRequest, &detail);
        assert!(sent(&posting(), &event).is_ok(), "without signing it is a header like any other");
    }
}

#[test]
fn a_signature_stays_at_home() {
    let settings = signing(dynamic(hosts(&["b.example"])));
    let event = r#"{"messageId":"m-1","fullPath":"https://b.example/in"}"#;
    let own = "webhook-id: m-1\nwebhook-timestamp: 1764030890\nwebhook-attempt: 3\n";
    check(
        &settings,
        event,
        &format!("POST https://b.example/in\n{BODY}{own}\n{{\"messageId\":\"m-1\"}}"),
    );
}

#[test]
fn settings_that_cannot_work_make_no_plan() {
    let wrong = settings("ftp://a.test", "POST", &[("a b", "")]);
    let reason = Plan::new(&wrong).err().expect("no plan");
    assert_eq!(
        reason,
        "webhookUrl: scheme ftp cannot be used, only http and https; \
         headers[0]: header name has a character that is not allowed at 1"
    );
}

#[test]
fn what_is_replayed_or_tried_is_marked_and_nobody_else_can_do_that() {
    let mark = |occasion| {
        let plan = Plan::new(&posting()).unwrap();
        let stamp = AttemptStamp { occasion, ..STAMP };
        let request = plan.request(&Bytes::from_static(b"{}"), stamp).unwrap();
        request.headers.into_iter().map(|(name, value)| format!("{name}: {value}")).next()
    };
    assert_eq!(mark(Occasion::Delivery), None);
    assert_eq!(mark(Occasion::Replay(ReplayId(7))).as_deref(), Some("postrider-replay: 7"));
    assert_eq!(mark(Occasion::Test).as_deref(), Some("postrider-replay: test"));
    let faked = r#"{"header":{"Postrider-Replay":"1"}}"#;
    let why = "in the event's \"header\": header postrider-replay marks replays and cannot be set";
    check_refused(&posting(), faked, Reason::BadRequest, why);
    let configured = settings("https://a.test/", "POST", &[("Postrider-Replay", "1")]);
    assert!(Plan::new(&configured).is_err());
}

#[test]
fn the_span_of_an_attempt_is_told_unless_somebody_names_another() {
    let span = TraceContext::parse(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let told = |settings: &WebhookSettings, event: &'static str| {
        let plan = Plan::new(settings).unwrap();
        let stamp = AttemptStamp { span, ..STAMP };
        let request = plan.request(&Bytes::from_static(event.as_bytes()), stamp).unwrap();
        request.headers.into_iter().map(|(name, value)| format!("{name}: {value}")).next()
    };
    let own = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert_eq!(told(&posting(), "{}").as_deref(), Some(own));
    let configured = settings("https://a.test/", "POST", &[("Traceparent", "theirs")]);
    assert_eq!(told(&configured, "{}"), None, "it is among the configured ones");
    let brought = r#"{"header":{"TraceParent":"the event's"}}"#;
    assert_eq!(told(&posting(), brought).as_deref(), Some("traceparent: the event's"));
}

/// The host and port of a URL, read by hand.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    rest.split(['/', '?', '#', '\\']).next().unwrap()
}

proptest! {
    #[test]
    fn no_append_path_leads_to_another_origin(
        base in prop::sample::select(vec![
            "https://a.test", "http://a.test:8080", "https://a.test/x", "https://a.test?q=1",
            "https://a.test/#part", "http://127.0.0.1:9", "http://[::1]", "https://a.test/x?",
        ]),
        appended in prop_oneof![
            "\\PC{0,12}",
            "[@:./\\\\#?%a-z0-9 \t\r\n-]{0,12}",
            "(//|@|\\\\|\\.\\.|/\\.\\./|:80|:443|\\.evil|evil\\.test|%2f|%40|\t|\r\n| |é){0,5}",
        ],
        full in any::<bool>(),
    ) {
        let mut event = serde_json::json!({"appendPath": appended, "messageId": "m"});
        if full {
            event["fullPath"] = serde_json::json!(base);
        }
        let plan = Plan::new(&settings(base, "POST", &[])).unwrap();
        let payload = Bytes::from(event.to_string());
        if let Ok(request) = plan.request(&payload, STAMP) {
            prop_assert!(request.elsewhere.is_none());
            prop_assert!(request.asked.starts_with('/'));
            prop_assert!(request.asked.bytes().all(|byte| byte.is_ascii_graphic()));
            let whole = format!("{base}{appended}");
            // A port that is the scheme's own may be written out.
            let own = authority(&whole);
            let same = [":80", ":443", ":"].iter().any(|port| own.strip_suffix(port) == Some(authority(base)));
            prop_assert!(own == authority(base) || same, "{whole}");
        }
    }

    #[test]
    fn no_event_makes_a_request_panic(text in "\\PC{0,60}") {
        let settings = signing(dynamic(hosts(&["b.example"])));
        let plan = Plan::new(&settings).unwrap();
        let _ = plan.request(&Bytes::from(text.clone()), STAMP);
        let event = serde_json::json!({"fullPath": text, "header": {&text: text}}).to_string();
        let _ = plan.request(&Bytes::from(event), STAMP);
        prop_assert!(!Reading::of(b"no event").is_sound);
    }
}
