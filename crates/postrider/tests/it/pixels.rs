//! Events written as the query of an image.

use serde_json::{Value, json};
use testkit::{Endpoint, Request, Workspace};

use crate::harness::Server;

/// Asks for a pixel, which must come whatever became of its event.
async fn look(server: &Server, target: &str) {
    let answer = server.gateway.send(&Request::new("GET", target)).await;
    assert_eq!((answer.status, answer.get("content-type")), (200, Some("image/gif")), "{target}");
    assert_eq!(answer.body.len(), 43, "{target}");
    assert!(answer.body.starts_with(b"GIF89a") && answer.body.ends_with(b";"), "{target}");
}

#[tokio::test]
async fn a_pixel_stores_the_event_of_its_query() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    look(
        &server,
        "/pixel/v1/track?writeKey=key-app&anonymousId=%22a%22&event=Mail+Opened\
         &properties.campaign=May%26June&properties.count=1&context.page.url=x",
    )
    .await;
    look(&server, "/pixel/v1/page?name=&writeKey=key-app&anonymousId=a").await;
    let received = endpoint.wait_for(2).await;
    let event = |at: usize| serde_json::from_slice::<Value>(&received[at].body).expect("JSON");
    let (track, page) = (event(0), event(1));
    assert_eq!((&track["type"], &track["event"]), (&json!("track"), &json!("Mail Opened")));
    assert_eq!(track["anonymousId"], "a");
    assert_eq!(track["properties"], json!({"campaign": "May&June", "count": "1"}));
    assert_eq!(track["context"]["page"]["url"], "x");
    assert_eq!((&track["channel"], &track["integrations"]), (&json!("web"), &json!({"All": true})));
    assert_eq!(track["originalTimestamp"], track["receivedAt"]);
    assert_eq!(track["sentAt"], track["receivedAt"]);
    assert_eq!(track["request_ip"], "127.0.0.1");
    assert!(track.get("writeKey").is_none());
    assert_eq!((&page["type"], &page["name"]), (&json!("page"), &json!("Unknown Page")));
    server.stop().await;
}

#[tokio::test]
async fn a_pixel_is_shown_whatever_becomes_of_its_event() {
    let server = Server::start(&Workspace::of_app().disabled_source("old")).await;
    let refused = [
        ("/pixel/v1/track?userId=u&event=x", "missing_key"),
        ("/pixel/v1/track", "missing_key"),
        ("/pixel/v1/track?writeKey=key-no&userId=u", "bad_key"),
        ("/pixel/v1/page?writeKey=key-old&userId=u", "disabled_source"),
        ("/pixel/v1/track?writeKey=key-app&event=x", "missing_id"),
        ("/pixel/v1/track?writeKey=key-app&userId=u&event=", "not_an_event"),
    ];
    for (target, _) in refused {
        look(&server, target).await;
    }
    let listed = server.admin.wait_for_rejections(refused.len()).await;
    let reasons: Vec<&str> = listed.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons, refused.map(|(_, reason)| reason));
    let probe =
        server.gateway.send(&Request::new("HEAD", "/pixel/v1/track?writeKey=key-app")).await;
    assert_eq!((probe.status, probe.get("allow")), (405, Some("GET, OPTIONS")));
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}
