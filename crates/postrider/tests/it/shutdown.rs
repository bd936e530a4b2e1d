//! The end: orderly at the first signal, at once at the second.

use testkit::{Endpoint, Event, Gate, Reply, Request, Workspace, eventually};

use crate::harness::{Home, Server};
use crate::process::Process;

fn event(id: &str) -> Event {
    Event::track("x").user(id).id(id)
}

#[tokio::test]
async fn sigterm_drains_and_exits_0() {
    let gate = Gate::closed();
    let held = gate.clone();
    let endpoint = Endpoint::start(move |_| Reply::status(200).after(&held)).await;
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")));
    let process = Process::start(&home, &[]).await;
    // One attempt is under way at the endpoint, and one request at the gateway.
    assert_eq!(process.gateway.post("/v1/track", "key-app", event("first")).await.status, 200);
    endpoint.wait_for(1).await;
    let late = Request::new("POST", "/v1/track").key("key-app").header("expect", "100-continue");
    let late = late.body(event("late")).to_bytes();
    let (most, last) = late.split_at(late.len() - 1);
    let mut connection = process.gateway.connect().await;
    connection.write(most).await.expect("it is taken");
    connection.wait_for_continue().await;
    let mut idle = process.gateway.connect().await;
    idle.ask(&Request::new("GET", "/health")).await.expect("an answer");

    process.signal("TERM").await;
    process.wait_for_log("draining").await;
    // Until the attempt has ended, events are taken, and balancers are told to go elsewhere.
    let health = async || process.gateway.get("/health").await;
    let health = eventually("the end has begun", health, |health| health.status == 503).await;
    assert_eq!(health.json()["server"], "ENDING");
    assert_eq!(process.gateway.post("/v1/track", "key-app", event("meanwhile")).await.status, 200);
    gate.open();
    assert!(idle.answer().await.is_ok_and(|answer| answer.is_none()), "idle ones are closed");
    connection.write(last).await.expect("it is taken");
    let answer = connection.answer().await.expect("HTTP").expect("an answer");
    assert_eq!((answer.status, answer.text()), (200, "ok"), "what was begun is finished");
    let gateway = process.gateway;
    assert_eq!(process.exit_code().await, Some(0));
    assert!(gateway.try_connect().await.is_err());

    let process = Process::start(&home, &[]).await;
    endpoint.wait_until("the late event", |all| all.iter().any(|one| one.id() == "late")).await;
    process.admin.wait_until_finished("hooks", 3).await;
    process.signal("INT").await;
    assert_eq!(process.exit_code().await, Some(0));
    let mut ids: Vec<_> = endpoint.received().iter().map(|one| one.id()).collect();
    ids.sort();
    assert_eq!(ids, ["first", "late", "meanwhile"], "nothing is sent twice after an orderly end");
}

#[tokio::test]
async fn the_second_signal_ends_at_once() {
    let endpoint = Endpoint::script([Reply::Never, Reply::status(200)]).await;
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")));
    let process = Process::start(&home, &["--delivery-timeout", "10m"]).await;
    assert_eq!(process.gateway.post("/v1/track", "key-app", event("m")).await.status, 200);
    endpoint.wait_for(1).await;
    process.signal("TERM").await;
    process.wait_for_log("a signal ends at once").await;
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(130));
    let process = Process::start(&home, &[]).await;
    let ids: Vec<_> = endpoint.wait_for(2).await.iter().map(|one| one.id()).collect();
    assert_eq!(ids, ["m", "m"], "what was cut off is sent again");
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
}

#[tokio::test]
async fn an_attempt_that_outlasts_the_grace_is_made_again_after_the_next_start() {
    let endpoint = Endpoint::script([Reply::Never, Reply::status(200)]).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        config.shutdown.grace = crate::harness::ms(50);
        config.delivery.timeout = crate::harness::ms(600_000);
    })
    .await;
    server.accept("/v1/track", event("m")).await;
    endpoint.wait_for(1).await;
    let home = server.stop().await;
    let server = Server::at(home, |_| {}).await;
    let ids: Vec<_> = endpoint.wait_for(2).await.iter().map(|one| one.id()).collect();
    assert_eq!(ids, ["m", "m"]);
    server.admin.wait_until_finished("hooks", 1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_outlasts_the_grace_is_cut_off() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.shutdown.grace = crate::harness::ms(50);
        config.intake.body_timeout = crate::harness::ms(600_000);
        config.intake.body_grace = crate::harness::ms(600_000);
    })
    .await;
    let request = Request::new("POST", "/v1/track").key("key-app").header("expect", "100-continue");
    let request = request.body(event("m")).to_bytes();
    let mut connection = server.gateway.connect().await;
    connection.write(&request[..request.len() - 1]).await.expect("it is taken");
    connection.wait_for_continue().await;
    server.stop().await;
    assert!(matches!(connection.answer().await, Ok(None) | Err(_)), "nobody has answered");
}
