//! Watching what happens, as it happens.

use serde_json::{Value, json};
use testkit::{Endpoint, Event, Feed, Gate, Reply, Request, Workspace, within};

use crate::harness::{Home, Server, ms, problem};
use crate::process::Process;

/// What tells one event from another.
fn gist(row: &Value) -> [&Value; 6] {
    ["source", "type", "name", "user_id", "anonymous_id", "message_id"].map(|name| &row[name])
}

async fn follow(server: &Server, query: &str) -> Feed {
    server.admin.0.follow(&format!("/api/v1/live?{query}")).await
}

#[tokio::test]
async fn a_viewer_sees_an_event_come_and_what_becomes_of_it() {
    let gate = Gate::closed();
    let held = gate.clone();
    let endpoint = Endpoint::start(move |_| Reply::status(200).after(&held)).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    let mut feed = follow(&server, "").await;
    let event = Event::track("Paid").user("u1").anonymous("a1").id("m1");
    server.accept("/v1/track", event.with("properties", json!({"card": "4111"}))).await;
    let shown = feed.next().await;
    let whole = json!(["app", "track", "Paid", "u1", "a1", "m1"]);
    assert_eq!((shown.name.as_str(), json!(gist(&shown.data))), ("event", whole.clone()));
    assert_eq!(shown.data["seq"], 1);
    assert!(shown.data["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{shown:?}");
    gate.open();
    let followed = feed.next().await;
    assert_eq!((followed.name.as_str(), json!(gist(&followed.data))), ("delivery", whole));
    let state = ["seq", "destination", "status", "http_status", "reason", "attempt"];
    let state = state.map(|name| followed.data[name].clone());
    assert_eq!(json!(state), json!([1, "hooks", "delivered", 200, "", 1]));
    assert_eq!(followed.data["next_try_at"], Value::Null);
    assert!(followed.data["duration_us"].as_u64().is_some_and(|us| us > 0));
    assert!(!format!("{shown:?}{followed:?}").contains("4111"), "a payload is no row");
}

#[tokio::test]
async fn a_delivery_that_fails_says_why_and_when_it_is_tried_again() {
    let endpoint = Endpoint::script([Reply::status(503), Reply::status(200)]).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| {
        (config.delivery.retry_min_backoff, config.delivery.retry_max_backoff) = (ms(150), ms(150));
    })
    .await;
    let mut failures = follow(&server, "status=failed").await;
    let mut all = follow(&server, "destination=hooks").await;
    server.accept("/v1/track", Event::track("Paid").user("u1")).await;
    for feed in [&mut failures, &mut all] {
        let row = feed.next_of("delivery").await.data;
        let state = ["status", "http_status", "reason", "attempt", "name", "user_id"];
        let state = state.map(|name| row[name].clone());
        assert_eq!(json!(state), json!(["scheduled", 503, "server_error", 1, "Paid", "u1"]));
        assert!(row["sentence"].as_str().is_some_and(|text| text.ends_with('.')), "{row}");
        assert!(row["next_try_at"].as_str() > row["at"].as_str(), "{row}");
    }
    let row = all.next_of("delivery").await.data;
    assert_eq!((&row["status"], &row["attempt"]), (&json!("delivered"), &json!(2)));
}

#[tokio::test]
async fn refusals_and_filtered_events_are_seen() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    let mut refused = follow(&server, "status=rejected").await;
    let mut filtered = follow(&server, "destination=hooks&status=filtered").await;
    let answer = server.post("/v1/track", r#"{"event":"x","secret":"tell nobody"}"#).await;
    assert_eq!(answer.status, 400);
    let row = refused.next().await;
    let state = ["source", "reason"].map(|name| row.data[name].clone());
    assert_eq!((row.name.as_str(), json!(state)), ("rejected", json!(["app", "missing_id"])));
    assert!(row.data["sentence"].as_str().is_some_and(|text| !text.is_empty()), "{row:?}");
    assert!(!format!("{row:?}").contains("tell nobody"), "a payload is no row");
    let event = Event::track("Kept").user("u1").with("integrations", json!({"All": false}));
    server.accept("/v1/track", event).await;
    let row = filtered.next().await.data;
    let state = ["status", "reason", "name"].map(|name| row[name].clone());
    assert_eq!(json!(state), json!(["filtered", "filtered_integrations", "Kept"]));
}

#[tokio::test]
async fn who_comes_back_sees_what_happened_meanwhile() {
    let server = Server::start(&Workspace::of_app()).await;
    let mut feed = follow(&server, "type=track").await;
    server.accept("/v1/track", Event::track("x").user("u").id("one")).await;
    let one = feed.next_of("event").await;
    drop(feed);
    server.accept("/v1/track", Event::track("x").user("u").id("two")).await;
    let back = Request::new("GET", "/api/v1/live?type=track").header("last-event-id", &one.id);
    let mut feed = server.admin.0.follow_by(&back).await;
    assert_eq!(feed.next().await.data["message_id"], "two");
    // As a browser does that begins anew.
    let mut feed = follow(&server, &format!("type=track&last_event_id={}", one.id)).await;
    assert_eq!(feed.next().await.data["message_id"], "two");
    let mut feed = follow(&server, "type=track&last_event_id=of-another-server-7").await;
    let row = feed.next().await;
    assert_eq!((row.name.as_str(), &row.data), ("missed", &json!({"rows": null})));
}

#[tokio::test]
async fn questions_nobody_can_answer_are_refused() {
    let server = Server::start(&Workspace::of_app()).await;
    for query in ["type=tracks", "status=broken", "sauce=web"] {
        let answer = server.admin.0.get(&format!("/api/v1/live?{query}")).await;
        problem(&answer, 400, "bad_query");
    }
}

#[tokio::test]
async fn an_end_ends_streams_at_once() {
    let endpoint = Endpoint::script([Reply::Never]).await;
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")));
    let process = Process::start(&home, &[]).await;
    let mut feed = process.admin.0.follow("/api/v1/live").await;
    let mut playground = process.admin.0.follow("/api/v1/playgrounds/demo/live").await;
    let answer = process.gateway.post("/v1/track", "key-app", Event::track("x").user("u")).await;
    assert_eq!(answer.status, 200);
    feed.next_of("event").await;
    endpoint.wait_for(1).await;
    process.signal("TERM").await;
    let ended = within("the end of the streams", async {
        while feed.try_next().await.is_ok_and(|row| row.is_some()) {}
        playground.try_next().await.is_ok_and(|row| row.is_none())
    });
    assert!(ended.await, "well, and not cut off");
    // Its attempt is still under way: nothing else has ended.
    drop(process);
}

#[tokio::test]
async fn a_composed_event_goes_the_whole_way() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    let mut feed = follow(&server, "").await;
    let event = json!({"type": "page", "name": "Home", "userId": "u1"});
    let send = async |event: Value, source: &str| {
        let wish = json!({"source": source, "event": event});
        server.admin.post("/api/v1/test-events", &wish).await
    };
    let answer = send(event, "app").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["message_id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("test-"), "{id}");
    let row = feed.next_of("event").await.data;
    assert_eq!((&row["message_id"], &row["name"]), (&json!(id), &json!("Home")));
    assert_eq!(endpoint.wait_for(1).await[0].id(), id);
    problem(&send(json!({"type": "page"}), "app").await, 422, "missing_id");
    assert_eq!(feed.next_of("rejected").await.data["reason"], "missing_id");
    problem(&send(json!({"type": "page", "userId": "u"}), "nobody").await, 404, "no_source");
}
