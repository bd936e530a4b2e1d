//! Settings of one source: keys that end, pages that may send, and how many events may come.

use serde_json::{Value, json};
use testkit::{Answer, Endpoint, Event, Request, Workspace, batch, eventually, within};

use crate::harness::Server;

const SHOP: &str = "https://shop.example";

/// A workspace whose source `app` has these settings.
fn app(own: Value) -> Workspace {
    Workspace::default().source_with("app", own)
}

fn keys(ends: &str) -> Value {
    json!({"writeKeys": [{"key": "key-next"}, {"key": "key-old", "validUntil": ends}]})
}

fn rate(events_per_second: u32, burst: u32) -> Value {
    json!({"rateLimit": {"eventsPerSecond": events_per_second, "burst": burst}})
}

fn event() -> Event {
    Event::track("x").user("u")
}

fn events(count: usize) -> String {
    batch((0..count).map(|_| event()))
}

fn gist(answer: &Answer) -> (u16, &str, Option<&str>) {
    (answer.status, answer.text(), answer.get("postrider-reason"))
}

async fn post(server: &Server, key: &str) -> Answer {
    server.gateway.post("/v1/track", key, event()).await
}

/// Waits until the file that has just been written applies.
async fn wait_for_source(server: &Server, what: &str, holds: impl Fn(&Value) -> bool) {
    server.controls.reload.ask();
    let status = || server.admin.get("/api/v1/status");
    eventually(what, status, |status| holds(&status["sources"][0])).await;
}

const FUTURE: &str = "2999-01-01T00:00:00Z";
const PAST: &str = "2020-01-01T00:00:00Z";

#[tokio::test]
async fn all_keys_of_a_source_work_and_one_that_has_ended_does_not() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&app(keys(FUTURE)).posts_to("hooks", &endpoint.url("/"))).await;
    for key in ["key-app", "key-next", "key-old"] {
        assert_eq!(gist(&post(&server, key).await), (200, "ok", None), "{key}");
    }
    endpoint.wait_for(3).await;
    server.home.write(&app(keys(PAST)).posts_to("hooks", &endpoint.url("/")).text());
    wait_for_source(&server, "the end of a key", |source| {
        source["write_keys"] == json!(["key-app", "key-next"])
    })
    .await;

    let refused = (401, "invalid write key\n", Some("expired_key"));
    assert_eq!(gist(&post(&server, "key-old").await), refused);
    let in_body = json!({"batch": [{"userId": "u"}], "writeKey": "key-old"}).to_string();
    let in_body = Request::new("POST", "/v1/batch").body(in_body);
    assert_eq!(gist(&server.gateway.send(&in_body).await), refused);
    let beacon = Request::new("POST", "/beacon/v1/batch?writeKey=key-old").body(events(1));
    assert_eq!(gist(&server.gateway.send(&beacon).await), refused);
    let refused = (400, "Invalid write key\n", Some("expired_key"));
    for target in ["/sourceConfig?writeKey=key-old", "/v1/projects/key-old/settings"] {
        assert_eq!(gist(&server.gateway.get(target).await), refused, "{target}");
    }
    let pixel = server.gateway.get("/pixel/v1/track?writeKey=key-old&userId=u&event=x").await;
    assert_eq!((pixel.status, pixel.body.len()), (200, 43));
    for key in ["key-app", "key-next"] {
        assert_eq!(post(&server, key).await.status, 200, "{key}");
    }

    let listed = server.admin.wait_for_rejections(6).await;
    for one in &listed {
        assert_eq!((one.source.as_deref(), one.reason.as_str()), (Some("app"), "expired_key"));
        let detail = "the write key ending …old of source app ended at 2020-01-01T00:00:00.000Z";
        assert_eq!(one.detail, detail);
    }
    assert_eq!(listed.len(), 6);
    assert_eq!(server.admin.accepted().await, 5);
    server.stop().await;
}

#[tokio::test]
async fn the_status_shows_what_a_source_may() {
    let own = json!({
        "writeKeys": [{"key": "key-of-old-days", "validUntil": PAST}],
        "allowedOrigins": [SHOP], "rateLimit": {"eventsPerSecond": 500, "burst": 2000},
    });
    let server = Server::start(&app(own).source("free")).await;
    let status = server.admin.get("/api/v1/status").await;
    let want = json!([
        {"id": "app", "name": "app", "enabled": true, "write_keys": ["key-app"],
         "keys": [{"ending": "app", "valid_until": null},
                  {"ending": "ays", "valid_until": "2020-01-01T00:00:00.000Z"}],
         "allowed_origins": [SHOP], "rate_limit": {"events_per_second": 500, "burst": 2000}},
        {"id": "free", "name": "free", "enabled": true, "write_keys": ["key-free"],
         "keys": [{"ending": "ree", "valid_until": null}],
         "allowed_origins": [], "rate_limit": null},
    ]);
    assert_eq!(status["sources"], want);
    server.stop().await;
}

#[tokio::test]
async fn only_pages_of_allowed_origins_may_send_and_servers_always_may() {
    let own = json!({"allowedOrigins": [SHOP, "https://*.shop.example"]});
    let server = Server::start(&app(own).source("free")).await;
    let track = |key: &str| Request::new("POST", "/v1/track").key(key).body(event());
    let in_body = json!({"batch": [{"userId": "u"}], "writeKey": "key-app"}).to_string();
    let requests = [
        track("key-app"),
        Request::new("POST", "/v1/batch").body(in_body),
        Request::new("POST", "/beacon/v1/batch?writeKey=key-app").body(events(1)),
        Request::new("GET", "/sourceConfig").key("key-app"),
        Request::new("GET", "/v1/projects/key-app/settings"),
    ];
    for request in &requests {
        assert_eq!(server.gateway.send(request).await.status, 200, "no page: {request:?}");
        for origin in [SHOP, "https://www.shop.example", "HTTPS://SHOP.EXAMPLE", ""] {
            let from_page = request.clone().header("origin", origin);
            assert_eq!(server.gateway.send(&from_page).await.status, 200, "{from_page:?}");
        }
        for origin in ["https://evil.example", "http://shop.example", "null"] {
            let answer = server.gateway.send(&request.clone().header("origin", origin)).await;
            let refused = (403, "origin is not allowed\n", Some("forbidden_origin"));
            assert_eq!(gist(&answer), refused, "{origin}: {request:?}");
            // The page's developer can read why.
            assert_eq!(answer.get("access-control-allow-origin"), Some(origin));
        }
    }
    for others in [["", "https://evil.example"], [SHOP, SHOP]] {
        let request =
            others.iter().fold(track("key-app"), |one, origin| one.header("origin", origin));
        assert_eq!(gist(&server.gateway.send(&request).await).0, 403, "{others:?}");
    }
    let other = track("key-free").header("origin", "https://evil.example");
    assert_eq!(server.gateway.send(&other).await.status, 200, "another source");
    let preflight = Request::new("OPTIONS", "/v1/track")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    assert_eq!(server.gateway.send(&preflight).await.status, 204);

    let listed = server.admin.wait_for_rejections(10).await;
    assert!(listed.iter().all(|one| one.reason == "forbidden_origin"), "{listed:?}");
    assert_eq!(listed[0].source.as_deref(), Some("app"));
    assert_eq!(listed[0].detail, "origin \"https://evil.example\"");
    let refused = server.admin.get("/api/v1/status").await["rejected"].as_u64();
    assert_eq!((listed.len(), refused), (10, Some(17)), "of what repeats some are listed");
    assert_eq!(server.admin.accepted().await, 16);
    server.stop().await;
}

#[tokio::test]
async fn a_page_that_may_not_send_gets_its_pixel_and_stores_nothing() {
    let server = Server::start(&app(json!({"allowedOrigins": [SHOP]}))).await;
    let pixel = Request::new("GET", "/pixel/v1/track?writeKey=key-app&userId=u&event=x");
    let long = format!("https://{}.example", "a".repeat(5_000));
    let answer = server.gateway.send(&pixel.clone().header("origin", &long)).await;
    assert_eq!((answer.status, answer.body.len()), (200, 43));
    let listed = server.admin.wait_for_rejections(1).await;
    assert_eq!(listed[0].reason, "forbidden_origin");
    assert!(listed[0].detail.starts_with("origin \"https://aaa"), "{listed:?}");
    assert_eq!(listed[0].detail.len(), 300, "bounded");
    assert_eq!(server.admin.accepted().await, 0);
    assert_eq!(server.gateway.send(&pixel).await.status, 200);
    assert_eq!(server.admin.accepted().await, 1, "an image of a page comes without an origin");
    server.stop().await;
}

#[tokio::test]
async fn a_batch_larger_than_the_burst_passes_once_and_then_its_source_waits_for_minutes() {
    let workspace = app(rate(1, 10)).source("free").source_with("other", rate(1, 10));
    let server = Server::start(&workspace).await;
    server.accept("/v1/batch", events(1_000)).await;
    let seconds = |answer: &Answer| -> u64 {
        let refused = (429, "max requests limit reached\n", Some("rate_limited"));
        assert_eq!(gist(answer), refused);
        answer.get("retry-after").expect("a time").parse().expect("seconds")
    };
    let large = event().with("text", "x".repeat(1 << 20));
    for body in [Vec::from(event()), Vec::from(large), b"{".to_vec()] {
        let wait = seconds(&server.post("/v1/track", body).await);
        assert!((500..=601).contains(&wait), "{wait} s until there is one event again");
    }
    let in_body = json!({"batch": [{"userId": "u"}], "writeKey": "key-app"}).to_string();
    let beacon = Request::new("POST", "/beacon/v1/batch?writeKey=key-app").body(events(1));
    for request in [Request::new("POST", "/v1/batch").body(in_body), beacon] {
        seconds(&server.gateway.send(&request).await);
    }
    let pixel = server.gateway.get("/pixel/v1/track?writeKey=key-app&userId=u&event=x").await;
    assert_eq!((pixel.status, pixel.body.len()), (200, 43));
    let config = server.gateway.get("/sourceConfig?writeKey=key-app").await;
    assert_eq!(config.status, 200, "asking is no sending");
    for key in ["key-free", "key-other"] {
        assert_eq!(post(&server, key).await.status, 200, "{key}");
    }
    assert_eq!(server.admin.accepted().await, 1_002);
    server.stop().await;
}

#[tokio::test]
async fn a_source_that_has_waited_may_send_again() {
    let server = Server::start(&app(rate(2, 2))).await;
    let send = |count| {
        let body = events(count);
        let gateway = server.gateway;
        async move { gateway.post("/v1/batch", "key-app", body).await }
    };
    let refused = eventually("a refusal", || send(6), |answer| answer.status == 429).await;
    let wait: u64 = refused.get("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=3).contains(&wait), "{wait}");
    eventually("an end of the wait", || send(1), |answer| answer.status == 200).await;
    server.stop().await;
}

#[tokio::test]
async fn of_large_batches_that_come_at_once_no_more_pass_than_the_rate_allows() {
    let server = Server::start(&app(rate(1, 10))).await;
    // All heads are looked at before any body is whole.
    let request = Request::new("POST", "/v1/batch").key("key-app").body(events(1_000)).to_bytes();
    let (rest, last) = request.split_at(request.len() - 1);
    let mut connections = Vec::new();
    for _ in 0..20 {
        let mut connection = server.gateway.connect().await;
        connection.write(rest).await.expect("it is taken");
        connections.push(connection);
    }
    let mut answers = Vec::new();
    for connection in &mut connections {
        connection.write(last).await.expect("it is taken");
        answers.push(connection.answer().await.expect("HTTP").expect("an answer"));
    }
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 200);
    assert_eq!((taken.len(), refused.len()), (1, 19));
    for answer in refused {
        let words = (429, "max requests limit reached\n", Some("rate_limited"));
        assert_eq!(gist(answer), words);
        let wait: u64 = answer.get("retry-after").expect("a time").parse().expect("seconds");
        assert!((500..=610).contains(&wait), "{wait} s until all is paid");
    }
    assert_eq!(server.admin.accepted().await, 1_000);
    server.stop().await;
}

#[tokio::test]
async fn what_is_refused_for_its_rate_is_refused_whole_and_stored_when_it_comes_again() {
    let server = Server::start(&app(rate(2, 4))).await;
    let numbered = |numbers: std::ops::Range<usize>| {
        batch(numbers.map(|number| event().id(&format!("m-{number}"))))
    };
    server.accept("/v1/batch", numbered(0..3)).await;
    // One event is left, and four may be owed.
    let refused = server.post("/v1/batch", numbered(2..9)).await;
    assert_eq!(gist(&refused), (429, "max requests limit reached\n", Some("rate_limited")));
    assert_eq!(server.admin.accepted().await, 3);
    let again = || server.post("/v1/batch", numbered(2..9));
    eventually("it passes", again, |answer| answer.status == 200).await;
    assert_eq!(server.admin.accepted().await, 9);
    server.stop().await;
}

#[tokio::test]
async fn resends_and_refused_events_do_not_count() {
    let server = Server::start(&app(rate(1, 2))).await;
    for _ in 0..50 {
        server.accept("/v1/track", event().id("m")).await;
        let bad = server.post("/v1/batch", "{\"batch\":[{},{},{}]}").await;
        assert_eq!(bad.status, 400);
    }
    assert_eq!(server.admin.accepted().await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_flood_is_counted_and_listed_once() {
    let server = Server::start(&app(rate(1, 10))).await;
    assert_eq!(post(&server, "key-no").await.status, 401);
    server.accept("/v1/batch", events(1_000)).await;
    let mut posts = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let gateway = server.gateway;
        posts.spawn(async move { gateway.post("/v1/track", "key-app", event()).await.status });
    }
    assert!(posts.join_all().await.iter().all(|status| *status == 429));
    let status = server.admin.get("/api/v1/status").await;
    assert_eq!(status["rejected"], json!(201));
    let listed = server.admin.wait_for_rejections(2).await;
    let reasons: Vec<&str> = listed.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons, ["bad_key", "rate_limited"]);
    assert_eq!(listed[1].source.as_deref(), Some("app"));
    assert_eq!(listed[1].detail, "more than 1 events a second, 10 at once");
    server.stop().await;
}

#[tokio::test]
async fn a_debt_outlives_edits_but_not_a_new_limit() {
    let server = Server::start(&app(rate(1, 10))).await;
    server.accept("/v1/batch", events(1_000)).await;
    let own = json!({"allowedOrigins": [SHOP], "rateLimit": rate(1, 10)["rateLimit"]});
    server.home.write(&app(own).text());
    wait_for_source(&server, "an origin", |source| source["allowed_origins"] == json!([SHOP]))
        .await;
    // Each thread follows the catalog by itself.
    for _ in 0..8 {
        assert_eq!(post(&server, "key-app").await.status, 429);
    }
    server.home.write(&app(rate(1, 50)).text());
    wait_for_source(&server, "a limit", |source| source["rate_limit"]["burst"] == 50).await;
    for _ in 0..8 {
        assert_eq!(post(&server, "key-app").await.status, 200);
    }
    server.home.write(&app(Value::Null).text());
    wait_for_source(&server, "no limit", |source| source["rate_limit"].is_null()).await;
    for _ in 0..8 {
        server.accept("/v1/batch", events(100)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn what_storage_had_no_room_for_does_not_count() {
    let (burst, last) = (4_000, 5_000);
    let workspace = app(rate(1, burst));
    let server = Server::tuned(&workspace, |config| config.intake.inbox_bytes_max = 1_024).await;
    let mut stored = 0;
    let crowds = async {
        loop {
            let mut posts = tokio::task::JoinSet::new();
            for _ in 0..64 {
                let gateway = server.gateway;
                let event = event().with("text", "x".repeat(2_000));
                posts.spawn(async move { gateway.post("/v1/track", "key-app", event).await });
            }
            let statuses = posts.join_all().await.into_iter().map(|answer| answer.status);
            let (good, full): (Vec<u16>, Vec<u16>) = statuses.partition(|status| *status == 200);
            stored += good.len() as u64;
            if !full.is_empty() {
                assert!(full.iter().all(|status| *status == 503), "{full:?}");
                return;
            }
        }
    };
    within("a full inbox", crowds).await;
    let gateway = server.gateway;
    let large = || gateway.post("/v1/batch", "key-app", events(last));
    eventually("room for a batch", large, |answer| answer.status == 200).await;
    let refused = post(&server, "key-app").await;
    let wait: u64 = refused.get("retry-after").expect("a time").parse().expect("seconds");
    let owed = stored + last as u64 - u64::from(burst - 1);
    assert!(wait <= owed, "{wait} s for {owed} events");
    server.stop().await;
}
