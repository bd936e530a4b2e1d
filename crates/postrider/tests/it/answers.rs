//! Every answer to the byte: what SDKs match on is protocol, and every refusal can be looked up.

use serde_json::Value;
use testkit::client::gzip;
use testkit::{Answer, Event, Request, Workspace, batch};

use crate::harness::Server;

const TEXT: &str = "text/plain; charset=utf-8";

fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", path).key("key-app").body(body)
}

fn track() -> Vec<u8> {
    Event::track("x").user("u").into()
}

/// A refusal: what is asked, and the status, text and reason it must get.
type Refusal = (&'static str, Request, u16, &'static str, &'static str);

/// Sends each request, and compares answers and the list of rejections.
async fn check(server: &Server, refusals: Vec<Refusal>) {
    let mut wanted = Vec::new();
    for (what, request, status, text, reason) in refusals {
        let answer = server.gateway.send(&request).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_eq!(answer.text(), format!("{text}\n"), "{what}");
        assert_eq!(answer.get("content-type"), Some(TEXT), "{what}");
        assert_eq!(answer.get("x-content-type-options"), Some("nosniff"), "{what}");
        assert_eq!(answer.get("postrider-reason"), Some(reason), "{what}");
        wanted.push((what, reason));
    }
    let listed = server.admin.wait_for_rejections(wanted.len()).await;
    let listed: Vec<&str> = listed.iter().map(|one| one.reason.as_str()).collect();
    let reasons: Vec<&str> = wanted.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(listed, reasons, "{wanted:?}");
}

#[tokio::test]
async fn what_is_stored_is_answered_ok() {
    let server = Server::start(&Workspace::of_app()).await;
    let check = async |what: &str, request: Request| {
        let answer = server.gateway.send(&request).await;
        assert_eq!((answer.status, answer.text()), (200, "ok"), "{what}");
        assert_eq!(answer.get("content-type"), Some(TEXT), "{what}");
        assert_eq!(answer.get("content-length"), Some("2"), "{what}");
    };
    for kind in ["identify", "track", "page", "screen", "group", "alias", "merge"] {
        check(kind, post(&format!("/v1/{kind}"), r#"{"userId":"u"}"#)).await;
    }
    check("batch", post("/v1/batch", batch([Event::track("x").user("u")]))).await;
    check("one object for a batch", post("/v1/batch", r#"{"batch":{"userId":"u"}}"#)).await;
    check("no type", post("/v1/batch", r#"{"batch":[{"userId":"u"}]}"#)).await;
    check("a number for an id", post("/v1/track", r#"{"userId":7}"#)).await;
    check("no content type", post("/v1/track", track())).await;
    let beacon = post("/v1/track", track()).header("content-type", "text/plain");
    check("another content type", beacon).await;
    let packed = |name: &str| post("/v1/track", gzip(&track())).header("content-encoding", name);
    check("gzip", packed("gzip")).await;
    check("gzip in capitals", packed("GZIP")).await;
    assert_eq!(server.admin.accepted().await, 15);
    assert!(server.admin.rejections().await.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn who_may_not_send_is_told_why() {
    let server = Server::start(&Workspace::of_app().disabled_source("old")).await;
    let anonymous = Request::new("POST", "/v1/track").body(track());
    let no_key = "failed to read writekey from header";
    let refusals: Vec<Refusal> = vec![
        ("no header", anonymous.clone(), 401, no_key, "missing_key"),
        ("an empty key", anonymous.clone().key(""), 401, no_key, "missing_key"),
        (
            "another scheme",
            anonymous.clone().header("authorization", "Bearer key-app"),
            401,
            no_key,
            "missing_key",
        ),
        (
            "no base64",
            anonymous.clone().header("authorization", "Basic ***"),
            401,
            no_key,
            "missing_key",
        ),
        ("another key", anonymous.clone().key("key-ap"), 401, "invalid write key", "bad_key"),
        ("another case", anonymous.clone().key("KEY-APP"), 401, "invalid write key", "bad_key"),
        ("disabled", anonymous.key("key-old"), 404, "source is disabled", "disabled_source"),
    ];
    check(&server, refusals).await;
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_event_is_told_why() {
    let server = Server::start(&Workspace::of_app()).await;
    let json = |what, path, body: &str| -> Refusal {
        (what, post(path, body), 400, "invalid json", "bad_json")
    };
    let event = |what, path, body: &str| -> Refusal {
        let text = "event is not a valid rudder event";
        (what, post(path, body), 400, text, "not_an_event")
    };
    let empty = |what, body: &str| -> Refusal {
        (what, post("/v1/batch", body), 400, "empty batch payload", "empty_batch")
    };
    let id = |what, path, body: &str| -> Refusal {
        let text = "request neither has anonymousId nor userId";
        (what, post(path, body), 400, text, "missing_id")
    };
    let refusals = vec![
        json("an empty body", "/v1/track", ""),
        json("an empty batch body", "/v1/batch", ""),
        json("no JSON", "/v1/track", "userId=u"),
        json("JSON and more", "/v1/track", r#"{"userId":"u"} x"#),
        json("half JSON", "/v1/batch", r#"{"batch":[{"userId":"u"}"#),
        event("an array", "/v1/track", "[]"),
        event("a string", "/v1/track", r#""x""#),
        event("a number", "/v1/track", "1"),
        event("an array for a batch", "/v1/batch", r#"[{"userId":"u"}]"#),
        event("a string for a batch", "/v1/batch", r#""x""#),
        event("a number for a batch", "/v1/batch", "1"),
        event("a batch that is a string", "/v1/batch", r#"{"batch":"x"}"#),
        event("an element that is a number", "/v1/batch", r#"{"batch":[1]}"#),
        event("an element that is an array", "/v1/batch", r#"{"batch":[[]]}"#),
        empty("no batch", "{}"),
        empty("a null batch", r#"{"batch":null}"#),
        empty("a batch of nothing", r#"{"batch":[]}"#),
        id("no ids", "/v1/track", r#"{"event":"x"}"#),
        id("empty ids", "/v1/track", r#"{"userId":"","anonymousId":null}"#),
        id("ids of blanks", "/v1/track", r#"{"userId":" \u200b "}"#),
        id("no ids in a batch", "/v1/batch", r#"{"batch":[{"event":"x"}]}"#),
    ];
    check(&server, refusals).await;
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_told_why() {
    let server = Server::start(&Workspace::of_app()).await;
    let unreadable = "failed to read body from request";
    let packed = |body: Vec<u8>| post("/v1/track", body).header("content-encoding", "gzip");
    let mut cut = gzip(&track());
    cut.truncate(cut.len() - 4);
    let mut two = packed(gzip(&track()));
    two = two.header("content-encoding", "gzip");
    let other = post("/v1/track", track()).header("content-encoding", "br");
    let unknown = "unsupported content encoding";
    let refusals: Vec<Refusal> = vec![
        ("cut gzip", packed(cut), 400, unreadable, "bad_gzip"),
        ("plain text called gzip", packed(track()), 400, unreadable, "bad_gzip"),
        ("nothing called gzip", packed(Vec::new()), 400, unreadable, "bad_gzip"),
        ("an unknown encoding", other, 415, unknown, "bad_encoding"),
        ("two encodings", two, 415, unknown, "bad_encoding"),
        ("no UTF-8", post("/v1/track", b"{\"userId\":\"\xff\"}"), 400, "invalid json", "bad_json"),
    ];
    check(&server, refusals).await;
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn what_is_too_large_or_too_deep_is_told_why() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.request_bytes_max = 8 << 20;
        config.intake.event_bytes_max = 1 << 20;
    })
    .await;
    let packed = |body: &[u8]| post("/v1/track", gzip(body)).header("content-encoding", "gzip");
    let long = Event::track("x").user("u").with("text", "x".repeat(1 << 20));
    let large = "request size exceeds max limit";
    let refusals: Vec<Refusal> = vec![
        ("a large body", post("/v1/track", vec![b' '; (8 << 20) + 1]), 413, large, "too_large"),
        ("a gzip bomb", packed(&vec![b' '; 64 << 20]), 413, large, "too_large"),
        ("a large event", post("/v1/track", long.clone()), 413, large, "too_large"),
        ("a large event, packed", packed(long.text().as_bytes()), 413, large, "too_large"),
        ("a large one in a batch", post("/v1/batch", batch([long])), 413, large, "too_large"),
        ("brackets", post("/v1/track", vec![b'['; 5_000_000]), 400, "invalid json", "too_deep"),
        (
            "brackets in a batch",
            post("/v1/batch", [&b"{\"batch\":"[..], &vec![b'['; 5_000_000]].concat()),
            400,
            "invalid json",
            "too_deep",
        ),
    ];
    check(&server, refusals).await;
    let fits = vec![b' '; (1 << 20) - 14];
    let fits = [b"{\"userId\":\"u\"", &fits[..], b"}"].concat();
    assert_eq!(server.post("/v1/track", fits).await.status, 200, "exactly the limit is taken");
    server.stop().await;
}

#[tokio::test]
async fn refusals_are_counted_by_source_and_reason_and_unknown_keys_by_their_ending() {
    let server = Server::start(&Workspace::of_app()).await;
    for _ in 0..3 {
        server.gateway.post("/v1/track", "wrong-key-x9f", "{}").await;
    }
    server.gateway.post("/v1/track", "another-key-y1", "{}").await;
    server.post("/v1/batch", r#"{"batch":[{"userId":"u"},{"event":"x"},{"event":"y"}]}"#).await;
    let mut all = server.admin.get("/api/v1/rejections").await;
    let counts: Vec<Value> = serde_json::from_value(all["counts"].take()).expect("a list");
    let shown = |count: &Value| {
        let text = |name: &str| count[name].as_str().unwrap_or("nobody").to_owned();
        (text("source"), text("reason"), text("about"), count["count"].as_u64().unwrap_or(0))
    };
    let mut counts: Vec<_> = counts.iter().map(shown).collect();
    counts.sort();
    let count = |source: &str, reason: &str, about: &str, count: u64| {
        (source.to_owned(), reason.to_owned(), about.to_owned(), count)
    };
    let ending = |ending: &str| format!("the write key ends with …{ending}");
    let want = [
        count("app", "missing_id", "", 2),
        count("nobody", "bad_key", &ending("-y1"), 1),
        count("nobody", "bad_key", &ending("x9f"), 3),
    ];
    assert_eq!(counts, want);
    server.stop().await;
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_without_a_body() {
    let server = Server::start(&Workspace::of_app()).await;
    let check = async |method: &str, path: &str, status: u16| {
        let answer = server.gateway.send(&Request::new(method, path).key("key-app")).await;
        assert_eq!((answer.status, answer.text()), (status, ""), "{method} {path}");
        let allowed = match (status, method) {
            (405, "POST") => Some("GET, HEAD, OPTIONS"),
            (405, _) => Some("POST, OPTIONS"),
            _ => None,
        };
        assert_eq!(answer.get("allow"), allowed, "{method} {path}");
    };
    for path in ["/v1/track", "/v1/batch", "/v1/identify"] {
        check("GET", path, 405).await;
        check("PUT", path, 405).await;
    }
    for path in ["/health", "/version", "/robots.txt", "/"] {
        check("POST", path, 405).await;
    }
    for path in
        ["/v1/", "/v1/nothing", "/internal/v1/batch", "/internal/v1/extract", "/favicon.ico"]
    {
        check("GET", path, 404).await;
        check("POST", path, 404).await;
    }
    server.stop().await;
}

fn members(answer: &Answer) -> Vec<String> {
    let value = answer.json();
    value.as_object().expect("an object").keys().cloned().collect()
}

#[tokio::test]
async fn health_version_and_robots_are_as_clients_know_them() {
    let server = Server::start(&Workspace::of_app()).await;
    for path in ["/health", "/"] {
        let health = server.gateway.get(path).await;
        assert_eq!(health.status, 200);
        let known = [
            "acceptingEvents",
            "appType",
            "backendConfigMode",
            "db",
            "lastRegulationSync",
            "lastSync",
            "mode",
            "routingEvents",
            "server",
        ];
        assert_eq!(members(&health), known);
        let value = health.json();
        assert!(value.as_object().expect("an object").values().all(Value::is_string));
        assert_eq!(value["server"], "UP");
        assert_eq!(value["db"], "UP");
        assert_eq!(value["acceptingEvents"], "TRUE");
        assert_eq!(value["routingEvents"], "TRUE");
    }
    let version = server.gateway.get("/version").await;
    assert_eq!(version.status, 200);
    let members = members(&version);
    for known in ["Version", "Commit", "BuildDate", "BuiltBy", "Features"] {
        assert!(members.iter().any(|one| one == known), "{known} in {members:?}");
    }
    assert_eq!(version.json()["Features"], serde_json::json!(["gzip-req-payload"]));
    let robots = server.gateway.get("/robots.txt").await;
    assert_eq!((robots.status, robots.text()), (200, "User-agent: * \nDisallow: / \n"));
    server.stop().await;
}
