//! Bodies that take their time: what comes steadily is waited for, what trickles is let go.

use std::time::Duration;

use testkit::{Connection, Event, Request, Workspace, eventually};

use crate::harness::{Server, ms};

const HOUR: Duration = Duration::from_secs(3_600);

/// A server whose bodies may take an hour, but may be slow for a moment only.
async fn server(grace: Duration) -> Server {
    Server::tuned(&Workspace::of_app(), |config| {
        config.intake.body_timeout = HOUR;
        config.intake.body_grace = grace;
    })
    .await
}

fn track(text_bytes: usize) -> Vec<u8> {
    let event = Event::track("x").user("u").with("text", "x".repeat(text_bytes));
    Request::new("POST", "/v1/track").key("key-app").body(event).to_bytes()
}

/// Begins a request and keeps its last byte back.
async fn begin(server: &Server, request: &[u8]) -> Connection {
    let mut connection = server.gateway.connect().await;
    connection.write(&request[..request.len() - 1]).await.expect("it is taken");
    connection
}

async fn check_let_go(mut connection: Connection) {
    let answer = connection.answer().await.expect("HTTP").expect("an answer");
    let text = "failed to read body from request\n";
    assert_eq!((answer.status, answer.text()), (408, text));
    assert_eq!(answer.get("postrider-reason"), Some("body_timeout"));
    assert!(!matches!(connection.answer().await, Ok(Some(_))), "the connection is closed");
}

#[tokio::test]
async fn a_body_that_trickles_is_let_go_long_before_its_time_is_over() {
    let server = server(ms(50)).await;
    check_let_go(begin(&server, &track(10)).await).await;
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn what_has_come_of_a_body_earns_it_time() {
    let server = server(ms(200)).await;
    let whole = track(64 << 10);
    let mut slow = begin(&server, &whole).await;
    // One that begins later is let go, so the first one's grace is over as well.
    check_let_go(begin(&server, &track(10)).await).await;
    slow.write(&whole[whole.len() - 1..]).await.expect("it is taken");
    let answer = slow.answer().await.expect("HTTP").expect("an answer");
    assert_eq!((answer.status, answer.text()), (200, "ok"));
    server.stop().await;
}

#[tokio::test]
async fn a_refused_body_is_not_waited_for_longer_than_any_other() {
    let server = server(ms(50)).await;
    let request = Request::new("POST", "/v1/track").key("key-no").body(vec![b' '; 100]).to_bytes();
    let mut connection = begin(&server, &request).await;
    let answer = connection.answer().await.expect("HTTP").expect("an answer");
    assert_eq!((answer.status, answer.text()), (401, "invalid write key\n"));
    server.stop().await;
}

#[tokio::test]
async fn one_address_holds_a_part_of_the_room_for_bodies_and_others_go_on() {
    let from = |address| Request::new("POST", "/v1/batch").header("x-forwarded-for", address);
    let large = from("192.0.2.1").body(vec![b' '; 200 << 10]);
    // An eighth of the room, and a thirty-second where the head has no key.
    for (request, fitting) in [(large.clone().key("key-app"), 5), (large, 1)] {
        let server = Server::tuned(&Workspace::of_app(), |config| {
            config.intake.request_bytes_max = 1 << 20;
            config.intake.bodies_bytes_max = 8 << 20;
        })
        .await;
        let request = request.to_bytes();
        let mut connections = Vec::new();
        for _ in 0..50 {
            let mut connection = server.gateway.connect().await;
            // One that is refused may be closed before it has sent all.
            let _ = connection.write(&request[..request.len() - 1]).await;
            connections.push(connection);
        }
        let rejected = || async { server.admin.rejected().await };
        let enough = |count: &u64| *count >= 50 - fitting;
        eventually("all that do not fit are refused", rejected, enough).await;
        let refused = server.admin.wait_for_rejections(1).await;
        assert!(refused.iter().all(|one| one.reason == "busy" && one.detail.contains("address")));
        let text = "x".repeat(500 << 10);
        let other = Event::track("x").user("u").with("text", text).text();
        let other = from("192.0.2.2").key("key-app").body(format!("{{\"batch\":[{other}]}}"));
        let answer = server.gateway.send(&other).await;
        assert_eq!((answer.status, answer.text()), (200, "ok"));
        assert_eq!(server.admin.rejected().await, 50 - fitting, "the others are held");
        drop(connections);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_a_body_becomes_counts_beside_others_and_not_alone() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.request_bytes_max = 1 << 20;
        config.intake.bodies_bytes_max = 1 << 20;
    })
    .await;
    let from = |address| {
        Request::new("POST", "/v1/batch").key("key-app").header("x-forwarded-for", address)
    };
    // A tenth of what there is, as it comes; more than there is as events.
    let tiny = r#"{"type":"track","event":"e","userId":"u"}"#;
    let batch = from("192.0.2.1").body(format!("{{\"batch\":[{}]}}", [tiny; 3_000].join(",")));
    let ask = || async { server.gateway.send(&batch).await.status };
    assert_eq!(ask().await, 200);
    let other = from("192.0.2.2").body(vec![b' '; 100 << 10]).to_bytes();
    let other = begin(&server, &other).await;
    eventually("it does not fit beside the other", ask, |status| *status == 503).await;
    drop(other);
    eventually("there is room again", ask, |status| *status == 200).await;
    server.stop().await;
}
