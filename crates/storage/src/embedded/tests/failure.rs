//! Failures of the disk: a full one passes, after any other nothing is trusted (J6).

use domain::id::Seq;
use rusqlite::Connection;
use tempfile::TempDir;

use super::open_default;
use crate::conformance::fixture::{append, destination, event, events, read_all, settlement};
use crate::embedded::{Options, open};
use crate::{StorageError, Wanted};

/// The name of the file that a failure is about.
fn file_at_fault(failed: StorageError) -> String {
    let StorageError::Failed { source, .. } = failed else { panic!("{failed}") };
    source.to_string().rsplit('/').next().unwrap_or_default().to_owned()
}

#[test]
fn j6_after_a_failed_commit_nobody_is_answered_and_nothing_is_retried() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    append(&store, events("web", 3));
    assert!(engine.failed().borrow().is_none());
    let other = Connection::open(dir.path().join("journal.db")).unwrap();
    other.execute_batch("ALTER TABLE frames RENAME TO gone").unwrap();

    let failed = store.journal.append(events("web", 1)).unwrap().wait();
    assert_eq!(file_at_fault(failed.unwrap_err()), "journal.db");
    assert_eq!(*store.journal.head().borrow(), Seq(4));
    assert!(engine.failed().borrow().is_some());

    // The cause is gone, but the file is not trusted again.
    other.execute_batch("ALTER TABLE gone RENAME TO frames").unwrap();
    for _ in 0..2 {
        let failed = store.journal.append(events("web", 1)).unwrap().wait();
        assert!(matches!(failed, Err(StorageError::Failed { .. })), "{failed:?}");
        assert!(store.journal.trim(Seq(2)).wait().is_err());
    }
    assert_eq!(*store.journal.head().borrow(), Seq(4));
    // What is under way can still be settled.
    store.schedule.commit(settlement(destination(1), 2)).wait().unwrap();
    assert!(engine.close().is_err());

    let (store, _engine) = open_default(dir.path());
    assert_eq!(*store.journal.head().borrow(), Seq(4));
}

#[test]
fn j6_a_failed_settlement_ends_the_trust_in_the_state() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    store.schedule.commit(settlement(destination(1), 2)).wait().unwrap();
    let other = Connection::open(dir.path().join("state.db")).unwrap();
    other.execute_batch("ALTER TABLE cursors RENAME TO gone").unwrap();
    let failed = store.schedule.commit(settlement(destination(1), 3)).wait();
    assert_eq!(file_at_fault(failed.unwrap_err()), "state.db");
    other.execute_batch("ALTER TABLE gone RENAME TO cursors").unwrap();
    assert!(store.schedule.commit(settlement(destination(1), 4)).wait().is_err());
    assert!(store.schedule.load(&(&destination(1)).into()).wait().is_err());
    assert!(engine.failed().borrow().is_some());
    append(&store, events("web", 1));
}

#[test]
fn a_full_disk_refuses_whole_batches_and_passes() {
    let dir = TempDir::new().unwrap();
    let options = Options { journal_bytes_max: Some(512 << 10), ..Options::default() };
    let (store, engine) = open(dir.path(), options).unwrap();
    let batch = || vec![event("web", &"x".repeat(20_000))];
    let mut head = Seq::FIRST;
    let refused = loop {
        match store.journal.append(batch()).unwrap().wait() {
            Ok(range) => head = range.last.next(),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StorageError::DiskFull { .. }), "{refused}");
    assert!(head.0 > 10);
    assert_eq!(*store.journal.head().borrow(), head);
    assert!(engine.failed().borrow().is_none());

    store.journal.trim(Seq(head.0 / 2)).wait().unwrap();
    assert_eq!(append(&store, batch()).first, head);
    engine.close().unwrap();
    let (store, _engine) = open_default(dir.path());
    let read = read_all(&*store.journal, Seq(head.0 / 2), &Wanted::All, 1 << 20);
    assert_eq!(read.places(), (head.0 / 2..=head.0).collect::<Vec<_>>());
}

#[test]
fn a_full_inbox_refuses_at_once_and_loses_nothing() {
    let dir = TempDir::new().unwrap();
    let options = Options { inbox_bytes_max: 10_000, ..Options::default() };
    let (store, _engine) = open(dir.path(), options).unwrap();
    let other = Connection::open(dir.path().join("journal.db")).unwrap();
    // The writer waits for this lock, so the inbox fills.
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut receipts = Vec::new();
    let refused = loop {
        match store.journal.append(vec![event("web", &"x".repeat(4_000))]) {
            Ok(receipt) => receipts.push(receipt),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StorageError::Full { .. }), "{refused}");
    assert!(receipts.len() >= 2);
    other.execute_batch("ROLLBACK").unwrap();
    let count = receipts.len() as u64;
    for receipt in receipts {
        receipt.wait().unwrap();
    }
    assert_eq!(*store.journal.head().borrow(), Seq(count + 1));
}
