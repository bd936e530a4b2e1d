//! Events that choose where they go, and how far they may.

use serde_json::{Value, json};
use testkit::{Endpoint, Event, Received, Webhook, Workspace};

use crate::harness::{Attempt, Server};

fn event(id: &str) -> Event {
    Event::track("x").user("u").id(id)
}

/// A destination with a secret header.
fn webhook(endpoint: &Endpoint) -> Webhook {
    Webhook::new("hooks", &endpoint.url("/in")).header("X-Key", "s3cret")
}

fn hosts(hosts: &[&str]) -> Value {
    json!({ "dynamic": "hosts", "hosts": hosts })
}

/// Target, configured header, and the event's own one.
fn seen(received: &Received) -> (&str, Option<&str>, Option<&str>) {
    (received.target.as_str(), received.header("x-key"), received.header("x-own"))
}

async fn start(webhook: Webhook) -> Server {
    Server::start(&Workspace::of_app().webhook(webhook)).await
}

#[tokio::test]
async fn an_event_chooses_path_and_headers_within_the_origin() {
    let endpoint = Endpoint::ok().await;
    let server = start(webhook(&endpoint)).await;
    let steered = event("m-1").with("appendPath", "/a?b=%7e").with("header", json!({"X-Own": 1}));
    server.accept("/v1/track", steered).await;
    let full = event("m-2").with("fullPath", endpoint.url("/full"));
    server.accept("/v1/track", full.with("header", json!({"x-KEY": "event's"}))).await;
    let platform = json!({ "Webhook": { "appendPath": "/b" } });
    server.accept("/v1/track", event("m-3").with("integrations", platform)).await;
    server.accept("/v1/track", event("m-4")).await;
    let received = endpoint.wait_for(4).await;
    let seen: Vec<_> = received.iter().map(|one| seen(one)).collect();
    assert_eq!(
        seen,
        [
            ("/in/a?b=%7e", Some("s3cret"), Some("1")),
            ("/full", Some("event's"), None),
            ("/in/b", Some("s3cret"), None),
            ("/in", Some("s3cret"), None),
        ]
    );
    for one in &received {
        let body: Value = serde_json::from_slice(&one.body).expect("JSON");
        assert!(["header", "fullPath", "appendPath"].iter().all(|name| body[name].is_null()));
        let keys = one.headers.iter().filter(|(name, _)| name == "x-key");
        assert_eq!(keys.count(), 1, "one value per name");
    }
    server.stop().await;
    assert_eq!(endpoint.connections(), 1, "all of it on the destination's own connection");
}

#[tokio::test]
async fn an_event_cannot_lead_to_another_origin() {
    let (home, other) = (Endpoint::ok().await, Endpoint::ok().await);
    let server = start(webhook(&home)).await;
    server.accept("/v1/track", event("m-1").with("fullPath", other.url("/"))).await;
    server.accept("/v1/track", event("m-2").with("appendPath", "@evil.test/")).await;
    server.accept("/v1/track", event("m-3")).await;
    let received = home.wait_for(2).await;
    let targets: Vec<_> = received.iter().map(|one| (one.id(), one.target.clone())).collect();
    let want = [("m-2", "/in@evil.test/"), ("m-3", "/in")];
    assert_eq!(targets, want.map(|(id, target)| (id.to_owned(), target.to_owned())));
    let attempts = server.admin.wait_for_attempts("destination=hooks", 3).await;
    assert_eq!(attempts[0].gist(), (1, 0, "gave_up", "dynamic_url_refused"));
    assert!(attempts[0].detail.contains("\"dynamic\" is \"same_origin\""), "{attempts:?}");
    assert_eq!(attempts[1].gist(), (1, 200, "delivered", ""), "behind a path it is one more");
    server.stop().await;
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn an_append_path_behind_a_bare_host_cannot_change_the_host() {
    let endpoint = Endpoint::ok().await;
    let server = start(Webhook::new("hooks", &endpoint.url(""))).await;
    for (id, appended) in [("m-1", "@127.0.0.2/"), ("m-2", ".evil.test/"), ("m-3", "0/")] {
        server.accept("/v1/track", event(id).with("appendPath", appended)).await;
    }
    server.accept("/v1/track", event("m-4").with("appendPath", "/ok")).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 4).await;
    assert!(attempts[..3].iter().all(|one| one.fate == "gave_up"), "{attempts:?}");
    server.stop().await;
    let targets: Vec<_> = endpoint.received().iter().map(|one| one.target.clone()).collect();
    assert_eq!(targets, ["/ok"]);
}

#[tokio::test]
async fn an_allowed_host_gets_the_event_and_none_of_the_secrets() {
    let (home, other) = (Endpoint::ok().await, Endpoint::ok().await);
    let server = start(webhook(&home).own(hosts(&["127.0.0.1"]))).await;
    for (id, url) in [("m-1", other.url("/a")), ("m-2", home.url("/b")), ("m-3", other.url("/c"))] {
        let own = json!({ "x-own": id });
        server.accept("/v1/track", event(id).with("fullPath", url).with("header", own)).await;
    }
    let received = other.wait_for(2).await;
    assert_eq!(seen(&received[0]), ("/a", None, Some("m-1")));
    assert_eq!(seen(&received[1]), ("/c", None, Some("m-3")));
    assert_eq!(received[0].header("host"), Some(other.address().to_string().as_str()));
    assert_eq!(received[0].header("user-agent"), Some("RudderLabs"));
    assert_eq!(seen(&home.wait_for(1).await[0]), ("/b", Some("s3cret"), Some("m-2")));
    server.stop().await;
    assert_eq!(other.connections(), 1, "its connection is kept");
}

#[tokio::test]
async fn an_allowed_host_is_still_checked_against_the_networks() {
    let endpoint = Endpoint::ok().await;
    let own = hosts(&["169.254.169.254", "127.0.0.1"]);
    let server = start(webhook(&endpoint).own(own)).await;
    let metadata = "http://169.254.169.254/latest/meta-data/";
    server.accept("/v1/track", event("m-1").with("fullPath", metadata)).await;
    let gateway = format!("http://{}/v1/track", server.gateway.address);
    let ours = Event::track("x").user("v").id("m-2").with("fullPath", gateway);
    server.accept("/v1/track", ours).await;
    for seq in [1, 2] {
        let attempts = server.admin.wait_for_attempts(&format!("seq={seq}"), 1).await;
        assert_eq!(attempts[0].gist(), (1, 0, "retry", "blocked_address"), "{attempts:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn where_dynamic_is_off_an_event_chooses_nothing() {
    let (home, other) = (Endpoint::ok().await, Endpoint::ok().await);
    let server = start(webhook(&home).own(json!({ "dynamic": "off" }))).await;
    let steered = event("m")
        .with("fullPath", other.url("/"))
        .with("appendPath", "/x")
        .with("header", json!({"x-own": "1"}));
    server.accept("/v1/track", steered).await;
    let received = home.wait_for(1).await;
    assert_eq!(seen(&received[0]), ("/in", Some("s3cret"), None));
    assert!(!received[0].text().contains("x-own"), "they are no part of the body either");
    server.stop().await;
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_and_its_event_given_up() {
    let endpoint = Endpoint::ok().await;
    let server = start(webhook(&endpoint)).await;
    for (id, header) in [
        ("m-1", json!({ "X-Bad": "a\nb" })),
        ("m-2", json!({ "X Bad": "1" })),
        ("m-3", json!({ "Content-Length": "0" })),
    ] {
        server.accept("/v1/track", event(id).with("header", header)).await;
    }
    server.accept("/v1/track", event("m-4").with("header", json!(["x"]))).await;
    assert_eq!(endpoint.wait_for(1).await[0].id(), "m-4", "what is no object is no header");
    let attempts = server.admin.wait_for_attempts("destination=hooks", 4).await;
    let refused = |one: &Attempt| one.gist() == (1, 0, "gave_up", "bad_request");
    assert!(attempts[..3].iter().all(refused), "{attempts:?}");
    assert!(attempts[0].detail.contains("value of header x-bad"), "{attempts:?}");
    assert!(attempts[2].detail.contains("header content-length belongs"), "{attempts:?}");
    server.stop().await;
}

#[tokio::test]
async fn connections_are_kept_to_a_bounded_number_of_origins() {
    let home = Endpoint::ok().await;
    let mut others = Vec::new();
    for _ in 0..=domain::limits::KEPT_ORIGINS_MAX {
        others.push(Endpoint::ok().await);
    }
    let server = start(webhook(&home).own(hosts(&["127.0.0.1"]))).await;
    let (first, last) = (&others[0], &others[others.len() - 1]);
    let again = others.iter().chain([last, first]);
    for (index, endpoint) in again.enumerate() {
        let id = format!("m-{index}");
        server.accept("/v1/track", event(&id).with("fullPath", endpoint.url("/"))).await;
        server.admin.wait_for_attempts("destination=hooks", index + 1).await;
    }
    let delivered = server.admin.attempts("destination=hooks").await;
    assert!(delivered.iter().all(|one| one.status == 200), "{delivered:?}");
    server.stop().await;
    assert_eq!(last.connections(), 1, "the origin asked for last is kept");
    assert_eq!(first.connections(), 2, "the one asked for least recently is not");
}
