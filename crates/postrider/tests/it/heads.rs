//! Heads of requests that are no HTTP, or that two parsers may read in two ways.

use testkit::{Answer, Connection, Endpoint, Event, Request, Workspace, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Server, ms};

const AUTHORIZATION: &str = "authorization: Basic a2V5LWFwcDo=\r\n";
const EVENT: &str = r#"{"userId":"u","event":"x"}"#;

/// A POST of an event with these lines in its head.
fn post(lines: &str, body: &str) -> String {
    format!("POST /v1/track HTTP/1.1\r\nhost: x\r\n{AUTHORIZATION}{lines}\r\n{body}")
}

async fn sent(server: &Server, text: &str) -> Connection {
    let mut connection = server.gateway.connect().await;
    connection.write(text.as_bytes()).await.expect("it is taken");
    connection
}

async fn next(connection: &mut Connection) -> Answer {
    connection.answer().await.expect("HTTP").expect("an answer")
}

/// The answer to bytes after which the connection is closed.
async fn last(server: &Server, text: &str) -> Answer {
    let mut connection = sent(server, text).await;
    let answer = next(&mut connection).await;
    let more = connection.answer().await.expect("an end");
    assert_eq!(more, None, "the connection is closed after {text:?}");
    answer
}

#[tokio::test]
async fn a_request_whose_end_is_in_doubt_is_refused_and_so_is_what_follows() {
    let server = Server::start(&Workspace::of_app()).await;
    let length = format!("content-length: {}\r\n", EVENT.len());
    let chunked = "transfer-encoding: chunked\r\n";
    let body = format!("{:x}\r\n{EVENT}\r\n0\r\n\r\n", EVENT.len());
    let hidden = Request::new("POST", "/v1/track").key("key-app").body(EVENT).to_bytes();
    let hidden = String::from_utf8(hidden).expect("text");
    for lines in [
        format!("{length}{chunked}"),
        format!("{chunked}{length}"),
        format!("{length}{length}"),
        format!("{length}content-length: 0\r\n"),
        "content-length: +26\r\n".to_owned(),
        "transfer-encoding: gzip, chunked\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
    ] {
        let answer = last(&server, &format!("{}{hidden}", post(&lines, &body))).await;
        assert_eq!((answer.status, answer.text()), (400, "bad request\n"), "{lines:?}");
        assert_eq!(answer.get("postrider-reason"), Some("bad_framing"), "{lines:?}");
    }
    assert_eq!(server.admin.accepted().await, 0, "neither the request nor the one hidden in it");
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_told_so() {
    let server = Server::start(&Workspace::of_app()).await;
    let check = async |text: &str, status: u16, reason: &str| {
        let answer = last(&server, text).await;
        let got = (answer.status, answer.get("postrider-reason"));
        assert_eq!(got, (status, Some(reason)), "{text:.60?}");
    };
    check("SSH-2.0-OpenSSH_9.2p1\r\n", 400, "bad_head").await;
    check("EHLO example.com\r\n", 400, "bad_head").await;
    check("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\n", 400, "bad_head").await;
    check("GET /health HTTP/1.1\nhost: x\n\n", 400, "bad_head").await;
    check("GET /health HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n", 400, "bad_head").await;
    check("GET /health HTTP/1.1\r\nhost: x\r\nx : a\r\n\r\n", 400, "bad_head").await;
    check("GET /health HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n", 400, "bad_head").await;
    check("GET /health HTTP/1.1\r\n\r\n", 400, "bad_host").await;
    check("GET /health HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", 400, "bad_host").await;
    let many = "a: b\r\n".repeat(100);
    check(&post(&many, ""), 431, "head_too_large").await;
    check(&post("content-length: 18446744073709551615\r\n", ""), 400, "bad_framing").await;
    let long = "a".repeat(500 << 10);
    check(&post(&format!("cookie: {long}\r\n"), ""), 431, "head_too_large").await;
    check(&format!("GET /{long} HTTP/1.1\r\n"), 414, "target_too_long").await;
    let status = server.admin.get("/api/v1/status").await;
    assert_eq!(status["rejected"], 13, "each is counted");
    server.stop().await;
}

#[tokio::test]
async fn pages_can_read_why_a_head_is_refused() {
    let server = Server::start(&Workspace::of_app()).await;
    let cookies = format!("cookie: {}\r\n", "a".repeat(70 << 10));
    let answer =
        last(&server, &post(&format!("Origin: https://shop.example\r\n{cookies}"), "")).await;
    assert_eq!((answer.status, answer.text()), (431, "request header fields too large\n"));
    assert_eq!(answer.get("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(answer.get("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.get("vary"), Some("Origin"));
    server.stop().await;
}

#[tokio::test]
async fn whatever_stands_in_a_target_the_answer_is_ours() {
    let server = Server::start(&Workspace::of_app()).await;
    let mut odd = 0;
    for byte in 0x21..=0xff_u8 {
        for path in ["/pixel/v1/track?event=", "/v1/track?event=", "/v1/"] {
            let before = format!("GET {path}");
            let after = " HTTP/1.1\r\nhost: x\r\norigin: https://a.example\r\n\r\n".as_bytes();
            let mut connection = server.gateway.connect().await;
            let head = [before.as_bytes(), &[byte], after].concat();
            connection.write(&head).await.expect("it is taken");
            let answer = next(&mut connection).await;
            let origin = answer.get("access-control-allow-origin");
            assert_eq!(origin, Some("https://a.example"), "{byte:#x} in {path}");
            match (answer.status, answer.get("postrider-reason")) {
                (200, None) if path.starts_with("/pixel") => {}
                (404 | 405, None) if !path.starts_with("/pixel") => {}
                (400, Some("bad_target" | "bad_head")) => odd += 1,
                other => panic!("{other:?} for {byte:#x} in {path}"),
            }
        }
    }
    assert!(odd > 5, "only {odd} are refused");
    let fragment =
        last(&server, &post("content-length: 0\r\n", "").replace("track", "track#f")).await;
    assert_eq!((fragment.status, fragment.get("postrider-reason")), (400, Some("bad_target")));
    let image = last(&server, "GET /pixel/v1/track?a=<b> HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!((image.status, image.get("content-type")), (200, Some("image/gif")));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_is_still_sending_reads_why_its_head_is_refused() {
    let server = Server::start(&Workspace::of_app()).await;
    let mut stream = TcpStream::connect(server.gateway.address).await.expect("a connection");
    let head = post("content-length: 1\r\ncontent-length: 1\r\n", "");
    stream.write_all(head.as_bytes()).await.expect("it is taken");
    let mut answer = vec![0];
    stream.read_exact(&mut answer).await.expect("the first byte of an answer");
    for _ in 0..20 {
        stream.write_all(&[b'x'; 1 << 10]).await.expect("the rest is still taken");
        // The time of a round trip.
        assert_eq!(server.gateway.send(&Request::new("GET", "/health")).await.status, 200);
    }
    stream.shutdown().await.expect("the end is taken");
    within("the answer", stream.read_to_end(&mut answer)).await.expect("no reset");
    assert!(answer.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    assert!(answer.ends_with(b"bad request\n"));
    server.stop().await;
}

#[tokio::test]
async fn requests_before_a_refused_one_are_answered_first() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let track = |id: &str| {
        let event = Event::track("x").user("u").id(id);
        Request::new("POST", "/v1/track").key("key-app").body(event).to_bytes()
    };
    let mut connection = server.gateway.connect().await;
    let smuggled = post("content-length: 26\r\ncontent-length: 26\r\n", EVENT);
    let all = [track("m-1"), track("m-2"), smuggled.into_bytes(), track("m-3")].concat();
    connection.write(&all).await.expect("it is taken");
    for status in [200, 200, 400] {
        assert_eq!(next(&mut connection).await.status, status);
    }
    assert_eq!(connection.answer().await.expect("an end"), None);
    assert_eq!(server.admin.accepted().await, 2);
    let ids: Vec<_> = endpoint.wait_for(2).await.iter().map(|one| one.id()).collect();
    assert_eq!(ids, ["m-1", "m-2"]);
    server.stop().await;
}

#[tokio::test]
async fn a_body_is_no_request_whatever_is_in_it() {
    let server = Server::start(&Workspace::of_app()).await;
    let inner = Request::new("GET", "/version").to_bytes();
    let inner = String::from_utf8(inner).expect("text");
    let sized = post(&format!("content-length: {}\r\n", inner.len()), &inner);
    let chunks = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    let chunked = post("transfer-encoding: chunked\r\n", &chunks);
    let get = format!("GET /health HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", inner.len());
    let all = format!("{sized}{chunked}{get}{inner}{}", post("content-length: 0\r\n", ""));
    let mut connection = sent(&server, &all).await;
    for status in [400, 400, 200, 400] {
        let answer = next(&mut connection).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn each_request_of_a_connection_needs_its_own_key() {
    let server = Server::start(&Workspace::of_app()).await;
    let length = format!("content-length: {}\r\n", EVENT.len());
    let first = post(&length, EVENT);
    let second = first.replace(AUTHORIZATION, "");
    let mut connection = sent(&server, &format!("{first}{second}{first}")).await;
    for status in [200, 401, 200] {
        assert_eq!(next(&mut connection).await.status, status);
    }
    server.stop().await;
}

#[tokio::test]
async fn damaged_chunks_store_nothing_and_end_the_connection() {
    let server = Server::start(&Workspace::of_app()).await;
    let size = EVENT.len();
    for chunks in [
        format!("{size:x}\n{EVENT}\r\n0\r\n\r\n"),
        format!("{size:x}\r\n{EVENT}\n0\r\n\r\n"),
        format!("{size:x}\r\n{EVENT}x\r\n0\r\n\r\n"),
        format!("-{size:x}\r\n{EVENT}\r\n0\r\n\r\n"),
        format!("0x{size:x}\r\n{EVENT}\r\n0\r\n\r\n"),
        format!("{size:x};{}\r\n{EVENT}\r\n0\r\n\r\n", "a".repeat(20 << 10)),
        format!("fffffffffffffffff\r\n{EVENT}"),
    ] {
        let answer = last(&server, &post("transfer-encoding: chunked\r\n", &chunks)).await;
        assert_eq!(answer.status, 400, "{chunks:.60?}");
    }
    assert_eq!(server.admin.accepted().await, 0);
    let right = format!("{size:x};a=b\r\n{EVENT}\r\n0\r\na: b\r\n\r\n");
    let mut connection = sent(&server, &post("transfer-encoding: chunked\r\n", &right)).await;
    assert_eq!(next(&mut connection).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte() {
    let server = Server::start(&Workspace::of_app()).await;
    let mut connection = server.gateway.connect().await;
    let whole = post(&format!("content-length: {}\r\n", EVENT.len()), EVENT);
    for _ in 0..2 {
        for byte in whole.as_bytes() {
            connection.write(&[*byte]).await.expect("it is taken");
            tokio::task::yield_now().await;
        }
        assert_eq!(next(&mut connection).await.status, 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_has_sent_all_and_says_so_gets_its_answer() {
    let server = Server::start(&Workspace::of_app()).await;
    let whole = post(&format!("content-length: {}\r\n", EVENT.len()), EVENT);
    let mut connection = sent(&server, &whole).await;
    connection.finish().await.expect("it is taken");
    assert_eq!(next(&mut connection).await.status, 200);
    assert_eq!(connection.answer().await.expect("an end"), None);
    server.stop().await;
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.connections_per_address_max = 3;
        config.intake.trusted_proxies = Vec::new();
        config.intake.header_timeout = ms(10_000);
    })
    .await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut connection = server.gateway.connect().await;
        let answer = connection.ask(&Request::new("GET", "/health")).await.expect("an answer");
        assert_eq!(answer.status, 200);
        kept.push(connection);
    }
    let mut fourth = server.gateway.connect().await;
    assert!(matches!(fourth.answer().await, Ok(None) | Err(_)), "closed at once");
    assert_eq!(server.admin.get("/api/v1/status").await["turned_away"], 1);
    drop(kept.pop());
    let again = async || {
        let mut connection = server.gateway.connect().await;
        connection.ask(&Request::new("GET", "/health")).await.is_ok_and(|one| one.status == 200)
    };
    testkit::eventually("whoever leaves makes room", again, |served| *served).await;
    drop(kept);
    server.stop().await;
}
