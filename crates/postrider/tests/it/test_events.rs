//! Test events: straight to a destination, with everything that came of it; and the requests of real
//! attempts, made again.

use futures_util::stream::{FuturesUnordered, StreamExt};
use postrider::config::Config;
use serde_json::{Value, json};
use testkit::{
    Answer, Endpoint, Event, Gate, Received, Refusing, Reply, Request, Webhook, Workspace,
    eventually,
};

use crate::harness::{Admin, Server, ms, problem};

const SIGNED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn track() -> Value {
    json!({"type": "track", "userId": "u1", "event": "Order Completed", "properties": {"n": 1}})
}

/// What comes of an event that is sent straight to a destination.
async fn test(admin: Admin, id: &str, event: &Value) -> Value {
    let target = format!("/api/v1/destinations/{id}/test-events");
    let answer = admin.post(&target, &json!({"event": event})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Holds the request that the API shows against the one that came: the same but for secrets, and for
/// what frames a body.
#[track_caller]
fn is_the_same(shown: &Value, received: &Received, secrets: &[&str]) {
    assert_eq!(shown["method"], received.method, "{shown}");
    assert!(shown["url"].as_str().expect("a URL").ends_with(&received.target), "{shown}");
    let body = (&shown["body"], &shown["body_bytes"], &shown["cut"]);
    assert_eq!(body, (&json!(received.text()), &json!(received.body.len()), &json!(false)));
    let headers = shown["headers"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut names: Vec<_> = headers.iter().map(|one| text(&one["name"])).collect();
    names.sort();
    let framing = ["content-length", "transfer-encoding"];
    let came = received.headers.iter().map(|(name, _)| name.clone());
    let mut came: Vec<_> = came.filter(|name| !framing.contains(&name.as_str())).collect();
    came.sort();
    assert_eq!(names, came);
    for one in headers {
        let (name, value) = (text(&one["name"]), text(&one["value"]));
        let is_secret = secrets.contains(&name.as_str());
        assert_eq!(one["secret"], is_secret, "{one}");
        assert_eq!(received.header(&name) == Some(value.as_str()), !is_secret, "{one}");
    }
}

/// What stands in the place of a header's value.
#[track_caller]
fn mark(shown: &Value, name: &str) -> String {
    let headers = shown["headers"].as_array().expect("a list");
    let found = headers.iter().find(|one| one["name"] == name).expect("the header");
    found["value"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_test_event_goes_straight_and_is_told_whole_and_counted_nowhere() {
    let endpoint = Endpoint::start(|_| Reply::status(202)).await;
    let webhook = Webhook::new("hooks", &endpoint.url("/in?a=1"))
        .header("x-key", "Bearer s3cret-of-the-shop")
        .own(json!({"signing": {"keys": [{"secret": SIGNED}]}}));
    let server = Server::start(&Workspace::of_app().webhook(webhook)).await;
    let told = test(server.admin, "hooks", &track()).await;
    let received = endpoint.wait_for(1).await.remove(0);
    assert_eq!(received.id(), told["message_id"].as_str().expect("an id"));
    assert!(received.id().starts_with("test-"), "{told}");
    assert_eq!(received.header("postrider-replay"), Some("test"));
    assert!(received.text().contains("\"receivedAt\":"), "stamped as at intake: {told}");
    is_the_same(&told["result"]["request"], &received, &["x-key", "webhook-signature"]);
    assert_eq!(mark(&told["result"]["request"], "x-key"), "[secret …shop]");
    let result = &told["result"];
    assert_eq!((&result["delivered"], &result["status"]), (&json!(true), &json!(202)), "{told}");
    assert_eq!(result["remote"], endpoint.address().to_string());
    assert!(result["phases"]["connect_us"].is_u64(), "{told}");
    assert!(result["phases"]["first_byte_us"].is_u64() && result["answer"].is_object(), "{told}");
    assert_eq!(told["away"], Value::Null);
    let passes = json!([{
        "connection": "app-hooks", "source": "app", "enabled": true, "passes": true,
        "reason": null, "sentence": "", "advice": "",
    }]);
    assert_eq!(told["connections"], passes);

    let nothing = |list: &Value, name: &str| assert_eq!(list[name], json!([]), "{list}");
    nothing(&server.admin.get("/api/v1/attempts").await, "attempts");
    nothing(&server.admin.get("/api/v1/events").await, "events");
    let status = server.admin.destination("hooks").await;
    assert_eq!((server.admin.accepted().await, status.finished(), status.waiting), (0, 0, 0));
    let points = server.admin.get("/api/v1/series").await;
    let points = points["points"].as_array().expect("points").clone();
    let is_empty = |point: &Value| point["delivered_first_try"] == 0 && point["accepted"] == 0;
    assert!(points.iter().all(is_empty), "{points:?}");
    // A real one is the first, and looks the same.
    server.accept("/v1/track", Event::track("x").user("u")).await;
    server.admin.wait_until_finished("hooks", 1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_test_event_is_judged_by_every_rule_and_sent_all_the_same() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::default();
    let server = Server::tuned(&workspace, |config| config.workspace = None).await;
    let make = async |path: &str, object: Value| {
        let answer = server.admin.post(&format!("/api/v1/{path}"), &object).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    };
    let config = json!({"webhookUrl": endpoint.url("/")});
    make("destinations", json!({"id": "hooks", "type": "WEBHOOK", "config": config})).await;
    for (source, filter) in [
        ("a", json!({"types": ["identify"]})),
        ("b", json!({"events": {"deny": ["Order Completed"]}})),
        ("c", json!({"condition": "properties.n > 1"})),
        ("d", json!({"condition": "properties.n == 1"})),
    ] {
        make("sources", json!({"id": source})).await;
        let ends = json!({"source": source, "destination": "hooks", "filter": filter});
        make("connections", ends).await;
    }
    let verdicts = |told: &Value| -> Vec<(String, Value)> {
        let rows = told["connections"].as_array().expect("a list").iter();
        rows.map(|row| (row["source"].as_str().unwrap().to_owned(), row["reason"].clone()))
            .collect()
    };
    let told = test(server.admin, "hooks", &track()).await;
    let of = |source: &str, reason: Value| (source.to_owned(), reason);
    let want = vec![
        of("a", json!("filtered_type")),
        of("b", json!("filtered_event")),
        of("c", json!("filtered_condition")),
        of("d", Value::Null),
    ];
    assert_eq!(verdicts(&told), want);
    let advice = told["connections"][0]["advice"].as_str().expect("a text");
    assert!(advice.contains("filter's types"), "{advice}");
    assert_eq!(told["result"]["delivered"], true);
    let mut own = track();
    own["integrations"] = json!({"All": false});
    let target = "/api/v1/destinations/hooks/test-events";
    let told = server.admin.post(target, &json!({"event": own, "source": "d"})).await.json();
    assert_eq!(verdicts(&told), [of("d", json!("filtered_integrations"))]);
    assert_eq!(endpoint.wait_for(2).await.len(), 2);
    let off = json!({"enabled": false});
    let patch = Request::new("PATCH", "/api/v1/connections/d-hooks").body(off.to_string());
    assert_eq!(server.admin.0.send(&patch).await.status, 200);
    let told = test(server.admin, "hooks", &track()).await;
    let last = &told["connections"][3];
    assert_eq!((&last["enabled"], &last["passes"]), (&json!(false), &json!(true)), "{told}");
    server.stop().await;
}

#[tokio::test]
async fn a_destination_is_tested_while_it_takes_no_events_and_that_is_said() {
    let endpoint = Endpoint::ok().await;
    let paused = Webhook::new("paused", &endpoint.url("/"));
    let paused = paused.own(json!({"delivery": {"paused": true}}));
    let disabled = Webhook::new("disabled", &endpoint.url("/")).disabled();
    let server = Server::start(&Workspace::of_app().webhook(paused).webhook(disabled)).await;
    for away in ["paused", "disabled"] {
        let told = test(server.admin, away, &track()).await;
        assert_eq!((&told["away"], &told["result"]["delivered"]), (&json!(away), &json!(true)));
    }
    assert_eq!(endpoint.received().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_test_that_fails_says_why_and_what_to_do() {
    let silent = Endpoint::start(|_| Reply::Never).await;
    let broken = Endpoint::start(|_| Reply::status(503)).await;
    let refusing = Refusing::new();
    let workspace = Workspace::of_app()
        .posts_to("private", "http://10.1.2.3/")
        .posts_to("refusing", &refusing.url("/"))
        .posts_to("silent", &silent.url("/"))
        .posts_to("broken", &broken.url("/"));
    let tune = |config: &mut Config| config.delivery.timeout = ms(300);
    let server = Server::tuned(&workspace, tune).await;
    for (id, reason, status) in [
        ("private", "blocked_address", 0),
        ("refusing", "connect_refused", 0),
        ("silent", "timeout", 0),
        ("broken", "server_error", 503),
    ] {
        let told = test(server.admin, id, &track()).await;
        let result = &told["result"];
        assert_eq!((&result["reason"], &result["status"]), (&json!(reason), &json!(status)));
        assert_eq!(result["delivered"], false);
        for text in ["sentence", "advice", "detail"] {
            assert_ne!(result[text], "", "{id}: {text}");
        }
        assert!(result["request"]["url"].is_string(), "{told}");
    }
    let told = test(server.admin, "silent", &track()).await;
    assert_eq!(told["result"]["detail"], "no answer within 0.3 s", "the deadline of deliveries");
    let elsewhere = json!({
        "type": "track", "userId": "u", "event": "x", "fullPath": "http://elsewhere.test/",
    });
    let told = test(server.admin, "broken", &elsewhere).await;
    assert_eq!(told["result"]["reason"], "dynamic_url_refused", "{told}");
    assert_eq!(told["result"]["request"], Value::Null);
    assert_eq!(broken.received().len(), 1, "nothing was sent");
    let target = "/api/v1/destinations/broken/test-events";
    let refused = async |body: Value| server.admin.post(target, &body).await;
    problem(&refused(json!({"event": {"type": "track"}})).await, 422, "missing_id");
    problem(&refused(json!({"event": 1, "more": 2})).await, 422, "bad_test");
    problem(&refused(json!({"event": track(), "source": "nobody"})).await, 404, "no_source");
    let nowhere = "/api/v1/destinations/nowhere/test-events";
    let answer = server.admin.post(nowhere, &json!({"event": track()})).await;
    problem(&answer, 404, "no_destination");
    server.stop().await;
}

#[tokio::test]
async fn only_so_many_tests_are_under_way_at_a_time() {
    let gate = Gate::closed();
    let own = gate.clone();
    let endpoint = Endpoint::start(move |_| Reply::status(200).after(&own)).await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let body = json!({"event": track()});
    let one = || server.admin.post("/api/v1/destinations/hooks/test-events", &body);
    let mut answers: FuturesUnordered<_> = (0..20).map(|_| one()).collect();
    let first: Answer = answers.next().await.expect("an answer");
    problem(&first, 429, "busy");
    endpoint.wait_for_connections(8).await;
    gate.open();
    let rest: Vec<Answer> = answers.collect().await;
    let went = rest.iter().filter(|answer| answer.status == 200).count();
    assert!((8..=16).contains(&went), "{went}");
    assert!(rest.iter().all(|answer| matches!(answer.status, 200 | 429)));
    server.stop().await;
}

#[tokio::test]
async fn there_is_a_sample_of_each_type_and_each_can_be_sent() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let listed = server.admin.get("/api/v1/test-events/samples").await;
    let samples = listed["samples"].as_array().expect("a list");
    for sample in samples {
        let told = test(server.admin, "hooks", &sample["event"]).await;
        assert_eq!(told["result"]["delivered"], true, "{told}");
        let wish = json!({"source": "app", "event": sample["event"]});
        let answer = server.admin.post("/api/v1/test-events", &wish).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    endpoint.wait_for(2 * samples.len()).await;
    server.stop().await;
}

/// The request of an attempt, made again.
async fn rebuilt(admin: Admin, attempt: &str) -> Value {
    let (attempt, query) = attempt.split_once('?').unwrap_or((attempt, ""));
    admin.get(&format!("/api/v1/deliveries/hooks/{attempt}/request?{query}")).await
}

async fn change(admin: Admin, method: &str, patch: &Value) -> Value {
    let request = Request::new(method, "/api/v1/destinations/hooks").body(patch.to_string());
    let answer = admin.0.send(&request).await;
    assert!(matches!(answer.status, 200 | 204), "{}", answer.text());
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

#[tokio::test]
async fn the_request_of_an_attempt_is_made_again_from_the_event_and_the_version_of_then() {
    let old = Endpoint::start(|_| Reply::status(503)).await;
    let new = Endpoint::ok().await;
    let server = Server::tuned(&Workspace::default(), |config| {
        config.workspace = None;
        // It is tried again when somebody wants it, and not before.
        config.delivery.retry_min_backoff = ms(600_000);
        config.delivery.retry_max_backoff = ms(600_000);
    })
    .await;
    let header = |value: &str| json!([{"from": "X-Key", "to": value}]);
    let made = json!({
        "id": "hooks", "type": "WEBHOOK",
        "config": {"webhookUrl": old.url("/old"), "headers": header("Bearer first-of-the-keys")},
        "postrider": {"signing": {"keys": [{"secret": SIGNED}]}},
    });
    let first = server.admin.post("/api/v1/destinations", &made).await.json();
    server.admin.post("/api/v1/sources", &json!({"id": "app", "writeKey": "key-app"})).await;
    let ends = json!({"source": "app", "destination": "hooks"});
    server.admin.post("/api/v1/connections", &ends).await;
    let post = || server.post("/v1/track", Event::track("x").user("u").id("m"));
    eventually("the key is known", post, |answer| answer.status == 200).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    let secrets = ["x-key", "webhook-signature"];
    let now = rebuilt(server.admin, "1/attempts/1").await;
    assert_eq!((&now["version"], &now["current"]), (&first["version"], &json!(true)), "{now}");
    is_the_same(&now["request"], &old.received()[0], &secrets);

    let patch = json!({"config": {
        "webhookUrl": new.url("/new"), "headers": header("Bearer second-of-the-tokens"),
    }});
    let second = change(server.admin, "PATCH", &patch).await;
    let then = rebuilt(server.admin, "1/attempts/1").await;
    assert_eq!((&then["version"], &then["current"]), (&first["version"], &json!(false)));
    is_the_same(&then["request"], &old.received()[0], &secrets);
    assert_eq!(then["request"], now["request"], "the same of its secrets, too");
    assert_eq!(mark(&then["request"], "x-key"), "[secret …keys]");

    // An edit holds from a moment after its answer on.
    let others = async || {
        server.accept("/v1/track", Event::track("x").user("v")).await;
        new.received().len()
    };
    eventually("the edit holds", others, |count| *count > 0).await;
    let of_it = || new.received().into_iter().filter(|one| one.id() == "m").collect::<Vec<_>>();
    let retry = async || {
        server.admin.post("/api/v1/deliveries/hooks/1/retry", &Value::Null).await;
        of_it().len()
    };
    eventually("the second attempt", retry, |count| *count > 0).await;
    server.admin.wait_for_attempts("destination=hooks&seq=1", 2).await;
    let again = rebuilt(server.admin, "1/attempts/2").await;
    assert_eq!((&again["version"], &again["current"]), (&second["version"], &json!(true)));
    is_the_same(&again["request"], &of_it()[0], &secrets);
    assert_eq!(mark(&again["request"], "webhook-attempt"), "2");

    let resend = "/api/v1/destinations/hooks/deliveries/1/resend";
    let replay = server.admin.post(resend, &Value::Null).await.json()["id"].clone();
    server.admin.wait_for_attempts("destination=hooks&seq=1", 3).await;
    let resent = rebuilt(server.admin, &format!("1/attempts/1?replay={replay}")).await;
    is_the_same(&resent["request"], &of_it()[1], &secrets);
    let missing = ["1/attempts/3", "1/attempts/2?replay=1", "999/attempts/1"];
    for path in missing {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let target = format!("/api/v1/deliveries/hooks/{path}/request?{query}");
        problem(&server.admin.0.get(&target).await, 404, "no_attempt");
    }

    change(server.admin, "DELETE", &Value::Null).await;
    let after = rebuilt(server.admin, "1/attempts/2").await;
    assert_eq!((&after["version"], &after["current"]), (&second["version"], &json!(false)));
    assert_eq!(after["request"], again["request"], "though the destination is gone");
    server.stop().await;
}
