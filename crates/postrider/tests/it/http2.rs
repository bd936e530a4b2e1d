//! HTTP/2: events over it, and clients that abuse it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use testkit::http2::{END_HEADERS, END_STREAM, Kind, frame, header, headers, opening};
use testkit::{Endpoint, Event, Workspace, eventually, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Server, ms};

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
    let mut stream = TcpStream::connect(server.gateway.address).await.expect("a connection");
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
fn says_go_away(mut frames: &[u8]) -> bool {
    while frames.len() >= 9 {
        let length = u32::from_be_bytes([0, frames[0], frames[1], frames[2]]);
        if frames[3] == Kind::GoAway as u8 {
            return true;
        }
        frames = &frames[(9 + length as usize).min(frames.len())..];
    }
    false
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

#[tokio::test]
async fn requests_that_are_reset_at_once_end_the_connection() {
    let server = Server::start(&Workspace::of_app()).await;
    let block = headers("POST", "/v1/track", &[BASIC]);
    let frames = (0..100_000).map(|number| {
        let stream = number * 2 + 1;
        let opened = frame(Kind::Headers, END_HEADERS, stream, &block);
        [opened, frame(Kind::ResetStream, 0, stream, &8u32.to_be_bytes())].concat()
    });
    let answers = abuse(rude(&server).await, frames).await;
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
async fn settings_and_pings_without_end_harm_nobody() {
    let server = Server::start(&Workspace::of_app()).await;
    let pings = std::iter::repeat_n(frame(Kind::Ping, 0, 0, &[7; 8]), 200_000);
    abuse(rude(&server).await, pings).await;
    let settings = std::iter::repeat_n(frame(Kind::Settings, 0, 0, &[0, 3, 0, 0, 0, 9]), 100_000);
    abuse(rude(&server).await, settings).await;
    still_serves(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_let_go_in_the_end() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.header_timeout = ms(50);
        config.intake.idle_timeout = ms(300);
    })
    .await;
    let mut stream = rude(&server).await;
    // Its window for answers is zero.
    stream.write_all(&frame(Kind::Settings, 0, 0, &[0, 4, 0, 0, 0, 0])).await.expect("taken");
    let block = headers("GET", "/health", &[]);
    for number in 0..100 {
        let flags = END_HEADERS | END_STREAM;
        stream
            .write_all(&frame(Kind::Headers, flags, number * 2 + 1, &block))
            .await
            .expect("taken");
    }
    let mut answers = Vec::new();
    // A reset is an end as well.
    let _ = within("the end of the connection", stream.read_to_end(&mut answers)).await;
    still_serves(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_silent_client_is_let_go_and_a_pinging_one_stays() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.intake.header_timeout = ms(50);
        config.intake.idle_timeout = ms(300);
    })
    .await;
    let mut pinging = rude(&server).await;
    let mut silent = rude(&server).await;
    let ping = frame(Kind::Ping, 0, 0, &[7; 8]);
    let mut answers = Vec::new();
    let ended = silent.read_to_end(&mut answers);
    let kept = async {
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        loop {
            pace.tick().await;
            pinging.write_all(&ping).await.expect("it is still open");
        }
    };
    let ended = async {
        tokio::select! {
            // A reset is an end as well.
            _ = ended => {}
            () = kept => {}
        }
    };
    within("the end of the silent connection", ended).await;
    server.stop().await;
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
