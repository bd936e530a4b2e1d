//! Browsers and phones ask about their source before they send anything.

use serde_json::json;
use testkit::{Endpoint, Request, Workspace, eventually};

use crate::harness::Server;

fn ask(method: &str, target: &str) -> Request {
    Request::new(method, target)
}

#[tokio::test]
async fn an_sdk_learns_what_it_must_know_of_its_source() {
    let endpoint = Endpoint::ok().await;
    let workspace =
        Workspace::of_app().disabled_source("old").posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    let check = async |request: Request, id: &str, enabled: bool| {
        let answer = server.gateway.send(&request).await;
        assert_eq!(answer.status, 200, "{request:?}");
        assert_eq!(answer.get("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(answer.get("cache-control"), Some("private, max-age=60"));
        let off = json!({"enabled": false});
        let want = json!({"source": {
            "id": id, "name": id, "writeKey": format!("key-{id}"), "enabled": enabled,
            "workspaceId": "postrider", "updatedAt": "2024-01-01T00:00:00.000Z",
            "config": {"statsCollection": {"errors": off, "metrics": off}},
            "destinations": [],
        }});
        assert_eq!(answer.json(), want, "{request:?}");
    };
    check(ask("GET", "/sourceConfig").key("key-app"), "app", true).await;
    check(ask("GET", "/sourceConfig/?p=npm&v=3&build=modern&writeKey=key-app"), "app", true).await;
    check(ask("GET", "/sourceConfig/?writeKey=key-old").key("key-app"), "app", true).await;
    check(ask("GET", "/sourceConfig").key("key-old"), "old", false).await;
    let probe = server.gateway.send(&ask("HEAD", "/sourceConfig/?view=ad").key("key-app")).await;
    assert_eq!((probe.status, probe.text()), (200, ""));
    let preflight = ask("OPTIONS", "/sourceConfig/")
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let preflight = server.gateway.send(&preflight).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.get("access-control-allow-headers"), Some("authorization"));
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_key_is_told_so_in_the_words_that_sdks_know() {
    let server = Server::start(&Workspace::of_app()).await;
    let requests = [
        (ask("GET", "/sourceConfig").key("key-other"), "bad_key"),
        (ask("GET", "/sourceConfig/?writeKey=key-other"), "bad_key"),
        (ask("GET", "/sourceConfig"), "missing_key"),
    ];
    for (request, reason) in &requests {
        let answer = server.gateway.send(&request.clone().header("origin", "null")).await;
        assert_eq!((answer.status, answer.text()), (400, "Invalid write key\n"), "{request:?}");
        assert_eq!(answer.get("postrider-reason"), Some(*reason), "{request:?}");
        assert_eq!(answer.get("access-control-allow-origin"), Some("null"), "{request:?}");
    }
    let listed = server.admin.wait_for_rejections(requests.len()).await;
    assert_eq!(listed[0].detail, "the write key ends with …her");
    server.stop().await;
}

#[tokio::test]
async fn an_edit_shows_at_once() {
    let server = Server::start(&Workspace::of_app()).await;
    server.home.write(&Workspace::default().disabled_source("app").text());
    let ask =
        async || server.gateway.send(&ask("GET", "/sourceConfig").key("key-app")).await.json();
    eventually("the source is disabled", ask, |one| one["source"]["enabled"] == false).await;
    server.stop().await;
}
