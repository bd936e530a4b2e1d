//! Each SDK writes paths and keys in its own way, and all lead to stored events.

use serde_json::{Value, json};
use testkit::{Endpoint, Event, Request, Workspace};

use crate::harness::Server;

const NO_KEY: &str = "failed to read writekey from header\n";
const NO_QUERY_KEY: &str = "failed to read writekey from query params\n";

fn post(target: &str, body: &str) -> Request {
    Request::new("POST", target).body(body)
}

/// Sends a request that must be taken.
async fn accept(server: &Server, request: &Request) {
    let answer = server.gateway.send(request).await;
    assert_eq!((answer.status, answer.text()), (200, "ok"), "{request:?}");
}

#[tokio::test]
async fn paths_are_understood_in_place_and_never_redirected() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let mut wanted: Vec<(String, &str)> = Vec::new();
    let batches = ["//v1/batch", "/v1/batch/", "/some/prefix/v1/batch", "/v1/b", "/v1/import"];
    for path in batches.into_iter().chain(["/v1/import/"]) {
        let body = json!({"batch": [{"userId": "u", "messageId": path, "type": "track"}]});
        accept(&server, &post(path, &body.to_string()).key("key-app")).await;
        wanted.push((path.to_owned(), "track"));
    }
    for (path, kind) in [
        ("/v1/i", "identify"),
        ("/v1/t", "track"),
        ("/v1/p", "page"),
        ("/v1/s", "screen"),
        ("/v1/g", "group"),
        ("/v1/a", "alias"),
        ("/v1/track/", "track"),
        ("/proxy//v1/page", "page"),
    ] {
        let event = Event::track("x").user("u").id(path).text();
        accept(&server, &post(path, &event).key("key-app")).await;
        wanted.push((path.to_owned(), kind));
    }
    for (received, (id, kind)) in endpoint.wait_for(wanted.len()).await.iter().zip(&wanted) {
        let event: Value = serde_json::from_slice(&received.body).expect("JSON");
        assert_eq!(
            (event["messageId"].as_str(), event["type"].as_str()),
            (Some(&**id), Some(*kind))
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn the_key_may_stand_in_header_query_or_body() {
    let server = Server::start(&Workspace::of_app().source("other")).await;
    let batch = r#"{"batch":[{"userId":"u"}]"#;
    let with_key = |key: &str| format!("{batch},\"sentAt\":\"x\",\"writeKey\":\"{key}\"}}");
    let single = r#"{"userId":"u","writeKey":"key-app"}"#;
    let bare = &format!("{batch}}}");
    let taken = [
        post("/v1/b", &with_key("key-app")),
        post("/v1/t", single).header("content-type", "text/plain"),
        post("/v1/batch?writeKey=key-app", bare),
        post("/beacon/v1/batch?writeKey=key-app", bare),
        post("/v1/batch?writeKey=key-no", &with_key("key-no")).key("key-app"),
        post("/v1/batch?writeKey=key-app", &with_key("key-no")),
    ];
    for request in &taken {
        accept(&server, request).await;
    }
    let refused = [
        (post("/v1/batch", bare), 401, NO_KEY),
        (post("/v1/batch", ""), 401, NO_KEY),
        (post("/v1/batch", &with_key("key-no")), 401, "invalid write key\n"),
        (post("/v1/batch", &with_key("key-app")).key("key-no"), 401, "invalid write key\n"),
        (post("/v1/t", r#"{"writeKey":"key-app","userId":}"#), 400, "invalid json\n"),
        (post("/beacon/v1/batch", &with_key("key-app")), 401, NO_QUERY_KEY),
        (post("/beacon/v1/batch", bare).key("key-app"), 401, NO_QUERY_KEY),
        (post("/beacon/v1/batch?writeKey=key-no", bare), 401, "invalid write key\n"),
    ];
    for (request, status, text) in &refused {
        let answer = server.gateway.send(request).await;
        assert_eq!((answer.status, answer.text()), (*status, *text), "{request:?}");
    }
    assert_eq!(server.admin.accepted().await, taken.len() as u64);
    assert_eq!(server.admin.wait_for_rejections(refused.len()).await.len(), refused.len());
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_key_in_a_header_is_refused_before_the_body() {
    let server = Server::start(&Workspace::of_app()).await;
    let request = post("/v1/batch", "{}").key("key-no").header("expect", "100-continue").to_bytes();
    let mut connection = server.gateway.connect().await;
    connection.write(&request[..request.len() - 2]).await.expect("it is taken");
    let answer = connection.answer().await.expect("HTTP").expect("an answer");
    assert_eq!((answer.status, answer.text()), (401, "invalid write key\n"));
    server.stop().await;
}

#[tokio::test]
async fn a_segment_sdk_is_told_to_send_here() {
    let server = Server::start(&Workspace::of_app()).await;
    for path in ["/v1/projects/key-app/settings", "/cdn/v1/projects/key-app/settings"] {
        let answer = server.gateway.get(path).await;
        let want = r#"{"integrations":{"Segment.io":{"apiKey":"key-app"}}}"#;
        assert_eq!((answer.status, answer.text()), (200, want));
    }
    let answer = server.gateway.get("/v1/projects/key-no/settings").await;
    assert_eq!((answer.status, answer.text()), (400, "Invalid write key\n"));
    server.stop().await;
}
