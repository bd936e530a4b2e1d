//! Browsers: a page of any origin may send events, and read what it is told.

use testkit::{Answer, Event, Request, Workspace};

use crate::harness::Server;

const PAGE: &str = "https://shop.example";

fn allow_headers(answer: &Answer) -> Vec<&str> {
    let headers = answer.headers.iter().map(|(name, _)| name.as_str());
    headers.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn a_page_of_any_origin_may_read_every_answer() {
    let server = Server::start(&Workspace::of_app().disabled_source("old")).await;
    let track =
        |key: &str| Request::new("POST", "/v1/track").key(key).body(Event::track("x").user("u"));
    let requests = [
        (200, track("key-app")),
        (400, Request::new("POST", "/v1/track").key("key-app").body("{")),
        (401, track("key-other")),
        (404, track("key-old")),
        (404, Request::new("GET", "/nothing")),
        (405, Request::new("PUT", "/v1/track").key("key-app")),
        (415, track("key-app").header("content-encoding", "br")),
        (200, Request::new("GET", "/health")),
    ];
    for (status, request) in requests {
        let plain = server.gateway.send(&request).await;
        assert_eq!((plain.status, plain.get("vary")), (status, Some("Origin")), "{request:?}");
        assert_eq!(allow_headers(&plain), [""; 0], "{request:?}");
        let answer = server.gateway.send(&request.clone().header("origin", PAGE)).await;
        assert_eq!((answer.status, answer.get("vary")), (status, Some("Origin")), "{request:?}");
        assert_eq!(answer.get("access-control-allow-origin"), Some(PAGE));
        assert_eq!(answer.get("access-control-allow-credentials"), Some("true"));
        let exposed = answer.get("access-control-expose-headers");
        assert_eq!(exposed, Some("Retry-After, Postrider-Reason"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_preflight_is_allowed_without_a_key() {
    let server = Server::start(&Workspace::of_app()).await;
    let ask = async |path: &str, method: &str| {
        let request = Request::new("OPTIONS", path)
            .header("origin", PAGE)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "anonymousid,authorization,sentat");
        let answer = server.gateway.send(&request).await;
        assert_eq!((answer.status, answer.text()), (204, ""), "{method} {path}");
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        assert_eq!(answer.get("vary"), Some(vary), "{method} {path}");
        answer
    };
    for path in ["/v1/track", "/v1/batch", "/health", "/nothing"] {
        let answer = ask(path, "POST").await;
        assert_eq!(answer.get("access-control-allow-origin"), Some(PAGE));
        assert_eq!(answer.get("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.get("access-control-allow-methods"), Some("POST"));
        let headers = answer.get("access-control-allow-headers");
        assert_eq!(headers, Some("anonymousid,authorization,sentat"));
        assert_eq!(answer.get("access-control-max-age"), Some("900"));
    }
    assert_eq!(allow_headers(&ask("/v1/track", "PUT").await), [""; 0]);
    assert!(server.admin.rejections().await.is_empty());
    server.stop().await;
}
