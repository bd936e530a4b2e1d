//! Replays: what failed, was missed or is wanted once more is delivered again, in order, marked, and
//! beside what comes meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};

use serde_json::{Value, json};
use testkit::{
    Endpoint, Event, Gate, Received, Reply, Request, Webhook, Workspace, batch, eventually,
};

use crate::harness::{Admin, Home, Server, ms, problem};
use crate::process::Process;

const MARK: &str = "postrider-replay";

/// So many events of each of so many users; an id tells both, as in `u-1/7`.
fn events(users: usize, each: usize) -> String {
    let event = |number: usize, user: usize| {
        Event::track("x").user(&format!("u-{user}")).id(&format!("u-{user}/{number}"))
    };
    batch((0..each).flat_map(|number| (0..users).map(move |user| event(number, user))))
}

/// An endpoint that answers with whatever status it is told to.
async fn endpoint(status: u16) -> (Endpoint, Arc<AtomicU16>) {
    let told = Arc::new(AtomicU16::new(status));
    let own = told.clone();
    (Endpoint::start(move |_| Reply::status(own.load(SeqCst))).await, told)
}

fn hooks(endpoint: &Endpoint) -> Workspace {
    Workspace::of_app().posts_to("hooks", &endpoint.url("/"))
}

fn recovery() -> Value {
    json!({"destination": "hooks", "intent": "recover_failed"})
}

/// Makes a replay; its number.
async fn make(admin: Admin, body: &Value) -> u64 {
    let answer = admin.post("/api/v1/replays", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_u64().expect("a number")
}

async fn replay(admin: Admin, id: u64) -> Value {
    admin.get(&format!("/api/v1/replays/{id}")).await
}

/// Waits until a replay is as `holds` says.
async fn wait(admin: Admin, id: u64, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || replay(admin, id), holds).await
}

async fn done(admin: Admin, id: u64) -> Value {
    wait(admin, id, "the replay is done", |one| one["state"] == "done").await
}

/// Changes a replay's state; the answer's status.
async fn turn(admin: Admin, id: u64, how: &str) -> u16 {
    admin.post(&format!("/api/v1/replays/{id}/{how}"), &Value::Null).await.status
}

/// Ids of what came in a replay, in the order of arrival.
fn replayed(received: &[Arc<Received>], id: u64) -> Vec<String> {
    let ours = received.iter().filter(|one| one.header(MARK) == Some(&id.to_string()));
    ours.map(|one| one.id()).collect()
}

/// Checks that each user's first arrivals are in order, and that so many events came.
#[track_caller]
fn in_order(ids: &[String], count: usize) {
    let (mut seen, mut latest) = (BTreeSet::new(), BTreeMap::<&str, usize>::new());
    for id in ids {
        let (user, number) = id.split_once('/').expect("an id of ours");
        let number: usize = number.parse().expect("a number");
        if seen.insert(id) {
            let before = latest.insert(user, number);
            assert!(before.is_none_or(|before| before < number), "{id} comes late: {ids:?}");
        }
    }
    assert_eq!(seen.len(), count, "{ids:?}");
}

#[tokio::test]
async fn what_was_given_up_is_recovered_in_order_while_live_events_go_on() {
    let (endpoint, status) = endpoint(400).await;
    let server = Server::start(&hooks(&endpoint)).await;
    server.accept("/v1/batch", events(5, 20)).await;
    server.admin.wait_until_finished("hooks", 100).await;
    status.store(200, SeqCst);
    let answer = server.admin.post("/api/v1/replays/estimate", &recovery()).await;
    let estimate = answer.json();
    assert_eq!((&estimate["events"], &estimate["users"]), (&json!(100), &json!(5)), "{estimate}");
    assert_eq!((&estimate["complete"], &estimate["concurrency"]), (&json!(true), &json!(16)));
    assert_eq!((&estimate["oldest"]["seq"], &estimate["newest"]["seq"]), (&json!(1), &json!(100)));
    assert_eq!(endpoint.received().len(), 100, "an estimate sends nothing");

    let id = make(server.admin, &recovery()).await;
    let live = batch((0..10).map(|n| Event::track("y").user("live").id(&format!("live/{n}"))));
    server.accept("/v1/batch", live).await;
    let view = done(server.admin, id).await;
    assert_eq!((&view["expected"], &view["delivered"]), (&json!(100), &json!(100)), "{view}");
    let state = server.admin.wait_until_finished("hooks", 110).await;
    assert_eq!((state.gave_up, state.delivered_first_try), (100, 10), "replays are counted apart");
    let received = endpoint.received();
    in_order(&replayed(&received, id), 100);
    let fresh = received.iter().filter(|one| one.id().starts_with("live")).collect::<Vec<_>>();
    assert!(fresh.len() == 10 && fresh.iter().all(|one| one.header(MARK).is_none()));
    let attempts = server.admin.get("/api/v1/attempts?seq=1&destination=hooks").await;
    let fates = attempts["attempts"].as_array().expect("a list").iter();
    let fates: Vec<_> = fates.map(|one| (one["fate"].clone(), one["replay"].clone())).collect();
    assert_eq!(fates, [(json!("delivered"), json!(id)), (json!("gave_up"), Value::Null)]);

    let again = server.admin.post("/api/v1/replays", &recovery()).await;
    problem(&again, 409, "nothing_to_replay");
    server.stop().await;
}

#[tokio::test]
async fn a_replay_goes_on_after_kills_and_restarts() {
    let (endpoint, _) = endpoint(200).await;
    let home = Home::new(&hooks(&endpoint));
    let mut process = Process::start(&home, &[]).await;
    process.gateway.post("/v1/batch", "key-app", events(10, 20)).await;
    process.admin.wait_until_finished("hooks", 200).await;
    let body = json!({"destination": "hooks", "intent": "resend_range", "rate": 50});
    let id = make(process.admin, &body).await;
    for (round, more) in [(1, 60), (2, 120), (3, 160)] {
        let came = |received: &[Arc<Received>]| replayed(received, id).len() >= more;
        endpoint.wait_until("more of the replay", came).await;
        if round == 3 {
            process.signal("TERM").await;
            assert_eq!(process.exit_code().await, Some(0));
        } else {
            process.kill().await;
        }
        process = Process::start(&home, &[]).await;
    }
    let view = done(process.admin, id).await;
    let ids = replayed(&endpoint.received(), id);
    in_order(&ids, 200);
    assert_eq!(view["gave_up"], 0, "{view}");
    assert!(ids.len() < 280, "it did not begin anew: {}", ids.len());
    process.kill().await;
}

#[tokio::test]
async fn a_replay_stands_still_until_it_is_resumed_and_ends_when_it_is_cancelled() {
    let (gate, status) = (Gate::closed(), Arc::new(AtomicU16::new(400)));
    let (own, told) = (gate.clone(), status.clone());
    let endpoint = Endpoint::start(move |received| match received.header(MARK) {
        Some(_) => Reply::status(told.load(SeqCst)).after(&own),
        None => Reply::status(told.load(SeqCst)),
    })
    .await;
    let server = Server::start(&hooks(&endpoint)).await;
    server.accept("/v1/batch", events(30, 1)).await;
    server.admin.wait_until_finished("hooks", 30).await;
    status.store(200, SeqCst);
    let mut body = recovery();
    body["concurrency"] = json!(2);
    let first = make(server.admin, &body).await;
    let second = make(server.admin, &body).await;
    endpoint.wait_for(32).await;
    assert_eq!(replay(server.admin, second).await["state"], "queued", "one after the other");
    // The second one before the first, or it would have its turn in between.
    assert_eq!(turn(server.admin, second, "pause").await, 200);
    assert_eq!(turn(server.admin, first, "pause").await, 200);
    gate.open();
    wait(server.admin, first, "two are settled", |one| one["delivered"] == 2).await;
    server.accept("/v1/track", Event::track("y").user("z").id("live")).await;
    let live = |received: &[Arc<Received>]| received.iter().any(|one| one.id() == "live");
    let received = endpoint.wait_until("a live event", live).await;
    assert_eq!(replayed(&received, first).len(), 2, "it stands still");
    assert_eq!(replay(server.admin, first).await["state"], "paused");
    assert_eq!(turn(server.admin, second, "cancel").await, 200);
    assert_eq!(turn(server.admin, first, "resume").await, 200);
    let view = done(server.admin, first).await;
    assert_eq!(view["delivered"], 30, "{view}");
    in_order(&replayed(&endpoint.received(), first), 30);
    assert!(replayed(&endpoint.received(), second).is_empty());
    assert_eq!(replay(server.admin, second).await["state"], "cancelled");
    for how in ["pause", "resume", "cancel"] {
        let path = format!("/api/v1/replays/{second}/{how}");
        let answer = server.admin.post(&path, &Value::Null).await;
        if how == "cancel" {
            assert_eq!(answer.status, 200, "it is cancelled already");
        } else {
            problem(&answer, 409, "replay_ended");
        }
    }
    assert_eq!(turn(server.admin, 99, "pause").await, 404);
    server.stop().await;
}

#[tokio::test]
async fn what_was_delivered_is_not_replayed_as_missing_and_filters_choose() {
    let status = Arc::new(AtomicU16::new(400));
    let told = status.clone();
    let endpoint = Endpoint::start(move |received| match received.member("userId").as_str() {
        "u-1" => Reply::status(told.load(SeqCst)),
        _ => Reply::status(200),
    })
    .await;
    let server = Server::start(&hooks(&endpoint)).await;
    server.accept("/v1/batch", events(3, 10)).await;
    server.admin.wait_until_finished("hooks", 30).await;
    status.store(200, SeqCst);
    let missing = json!({"destination": "hooks", "intent": "replay_missing", "last": 15});
    let id = make(server.admin, &missing).await;
    let view = done(server.admin, id).await;
    assert_eq!(view["delivered"], 5, "{view}");
    let passed: Vec<_> = view["passed"].as_array().expect("a list").iter().collect();
    assert_eq!(
        (&passed[0]["reason"], &passed[0]["count"]),
        (&json!("already_delivered"), &json!(10))
    );
    let ids = replayed(&endpoint.received(), id);
    in_order(&ids, 5);
    assert!(ids.iter().all(|id| id.starts_with("u-1/")));

    let again = json!({
        "destination": "hooks", "intent": "resend_range", "user": "u-2", "first": 10,
        "filter": {"condition": "messageId != \"u-2/5\""},
    });
    let id = make(server.admin, &again).await;
    done(server.admin, id).await;
    let ids = replayed(&endpoint.received(), id);
    assert_eq!(ids, ["u-2/3", "u-2/4", "u-2/6", "u-2/7", "u-2/8", "u-2/9"]);
    server.stop().await;
}

#[tokio::test]
async fn what_is_under_way_by_itself_is_not_replayed_beside_that() {
    let endpoint = Endpoint::start(|received| match received.id().as_str() {
        "slow" | "last" => Reply::Never,
        "open" => Reply::status(404),
        _ => Reply::status(200),
    })
    .await;
    let server = Server::start(&hooks(&endpoint)).await;
    let one = |id: &str| Event::track("x").user(id).id(id);
    server.accept("/v1/batch", batch(["open", "a", "slow", "b", "last"].map(one))).await;
    server.admin.wait_until_finished("hooks", 2).await;
    endpoint.wait_for(5).await;
    for (intent, delivered) in [("resend_range", 2), ("replay_missing", 0)] {
        let body = json!({"destination": "hooks", "intent": intent});
        let answer = server.admin.post("/api/v1/replays/estimate", &body).await.json();
        assert_eq!(answer["events"], delivered, "{answer}");
        let passed: Vec<_> = answer["passed"].as_array().expect("a list").iter().collect();
        let open = passed.iter().find(|one| one["reason"] == "still_open").expect("still open");
        assert_eq!(open["count"], 3, "{answer}");
    }
    let open = "/api/v1/destinations/hooks/deliveries/1/resend";
    problem(&server.admin.post(open, &Value::Null).await, 409, "still_open");
    server.controls.trigger.pull();
    server.stop().await;
}

#[tokio::test]
async fn a_new_destination_is_filled_with_what_came_before_it() {
    let (old, _) = endpoint(200).await;
    let (new, _) = endpoint(200).await;
    let server = Server::start(&hooks(&old)).await;
    server.accept("/v1/batch", events(4, 25)).await;
    server.admin.wait_until_finished("hooks", 100).await;
    let both = hooks(&old).posts_to("late", &new.url("/"));
    server.home.write(&both.text());
    let known = async || server.admin.get("/api/v1/status").await;
    let has_both = |status: &Value| status["destinations"].as_array().map(Vec::len) == Some(2);
    eventually("both destinations", known, has_both).await;
    let live = batch((25..30).map(|n| Event::track("x").user("u-0").id(&format!("u-0/{n}"))));
    server.accept("/v1/batch", live).await;
    let body = json!({
        "destination": "late", "intent": "replay_missing", "received_from": "2020-01-01T00:00:00Z",
    });
    let id = make(server.admin, &body).await;
    let view = done(server.admin, id).await;
    assert_eq!(view["delivered"], 100, "{view}");
    server.admin.wait_until_finished("late", 5).await;
    let received = new.received();
    in_order(&replayed(&received, id), 100);
    assert_eq!(received.len(), 105, "nothing twice");
    server.stop().await;
}

#[tokio::test]
async fn one_delivery_is_sent_again_or_to_a_url_for_a_test() {
    let (endpoint, _) = endpoint(200).await;
    let other = Endpoint::start(|_| Reply::status(418)).await;
    let webhook = Webhook::new("hooks", &endpoint.url("/")).header("x-key", "s3cret");
    let server = Server::start(&Workspace::of_app().webhook(webhook)).await;
    server.accept("/v1/batch", events(1, 3)).await;
    server.admin.wait_until_finished("hooks", 3).await;
    let path = |event: u64| format!("/api/v1/destinations/hooks/deliveries/{event}/resend");
    let answer = server.admin.post(&path(2), &Value::Null).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["id"].as_u64().expect("a number");
    done(server.admin, id).await;
    assert_eq!(replayed(&endpoint.received(), id), ["u-0/1"]);
    problem(&server.admin.post(&path(9), &Value::Null).await, 404, "no_event");
    let nowhere = "/api/v1/destinations/x/deliveries/1/resend";
    problem(&server.admin.post(nowhere, &Value::Null).await, 404, "no_destination");

    let test = json!({"event": 3, "url": other.url("/try")});
    let answer = server.admin.post("/api/v1/test-requests", &test).await.json();
    assert_eq!((&answer["status"], &answer["delivered"]), (&json!(418), &json!(false)), "{answer}");
    assert_eq!(answer["reason"], "client_error");
    let tried = &other.received()[0];
    assert_eq!((tried.header(MARK), tried.header("x-key")), (Some("test"), None));
    assert_eq!((tried.id(), tried.target.as_str()), ("u-0/2".to_owned(), "/try"));
    let private = json!({"event": 3, "url": "http://10.1.2.3/"});
    let answer = server.admin.post("/api/v1/test-requests", &private).await.json();
    assert_eq!(answer["reason"], "blocked_address", "{answer}");
    let wrong = json!({"event": 0, "url": "ftp://a.test/", "method": "LOOK"});
    let mistakes =
        problem(&server.admin.post("/api/v1/test-requests", &wrong).await, 422, "bad_test");
    let fields = mistakes["mistakes"].as_array().expect("a list").iter();
    let fields: Vec<_> = fields.map(|one| one["field"].as_str().expect("a field")).collect();
    assert_eq!(fields, ["event", "url", "method"]);
    server.stop().await;
}

#[tokio::test]
async fn what_was_given_up_while_nothing_was_taken_is_replayed_by_itself_where_that_is_wanted() {
    let (endpoint, status) = endpoint(404).await;
    let own = json!({"delivery": {"autoReplay": true, "retry": {"preset": "rudderstack"}}});
    let webhook = Webhook::new("hooks", &endpoint.url("/")).own(own);
    let server = Server::start(&Workspace::of_app().webhook(webhook)).await;
    server.accept("/v1/batch", events(20, 5)).await;
    let gone =
        |one: &crate::harness::DestinationStatus| one.state == "holding" && one.gave_up >= 50;
    eventually("holding", || server.admin.destination("hooks"), gone).await;
    status.store(200, SeqCst);
    let list = || server.admin.get("/api/v1/replays");
    let has_ended = |list: &Value| list["replays"][0]["state"] == "done";
    let list = eventually("a replay has ended", list, has_ended).await;
    let view = &list["replays"][0];
    assert_eq!((&view["cause"], &view["intent"]), (&json!("recovered"), &json!("recover_failed")));
    let state = server.admin.wait_until_finished("hooks", 100).await;
    assert_eq!(view["delivered"], state.gave_up, "{view}");
    let taken = endpoint.received().iter().filter(|one| one.header(MARK).is_some()).count();
    assert_eq!(taken as u64, state.gave_up);
    server.stop().await;
}

#[tokio::test]
async fn what_was_given_up_before_a_restart_is_replayed_by_itself_too() {
    let (endpoint, status) = endpoint(200).await;
    let own = json!({"delivery": {"autoReplay": true, "retry": {"preset": "rudderstack"}}});
    let webhook = Webhook::new("hooks", &endpoint.url("/")).own(own);
    let home = Home::new(&Workspace::of_app().webhook(webhook));
    let mut process = Process::start(&home, &[]).await;
    let post = async |process: &Process, id: &str| {
        let event = batch([Event::track("x").user(id).id(id)]);
        process.gateway.post("/v1/batch", "key-app", event).await;
    };
    post(&process, "before").await;
    process.admin.wait_until_finished("hooks", 1).await;
    status.store(404, SeqCst);
    process.gateway.post("/v1/batch", "key-app", events(5, 2)).await;
    process.admin.wait_until_finished("hooks", 11).await;
    process.kill().await;
    status.store(200, SeqCst);
    process = Process::start(&home, &[]).await;
    post(&process, "after").await;
    let admin = process.admin;
    let has_ended = |list: &Value| list["replays"][0]["state"] == "done";
    let list = eventually("a replay has ended", || admin.get("/api/v1/replays"), has_ended).await;
    let view = &list["replays"][0];
    assert_eq!((&view["cause"], &view["delivered"]), (&json!("recovered"), &json!(10)));
    process.kill().await;
}

#[tokio::test]
async fn a_replay_finds_out_by_itself_that_an_endpoint_is_back_where_nothing_else_would() {
    let (endpoint, status) = endpoint(404).await;
    let own = json!({"delivery": {"retry": {"preset": "rudderstack"}}});
    let webhook = Webhook::new("hooks", &endpoint.url("/")).own(own);
    let server = Server::start(&Workspace::of_app().webhook(webhook)).await;
    server.accept("/v1/batch", events(50, 1)).await;
    let is_empty = |one: &crate::harness::DestinationStatus| {
        one.state == "holding" && (one.gave_up, one.waiting) == (50, 0)
    };
    eventually("holding with nothing", || server.admin.destination("hooks"), is_empty).await;
    status.store(200, SeqCst);
    let id = make(server.admin, &recovery()).await;
    done(server.admin, id).await;
    in_order(&replayed(&endpoint.received(), id), 50);
    server.stop().await;
}

#[tokio::test]
async fn a_replay_waits_while_its_destination_takes_nothing() {
    let status = Arc::new(AtomicU16::new(400));
    let told = status.clone();
    let endpoint = Endpoint::start(move |received| match received.header(MARK) {
        Some(_) => Reply::status(200),
        None => Reply::status(told.load(SeqCst)),
    })
    .await;
    let server = Server::start(&hooks(&endpoint)).await;
    server.accept("/v1/batch", events(20, 1)).await;
    server.admin.wait_until_finished("hooks", 20).await;
    status.store(410, SeqCst);
    server
        .accept("/v1/batch", batch((0..20).map(|n| Event::track("y").user(&format!("v-{n}")))))
        .await;
    let stopped = |one: &crate::harness::DestinationStatus| one.state == "stopped";
    eventually("stopped", || server.admin.destination("hooks"), stopped).await;
    let id = make(server.admin, &recovery()).await;
    let held = |one: &Value| one["state"] == "running" && one["flow"]["limit"] == 0;
    wait(server.admin, id, "it is held back", held).await;
    assert!(replayed(&endpoint.received(), id).is_empty());
    status.store(200, SeqCst);
    server.admin.post("/api/v1/destinations/hooks/try-now", &Value::Null).await;
    done(server.admin, id).await;
    in_order(&replayed(&endpoint.received(), id), 20);
    server.stop().await;
}

#[tokio::test]
async fn the_command_line_estimates_makes_and_watches_a_replay() {
    let (endpoint, status) = endpoint(400).await;
    let server = Server::start(&hooks(&endpoint)).await;
    server.accept("/v1/batch", events(2, 3)).await;
    server.admin.wait_until_finished("hooks", 6).await;
    status.store(200, SeqCst);
    let admin = server.admin.0.address.to_string();
    let run = async |more: &[&str]| {
        let flags = ["--admin", &admin, "--destination", "hooks"];
        Process::run(&server.home, &["replay"], &[&flags, more].concat()).await
    };
    let ended = run(&["--intent", "recover_failed", "--estimate"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("6 events of 2 users, received from 20"), "{ended:?}");
    let ended = run(&["--intent", "recover"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains("intent: is \"recover\", but must be one of"), "{ended:?}");
    let ended = run(&["--intent", "recover_failed"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "replay 1: done, 6 of about 6 delivered\n");
    assert!(ended.stderr.starts_with("replay 1 is made; it goes on when you stop watching\n"));
    let ended = run(&["--watch", "1"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    server.stop().await;
    let ended = Process::run(&Home::new(&hooks(&endpoint)), &["replay"], &["--watch", "1"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.starts_with("error: cannot ask the server at 127.0.0.1:0"), "{ended:?}");
}

#[tokio::test]
async fn a_replay_that_is_asked_for_twice_under_one_key_is_made_once() {
    let (endpoint, _) = endpoint(200).await;
    let server = Server::start(&hooks(&endpoint)).await;
    server.accept("/v1/batch", events(1, 1)).await;
    server.admin.wait_until_finished("hooks", 1).await;
    let body = json!({"destination": "hooks", "intent": "resend_range"});
    let ask = |body: &Value| {
        let request = Request::new("POST", "/api/v1/replays").body(body.to_string());
        let (request, client) = (request.header("idempotency-key", "once"), server.admin.0);
        async move { client.send(&request).await }
    };
    let (first, again) = (ask(&body).await, ask(&body).await);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!(again.get("idempotency-replayed"), Some("true"));
    let all = server.admin.get("/api/v1/replays").await;
    assert_eq!(all["replays"].as_array().map(Vec::len), Some(1));
    let other = json!({"destination": "hooks", "intent": "resend_range", "first": 1});
    problem(&ask(&other).await, 422, "key_reused");
    server.stop().await;
}

#[tokio::test]
async fn a_delivery_of_a_replay_that_stands_still_is_neither_tried_nor_skipped() {
    let (endpoint, told) = endpoint(400).await;
    let server = Server::tuned(&hooks(&endpoint), |config| {
        config.delivery.retry_min_backoff = ms(3_600_000);
        config.delivery.retry_max_backoff = ms(3_600_000);
    })
    .await;
    server.accept("/v1/track", Event::track("x").user("u")).await;
    server.admin.wait_until_finished("hooks", 1).await;
    told.store(503, SeqCst);
    let id = make(server.admin, &recovery()).await;
    let delivery = async || server.admin.get("/api/v1/deliveries/hooks/1").await;
    let is_scheduled = |page: &Value| page["delivery"]["status"] == "scheduled";
    eventually("it has failed again", delivery, is_scheduled).await;
    server.admin.post(&format!("/api/v1/replays/{id}/pause"), &Value::Null).await;
    for path in ["deliveries/hooks/1/retry", "destinations/hooks/deliveries/1/skip"] {
        let ask = async || server.admin.post(&format!("/api/v1/{path}"), &Value::Null).await;
        // Until its dispatcher has ended it may still be tried.
        let is_refused = |answer: &testkit::Answer| {
            answer.status == 409 && answer.json()["code"] == "replay_paused"
        };
        eventually(path, ask, is_refused).await;
    }
    server.stop().await;
}
