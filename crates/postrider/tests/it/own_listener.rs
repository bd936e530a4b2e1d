//! Our own listeners are not called, also where they listen on every address.

use testkit::{Webhook, Workspace};

use crate::harness::Server;

#[tokio::test]
async fn a_listener_on_every_address_is_our_own_on_each_of_them() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.gateway = "0.0.0.0:0".parse().expect("an address");
    })
    .await;
    let url = format!("http://127.0.0.1:{}/v1/track", server.gateway.address.port());
    let back = Webhook::new("gateway", &url).header("Authorization", "Basic a2V5LWFwcDo=");
    server.home.write(&Workspace::of_app().webhook(back).text());
    server.controls.reload.ask();
    let shown = || server.admin.get("/api/v1/status");
    testkit::eventually("the file is applied", shown, |status| {
        status["destinations"].as_array().is_some_and(|all| all.len() == 1)
    })
    .await;
    server.accept("/v1/track", r#"{"userId":"u","messageId":"m"}"#).await;
    let attempts = server.admin.wait_for_attempts("destination=gateway", 1).await;
    assert_eq!(attempts[0].gist(), (1, 0, "retry", "blocked_address"));
    assert_eq!(server.admin.accepted().await, 1, "nothing went round in circles");
    server.stop().await;
}
