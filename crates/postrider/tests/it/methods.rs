//! How an event travels: method, query, body and headers.

use testkit::{Endpoint, Received, Webhook, Workspace};

use crate::harness::Server;

const ORDER: &str = r#"{"userId":"u","messageId":"m","event":"Order","channel":null,
    "properties":{"total":9.50,"item":{"name":"a b&c"},"tags":["x","y"],"none":null}}"#;

const QUERY: &str = "total=9.50&item.name=a+b%26c&tags%5B0%5D=x&tags%5B1%5D=y";

/// What an endpoint gets for the order above.
async fn delivered(webhook: impl Fn(&Endpoint) -> Webhook) -> Received {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().webhook(webhook(&endpoint))).await;
    server.accept("/v1/track", ORDER).await;
    let received = endpoint.wait_for(1).await;
    server.stop().await;
    Received::clone(&received[0])
}

#[tokio::test]
async fn post_put_and_patch_carry_the_whole_event_as_body() {
    for method in ["POST", "PUT", "PATCH"] {
        let webhook = |endpoint: &Endpoint| {
            Webhook::new("hooks", &endpoint.url("/in/a%20b?token=%41&x")).method(method)
        };
        let received = delivered(webhook).await;
        assert_eq!(received.method, method);
        assert_eq!(received.target, "/in/a%20b?token=%41&x", "the URL stays as configured");
        assert_eq!(received.header("content-type"), Some("application/json"));
        let event: serde_json::Value = serde_json::from_slice(&received.body).expect("JSON");
        assert_eq!(event["event"], "Order");
        assert_eq!(event["type"], "track");
        assert_eq!(event["context"]["ip"], "127.0.0.1");
        assert!(event.get("channel").is_none(), "nulls at the top are left out");
    }
}

#[tokio::test]
async fn get_and_delete_carry_the_properties_as_query() {
    for method in ["GET", "DELETE"] {
        let webhook =
            |endpoint: &Endpoint| Webhook::new("hooks", &endpoint.url("/in?a=1")).method(method);
        let received = delivered(webhook).await;
        assert_eq!(received.method, method);
        assert_eq!(received.target, format!("/in?a=1&{QUERY}"));
        assert_eq!(received.body, b"");
        assert_eq!(received.header("content-type"), None);
    }
}

#[tokio::test]
async fn headers_are_those_of_the_reference_and_those_configured() {
    let received = delivered(|endpoint| Webhook::new("hooks", &endpoint.url("/"))).await;
    assert_eq!(received.header("user-agent"), Some("RudderLabs"));
    assert_eq!(received.header("content-type"), Some("application/json"));
    let configured = |endpoint: &Endpoint| {
        Webhook::new("hooks", &endpoint.url("/"))
            .header("Authorization", "Bearer s3cret")
            .header("Content-Type", "application/cloudevents+json")
            .header("X-Team", "42")
            .header("", "lost")
    };
    let received = delivered(configured).await;
    assert_eq!(received.header("authorization"), Some("Bearer s3cret"));
    assert_eq!(received.header("x-team"), Some("42"));
    let types = received.headers.iter().filter(|(name, _)| name == "content-type");
    let types: Vec<_> = types.map(|(_, value)| value.as_str()).collect();
    assert_eq!(types, ["application/cloudevents+json"], "a configured header takes the place");
    assert_eq!(received.header("user-agent"), Some("RudderLabs"));
}
