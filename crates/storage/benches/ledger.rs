//! What an attempt costs the ledger: CPU of the thread that writes it, as Linux counts it, from the
//! hand-over of settlements to their commit.
//!
//! Settlements are as large as a busy destination's, on kept connections: all delivered, or all failed,
//! of so many users that issues go on counting them. Shown is the best of some rounds, each with a
//! fresh directory, in microseconds per row.

#![allow(missing_docs, reason = "a benchmark has no users")]
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails")]

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::trace::{Excerpt, Phases, Trace};
use domain::event::{EventKind, Identities, IdentityHash};
use domain::id::{DestinationId, Seq};
use domain::time::Timestamp;
use storage::embedded::{self, Options};
use storage::{AttemptRecord, Fate, Reader, Settlement, Store, WaitingBy};

const ROUNDS: usize = 7;
const SETTLEMENTS: u64 = 150;
const ROWS: u64 = 1_000;
const REASON: &str = "server_error";

fn main() {
    for fate in [Fate::Delivered, Fate::Retry] {
        let best = (0..ROUNDS).map(|_| round(fate)).min().expect("a round");
        let rows = u32::try_from(SETTLEMENTS * ROWS).expect("some rows");
        println!("{fate:?}: {:.3} µs per row", best.as_secs_f64() * 1e6 / f64::from(rows));
    }
}

fn round(fate: Fate) -> Duration {
    let dir = tempfile::TempDir::new().expect("a directory");
    let options = Options { settle_linger: Duration::ZERO, ..Options::default() };
    let (store, engine) = embedded::open(dir.path(), options).expect("a store");
    let trace = trace();
    let steps: Vec<_> = (0..SETTLEMENTS).map(|step| settlement(step, fate, &trace)).collect();
    settle(&store, steps);
    let taken = cpu_of_writer();
    engine.close().expect("an end");
    taken
}

/// CPU that the writer has taken since it started.
fn cpu_of_writer() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let read = |dir: &Path, name: &str| std::fs::read_to_string(dir.join(name)).unwrap_or_default();
    let mut threads = threads.map(|thread| thread.path());
    let writer = threads.find(|thread| read(thread, "comm").trim() == "state-writer");
    let counted = read(&writer.expect("a writer"), "schedstat");
    let nanos = counted.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("a number"))
}

fn settle(store: &Store, steps: Vec<Settlement>) {
    let receipts: Vec<_> = steps.into_iter().map(|step| store.schedule.commit(step)).collect();
    for receipt in receipts {
        receipt.wait().expect("a commit");
    }
}

fn settlement(step: u64, fate: Fate, trace: &Trace) -> Settlement {
    let destination = DestinationId::new("orders");
    let places = step * ROWS..(step + 1) * ROWS;
    Settlement {
        cursor: Seq(places.end),
        opened: Vec::new(),
        closed: Vec::new(),
        attempts: places
            .clone()
            .map(|seq| failed(attempt(&destination, seq, trace), fate))
            .collect(),
        filtered: Vec::new(),
        waiting: Some(vec![WaitingBy {
            reason: REASON.to_owned(),
            status: 503,
            count: places.end,
        }])
        .filter(|_| fate != Fate::Delivered),
        reader: Reader::Destination(destination),
    }
}

/// The same, where it is to fail.
fn failed(attempt: AttemptRecord, fate: Fate) -> AttemptRecord {
    if fate == Fate::Delivered {
        return attempt;
    }
    let (reason, detail) = (REASON.to_owned(), "status 503".to_owned());
    let whose =
        Identities { user: NonZeroU64::new(attempt.seq.0 + 1).map(IdentityHash), anonymous: None };
    AttemptRecord { fate, status: 503, reason, detail, whose, ..attempt }
}

/// Of an attempt on a kept connection.
fn trace() -> Trace {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Trace {
        phases: Phases { first_byte_us: Some(1_400), ..Phases::default() },
        remote: Some(SocketAddr::from(([203, 0, 113, 7], 443))),
        answer: Some(Arc::new(Excerpt { headers, body: "{\"ok\":true}".to_owned() })),
    }
}

fn attempt(destination: &DestinationId, seq: u64, trace: &Trace) -> AttemptRecord {
    AttemptRecord {
        destination: destination.clone(),
        seq: Seq(seq),
        kind: EventKind::Track,
        whose: Identities::default(),
        received_at: None,
        number: 1,
        at: Timestamp(1_700_000_000_000 + seq.cast_signed()),
        duration_us: 1_500,
        status: 200,
        fate: Fate::Delivered,
        reason: String::new(),
        detail: String::new(),
        trace: trace.clone(),
        replay: None,
    }
}
