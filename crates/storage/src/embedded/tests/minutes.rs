//! Minutes: written late, none lost, and not kept forever.

use domain::id::{Seq, SourceId};
use domain::time::Timestamp;
use tempfile::TempDir;

use super::crash::crashed_copy;
use super::{open_default, subject_with};
use crate::conformance::Subject;
use crate::conformance::fixture::{attempt, destination, settlement};
use crate::embedded::{Options, limits};
use crate::series::MINUTE_MS;
use crate::{AttemptRecord, Fate, IntakeStep, Scope, SeriesPoint, SeriesQuery, Settlement, Store};

/// Delivers an event in this minute.
fn deliver(store: &Store, to: u64, minute: i64) {
    let at = Timestamp(minute * MINUTE_MS);
    let attempts = vec![AttemptRecord { at, ..attempt(&destination(to), 1, 1, Fate::Delivered) }];
    let step = Settlement { attempts, ..settlement(destination(to), 1) };
    store.schedule.commit(step).wait().unwrap();
}

fn points(store: &Store) -> Vec<SeriesPoint> {
    let (from, to) = (Timestamp(0), Timestamp(i64::MAX));
    let query = SeriesQuery { scope: Scope::All, from, to, bucket_minutes: 1 };
    store.ledger.series(query).wait().unwrap()
}

fn delivered(store: &Store) -> Vec<u64> {
    points(store).iter().map(|point| point.happenings.delivered_first_try).collect()
}

#[test]
fn l2_what_was_settled_is_counted_once_whatever_crashes() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    for round in 1..=4 {
        deliver(&store, 1, 7);
        deliver(&store, 2, 7);
        let copy = crashed_copy(dir.path());
        let (after, _engine) = open_default(copy.path());
        assert_eq!(delivered(&after), [round * 2], "crashed in round {round}");
        deliver(&after, 1, 7);
        assert_eq!(delivered(&after), [round * 2 + 1]);
        if round == 2 {
            // Some of it is written down by now.
            assert_eq!(delivered(&store), [4]);
        }
    }
    engine.close().unwrap();
    let (after, _engine) = open_default(dir.path());
    assert_eq!(delivered(&after), [8], "closed well");
    let counted_to = Some(Seq(9));
    after.ledger.count(IntakeStep { counted_to, ..IntakeStep::default() }).wait().unwrap();
    let copy = crashed_copy(dir.path());
    let (after, _engine) = open_default(copy.path());
    assert_eq!(after.ledger.events_counted_to().wait().unwrap(), counted_to);
}

/// Takes in an event in this minute.
fn accept(store: &Store, minute: i64) {
    let accepted = vec![(SourceId::new("web"), Timestamp(minute * MINUTE_MS), 1)];
    store.ledger.count(IntakeStep { accepted, ..IntakeStep::default() }).wait().unwrap();
}

fn minutes_left(store: &Store) -> Vec<i64> {
    points(store).iter().map(|point| point.at.0 / MINUTE_MS).collect()
}

#[test]
fn old_minutes_go() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    deliver(&store, 1, 10);
    deliver(&store, 1, 11);
    assert_eq!(delivered(&store), [1, 1]);
    engine.close().unwrap();
    let (store, _engine) = open_default(dir.path());
    deliver(&store, 1, 11 + limits::SERIES_MINUTES_MAX);
    assert_eq!(minutes_left(&store), [11, 11 + limits::SERIES_MINUTES_MAX]);
}

#[test]
fn old_minutes_go_also_where_nothing_is_delivered() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    accept(&store, 10);
    accept(&store, 11);
    accept(&store, 10 * limits::SERIES_MINUTES_MAX);
    assert_eq!(minutes_left(&store), [10, 11, 10 * limits::SERIES_MINUTES_MAX]);
    engine.close().unwrap();
    let (store, _engine) = open_default(dir.path());
    accept(&store, 11 + 11 * limits::SERIES_MINUTES_MAX);
    let left = minutes_left(&store);
    assert_eq!(left, [11 + 11 * limits::SERIES_MINUTES_MAX]);
}

#[test]
fn a_clock_that_is_wrong_for_a_while_takes_no_minute_along() {
    let Subject { store, _keep } = subject_with(Options::default());
    let far = 10 * limits::SERIES_MINUTES_MAX;
    for minute in (0..20).chain(far..far + 20).chain(20..40) {
        deliver(&store, 1, minute);
        points(&store);
    }
    assert_eq!(minutes_left(&store), (0..40).chain(far..far + 20).collect::<Vec<_>>());
}

#[test]
fn the_oldest_minutes_go_where_there_are_too_many() {
    let options = Options { series_rows_max: 10, ..Options::default() };
    let Subject { store, _keep } = subject_with(options);
    for minute in 0..30 {
        deliver(&store, 1, minute);
        deliver(&store, 2, minute);
        assert!(points(&store).len() <= 5, "two rows for each of them");
    }
    assert_eq!(minutes_left(&store), [25, 26, 27, 28, 29]);
}
