//! Two copies of an event that are under way at the same moment are stored once.

use std::collections::BTreeSet;

use testkit::{Answer, Connection, Endpoint, Event, Request, Workspace, batch, within};

use crate::harness::Server;

fn event(id: &str) -> Event {
    Event::track("x").user("u").id(id)
}

fn post(path: &str, body: impl Into<Vec<u8>>) -> Vec<u8> {
    Request::new("POST", path).key("key-app").body(body).to_bytes()
}

/// Sends both requests in the same moment; both must be taken.
async fn send_both(connections: &mut [Connection; 2], requests: [Vec<u8>; 2]) {
    let [one, other] = connections;
    let ask = async |connection: &mut Connection, request: Vec<u8>| {
        connection.write(&request).await.expect("it is taken");
        let answer = connection.answer().await.expect("HTTP").expect("an answer");
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    };
    let [first, second] = requests;
    tokio::join!(ask(one, first), ask(other, second));
}

async fn counts(server: &Server) -> (u64, u64) {
    let status = server.admin.get("/api/v1/status").await;
    let count = |name: &str| status[name].as_u64().expect("a number");
    (count("accepted"), count("duplicates"))
}

#[tokio::test]
async fn of_two_copies_sent_in_the_same_moment_one_is_stored_and_both_are_answered() {
    let server = Server::start(&Workspace::of_app()).await;
    let mut connections = [server.gateway.connect().await, server.gateway.connect().await];
    for number in 0..200 {
        let request = post("/v1/track", event(&format!("m-{number}")));
        send_both(&mut connections, [request.clone(), request]).await;
    }
    assert_eq!(counts(&server).await, (200, 200));
    server.stop().await;
}

#[tokio::test]
async fn batches_that_share_events_in_any_order_wait_for_each_other_and_never_for_ever() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    let mut connections = [server.gateway.connect().await, server.gateway.connect().await];
    for round in 0..50 {
        let events = |numbers: [usize; 4]| {
            let events = numbers.map(|number| event(&format!("m-{round}-{number}")));
            post("/v1/batch", batch(events))
        };
        send_both(&mut connections, [events([0, 1, 2, 3]), events([3, 2, 1, 4])]).await;
    }
    assert_eq!(counts(&server).await, (250, 150));
    let ids: BTreeSet<_> = endpoint.wait_for(250).await.iter().map(|one| one.id()).collect();
    assert_eq!(ids.len(), 250);
    server.stop().await;
}

#[tokio::test]
async fn many_batches_of_which_each_two_share_events_are_all_taken() {
    const BATCHES: usize = 40;
    const SHARED: usize = 25;
    let server = Server::start(&Workspace::of_app()).await;
    // Each two share events that nobody else has, and each begins with another one.
    let ids = |own: usize| {
        let twins = (0..BATCHES).map(move |step| (own * 7 + step) % BATCHES);
        twins.flat_map(move |twin| {
            (0..SHARED).map(move |one| format!("m-{}-{}-{one}", own.min(twin), own.max(twin)))
        })
    };
    let mut sending = tokio::task::JoinSet::new();
    for own in 0..BATCHES {
        let request = post("/v1/batch", batch(ids(own).map(|id| event(&id))));
        let mut connection = server.gateway.connect().await;
        let (rest, last) = request.split_at(request.len() - 1);
        connection.write(rest).await.expect("it is taken");
        let last = last.to_vec();
        sending.spawn(async move {
            connection.write(&last).await.expect("it is taken");
            connection.answer().await.expect("HTTP").expect("an answer").status
        });
    }
    assert!(sending.join_all().await.iter().all(|status| *status == 200));
    let distinct = (SHARED * BATCHES * (BATCHES + 1) / 2) as u64;
    let sent = (SHARED * BATCHES * BATCHES) as u64;
    assert_eq!(counts(&server).await, (distinct, sent - distinct));
    server.stop().await;
}

#[tokio::test]
async fn what_was_refused_is_stored_when_it_comes_again() {
    let workspace = Workspace::of_app();
    let server = Server::tuned(&workspace, |config| config.intake.inbox_bytes_max = 1_024).await;
    let send = async |ids: BTreeSet<String>| -> Vec<(String, Answer)> {
        let mut posts = tokio::task::JoinSet::new();
        for id in ids {
            let (gateway, event) = (server.gateway, event(&id).with("text", "x".repeat(2_000)));
            posts.spawn(async move { (id, gateway.post("/v1/track", "key-app", event).await) });
        }
        posts.join_all().await
    };
    let (mut sent, mut refusals) = (0, 0);
    let bursts = async {
        while refusals == 0 {
            let mut left: BTreeSet<_> =
                (sent..sent + 64).map(|number| format!("m-{number}")).collect();
            sent += 64;
            while !left.is_empty() {
                let answers = send(left).await;
                let full = answers.into_iter().filter(|(_, answer)| answer.status != 200);
                let full = full.inspect(|(_, answer)| assert_eq!(answer.status, 503));
                left = full.map(|(id, _)| id).collect();
                refusals += left.len();
            }
        }
    };
    within("a refusal, and room for all", bursts).await;
    assert_eq!(counts(&server).await, (sent, 0));
    server.stop().await;
}

#[tokio::test]
async fn an_event_whose_client_is_gone_before_the_answer_is_stored_once() {
    let endpoint = Endpoint::ok().await;
    let server = Server::start(&Workspace::of_app().posts_to("hooks", &endpoint.url("/"))).await;
    for number in 0..20 {
        let request = post("/v1/track", event(&format!("m-{number}")));
        let mut connection = server.gateway.connect().await;
        connection.write(&request).await.expect("it is taken");
        drop(connection);
        let mut connection = server.gateway.connect().await;
        connection.write(&request).await.expect("it is taken");
        let answer = connection.answer().await.expect("HTTP").expect("an answer");
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    }
    endpoint.wait_for(20).await;
    assert_eq!(server.admin.accepted().await, 20);
    server.stop().await;
    assert_eq!(endpoint.received().len(), 20);
}
