//! A resend of a stored event is answered like the event, and is not stored again.

use serde_json::Value;
use testkit::{Endpoint, Event, Workspace, batch};

use crate::harness::{Server, ms};

fn event(id: &str) -> Event {
    Event::track("x").user("u").id(id)
}

async fn duplicates(server: &Server) -> u64 {
    server.admin.get("/api/v1/status").await["duplicates"].as_u64().unwrap_or_default()
}

async fn recalled(server: &Server) {
    let shown = || server.admin.get("/api/v1/status");
    let holds = |status: &Value| status["recalled"] == true;
    testkit::eventually("what was stored is recalled", shown, holds).await;
}

#[tokio::test]
async fn a_resend_is_told_by_its_message_id_also_after_a_restart() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |_| {}).await;
    server.accept("/v1/track", event("m-1")).await;
    server.accept("/v1/track", event("m-1")).await;
    server.accept("/v1/batch", batch([event("m-1"), event("m-2"), event("m-2")])).await;
    assert_eq!((server.admin.accepted().await, duplicates(&server).await), (2, 3));
    endpoint.wait_for(2).await;
    let server = Server::at(server.stop().await, |_| {}).await;
    recalled(&server).await;
    server.accept("/v1/track", event("m-2")).await;
    server.accept("/v1/track", event("m-3")).await;
    assert_eq!((server.admin.accepted().await, duplicates(&server).await), (1, 1));
    let ids: Vec<_> = endpoint.wait_for(3).await.iter().map(|one| one.id()).collect();
    assert_eq!(ids, ["m-1", "m-2", "m-3"]);
    server.stop().await;
}

#[tokio::test]
async fn events_without_an_id_are_all_stored_and_so_is_everything_without_a_window() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |_| {}).await;
    for _ in 0..2 {
        server.accept("/v1/track", r#"{"userId":"u"}"#).await;
    }
    assert_eq!(server.admin.accepted().await, 2);
    let tune = |config: &mut postrider::config::Config| config.intake.dedup_window = ms(0);
    let server = Server::at(server.stop().await, tune).await;
    for _ in 0..2 {
        server.accept("/v1/track", event("m-1")).await;
    }
    server.accept("/v1/batch", batch([event("m-1"), event("m-1")])).await;
    assert_eq!(server.admin.accepted().await, 4);
    endpoint.wait_for(6).await;
    server.stop().await;
}

/// Sends an event to an endpoint that sends it back again and again; answers how many were stored.
async fn stored_where_it_is_sent_back(event: &str) -> u64 {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/v1/track"));
    let server = Server::start(&workspace).await;
    server.accept("/v1/track", event).await;
    for _ in 0..3 {
        let sent = endpoint.wait_for(1).await[0].body.clone();
        server.accept("/v1/track", sent).await;
    }
    let stored = server.admin.accepted().await;
    server.stop().await;
    stored
}

#[tokio::test]
async fn an_event_that_an_endpoint_sends_back_to_us_does_not_go_round() {
    let check = async |event, stored| {
        assert_eq!(stored_where_it_is_sent_back(event).await, stored, "{event}");
    };
    check(r#"{"type":"track","event":"x","userId":"u","messageId":"m"}"#, 1).await;
    // The id that it gets from us is known from its first return on.
    check(r#"{"type":"track","event":"x","userId":"u"}"#, 2).await;
}
