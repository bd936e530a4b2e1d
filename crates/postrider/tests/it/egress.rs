//! Which addresses are called: never those inside, unless the operator says so.

use testkit::{Endpoint, Event, Webhook, Workspace, eventually};

use crate::harness::{Home, Server};

#[tokio::test]
async fn private_addresses_are_refused_unless_allowed() {
    let endpoint = Endpoint::ok().await;
    let port = endpoint.address().port();
    let workspace = Workspace::of_app()
        .posts_to("plain", &format!("http://127.0.0.1:{port}/"))
        .posts_to("number", &format!("http://2130706433:{port}/"))
        .posts_to("mapped", &format!("http://[::ffff:127.0.0.1]:{port}/"))
        .posts_to("name", &format!("http://localhost:{port}/"))
        .posts_to("metadata", "http://169.254.169.254/latest/meta-data/");
    let server = Server::tuned(&workspace, |config| config.egress.allow.clear()).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    for destination in ["plain", "number", "mapped", "name", "metadata"] {
        let query = format!("destination={destination}");
        let attempts = server.admin.wait_for_attempts(&query, 1).await;
        assert_eq!(attempts[0].gist(), (1, 0, "retry", "blocked_address"), "{destination}");
        let hint = match destination {
            "metadata" => "egress.allow cannot open it",
            _ => "--egress-allow ",
        };
        assert!(attempts[0].detail.contains(hint), "{destination}: {}", attempts[0].detail);
    }
    let attempts = server.admin.attempts("destination=plain").await;
    assert!(attempts[0].detail.contains("--egress-allow 127.0.0.0/8"), "{}", attempts[0].detail);
    let home = server.stop().await;
    assert_eq!(endpoint.connections(), 0);

    let server = Server::at(home, |config| {
        config.egress.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let arrived = endpoint.wait_for(3).await;
    assert!(arrived.iter().all(|one| one.id() == "m"), "what waited is delivered once allowed");
    server.stop().await;
}

#[tokio::test]
async fn our_own_listeners_are_not_called() {
    let home = Home::new(&Workspace::of_app());
    let server = Server::at(home, |_| {}).await;
    let gateway = format!("http://{}/v1/track", server.gateway.address);
    let admin = format!("http://{}/play/demo/in", server.admin.0.address);
    let back = Webhook::new("gateway", &gateway).header("Authorization", "Basic a2V5LWFwcDo=");
    let workspace = Workspace::of_app().webhook(back).posts_to("admin", &admin);
    server.home.write(&workspace.text());
    server.controls.reload.ask();
    let list = || server.admin.get("/api/v1/status");
    let two = |status: &serde_json::Value| status["destinations"].as_array().unwrap().len() == 2;
    eventually("the file is applied", list, two).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    for destination in ["gateway", "admin"] {
        let query = format!("destination={destination}");
        let attempts = server.admin.wait_for_attempts(&query, 1).await;
        assert_eq!(attempts[0].gist(), (1, 0, "retry", "blocked_address"), "{destination}");
        assert!(attempts[0].detail.contains("is a listener of this server"), "{attempts:?}");
    }
    assert_eq!(server.admin.accepted().await, 1, "nothing went round in circles");
    server.stop().await;
}

#[tokio::test]
async fn the_playground_is_always_reached() {
    let workspace = Workspace::of_app().posts_to("play", "playground://demo");
    let server = Server::tuned(&workspace, |config| config.egress.allow.clear()).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    let attempts = server.admin.wait_for_attempts("destination=play", 1).await;
    assert_eq!(attempts[0].gist(), (1, 200, "delivered", ""));
    let shown = server.admin.get("/api/v1/playgrounds/demo/requests").await;
    let body = shown["requests"][0]["body"].as_str().expect("a body");
    let event: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(event["messageId"], "m");
    server.stop().await;
}
