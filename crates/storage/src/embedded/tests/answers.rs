//! What endpoints answered: kept once, bounded, and no longer than the attempts; and files from
//! before it was kept.

use std::path::Path;

use domain::delivery::Trace;
use rusqlite::Connection;
use tempfile::TempDir;

use super::open_default;
use crate::conformance::fixture::{answer, attempt, destination, settlement};
use crate::embedded::limits::{ANSWERS_MAX, NEW_ANSWERS_PER_COMMIT_MAX};
use crate::embedded::{Options, open};
use crate::{AttemptQuery, AttemptRecord, Depth, Fate, Settlement, Store};

/// An attempt of the first destination that was answered with this.
fn answered(seq: u64, fate: Fate, body: &str) -> AttemptRecord {
    let trace = Trace { answer: Some(answer(body)), ..Trace::default() };
    AttemptRecord { trace, ..attempt(&destination(1), seq, 1, fate) }
}

/// Settles attempts in a commit of their own.
fn settle(store: &Store, attempts: Vec<AttemptRecord>) {
    let step = Settlement { attempts, ..settlement(destination(1), 1) };
    store.schedule.commit(step).wait().unwrap();
}

/// The bodies of all answers, the newest attempt first; empty where there is none.
fn bodies(store: &Store) -> Vec<String> {
    let query =
        AttemptQuery { rows_max: u32::MAX, depth: Depth::Answer, ..AttemptQuery::default() };
    let attempts = store.ledger.attempts(query).wait().unwrap().attempts;
    let body = |attempt: AttemptRecord| attempt.trace.answer.map(|answer| answer.body.clone());
    attempts.into_iter().map(|attempt| body(attempt).unwrap_or_default()).collect()
}

/// How many rows a table has.
fn rows(dir: &Path, table: &str) -> i64 {
    let connection = Connection::open(dir.join("state.db")).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn answers_that_are_alike_are_stored_once_also_after_a_start() {
    let dir = TempDir::new().unwrap();
    for _ in 0..2 {
        let (store, engine) = open_default(dir.path());
        for seq in 0..20 {
            let shared = answered(seq, Fate::Delivered, "ok");
            let own = answered(seq, Fate::Delivered, ["ok", "fine"][seq as usize % 2]);
            settle(&store, vec![shared.clone(), own, shared]);
        }
        engine.close().unwrap();
    }
    assert_eq!(rows(dir.path(), "answers"), 2);
    let (store, _engine) = open_default(dir.path());
    let bodies = bodies(&store);
    let count = |wanted: &str| bodies.iter().filter(|body| *body == wanted).count();
    assert_eq!((count("ok"), count("fine")), (100, 20));
}

#[test]
fn an_answer_that_is_shared_is_stored_on_each_shelf() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    let delivered = answered(1, Fate::Delivered, "ok");
    let failed = AttemptRecord { fate: Fate::Retry, ..delivered.clone() };
    let elsewhere = AttemptRecord { destination: destination(2), ..delivered.clone() };
    settle(&store, vec![delivered, failed, elsewhere]);
    assert_eq!((rows(dir.path(), "answers"), bodies(&store)), (3, vec!["ok".to_owned(); 3]));
}

#[test]
fn the_answer_not_seen_for_longest_makes_room_and_failures_have_room_of_their_own() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    let many = ANSWERS_MAX as u64 + 10;
    settle(&store, vec![answered(1, Fate::Retry, "broken"), answered(1, Fate::Delivered, "ok")]);
    for number in 0..many {
        let new = answered(2, Fate::Delivered, &format!("id {number}"));
        settle(&store, vec![new, answered(3, Fate::Delivered, "ok")]);
    }
    let expected = |begin: u64| {
        let kept = (0..many).rev().map(move |number| match number {
            _ if number >= begin => format!("id {number}"),
            _ => String::new(),
        });
        let kept = kept.flat_map(|new| ["ok".to_owned(), new]);
        kept.chain(["ok".to_owned(), "broken".to_owned()]).collect::<Vec<_>>()
    };
    assert_eq!(bodies(&store), expected(11));
    engine.close().unwrap();
    assert_eq!(rows(dir.path(), "answers"), ANSWERS_MAX as i64 + 1);
    // A key that was given away once is not given to another answer.
    let (store, _engine) = open_default(dir.path());
    settle(&store, vec![answered(4, Fate::GaveUp, "broken"), answered(5, Fate::Retry, "again")]);
    assert_eq!(bodies(&store)[..2], ["again".to_owned(), "broken".to_owned()]);
    assert_eq!(bodies(&store)[2..].len(), expected(0).len());
}

#[test]
fn keys_are_never_used_twice() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    settle(&store, vec![answered(1, Fate::Retry, "first")]);
    engine.close().unwrap();
    let connection = Connection::open(dir.path().join("state.db")).unwrap();
    connection.execute("DELETE FROM answers", []).unwrap();
    drop(connection);
    let (store, _engine) = open_default(dir.path());
    settle(&store, vec![answered(2, Fate::Retry, "second")]);
    assert_eq!(bodies(&store), ["second", ""]);
}

#[test]
fn of_the_answers_that_are_new_in_one_commit_a_few_are_kept() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    for round in 0..2 {
        let new = |number| answered(1, Fate::Delivered, &format!("{round} {number}"));
        settle(&store, (0..20).map(new).collect());
    }
    let kept = bodies(&store).into_iter().filter(|body| !body.is_empty()).count();
    assert_eq!(kept, 2 * NEW_ANSWERS_PER_COMMIT_MAX);
}

#[test]
fn answers_and_connects_go_with_their_attempts() {
    let dir = TempDir::new().unwrap();
    let options = Options { ledger_rows_max: 10_000, ..Options::default() };
    let (store, engine) = open(dir.path(), options).unwrap();
    let mut early = answered(1, Fate::Retry, "early");
    early.trace.phases.connect_us = Some(7);
    settle(&store, vec![early, answered(1, Fate::Retry, "always")]);
    for step in 0..30_u64 {
        let shared = answered(step, Fate::Retry, "always");
        settle(&store, vec![shared; 1_000]);
    }
    engine.close().unwrap();
    assert_eq!(rows(dir.path(), "answers"), 1);
    assert_eq!(rows(dir.path(), "connects"), 0);
    let (store, _engine) = open_default(dir.path());
    let bodies = bodies(&store);
    assert!(bodies.len() >= 10_000 && bodies.iter().all(|body| body == "always"));
}

/// The attempts' table before traces were kept, with a row as it was written then.
const BEFORE: &str = "
    CREATE TABLE destinations (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
    CREATE TABLE reasons (key INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE);
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY, destination INTEGER NOT NULL, seq INTEGER NOT NULL,
        kind INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
        duration_us INTEGER NOT NULL, status INTEGER NOT NULL, fate INTEGER NOT NULL,
        reason INTEGER, detail TEXT);
    INSERT INTO destinations VALUES (1, 'destination-1');
    INSERT INTO reasons VALUES (1, 'server_error');
    INSERT INTO attempts VALUES (1, 1, 9, 2, 1, 1700000000009, 1501, 503, 2, 1,
        'event 9 was not taken');";

#[test]
fn a_file_from_before_traces_were_kept_goes_on() {
    let dir = TempDir::new().unwrap();
    // The directory is made by us, and the state is an old one.
    let (_, engine) = open_default(dir.path());
    engine.close().unwrap();
    let file = dir.path().join("state.db");
    std::fs::remove_file(&file).unwrap();
    Connection::open(&file).unwrap().execute_batch(BEFORE).unwrap();
    let (store, engine) = open_default(dir.path());
    settle(&store, vec![answered(10, Fate::Retry, "broken")]);
    engine.close().unwrap();
    let (store, _engine) = open_default(dir.path());
    assert_eq!(bodies(&store), ["broken", ""]);
    let query = AttemptQuery { rows_max: 9, ..AttemptQuery::default() };
    let old = store.ledger.attempts(query).wait().unwrap().attempts.pop().unwrap();
    let kept = attempt(&destination(1), 9, 1, Fate::Retry);
    assert_eq!(old, AttemptRecord { trace: Trace::default(), ..kept });
}
