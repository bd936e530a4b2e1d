//! What was settled is not done again, however the server ends.

use testkit::{Endpoint, Event, Reply, Workspace, batch};

use crate::harness::{Home, Server, ms};
use crate::process::Process;

const EVENTS: usize = 1_000;

/// An endpoint that never answers one user, and everybody else at once.
async fn endpoint() -> Endpoint {
    Endpoint::start(|received| match &*received.id() {
        "slow" => Reply::Never,
        _ => Reply::status(200),
    })
    .await
}

/// The event of that user, and those of others behind it.
fn events() -> String {
    let others = (0..EVENTS)
        .map(|number| Event::track("x").user(&format!("u-{number}")).id(&format!("m-{number}")));
    batch([Event::track("x").user("slow").id("slow")].into_iter().chain(others))
}

/// How often the others were sent when a later event has arrived.
async fn sent(endpoint: &Endpoint) -> usize {
    let all = endpoint.wait_until("last", |all| all.iter().any(|one| one.id() == "last")).await;
    all.iter().filter(|one| one.id().starts_with("m-")).count()
}

#[tokio::test]
async fn a_hanging_attempt_does_not_make_the_others_come_again_after_a_crash() {
    let endpoint = endpoint().await;
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")));
    let process = Process::start(&home, &["--delivery-timeout", "10m"]).await;
    process.gateway.post("/v1/batch", "key-app", events()).await;
    process.admin.wait_until_finished("hooks", EVENTS).await;
    process.kill().await;
    let process = Process::start(&home, &[]).await;
    let last = Event::track("x").user("z").id("last");
    assert_eq!(process.gateway.post("/v1/track", "key-app", last).await.status, 200);
    assert_eq!(sent(&endpoint).await, EVENTS);
    process.kill().await;
}

#[tokio::test]
async fn a_hanging_attempt_does_not_make_the_others_come_again_after_an_orderly_end() {
    let endpoint = endpoint().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        config.shutdown.grace = ms(50);
        config.delivery.timeout = ms(600_000);
    })
    .await;
    server.accept("/v1/batch", events()).await;
    server.admin.wait_until_finished("hooks", EVENTS).await;
    let home = server.stop().await;
    let server = Server::at(home, |config| config.shutdown.grace = ms(0)).await;
    server.accept("/v1/track", Event::track("x").user("z").id("last")).await;
    assert_eq!(sent(&endpoint).await, EVENTS);
    server.stop().await;
}
