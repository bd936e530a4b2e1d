//! Batches that hold good and bad events.

use postrider::config::MixedBatches;
use testkit::{Endpoint, Workspace};

use crate::harness::Server;

const MIXED: &str = r#"{"batch":[
    {"type":"track","userId":"u","messageId":"good-1"},
    {"type":"track","messageId":"bad"},
    7,
    {"type":"track","anonymousId":"u","messageId":"good-2"}]}"#;

#[tokio::test]
async fn the_good_events_of_a_batch_are_delivered_and_the_bad_ones_are_listed() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/batch", MIXED).await;
    let mut ids: Vec<_> = endpoint.wait_for(2).await.iter().map(|one| one.id()).collect();
    ids.sort();
    assert_eq!(ids, ["good-1", "good-2"]);
    let rejections = server.admin.wait_for_rejections(2).await;
    let shown: Vec<_> = rejections
        .iter()
        .map(|one| (one.source.as_deref(), one.reason.as_str(), one.sample.as_str()))
        .collect();
    let bad = r#"{"type":"track","messageId":"bad"}"#;
    assert_eq!(
        shown,
        [(Some("app"), "missing_id", bad), (Some("app"), "not_an_event", "7")],
        "each bad event with its own reason and what it was"
    );
    server.stop().await;
    assert_eq!(endpoint.received().len(), 2);
}

#[tokio::test]
async fn one_bad_event_refuses_a_batch_where_that_is_asked_for() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        config.intake.mixed_batches = MixedBatches::RejectAll;
    })
    .await;
    let answer = server.post("/v1/batch", MIXED).await;
    let text = "request neither has anonymousId nor userId\n";
    assert_eq!((answer.status, answer.text()), (400, text));
    server.accept("/v1/batch", r#"{"batch":[{"userId":"u","messageId":"whole"}]}"#).await;
    endpoint.wait_for(1).await;
    assert_eq!(server.admin.wait_for_rejections(2).await.len(), 2);
    assert_eq!(server.admin.accepted().await, 1);
    server.stop().await;
    let ids: Vec<_> = endpoint.received().iter().map(|one| one.id()).collect();
    assert_eq!(ids, ["whole"], "nothing of the refused batch was stored");
}
