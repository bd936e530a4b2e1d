//! One user's events keep their order, whatever becomes of them; nobody else waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use testkit::{Endpoint, Event, Received, Reply, Workspace, batch};

use crate::harness::Server;

/// Events of one person, who logs in on the way; all before and after belong together.
fn journey() -> Vec<Event> {
    vec![
        Event::of_type("page").anonymous("device").id("j-0"),
        Event::track("look").anonymous("device").id("j-1"),
        Event::of_type("identify").anonymous("device").user("ann").id("j-2"),
        Event::track("buy").user("ann").id("j-3"),
        Event::track("pay").user("ann").anonymous("phone").id("j-4"),
        Event::of_type("page").anonymous("phone").id("j-5"),
    ]
}

fn others() -> impl Iterator<Item = Event> {
    (0..100)
        .map(|number| Event::track("x").user(&format!("other-{number}")).id(&format!("o-{number}")))
}

fn is_journey(received: &Received) -> bool {
    received.id().starts_with("j-")
}

/// An endpoint that fails the journey, and nobody else, until it is healed.
async fn endpoint_that_fails_the_journey() -> (Endpoint, Arc<AtomicBool>) {
    let healed = Arc::new(AtomicBool::new(false));
    let is_healed = healed.clone();
    let endpoint = Endpoint::start(move |received| {
        let fails = is_journey(received) && !is_healed.load(SeqCst);
        Reply::status(if fails { 503 } else { 200 })
    });
    (endpoint.await, healed)
}

/// The journey arrived in order; only its first event was tried more than once.
fn check_journey(endpoint: &Endpoint) {
    let ids = endpoint.received().iter().map(|one| one.id()).collect::<Vec<_>>();
    let ours = ids.iter().filter(|id| id.starts_with("j-"));
    let ours: Vec<_> = ours.skip_while(|id| *id == "j-0").collect();
    assert_eq!(ours, ["j-1", "j-2", "j-3", "j-4", "j-5"], "each once, and in order");
}

#[tokio::test]
async fn one_users_events_keep_their_order_while_the_endpoint_fails() {
    let (endpoint, healed) = endpoint_that_fails_the_journey().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/batch", batch(journey().into_iter().take(3))).await;
    server.accept("/v1/batch", batch(others())).await;
    server.accept("/v1/batch", batch(journey().into_iter().skip(3))).await;
    let seen = endpoint
        .wait_until("all others, and some tries", |all| {
            let (ours, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| is_journey(one));
            others.len() == 100 && ours.len() >= 4
        })
        .await;
    let tried = seen.iter().filter(|one| is_journey(one));
    assert!(tried.into_iter().all(|one| one.id() == "j-0"), "only the first of a line is tried");
    healed.store(true, SeqCst);
    server.admin.wait_until_finished("hooks", 106).await;
    server.stop().await;
    check_journey(&endpoint);
}

#[tokio::test]
async fn one_users_events_keep_their_order_after_a_restart_in_the_middle() {
    let (endpoint, healed) = endpoint_that_fails_the_journey().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    server.accept("/v1/batch", batch(journey().into_iter().take(4))).await;
    endpoint.wait_for(2).await;
    let home = server.stop().await;
    let server = Server::at(home, |_| {}).await;
    server.accept("/v1/batch", batch(journey().into_iter().skip(4))).await;
    server.accept("/v1/batch", batch(others())).await;
    endpoint
        .wait_until("all others", |all| all.iter().filter(|one| !is_journey(one)).count() == 100)
        .await;
    healed.store(true, SeqCst);
    server.admin.wait_until_finished("hooks", 106).await;
    server.stop().await;
    check_journey(&endpoint);
}

/// One user's line that is longer than what is held in memory of all lines together.
const DEEP: usize = 12_000;

#[tokio::test]
async fn a_long_line_of_one_user_waits_on_disk_and_nobody_else_waits_for_it() {
    let healed = Arc::new(AtomicBool::new(false));
    let is_healed = healed.clone();
    let endpoint = Endpoint::start(move |received| {
        let fails = received.id().starts_with("deep-") && !is_healed.load(SeqCst);
        Reply::status(if fails { 503 } else { 200 })
    })
    .await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    let deep = (0..DEEP).map(|number| Event::track("x").user("deep").id(&format!("deep-{number}")));
    let deep: Vec<_> = deep.collect();
    for part in deep.chunks(4_000) {
        server.accept("/v1/batch", batch(part.iter().cloned())).await;
    }
    server.accept("/v1/batch", batch(others())).await;
    let of_others =
        |all: &[Arc<Received>]| all.iter().filter(|one| one.id().starts_with("o-")).count();
    endpoint.wait_until("all others", |all| of_others(all) == 100).await;
    let home = server.stop().await;
    healed.store(true, SeqCst);
    let server = Server::at(home, |_| {}).await;
    server.admin.wait_until_finished("hooks", DEEP + 100).await;
    server.stop().await;
    let ids: Vec<_> = endpoint.received().iter().map(|one| one.id()).collect();
    let ours = ids.iter().filter(|id| id.starts_with("deep-")).skip_while(|id| *id == "deep-0");
    let wanted: Vec<_> = (1..DEEP).map(|number| format!("deep-{number}")).collect();
    assert!(ours.eq(wanted.iter()), "each once, and in order");
}
