//! The admin listener keeps strangers' pages out, and nobody holds its connections for nothing.

use postrider::config::{AdminAuth, Secret};
use testkit::{Answer, Client, Workspace};

use crate::harness::{Server, ms, problem};

/// Asks for the status with these lines in the head.
async fn ask(admin: &Client, lines: &str) -> Answer {
    let mut connection = admin.connect().await;
    let head = format!("GET /api/v1/status HTTP/1.1\r\n{lines}\r\n");
    connection.write(head.as_bytes()).await.expect("it is taken");
    connection.answer().await.expect("HTTP").expect("an answer")
}

#[tokio::test]
async fn only_who_asks_for_this_machine_is_told_anything() {
    let server = Server::start(&Workspace::of_app()).await;
    let admin = server.admin.0;
    for host in ["localhost", "127.0.0.1:7800", "[::1]:80"] {
        assert_eq!(ask(&admin, &format!("host: {host}\r\n")).await.status, 200, "{host}");
    }
    for lines in ["", "host: evil.test\r\n", "host: localhost\r\nhost: evil.test\r\n"] {
        problem(&ask(&admin, lines).await, 403, "wrong_host");
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_of_other_sites_read_nothing_and_may_link_here() {
    let server = Server::start(&Workspace::of_app()).await;
    for (site, mode, want) in [
        ("cross-site", "no-cors", 403),
        ("cross-site", "cors", 403),
        ("same-site", "cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
    ] {
        let lines =
            format!("host: localhost\r\nsec-fetch-site: {site}\r\nsec-fetch-mode: {mode}\r\n");
        assert_eq!(ask(&server.admin.0, &lines).await.status, want, "{site} {mode}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_listener_that_is_open_to_the_network_has_any_name() {
    let server = Server::tuned(&Workspace::of_app(), |config| {
        config.admin = "0.0.0.0:0".parse().expect("an address");
        config.admin_auth = AdminAuth::Required;
        config.secrets.admin_token = Some(Secret::new("a-token-of-the-operator"));
    })
    .await;
    let head = "host: postrider.example\r\nauthorization: Bearer a-token-of-the-operator\r\n";
    assert_eq!(ask(&server.admin.0, head).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let tune = |config: &mut postrider::config::Config| config.intake.header_timeout = ms(100);
    let server = Server::tuned(&Workspace::of_app(), tune).await;
    let mut connection = server.admin.0.connect().await;
    connection.write(b"GET / HTTP/1.1\r\nhost: lo").await.expect("it is taken");
    assert!(matches!(connection.answer().await, Ok(None) | Err(_)), "it is closed");
    server.stop().await;
}
