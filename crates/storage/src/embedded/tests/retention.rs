//! Bounds of what is kept: the journal's trim over many steps, and the ledger's rows.

use domain::id::{Seq, SourceId};
use domain::time::Timestamp;
use tempfile::TempDir;

use super::open_default;
use crate::conformance::fixture::{
    append, attempt, destination, event, events, read_all, settlement,
};
use crate::embedded::{Options, limits, open};
use crate::{AttemptQuery, Fate, RejectionQuery, RejectionRecord, Settlement, Wanted};

#[test]
fn a_long_trim_goes_in_steps_between_which_events_are_accepted() {
    let dir = TempDir::new().unwrap();
    let options = Options { frame_bytes_max: 1, tail_bytes_max: 0, ..Options::default() };
    let (store, _engine) = open(dir.path(), options).unwrap();
    let frames = 3 * limits::TRIM_FRAMES_PER_STEP as u64;
    let receipts: Vec<_> =
        (0..frames).map(|_| store.journal.append(events("web", 2)).unwrap()).collect();
    for receipt in receipts {
        receipt.wait().unwrap();
    }
    let trim = store.journal.trim(Seq(2 * frames - 1));
    assert_eq!(append(&store, events("web", 1)).first, Seq(2 * frames + 1));
    assert_eq!(trim.wait().unwrap(), Seq(2 * frames - 1));
    let read = read_all(&*store.journal, Seq::FIRST, &Wanted::All, 1 << 20);
    assert_eq!(read.places(), (2 * frames - 1..=2 * frames + 1).collect::<Vec<_>>());
}

#[test]
fn space_of_a_large_trim_is_given_back() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    for _ in 0..40 {
        append(&store, vec![event("web", &"x".repeat(1 << 20))]);
    }
    store.journal.trim(Seq(40)).wait().unwrap();
    engine.close().unwrap();
    let (store, engine) = open_default(dir.path());
    // Another trim goes on with what the end of the process has interrupted.
    store.journal.trim(Seq(40)).wait().unwrap();
    let file = dir.path().join("journal.db");
    let pages = |name: &str| -> u64 {
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap() as u64
    };
    while pages("freelist_count") >= limits::FREE_PAGES_MIN {
        append(&store, events("web", 1));
    }
    engine.close().unwrap();
    let length = std::fs::metadata(&file).unwrap().len();
    assert!(length < 22 << 20, "{length} bytes are left");
    let (store, _engine) = open_default(dir.path());
    assert_eq!(store.journal.trim(Seq(40)).wait().unwrap(), Seq(40));
}

#[test]
fn what_a_trim_has_freed_is_not_freed_again() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    for _ in 0..40 {
        append(&store, vec![event("web", &"x".repeat(64 << 10))]);
    }
    let first_left = store.journal.trim_to(1 << 20).wait().unwrap();
    assert!((Seq(20)..Seq(40)).contains(&first_left), "{first_left}");
    // The file is as long as before: so little is not given back.
    assert_eq!(store.journal.trim_to(1 << 20).wait().unwrap(), first_left);
}

#[test]
fn the_ledger_keeps_its_newest_rows() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        ledger_rows_max: 10_000,
        rejections_max: 5,
        sourceless_rejections_max: 3,
        ..Options::default()
    };
    let (store, engine) = open(dir.path(), options.clone()).unwrap();
    let one = destination(1);
    for step in 0..30 {
        let places = step * 1_000..(step + 1) * 1_000;
        let attempts = places.map(|seq| attempt(&one, seq, 1, Fate::Delivered)).collect();
        let step = Settlement { attempts, ..settlement(one.clone(), 1) };
        store.schedule.commit(step).wait().unwrap();
    }
    // Whoever writes strange ones without end pushes out none of the others.
    for number in (0..12).chain(100..200) {
        let rejection = RejectionRecord {
            at: Timestamp(number),
            source: (number < 12).then(|| SourceId::new("web")),
            reason: "malformed".to_owned(),
            detail: String::new(),
            sample: String::new(),
        };
        store.ledger.reject(vec![rejection]).wait().unwrap();
    }
    engine.close().unwrap();
    let (store, _engine) = open(dir.path(), options).unwrap();
    let query = AttemptQuery { rows_max: u32::MAX, ..AttemptQuery::default() };
    let kept = store.ledger.attempts(query).wait().unwrap().attempts;
    assert!((10_000..=14_096).contains(&kept.len()), "{} rows are kept", kept.len());
    assert!(kept.iter().map(|attempt| attempt.seq.0).eq((0..30_000).rev().take(kept.len())));
    let gone = AttemptQuery { seq: Some(Seq(5)), rows_max: 9, ..AttemptQuery::default() };
    assert_eq!(store.ledger.attempts(gone).wait().unwrap().attempts, []);
    // The counters count on.
    assert_eq!(store.ledger.totals().wait().unwrap()[0].delivered_first_try, 30_000);
    let rejections = store
        .ledger
        .rejections(RejectionQuery { rows_max: 99, ..RejectionQuery::default() })
        .wait()
        .unwrap()
        .rejections;
    let kept: Vec<_> = rejections.iter().map(|rejection| rejection.at.0).collect();
    assert_eq!(kept, [199, 198, 197, 11, 10, 9, 8, 7]);
}
