//! Connections of HTTP/1: which request is the last one, and that its answer is read all the same.

use std::fmt::Write as _;

use testkit::{Connection, Workspace};

use crate::harness::Server;

async fn connected(server: &Server, text: &str) -> Connection {
    let mut connection = server.gateway.connect().await;
    connection.write(text.as_bytes()).await.expect("it is taken");
    connection
}

#[tokio::test]
async fn a_connection_goes_on_for_as_long_as_its_client_wants() {
    let server = Server::start(&Workspace::of_app()).await;
    let check = async |version: &str, line: &str, told: Option<&str>, goes_on: bool| {
        let request = format!("GET /health {version}\r\nhost: x\r\n{line}\r\n");
        // What comes after the last request is not answered, and takes no answer away.
        let mut connection = connected(&server, &request.repeat(3)).await;
        for _ in 0..if goes_on { 3 } else { 1 } {
            let answer = connection.answer().await.expect("HTTP").expect("an answer");
            let got = (answer.status, answer.get("connection"));
            assert_eq!(got, (200, told), "{request:?}");
            assert!(answer.get("date").is_some_and(|date| date.ends_with(" GMT")), "{answer:?}");
        }
        if !goes_on {
            assert_eq!(connection.answer().await.expect("an end"), None, "{request:?}");
        }
    };
    check("HTTP/1.1", "", None, true).await;
    check("HTTP/1.1", "connection: keep-alive\r\n", None, true).await;
    check("HTTP/1.1", "connection: x, Close\r\n", Some("close"), false).await;
    check("HTTP/1.0", "", Some("close"), false).await;
    check("HTTP/1.0", "connection: Keep-Alive\r\n", Some("keep-alive"), true).await;
    check("HTTP/1.0", "connection: keep-alive, close\r\n", Some("close"), false).await;
    server.stop().await;
}

#[tokio::test]
async fn the_answer_to_head_has_no_body() {
    let server = Server::start(&Workspace::of_app()).await;
    let head = "HEAD /health HTTP/1.1\r\nhost: x\r\n\r\n";
    let last = "GET /robots.txt HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut stream =
        tokio::net::TcpStream::connect(server.gateway.address).await.expect("a server");
    tokio::io::AsyncWriteExt::write_all(&mut stream, format!("{head}{last}").as_bytes())
        .await
        .expect("it is taken");
    let mut text = String::new();
    let read = tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut text);
    testkit::within("both answers", read).await.expect("text");
    let answers: Vec<_> = text.split("HTTP/1.1 ").skip(1).collect();
    assert_eq!(answers.len(), 2, "{text}");
    assert!(answers[0].starts_with("200 ") && answers[0].ends_with("\r\n\r\n"), "{text}");
    assert!(!answers[0].contains("content-length: 0"), "it tells how long the body would be");
    assert!(answers[1].ends_with("Disallow: / \n"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_not_read_to_its_end() {
    let server = Server::start(&Workspace::of_app()).await;
    for (method, path, status) in [("POST", "/nope", 404), ("PUT", "/v1/track", 405)] {
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
        let mut connection = connected(&server, &head).await;
        // The smallest chunks there are, without an end.
        let mut chunks = String::new();
        for _ in 0..1_000 {
            write!(chunks, "1\r\nx\r\n").expect("text");
        }
        let answer = connection.pour(chunks.as_bytes()).await;
        let answer = answer.expect("no reset").expect("an answer");
        assert_eq!((answer.status, answer.get("connection")), (status, Some("close")), "{path}");
    }
    let whole = "POST /nope HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    let mut connection = connected(&server, &whole.repeat(2)).await;
    for _ in 0..2 {
        let answer = connection.answer().await.expect("HTTP").expect("an answer");
        assert_eq!((answer.status, answer.get("connection")), (404, None), "it came along");
    }
    server.stop().await;
}
