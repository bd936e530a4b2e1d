//! Very many of one thing: nobody else waits for it.

use futures_util::stream::{FuturesUnordered, StreamExt};
use testkit::client::gzip;
use testkit::{Connection, Endpoint, Event, Gate, Reply, Request, Workspace, batch, eventually};

use crate::harness::{Home, Server};
use crate::process::Process;

fn health() -> Request {
    Request::new("GET", "/health")
}

#[tokio::test]
async fn where_room_ends_the_longest_silent_connections_make_it() {
    let home = Home::new(&Workspace::of_app());
    // Some 160 connections of one thread.
    let flags = ["--runtime-threads", "1", "--intake-header-timeout", "1h"];
    let process = Process::start_with_files(&home, &flags, 640).await;
    let mut silent: Vec<Connection> = Vec::new();
    for _ in 0..400 {
        silent.push(process.gateway.connect().await);
    }
    assert_eq!(process.gateway.send(&health()).await.status, 200, "there is room for one more");
    for connection in &mut silent[..200] {
        assert!(matches!(connection.answer().await, Ok(None) | Err(_)), "the oldest are closed");
    }
    let youngest = silent.last_mut().expect("a connection");
    assert_eq!(youngest.ask(&health()).await.expect("an answer").status, 200);
    let status = process.admin.get("/api/v1/status").await;
    assert!(status["turned_away"].as_u64() >= Some(200), "{status}");
    process.kill().await;
}

#[tokio::test]
async fn a_busy_user_keeps_the_order_and_holds_nobody_up() {
    let gate = Gate::closed();
    let held = gate.clone();
    let endpoint = Endpoint::start(move |received| {
        let reply = Reply::status(200);
        if received.id() == "busy-0" { reply.after(&held) } else { reply }
    })
    .await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let events =
        (0..1_500).map(|number| Event::track("x").user("busy").id(&format!("busy-{number}")));
    server.accept("/v1/batch", batch(events)).await;
    let others = (0..100)
        .map(|number| Event::track("x").user(&format!("o-{number}")).id(&format!("o-{number}")));
    server.accept("/v1/batch", batch(others)).await;
    let first = endpoint.wait_for(101).await;
    let busy = first.iter().filter(|one| one.id().starts_with("busy"));
    assert_eq!(busy.count(), 1, "the rest of its line waits for the first, and nobody else does");
    gate.open();
    server.admin.wait_until_finished("hooks", 1_600).await;
    server.stop().await;
    let all: Vec<_> = endpoint.received().iter().map(|one| one.id()).collect();
    let busy: Vec<_> = all.into_iter().filter(|id| id.starts_with("busy")).collect();
    let wanted: Vec<_> = (0..1_500).map(|number| format!("busy-{number}")).collect();
    assert_eq!(busy, wanted);
}

#[tokio::test]
async fn a_large_body_being_worked_on_holds_up_no_other_connection_of_its_thread() {
    let server = Server::tuned(&Workspace::of_app(), |config| config.runtime.threads = 1).await;
    // Packed, so that all of it has been sent before the work begins.
    let nested: String = "[".repeat(90) + &"]".repeat(90);
    let numbers: String = (0..20_000).map(|number| format!("{number},")).collect();
    let element = format!("[{numbers}{nested}],");
    let large = format!("{{\"batch\":[{}7]}}", element.repeat((12 << 20) / element.len()));
    let large = Request::new("POST", "/v1/batch").key("key-app").body(gzip(large.as_bytes()));
    let large = large.header("content-encoding", "gzip").to_bytes();
    let mut quick = server.gateway.connect().await;
    assert_eq!(quick.ask(&health()).await.expect("an answer").status, 200);
    let (question, mut answers) = (health(), 0);
    for _ in 0..5 {
        let mut slow = server.gateway.connect().await;
        slow.write(&large).await.expect("it is taken");
        let mut refusal = std::pin::pin!(slow.answer());
        loop {
            tokio::select! {
                biased;
                refused = &mut refusal => {
                    assert_eq!(refused.expect("HTTP").expect("an answer").status, 400);
                    break;
                }
                answer = quick.ask(&question) => {
                    assert_eq!(answer.expect("an answer").status, 200);
                    answers += 1;
                }
            }
        }
        // The question that was cut off may still be answered.
        quick = server.gateway.connect().await;
    }
    assert!(answers >= 25, "only {answers} answers came while five large bodies were worked on");
    let listed = || server.admin.rejections();
    eventually("the refusals are listed", listed, |all| !all.is_empty()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_pile_of_large_bodies_of_one_address_delays_nobody_else() {
    const PILE: usize = 24;
    let server = Server::start(&Workspace::of_app()).await;
    let large = |address: &str, name: &str| {
        let event = |number| {
            let event = Event::track("x").user("u").id(&format!("{name}-{number}"));
            event.with("text", "x".repeat(200))
        };
        let body = gzip(batch((0..1_500).map(event)).as_bytes());
        let request = Request::new("POST", "/v1/batch").key("key-app").body(body);
        request.header("content-encoding", "gzip").header("x-forwarded-for", address).to_bytes()
    };
    let begin = async |request: &[u8]| {
        let mut connection = server.gateway.connect().await;
        let (rest, last) = request.split_at(request.len() - 1);
        connection.write(rest).await.expect("it is taken");
        (connection, last.to_vec())
    };
    let answered = async |(mut connection, last): (Connection, Vec<u8>)| {
        connection.write(&last).await.expect("it is taken");
        connection.answer().await.expect("HTTP").expect("an answer").status
    };
    let other = begin(&large("192.0.2.2", "other")).await;
    let mut pile = Vec::new();
    for number in 0..PILE {
        pile.push(begin(&large("192.0.2.1", &number.to_string())).await);
    }
    let mut pile: FuturesUnordered<_> = pile.into_iter().map(answered).collect();
    // The pile is there first: one of it is done, the others are in line.
    assert_eq!(pile.next().await, Some(200));
    let mut other = std::pin::pin!(answered(other));
    let mut before = 1;
    loop {
        tokio::select! {
            biased;
            status = &mut other => break assert_eq!(status, 200),
            Some(status) = pile.next() => {
                assert_eq!(status, 200);
                before += 1;
            }
        }
    }
    assert!(before < PILE / 2, "{before} of {PILE} were done before the other one");
    assert!(pile.all(async |status| status == 200).await, "none of the pile is lost");
    assert_eq!(server.admin.accepted().await, 1_500 * (PILE as u64 + 1));
    server.stop().await;
}

#[tokio::test]
async fn strangers_do_not_push_out_of_sight_what_a_source_was_refused_for() {
    let server = Server::start(&Workspace::of_app()).await;
    assert_eq!(server.post("/v1/track", r#"{"event":"x"}"#).await.status, 400);
    let mut connection = server.gateway.connect().await;
    for number in 0..150 {
        let event = Event::track("x").user("u");
        let request = Request::new("POST", "/v1/track").key(&format!("stranger-{number:05}"));
        let answer = connection.ask(&request.body(event)).await.expect("an answer");
        assert_eq!(answer.status, 401);
    }
    let listed = server.admin.wait_for_rejections(11).await;
    // Those of one millisecond stand in no order.
    let (ours, strangers): (Vec<_>, Vec<_>) = listed.iter().partition(|one| one.source.is_some());
    let ours: Vec<_> = ours.iter().map(|one| (one.source.as_deref(), &*one.reason)).collect();
    assert_eq!(ours, [(Some("app"), "missing_id")]);
    assert!(strangers.iter().all(|one| one.reason == "bad_key"));
    assert_eq!(listed.len(), 11, "of what anybody can repeat only some are listed");
    let few = server.admin.get("/api/v1/rejections?limit=2").await;
    let sources = few["rejections"].as_array().expect("a list");
    let mut sources: Vec<_> = sources.iter().map(|one| one["source"].as_str()).collect();
    sources.sort_unstable();
    assert_eq!(sources, [None, None, Some("app")], "as many of each kind");
    let counts = few["counts"].as_array().expect("a list");
    let count = |about: &str| {
        let found = counts.iter().find(|one| one["reason"] == "bad_key" && one["about"] == about);
        found.and_then(|one| one["count"].as_u64())
    };
    assert_eq!(count("the write key ends with …099"), Some(1));
    assert_eq!(count("others, not told apart"), Some(50));
    server.stop().await;
}
