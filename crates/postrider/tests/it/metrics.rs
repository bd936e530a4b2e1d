//! What Prometheus scrapes: numbers that are right, of fixed names, whatever events hold.

use testkit::{Endpoint, Event, Reply, Request, Workspace};

use crate::harness::Server;

async fn scrape(server: &Server) -> String {
    let answer = server.admin.0.send(&Request::new("GET", "/metrics")).await;
    assert_eq!(answer.status, 200);
    let kind = answer.get("content-type");
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    answer.text().to_owned()
}

/// The value of a line that begins with this.
fn value(text: &str, begins: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(begins)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{begins} is not in {text}")).parse().expect("a number")
}

#[tokio::test]
async fn what_happened_is_counted() {
    let endpoint = Endpoint::script([Reply::status(500), Reply::status(200)]).await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/track", Event::track("a \"name\"\n{x}").user("u").id("m-1")).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m-1")).await;
    server.post("/v1/track", "{").await;
    server.gateway.send(&Request::new("POST", "/v1/track").key("nobody's").body("{}")).await;
    server.admin.wait_until_finished("hooks", 1).await;
    let text = scrape(&server).await;
    let check = |begins: &str, want: f64| {
        assert!((value(&text, begins) - want).abs() < f64::EPSILON, "{begins}: {text}");
    };
    check("postrider_events_accepted_total", 1.0);
    check("postrider_events_duplicate_total", 1.0);
    check(r#"postrider_rejections_total{source="app",reason="bad_json"}"#, 1.0);
    check(r#"postrider_rejections_total{source="",reason="bad_key"}"#, 1.0);
    check(r#"postrider_attempts_total{destination="hooks",outcome="delivered"}"#, 1.0);
    check(r#"postrider_attempts_total{destination="hooks",outcome="server_error"}"#, 1.0);
    check(r#"postrider_attempts_total{destination="hooks",outcome="timeout"}"#, 0.0);
    check(r#"postrider_attempt_seconds_count{destination="hooks"}"#, 2.0);
    check(r#"postrider_delivery_seconds_count{destination="hooks"}"#, 1.0);
    // Without this bound Prometheus finds no quantiles.
    check(r#"postrider_delivery_seconds_bucket{le="+Inf",destination="hooks"}"#, 1.0);
    check(r#"postrider_deliveries_total{destination="hooks",result="on_retry"}"#, 1.0);
    check(r#"postrider_destination_state{destination="hooks",state="active"}"#, 1.0);
    check(r#"postrider_waiting{destination="hooks"}"#, 0.0);
    check(r#"postrider_oldest_waiting_seconds{destination="hooks"}"#, 0.0);
    check("postrider_disk_low", 0.0);
    assert!(value(&text, "postrider_store_seconds_count") >= 1.0);
    assert!(value(&text, "postrider_disk_free_bytes") > 0.0);
    assert!(value(&text, "postrider_resident_memory_bytes") > 1e6);
    assert!(!text.contains("name"), "nothing of an event is in it");
    assert!(text.ends_with("# EOF\n"));
    server.stop().await;
}

#[tokio::test]
async fn every_metric_of_the_page_is_scraped_and_no_other() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    server.post("/v1/track", "{").await;
    server.admin.wait_until_finished("hooks", 1).await;
    let text = scrape(&server).await;
    server.stop().await;
    let page = include_str!("../../../../docs/reference/metrics.md");
    let listed = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let listed: Vec<_> = listed.map(|name| name.trim_end_matches("_total")).collect();
    let mut scraped: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    scraped.sort_by_key(|name| listed.iter().position(|listed| listed == name));
    assert_eq!(scraped, listed);
}

#[tokio::test]
async fn what_waits_shows_how_old_it_is() {
    let endpoint = Endpoint::script([Reply::status(503)]).await;
    let server =
        Server::tuned(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")), |config| {
            config.delivery.retry_min_backoff = crate::harness::ms(600_000);
            config.delivery.retry_max_backoff = crate::harness::ms(600_000);
        })
        .await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    let age = || async {
        value(&scrape(&server).await, r#"postrider_oldest_waiting_seconds{destination="hooks"}"#)
    };
    testkit::eventually("an age", age, |age| *age > 0.0).await;
    let text = scrape(&server).await;
    assert!((value(&text, r#"postrider_waiting{destination="hooks"}"#) - 1.0).abs() < f64::EPSILON);
    server.stop().await;
}
