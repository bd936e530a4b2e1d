//! Names of endpoints: asked for once for each connection, and never a way inside.

use std::net::IpAddr;

use testkit::{Endpoint, Event, NameReply, NameServer, RawEndpoint, Stalling, Workspace};

use crate::harness::{Attempt, Server, ms};

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn addresses(list: &[&str]) -> NameReply {
    NameReply::Addresses(list.iter().map(|one| ip(one)).collect())
}

/// A server that asks this name server, may call these networks, and posts to a URL.
async fn server(names: &NameServer, allow: &[&str], url: &str) -> Server {
    let workspace = Workspace::of_app().posts_to("hooks", url);
    Server::tuned(&workspace, |config| {
        config.egress.name_servers = vec![names.address()];
        config.egress.allow = allow.iter().map(|one| one.parse().expect("a network")).collect();
        config.delivery.timeout = ms(2_500);
    })
    .await
}

async fn send(server: &Server, id: &str) {
    server.accept("/v1/track", Event::track("x").user("u").id(id)).await;
}

async fn first(names: &NameServer, allow: &[&str], url: &str) -> Attempt {
    let server = server(names, allow, url).await;
    send(&server, "m").await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    server.stop().await;
    attempts[0].clone()
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_next_time_leads_nowhere() {
    // 127.0.0.1 stands for the internet, 127.0.0.2 for the inside, at the same port.
    let inside = RawEndpoint::at(ip("127.0.0.2"), async |_, _, tally| tally.add()).await;
    let port = inside.address().port();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
    let outside = RawEndpoint::on(listener, async |stream, _, _| answer_and_close(stream).await);
    let names = NameServer::start(|_, nth| match nth {
        0 => addresses(&["127.0.0.1"]),
        _ => addresses(&["127.0.0.2"]),
    })
    .await;
    let server = server(&names, &["127.0.0.1/32"], &format!("http://rebinding.test:{port}/")).await;
    send(&server, "m-1").await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 1).await;
    assert_eq!(attempts[0].gist(), (1, 200, "delivered", ""), "{attempts:?}");
    assert_eq!(names.asked("rebinding.test"), 1, "asked once for a connection");
    send(&server, "m-2").await;
    let attempts = server.admin.wait_for_attempts("destination=hooks", 2).await;
    assert_eq!(attempts[1].gist(), (1, 0, "retry", "blocked_address"), "{attempts:?}");
    assert!(attempts[1].detail.contains("127.0.0.2 is a loopback address"), "{attempts:?}");
    server.stop().await;
    assert_eq!((outside.connections(), inside.connections()), (1, 0));
}

async fn answer_and_close(mut stream: tokio::net::TcpStream) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut request = [0; 1 << 16];
    let _ = stream.read(&mut request).await;
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let _ = stream.write_all(answer).await;
}

#[tokio::test]
async fn one_forbidden_address_spoils_the_answer() {
    let endpoint = Endpoint::ok().await;
    let url = format!("http://mixed.test:{}/", endpoint.address().port());
    for list in [&["127.0.0.1", "10.0.0.1"][..], &["127.0.0.1", "::1"], &["10.0.0.1"]] {
        let names = NameServer::start(move |_, _| addresses(list)).await;
        let attempt = first(&names, &["127.0.0.1/32"], &url).await;
        assert_eq!(attempt.gist(), (1, 0, "retry", "blocked_address"), "{attempt:?}");
    }
    let names = NameServer::start(|_, _| addresses(&["169.254.169.254"])).await;
    let attempt = first(&names, &["0.0.0.0/0"], &url).await;
    assert!(attempt.detail.contains("egress.allow cannot open it"), "{attempt:?}");
    assert_eq!(endpoint.connections(), 0);
}

#[tokio::test]
async fn what_name_servers_do_is_told_apart() {
    let check = async |reply: NameReply, reason: &str, detail: &str| {
        let told = reply.clone();
        let names = NameServer::start(move |_, _| told.clone()).await;
        let attempt = first(&names, &["127.0.0.0/8"], "http://odd.test:1/").await;
        assert_eq!(attempt.gist(), (1, 0, "retry", reason), "{reply:?}: {attempt:?}");
        assert!(attempt.detail.starts_with("odd.test: "), "{attempt:?}");
        assert!(attempt.detail.contains(detail), "{reply:?}: {attempt:?}");
    };
    check(NameReply::NoName, "dns_failed", "not known (NXDOMAIN)").await;
    check(NameReply::Failed, "dns_failed", "").await;
    check(NameReply::Addresses(vec![]), "dns_failed", "no address").await;
    check(NameReply::Alias("odd.test".to_owned()), "dns_failed", "").await;
    let silent = NameServer::start(|_, _| NameReply::Silence).await;
    let attempt = first(&silent, &[], "http://odd.test:1/").await;
    assert_eq!(attempt.gist(), (1, 0, "retry", "dns_timeout"), "{attempt:?}");
}

#[tokio::test]
async fn an_address_that_does_not_answer_or_refuses_does_not_hold_up_the_others() {
    let endpoint = Endpoint::ok().await;
    let port = endpoint.address().port();
    let stalling = Stalling::at(std::net::SocketAddr::new(ip("127.0.0.3"), port)).await;
    for list in
        [&["127.0.0.3", "127.0.0.1"][..], &["127.0.0.4", "127.0.0.1"], &["::1", "127.0.0.1"]]
    {
        let names = NameServer::start(move |_, _| addresses(list)).await;
        let url = format!("http://several.test:{port}/");
        let attempt = first(&names, &["127.0.0.0/8", "::1/128"], &url).await;
        assert_eq!(attempt.gist(), (1, 200, "delivered", ""), "{list:?}: {attempt:?}");
    }
    let url = format!("http://{}/", stalling.address());
    let names = NameServer::start(|_, _| NameReply::NoName).await;
    let attempt = first(&names, &["127.0.0.0/8"], &url).await;
    assert_eq!(attempt.gist(), (1, 0, "retry", "connect_timeout"), "{attempt:?}");
    assert_eq!(endpoint.received().len(), 3);
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_is_called() {
    let inside = RawEndpoint::at(ip("127.0.0.2"), async |_, _, tally| tally.add()).await;
    let port = inside.address().port();
    let spellings = [
        "127.0.0.2",
        "2130706434",
        "0x7f000002",
        "017700000002",
        "0x7f.0.0.2",
        "0177.0.0.02",
        "127.2",
        "127.0.2",
        "127.0.0.2.",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "[::127.0.0.2]",
        "[64:ff9b::127.0.0.2]",
        "[2002:7f00:2::]",
        "inside.test",
    ];
    let named = |index: usize| format!("d-{index}");
    let workspace =
        spellings.iter().enumerate().fold(Workspace::of_app(), |workspace, (at, host)| {
            workspace.posts_to(&named(at), &format!("http://{host}:{port}/"))
        });
    let names = NameServer::start(|_, _| addresses(&["127.0.0.2"])).await;
    let server = Server::tuned(&workspace, |config| {
        config.egress.allow.clear();
        config.egress.name_servers = vec![names.address()];
    })
    .await;
    send(&server, "m").await;
    for (at, host) in spellings.iter().enumerate() {
        let query = format!("destination={}", named(at));
        let attempts = server.admin.wait_for_attempts(&query, 1).await;
        assert_eq!(attempts[0].gist(), (1, 0, "retry", "blocked_address"), "{host}: {attempts:?}");
    }
    server.stop().await;
    assert_eq!(inside.connections(), 0);
}
