//! What a trim of a gigabyte costs those who append meanwhile: how long each commit took, before,
//! while frames are removed, and while their space is given back.
//!
//! One caller appends a batch of 16 KiB after the other, as fast as they are answered.

#![allow(missing_docs, reason = "a benchmark has no users")]
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark ends where it fails")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::event::{EventKind, Identities, NewEvent, Restriction};
use domain::id::SourceId;
use domain::time::Timestamp;
use storage::Store;
use storage::embedded::{self, Options};

const FRAMES: usize = 1 << 10;
const FRAME_BYTES: usize = 1 << 20;
const COMMITS: usize = 1_000;

fn main() {
    let dir = tempfile::TempDir::new().expect("a directory");
    let (store, engine) = embedded::open(dir.path(), Options::default()).expect("a store");
    for _ in 0..FRAMES {
        append(&store, FRAME_BYTES);
    }
    show("before", (0..COMMITS).map(|_| append(&store, 16 << 10)).collect());
    let file = rusqlite::Connection::open(dir.path().join("journal.db")).expect("a file");
    let pages =
        || -> i64 { file.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("a number") };
    let (start, before) = (Instant::now(), pages());
    let mut trim = Box::pin(store.journal.trim_to(64 << 20));
    let mut commits = Vec::new();
    let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
    while trim.as_mut().poll(context).is_pending() {
        commits.push(append(&store, 16 << 10));
    }
    println!("removed in {:.1} s", start.elapsed().as_secs_f64());
    show("while removing", commits);
    let mut commits = Vec::new();
    while pages() > before / 4 && commits.len() < 100 * COMMITS {
        commits.push(append(&store, 16 << 10));
    }
    println!("{} of {before} pages left", pages());
    show("while giving back", commits);
    engine.close().expect("an end");
}

/// Appends one event; how long it took.
fn append(store: &Store, bytes: usize) -> Duration {
    let event = NewEvent {
        source: SourceId::new("s"),
        kind: EventKind::Track,
        received_at: Timestamp(0),
        identities: Identities::default(),
        restriction: Restriction::None,
        payload: Bytes::from(vec![b'x'; bytes]),
    };
    let start = Instant::now();
    store.journal.append(vec![event]).expect("room").wait().expect("a commit");
    start.elapsed()
}

fn show(when: &str, mut commits: Vec<Duration>) {
    commits.sort();
    let at = |part: f64| commits.get((commits.len() as f64 * part) as usize).or(commits.last());
    let ms = |part| at(part).map_or(0.0, |span| span.as_secs_f64() * 1e3);
    println!(
        "{when}: {} commits, p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms",
        commits.len(),
        ms(0.5),
        ms(0.99),
        ms(1.0)
    );
}
