//! TLS to endpoints: certificates must be valid, and what is wrong with one is named.

use serde_json::{Value, json};
use testkit::{
    ALWAYS, Authority, Certificate, Event, RawEndpoint, Request, Webhook, Workspace, eventually,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Attempt, Home, Server, ms};
use crate::process::Process;

fn url(endpoint: &RawEndpoint, host: &str) -> String {
    format!("https://{host}:{}/", endpoint.address().port())
}

/// A server that sends one event to a URL, with settings of TLS.
async fn sending(url: &str, tls: &Value) -> Server {
    let webhook = Webhook::new("hooks", url).own(json!({ "tls": tls }));
    let workspace = Workspace::of_app().webhook(webhook);
    let server = Server::tuned(&workspace, |config| {
        config.delivery.timeout = ms(2_000);
        config.egress.allow.push("::1/128".parse().expect("a network"));
    })
    .await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    server
}

/// The first attempt at a URL, with settings of TLS.
async fn first(url: &str, tls: &Value) -> Attempt {
    let server = sending(url, tls).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    server.stop().await;
    attempts[0].clone()
}

#[track_caller]
fn check(attempt: &Attempt, reason: &str, details: &[&str]) {
    assert_eq!(attempt.gist(), (1, 0, "retry", reason), "{attempt:?}");
    for detail in details {
        assert!(attempt.detail.contains(detail), "{detail:?} is not in {attempt:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_an_own_authority_is_taken_where_the_destination_trusts_it() {
    let authority = Authority::new("Ours");
    let certificate = authority.issue(&["localhost", "127.0.0.1"], ALWAYS);
    let endpoint = RawEndpoint::secure(certificate.server(None, &["http/1.1"])).await;
    for host in ["localhost", "127.0.0.1"] {
        let attempt = first(&url(&endpoint, host), &json!({ "ca": authority.pem })).await;
        assert_eq!(attempt.gist(), (1, 200, "delivered", ""), "{attempt:?}");
    }
    let attempt = first(&url(&endpoint, "localhost"), &Value::Null).await;
    check(&attempt, "tls_unknown_issuer", &["CN=Ours", "localhost, 127.0.0.1"]);
    let other = Authority::new("Ours");
    let attempt = first(&url(&endpoint, "localhost"), &json!({ "ca": other.pem })).await;
    assert!(
        ["tls_unknown_issuer", "tls_bad_certificate"].contains(&&*attempt.reason),
        "{attempt:?}"
    );
    assert_eq!(endpoint.served(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_named_with_its_names_and_dates() {
    let authority = Authority::new("Ours");
    let cases = [
        (
            &["localhost"][..],
            [2001, 2002],
            "tls_expired",
            "from 2001-01-01T00:00:00Z to 2002-01-01",
        ),
        (&["localhost"], [3000, 3001], "tls_not_yet_valid", "from 3000-01-01T00:00:00Z to 3001"),
        (&["other.test", "a.test"], ALWAYS, "tls_wrong_name", "for other.test, a.test;"),
        (&["10.0.0.1"], ALWAYS, "tls_wrong_name", "is not for localhost; for 10.0.0.1;"),
    ];
    for (names, years, reason, detail) in cases {
        let config = authority.issue(names, years).server(None, &[]);
        let endpoint = RawEndpoint::secure(config).await;
        let attempt = first(&url(&endpoint, "localhost"), &json!({ "ca": authority.pem })).await;
        check(&attempt, reason, &[detail, "by CN=Ours"]);
        assert_eq!(endpoint.served(), 0);
    }
}

#[tokio::test]
async fn a_certificate_that_is_its_own_authority_is_taken_where_it_is_named_and_nowhere_else() {
    for own in [Certificate::of_itself(&["localhost"]), Certificate::of_localhost()] {
        let endpoint = RawEndpoint::secure(own.server(None, &[])).await;
        let attempt = first(&url(&endpoint, "localhost"), &Value::Null).await;
        check(&attempt, "tls_self_signed", &["is signed by itself; for localhost"]);
        let attempt = first(&url(&endpoint, "localhost"), &json!({ "ca": own.pem })).await;
        assert_eq!(attempt.gist(), (1, 200, "delivered", ""), "{attempt:?}");
    }
    let other_name = Certificate::of_itself(&["other.test"]);
    let endpoint = RawEndpoint::secure(other_name.server(None, &[])).await;
    let attempt = first(&url(&endpoint, "localhost"), &json!({ "ca": other_name.pem })).await;
    assert_eq!((attempt.status, endpoint.served()), (0, 0), "{attempt:?}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_who_asks_for_one() {
    let (authority, clients) = (Authority::new("Ours"), Authority::new("Clients"));
    let certificate = authority.issue(&["localhost"], ALWAYS);
    let config = certificate.server(Some(&clients), &["http/1.1"]);
    let endpoint = RawEndpoint::secure(config).await;
    let url = url(&endpoint, "localhost");
    let tls = |client: &Certificate| json!({ "ca": authority.pem, "certificate": client.pem, "key": client.key_pem });
    let good = clients.issue(&["us"], ALWAYS);
    let attempt = first(&url, &tls(&good)).await;
    assert_eq!(attempt.gist(), (1, 200, "delivered", ""), "{attempt:?}");
    let attempt = first(&url, &json!({ "ca": authority.pem })).await;
    check(&attempt, "tls_client_certificate_wanted", &[]);
    let wrong = Authority::new("Others").issue(&["us"], ALWAYS);
    check(&first(&url, &tls(&wrong)).await, "tls_client_certificate_refused", &[]);
    let expired = clients.issue(&["us"], [2001, 2002]);
    check(&first(&url, &tls(&expired)).await, "tls_client_certificate_refused", &[]);
    assert_eq!(endpoint.served(), 1);
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_an_endpoint_that_the_machine_trusts() {
    let (authority, clients) = (Authority::new("Everybody's"), Authority::new("Clients"));
    let certificate = authority.issue(&["127.0.0.1"], ALWAYS);
    let endpoint = RawEndpoint::secure(certificate.server(Some(&clients), &["http/1.1"])).await;
    let ours = clients.issue(&["us"], ALWAYS);
    let tls = json!({ "tls": { "certificate": ours.pem, "key": ours.key_pem } });
    let webhook = Webhook::new("hooks", &url(&endpoint, "127.0.0.1")).own(tls);
    let home = Home::new(&Workspace::of_app().webhook(webhook));
    std::fs::write(home.path("roots.pem"), &authority.pem).expect("a file");
    let roots = ("SSL_CERT_FILE", home.text_path("roots.pem"));
    let server = Process::start_with(&home, roots).await;
    let event: Vec<u8> = Event::track("x").user("u").id("m").into();
    let event = Request::new("POST", "/v1/track").key("key-app").body(event);
    assert_eq!(server.gateway.send(&event).await.status, 200);
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    assert_eq!(attempts[0].gist(), (1, 200, "delivered", ""), "{attempts:?}");
    server.kill().await;
}

#[tokio::test]
async fn the_steps_of_an_attempt_its_address_and_its_answer_are_told() {
    let authority = Authority::new("Ours");
    let certificate = authority.issue(&["localhost"], ALWAYS);
    let endpoint = RawEndpoint::secure(certificate.server(None, &["http/1.1"])).await;
    let tls = json!({ "ca": authority.pem });
    let server = sending(&url(&endpoint, "localhost"), &tls).await;
    server.admin.wait_for_attempts("destination=hooks", 1).await;
    server.accept("/v1/track", Event::track("x").user("u").id("n")).await;
    server.admin.wait_for_attempts("destination=hooks", 2).await;
    let told = server.admin.get("/api/v1/attempts?destination=hooks&details=1").await;
    server.stop().await;
    let [second, first] = [&told["attempts"][0], &told["attempts"][1]];
    let went = |attempt: &Value, step: &str| attempt["phases"][step].is_u64();
    for step in ["resolve_us", "connect_us", "tls_us", "first_byte_us"] {
        assert!(went(first, step), "{step}: {first}");
        assert_eq!(went(second, step), step == "first_byte_us", "the kept connection: {second}");
    }
    for attempt in [first, second] {
        assert_eq!(attempt["remote"], endpoint.address().to_string());
        assert_eq!(attempt["answer"]["body"], "ok", "{attempt}");
        assert_eq!(attempt["answer"]["headers"], json!([["content-length", "2"]]));
    }
    assert_eq!(endpoint.connections(), 1);
}

/// The first attempt at an endpoint that answers a greeting with these bytes and closes.
async fn greeted_with(bytes: &'static [u8]) -> Attempt {
    let endpoint = RawEndpoint::start(move |mut stream, _, _| async move {
        let mut greeting = [0; 64];
        let _ = stream.read(&mut greeting).await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    first(&url(&endpoint, "localhost"), &Value::Null).await
}

#[tokio::test]
async fn what_goes_wrong_before_there_is_a_certificate_is_named() {
    // Alerts: protocol_version, handshake_failure, unrecognized_name. Source: RFC 8446, section 6.
    let old = greeted_with(&[0x15, 3, 1, 0, 2, 2, 70]).await;
    check(&old, "tls_too_old", &["ProtocolVersion"]);
    let no_cipher = greeted_with(&[0x15, 3, 3, 0, 2, 2, 40]).await;
    check(&no_cipher, "tls_failed", &["HandshakeFailure", "no cipher in common"]);
    let no_name = greeted_with(&[0x15, 3, 3, 0, 2, 2, 112]).await;
    check(&no_name, "tls_failed", &["does not know the name"]);
    // A ServerHello of TLS 1.0.
    let hello: &[u8] = &[
        0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0x2f, 0,
    ];
    check(&greeted_with(hello).await, "tls_too_old", &["before TLS 1.2"]);
    let plain = greeted_with(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    check(&plain, "not_tls", &["is not TLS"]);
    check(&greeted_with(b"").await, "tls_reset", &["during the handshake"]);
}

#[tokio::test]
async fn who_is_silent_as_tls_is_agreed_on_is_told_apart_from_who_does_not_answer() {
    let endpoint = RawEndpoint::start(async |stream, _, _| {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let attempt = first(&url(&endpoint, "localhost"), &Value::Null).await;
    check(&attempt, "tls_timeout", &["TLS was not agreed on within 2 s"]);
}

#[tokio::test]
async fn a_new_certificate_of_a_destination_applies_without_a_restart() {
    let (old, new) = (Authority::new("Old"), Authority::new("New"));
    let certificate = new.issue(&["localhost"], ALWAYS);
    let endpoint = RawEndpoint::secure(certificate.server(None, &[])).await;
    let home = Home::new(&Workspace::of_app());
    std::fs::write(home.path("ca.pem"), &old.pem).expect("a file");
    let tls = json!({ "tls": { "ca": { "file": "ca.pem" } } });
    let webhook = Webhook::new("hooks", &url(&endpoint, "localhost")).own(tls);
    home.write(&Workspace::of_app().webhook(webhook).text());
    let server = Server::at(home, |config| {
        config.egress.allow.push("::1/128".parse().expect("a network"));
    })
    .await;
    server.accept("/v1/track", Event::track("x").user("u").id("m")).await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    check(&attempts[0], "tls_unknown_issuer", &["CN=New"]);
    std::fs::write(server.home.path("ca.pem"), &new.pem).expect("a file");
    endpoint.wait_for(1).await;
    let delivered = |all: &Vec<Attempt>| all.iter().any(|one| one.fate == "delivered");
    let list = || server.admin.attempts("destination=hooks");
    eventually("the event is delivered", list, delivered).await;
    server.stop().await;
}
