//! Crashes: what was answered is there after the process, or its last write, was cut short.

use std::fs;
use std::path::Path;

use domain::account::Role;
use domain::id::Seq;
use tempfile::TempDir;

use super::open_default;
use crate::catalog::{Edit, Object};
use crate::conformance::accounts::{begin, session, user};
use crate::conformance::audit::deed;
use crate::conformance::fixture::{
    append, attempt, destination, events, filtered, open_delivery, read_all, settlement,
};
use crate::embedded::{Options, open};
use crate::{
    AccountEdit, AttemptQuery, AuditQuery, CatalogChange, Fate, GapReason, Settlement,
    StorageError, Wanted,
};

/// What a crash leaves: the files as they are now, without those that only live in memory.
pub(super) fn crashed_copy(dir: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if !name.to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), copy.path().join(name)).unwrap();
        }
    }
    copy
}

#[test]
fn j1_s1_c1_u1_a1_what_was_answered_survives_a_crash() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    let one = destination(1);
    let source = domain::source::Source::new(domain::id::SourceId::new("web"), "Web", "key");
    for round in 1..=5 {
        append(&store, events("web", 10));
        let step = Settlement {
            opened: vec![open_delivery(round, 1)],
            attempts: vec![attempt(&one, round, 1, Fate::Retry)],
            filtered: vec![filtered("filtered_type", 3)],
            ..settlement(one.clone(), round * 10)
        };
        store.schedule.commit(step).wait().unwrap();
        let edit = Edit::Put(Object::Source(source.clone()));
        let change = CatalogChange { expected: round - 1, edit };
        let content = store.catalog.apply(vec![change], vec![deed("anna", "change", "web")]);
        let content = content.wait().unwrap();
        let edit = match round {
            1 => AccountEdit::Found(user("anna", Role::Admin)),
            _ => begin(session(&round.to_string(), "anna")),
        };
        let roll = store.accounts.edit(edit, Vec::new()).wait().unwrap();

        let copy = crashed_copy(dir.path());
        let (after, _engine) = open_default(copy.path());
        let read = read_all(&*after.journal, Seq::FIRST, &Wanted::All, 1 << 20);
        assert_eq!(read.places(), (1..=round * 10).collect::<Vec<_>>());
        let state = after.schedule.load(&(&one).into()).wait().unwrap().unwrap();
        assert_eq!((state.cursor, state.open.len() as u64), (Seq(round * 10), round));
        let query = AttemptQuery { rows_max: 99, ..AttemptQuery::default() };
        assert_eq!(after.ledger.attempts(query).wait().unwrap().attempts.len() as u64, round);
        let totals = after.ledger.totals().wait().unwrap();
        assert_eq!(totals[0].filtered, [filtered("filtered_type", round * 3)]);
        assert_eq!(after.catalog.watch().borrow().clone(), content);
        assert_eq!(after.accounts.watch().borrow().clone(), roll);
        let query = AuditQuery { rows_max: 99, ..AuditQuery::default() };
        assert_eq!(after.audit.list(query).wait().unwrap().records.len() as u64, round);
    }
}

/// A write cut short anywhere takes at most the frames after the cut, and never half of one.
#[test]
fn j1_j3_a_log_cut_anywhere_opens_with_all_frames_before_the_cut() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    let wal = dir.path().join("journal.db-wal");
    // How long the log was when each frame was answered, and the head then.
    let mut answered = vec![(0, 1)];
    for size in 1..=12 {
        let range = append(&store, events("web", size * size));
        answered.push((fs::metadata(&wal).unwrap().len(), range.last.next().0));
    }
    let expected = read_all(&*store.journal, Seq::FIRST, &Wanted::All, 1 << 20).events;
    let whole = crashed_copy(dir.path());
    let length = answered.last().unwrap().0;
    let around = answered.iter().flat_map(|(end, _)| [end.saturating_sub(1), *end]);
    for cut in around.chain((0..length).step_by(2_777)) {
        let copy = crashed_copy(whole.path());
        let file = fs::OpenOptions::new().write(true).open(copy.path().join("journal.db-wal"));
        file.unwrap().set_len(cut).unwrap();
        let (after, engine) = open_default(copy.path());
        let read = read_all(&*after.journal, Seq::FIRST, &Wanted::All, 1 << 20);
        let head = after.journal.head().borrow().0;
        let safe = answered.iter().rfind(|(end, _)| *end <= cut).unwrap().1;
        assert!(head >= safe, "cut at {cut}: head {head}, but {safe} was answered before");
        assert!(answered.iter().any(|(_, end)| *end == head), "cut at {cut}: half a frame");
        assert_eq!(read.events, expected[..head as usize - 1]);
        assert_eq!(read.gaps, []);
        assert_eq!(append(&after, events("web", 1)).first.0, head);
        engine.close().unwrap();
    }
}

#[test]
fn j2_a_trimmed_and_reopened_journal_gives_no_place_away_twice() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    append(&store, events("web", 10));
    store.journal.trim(Seq(11)).wait().unwrap();
    let copy = crashed_copy(dir.path());
    engine.close().unwrap();
    for dir in [dir, copy] {
        let (store, _engine) = open_default(dir.path());
        assert_eq!(*store.journal.head().borrow(), Seq(11));
        assert_eq!(append(&store, events("web", 1)).first, Seq(11));
    }
}

#[test]
fn j2_a_journal_older_than_the_cursors_gives_no_place_away_that_they_have_passed() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    append(&store, events("web", 10));
    store.schedule.commit(settlement(destination(1), 11)).wait().unwrap();
    engine.close().unwrap();
    let older = TempDir::new().unwrap();
    open_default(older.path()).1.close().unwrap();
    fs::copy(older.path().join("journal.db"), dir.path().join("journal.db")).unwrap();

    let (store, _engine) = open_default(dir.path());
    assert_eq!(append(&store, events("web", 1)).first, Seq(11));
    let read = read_all(&*store.journal, Seq::FIRST, &Wanted::All, 1 << 20);
    assert_eq!(read.places(), [11]);
    assert_eq!(read.gaps[0].range.last, Seq(10));
    assert_eq!(read.gaps[0].reason, GapReason::Trimmed);
}

#[test]
fn closing_carries_out_what_was_handed_over() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    let appended: Vec<_> =
        (0..200).map(|_| store.journal.append(events("web", 5)).unwrap()).collect();
    let settled: Vec<_> =
        (1..50).map(|cursor| store.schedule.commit(settlement(destination(1), cursor))).collect();
    engine.close().unwrap();
    for receipt in appended {
        receipt.wait().unwrap();
    }
    for receipt in settled {
        receipt.wait().unwrap();
    }
    assert!(matches!(store.journal.append(events("web", 1)), Err(StorageError::Closed)));
    let late = store.schedule.load(&(&destination(1)).into()).wait();
    assert!(matches!(late, Err(StorageError::Closed)));

    let (store, _engine) = open(dir.path(), Options::default()).unwrap();
    assert_eq!(*store.journal.head().borrow(), Seq(1001));
    let state = store.schedule.load(&(&destination(1)).into()).wait().unwrap().unwrap();
    assert_eq!(state.cursor, Seq(49));
}
