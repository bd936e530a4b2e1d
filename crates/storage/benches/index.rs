//! How long it takes to index events, and to find them among many (10 M, or as many as `INDEX_EVENTS`
//! says).
//!
//! The history has ten sources, a few names that are everywhere and many that are rare, a user with a
//! tenth of all events, and others with ten each. Shown is what an event costs while the index is made
//! anew from the journal, and the slowest of some rounds of each search, in milliseconds; first with
//! what a page shows read from the journal, then without.

#![allow(missing_docs, reason = "a benchmark has no users")]
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::event::{
    CallMark, EventKind, Identities, IdentityHash, NameHash, NewEvent, Restriction,
};
use domain::id::{Seq, SourceId};
use domain::time::Timestamp;
use storage::embedded::{self, Options};
use storage::{EventQuery, Store, Wanted};

const ROUNDS: usize = 3;
const BATCH: u64 = 2_000;
const PAGE: usize = 50;

fn main() {
    let events: u64 =
        std::env::var("INDEX_EVENTS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(10_000_000);
    let dir = tempfile::TempDir::new().expect("a directory");
    let (store, engine) = embedded::open(dir.path(), Options::default()).expect("a store");
    for first in (1..=events).step_by(BATCH as usize) {
        let batch = (first..first + BATCH).map(event).collect();
        store.journal.append(batch).expect("room").wait().expect("an append");
    }
    engine.close().expect("an end");
    std::fs::remove_file(dir.path().join("index.db")).expect("an index");
    let started = Instant::now();
    let (store, engine) = embedded::open(dir.path(), Options::default()).expect("a store");
    wait_until_reached(&store);
    let took = started.elapsed();
    let file = std::fs::metadata(dir.path().join("index.db")).expect("an index").len();
    println!("{events} events indexed in {:.1} s", took.as_secs_f64());
    println!("{:7.2} us per event, reading the journal included", micros(took, events));
    println!("{:7.1} bytes per event", file as f64 / events as f64);
    for (name, query) in queries(events) {
        let taken = (0..ROUNDS).map(|_| search(&store, &query));
        let (page, index, found) = taken.max().expect("a round");
        println!("{:7.1} ms {:7.1} ms  {found:3} events  {name}", millis(page), millis(index));
    }
    engine.close().expect("an end");
}

fn micros(took: Duration, events: u64) -> f64 {
    took.as_secs_f64() * 1e6 / events as f64
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn wait_until_reached(store: &Store) {
    let (mut reached, head) = (store.index.reached(), *store.journal.head().borrow());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(reached.wait_for(|reached| *reached >= head)).expect("an index");
}

/// A page of events, read, and how long the search alone took.
fn search(store: &Store, query: &EventQuery) -> (Duration, Duration, usize) {
    let started = Instant::now();
    let found = store.index.search(query.clone()).wait().expect("places");
    let index = started.elapsed();
    for seq in &found.places {
        let chunk = store.journal.read(*seq, Wanted::All, 1).wait().expect("a read");
        assert!(chunk.frames.first().is_some_and(|frame| frame.event(*seq).is_some()), "{seq}");
    }
    (started.elapsed(), index, found.places.len())
}

fn queries(events: u64) -> Vec<(&'static str, EventQuery)> {
    let all = EventQuery::of(Seq::FIRST..Seq(u64::MAX), PAGE);
    let user = |id: &str| IdentityHash::of_user(id).into_iter().collect::<Vec<_>>();
    let source = |number: u64| Some(SourceId::new(format!("source-{number}")));
    let at = |place: u64| Some(received_at(place));
    let rare = format!("rare-{}", events / 3 / 1_000);
    vec![
        ("newest", all.clone()),
        ("of a source", EventQuery { source: source(3), ..all.clone() }),
        ("of a source that has none", EventQuery { source: source(99), ..all.clone() }),
        (
            "of a source and a type that never meet",
            EventQuery { source: source(0), kind: Some(EventKind::Page), ..all.clone() },
        ),
        ("of a name", EventQuery { name: NameHash::of("name-3"), ..all.clone() }),
        ("of a rare name", EventQuery { name: NameHash::of(&rare), ..all.clone() }),
        ("of a name that none has", EventQuery { name: NameHash::of("x"), ..all.clone() }),
        ("of a user with a tenth", EventQuery { identities: user("busy"), ..all.clone() }),
        (
            "the oldest page of the same",
            EventQuery { identities: user("busy"), places: Seq::FIRST..Seq(501), ..all.clone() },
        ),
        ("of a user with ten", EventQuery { identities: user("user-77"), ..all.clone() }),
        ("of nobody", EventQuery { identities: user("x"), ..all.clone() }),
        ("one messageId", EventQuery { message: CallMark::of("m-4711"), ..all.clone() }),
        ("no messageId", EventQuery { message: CallMark::of("x"), ..all.clone() }),
        (
            "a source in a tenth of the time",
            EventQuery { source: source(3), from: at(events / 10), to: at(events / 5), ..all },
        ),
    ]
}

fn received_at(number: u64) -> Timestamp {
    Timestamp(1_700_000_000_000 + number.cast_signed() / 20)
}

fn event(number: u64) -> NewEvent {
    let user = match number % 10 {
        0 => "busy".to_owned(),
        _ => format!("user-{}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_000),
    };
    let name = match number % 1_000 {
        0 => format!("rare-{}", number / 1_000),
        rest => format!("name-{}", rest % 20),
    };
    let kind = match number % 10 {
        5 => EventKind::Page,
        _ => EventKind::Track,
    };
    let payload = format!(
        r#"{{"messageId":"m-{number}","type":"track","event":"{name}","userId":"{user}","properties":{{"total":17,"currency":"EUR"}}}}"#
    );
    NewEvent {
        source: SourceId::new(format!("source-{}", number % 10)),
        kind,
        received_at: received_at(number),
        identities: Identities { user: IdentityHash::of_user(&user), anonymous: None },
        restriction: Restriction::None,
        payload: Bytes::from(payload),
    }
}
