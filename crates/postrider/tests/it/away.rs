//! Destinations that are paused, disabled or removed: what waits for them, and what does not.

use serde_json::{Value, json};
use testkit::{Endpoint, Event, Refusing, Webhook, Workspace, eventually};

use crate::harness::{Admin, Home, Server, ms};
use crate::process::Process;

fn event(id: &str) -> Event {
    Event::track("x").user("u").id(id)
}

/// A workspace whose only destination is this one.
fn only(webhook: Webhook) -> String {
    Workspace::of_app().webhook(webhook).text()
}

fn paused(url: &str) -> Webhook {
    Webhook::new("hooks", url).own(json!({"delivery": {"paused": true}}))
}

async fn wait_for_state(admin: Admin, state: &str) {
    let is_so = |status: &Value| status["destinations"][0]["state"] == state;
    let what = format!("hooks is {state}");
    eventually(&what, || admin.get("/api/v1/status"), is_so).await;
}

/// Waits until `hooks` is removed, and so much waits for it; what the status says of it.
async fn wait_until_removed(admin: Admin, waiting: u64) -> Value {
    let is_so = |status: &Value| status["removed"][0]["waiting"] == waiting;
    let what = format!("hooks is removed and {waiting} wait");
    let status = eventually(&what, || admin.get("/api/v1/status"), is_so).await;
    status["removed"][0].clone()
}

async fn wait_until_waiting(admin: Admin, count: u64) {
    let what = format!("{count} wait");
    eventually(&what, || admin.destination("hooks"), |one| one.waiting == count).await;
}

fn ids(endpoint: &Endpoint) -> Vec<String> {
    endpoint.received().iter().map(|one| one.id()).collect()
}

#[tokio::test]
async fn a_disabled_destination_keeps_what_waited_and_queues_nothing() {
    let (nobody, endpoint) = (Refusing::new(), Endpoint::ok().await);
    let down = || Webhook::new("hooks", &nobody.url("/"));
    let server = Server::start(&Workspace::of_app().webhook(down())).await;
    server.accept("/v1/track", event("before-1")).await;
    server.accept("/v1/track", event("before-2")).await;
    server.admin.wait_for_attempts("fate=retry", 1).await;
    server.home.write(&only(down().disabled()));
    wait_for_state(server.admin, "disabled").await;
    server.accept("/v1/track", event("meanwhile-1")).await;
    server.admin.wait_until_filtered("hooks", 1).await;
    wait_until_waiting(server.admin, 2).await;

    let server = Server::at(server.stop().await, |_| {}).await;
    server.accept("/v1/track", event("meanwhile-2")).await;
    let filtered = server.admin.wait_until_filtered("hooks", 2).await;
    assert_eq!(filtered.gist(), [("destination_disabled", 2)]);
    wait_until_waiting(server.admin, 2).await;
    let shown = server.admin.get("/api/v1/status").await["destinations"][0].clone();
    assert_eq!((&shown["state"], &shown["queues"]), (&json!("disabled"), &json!(false)));

    server.home.write(&only(Webhook::new("hooks", &endpoint.url("/"))));
    endpoint.wait_for(2).await;
    server.accept("/v1/track", event("after")).await;
    endpoint.wait_for(3).await;
    assert_eq!(ids(&endpoint), ["before-1", "before-2", "after"]);
    assert_eq!(server.admin.destination("hooks").await.filtered.total, 2);
    // Another edit forgets nothing of it: somebody may look for the event as long as it is stored.
    server.home.write(&only(Webhook::new("hooks", &endpoint.url("/again"))));
    let is_said = |one: &Value| {
        let delivery = &one["delivery"];
        delivery["status"] == "filtered" && delivery["reason"] == "destination_disabled"
    };
    for of in [3, 4].map(|seq| format!("/api/v1/deliveries/hooks/{seq}")) {
        eventually("it was passed over", || server.admin.get(&of), is_said).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn what_was_not_read_before_it_was_disabled_is_delivered_after_kills_in_between() {
    let endpoint = Endpoint::ok().await;
    let url = endpoint.url("/");
    let home = Home::new(&Workspace::of_app().webhook(paused(&url)));
    let stages = [
        ("before", only(paused(&url)), "paused"),
        ("meanwhile", only(Webhook::new("hooks", &url).disabled()), "disabled"),
        ("queued", only(paused(&url)), "paused"),
        ("again", only(Webhook::new("hooks", &url).disabled()), "disabled"),
    ];
    for (name, file, state) in stages {
        home.write(&file);
        let process = Process::start(&home, &[]).await;
        wait_for_state(process.admin, state).await;
        for number in 1..=3 {
            let event = event(&format!("{name}-{number}"));
            let answer = process.gateway.post("/v1/track", "key-app", event).await;
            assert_eq!(answer.status, 200);
        }
        process.kill().await;
    }
    home.write(&only(Webhook::new("hooks", &url)));
    let process = Process::start(&home, &[]).await;
    endpoint.wait_for(6).await;
    let expected = ["before-1", "before-2", "before-3", "queued-1", "queued-2", "queued-3"];
    assert_eq!(ids(&endpoint), expected);
    let filtered = process.admin.wait_until_filtered("hooks", 6).await;
    assert_eq!(filtered.gist(), [("destination_disabled", 6)]);
    process.kill().await;
}

#[tokio::test]
async fn a_removed_destination_that_is_put_back_goes_on_where_it_stood() {
    let (nobody, endpoint) = (Refusing::new(), Endpoint::ok().await);
    let down = Workspace::of_app().posts_to("hooks", &nobody.url("/"));
    let server = Server::start(&down).await;
    server.accept("/v1/track", event("before-1")).await;
    server.accept("/v1/track", event("before-2")).await;
    server.admin.wait_for_attempts("fate=retry", 1).await;
    server.home.write(&Workspace::of_app().text());
    let removed = wait_until_removed(server.admin, 2).await;
    assert_eq!((&removed["id"], &removed["name"]), (&json!("hooks"), &json!("hooks")));
    assert!(removed["kept_until"].as_str() > removed["removed_at"].as_str(), "{removed}");
    server.accept("/v1/track", event("meanwhile")).await;

    let server = Server::at(server.stop().await, |_| {}).await;
    let again = wait_until_removed(server.admin, 2).await;
    assert_eq!(again["kept_until"], removed["kept_until"], "a restart gives no more time");
    server.home.write(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")).text());
    endpoint.wait_for(2).await;
    server.accept("/v1/track", event("after")).await;
    endpoint.wait_for(3).await;
    assert_eq!(ids(&endpoint), ["before-1", "before-2", "after"]);
    let filtered = server.admin.wait_until_filtered("hooks", 1).await;
    assert_eq!(filtered.gist(), [("destination_removed", 1)]);
    assert_eq!(server.admin.get("/api/v1/status").await["removed"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn what_waits_for_a_removed_destination_is_given_up_when_its_time_is_over() {
    let (nobody, endpoint) = (Refusing::new(), Endpoint::ok().await);
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &nobody.url("/"))).await;
    server.accept("/v1/track", event("tried")).await;
    server.admin.wait_for_attempts("fate=retry", 1).await;
    server.home.write(&only(paused(&nobody.url("/"))));
    wait_for_state(server.admin, "paused").await;
    server.accept("/v1/track", event("not-read")).await;
    wait_until_waiting(server.admin, 2).await;
    server.home.write(&Workspace::of_app().text());
    wait_until_removed(server.admin, 2).await;

    let tune = |config: &mut postrider::config::Config| config.delivery.keep_removed = ms(1);
    let server = Server::at(server.stop().await, tune).await;
    let is_forgotten = |status: &Value| status["removed"] == json!([]);
    eventually("it is forgotten", || server.admin.get("/api/v1/status"), is_forgotten).await;
    let gave_up = server.admin.attempts("destination=hooks&fate=gave_up").await;
    let shown: Vec<_> = gave_up.iter().map(|one| (one.seq, one.reason.as_str())).collect();
    assert_eq!(shown, [(1, "removed_for_good")]);

    server.home.write(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")).text());
    wait_for_state(server.admin, "active").await;
    server.accept("/v1/track", event("new")).await;
    endpoint.wait_for(1).await;
    let hooks = server.admin.wait_until_finished("hooks", 2).await;
    assert_eq!((hooks.gave_up, hooks.delivered_first_try), (1, 1));
    assert_eq!(hooks.filtered.gist(), [("removed_for_good", 1)]);
    server.stop().await;
    assert_eq!(ids(&endpoint), ["new"]);
}

#[tokio::test]
async fn a_paused_destination_says_how_long_its_first_event_has_waited() {
    let nobody = Refusing::new();
    let server = Server::start(&Workspace::of_app().webhook(paused(&nobody.url("/")))).await;
    wait_for_state(server.admin, "paused").await;
    server.accept("/v1/track", event("first")).await;
    let name = r#"postrider_oldest_waiting_seconds{destination="hooks"} "#;
    let has_an_age = |text: &String| {
        let age = text.lines().find_map(|line| line.strip_prefix(name)).expect("it is told");
        age.parse::<f64>().expect("a number") > 0.0
    };
    let scrape = async || server.admin.0.get("/metrics").await.text().to_owned();
    eventually("its age is told", scrape, has_an_age).await;
    server.stop().await;
}
