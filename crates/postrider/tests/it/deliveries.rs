//! Events and deliveries looked up: what became of each, why, and what keeps it.

use postrider::config::Config;
use serde_json::{Value, json};
use testkit::{Endpoint, Event, Gate, Received, Reply, Request, Webhook, Workspace, eventually};

use crate::harness::{Admin, Server, ms, problem};

const LONG: std::time::Duration = ms(3_600_000);

/// An event of a user; the endpoint answers as its name says.
fn event(user: &str, name: &str) -> Event {
    Event::track(name).user(user).id(&format!("{user}-{name}"))
}

fn obey(received: &Received) -> Reply {
    Reply::status(received.member("event").parse().unwrap_or(200))
}

async fn list(admin: Admin, query: &str) -> Vec<Value> {
    let page = admin.get(&format!("/api/v1/deliveries?{query}")).await;
    page["deliveries"].as_array().expect("a list").clone()
}

/// Places and statuses of the deliveries that a query finds, newest first.
async fn gist(admin: Admin, query: &str) -> Vec<(u64, String)> {
    let gist = |one: &Value| {
        let status = one["status"].as_str().expect("a word").to_owned();
        (one["seq"].as_u64().expect("a number"), status)
    };
    list(admin, query).await.iter().map(gist).collect()
}

fn of(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(seq, status)| (*seq, (*status).to_owned())).collect()
}

async fn wait_for(admin: Admin, query: &str, expected: &[(u64, &str)]) {
    let (what, expected) = (format!("{query}: {expected:?}"), of(expected));
    eventually(&what, || gist(admin, query), |found| *found == expected).await;
}

/// A server that tries again what has failed when everybody has gone home.
async fn patient(workspace: &Workspace) -> Server {
    let tune = |config: &mut Config| {
        config.delivery.retry_min_backoff = LONG;
        config.delivery.retry_max_backoff = LONG;
    };
    Server::tuned(workspace, tune).await
}

/// Events of five users that are delivered, given up, tried again, kept waiting and filtered.
async fn five_ways() -> (Server, Endpoint) {
    let endpoint = Endpoint::start(obey).await;
    let only = json!({"filter": {"types": ["track"]}});
    let hooks = Webhook::new("hooks", &endpoint.url("/")).own(only);
    let server = patient(&Workspace::of_app().webhook(hooks)).await;
    let page = Event::of_type("page").user("ann").with("name", "Home");
    let all = [
        ("/v1/track", event("ann", "200"), "delivered"),
        ("/v1/track", event("bob", "400"), "gave_up"),
        ("/v1/track", event("cid", "503"), "scheduled"),
        ("/v1/track", event("cid", "200"), "waiting"),
        ("/v1/page", page, "filtered"),
    ];
    // One after the other, as events of different users come to an end in any order.
    for (seq, (path, own, comes_to)) in (1..).zip(all) {
        server.accept(path, own).await;
        wait_for(server.admin, &format!("event={seq}"), &[(seq, comes_to)]).await;
    }
    (server, endpoint)
}

#[tokio::test]
async fn each_delivery_says_what_it_has_come_to_and_why() {
    let (server, _endpoint) = five_ways().await;
    let admin = server.admin;
    let found = list(admin, "").await;
    let why = |place: usize| (found[place]["reason"].clone(), found[place]["attempts"].clone());
    assert_eq!(why(0), (json!("filtered_type"), json!(0)));
    assert_eq!(why(1), (Value::Null, json!(0)));
    assert_eq!(why(2), (json!("server_error"), json!(1)));
    assert_eq!(why(3), (json!("client_error"), json!(1)));
    assert_eq!(why(4), (Value::Null, json!(1)));
    assert_eq!(
        found[1]["blocked_by"],
        json!({"cause": "event", "seq": 3, "sentence": "Event 3 of the same user comes first."})
    );
    assert!(found[2]["next_try_at"].is_string() && found[2]["blocked_by"].is_null());
    assert_eq!((&found[3]["last"]["status"], &found[3]["user_id"]), (&json!(400), &json!("bob")));
    assert_eq!((&found[0]["name"], &found[0]["type"]), (&json!("Home"), &json!("page")));
    assert!(found.iter().all(|one| one["source"] == "app" && one["destination"] == "hooks"));
    server.stop().await;
}

#[tokio::test]
async fn deliveries_are_found_by_what_they_are_about() {
    let (server, _endpoint) = five_ways().await;
    for (query, expected) in [
        ("status=delivered", &[(1, "delivered")][..]),
        ("status=gave_up", &[(2, "gave_up")]),
        ("status=scheduled", &[(3, "scheduled")]),
        ("status=waiting", &[(4, "waiting")]),
        ("status=filtered", &[(5, "filtered")]),
        ("status=queued", &[]),
        ("status=sending", &[]),
        ("reason=client_error", &[(2, "gave_up")]),
        ("reason=client_error&status=gave_up&destination=hooks", &[(2, "gave_up")]),
        ("code=503", &[(3, "scheduled")]),
        ("class=4xx", &[(2, "gave_up")]),
        ("class=2xx", &[(1, "delivered")]),
        ("attempts_min=1", &[(3, "scheduled"), (2, "gave_up"), (1, "delivered")]),
        ("user=cid", &[(4, "waiting"), (3, "scheduled")]),
        ("user=cid&status=scheduled", &[(3, "scheduled")]),
        ("user=nobody", &[]),
        ("name=200", &[(4, "waiting"), (1, "delivered")]),
        ("name=Home&type=page&source=app", &[(5, "filtered")]),
        ("type=track&status=gave_up", &[(2, "gave_up")]),
        ("type=page&status=gave_up", &[]),
        ("source=other", &[]),
        ("event=3", &[(3, "scheduled")]),
        ("event=99", &[]),
        ("from=2100-01-01T00:00:00Z", &[]),
        ("to=2100-01-01T00:00:00Z&status=gave_up", &[(2, "gave_up")]),
        ("limit=2", &[(5, "filtered"), (4, "waiting")]),
        ("limit=2&older_than=4", &[(3, "scheduled"), (2, "gave_up")]),
    ] {
        assert_eq!(gist(server.admin, query).await, of(expected), "{query}");
    }
    for query in ["status=lost", "class=9xx", "from=yesterday", "type=trick", "event=x"] {
        let answer = server.admin.0.get(&format!("/api/v1/deliveries?{query}")).await;
        problem(&answer, 400, "bad_query");
    }
    let answer = server.admin.0.get("/api/v1/deliveries?destination=nowhere").await;
    problem(&answer, 404, "no_destination");
    server.stop().await;
}

#[tokio::test]
async fn pages_of_each_way_follow_each_other() {
    let endpoint = Endpoint::start(obey).await;
    let workspace =
        Workspace::of_app().posts_to("a", &endpoint.url("/")).posts_to("b", &endpoint.url("/"));
    let server = patient(&workspace).await;
    for number in 0..12 {
        let name = ["200", "400", "503"][number % 3];
        server.accept("/v1/track", event(&format!("u-{number}"), name)).await;
    }
    server.admin.wait_for_attempts("destination=a", 12).await;
    server.admin.wait_for_attempts("destination=b", 12).await;
    for (query, count) in
        [("", 24), ("status=gave_up", 8), ("status=scheduled", 8), ("status=delivered", 8)]
    {
        let mut found = Vec::new();
        let mut older_than = String::new();
        loop {
            let target = format!("/api/v1/deliveries?limit=3&{query}{older_than}");
            let page = server.admin.get(&target).await;
            for one in page["deliveries"].as_array().expect("a list") {
                found.push((one["seq"].as_u64(), one["destination"].as_str().map(str::to_owned)));
            }
            match page["older_than"].as_u64() {
                Some(place) => older_than = format!("&older_than={place}"),
                None => break,
            }
        }
        assert_eq!(found.len(), count, "{query}: {found:?}");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), count, "{query}: each once");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_delivery_shows_its_attempts_and_is_tried_when_somebody_wants_it() {
    let (server, endpoint) = five_ways().await;
    let shown = server.admin.get("/api/v1/deliveries/hooks/2").await;
    assert_eq!(shown["delivery"]["status"], "gave_up");
    assert_eq!(shown["attempts"][0]["answer"]["body"], "as told");
    assert_eq!(shown["attempts"][0]["number"], 1);
    for (path, status, code) in [
        ("hooks/1/retry", 409, "not_scheduled"),
        ("hooks/4/retry", 409, "not_scheduled"),
        ("hooks/99/retry", 404, "no_delivery"),
        ("nowhere/1/retry", 404, "no_delivery"),
    ] {
        let answer = server.admin.post(&format!("/api/v1/deliveries/{path}"), &Value::Null).await;
        problem(&answer, status, code);
    }
    for path in ["hooks/99", "nowhere/1"] {
        let answer = server.admin.0.get(&format!("/api/v1/deliveries/{path}")).await;
        problem(&answer, 404, "no_delivery");
    }
    let before = endpoint.received().len();
    let answer = server.admin.post("/api/v1/deliveries/hooks/3/retry", &Value::Null).await;
    assert_eq!(answer.status, 202);
    endpoint.wait_for(before + 1).await;
    let twice = async || server.admin.get("/api/v1/deliveries/hooks/3").await;
    let is_twice = |one: &Value| one["delivery"]["attempts"] == 2;
    let shown = eventually("two attempts", twice, is_twice).await;
    assert_eq!(shown["delivery"]["status"], "scheduled");

    let skip = "/api/v1/destinations/hooks/deliveries/3/skip";
    assert_eq!(server.admin.post(skip, &Value::Null).await.status, 202);
    wait_for(server.admin, "user=cid", &[(4, "delivered"), (3, "skipped")]).await;
    wait_for(server.admin, "status=skipped", &[(3, "skipped")]).await;
    let log = server.admin.get("/api/v1/audit?limit=1").await;
    let told = ["action", "kind", "object"].map(|name| log["records"][0][name].clone());
    assert_eq!(told, ["skip", "delivery", "hooks/3"]);
    wait_for(server.admin, "status=gave_up", &[(2, "gave_up")]).await;
    server.stop().await;
}

/// Asks for something of a delivery or destination, and expects this problem.
async fn refused(admin: Admin, path: &str, status: u16, code: &str) {
    problem(&admin.post(&format!("/api/v1/{path}"), &Value::Null).await, status, code);
}

#[tokio::test]
async fn what_asking_does_nothing_about_is_refused_with_why() {
    let (server, endpoint) = five_ways().await;
    let skip = |of: &str| format!("destinations/{}/skip", of.replace('/', "/deliveries/"));
    for (of, status, code) in [
        ("hooks/1", 409, "not_open"),
        ("hooks/2", 409, "not_open"),
        ("hooks/5", 409, "not_open"),
        ("hooks/99", 404, "no_delivery"),
        ("nowhere/1", 404, "no_delivery"),
    ] {
        refused(server.admin, &skip(of), status, code).await;
    }
    let own = |delivery: Value| {
        let own = json!({"filter": {"types": ["track"]}, "delivery": delivery});
        Webhook::new("hooks", &endpoint.url("/")).own(own)
    };
    let paused = Workspace::of_app().webhook(own(json!({"paused": true})));
    let disabled = Workspace::of_app().webhook(own(json!({})).disabled());
    for (file, state) in
        [(paused, "paused"), (disabled, "disabled"), (Workspace::of_app(), "removed")]
    {
        server.home.write(&file.text());
        let shown = async || server.admin.get("/api/v1/deliveries/hooks/3").await;
        let is_so = |shown: &Value| shown["delivery"]["blocked_by"]["cause"] == state;
        eventually(state, shown, is_so).await;
        refused(server.admin, "deliveries/hooks/3/retry", 409, "destination_away").await;
        if state != "paused" {
            refused(server.admin, &skip("hooks/3"), 409, "destination_away").await;
        }
        refused(server.admin, &skip("hooks/1"), 409, "not_open").await;
        refused(server.admin, "destinations/hooks/try-now", 409, "destination_away").await;
    }
    refused(server.admin, "destinations/nowhere/try-now", 404, "no_destination").await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_under_way_or_not_read_says_so() {
    let gate = Gate::closed();
    let own = gate.clone();
    let endpoint = Endpoint::start(move |_| Reply::status(200).after(&own)).await;
    let paused =
        Webhook::new("paused", &endpoint.url("/")).own(json!({"delivery": {"paused": true}}));
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/")).webhook(paused);
    let server = Server::start(&workspace).await;
    for name in ["one", "two"] {
        server.accept("/v1/track", event("u", name)).await;
    }
    wait_for(server.admin, "destination=hooks", &[(2, "waiting"), (1, "sending")]).await;
    wait_for(server.admin, "status=sending", &[(1, "sending")]).await;
    refused(server.admin, "destinations/hooks/deliveries/1/skip", 409, "under_way").await;
    wait_for(server.admin, "status=waiting", &[(2, "waiting")]).await;
    let found = list(server.admin, "destination=paused&status=queued").await;
    let seqs: Vec<_> = found.iter().map(|one| &one["seq"]).collect();
    assert_eq!(seqs, [2, 1]);
    assert_eq!(found[0]["blocked_by"]["cause"], "paused");
    gate.open();
    wait_for(server.admin, "destination=hooks", &[(2, "delivered"), (1, "delivered")]).await;
    server.stop().await;
}

#[tokio::test]
async fn an_event_is_shown_with_its_deliveries_and_its_payload_as_it_is_stored() {
    let (server, endpoint) = five_ways().await;
    let shown = server.admin.get("/api/v1/events/2").await;
    let event = &shown["event"];
    assert_eq!(
        (&event["type"], &event["name"], &event["user_id"], &event["message_id"]),
        (&json!("track"), &json!("400"), &json!("bob"), &json!("bob-400"))
    );
    assert_eq!((&shown["seq"], &shown["expired"]), (&json!(2), &Value::Null));
    assert_eq!(shown["deliveries"][0]["status"], "gave_up");
    assert_eq!(shown["deliveries"].as_array().map(Vec::len), Some(1));
    let payload = server.admin.0.get("/api/v1/events/2/payload").await;
    let received = endpoint.received();
    let sent = received.iter().find(|one| one.id() == "bob-400").expect("it was sent");
    // A delivery says where the event came from, too.
    let stored = payload.text().strip_suffix('}').expect("an object");
    assert!(payload.status == 200 && sent.text().starts_with(stored), "{stored}");
    assert_eq!(payload.get("cache-control"), Some("no-store"));
    assert_eq!(event["bytes"], payload.body.len());
    for id in ["0", "6", "-1", "x", "18446744073709551615", "18446744073709551616"] {
        for target in [format!("/api/v1/events/{id}"), format!("/api/v1/events/{id}/payload")] {
            problem(&server.admin.0.send(&Request::new("GET", &target)).await, 404, "no_event");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_user_s_lane_shows_every_delivery_and_an_event_leads_to_its_neighbours() {
    let (server, _endpoint) = five_ways().await;
    let lane = server.admin.get("/api/v1/users/cid/lane").await;
    let gist = |one: &Value| (one["event"]["seq"].clone(), one["deliveries"][0]["status"].clone());
    let events = lane["events"].as_array().expect("a list");
    assert_eq!(
        events.iter().map(gist).collect::<Vec<_>>(),
        [(json!(4), json!("waiting")), (json!(3), json!("scheduled"))]
    );
    let nobody = server.admin.get("/api/v1/users/n%2Fobody/lane").await;
    assert_eq!(nobody, json!({"events": [], "older_than": null}));
    let by_message = server.admin.get("/api/v1/events/cid-503").await;
    assert_eq!((&by_message["seq"], &by_message["before"]), (&json!(3), &Value::Null));
    assert_eq!(by_message["after"]["seq"], 4);
    for (query, expected) in [
        ("user=cid", vec![4, 3]),
        ("message_id=bob-400", vec![2]),
        ("type=page", vec![5]),
        ("name=200&source=app", vec![4, 1]),
        ("limit=2", vec![5, 4]),
        ("older_than=3", vec![2, 1]),
        ("to=2020-01-01T00:00:00Z", vec![]),
    ] {
        let list = server.admin.get(&format!("/api/v1/events?{query}")).await;
        let events = list["events"].as_array().expect("a list");
        let seqs: Vec<_> = events.iter().map(|one| one["seq"].as_u64().expect("one")).collect();
        assert_eq!(seqs, expected, "{query}");
    }
    server.stop().await;
}

#[tokio::test]
async fn lists_are_written_as_files_that_run_nothing() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let odd = Event::track("=HYPERLINK(\"http://x\",\"y\")").user("+1,2").id("odd");
    let many = (0..120).map(|number| event(&format!("u-{number}"), "x"));
    server.accept("/v1/batch", testkit::batch(many.chain([odd]))).await;
    server.admin.wait_until_finished("hooks", 121).await;
    assert_eq!(server.post("/v1/track", "{").await.status, 400);
    server.admin.wait_for_rejections(1).await;
    let file = async |target: &str| {
        let answer = server.admin.0.get(target).await;
        assert_eq!(answer.status, 200, "{target}");
        answer
    };
    let events = file("/api/v1/events?format=csv").await;
    assert_eq!(events.get("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(events.get("content-disposition"), Some("attachment; filename=\"events.csv\""));
    let lines: Vec<_> = events.text().lines().collect();
    assert_eq!(lines.len(), 122);
    assert!(lines[0].starts_with("seq,source,type,name,user_id,"));
    let odd = r#"121,app,track,"'=HYPERLINK(""http://x"",""y"")","'+1,2",,odd,"#;
    assert!(lines[1].starts_with(odd), "{}", lines[1]);
    for (list, limit, lines) in [
        ("deliveries", "", 121),
        ("deliveries", "&status=delivered", 121),
        ("deliveries", "&limit=7", 7),
        ("attempts", "", 121),
        ("rejections", "", 1),
        ("rejections", "&reason=too_large", 0),
    ] {
        let answer = file(&format!("/api/v1/{list}?format=ndjson{limit}")).await;
        let rows: Vec<Value> =
            answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(rows.len(), lines, "{list}{limit}");
    }
    problem(&server.admin.0.get("/api/v1/events?format=xml").await, 400, "bad_query");
    server.stop().await;
}
