//! Backups and restores: nothing of a backup is lost, and no place is used twice (J2).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use domain::account::Role;
use domain::id::Seq;
use domain::limits::{RESTORE_SKIP, RESTORE_SKIPS_MAX};
use tempfile::TempDir;

use super::directory::content;
use super::open_default;
use crate::conformance::accounts::{begin, session, user};
use crate::conformance::audit::deed;
use crate::conformance::fixture::{
    append, attempt, destination, events, open_delivery, read_all, settlement,
};
use crate::embedded::{Options, back_up, check, open, restore};
use crate::error::OpenError;
use crate::{AccountEdit, AttemptQuery, AuditQuery, Fate, GapReason, Settlement, Wanted};

#[test]
fn j2_a_restored_journal_goes_on_behind_every_place_of_the_original() {
    let (dir, copies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (backup, restored) = (copies.path().join("backup"), copies.path().join("restored"));
    let (store, _engine) = open_default(dir.path());
    for _ in 0..3 {
        append(&store, events("web", 5));
    }
    store.journal.trim(Seq(6)).wait().unwrap();
    let one = destination(1);
    let step = Settlement {
        opened: vec![open_delivery(9, 1)],
        attempts: vec![attempt(&one, 7, 1, Fate::Delivered)],
        ..settlement(one.clone(), 12)
    };
    store.schedule.commit(step).wait().unwrap();
    for edit in [AccountEdit::Found(user("anna", Role::Admin)), begin(session("secret", "anna"))] {
        store.accounts.edit(edit, vec![deed("anna", "create", "anna")]).wait().unwrap();
    }
    let copied = back_up(dir.path(), &backup).unwrap();
    assert_eq!((copied.frames, copied.places.unwrap().first), (2, Seq(6)));
    // Lost with the original, but delivered perhaps.
    let lost = append(&store, events("web", 100)).last;

    let (_, next) = restore(&backup, &restored).unwrap();
    assert!(next > lost);
    let findings = check(&restored).unwrap();
    assert!(findings.is_whole(), "{findings:?}");
    let (after, engine) = open_default(&restored);
    assert_eq!(append(&after, events("web", 1)).first, next);
    let state = after.schedule.load(&(&one).into()).wait().unwrap().unwrap();
    assert_eq!((state.cursor, &state.open[..]), (Seq(12), &[open_delivery(9, 1)][..]));
    let query = AttemptQuery { rows_max: 9, ..AttemptQuery::default() };
    assert_eq!(after.ledger.attempts(query).wait().unwrap().attempts.len(), 1);
    assert_eq!(after.catalog.watch().borrow().clone(), store.catalog.watch().borrow().clone());
    let roll = after.accounts.watch().borrow().clone();
    assert_eq!((roll.users.len(), roll.sessions.len()), (1, 0), "nobody comes in with a copy");
    let query = AuditQuery { rows_max: 9, ..AuditQuery::default() };
    assert_eq!(after.audit.list(query).wait().unwrap().records.len(), 2);
    // Places that were passed over are no events that are gone.
    let read = read_all(&*after.journal, state.cursor, &Wanted::All, 1);
    assert_eq!(read.places(), [12, 13, 14, 15, next.0]);
    assert_eq!(read.gaps, []);
    let read = read_all(&*after.journal, Seq(1), &Wanted::All, 1);
    assert_eq!((read.gaps[0].range.last, read.gaps[0].reason), (Seq(5), GapReason::Trimmed));
    assert_eq!(read.gaps.len(), 1);
    engine.close().unwrap();

    // And again, from a directory that nobody holds.
    let again = copies.path().join("again");
    let (_, later) = restore(&restored, &again).unwrap();
    check_skip(next.next(), later);
    assert!(check(&again).unwrap().is_whole());
    let (after, _engine) = open_default(&again);
    assert_eq!(read_all(&*after.journal, Seq(6), &Wanted::All, 1).gaps, []);
    assert_eq!(*after.journal.head().borrow(), later);
}

/// A restore goes on so many times as far as the least.
fn check_skip(end: Seq, next: Seq) {
    let skipped = next.0 - end.0;
    assert!(skipped.is_multiple_of(RESTORE_SKIP), "{skipped}");
    assert!((1..=RESTORE_SKIPS_MAX).contains(&(skipped / RESTORE_SKIP)), "{skipped}");
}

/// A mistaken restore may have been served before the one that stays. Ten that all go on at one place
/// are drawn once in 10^16 times.
#[test]
fn j2_restores_of_one_backup_go_on_at_different_places() {
    let (dir, copies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let backup = copies.path().join("backup");
    let (store, _engine) = open_default(dir.path());
    append(&store, events("web", 3));
    back_up(dir.path(), &backup).unwrap();
    let restored = |number| copies.path().join(format!("restored-{number}"));
    let next: BTreeSet<_> =
        (0..10).map(|number| restore(&backup, &restored(number)).unwrap().1).collect();
    assert!(next.len() > 1, "{next:?}");
}

#[test]
fn j2_a_backup_of_an_emptied_journal_knows_which_places_were_used() {
    let (dir, copies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (backup, restored) = (copies.path().join("backup"), copies.path().join("restored"));
    let (store, _engine) = open_default(dir.path());
    append(&store, events("web", 10));
    store.journal.trim(Seq(11)).wait().unwrap();
    back_up(dir.path(), &backup).unwrap();
    check_skip(Seq(11), restore(&backup, &restored).unwrap().1);
    assert!(check(&restored).unwrap().is_whole());
}

/// Settlements follow the events closely, and what is settled is trimmed: whatever a copy catches,
/// its schedule must find what it needs.
#[test]
fn a_backup_under_load_has_every_event_that_its_schedule_needs() {
    let (dir, copies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let options = Options { frame_bytes_max: 1, ..Options::default() };
    let (store, _engine) = open(dir.path(), options).unwrap();
    for _ in 0..200 {
        append(&store, events("web", 50));
    }
    let one = destination(1);
    store.schedule.commit(settlement(one.clone(), 1)).wait().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _over = Over(&is_over);
        scope.spawn(|| {
            let mut cursor = 1;
            while !is_over.load(Relaxed) {
                append(&store, events("web", 5));
                cursor += 50;
                let cursor = cursor.min(store.journal.head().borrow().0);
                store.schedule.commit(settlement(one.clone(), cursor)).wait().unwrap();
                store.journal.trim(Seq(cursor)).wait().unwrap();
            }
        });
        for number in 0..5 {
            let before = store.journal.head().borrow().0;
            let backup = copies.path().join(format!("backup-{number}"));
            back_up(dir.path(), &backup).unwrap();
            let restored = copies.path().join(format!("restored-{number}"));
            restore(&backup, &restored).unwrap();
            let findings = check(&restored).unwrap();
            assert!(findings.is_whole(), "{findings:?}");
            let (after, _engine) = open_default(&restored);
            let state = after.schedule.load(&(&one).into()).wait().unwrap().unwrap();
            let read = read_all(&*after.journal, state.cursor, &Wanted::All, 1 << 20);
            assert_eq!(read.gaps, []);
            let last = read.places().last().copied().unwrap_or(state.cursor.0 - 1);
            assert!(last + 1 >= before, "events up to {before} were there before the backup");
        }
    });
}

/// Says that it is over, also where something was not as it should be.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn a_backup_is_not_served_and_a_copy_is_mixed_with_nothing() {
    let (dir, copies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (backup, busy) = (copies.path().join("backup"), copies.path().join("busy"));
    let (store, _engine) = open_default(dir.path());
    append(&store, events("web", 1));
    back_up(dir.path(), &backup).unwrap();
    let before = content(&backup);
    let refused = open(&backup, Options::default()).err().unwrap();
    assert!(matches!(refused, OpenError::NotOurs { .. }), "{refused}");
    assert!(refused.to_string().contains("postrider restore"), "{refused}");
    let refused = back_up(dir.path(), &backup).err().unwrap();
    assert!(matches!(refused, OpenError::NotEmpty { .. }), "{refused}");
    let refused = restore(&backup, &backup).err().unwrap();
    assert!(matches!(refused, OpenError::NotEmpty { .. }), "{refused}");
    assert!(content(&backup) == before);
    let refused = restore(dir.path(), &busy).err().unwrap();
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    let refused = restore(copies.path(), &busy).err().unwrap();
    assert!(matches!(refused, OpenError::NotOurs { .. }), "{refused}");
    assert!(!busy.exists());
    // A copy that was interrupted is neither.
    std::fs::remove_file(backup.join("format")).unwrap();
    assert!(restore(&backup, &busy).is_err() && open(&backup, Options::default()).is_err());
}
