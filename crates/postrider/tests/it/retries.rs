//! What becomes of a delivery that failed.

use std::time::Duration;

use domain::delivery::policy::Preset;
use testkit::{Answer, Endpoint, Event, Reply, Workspace};

use crate::harness::{Attempt, Server, ms};

/// An answer after which the next attempt has a connection of its own.
fn closing(status: u16) -> Answer {
    Answer::of_status(status).header("connection", "close")
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_with_backoff() {
    let slower = closing(429).header("Retry-After", "1");
    let endpoint = Endpoint::script([
        Reply::Answer(closing(503)),
        Reply::Answer(slower),
        Reply::Answer(closing(408)),
        Reply::Reset,
        Reply::Close,
        Reply::Answer(closing(599)),
        Reply::Answer(closing(204)),
    ])
    .await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        config.delivery.retry_min_backoff = ms(20);
        config.delivery.retry_max_backoff = ms(100);
    })
    .await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    let received = endpoint.wait_for(7).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 7).await;
    let gists: Vec<_> = attempts.iter().map(Attempt::gist).collect();
    assert_eq!(
        gists,
        [
            (1, 503, "retry", "server_error"),
            (2, 429, "retry", "throttled"),
            (3, 408, "retry", "timeout"),
            (4, 0, "retry", "reset"),
            (5, 0, "retry", "reset"),
            (6, 599, "retry", "server_error"),
            (7, 204, "delivered", ""),
        ]
    );
    assert_eq!(attempts[0].detail, "status 503");
    let waits: Vec<Duration> = received.windows(2).map(|two| two[1].at - two[0].at).collect();
    for (wait, least) in waits.iter().zip([20, 1_000, 40, 50, 20, 20]) {
        assert!(*wait >= ms(least), "{least} ms at least: {waits:?}");
    }
    let state = server.admin.wait_until_finished("hooks", 1).await;
    assert_eq!((state.delivered_first_try, state.delivered_on_retry), (0, 1));
    server.stop().await;
    assert!(received.iter().all(|one| one.body == received[0].body), "the same bytes each time");
}

#[tokio::test]
async fn a_permanent_refusal_gives_up_and_the_users_line_goes_on() {
    let elsewhere = Endpoint::ok().await;
    let (place, location) = (elsewhere.url("/…"), elsewhere.url("/new"));
    let endpoint = Endpoint::start(move |received| match &*received.id() {
        "bad" => Reply::status(400),
        "gone" => Reply::status(404),
        "moved" => Reply::Answer(Answer::of_status(302).header("Location", &location)),
        "moved-for-good" => Reply::Answer(Answer::of_status(308).header("Location", &location)),
        _ => Reply::status(200),
    })
    .await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        config.delivery.retry_preset = Preset::Rudderstack;
    })
    .await;
    for id in ["bad", "gone", "moved", "moved-for-good", "fine"] {
        server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
    }
    let attempts = server.admin.wait_for_attempts("destination=hooks", 5).await;
    let gists: Vec<_> = attempts.iter().map(Attempt::gist).collect();
    assert_eq!(
        gists,
        [
            (1, 400, "gave_up", "client_error"),
            (1, 404, "gave_up", "client_error"),
            (1, 302, "gave_up", "redirect"),
            (1, 308, "gave_up", "redirect"),
            (1, 200, "delivered", ""),
        ]
    );
    assert!(attempts[2].detail.contains(&place), "the detail names the place: {attempts:?}");
    assert_eq!(server.admin.wait_until_finished("hooks", 5).await.gave_up, 4);
    let gave_up = server.admin.attempts("fate=gave_up").await;
    assert_eq!(gave_up.len(), 4, "what was given up can be listed");
    server.stop().await;
    assert_eq!(elsewhere.connections(), 0, "redirects are not followed");
    assert_eq!(endpoint.received().len(), 5);
}

#[tokio::test]
async fn an_old_failing_delivery_is_given_up_and_says_so() {
    let endpoint =
        Endpoint::start(|received| Reply::status(if received.id() == "lost" { 500 } else { 200 }))
            .await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| config.delivery.retry_max_age = ms(100)).await;
    server.accept("/v1/track", Event::track("x").user("u").id("lost")).await;
    server.accept("/v1/track", Event::track("x").user("u").id("next")).await;
    let state = server.admin.wait_until_finished("hooks", 2).await;
    assert_eq!((state.gave_up, state.delivered_first_try), (1, 1));
    let gave_up = server.admin.attempts("fate=gave_up").await;
    let (number, status, _, reason) = gave_up[0].gist();
    assert_eq!((status, reason), (500, "server_error"));
    assert!(number > 1, "it was tried again before");
    server.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_in_time_is_tried_again() {
    let endpoint = Endpoint::script([Reply::Never, Reply::status(200)]).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| config.delivery.timeout = ms(100)).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 2).await;
    assert_eq!(attempts[0].gist(), (1, 0, "retry", "timeout"));
    assert_eq!(attempts[0].detail, "no answer within 0.1 s");
    assert_eq!(attempts[1].gist(), (2, 200, "delivered", ""));
    server.stop().await;
}
