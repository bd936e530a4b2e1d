//! Issues on disk: what a restart keeps, what retention takes, and rows of older versions.

use domain::event::Identities;
use domain::limits;
use domain::time::Timestamp;
use tempfile::TempDir;

use super::open_default;
use crate::conformance::fixture::{attempt, destination, hash, settlement};
use crate::embedded::{Options, open};
use crate::{
    AttemptQuery, AttemptRecord, Fate, IssueQuery, IssueState, Mark, Ruling, Settlement, Store,
    WaitingBy,
};

fn failing(seq: u64, user: u64) -> AttemptRecord {
    let whose = Identities { user: hash(user), anonymous: None };
    AttemptRecord { whose, ..attempt(&destination(1), seq, 1, Fate::Retry) }
}

fn settle(store: &Store, attempts: Vec<AttemptRecord>, waiting: Option<u64>) {
    let by = |count| WaitingBy { reason: "server_error".to_owned(), status: 503, count };
    let waiting = waiting.map(|count| vec![by(count)]);
    let step = Settlement { attempts, waiting, ..settlement(destination(1), 1) };
    store.schedule.commit(step).wait().unwrap();
}

fn issues(store: &Store) -> Vec<crate::Issue> {
    store.ledger.issues(IssueQuery { rows_max: 9, ..IssueQuery::default() }).wait().unwrap()
}

#[test]
fn a_restart_keeps_issues_whom_they_touched_and_what_was_said_of_them() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    settle(&store, (1..=5).map(|user| failing(user, user)).collect(), Some(5));
    let mark = |ruling, at| {
        let (by, note) = ("ada".to_owned(), "known".to_owned());
        Some(Mark { ruling, at: Timestamp(at), by, note })
    };
    let id = issues(&store)[0].id;
    store.ledger.mark_issue(id, mark(Ruling::Acknowledged, 7)).wait().unwrap();
    let before = issues(&store);
    assert_eq!(before[0].mark, mark(Ruling::Acknowledged, 7));
    engine.close().unwrap();
    drop(store);
    let (store, engine) = open_default(dir.path());
    assert_eq!(issues(&store), before);
    settle(&store, (4..=7).map(|user| failing(user, user)).collect(), None);
    let after = issues(&store).remove(0);
    assert_eq!((after.id, after.users, after.failed, after.waiting), (before[0].id, 7, 9, 5));
    settle(&store, vec![attempt(&destination(1), 9, 2, Fate::Delivered)], Some(0));
    assert_eq!(issues(&store)[0].state(), IssueState::Resolved);
    settle(&store, vec![failing(10, 1)], None);
    assert_eq!(issues(&store)[0].mark, None, "it has come again");
    engine.close().unwrap();
    drop(store);
    let (store, _engine) = open_default(dir.path());
    assert_eq!((issues(&store)[0].mark.clone(), issues(&store)[0].reopened), (None, 1));
}

#[test]
fn an_issue_goes_with_the_last_of_its_attempts_unless_something_waits_or_it_is_ignored() {
    let dir = TempDir::new().unwrap();
    let options = Options { ledger_rows_max: 1, ..Options::default() };
    let (store, _engine) = open(dir.path(), options).unwrap();
    let one = destination(1);
    let timeout = AttemptRecord { reason: "timeout".to_owned(), status: 0, ..failing(2, 1) };
    let many = |seq| (seq..seq + 5_000).map(|seq| attempt(&one, seq, 1, Fate::Delivered)).collect();
    settle(&store, vec![failing(1, 1), timeout], Some(1));
    settle(&store, many(10), None);
    let reasons = || issues(&store).into_iter().map(|issue| issue.reason).collect::<Vec<_>>();
    assert_eq!(reasons(), ["server_error"], "one waits");
    let (id, by) = (issues(&store)[0].id, "ada".to_owned());
    let mark = Mark { ruling: Ruling::Ignored, at: Timestamp(1), by, note: String::new() };
    store.ledger.mark_issue(id, Some(mark)).wait().unwrap();
    settle(&store, many(10_000), Some(0));
    assert_eq!(reasons(), ["server_error"], "it is ignored");
    store.ledger.mark_issue(id, None).wait().unwrap();
    settle(&store, many(20_000), Some(0));
    assert_eq!(reasons(), [] as [String; 0]);
    settle(&store, vec![failing(3, 1)], None);
    assert_eq!((issues(&store)[0].users, issues(&store)[0].failed), (1, 1), "it begins anew");
}

#[test]
fn a_full_issue_writes_no_more_users() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    for step in 0..3 {
        let users = step * 700..(step + 1) * 700;
        settle(&store, users.map(|user| failing(user, user + 1)).collect(), None);
    }
    let file = rusqlite::Connection::open(dir.path().join("state.db")).unwrap();
    let rows: i64 =
        file.query_row("SELECT count(*) FROM issue_users", [], |row| row.get(0)).unwrap();
    assert_eq!((rows.cast_unsigned(), issues(&store)[0].users), (limits::ISSUE_USERS_MAX, 1_000));
}

#[test]
fn a_search_for_what_is_rare_says_where_to_go_on() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    let one = destination(1);
    let rows = (crate::embedded::limits::SCANNED_BLOCKS_MAX as u64 + 2) << 12;
    let delivered = |seq| AttemptRecord {
        status: if seq == 7 { 201 } else { 200 },
        ..attempt(&one, seq, 1, Fate::Delivered)
    };
    for first in (0..rows).step_by(20_000) {
        settle(&store, (first..rows.min(first + 20_000)).map(delivered).collect(), None);
    }
    let query = AttemptQuery { status: Some(201), rows_max: 9, ..AttemptQuery::default() };
    let page = store.ledger.attempts(query.clone()).wait().unwrap();
    assert_eq!(page.attempts, [], "too far back for one search");
    let query = AttemptQuery { older_than: page.older_than, ..query };
    let page = store.ledger.attempts(query).wait().unwrap();
    assert_eq!((page.attempts.len(), page.older_than), (1, None));
}
