//! TLS on the gateway: certificates, their replacement, and clients that do not speak it.

use std::net::SocketAddr;
use std::path::PathBuf;

use testkit::{Certificate, Connection, Endpoint, Event, Request, Workspace, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Home, Server, ms};
use crate::process::Process;

fn track(id: &str) -> Request {
    let event = Event::track("x").user("u").id(id);
    Request::new("POST", "/v1/track").key("key-app").body(event)
}

fn paths(home: &Home) -> [Option<PathBuf>; 2] {
    ["certificate.pem", "key.pem"].map(|name| Some(home.path(name)))
}

/// A server that speaks TLS as this certificate says.
async fn secure(workspace: &Workspace, certificate: &Certificate) -> Server {
    let home = Home::new(workspace);
    certificate.write(&home.path(""));
    let [chain, key] = paths(&home);
    Server::at(home, |config| {
        (config.intake.tls_certificate, config.intake.tls_key) = (chain, key);
        config.intake.header_timeout = ms(200);
    })
    .await
}

/// Whether an event is taken over a new connection that trusts this certificate only.
async fn takes(gateway: SocketAddr, certificate: &Certificate, id: &str) -> bool {
    let Ok(stream) = certificate.connect(gateway, &[]).await else { return false };
    let answer = Connection::over(stream).ask(&track(id)).await;
    answer.is_ok_and(|answer| (answer.status, answer.text()) == (200, "ok"))
}

#[tokio::test]
async fn events_come_over_tls_in_the_protocol_that_was_agreed_on() {
    let endpoint = Endpoint::ok().await;
    let certificate = Certificate::of_localhost();
    let workspace = Workspace::of_app().posts_to("hooks", &endpoint.url("/"));
    let server = secure(&workspace, &certificate).await;
    let agreed = async |offered: &[&str]| {
        let stream = certificate.connect(server.gateway.address, offered).await.expect("TLS");
        let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        agreed.map(|name| String::from_utf8(name).expect("text"))
    };
    assert_eq!(agreed(&[]).await, None);
    assert_eq!(agreed(&["http/1.1"]).await.as_deref(), Some("http/1.1"));
    assert_eq!(agreed(&["http/1.1", "h2"]).await.as_deref(), Some("h2"));
    assert!(takes(server.gateway.address, &certificate, "m").await);
    assert_eq!(endpoint.wait_for(1).await[0].id(), "m");
    server.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let [old, new] = [(); 2].map(|()| Certificate::of_localhost());
    let home = Home::new(&Workspace::of_app());
    old.write(&home.path(""));
    let (chain, key) = (home.text_path("certificate.pem"), home.text_path("key.pem"));
    let flags = ["--intake-tls-certificate", &chain, "--intake-tls-key", &key];
    let process = Process::start(&home, &flags).await;
    let gateway = process.gateway.address;
    assert!(takes(gateway, &old, "m-1").await && !takes(gateway, &new, "no").await);
    let stream = old.connect(gateway, &[]).await.expect("TLS");
    let mut kept = Connection::over(stream);
    assert_eq!(kept.ask(&track("m-2")).await.expect("an answer").status, 200);

    std::fs::write(home.path("key.pem"), "no key").expect("a file");
    process.wait_for_log("the new certificate is not used").await;
    assert!(takes(gateway, &old, "m-3").await, "the old one stays in use");
    std::fs::write(home.path("key.pem"), &new.key_pem).expect("a file");
    process.signal("HUP").await;
    process.wait_for_log("the new certificate is not used").await;
    assert!(takes(gateway, &old, "m-4").await, "a key of another certificate");

    new.write(&home.path(""));
    process.wait_for_log("certificate in use").await;
    assert!(takes(gateway, &new, "m-5").await && !takes(gateway, &old, "no").await);
    assert_eq!(kept.ask(&track("m-6")).await.expect("an answer").status, 200, "kept as it was");
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
}

#[tokio::test]
async fn files_that_cannot_be_used_are_told_at_the_start() {
    let home = Home::new(&Workspace::of_app());
    let [one, other] = [(); 2].map(|()| Certificate::of_localhost());
    one.write(&home.path(""));
    std::fs::write(home.path("other-key.pem"), &other.key_pem).expect("a file");
    std::fs::write(home.path("text"), "text").expect("a file");
    let check = async |chain: &str, key: &str, text: &str| {
        let (chain, key) = (home.text_path(chain), home.text_path(key));
        let flags = ["--intake-tls-certificate", &chain, "--intake-tls-key", &key];
        let ended = Process::serve(&home, &flags).await;
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains(text), "{text:?} is not in {}", ended.stderr);
        assert!(ended.stderr.contains("intake.tls_certificate"), "{}", ended.stderr);
    };
    check("missing.pem", "key.pem", "cannot read").await;
    check("text", "key.pem", "holds no certificate").await;
    check("certificate.pem", "certificate.pem", "holds no private key").await;
    check("certificate.pem", "other-key.pem", "cannot use").await;
    let half = Process::serve(&home, &["--intake-tls-key", &home.text_path("key.pem")]).await;
    assert_eq!(half.code, Some(2), "{}", half.stderr);
    assert!(half.stderr.contains("must be given together with"), "{}", half.stderr);
}

#[tokio::test]
async fn plain_http_is_told_to_use_https() {
    let server = secure(&Workspace::of_app(), &Certificate::of_localhost()).await;
    let answer = server.gateway.send(&track("m")).await;
    let text = "plain HTTP was sent to a port that speaks HTTPS\n";
    assert_eq!((answer.status, answer.text()), (400, text));
    assert_eq!(answer.get("postrider-reason"), Some("needs_tls"));
    assert_eq!(server.admin.get("/api/v1/status").await["rejected"], 1);
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_ended() {
    let certificate = Certificate::of_localhost();
    let server = secure(&Workspace::of_app(), &certificate).await;
    let ends = async |bytes: &[u8]| {
        let address = server.gateway.address;
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
        stream.write_all(bytes).await.expect("it is taken");
        let mut answer = Vec::new();
        // A reset is an end as well.
        let _ = within("an end", stream.read_to_end(&mut answer)).await;
        answer
    };
    assert_eq!(ends(b"").await, b"", "silence");
    assert_eq!(ends(&[0x16, 3, 1, 1, 0, 1]).await, b"", "half a greeting");
    let alert = ends(&[0x16, 3, 1, 0, 2, 1, 2]).await;
    assert!(alert.is_empty() || alert[0] == 0x15, "no greeting at all: {alert:?}");
    assert!(takes(server.gateway.address, &certificate, "m").await);
    server.stop().await;
}

#[tokio::test]
async fn versions_before_tls_1_2_are_refused() {
    let server = secure(&Workspace::of_app(), &Certificate::of_localhost()).await;
    // A greeting of TLS 1.1 with one cipher suite. Source: RFC 4346, section 7.4.1.2.
    let hello = [&[3, 2][..], &[7; 32], &[0, 0, 2, 0, 0x2f, 1, 0]].concat();
    let length = u8::try_from(hello.len()).expect("it is short");
    let record = [&[0x16, 3, 1, 0, length + 4, 1, 0, 0, length], &hello[..]].concat();
    let address = server.gateway.address;
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    stream.write_all(&record).await.expect("it is taken");
    let mut answer = Vec::new();
    within("an end", stream.read_to_end(&mut answer)).await.expect("an end");
    // A fatal alert. Source: RFC 8446, section 6.
    assert_eq!((answer[0], answer[5]), (0x15, 2), "{answer:?}");
    server.stop().await;
}
