//! A generated corpus: thousands of hostile requests, each different, against one server.
//!
//! Each case is made from the run's seed and its number alone; a failure names both, and
//! `CORPUS_SEED=<seed>` makes the same cases again. What a body is worth is judged by code that
//! shares nothing with the server's own reader.

mod cases;
mod dice;
mod oracle;
mod values;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use testkit::{Answer, Client, Event, Workspace, within};
use tokio::task::JoinSet;

use crate::harness::{Server, ms};
use cases::{Case, Wanted};
use dice::Dice;

const CASES: usize = 12_000;

/// How many are under way at a time.
const CLIENTS: usize = 12;

/// Panics on threads that serve requests, of whatever server in this process.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if thread.name().is_some_and(|name| name.starts_with("gateway-")) {
            PANICS.fetch_add(1, SeqCst);
        }
        before(panic);
    }));
}

fn seed() -> u64 {
    let given = std::env::var("CORPUS_SEED").ok();
    let given = given.map(|text| text.parse().expect("the seed is a number"));
    given.unwrap_or_else(|| RandomState::new().hash_one(0))
}

/// Sends a case and reads to the end; every answer that came.
async fn play(gateway: Client, case: &Case) -> Vec<Answer> {
    let mut connection = gateway.connect().await;
    // Where the server has had enough, the answer is what counts.
    let _ = connection.write(&case.bytes).await;
    if case.ends {
        let _ = connection.finish().await;
    }
    let mut answers = Vec::new();
    while let Ok(Some(answer)) = connection.answer().await {
        answers.push(answer);
        if answers.len() == case.requests && !case.ends {
            break;
        }
    }
    answers
}

/// Plays a case and judges the answers; how many events it has stored, or sent again.
async fn check(gateway: Client, seed: u64, number: usize) -> usize {
    let case = Case::of(&mut Dice::of_case(seed, number), number);
    let name = format!("CORPUS_SEED={seed}, case {number}, {}", case.what);
    let answers = within(&name, play(gateway, &case)).await;
    let bytes = || String::from_utf8_lossy(&case.bytes[..case.bytes.len().min(2_000)]).into_owned();
    let is_taken = |answer: &&Answer| answer.status == 200 && answer.body == b"ok";
    let pixels = answers.iter().filter(|one| one.get("content-type") == Some("image/gif")).count();
    let taken = answers.iter().filter(is_taken).count();
    for answer in &answers {
        assert!(answer.status < 500, "{name}: {answer:?}\n{}", bytes());
    }
    match case.wanted {
        Wanted::Stored(0) => {
            let refused = answers.len() == 1 && (400..500).contains(&answers[0].status);
            assert!(refused, "{name}: is no refusal: {answers:?}\n{}", bytes());
            0
        }
        Wanted::Stored(count) => {
            let is_good = answers.len() == case.requests && taken == case.requests;
            assert!(is_good, "{name}: {count} good events: {answers:?}\n{}", bytes());
            count * case.requests
        }
        Wanted::Pixel => {
            assert_eq!((pixels, answers.len()), (1, 1), "{name}\n{}", bytes());
            1
        }
        Wanted::Anything(count) => count * taken,
    }
}

#[tokio::test]
async fn whatever_is_sent_gets_an_answer_or_an_end_and_what_is_answered_ok_is_stored() {
    count_panics();
    let seed = seed();
    let workspace = Workspace::of_app().disabled_source("old");
    let server = Server::tuned(&workspace, |config| {
        config.intake.request_bytes_max = oracle::REQUEST_BYTES_MAX;
        config.intake.event_bytes_max = oracle::EVENT_BYTES_MAX;
        config.intake.header_timeout = ms(1_000);
        config.intake.body_grace = ms(1_000);
    })
    .await;
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (gateway, next) = (server.gateway, next.clone());
        clients.spawn(async move {
            let mut stored = 0;
            loop {
                let number = next.fetch_add(1, SeqCst);
                if number >= CASES {
                    return stored;
                }
                stored += check(gateway, seed, number).await;
            }
        });
    }
    let mut stored = 0;
    while let Some(count) = clients.join_next().await {
        stored += count.unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(server.gateway.get("/health").await.status, 200, "CORPUS_SEED={seed}");
    server.accept("/v1/track", Event::track("x").user("u").id("honest")).await;
    let status = server.admin.get("/api/v1/status").await;
    let count = |name: &str| status[name].as_u64().expect("a number");
    let (accepted, duplicates) = (count("accepted"), count("duplicates"));
    assert_eq!(accepted + duplicates, stored as u64 + 1, "CORPUS_SEED={seed}");
    assert!(accepted as usize > CASES / 4 && duplicates > 0, "{accepted} and {duplicates}");
    assert_eq!(PANICS.load(SeqCst), 0, "CORPUS_SEED={seed}");
    server.stop().await;
}
