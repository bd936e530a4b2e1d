//! Clients that are slow, cut off, or in a hurry.

use testkit::{Endpoint, Event, Request, Workspace};

use crate::harness::{Server, ms};

fn track(id: &str) -> Request {
    let event = Event::track("x").user("u").id(id);
    Request::new("POST", "/v1/track").key("key-app").body(event)
}

#[tokio::test]
async fn half_a_body_stores_nothing() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let whole = track("half").to_bytes();
    let mut connection = server.gateway.connect().await;
    connection.write(&whole[..whole.len() - 1]).await.expect("it is taken");
    connection.finish().await.expect("it is taken");
    let answer = connection.answer().await;
    assert!(matches!(&answer, Ok(Some(answer)) if answer.status == 400), "{answer:?}");
    let rejections = server.admin.wait_for_rejections(1).await;
    assert_eq!(rejections[0].reason, "body_cut");
    server.accept("/v1/track", Event::track("x").user("u").id("whole")).await;
    endpoint.wait_for(1).await;
    assert_eq!(server.admin.accepted().await, 1);
    server.stop().await;
    assert_eq!(endpoint.received()[0].id(), "whole");
}

#[tokio::test]
async fn a_client_that_goes_away_within_a_body_stores_nothing() {
    let server = Server::start(&Workspace::of_app()).await;
    let whole = track("half").header("expect", "100-continue").to_bytes();
    let mut connection = server.gateway.connect().await;
    connection.write(&whole[..whole.len() - 1]).await.expect("it is taken");
    connection.wait_for_continue().await;
    drop(connection);
    let rejections = server.admin.wait_for_rejections(1).await;
    assert_eq!(rejections[0].reason, "body_cut");
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_slow_body_is_told_so_and_let_go() {
    let server =
        Server::tuned(&Workspace::of_app(), |config| config.intake.body_timeout = ms(50)).await;
    let whole = track("slow").to_bytes();
    let mut connection = server.gateway.connect().await;
    connection.write(&whole[..whole.len() - 1]).await.expect("it is taken");
    let answer = connection.answer().await.expect("HTTP").expect("an answer");
    let text = "failed to read body from request\n";
    assert_eq!((answer.status, answer.text()), (408, text));
    assert_eq!(server.admin.wait_for_rejections(1).await[0].reason, "body_timeout");
    let more = connection.answer().await;
    assert!(!matches!(more, Ok(Some(_))), "the connection is closed: {more:?}");
    assert_eq!(server.admin.accepted().await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_slow_head_is_closed() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.header_timeout = ms(50);
    })
    .await;
    let mut silent = server.gateway.connect().await;
    let mut slow = server.gateway.connect().await;
    slow.write(b"POST /v1/track HTTP/1.1\r\nhost: localhost\r\n").await.expect("it is taken");
    let mut kept = server.gateway.connect().await;
    assert_eq!(kept.ask(&track("kept")).await.expect("an answer").status, 200);
    kept.write(b"POST /v1/tra").await.expect("it is taken");
    for connection in [&mut silent, &mut slow, &mut kept] {
        let answer = connection.answer().await;
        assert!(matches!(answer, Ok(None) | Err(_)), "{answer:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_kept_connection_may_be_silent_longer_than_a_head_may_take() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.header_timeout = ms(50);
    })
    .await;
    let mut kept = server.gateway.connect().await;
    assert_eq!(kept.ask(&track("m-1")).await.expect("an answer").status, 200);
    // A head that began after the last answer is closed, so the time for a head has passed.
    let mut slow = server.gateway.connect().await;
    slow.write(b"POST").await.expect("it is taken");
    assert!(matches!(slow.answer().await, Ok(None) | Err(_)));
    assert_eq!(kept.ask(&track("m-2")).await.expect("an answer").status, 200);
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.header_timeout = ms(20);
        config.intake.idle_timeout = ms(50);
    })
    .await;
    let mut kept = server.gateway.connect().await;
    assert_eq!(kept.ask(&track("m-1")).await.expect("an answer").status, 200);
    assert!(matches!(kept.answer().await, Ok(None) | Err(_)));
    server.stop().await;
}

#[tokio::test]
async fn a_connection_serves_request_after_request() {
    let server = Server::start(&Workspace::of_app()).await;
    let mut connection = server.gateway.connect().await;
    for number in 0..50 {
        let answer = connection.ask(&track(&format!("m-{number}"))).await.expect("an answer");
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    }
    let refused = connection.ask(&Request::new("POST", "/v1/track")).await.expect("an answer");
    assert_eq!(refused.status, 401);
    let answer = connection.ask(&track("after")).await.expect("an answer");
    assert_eq!(answer.status, 200, "a refusal keeps the connection");
    assert_eq!(server.admin.accepted().await, 51);
    server.stop().await;
}

#[tokio::test]
async fn pipelined_requests_are_each_answered_in_order() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let bad = Request::new("POST", "/v1/track").key("key-app").body("{");
    let health = Request::new("GET", "/health");
    let requests = [track("m-1"), bad, track("m-2"), health, track("m-3")];
    let bytes: Vec<u8> = requests.iter().flat_map(Request::to_bytes).collect();
    let mut connection = server.gateway.connect().await;
    connection.write(&bytes).await.expect("it is taken");
    for status in [200, 400, 200, 200, 200] {
        assert_eq!(connection.answer().await.expect("HTTP").expect("an answer").status, status);
    }
    let ids: Vec<_> = endpoint.wait_for(3).await.iter().map(|one| one.id()).collect();
    assert_eq!(ids, ["m-1", "m-2", "m-3"], "one user's events keep the order of the requests");
    server.stop().await;
}

#[tokio::test]
async fn a_body_in_pieces_is_one_body() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let event = Event::track("x").user("u").id("pieces").text();
    let head = "POST /v1/track HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic a2V5LWFwcDo=\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let mut connection = server.gateway.connect().await;
    connection.write(head.as_bytes()).await.expect("it is taken");
    for piece in event.as_bytes().chunks(7) {
        let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        connection.write(&chunk).await.expect("it is taken");
    }
    connection.write(b"0\r\n\r\n").await.expect("it is taken");
    assert_eq!(connection.answer().await.expect("HTTP").expect("an answer").status, 200);
    assert_eq!(endpoint.wait_for(1).await[0].id(), "pieces");
    server.stop().await;
}
