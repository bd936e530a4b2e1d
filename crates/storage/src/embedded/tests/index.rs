//! The index after a kill, without its file, with a damaged one, and beside another journal.

use std::os::unix::fs::FileExt;
use std::path::Path;

use domain::id::{Seq, SourceId};

use super::open_default;
use crate::conformance::index::{all, census, counted, fill, of_user, wait_until_reached};
use crate::embedded::index;
use crate::embedded::sqlite::PAGE_BYTES;
use crate::{EventQuery, Store};

fn check(store: &Store, events: u64) {
    wait_until_reached(store);
    let found = all(store, &EventQuery::of(Seq(0)..Seq(u64::MAX), 9_999));
    let expected: Vec<_> = (1..=events).rev().collect();
    assert!(found == expected, "{} of {events}", found.len());
    assert_eq!(counted(store), (events, events), "X4");
    assert_eq!(all(store, &of_user("user-5")), [5]);
    assert_eq!(all(store, &of_user(&format!("user-{events}"))), [events]);
}

/// X2: blocks that were written are kept, all else is read again.
#[test]
fn x2_what_is_not_written_is_indexed_again() {
    let dir = tempfile::TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    fill(&store, 1..40_010);
    check(&store, 40_009);
    engine.close().unwrap();
    let file = rusqlite::Connection::open(dir.path().join(index::FILE)).unwrap();
    let blocks: i64 = file.query_row("SELECT count(*) FROM blocks", [], |row| row.get(0)).unwrap();
    assert_eq!(blocks, 2);
    drop(file);
    let before = census(&store, "app");
    drop(store);
    let (store, engine) = open_default(dir.path());
    check(&store, 40_009);
    assert!(census(&store, "app") == before, "X4");
    fill(&store, 40_010..50_000);
    check(&store, 49_999);
    engine.close().unwrap();
}

#[test]
fn x2_an_index_that_is_gone_or_damaged_is_made_anew() {
    let dir = tempfile::TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    fill(&store, 1..20_010);
    check(&store, 20_009);
    engine.close().unwrap();
    let path = dir.path().join(index::FILE);
    std::fs::remove_file(&path).unwrap();
    let (store, engine) = open_default(dir.path());
    check(&store, 20_009);
    engine.close().unwrap();
    std::fs::write(&path, "this is no database, and was none for as long as anybody knows")
        .unwrap();
    let (store, engine) = open_default(dir.path());
    check(&store, 20_009);
    engine.close().unwrap();
}

/// Spoils the first page of each of these tables.
fn spoil(path: &Path, tables: &[&str]) {
    let file = rusqlite::Connection::open(path).unwrap();
    let root = |table: &&str| -> u64 {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        file.query_row(sql, [table], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned()
    };
    let pages: Vec<_> = tables.iter().map(root).collect();
    drop(file);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    for page in pages {
        file.write_all_at(&[0xff; PAGE_BYTES as usize], (page - 1) * PAGE_BYTES).unwrap();
    }
}

/// The file opens, and what is in it cannot be read.
#[test]
fn x2_an_index_whose_rows_are_damaged_is_made_anew() {
    for table in ["blocks", "census"] {
        let dir = tempfile::TempDir::new().unwrap();
        let (store, engine) = open_default(dir.path());
        fill(&store, 1..20_010);
        check(&store, 20_009);
        engine.close().unwrap();
        spoil(&dir.path().join(index::FILE), &[table]);
        let (store, engine) = open_default(dir.path());
        check(&store, 20_009);
        engine.close().unwrap();
    }
}

/// A start looks at few of its pages: the others are found damaged by a search, or when a block is
/// written.
#[test]
fn x2_an_index_that_is_found_damaged_at_work_is_made_anew_by_the_next_start() {
    for (tables, more) in [(&["columns", "lookups"][..], 0), (&["lookups"], 20_000)] {
        let dir = tempfile::TempDir::new().unwrap();
        let (store, engine) = open_default(dir.path());
        fill(&store, 1..20_010);
        check(&store, 20_009);
        engine.close().unwrap();
        spoil(&dir.path().join(index::FILE), tables);

        let (store, engine) = open_default(dir.path());
        fill(&store, 20_010..20_010 + more);
        if more > 0 {
            // A count is refused once the indexer has ended, and that is what is waited for.
            while store.index.census(&SourceId::new("app")).wait().is_ok() {
                std::thread::yield_now();
            }
        }
        store.index.search(of_user("user-5")).wait().unwrap_err();
        engine.close().unwrap();
        let (store, engine) = open_default(dir.path());
        check(&store, 20_009 + more);
        engine.close().unwrap();
    }
}

/// Whoever puts an older journal beside a newer index finds what is in the journal.
#[test]
fn an_index_of_another_journal_is_not_believed() {
    let (one, other) = (tempfile::TempDir::new().unwrap(), tempfile::TempDir::new().unwrap());
    for (dir, end) in [(&one, 40_010), (&other, 20_010)] {
        let (store, engine) = open_default(dir.path());
        fill(&store, 1..end);
        wait_until_reached(&store);
        engine.close().unwrap();
    }
    std::fs::copy(one.path().join(index::FILE), other.path().join(index::FILE)).unwrap();
    let (store, engine) = open_default(other.path());
    check(&store, 20_009);
    engine.close().unwrap();
}

/// What was indexed before there was a census is counted all the same.
#[test]
fn an_index_without_a_census_is_made_anew() {
    let dir = tempfile::TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    fill(&store, 1..20_010);
    check(&store, 20_009);
    engine.close().unwrap();
    let file = rusqlite::Connection::open(dir.path().join(index::FILE)).unwrap();
    file.execute_batch("DROP TABLE census; PRAGMA user_version = 1").unwrap();
    drop(file);
    let (store, engine) = open_default(dir.path());
    check(&store, 20_009);
    engine.close().unwrap();
}
