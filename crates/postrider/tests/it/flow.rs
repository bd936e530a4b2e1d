//! How much goes to an endpoint that takes nothing, comes back, or asks for something.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};

use serde_json::{Value, json};
use testkit::{Answer, Endpoint, Event, Reply, Webhook, Workspace, batch, eventually};

use crate::harness::{Attempt, Server, ms};

/// Of one user each, so that none waits for another.
fn events(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let event = |number| Event::track("x").user(&format!("u-{number}")).id(&format!("m-{number}"));
    batch(numbers.map(event)).into()
}

/// An endpoint that answers with whatever status it is told to.
async fn endpoint(status: u16) -> (Endpoint, Arc<AtomicU16>) {
    let told = Arc::new(AtomicU16::new(status));
    let own = told.clone();
    (Endpoint::start(move |_| Reply::status(own.load(SeqCst))).await, told)
}

async fn state(server: &Server, want: &'static str) {
    let is_there = |one: &crate::harness::DestinationStatus| one.state == want;
    eventually(want, || server.admin.destination("hooks"), is_there).await;
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_is_probed_and_gets_everything_when_it_is_back() {
    let (endpoint, status) = endpoint(503).await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/batch", events(0..2_000)).await;
    state(&server, "holding").await;
    let held = endpoint.received().len();
    assert!(held < 300, "the rest waits untried: {held}");
    server.accept("/v1/batch", events(2_000..3_000)).await;
    assert_eq!(server.admin.destination("hooks").await.waiting, 3_000);
    status.store(200, SeqCst);
    let state = server.admin.wait_until_finished("hooks", 3_000).await;
    assert_eq!(state.gave_up, 0);
    assert_eq!(state.state, "active");
    server.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_refuses_some_users_is_found_to_take_the_others() {
    let endpoint = Endpoint::start(|received| {
        Reply::status(if received.member("userId").starts_with("bad") { 503 } else { 200 })
    })
    .await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let bad = (0..50).map(|number| {
        Event::track("x").user(&format!("bad-{number}")).id(&format!("bad-{number}"))
    });
    server.accept("/v1/batch", batch(bad)).await;
    state(&server, "holding").await;
    server.accept("/v1/track", Event::track("x").user("good").id("good")).await;
    let is_there = |one: &crate::harness::DestinationStatus| one.delivered_first_try == 1;
    let shown = || server.admin.destination("hooks");
    eventually("the good one is delivered", shown, is_there).await;
    server.stop().await;
}

#[tokio::test]
async fn wrong_settings_hold_the_events_until_they_are_mended() {
    let (wrong, _) = endpoint(404).await;
    let (right, _) = endpoint(200).await;
    let workspace = Workspace::of_app().posts_to("hooks", &wrong.url("/"));
    let server = Server::tuned(&workspace, |config| config.delivery.retry_max_age = ms(50)).await;
    for id in ["m-1", "m-2"] {
        server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
    }
    wrong.wait_for(5).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 5).await;
    assert!(attempts.iter().all(|one| one.fate == "retry"), "{attempts:?}");
    server.home.write(&Workspace::of_app().posts_to("hooks", &right.url("/")).text());
    let state = server.admin.wait_until_finished("hooks", 2).await;
    assert_eq!(state.gave_up, 0);
    server.stop().await;
    let ids: Vec<_> = right.received().iter().map(|one| one.id()).collect();
    assert_eq!(ids, ["m-1", "m-2"]);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_left_alone_until_somebody_asks_for_it() {
    let (endpoint, status) = endpoint(410).await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/batch", events(0..100)).await;
    state(&server, "stopped").await;
    status.store(200, SeqCst);
    // Whatever was under way when it stopped has ended then.
    server.admin.wait_for_attempts("destination=hooks&fate=retry", 5).await;
    let answer = server.admin.post("/api/v1/destinations/hooks/try-now", &Value::Null).await;
    assert_eq!(answer.status, 202);
    let state = server.admin.wait_until_finished("hooks", 100).await;
    assert_eq!((state.gave_up, state.state.as_str()), (0, "active"));
    server.stop().await;
}

#[tokio::test]
async fn what_one_answer_asks_for_holds_for_every_event() {
    let endpoint = Endpoint::script([
        Reply::Answer(Answer::of_status(429).header("Retry-After", "1")),
        Reply::status(200),
        Reply::status(200),
    ])
    .await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/track", Event::track("x").user("one").id("m-1")).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    server.accept("/v1/track", Event::track("x").user("another").id("m-2")).await;
    let received = endpoint.wait_for(3).await;
    let first = received[0].at;
    assert!(received[1..].iter().all(|one| one.at - first >= ms(1_000)), "{received:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_destination_may_have_a_rate_and_a_policy_of_its_own() {
    let (endpoint, status) = endpoint(200).await;
    let own = json!({ "delivery": {
        "rate": 1, "concurrency": 3, "retry": { "on": { "server_error": "give_up" } } } });
    let workspace = Workspace::of_app().webhook(Webhook::new("hooks", &endpoint.url("/")).own(own));
    let server = Server::start(&workspace).await;
    server.accept("/v1/batch", events(0..3)).await;
    let received = endpoint.wait_for(3).await;
    let last = received[2].at - received[0].at;
    assert!(last >= ms(1_900), "one a second: {last:?}");
    status.store(500, SeqCst);
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 4).await;
    assert_eq!(attempts.last().map(Attempt::gist), Some((1, 500, "gave_up", "server_error")));
    server.stop().await;
}

#[tokio::test]
async fn a_paused_destination_gathers_events_and_goes_on_from_there() {
    let (endpoint, _) = endpoint(200).await;
    let webhook = Webhook::new("hooks", &endpoint.url("/"));
    let workspace = Workspace::of_app().webhook(webhook.clone());
    let paused =
        Workspace::of_app().webhook(webhook.own(json!({ "delivery": { "paused": true } })));
    let server = Server::start(&paused).await;
    server.accept("/v1/batch", events(0..5)).await;
    state(&server, "paused").await;
    assert_eq!(endpoint.received().len(), 0);
    server.home.write(&workspace.text());
    let state = server.admin.wait_until_finished("hooks", 5).await;
    assert_eq!(state.delivered_first_try, 5);
    server.stop().await;
}

#[tokio::test]
async fn a_delivery_that_somebody_skips_lets_its_users_line_go_on() {
    let endpoint =
        Endpoint::start(|received| Reply::status(if received.id() == "bad" { 500 } else { 200 }))
            .await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        config.delivery.retry_min_backoff = ms(60_000);
        config.delivery.retry_max_backoff = ms(60_000);
    })
    .await;
    for id in ["bad", "next"] {
        server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
    }
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    let path = format!("/api/v1/destinations/hooks/deliveries/{}/skip", attempts[0].seq);
    assert_eq!(server.admin.post(&path, &Value::Null).await.status, 202);
    let state = server.admin.wait_until_finished("hooks", 2).await;
    assert_eq!((state.gave_up, state.delivered_first_try), (1, 1));
    let skipped = server.admin.attempts("fate=gave_up").await;
    assert_eq!(skipped[0].gist(), (1, 0, "gave_up", "skipped"));
    let unknown = server.admin.post("/api/v1/destinations/none/try-now", &Value::Null).await;
    assert_eq!(unknown.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn no_outage_is_held_against_what_waits_also_after_a_restart() {
    let (endpoint, status) = endpoint(503).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    server.accept("/v1/batch", events(0..100)).await;
    state(&server, "holding").await;
    let tried = endpoint.received().len();
    let home = server.stop().await;
    // Whatever was tried is older than it may become now.
    let server = Server::at(home, |config| config.delivery.retry_max_age = ms(1)).await;
    state(&server, "holding").await;
    assert!(endpoint.received().len() > tried, "they were tried again");
    status.store(200, SeqCst);
    let finished = server.admin.wait_until_finished("hooks", 100).await;
    assert_eq!((finished.gave_up, finished.state.as_str()), (0, "active"));
    server.stop().await;
}

#[tokio::test]
async fn what_was_skipped_while_nothing_was_sent_is_never_sent() {
    let (endpoint, status) = endpoint(500).await;
    let webhook = Webhook::new("hooks", &endpoint.url("/"));
    let workspace = Workspace::of_app().webhook(webhook.clone());
    let paused =
        Workspace::of_app().webhook(webhook.own(json!({ "delivery": { "paused": true } })));
    let server = Server::start(&workspace).await;
    server.accept("/v1/track", Event::track("x").user("u").id("poison")).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    server.home.write(&paused.text());
    state(&server, "paused").await;
    let tried = endpoint.received().len();
    let path = format!("/api/v1/destinations/hooks/deliveries/{}/skip", attempts[0].seq);
    assert_eq!(server.admin.post(&path, &Value::Null).await.status, 202);
    status.store(200, SeqCst);
    server.home.write(&workspace.text());
    let finished = server.admin.wait_until_finished("hooks", 1).await;
    assert_eq!((finished.gave_up, endpoint.received().len()), (1, tried));
    server.stop().await;
}

#[tokio::test]
async fn another_setting_is_no_reason_to_ask_an_endpoint_before_it_wants_that() {
    let endpoint = Endpoint::script([
        Reply::Answer(Answer::of_status(429).header("Retry-After", "3600")),
        Reply::status(200),
        Reply::status(200),
    ])
    .await;
    let url = endpoint.url("/");
    let with = |attempts: u32, path: &str| {
        let own = json!({ "delivery": { "retry": { "maxAttempts": attempts } } });
        Workspace::of_app().webhook(Webhook::new("hooks", &format!("{url}{path}")).own(own))
    };
    let server = Server::start(&with(7, "")).await;
    server.accept("/v1/track", Event::track("x").user("one").id("m-1")).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    server.home.write(&with(8, "").text());
    let shown = || server.admin.get("/api/v1/destinations/hooks");
    let is_set = |all: &Value| all.to_string().contains(r#""maxAttempts":8"#);
    eventually("it is set", shown, is_set).await;
    server.accept("/v1/track", Event::track("x").user("two").id("m-2")).await;
    let read = || server.admin.destination("hooks");
    eventually("its event was read", read, |one| one.waiting == 2).await;
    assert_eq!(endpoint.received().len(), 1);
    server.home.write(&with(8, "another").text());
    endpoint.wait_for(3).await;
    server.stop().await;
}
