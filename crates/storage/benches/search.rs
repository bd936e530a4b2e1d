//! How long searches in the ledger take over many rows (10 M, or as many as `SEARCH_ROWS` says).
//!
//! The history is that of ten destinations: seven are healthy, with one failure in a thousand; one
//! fails always, one with every second attempt and many statuses, one is idle but for some that it gave
//! up. Shown is the slowest of some rounds of each search, in milliseconds.

#![allow(missing_docs, reason = "a benchmark has no users")]
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails")]

use std::time::{Duration, Instant};

use domain::delivery::Trace;
use domain::event::{EventKind, Identities};
use domain::id::{DestinationId, Seq};
use domain::time::Timestamp;
use storage::embedded::{self, Options};
use storage::{AttemptQuery, AttemptRecord, Fate, IssueQuery, Reader, Settlement, Store};

const ROUNDS: usize = 3;
const STEP: u64 = 2_000;
const DESTINATIONS: u64 = 10;

fn main() {
    let rows: u64 =
        std::env::var("SEARCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(10_000_000);
    let dir = tempfile::TempDir::new().expect("a directory");
    let options =
        Options { ledger_rows_max: rows, settle_linger: Duration::ZERO, ..Options::default() };
    let (store, engine) = embedded::open(dir.path(), options).expect("a store");
    for step in 0..rows / STEP {
        store.schedule.commit(settlement(step)).wait().expect("a commit");
    }
    println!("{rows} rows");
    for (name, query) in queries(rows) {
        let taken = (0..ROUNDS).map(|_| search(&store, &query));
        let (worst, found) = taken.max().expect("a round");
        println!("{:7.1} ms  {found:4} rows  {name}", worst.as_secs_f64() * 1e3);
    }
    let started = Instant::now();
    let query = IssueQuery { rows_max: 500, ..IssueQuery::default() };
    let found = store.ledger.issues(query).wait().expect("issues").len();
    println!("{:7.1} ms  {found:4} issues", started.elapsed().as_secs_f64() * 1e3);
    for (name, apart) in [("near together", 1), ("far apart", rows / 60)] {
        let of = (1..=50).flat_map(|place| {
            let seq = Seq(rows - place * apart);
            (0..3).map(move |number| (destination(number), seq))
        });
        let of: Vec<_> = of.collect();
        let started = Instant::now();
        let found = store.ledger.deliveries(of).wait().expect("deliveries");
        let known = found.iter().filter(|one| one.last.is_some()).count();
        println!(
            "{:7.1} ms  {known:4} known of 150 deliveries {name}",
            started.elapsed().as_secs_f64() * 1e3
        );
    }
    engine.close().expect("an end");
}

fn search(store: &Store, query: &AttemptQuery) -> (Duration, usize) {
    let started = Instant::now();
    let found = store.ledger.attempts(query.clone()).wait().expect("attempts").attempts.len();
    (started.elapsed(), found)
}

fn queries(rows: u64) -> Vec<(&'static str, AttemptQuery)> {
    let all = AttemptQuery { rows_max: 50, ..AttemptQuery::default() };
    let to = |number: u64| Some(destination(number));
    let reason = |code: &str| Some(code.to_owned());
    let at = |place: u64| Some(Timestamp(place.cast_signed()));
    vec![
        ("newest", all.clone()),
        ("of a healthy destination", AttemptQuery { destination: to(2), ..all.clone() }),
        ("given up", AttemptQuery { fate: Some(Fate::GaveUp), ..all.clone() }),
        ("a reason", AttemptQuery { reason: reason("timeout"), ..all.clone() }),
        (
            "a reason of one",
            AttemptQuery { reason: reason("timeout"), destination: to(3), ..all.clone() },
        ),
        (
            "given up for a reason",
            AttemptQuery {
                reason: reason("client_error"),
                fate: Some(Fate::GaveUp),
                ..all.clone()
            },
        ),
        ("a status", AttemptQuery { status: Some(518), ..all.clone() }),
        ("a rare status", AttemptQuery { status: Some(418), ..all.clone() }),
        ("a status that delivers", AttemptQuery { status: Some(202), ..all.clone() }),
        (
            "the same of the idle one",
            AttemptQuery { status: Some(202), destination: to(9), ..all.clone() },
        ),
        (
            "a tenth of the time",
            AttemptQuery { from: at(rows / 2), to: at(rows / 2 + rows / 10), ..all.clone() },
        ),
        (
            "retries in a tenth of the time",
            AttemptQuery {
                from: at(rows / 10),
                to: at(rows / 5),
                fate: Some(Fate::Retry),
                ..all.clone()
            },
        ),
        (
            "a reason in a tenth of the time",
            AttemptQuery {
                from: at(rows / 10),
                to: at(rows / 5),
                reason: reason("server_error"),
                ..all.clone()
            },
        ),
        ("one event", AttemptQuery { seq: Some(Seq(rows / 3)), ..all.clone() }),
        (
            "the last page of a reason",
            AttemptQuery { reason: reason("server_error"), older_than: Some(STEP), ..all.clone() },
        ),
        ("500 of a reason", AttemptQuery { reason: reason("server_error"), rows_max: 500, ..all }),
    ]
}

fn destination(number: u64) -> DestinationId {
    DestinationId::new(format!("destination-{number}"))
}

fn settlement(step: u64) -> Settlement {
    let number = step % DESTINATIONS;
    let (to, places) = (destination(number), step * STEP..(step + 1) * STEP);
    Settlement {
        cursor: Seq(places.end),
        opened: Vec::new(),
        closed: Vec::new(),
        attempts: places.map(|seq| attempt(&to, number, seq)).collect(),
        filtered: Vec::new(),
        waiting: None,
        reader: Reader::Destination(to),
    }
}

fn attempt(to: &DestinationId, number: u64, seq: u64) -> AttemptRecord {
    let (fate, status, reason) = match (number, seq) {
        (7, _) => (Fate::Retry, 503, "server_error"),
        (8, seq) if seq % 2 == 0 => {
            (Fate::Retry, 500 + u16::try_from(seq % 90).expect("few"), "server_error")
        }
        (9, seq) if seq % 100 == 0 => (Fate::GaveUp, 400, "client_error"),
        (_, seq) if seq % 1_000 == 0 => (Fate::Retry, 0, "timeout"),
        _ => (Fate::Delivered, 200, ""),
    };
    AttemptRecord {
        destination: to.clone(),
        seq: Seq(seq),
        kind: EventKind::Track,
        whose: Identities::default(),
        received_at: None,
        number: 1,
        at: Timestamp(seq.cast_signed()),
        duration_us: 1_500,
        status,
        fate,
        reason: reason.to_owned(),
        detail: if reason.is_empty() { String::new() } else { format!("status {status}") },
        trace: Trace::default(),
        replay: None,
    }
}
