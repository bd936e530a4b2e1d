//! Restarts while clients come: nobody is refused where the socket outlives the process, on new
//! connections or on kept ones.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use testkit::{Client, Connection, Endpoint, Event, Request, Workspace, eventually};

use crate::harness::{Home, Server};
use crate::process::Process;

/// Posts events until told to stop, on a connection that is kept until an answer says that it was
/// the last, or on a new one for each; how many were taken.
async fn stream_of_events(gateway: Client, name: usize, is_over: Arc<AtomicBool>) -> usize {
    let (mut count, mut kept) = (0, None::<Connection>);
    while !is_over.load(Relaxed) {
        let event = Event::track("x").user(&format!("u-{name}")).id(&format!("{name}-{count}"));
        let request = Request::new("POST", "/v1/track").key("key-app").body(event);
        let mut connection = match kept.take() {
            Some(kept) => kept,
            None => gateway.try_connect().await.expect("nobody is refused"),
        };
        let answer = connection.ask(&request).await.expect("everybody is answered");
        assert_eq!((answer.status, answer.text()), (200, "ok"));
        let is_last = answer.get("connection") == Some("close") || connection.is_closed().await;
        kept = Some(connection).filter(|_| name % 2 == 1 && !is_last);
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_socket_that_is_handed_over_refuses_nobody_during_restarts() {
    let endpoint = Endpoint::ok().await;
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")));
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gateway = Client::new(socket.local_addr().expect("an address"));
    let mut process = Process::start_with_socket(&home, &socket).await;
    assert_eq!(process.gateway.address, gateway.address, "it says where it listens");
    let is_over = Arc::new(AtomicBool::new(false));
    let streams: Vec<_> =
        (0..4).map(|name| tokio::spawn(stream_of_events(gateway, name, is_over.clone()))).collect();
    for round in 1..=3 {
        let done = |count: &usize| *count >= round * 20;
        let seen = async || endpoint.received().len();
        eventually("events of this process", seen, done).await;
        process.signal("TERM").await;
        assert_eq!(process.exit_code().await, Some(0));
        process = Process::start_with_socket(&home, &socket).await;
    }
    is_over.store(true, Relaxed);
    let mut taken = 0;
    for stream in streams {
        taken += stream.await.expect("the stream did not fail");
    }
    process.admin.wait_until_finished("hooks", 1).await;
    let received = endpoint.wait_for(taken).await;
    let mut ids: Vec<_> = received.iter().map(|one| one.id()).collect();
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!((ids.len(), count), (taken, taken), "each event exactly once");
    process.signal("TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_request_on_a_kept_connection_is_answered_as_the_server_ends() {
    let server = Server::start(&Workspace::of_app()).await;
    let track = |id: &str| {
        let event = Event::track("x").user("u").id(id);
        Request::new("POST", "/v1/track").key("key-app").body(event)
    };
    let mut kept = server.gateway.connect().await;
    let mut silent = server.gateway.connect().await;
    for connection in [&mut kept, &mut silent] {
        let answer = connection.ask(&track("m-1")).await.expect("an answer");
        assert_eq!((answer.status, answer.get("connection")), (200, None));
    }
    server.controls.trigger.pull();
    // From here on the port is closed, and so is whatever has nothing to do.
    eventually("the end", async || server.gateway.try_connect().await.is_err(), |closed| *closed)
        .await;
    let answer = kept.ask(&track("m-2")).await.expect("an answer");
    assert_eq!((answer.status, answer.get("connection")), (200, Some("close")));
    assert_eq!(kept.answer().await.expect("an end"), None);
    assert_eq!(silent.answer().await.expect("an end"), None);
    server.stop().await;
}

#[tokio::test]
async fn sockets_that_are_of_no_use_are_told() {
    let home = Home::new(&Workspace::of_app());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let ended = Process::serve_with_socket(&home, socket.into()).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("no listening TCP socket"), "{}", ended.stderr);
}
