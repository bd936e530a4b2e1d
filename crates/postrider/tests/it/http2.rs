//! HTTP/2: events over it, and clients that abuse it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use testkit::http2::{END_HEADERS, END_STREAM, Kind, frame, header, headers, opening};
use testkit::{Client, Endpoint, Event, Workspace, eventually, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Home, Server, ms};
use crate::process::Process;

const BASIC: (&str, &str) = ("authorization", "Basic a2V5LWFwcDo=");

type Sender = hyper::client::conn::http2::SendRequest<Full<Bytes>>;

/// A client that keeps the rules.
async fn polite(server: &Server) -> Sender {
    let stream = TcpStream::connect(server.gateway.address).await.expect("a connection");
    let io = TokioIo::new(stream);
    let opened = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (sender, connection) = opened.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

/// Posts to a path; status and text of the answer.
async fn post(sender: &Sender, path: &str, body: impl Into<String>) -> (u16, String) {
    let request = http::Request::post(format!("http://localhost{path}"))
        .header(BASIC.0, BASIC.1)
        .body(Full::new(Bytes::from(body.into())));
    let answer = sender.clone().send_request(request.expect("a request"));
    let answer = within("an answer", answer).await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// A client that keeps none.
async fn rude(server: &Server) -> TcpStream {
    rude_to(server.gateway).await
}

async fn rude_to(gateway: Client) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).await.expect("a connection");
    stream.write_all(&opening()).await.expect("it is taken");
    stream
}

/// Sends what a connection takes until it ends; what came back.
async fn abuse(stream: TcpStream, frames: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let (mut read, mut write) = stream.into_split();
    let answers = async {
        let mut answers = Vec::new();
        // A reset is an end as well.
        let _ = read.read_to_end(&mut answers).await;
        answers
    };
    let sending = async {
        for frame in frames {
            if write.write_all(&frame).await.is_err() {
                return;
            }
        }
        // The server may have closed first.
        let _ = write.shutdown().await;
    };
    let both = async { tokio::join!(answers, sending).0 };
    within("the end of the connection", both).await
}

/// Whether a GOAWAY frame is among the frames.
fn says_go_away(bytes: &[u8]) -> bool {
    frames(bytes).iter().any(|(kind, ..)| *kind == Kind::GoAway as u8)
}

/// The frames: kind, stream, payload.
fn frames(mut bytes: &[u8]) -> Vec<(u8, u32, &[u8])> {
    let mut frames = Vec::new();
    while bytes.len() >= 9 {
        let length = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        let stream = u32::from_be_bytes([bytes[5], bytes[6], bytes[7], bytes[8]]);
        let end = (9 + length as usize).min(bytes.len());
        frames.push((bytes[3], stream, &bytes[9..end]));
        bytes = &bytes[end..];
    }
    frames
}

/// Sends a request with these headers; the answer's head.
async fn ask(
    sender: &Sender,
    request: http::request::Builder,
) -> http::Response<hyper::body::Incoming> {
    let request = request.body(Full::new(Bytes::from(Event::track("x").user("u").text())));
    let answer = sender.clone().send_request(request.expect("a request"));
    within("an answer", answer).await.expect("an answer")
}

/// Status and reason of an answer.
fn gist<B>(answer: &http::Response<B>) -> (u16, Option<&str>) {
    let reason = answer.headers().get("postrider-reason");
    (answer.status().as_u16(), reason.map(|reason| reason.to_str().expect("text")))
}

fn track() -> http::request::Builder {
    http::Request::post("http://localhost/v1/track").header(BASIC.0, BASIC.1)
}

/// That the server still serves others, in both protocols.
async fn still_serves(server: &Server) {
    server.accept("/v1/track", Event::track("x").user("honest")).await;
    let sender = polite(server).await;
    let answer = post(&sender, "/v1/track", Event::track("x").user("honest").text()).await;
    assert_eq!(answer, (200, "ok".to_owned()));
}

#[tokio::test]
async fn events_over_http2_are_taken_many_at_a_time() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let sender = polite(&server).await;
    let calls = (0..200).map(|number| {
        let event = Event::track("x").user(&format!("u-{number}")).text();
        let sender = &sender;
        async move { post(sender, "/v1/track", event).await }
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer, (200, "ok".to_owned()));
    }
    let invalid = (400, "invalid json\n".to_owned());
    assert_eq!(post(&sender, "/v1/track", "{").await, invalid);
    assert_eq!(endpoint.wait_for(200).await.len(), 200);
    server.stop().await;
}

#[tokio::test]
async fn an_orderly_end_lets_requests_finish() {
    let server = Server::start(&Workspace::of_app()).await;
    let sender = polite(&server).await;
    assert_eq!(post(&sender, "/v1/track", Event::track("x").user("u").text()).await.0, 200);
    server.stop().await;
    within("the end of the connection", async {
        while !sender.is_closed() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Requests that are reset at once.
fn resets() -> impl Iterator<Item = Vec<u8>> {
    let block = headers("POST", "/v1/track", &[BASIC]);
    (0..100_000).map(move |number| {
        let stream = number * 2 + 1;
        let opened = frame(Kind::Headers, END_HEADERS, stream, &block);
        [opened, frame(Kind::ResetStream, 0, stream, &8u32.to_be_bytes())].concat()
    })
}

#[tokio::test]
async fn what_clients_do_is_no_warning_in_the_log() {
    let process = Process::start(&Home::new(&Workspace::of_app()), &[]).await;
    assert!(says_go_away(&abuse(rude_to(process.gateway).await, resets()).await));
    process.signal("TERM").await;
    let log = process.log_at_end().await;
    assert!(log.iter().all(|line| !line.contains("WARN")), "{log:#?}");
}

#[tokio::test]
async fn requests_that_are_reset_at_once_end_the_connection() {
    let server = Server::start(&Workspace::of_app()).await;
    let answers = abuse(rude(&server).await, resets()).await;
    assert!(says_go_away(&answers), "the client is told to go");
    still_serves(&server).await;
    assert_eq!(server.admin.accepted().await, 2, "nothing else was stored");
    server.stop().await;
}

#[tokio::test]
async fn headers_without_an_end_end_the_connection() {
    let server = Server::start(&Workspace::of_app()).await;
    let first = frame(Kind::Headers, 0, 1, &headers("POST", "/v1/track", &[BASIC]));
    let piece = header("x", &"a".repeat(8 << 10));
    let more = std::iter::repeat_n(frame(Kind::Continuation, 0, 1, &piece), 50_000);
    let answers = abuse(rude(&server).await, std::iter::once(first).chain(more)).await;
    assert!(says_go_away(&answers), "the client is told to go");
    let empty = std::iter::repeat_n(frame(Kind::Continuation, 0, 1, &[]), 1_000_000);
    let first = frame(Kind::Headers, 0, 1, &headers("POST", "/v1/track", &[BASIC]));
    abuse(rude(&server).await, std::iter::once(first).chain(empty)).await;
    still_serves(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused_one_request_at_a_time() {
    let server = Server::start(&Workspace::of_app()).await;
    let sender = polite(&server).await;
    let request = http::Request::post("http://localhost/v1/track")
        .header(BASIC.0, BASIC.1)
        .header("cookie", "a".repeat(70 << 10))
        .body(Full::new(Bytes::new()));
    let refused = sender.clone().send_request(request.expect("a request")).await;
    let status = refused.map(|answer| answer.status().as_u16());
    assert!(matches!(status, Ok(431) | Err(_)), "{status:?}");
    still_serves(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_two_parsers_may_read_in_two_ways_is_refused_and_so_is_one_of_many_headers() {
    let server = Server::start(&Workspace::of_app()).await;
    let sender = polite(&server).await;
    let check = async |request: http::request::Builder, want: (u16, Option<&str>)| {
        let answer = ask(&sender, request.header("origin", "https://a.example")).await;
        assert_eq!(gist(&answer), want);
        let origin = answer.headers().get("access-control-allow-origin");
        assert_eq!(origin.expect("an origin"), "https://a.example");
        answer
    };
    let length = Event::track("x").user("u").text().len();
    // With the key, the origin and the length, 97 more are a hundred.
    let many = |request: http::request::Builder, count: usize| {
        (0..count).fold(request, |request, _| request.header("x", "y"))
    };
    check(track().header("host", "localhost"), (200, None)).await;
    check(track().header("host", "other"), (400, Some("bad_host"))).await;
    let twice = track().header("content-length", length).header("content-length", length);
    check(twice, (400, Some("bad_framing"))).await;
    check(many(track(), 97), (200, None)).await;
    check(many(track(), 99), (431, Some("head_too_large"))).await;
    let cookies = (0..150).fold(track(), |request, _| request.header("cookie", "a=b"));
    check(many(cookies, 96), (200, None)).await;
    let pixel = http::Request::get("http://localhost/pixel/v1/track");
    let image = check(many(pixel, 101), (200, None)).await;
    assert_eq!(image.headers()["content-type"], "image/gif");
    let status = server.admin.get("/api/v1/status").await;
    assert_eq!((&status["accepted"], &status["rejected"]), (&3.into(), &4.into()));
    server.stop().await;
}

#[tokio::test]
async fn the_heads_of_one_connection_are_bounded_together() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.body_timeout = ms(HOUR);
        config.intake.body_grace = ms(HOUR);
    })
    .await;
    let mut stream = rude(&server).await;
    let cookies = header("cookie", &"a".repeat(15 << 10));
    let begun = headers("POST", "/v1/track", &[BASIC]);
    // Each waits for its body with some 30 KiB.
    for number in 0..100 {
        let first =
            frame(Kind::Headers, 0, number * 2 + 1, &[begun.clone(), cookies.clone()].concat());
        let last = frame(Kind::Continuation, END_HEADERS, number * 2 + 1, &cookies);
        stream.write_all(&[first, last].concat()).await.expect("it is taken");
    }
    let rejected = async || server.admin.get("/api/v1/status").await["rejected"].as_u64();
    // 67 of them fit into 2 MiB.
    eventually("what is too much is refused", rejected, |count| *count == Some(33)).await;
    still_serves(&server).await;
    let resets = (0..100)
        .flat_map(|number| frame(Kind::ResetStream, 0, number * 2 + 1, &8u32.to_be_bytes()));
    stream.write_all(&resets.collect::<Vec<_>>()).await.expect("it is taken");
    // Those that were reset make room again, once the server has noticed.
    let event = Event::track("x").user("u").text();
    for id in (100..1_000).map(|number| number * 2 + 1) {
        let first = frame(Kind::Headers, 0, id, &[begun.clone(), cookies.clone()].concat());
        let last = frame(Kind::Continuation, END_HEADERS, id, &cookies);
        let body = frame(Kind::Data, END_STREAM, id, event.as_bytes());
        stream.write_all(&[first, last, body].concat()).await.expect("it is taken");
        if server.admin.accepted().await > 2 {
            break;
        }
    }
    eventually("one is stored", || server.admin.accepted(), |count| *count > 2).await;
    server.stop().await;
}

#[tokio::test]
async fn the_heads_of_one_address_are_bounded_together() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.body_timeout = ms(HOUR);
        config.intake.body_grace = ms(HOUR);
        config.intake.trusted_proxies = Vec::new();
    })
    .await;
    let cookies = header("cookie", &"a".repeat(15 << 10));
    let begun = headers("POST", "/v1/track", &[BASIC]);
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = rude(&server).await;
        for id in (0..60).map(|number| number * 2 + 1) {
            let first = frame(Kind::Headers, 0, id, &[begun.clone(), cookies.clone()].concat());
            let last = frame(Kind::Continuation, END_HEADERS, id, &cookies);
            stream.write_all(&[first, last].concat()).await.expect("it is taken");
        }
        streams.push(stream);
    }
    let rejected = async || server.admin.get("/api/v1/status").await["rejected"].as_u64();
    // 268 of them fit into 8 MiB.
    eventually("what is too much is refused", rejected, |count| *count == Some(32)).await;
    drop(streams);
    server.stop().await;
}

#[tokio::test]
async fn requests_that_cannot_be_read_end_a_shared_connection_only_once_the_others_are_answered() {
    let server = Server::start(&Workspace::of_app()).await;
    let mut stream = rude(&server).await;
    let honest = frame(Kind::Headers, END_HEADERS, 1, &headers("POST", "/v1/track", &[BASIC]));
    stream.write_all(&honest).await.expect("it is taken");
    let rejected = async || server.admin.get("/api/v1/status").await["rejected"].as_u64();
    for round in 0..11_u32 {
        let broken = (1..=50).flat_map(|number| {
            let block = headers("GET", "/v1/<", &[]);
            let stream = (round * 50 + number) * 2 + 1;
            frame(Kind::Headers, END_HEADERS | END_STREAM, stream, &block)
        });
        stream.write_all(&broken.collect::<Vec<_>>()).await.expect("it is taken");
        let all = u64::from(round + 1) * 50;
        eventually("all are counted", rejected, |count| *count >= Some(all)).await;
    }
    let event = Event::track("x").user("u").text();
    let rest = frame(Kind::Data, END_STREAM, 1, event.as_bytes());
    // What the server asks last before it goes.
    let ping = frame(Kind::Ping, 1, 0, &[0x0b, 0x7b, 0xa2, 0xf0, 0x8b, 0x9b, 0xfe, 0x54]);
    stream.write_all(&[rest, ping].concat()).await.expect("it is taken");
    let mut answers = Vec::new();
    within("an end in good order", stream.read_to_end(&mut answers)).await.expect("no reset");
    let answers = frames(&answers);
    let status = answers.iter().find(|(kind, of, _)| (*kind, *of) == (Kind::Headers as u8, 1));
    // The status 200. Source: RFC 7541, appendix A.
    assert_eq!(status.expect("an answer").2[0], 0x88);
    let ends = answers.iter().filter(|(kind, ..)| *kind == Kind::GoAway as u8);
    let codes: Vec<_> = ends.map(|(_, _, payload)| &payload[4..8]).collect();
    assert!(!codes.is_empty() && codes.iter().all(|code| *code == [0; 4]), "{codes:?}");
    assert_eq!(server.admin.accepted().await, 1);
    server.stop().await;
}

#[tokio::test]
async fn settings_and_pings_without_end_harm_nobody() {
    let server = Server::start(&Workspace::of_app()).await;
    let pings = std::iter::repeat_n(frame(Kind::Ping, 0, 0, &[7; 8]), 200_000);
    abuse(rude(&server).await, pings).await;
    let settings = std::iter::repeat_n(frame(Kind::Settings, 0, 0, &[0, 3, 0, 0, 0, 9]), 100_000);
    abuse(rude(&server).await, settings).await;
    still_serves(&server).await;
    server.stop().await;
}

/// Sends `first`, then `again` every few milliseconds, to a server whose patience these are; ends
/// with the connection.
async fn is_let_go(head: u64, silence: u64, first: &[u8], again: &[u8]) {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.header_timeout = ms(head);
        config.intake.idle_timeout = ms(silence);
    })
    .await;
    let (mut read, mut write) = rude(&server).await.into_split();
    write.write_all(first).await.expect("it is taken");
    let sending = async {
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        while write.write_all(again).await.is_ok() {
            pace.tick().await;
        }
        std::future::pending::<()>().await;
    };
    let mut answers = Vec::new();
    let ended = async {
        tokio::select! {
            // A reset is an end as well.
            _ = read.read_to_end(&mut answers) => {}
            () = sending => {}
        }
    };
    within("the end of the connection", ended).await;
    still_serves(&server).await;
    server.stop().await;
}

const HOUR: u64 = 3_600_000;

fn ping() -> Vec<u8> {
    frame(Kind::Ping, 0, 0, &[7; 8])
}

fn health(stream: u32) -> Vec<u8> {
    frame(Kind::Headers, END_HEADERS | END_STREAM, stream, &headers("GET", "/health", &[]))
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_let_go_in_the_end() {
    // Its window for answers is zero.
    let settings = frame(Kind::Settings, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let questions = (0..100).flat_map(|number| health(number * 2 + 1));
    let first: Vec<u8> = settings.into_iter().chain(questions).collect();
    is_let_go(50, 300, &first, &ping()).await;
}

#[tokio::test]
async fn a_client_that_asks_nothing_is_let_go_also_where_it_sends_pings() {
    is_let_go(50, HOUR, &[], &ping()).await;
    is_let_go(50, 300, &health(1), &ping()).await;
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for_long() {
    let block = headers("GET", "/health", &[]);
    let begun = frame(Kind::Headers, END_HEADERS, 3, &[block, vec![0; 10_000]].concat());
    is_let_go(50, HOUR, &[health(1), begun[..20].to_vec()].concat(), &[0]).await;
}

#[tokio::test]
async fn a_slow_body_over_http2_is_told_so() {
    let server =
        Server::tuned(&Workspace::of_app(), |config| config.intake.body_timeout = ms(50)).await;
    let mut stream = rude(&server).await;
    let block = headers("POST", "/v1/track", &[BASIC]);
    let opened = frame(Kind::Headers, END_HEADERS, 1, &block);
    let part = frame(Kind::Data, 0, 1, b"{\"userId\":");
    stream.write_all(&[opened, part].concat()).await.expect("it is taken");
    let rejections = server.admin.wait_for_rejections(1).await;
    assert_eq!(rejections[0].reason, "body_timeout");
    still_serves(&server).await;
    eventually("both events", || server.admin.accepted(), |count| *count == 2).await;
    server.stop().await;
}
