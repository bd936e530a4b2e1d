//! Crashes: what was answered `ok` is delivered, and in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use testkit::{Client, Endpoint, Event, Received, Refusing, Reply, Request, Workspace, within};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::harness::Home;
use crate::process::Process;

/// Cycles of load, kill and restart.
const CYCLES: u64 = 15;

/// Senders, each of which is one user that sends one event after the other.
const USERS: usize = 8;

#[tokio::test]
async fn ok_is_said_only_after_the_event_is_on_disk() {
    let nobody = Refusing::new();
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &nobody.url("/")));
    let mut ids = BTreeSet::new();
    for cycle in 0..5 {
        let process = Process::start(&home, &[]).await;
        let id = format!("m-{cycle}");
        let event = Event::track("x").user(&id).id(&id);
        assert_eq!(process.gateway.post("/v1/track", "key-app", event).await.status, 200);
        process.kill().await;
        ids.insert(id);
    }
    let endpoint = Endpoint::ok().await;
    home.write(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")).text());
    let process = Process::start(&home, &[]).await;
    let arrived = endpoint.wait_for(ids.len()).await;
    let arrived: BTreeSet<_> = arrived.iter().map(|one| one.id()).collect();
    assert_eq!(arrived, ids);
    process.kill().await;
}

/// What one user has sent: how many events, and which of them were answered `ok`.
#[derive(Clone, Debug, Default)]
struct Sent {
    next: usize,
    acknowledged: Vec<usize>,
}

/// Sends one event after the other until the server is gone.
async fn send(gateway: Client, user: usize, mut sent: Sent, count: watch::Sender<usize>) -> Sent {
    let Ok(mut connection) = gateway.try_connect().await else { return sent };
    loop {
        let number = sent.next;
        sent.next += 1;
        let event = Event::track("x").user(&format!("u-{user}")).id(&format!("{user}-{number}"));
        let request = Request::new("POST", "/v1/track").key("key-app").body(event);
        match connection.ask(&request).await {
            Ok(answer) if answer.status == 200 => {
                sent.acknowledged.push(number);
                count.send_modify(|count| *count += 1);
            }
            Ok(answer) => panic!("{}: {}", answer.status, answer.text()),
            // It may be stored all the same: nobody knows.
            Err(_) => return sent,
        }
    }
}

/// A small generator; the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % below
    }
}

/// Whether the endpoint takes a request; now and then it does not.
fn is_taken(received: &Received) -> bool {
    received.number % 17 != 3
}

/// User and number of an event.
fn place(received: &Received) -> (usize, usize) {
    let id = received.id();
    let (user, number) = id.split_once('-').expect("an id of ours");
    (user.parse().expect("a user"), number.parse().expect("a number"))
}

/// One cycle: sends until so many are answered, and kills.
async fn cycle(home: &Home, sent: Vec<Sent>, acknowledged: u64) -> Vec<Sent> {
    let process = Process::start(home, &[]).await;
    let (count, mut counted) = watch::channel(0);
    let mut senders = JoinSet::new();
    for (user, sent) in sent.into_iter().enumerate() {
        let sending = send(process.gateway, user, sent, count.clone());
        senders.spawn(async move { (user, sending.await) });
    }
    drop(count);
    let enough = counted.wait_for(|count| *count as u64 >= acknowledged);
    within("enough answers", enough).await.expect("senders send");
    process.kill().await;
    let mut all = within("the end of the senders", senders.join_all()).await;
    all.sort_by_key(|(user, _)| *user);
    all.into_iter().map(|(_, sent)| sent).collect()
}

#[tokio::test]
async fn what_was_accepted_is_delivered_after_kill_minus_9() {
    let endpoint =
        Endpoint::start(|received| Reply::status(if is_taken(received) { 200 } else { 503 })).await;
    let home = Home::new(&Workspace::of_app().posts_to("hooks", &endpoint.url("/")));
    let mut dice = Dice(20_260_801);
    let mut sent = vec![Sent::default(); USERS];
    for _ in 0..CYCLES {
        sent = cycle(&home, sent, 1 + dice.roll(200)).await;
    }
    let process = Process::start(&home, &[]).await;
    let wanted: BTreeSet<_> = sent
        .iter()
        .enumerate()
        .flat_map(|(user, sent)| sent.acknowledged.iter().map(move |number| (user, *number)))
        .collect();
    // All that is stored has to arrive, whether the answer was heard or not.
    let stored = stored(&process).await;
    assert!(stored >= wanted.len(), "{stored} events are stored");
    let taken = |all: &[Arc<Received>]| -> BTreeSet<_> {
        all.iter().filter(|one| is_taken(one)).map(|one| place(one)).collect()
    };
    endpoint.wait_until("every stored event", |all| taken(all).len() >= stored).await;
    let received = endpoint.received();
    assert!(taken(&received).is_superset(&wanted), "every acknowledged event has arrived");
    assert_eq!(taken(&received).len(), stored, "and nothing that was never stored");
    check_order(&received, &sent);
    process.kill().await;
}

/// How many events the journal holds.
async fn stored(process: &Process) -> usize {
    let status = process.admin.get("/api/v1/status").await;
    let head = status["journal"]["head"].as_u64().expect("a number");
    usize::try_from(head).expect("few") - 1
}

/// Each user's events arrived first in the order in which they were sent, and so acknowledged.
fn check_order(received: &[Arc<Received>], sent: &[Sent]) {
    let mut firsts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (user, number) in received.iter().map(|one| place(one)) {
        if seen.insert((user, number)) {
            firsts.entry(user).or_default().push(number);
        }
    }
    for (user, numbers) in &firsts {
        assert!(numbers.is_sorted(), "user {user}: {numbers:?}");
        assert!(numbers.len() <= sent[*user].next, "user {user} sent fewer");
    }
}
