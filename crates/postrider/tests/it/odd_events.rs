//! Events whose own fields are odd: none is refused for what it says of itself.

use serde_json::Value;
use testkit::{Endpoint, Request, Workspace};

use crate::harness::{Home, Server};
use crate::process::Process;

async fn server() -> (Endpoint, Server) {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    (endpoint, server)
}

/// Sends an event that must be taken; what is delivered of it.
async fn delivered_text(endpoint: &Endpoint, server: &Server, event: &str) -> String {
    let count = endpoint.received().len() + 1;
    server.accept("/v1/track", event).await;
    endpoint.wait_for(count).await[count - 1].text().to_owned()
}

/// The same, as JSON.
async fn delivered(endpoint: &Endpoint, server: &Server, event: &str) -> Value {
    serde_json::from_str(&delivered_text(endpoint, server, event).await).expect("JSON")
}

#[tokio::test]
async fn a_user_id_of_any_kind_is_an_identity_and_arrives_as_it_was() {
    let (endpoint, server) = server().await;
    let long = format!("\"{}\"", "x".repeat(10_000));
    let kinds = [
        "7",
        "\"7\"",
        "-0",
        "1e400",
        "true",
        "{\"a\":[1]}",
        "[]",
        &long,
        "\"🧨\"",
        "\"\\u202eabc\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
    ];
    let mut ids = Vec::new();
    for kind in kinds {
        let event = format!("{{\"userId\":{kind},\"event\":\"x\"}}");
        let got = delivered_text(&endpoint, &server, &event).await;
        assert!(got.starts_with(&event[..event.len() - 1]), "{kind}: {got}");
        let at = got.find("\"rudderId\":").expect("it is stamped") + 12;
        ids.push(got[at..at + 36].to_owned());
    }
    assert_eq!(ids[0], ids[1], "a number is the user with that text");
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len() - 1);
    server.stop().await;
}

#[tokio::test]
async fn a_name_that_stands_twice_counts_the_last_time() {
    let (endpoint, server) = server().await;
    let event = r#"{"userId":"a","messageId":"m-1","rudderId":"x","userId":"b","k":1,"k":2,"messageId":"m-2","rudderId":"y"}"#;
    let text = delivered_text(&endpoint, &server, event).await;
    let start = r#"{"userId":"a","userId":"b","k":1,"k":2,"messageId":"m-2","rudderId":""#;
    assert!(text.starts_with(start), "{text}");
    assert_eq!(text.matches("\"rudderId\"").count(), 1, "{text}");
    let alone = delivered(&endpoint, &server, r#"{"userId":"b"}"#).await;
    let got: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(got["rudderId"], alone["rudderId"], "it is the user of the last one");
    server.accept("/v1/track", r#"{"userId":"b","messageId":"m-2"}"#).await;
    assert_eq!(server.admin.accepted().await, 2, "and the call of the last one");
    let nothing = server.post("/v1/track", r#"{"userId":"a","userId":null}"#).await;
    assert_eq!((nothing.status, nothing.get("postrider-reason")), (400, Some("missing_id")));
    let last = r#"{"batch":[{"userId":"a"},{"userId":"b"}],"batch":[{"userId":"c"}]}"#;
    server.accept("/v1/batch", last).await;
    assert_eq!(server.admin.accepted().await, 3);
    server.stop().await;
}

#[tokio::test]
async fn a_message_id_is_no_reason_to_refuse_an_event() {
    let (endpoint, server) = server().await;
    let huge = format!("\"{}\"", "m".repeat(1_000_000));
    let event = |id: &str| format!("{{\"userId\":\"u\",\"messageId\":{id}}}");
    for id in ["null", "7", "{}", "\"\"", "\" \\u200b \"", &huge] {
        let got = delivered(&endpoint, &server, &event(id)).await;
        let own = got["messageId"].as_str().unwrap_or_default();
        assert_eq!(own.len(), 36, "{id:.40} is replaced by one of ours");
    }
    server.accept("/v1/track", event(&huge)).await;
    assert_eq!(server.admin.accepted().await, 6, "the same huge one is a resend");
    let kept = delivered(&endpoint, &server, r#"{"userId":"u","messageId":" a\u202eb "}"#).await;
    assert_eq!(kept["messageId"], "ab");
    server.stop().await;
}

#[tokio::test]
async fn a_time_is_no_reason_to_refuse_an_event() {
    let (endpoint, server) = server().await;
    let times = [
        "\"0001-01-01T00:00:00Z\"",
        "\"9999-12-31T23:59:59.999Z\"",
        "\"yesterday\"",
        "\"2024-02-30T00:00:00Z\"",
        "\"2024-02-29T12:00:00\"",
        "\"\"",
        "7",
        "-1e400",
        "null",
        "{}",
        "[]",
        "\"{{ RSA_DEF_SENT_AT_TS }}\"",
        "\"99999999999-01-01T00:00:00Z\"",
    ];
    for time in times {
        let event = format!(
            "{{\"userId\":\"u\",\"timestamp\":{time},\"sentAt\":{time},\"originalTimestamp\":{time},\"receivedAt\":{time}}}"
        );
        let got = delivered(&endpoint, &server, &event).await;
        for name in ["timestamp", "sentAt", "originalTimestamp", "receivedAt"] {
            let text = got[name].as_str().unwrap_or_default();
            assert!(text.len() >= 24 && text.contains('T'), "{time}: {name} is {text:?}");
        }
        let received_at = got["receivedAt"].as_str().unwrap_or_default();
        assert!(
            ("2025".."9000").contains(&received_at),
            "{time}: receivedAt is ours: {received_at}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn write_keys_of_any_shape_are_refused_alike_and_never_shown() {
    let home = Home::new(&Workspace::of_app());
    let process = Process::start(&home, &["--log-level", "trace"]).await;
    let secret = "s3cret-key-of-somebody-else";
    let long = format!("{secret}{}", "x".repeat(1_000_000));
    let event = |key: &str| format!("{{\"userId\":\"u\",\"writeKey\":\"{key}\"}}");
    let post = |target: &str| Request::new("POST", target).body(event("key-no"));
    let refused = [
        ("in a header", post("/v1/track").key(secret)),
        ("with a blank", post("/v1/track").key(" key-app")),
        ("with a blank behind", post("/v1/track").key("key-app ")),
        ("in the query", post(&format!("/v1/track?writeKey={secret}"))),
        ("in the body", Request::new("POST", "/v1/track").body(event(secret))),
        ("huge in the body", Request::new("POST", "/v1/track").body(event(&long))),
        ("with nulls", Request::new("POST", "/v1/track").body(event("key-app\\u0000"))),
    ];
    for (what, request) in &refused {
        let answer = process.gateway.send(request).await;
        assert_eq!((answer.status, answer.text()), (401, "invalid write key\n"), "{what}");
    }
    let mut connection = process.gateway.connect().await;
    let huge = post("/v1/track").key(&long);
    let answer = connection.ask(&huge).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 431));
    let rejections = process.admin.wait_for_rejections(refused.len()).await;
    assert!(rejections.iter().all(|one| one.reason == "bad_key" && one.sample.is_empty()));
    let shown = format!("{rejections:?}");
    assert!(!shown.contains(&secret[..8]) && shown.contains("…lse"), "{shown}");
    process.signal("TERM").await;
    let log = process.log_at_end().await;
    assert!(log.iter().any(|line| line.contains("bad_key")), "refusals are in the log");
    assert!(log.iter().all(|line| !line.contains(&secret[..8])), "{log:?}");
}
