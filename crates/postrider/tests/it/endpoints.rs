//! What endpoints do that nobody would do on purpose: each is told apart, bounded, and tried again
//! or not as its answer deserves.

use std::time::Duration;

use testkit::{Endpoint, Event, RawEndpoint, Reply, Workspace};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Attempt, Server, ms};

/// Long enough for an answer on this machine, short enough to wait for its end.
const SHORT: Duration = ms(1_500);

/// Attempts for events that come one after the other, where each attempt gets the next reply.
async fn attempts(events: usize, replies: Vec<Reply>) -> Vec<Attempt> {
    let count = replies.len();
    let endpoint = Endpoint::script(replies).await;
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = Server::tuned(&workspace, |config| config.delivery.timeout = SHORT).await;
    for number in 0..events {
        let event = Event::track("x").user("u").id(&format!("m-{number}"));
        server.accept("/v1/track", event).await;
    }
    let attempts = server.admin.wait_for_attempts("destination=hooks", count).await;
    server.admin.wait_until_finished("hooks", events).await;
    server.stop().await;
    assert_eq!(endpoint.received().len(), count, "nothing is sent twice");
    attempts
}

/// The attempt that gets a reply, before one that is taken.
async fn one(reply: Reply) -> Attempt {
    let attempts = attempts(1, vec![reply, Reply::status(200)]).await;
    assert_eq!(attempts[1].gist(), (2, 200, "delivered", ""));
    attempts[0].clone()
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec())
}

fn endless(first: &str, others: &str) -> Reply {
    Reply::Endless(first.as_bytes().to_vec(), others.repeat(100).into_bytes())
}

#[track_caller]
fn check(attempt: &Attempt, status: u16, reason: &str, detail: &str) {
    assert_eq!(attempt.gist(), (1, status, "retry", reason), "{attempt:?}");
    assert!(attempt.detail.contains(detail), "{attempt:?}");
}

#[tokio::test]
async fn an_endpoint_that_never_answers_is_left_after_the_timeout() {
    check(&one(Reply::Never).await, 0, "timeout", "no answer within 1.5 s");
}

#[tokio::test]
async fn a_flood_of_answers_on_the_way_is_left() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let attempt = one(endless("", hints)).await;
    check(&attempt, 0, "bad_response", "more than 10 answers on the way");
    let ten = raw(&format!("{}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", hints.repeat(10)));
    assert_eq!(attempts(1, vec![ten]).await[0].gist(), (1, 200, "delivered", ""));
    let eleven = raw(&format!("{}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", hints.repeat(11)));
    check(&one(eleven).await, 0, "bad_response", "more than 10 answers on the way");
}

#[tokio::test]
async fn answers_on_the_way_that_come_slowly_are_within_the_timeout() {
    let endpoint = RawEndpoint::start(async |mut stream, _, _| {
        let mut request = [0; 1 << 16];
        let _ = stream.read(&mut request).await;
        let mut pace = tokio::time::interval(ms(250));
        loop {
            pace.tick().await;
            if stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.is_err() {
                return;
            }
        }
    });
    let attempt = first_of(endpoint.await).await;
    check(&attempt, 0, "timeout", "no answer within 1.5 s");
}

/// The first attempt at an endpoint that never takes anything.
async fn first_of(endpoint: RawEndpoint) -> Attempt {
    let url = format!("http://{}/", endpoint.address());
    let workspace = Workspace::of_app().posts_to("hooks", &url);
    let server = Server::tuned(&workspace, |config| config.delivery.timeout = SHORT).await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    server.stop().await;
    attempts[0].clone()
}

#[tokio::test]
async fn a_head_without_end_is_told_as_too_large() {
    for reply in [
        endless("HTTP/1.1 200 OK\r\nx: ", "xxxxxxxxxx"),
        endless("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
        Reply::HugeHead(200, 300_000),
        Reply::HugeHead(200, 65 << 10),
    ] {
        check(&one(reply).await, 0, "header_too_large", "too large");
    }
    let fits = attempts(1, vec![Reply::HugeHead(200, 60 << 10)]).await;
    assert_eq!(fits[0].gist(), (1, 200, "delivered", ""));
}

#[tokio::test]
async fn more_than_a_hundred_headers_are_told_as_too_large() {
    let with = |count: usize| {
        let headers: String = (1..count).map(|number| format!("x-{number}: 1\r\n")).collect();
        raw(&format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{headers}\r\n"))
    };
    check(&one(with(101)).await, 0, "header_too_large", "too large");
    assert_eq!(attempts(1, vec![with(100)]).await[0].gist(), (1, 200, "delivered", ""));
}

#[tokio::test]
async fn a_body_without_end_does_not_change_what_its_status_says() {
    let bomb = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 100000000\r\n\r\n";
    let chunks =
        endless("HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n");
    let to_close = endless("HTTP/1.0 200 OK\r\n\r\n", "xxxxxxxxxx");
    let replies = vec![endless(bomb, "\x1f\u{8b}\x08"), chunks, to_close, Reply::EndlessBody(503)];
    let attempts = attempts(4, [replies, vec![Reply::status(200)]].concat()).await;
    let gists: Vec<_> = attempts.iter().map(Attempt::gist).collect();
    let wanted = [
        (1, 200, "delivered", ""),
        (1, 202, "delivered", ""),
        (1, 200, "delivered", ""),
        (1, 503, "retry", "server_error"),
        (2, 200, "delivered", ""),
    ];
    assert_eq!(gists, wanted);
}

#[tokio::test]
async fn redirects_are_not_followed_and_show_where_they_lead() {
    let elsewhere = Endpoint::ok().await;
    let to = |status: u16| {
        Reply::Answer(testkit::Answer::of_status(status).header("location", &elsewhere.url("/x")))
    };
    let replies = [301, 302, 303, 307, 308].map(to).into_iter().chain([Reply::status(200)]);
    let attempts = attempts(1, replies.collect()).await;
    for (attempt, (number, status)) in attempts.iter().zip((1..).zip([301, 302, 303, 307, 308])) {
        assert_eq!(attempt.gist(), (number, status, "retry", "redirect"));
        assert_eq!(attempt.detail, format!("status {status}, Location: {}", elsewhere.url("/…")));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn any_status_of_success_is_success_whatever_the_body_says() {
    let error = testkit::Answer { status: 200, headers: vec![], body: b"error: no".to_vec() };
    let mut replies = vec![Reply::Answer(error)];
    replies.extend([201, 202, 299].map(Reply::status));
    replies.push(raw("HTTP/1.1 204 No Content\r\n\r\n"));
    replies.push(raw("HTTP/1.0 200 OK\r\n\r\nto the end"));
    replies.push(raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"));
    let count = replies.len();
    let attempts = attempts(count, replies).await;
    assert!(attempts.iter().all(|one| one.fate == "delivered" && one.number == 1), "{attempts:?}");
}

#[tokio::test]
async fn a_status_without_a_meaning_is_tried_again() {
    for status in [600, 999] {
        check(&one(Reply::status(status)).await, status, "bad_status", "status");
    }
    let switching = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    check(&one(raw(switching)).await, 101, "bad_status", "status 101");
}

#[tokio::test]
async fn what_is_no_http_is_tried_again() {
    for text in [
        "HTTP/1.1 000 Nothing\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "<html>HTTP/0.9</html>\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
    ] {
        check(&one(raw(text)).await, 0, "bad_response", "");
    }
}

#[tokio::test]
async fn an_endpoint_that_speaks_first_speaks_no_http() {
    let endpoint = RawEndpoint::start(async |mut stream, _, _| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
    check(&first_of(endpoint.await).await, 0, "bad_response", "");
}

#[tokio::test]
async fn an_answer_that_ends_within_its_head_is_a_reset_and_the_attempt_is_over() {
    for text in ["H", "HTTP/1.1 200 OK\r\ncontent-le"] {
        check(&one(raw(text)).await, 0, "reset", "");
    }
    // Also on a connection that was kept: a byte of an answer had come.
    let replies = vec![Reply::status(200), raw("HTTP/1.1 2"), Reply::status(200)];
    let attempts = attempts(2, replies).await;
    assert_eq!(attempts[1].gist(), (1, 0, "retry", "reset"));
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_tried_again() {
    for reply in [Reply::Close, Reply::Reset] {
        check(&one(reply).await, 0, "reset", "");
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_is_read_counts() {
    let endpoint = RawEndpoint::start(async |mut stream, _, _| {
        // The first bytes of the head, and nothing of the body.
        let mut first = [0; 10];
        let _ = stream.read_exact(&mut first).await;
        let _ = stream
            .write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let url = format!("http://{}/", endpoint.address());
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &url)).await;
    let large = Event::track(&"x".repeat(30_000)).user("u").id("m");
    server.accept("/v1/track", large).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    assert_eq!(attempts[0].gist(), (1, 413, "gave_up", "client_error"), "{attempts:?}");
    server.stop().await;
}

#[tokio::test]
async fn what_endpoints_ask_to_remember_is_not_remembered() {
    let answer = testkit::Answer::of_status(200)
        .header("set-cookie", "session=1")
        .header("alt-svc", "h2=\":1\"")
        .header("strict-transport-security", "max-age=31536000");
    let endpoint = Endpoint::start(move |_| Reply::Answer(answer.clone())).await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    for id in ["m-1", "m-2"] {
        server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
    }
    let received = endpoint.wait_for(2).await;
    for request in &received {
        for name in ["cookie", "accept-encoding", "upgrade-insecure-requests"] {
            assert_eq!(request.header(name), None, "{name}");
        }
    }
    server.stop().await;
}
