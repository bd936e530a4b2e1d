//! A workspace file that changes while the server runs.

use serde_json::json;
use testkit::{Endpoint, Event, Received, Reply, Workspace, eventually};

use crate::harness::{Home, Server};
use crate::process::Process;

fn event(id: &str) -> Event {
    Event::track("x").user("u").id(id)
}

async fn wait_for_destinations(server: &Server, ids: &[&str]) {
    let applied = |status: &serde_json::Value| {
        let shown = status["destinations"].as_array().expect("a list");
        shown.iter().map(|one| one["id"].as_str().expect("an id")).eq(ids.iter().copied())
    };
    let what = format!("destinations {ids:?}");
    eventually(&what, || server.admin.get("/api/v1/status"), applied).await;
}

fn ids(received: &[std::sync::Arc<Received>]) -> Vec<String> {
    received.iter().map(|one| one.id()).collect()
}

#[tokio::test]
async fn a_changed_workspace_file_applies_without_a_restart() {
    let (first, second) = (Endpoint::ok().await, Endpoint::ok().await);
    let workspace = Workspace::of_app().posts_to("first", &first.url("/"));
    let server = Server::start(&workspace).await;
    server.accept("/v1/track", event("before")).await;
    first.wait_for(1).await;
    server.home.write(&workspace.clone().posts_to("second", &second.url("/")).text());
    wait_for_destinations(&server, &["first", "second"]).await;
    server.accept("/v1/track", event("after")).await;
    assert_eq!(ids(&second.wait_for(1).await), ["after"], "only events from then on");
    assert_eq!(ids(&first.wait_for(2).await), ["before", "after"]);

    server.home.write(&Workspace::of_app().posts_to("second", &second.url("/")).text());
    server.controls.reload.ask();
    wait_for_destinations(&server, &["second"]).await;
    server.accept("/v1/track", event("last")).await;
    assert_eq!(ids(&second.wait_for(2).await), ["after", "last"]);
    server.stop().await;
    assert_eq!(first.received().len(), 2, "a destination that was taken out gets nothing");
}

#[tokio::test]
async fn a_changed_url_applies_to_what_waits() {
    let wrong = Endpoint::start(|_| Reply::status(503)).await;
    let right = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &wrong.url("/"))).await;
    server.accept("/v1/track", event("m-1")).await;
    server.accept("/v1/track", event("m-2")).await;
    wrong.wait_for(2).await;
    server.home.write(&Workspace::of_app().posts_to("hooks", &right.url("/")).text());
    server.controls.reload.ask();
    assert_eq!(ids(&right.wait_for(2).await), ["m-1", "m-2"]);
    server.admin.wait_until_finished("hooks", 2).await;
    server.stop().await;
    assert!(wrong.received().iter().all(|one| one.id() == "m-1"));
}

#[tokio::test]
async fn sources_and_keys_follow_the_file() {
    let server = Server::start(&Workspace::of_app()).await;
    server.accept("/v1/track", event("m")).await;
    server.home.write(&Workspace::default().disabled_source("app").source("new").text());
    server.controls.reload.ask();
    let post = |key: &'static str| server.gateway.post("/v1/track", key, event("m"));
    let answer = eventually("the new key", || post("key-new"), |answer| answer.status == 200).await;
    assert_eq!(answer.text(), "ok");
    assert_eq!(post("key-app").await.text(), "source is disabled\n");
    server.stop().await;
}

#[tokio::test]
async fn a_broken_workspace_file_keeps_the_old_catalog() {
    let (old, new) = (Endpoint::ok().await, Endpoint::ok().await);
    let workspace = Workspace::of_app().posts_to("hooks", &old.url("/"));
    let home = Home::new(&workspace);
    let process = Process::start(&home, &[]).await;
    process.wait_for_log("workspace file applied").await;
    let post = |id: &str| process.gateway.post("/v1/track", "key-app", event(id));
    home.write("{\n  \"sources\": 7\n}");
    process.signal("HUP").await;
    let place = format!("{}:2: sources: is a number", home.text_path("workspace.json"));
    process.wait_for_log(&place).await;
    assert_eq!(post("m-1").await.status, 200);
    assert_eq!(ids(&old.wait_for(1).await), ["m-1"]);
    std::fs::remove_file(home.path("workspace.json")).expect("it was there");
    process.signal("HUP").await;
    process.wait_for_log("cannot read workspace file").await;
    assert_eq!(post("m-2").await.status, 200);
    assert_eq!(ids(&old.wait_for(2).await), ["m-1", "m-2"]);
    home.write(&Workspace::of_app().posts_to("hooks", &new.url("/")).text());
    process.signal("HUP").await;
    process.wait_for_log("workspace file applied").await;
    assert_eq!(post("m-3").await.status, 200);
    assert_eq!(ids(&new.wait_for(1).await), ["m-3"], "a mended file is taken");
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_destination_of_an_unknown_type_is_skipped_and_the_others_work() {
    let endpoint = Endpoint::ok().await;
    let foreign = json!({
        "id": "ga", "name": "Analytics", "enabled": true,
        "destinationDefinition": { "name": "GA" }, "config": { "trackingID": "UA-1" },
    });
    let workspace = Workspace::of_app().destination(foreign).posts_to("hooks", &endpoint.url("/"));
    let home = Home::new(&workspace);
    let process = Process::start(&home, &[]).await;
    process.wait_for_log("type \"GA\" is not known").await;
    assert_eq!(process.gateway.post("/v1/track", "key-app", event("m")).await.status, 200);
    assert_eq!(ids(&endpoint.wait_for(1).await), ["m"]);
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
}
