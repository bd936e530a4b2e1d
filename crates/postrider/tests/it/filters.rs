//! Events that a destination does not get: by their own word, for want of consent, or by the filter of
//! their connection; counted, shown, and tried before it is saved.

use serde_json::{Value, json};
use testkit::{Endpoint, Event, Gate, Received, Reply, Request, Workspace, batch, eventually};

use crate::harness::{Admin, DestinationStatus, Home, Server, problem};
use crate::process::Process;

/// Where a filter is tried.
const TRY: &str = "/api/v1/filters/try";

/// A destination of this name, with consent rules in its `config` and settings of ours.
fn hook(name: &str, url: &str, consent: Value, own: Value) -> Value {
    json!({
        "id": format!("id-{name}"), "name": name, "destinationDefinition": {"name": "WEBHOOK"},
        "config": {"webhookUrl": url, "consentManagement": consent}, "postrider": own,
    })
}

/// A workspace in which the source `app` has one destination `hub` with this filter.
fn filtered(url: &str, filter: Value) -> Workspace {
    let own = json!({"filter": filter});
    Workspace::of_app().destination(hook("hub", url, Value::Null, own))
}

fn event(id: &str) -> Event {
    Event::track("Bought").user("u").id(id)
}

fn ids(received: &[std::sync::Arc<Received>]) -> Vec<String> {
    received.iter().map(|one| one.id()).collect()
}

/// Waits until the connection of `app` and `hub` has this filter.
async fn wait_for_filter(server: &Server, filter: Value) {
    let shown =
        || async { server.admin.get("/api/v1/status").await["connections"][0]["filter"].clone() };
    eventually("the filter", shown, |shown| *shown == filter).await;
}

async fn samples(admin: &Admin, id: &str) -> Vec<(u64, String)> {
    let list = admin.get(&format!("/api/v1/destinations/{id}/filtered")).await;
    let sample = |one: &Value| {
        let reason = one["reason"].as_str().expect("a reason").to_owned();
        assert!(one["at"].is_string() && one["sentence"].is_string(), "{one}");
        (one["seq"].as_u64().expect("a place"), reason)
    };
    list["filtered"].as_array().expect("a list").iter().map(sample).collect()
}

#[tokio::test]
async fn an_event_says_itself_which_destinations_get_it() {
    let (hub, audit) = (Endpoint::ok().await, Endpoint::ok().await);
    let none = || Value::Null;
    let workspace = Workspace::of_app()
        .destination(hook("hub", &hub.url("/"), none(), none()))
        .destination(hook("audit", &audit.url("/"), none(), none()));
    let server = Server::start(&workspace).await;
    let with = |id: &str, integrations: Value| event(id).with("integrations", integrations);
    let events = [
        with("all", json!({"All": true})),
        with("none", json!({"All": false})),
        with("no-webhook", json!({"All": true, "WebHook": false})),
        with("not-hub", json!({"hub": false})),
        with("only-audit", json!({"All": false, "id-audit": {"x": 1}})),
        with("odd", Value::Null),
        event("silent"),
    ];
    server.accept("/v1/batch", batch(events)).await;
    assert_eq!(ids(&hub.wait_for(2).await), ["all", "silent"]);
    assert_eq!(ids(&audit.wait_for(4).await), ["all", "not-hub", "only-audit", "silent"]);
    let counted = server.admin.wait_until_filtered("id-hub", 5).await;
    assert_eq!(counted.gist(), [("filtered_integrations", 5)]);
    assert!(counted.by_reason[0].sentence.starts_with("The event's integrations object"));
    assert_eq!(server.admin.wait_until_filtered("id-audit", 3).await.total, 3);
    let shown = samples(&server.admin, "id-audit").await;
    let reason = || "filtered_integrations".to_owned();
    assert_eq!(shown, [(6, reason()), (3, reason()), (2, reason())]);
    let missing = server.admin.0.get("/api/v1/destinations/no/filtered").await;
    problem(&missing, 404, "no_destination");
    server.stop().await;
    assert_eq!((hub.received().len(), audit.received().len()), (2, 4));
}

#[tokio::test]
async fn who_has_not_consented_is_left_alone() {
    let (open, closed) = (Endpoint::ok().await, Endpoint::ok().await);
    let consent = json!([{"provider": "oneTrust", "consents": [{"consent": "ads"}]}]);
    let own = json!({"consent": {"fail": "closed"}});
    let workspace = Workspace::of_app()
        .destination(hook("open", &open.url("/"), consent.clone(), Value::Null))
        .destination(hook("closed", &closed.url("/"), consent, own));
    let server = Server::start(&workspace).await;
    let with =
        |id: &str, consent: Value| event(id).with("context", json!({"consentManagement": consent}));
    let events = [
        with("denied", json!({"provider": "oneTrust", "deniedConsentIds": ["ads", "x"]})),
        with("given", json!({"provider": "oneTrust", "deniedConsentIds": ["x"]})),
        with("not-allowed", json!({"provider": "oneTrust", "allowedConsentIds": ["x"]})),
        with("odd", json!({"provider": "oneTrust", "deniedConsentIds": "ads"})),
        event("silent"),
    ];
    server.accept("/v1/batch", batch(events)).await;
    assert_eq!(ids(&open.wait_for(3).await), ["given", "odd", "silent"]);
    assert_eq!(ids(&closed.wait_for(2).await), ["given", "silent"]);
    let counted = server.admin.wait_until_filtered("id-open", 2).await;
    assert_eq!(counted.gist(), [("filtered_consent", 2)]);
    assert_eq!(server.admin.wait_until_filtered("id-closed", 3).await.total, 3);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_lets_pass_what_its_filter_says() {
    let endpoint = Endpoint::ok().await;
    let filter = json!({
        "types": ["track", "identify"],
        "events": {"deny": ["Noise"]},
        "condition": "type == \"identify\" or properties.total >= 9007199254740993",
    });
    let server = Server::start(&filtered(&endpoint.url("/"), filter)).await;
    let total = |id: &str, total: &str| {
        let total: Value = serde_json::from_str(total).expect("a number");
        event(id).with("properties", json!({"total": total}))
    };
    let events = [
        Event::of_type("page").user("u").id("page"),
        Event::track("Noise").user("u").id("noise").with("properties", json!({"total": 1e300})),
        total("less", "9007199254740992"),
        total("enough", "9007199254740993"),
        total("text", "\"9007199254740993\""),
        Event::of_type("identify").user("u").id("identify"),
    ];
    server.accept("/v1/batch", batch(events)).await;
    assert_eq!(ids(&endpoint.wait_for(2).await), ["enough", "identify"]);
    let counted = server.admin.wait_until_filtered("id-hub", 4).await;
    assert_eq!(counted.by_reason[0].reason, "filtered_condition");
    let mut gist = counted.gist();
    gist.sort_unstable();
    let (condition, name, kind) = ("filtered_condition", "filtered_event", "filtered_type");
    assert_eq!(gist, [(condition, 2), (name, 1), (kind, 1)]);
    server.stop().await;
}

#[tokio::test]
async fn a_sample_is_of_the_same_users_also_after_a_restart() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&filtered(&endpoint.url("/"), json!({"sample": 40}))).await;
    let users = |round: usize| {
        batch((0..100).map(move |number| {
            let user = format!("u-{number}");
            Event::track("x").user(&user).id(&format!("{user}-{round}"))
        }))
    };
    server.accept("/v1/batch", users(1)).await;
    let out = |count| server.admin.wait_until_filtered("id-hub", count);
    let first = out(1).await.total;
    let both = || async { server.admin.destination("id-hub").await };
    let all = |one: &DestinationStatus| one.finished() + one.filtered.total == 100;
    let first = eventually("all are judged", both, all).await.filtered.total.max(first);
    let home = server.stop().await;
    let server = Server::at(home, |_| {}).await;
    server.accept("/v1/batch", users(2)).await;
    let both = || async { server.admin.destination("id-hub").await };
    let all = |one: &DestinationStatus| one.finished() + one.filtered.total == 200;
    let second = eventually("all are judged", both, all).await.filtered;
    assert_eq!(second.gist(), [("filtered_sample", 2 * first)]);
    assert!((40..80).contains(&first), "{first} of 100 are out");
    server.stop().await;
    let user = |one: &std::sync::Arc<Received>| {
        one.id().rsplit_once('-').map(|(user, _)| user.to_owned()).expect("an id")
    };
    let mut users: Vec<String> = endpoint.received().iter().map(user).collect();
    users.sort();
    assert!(users.chunks(2).all(|pair| pair[0] == pair[1]), "each comes twice: {users:?}");
}

#[tokio::test]
async fn a_filter_that_changes_holds_for_events_from_then_on() {
    let endpoint = Endpoint::ok().await;
    let url = endpoint.url("/");
    let server = Server::start(&filtered(&url, json!({}))).await;
    server.accept("/v1/track", event("before")).await;
    endpoint.wait_for(1).await;
    let condition = json!({"condition": "messageId != \"one\""});
    server.home.write(&filtered(&url, condition.clone()).text());
    wait_for_filter(&server, condition).await;
    server.accept("/v1/batch", batch([event("one"), event("two")])).await;
    assert_eq!(ids(&endpoint.wait_for(2).await), ["before", "two"]);
    server.admin.wait_until_filtered("id-hub", 1).await;
    server.home.write(&filtered(&url, json!({})).text());
    wait_for_filter(&server, json!({})).await;
    server.accept("/v1/track", event("one")).await;
    server.accept("/v1/track", event("three")).await;
    assert_eq!(ids(&endpoint.wait_for(3).await), ["before", "two", "three"], "one is a resend");
    server.stop().await;
}

#[tokio::test]
async fn a_filter_that_changes_holds_for_what_waits_and_was_not_taken_in() {
    let gate = Gate::closed();
    let held = gate.clone();
    let endpoint = Endpoint::start(move |_| Reply::status(200).after(&held)).await;
    let url = endpoint.url("/");
    let server = Server::start(&filtered(&url, json!({}))).await;
    let event = |number: u64| Event::track("x").user(&format!("u-{number}"));
    let event = |number: u64| event(number).id(&format!("m-{number}"));
    server.accept("/v1/batch", batch((0..4_000).map(event))).await;
    endpoint.wait_for(1).await;
    let condition = json!({"condition": "event == \"y\""});
    server.home.write(&filtered(&url, condition.clone()).text());
    wait_for_filter(&server, condition).await;
    gate.open();
    let judged = |one: &DestinationStatus| one.finished() + one.filtered.total == 4_000;
    let status = || server.admin.destination("id-hub");
    let after = eventually("all are judged", status, judged).await;
    assert!(after.filtered.total >= 1_000, "read ahead, and judged anew: {after:?}");
    assert!(after.finished() >= 256, "taken in, and delivered: {after:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_filter_that_is_wrong_changes_nothing_and_names_its_column() {
    let endpoint = Endpoint::ok().await;
    let right = filtered(&endpoint.url("/"), json!({"condition": "event == \"Bought\""}));
    let home = Home::new(&right);
    let process = Process::start(&home, &[]).await;
    process.wait_for_log("workspace file applied").await;
    let wrong = filtered(&endpoint.url("/"), json!({"condition": "event = \"Bought\""}));
    home.write(&wrong.text());
    process.signal("HUP").await;
    process.wait_for_log("postrider.filter.condition: column 7: found =; write ==").await;
    let post = |event: Event| process.gateway.post("/v1/track", "key-app", event);
    assert_eq!(post(Event::track("Sold").user("u").id("sold")).await.status, 200);
    assert_eq!(post(event("bought")).await.status, 200);
    assert_eq!(ids(&endpoint.wait_for(1).await), ["bought"]);
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
}

#[tokio::test]
async fn what_was_filtered_is_counted_once_whenever_the_process_is_killed() {
    let endpoint = Endpoint::ok().await;
    let workspace = filtered(&endpoint.url("/"), json!({"condition": "properties.n == 0"}));
    let home = Home::new(&workspace);
    let events = |round: usize| {
        batch((0..400).map(move |number| {
            let event = Event::track("x").user(&format!("u-{number}"));
            let event = event.id(&format!("{round}-{number}"));
            event.with("properties", json!({"n": number % 4}))
        }))
    };
    let mut filtered = 0;
    for round in 1..=4 {
        let process = Process::start(&home, &[]).await;
        let answer = process.gateway.post("/v1/batch", "key-app", events(round)).await;
        assert_eq!(answer.status, 200);
        // Killed while some are counted and some are not.
        process.admin.wait_until_filtered("id-hub", filtered + 1).await;
        process.kill().await;
        filtered += 300;
        let process = Process::start(&home, &[]).await;
        let counted = process.admin.wait_until_filtered("id-hub", filtered).await;
        assert_eq!(counted.gist(), [("filtered_condition", filtered)], "round {round}");
        process.kill().await;
    }
}

/// Events of two users, types and names, some of which say where they go.
fn mixed() -> String {
    batch((0..120).map(|number| {
        let event = match number % 4 {
            0 => Event::of_type("page"),
            1 => Event::track("Noise"),
            _ => Event::track("Bought").with("properties", json!({"total": number})),
        };
        let event = event.user(&format!("u-{number}")).id(&format!("m-{number}"));
        if number % 10 == 0 { event.with("integrations", json!({"All": false})) } else { event }
    }))
}

#[tokio::test]
async fn a_trial_tells_what_happens_once_the_filter_is_saved() {
    let endpoint = Endpoint::ok().await;
    let url = endpoint.url("/");
    let server = Server::start(&filtered(&url, json!({}))).await;
    let filter = json!({
        "types": ["track"], "events": {"deny": ["Noise"]},
        "condition": "properties.total > 20", "sample": 60,
    });
    server.accept("/v1/batch", mixed()).await;
    endpoint.wait_for(108).await;
    server.admin.wait_until_filtered("id-hub", 12).await;
    let body = json!({"source": "app", "destination": "id-hub", "filter": filter, "last": 120});
    let answer = server.admin.post(TRY, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let trial = answer.json();
    let judged = (&trial["events"], &trial["complete"], &trial["first_seq"], &trial["last_seq"]);
    assert_eq!(judged, (&json!(120), &json!(true), &json!(1), &json!(120)));
    let sample = &trial["samples"]["filtered_event"][0];
    let (seq, kind, name) = (&sample["seq"], &sample["kind"], &sample["event"]);
    assert_eq!((seq, kind, name), (&json!(118), &json!("track"), &json!("Noise")));
    let page = &trial["samples"]["filtered_type"][0];
    assert_eq!((&page["kind"], &page["event"]), (&json!("page"), &Value::Null));

    server.home.write(&filtered(&url, filter.clone()).text());
    let shown = json!({
        "types": ["track"], "events": {"deny": ["Noise"]},
        "condition": "properties.total > 20", "sample": 60,
    });
    wait_for_filter(&server, shown).await;
    // The same events of the same users; only as calls they are others.
    server.accept("/v1/batch", mixed().replace("\"m-", "\"again-")).await;
    let counts = trial["counts"].as_object().expect("counts");
    let passes = counts["passes"].as_u64().expect("a number");
    assert!((10..60).contains(&passes), "{counts:?}");
    let done = |one: &DestinationStatus| {
        one.finished() == 108 + passes && one.filtered.total == 12 + 120 - passes
    };
    let status = || server.admin.destination("id-hub");
    let after = eventually("the trial comes true", status, done).await;
    for (reason, count) in after.filtered.gist() {
        let before = if reason == "filtered_integrations" { 12 } else { 0 };
        assert_eq!(counts[reason], json!(count - before), "{reason}");
    }
    assert_eq!(counts.len(), after.filtered.by_reason.len() + 1, "{counts:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_trial_is_of_the_latest_events_of_its_source() {
    let server = Server::start(&Workspace::of_app().source("other")).await;
    for number in 0..10 {
        let event = || Event::track(if number < 5 { "old" } else { "new" }).user("u");
        server.accept("/v1/track", event()).await;
        let answer = server.gateway.post("/v1/track", "key-other", event()).await;
        assert_eq!(answer.status, 200);
    }
    let filter = json!({"condition": "event == \"new\""});
    let latest = json!({"source": "app", "filter": filter, "last": 7});
    let answer = server.admin.post(TRY, &latest).await.json();
    assert_eq!(answer["counts"], json!({"passes": 5, "filtered_condition": 2}));
    let rest = json!({"filter": filter});
    let answer = server.admin.post(TRY, &rest).await.json();
    assert_eq!(answer["counts"], json!({"passes": 10, "filtered_condition": 10}));
    assert_eq!(answer["complete"], json!(true), "there are no more");
    assert_eq!(answer["samples"]["passes"].as_array().map(Vec::len), Some(10));
    server.stop().await;
}

#[tokio::test]
async fn mistakes_of_a_trial_name_field_and_column() {
    let endpoint = Endpoint::ok().await;
    let workspace = filtered(&endpoint.url("/"), json!({}));
    let server = Server::start(&workspace).await;
    let post = |body: Value| {
        let admin = server.admin;
        async move { admin.post(TRY, &body).await }
    };
    let filter = json!({"types": ["trak"], "condition": "total >"});
    let wrong = post(json!({"filter": filter, "last": 10_001, "sourc": "app"})).await;
    let found = problem(&wrong, 422, "bad_filter");
    let shown: Vec<(&str, Option<u64>)> = found["mistakes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["field"].as_str().expect("a field"), one["column"].as_u64()))
        .collect();
    let expected =
        [("sourc", None), ("last", None), ("filter.types[0]", None), ("filter.condition", Some(8))];
    assert_eq!(shown, expected);
    assert!(wrong.text().contains("column 8: expected a string, a number"), "{}", wrong.text());
    problem(&post(json!([])).await, 422, "bad_filter");
    problem(&post(json!({"source": "no"})).await, 404, "no_source");
    problem(&post(json!({"destination": "no"})).await, 404, "no_destination");
    let cut = server.admin.0.send(&Request::new("POST", TRY).body("{\n \"filter\"")).await;
    let cut = problem(&cut, 400, "bad_json");
    assert!(cut["detail"].as_str().expect("a sentence").starts_with("line 2, column"), "{cut}");
    server.stop().await;
}
