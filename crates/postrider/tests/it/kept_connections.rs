//! Kept connections: reused, and not trusted.

use testkit::{Endpoint, Event, Reply, Workspace};

use crate::harness::Server;

async fn deliver(server: &Server, endpoint: &Endpoint, ids: &[&str]) {
    for (index, id) in ids.iter().enumerate() {
        server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
        server.admin.wait_for_attempts("destination=hooks", index + 1).await;
        endpoint.wait_for(index + 1).await;
    }
}

#[tokio::test]
async fn one_connection_carries_one_event_after_the_other() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    deliver(&server, &endpoint, &["m-1", "m-2", "m-3"]).await;
    server.stop().await;
    assert_eq!(endpoint.connections(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_breaks_as_the_next_request_comes_costs_no_attempt() {
    let endpoint = Endpoint::dropping_kept_connections().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    deliver(&server, &endpoint, &["m-1", "m-2", "m-3"]).await;
    let attempts = server.admin.attempts("destination=hooks").await;
    assert!(attempts.iter().all(|one| one.gist() == (1, 200, "delivered", "")), "{attempts:?}");
    server.stop().await;
    let ids: Vec<_> = endpoint.received().iter().map(|one| one.id()).collect();
    assert_eq!(ids, ["m-1", "m-2", "m-3"]);
    assert_eq!(endpoint.connections(), 3);
}

#[tokio::test]
async fn a_kept_connection_that_is_closed_instead_of_an_answer_costs_no_attempt() {
    let endpoint =
        Endpoint::start(
            |received| {
                if received.nth == 0 { Reply::status(200) } else { Reply::Close }
            },
        )
        .await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m-1")).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m-2")).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 2).await;
    assert_eq!(attempts[1].gist(), (1, 200, "delivered", ""));
    server.stop().await;
    let places: Vec<_> = endpoint.received().iter().map(|one| (one.connection, one.nth)).collect();
    assert_eq!(places, [(0, 0), (0, 1), (1, 0)]);
}

#[tokio::test]
async fn an_endpoint_that_asks_to_close_is_called_anew() {
    let endpoint = Endpoint::start(|_| {
        Reply::Answer(testkit::Answer::of_status(200).header("connection", "close"))
    })
    .await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    deliver(&server, &endpoint, &["m-1", "m-2"]).await;
    server.stop().await;
    assert_eq!(endpoint.connections(), 2);
}
