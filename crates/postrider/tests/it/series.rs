//! Charts: how much happened when.

use serde_json::Value;
use testkit::{Endpoint, Event, Reply, Workspace, eventually};

use crate::harness::{Server, problem};

/// A member, added up over all points.
fn sum(series: &Value, member: &str) -> u64 {
    let points = series["points"].as_array().expect("points");
    points.iter().map(|point| point[member].as_u64().unwrap_or(0)).sum()
}

async fn until(server: &Server, query: &str, member: &str, count: u64) -> Value {
    let what = format!("{member} {count} in {query}");
    let ask = || server.admin.get(query);
    eventually(&what, ask, |series| sum(series, member) >= count).await
}

#[tokio::test]
async fn what_happened_is_counted_by_minute_and_survives_a_restart() {
    let endpoint = Endpoint::script([Reply::status(503), Reply::status(200)]).await;
    let workspace = Workspace::of_app().source("web").posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    for number in 0..5 {
        server.accept("/v1/track", Event::track("x").user(&format!("u{number}"))).await;
    }
    assert_eq!(server.post("/v1/track", "{}").await.status, 400);
    server.admin.wait_until_finished("hooks", 5).await;
    until(&server, "/api/v1/series?of=accepted&source=app", "accepted", 5).await;
    until(&server, "/api/v1/series?of=accepted&source=app", "rejected", 1).await;
    let server = Server::at(server.stop().await, |_| {}).await;
    let all = until(&server, "/api/v1/series", "accepted", 5).await;
    let counts = ["accepted", "rejected", "delivered_first_try", "delivered_on_retry"];
    assert_eq!(counts.map(|name| sum(&all, name)), [5, 1, 4, 1]);
    assert_eq!((sum(&all, "failed_attempts"), sum(&all, "gave_up")), (1, 0));
    assert_eq!(all["points"].as_array().map(Vec::len), Some(61), "each minute of an hour");
    let attempts = server.admin.get("/api/v1/series?of=attempts&destination=hooks").await;
    assert_eq!((sum(&attempts, "attempts"), sum(&attempts, "failed_attempts")), (6, 1));
    let each = server.admin.get("/api/v1/series/destinations").await;
    let fared = each["destinations"].as_array().expect("destinations");
    assert_eq!(fared.len(), 1, "{each}");
    let (fared, sum_of_hooks) = (&fared[0], &fared[0]["sum"]);
    assert_eq!(fared["destination"], "hooks");
    let counts = ["delivered_first_try", "delivered_on_retry", "failed_attempts"];
    assert_eq!(counts.map(|name| sum_of_hooks[name].as_u64()), [4, 1, 1].map(Some), "{each}");
    assert!(sum_of_hooks["p95_ms"].as_f64() > Some(0.0), "{each}");
    let delivered = fared["delivered"].as_array().expect("minutes");
    assert_eq!(delivered.iter().filter_map(Value::as_u64).sum::<u64>(), 5, "{each}");
    assert_eq!(delivered.len(), 61, "each minute of an hour");
    let latency = server.admin.get("/api/v1/series?of=latency&bucket=1h").await;
    let points = latency["points"].as_array().expect("points");
    assert!(
        points.iter().any(|point| point["p95_ms"].as_f64() >= point["p50_ms"].as_f64()
            && point["p50_ms"].as_f64() > Some(0.0)),
        "{latency}"
    );
    let other = server.admin.get("/api/v1/series?of=accepted&source=web").await;
    assert_eq!(sum(&other, "accepted"), 0);
}

#[tokio::test]
async fn the_last_hour_is_told_by_the_second() {
    let endpoint = Endpoint::ok().await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::start(&workspace).await;
    until(&server, "/api/v1/series?bucket=1s", "accepted", 0).await;
    for _ in 0..3 {
        server.accept("/v1/track", Event::track("x").user("u")).await;
    }
    assert_eq!(server.gateway.post("/v1/track", "nobody's", "{}").await.status, 401);
    let of = |what: &str| format!("/api/v1/series?bucket=1s&{what}");
    until(&server, &of("of=accepted&source=app"), "accepted", 3).await;
    until(&server, &of("of=accepted"), "rejected", 1).await;
    until(&server, &of("of=deliveries&destination=hooks"), "delivered_first_try", 3).await;
}

#[tokio::test]
async fn a_series_that_cannot_be_told_is_refused() {
    let server = Server::start(&Workspace::of_app()).await;
    let ask = async |query: &str| server.admin.0.get(&format!("/api/v1/series?{query}")).await;
    for query in [
        "of=everything",
        "bucket=2m",
        "from=yesterday",
        "of=deliveries&source=app",
        "of=accepted&destination=hooks",
        "source=app&destination=hooks",
    ] {
        problem(&ask(query).await, 400, "bad_query");
    }
    let long = "from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z";
    problem(&ask(long).await, 400, "too_many_points");
    let days = server.admin.get(&format!("/api/v1/series?bucket=1d&{long}")).await;
    assert_eq!(days["points"].as_array().map(Vec::len), Some(2_192));
    let backwards = "from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z";
    assert_eq!(
        server.admin.get(&format!("/api/v1/series?{backwards}")).await["points"],
        serde_json::json!([])
    );
}
