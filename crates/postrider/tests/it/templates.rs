//! URL, method and headers that are looked up in each event.

use serde_json::json;
use testkit::{Endpoint, Event, Webhook, Workspace};

use crate::harness::{Attempt, Server};

fn event(id: &str) -> Event {
    Event::track("x").user("u").id(id)
}

#[tokio::test]
async fn url_method_and_headers_are_filled_in_from_each_event() {
    let endpoint = Endpoint::ok().await;
    let url = format!("{{{{ event.context.url || \"{}\" }}}}", endpoint.url("/default?t=1"));
    let webhook = Webhook::new("hooks", &url)
        .method("{{ message.context.how || POST }}")
        .header("X-Team", "{{ properties.team || none }}")
        .header("{{ context.tag || X-Tag }}", "t");
    let server = Server::start(&Workspace::of_app().webhook(webhook)).await;
    server.accept("/v1/track", event("m-1")).await;
    let own = json!({ "url": endpoint.url("/own"), "how": "PUT", "tag": "X-Own" });
    let chosen = event("m-2").with("context", own).with("properties", json!({ "team": 7 }));
    server.accept("/v1/track", chosen).await;
    let looked = event("m-3").with("context", json!({ "how": "GET" }));
    server.accept("/v1/track", looked.with("properties", json!({ "team": "ü" }))).await;
    let received = endpoint.wait_for(3).await;
    let seen: Vec<_> = received
        .iter()
        .map(|one| (one.method.as_str(), one.target.as_str(), one.header("x-team").unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            ("POST", "/default?t=1", "none"),
            ("PUT", "/own", "7"),
            ("GET", "/default?t=1&team=%C3%BC", "ü"),
        ]
    );
    let tags: Vec<_> =
        received.iter().map(|one| (one.header("x-tag"), one.header("x-own"))).collect();
    assert_eq!(tags, [(Some("t"), None), (None, Some("t")), (Some("t"), None)]);
    let body: serde_json::Value = serde_json::from_slice(&received[1].body).expect("JSON");
    assert_eq!(body["context"]["how"], "PUT", "the event keeps what was looked up");
    server.stop().await;
}

#[tokio::test]
async fn what_a_template_cannot_be_filled_with_is_given_up_and_the_rest_goes_on() {
    let (home, other) = (Endpoint::ok().await, Endpoint::ok().await);
    let url = format!("{{{{ event.context.url || {} }}}}", home.url("/"));
    let webhook = Webhook::new("hooks", &url).method("{{ context.how || POST }}");
    let server = Server::start(&Workspace::of_app().webhook(webhook)).await;
    let context = |value| event("m").with("context", value);
    server.accept("/v1/track", context(json!({ "url": other.url("/") }))).await;
    server.accept("/v1/track", context(json!({ "how": "post" })).id("m-2")).await;
    server.accept("/v1/track", event("m-3")).await;
    assert_eq!(home.wait_for(1).await[0].id(), "m-3");
    let attempts = server.admin.wait_for_attempts("destination=hooks", 3).await;
    let gists: Vec<_> = attempts.iter().map(Attempt::gist).collect();
    assert_eq!(
        gists,
        [
            (1, 0, "gave_up", "dynamic_url_refused"),
            (1, 0, "gave_up", "bad_request"),
            (1, 200, "delivered", ""),
        ]
    );
    assert!(attempts[1].detail.starts_with("webhookMethod is \"post\""), "{attempts:?}");
    server.stop().await;
    assert_eq!(other.connections(), 0);
}
