//! Checks: what is damaged is told, with its places, and nothing is changed by looking.

use std::path::Path;

use domain::id::Seq;
use rusqlite::Connection;
use tempfile::TempDir;

use super::directory::content;
use super::open_default;
use crate::SeqRange;
use crate::conformance::fixture::{append, destination, events, open_delivery, settlement};
use crate::embedded::{Findings, check};
use crate::error::OpenError;
use crate::{Settlement, Store};

/// Three frames of five events, of which the first is trimmed, and a destination with a delivery
/// that waits.
fn fill(store: &Store) {
    for _ in 0..3 {
        append(store, events("web", 5));
    }
    store.journal.trim(Seq(6)).wait().unwrap();
    let step = Settlement { opened: vec![open_delivery(9, 1)], ..settlement(destination(1), 12) };
    store.schedule.commit(step).wait().unwrap();
}

/// File, words, and first and last place.
type Told<'a> = (&'a str, &'a str, Option<(u64, u64)>);

fn damages(findings: &Findings) -> Vec<Told<'_>> {
    let places = |range: SeqRange| (range.first.0, range.last.0);
    let files = findings.files.iter();
    let all = files.flat_map(|file| file.damage.iter().map(move |damage| (file.file, damage)));
    all.map(|(file, one)| (file, one.what.as_str(), one.places.map(places))).collect()
}

#[test]
fn a_whole_directory_is_whole_and_left_as_it_was() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    fill(&store);
    drop(store);
    engine.close().unwrap();
    let before = content(dir.path());
    let findings = check(dir.path()).unwrap();
    assert_eq!(damages(&findings), []);
    assert!(findings.is_whole() && findings.holder.is_none());
    let [journal, state, catalog] = &findings.files[..] else { panic!("three files") };
    assert_eq!(journal.counts, [("frames", 2), ("events", 10)]);
    assert_eq!(journal.places, Some(SeqRange { first: Seq(6), last: Seq(15) }));
    let counts = [("cursors", 1), ("open deliveries", 1), ("attempts", 0), ("rejections", 0)];
    assert_eq!(state.counts, counts);
    assert_eq!(catalog.counts, [("sources", 0), ("destinations", 0), ("connections", 0)]);
    assert!(content(dir.path()) == before, "a check changes nothing");
}

#[test]
fn a_directory_in_use_is_checked_as_it_is_at_that_moment() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    fill(&store);
    let findings = check(dir.path()).unwrap();
    assert_eq!(damages(&findings), []);
    assert_eq!(findings.holder, Some(std::process::id().to_string()));
    assert_eq!(findings.files[0].counts, [("frames", 2), ("events", 10)]);
    append(&store, events("web", 1));
}

fn check_damage(file: &str, damage: &str, found: &[(&str, Option<(u64, u64)>)]) {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    fill(&store);
    drop(store);
    engine.close().unwrap();
    let connection = Connection::open(dir.path().join(file)).unwrap();
    connection.execute_batch(damage).unwrap();
    connection.close().unwrap();
    let before = content(dir.path());
    let findings = check(dir.path()).unwrap();
    assert!(!findings.is_whole());
    let found: Vec<_> = found.iter().map(|(what, places)| (file, *what, *places)).collect();
    assert_eq!(damages(&findings), found, "{damage}");
    assert!(content(dir.path()) == before, "a check changes nothing");
}

#[test]
fn a_damaged_event_is_told_with_its_place() {
    let flip = "UPDATE frames SET body = CAST(substr(body, 1, 20) || x'ff' || substr(body, 22)
                AS BLOB) WHERE first_seq = 6";
    check_damage("journal.db", flip, &[("events do not match their checksums", Some((6, 6)))]);
}

#[test]
fn a_frame_that_names_other_sources_or_places_is_told() {
    let what = "a frame's places or sources do not match their checksum";
    let longer = "UPDATE frames SET last_seq = 1000 WHERE first_seq = 6";
    check_damage("journal.db", longer, &[(what, Some((6, 10)))]);
    let other = "UPDATE frames SET sources = replace(sources, '\"web\",', '\"web\",\"b\",') WHERE first_seq = 6";
    check_damage("journal.db", other, &[(what, Some((6, 10)))]);
}

#[test]
fn missing_and_doubled_frames_are_told_with_their_places() {
    let missing = "events are missing";
    let gone = "DELETE FROM frames WHERE first_seq = 6";
    check_damage("journal.db", gone, &[(missing, Some((6, 10)))]);
    // The state knows of events up to 11, and the journal of a trim at which there were 15.
    let gone = "DELETE FROM frames WHERE first_seq = 11";
    check_damage("journal.db", gone, &[(missing, Some((11, 15)))]);
    let doubled = "INSERT INTO frames SELECT 8, last_seq, committed_at, sources, body FROM frames
                   WHERE first_seq = 6";
    let found = [
        ("a frame stands where another one does", Some((8, 10))),
        ("a frame's places or sources do not match their checksum", Some((8, 10))),
        ("events do not match their checksums", Some((8, 10))),
    ];
    check_damage("journal.db", doubled, &found);
}

#[test]
fn deliveries_in_two_states_and_cursors_beyond_the_journal_are_told() {
    let beyond = "UPDATE cursors SET cursor = 20";
    let what = "destination-1 has had events after the journal";
    check_damage("state.db", beyond, &[(what, Some((16, 19)))]);
    let what = "open deliveries of destination-1 are not before its cursor";
    check_damage("state.db", "UPDATE cursors SET cursor = 9", &[(what, Some((9, 9)))]);
}

#[test]
fn what_is_no_database_or_not_there_is_damage() {
    let spoil = |spoil: &dyn Fn(&Path)| {
        let dir = TempDir::new().unwrap();
        open_default(dir.path()).1.close().unwrap();
        spoil(&dir.path().join("journal.db"));
        let findings = check(dir.path()).unwrap();
        let damages = damages(&findings);
        assert_eq!(damages.len(), 1, "{damages:?}");
        damages[0].1.to_owned()
    };
    let what = spoil(&|path| std::fs::write(path, "no database".repeat(900)).unwrap());
    assert!(what.contains("not a database"), "{what}");
    let what = spoil(&|path| std::fs::remove_file(path).unwrap());
    assert!(what.contains("No such file"), "{what}");
}

#[test]
fn only_a_directory_of_ours_is_checked() {
    let dir = TempDir::new().unwrap();
    let error = check(dir.path()).err().unwrap();
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error}");
    assert_eq!(content(dir.path()).len(), 0);
}

#[test]
fn a_file_whose_structure_does_not_hold_together_is_told() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    fill(&store);
    drop(store);
    engine.close().unwrap();
    let path = dir.path().join("catalog.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // How many pages are free, by the header; everything can still be read.
    bytes[39] += 3;
    std::fs::write(&path, bytes).unwrap();
    let findings = check(dir.path()).unwrap();
    let told = damages(&findings);
    assert!(told.len() == 1 && told[0].0 == "catalog.db", "{told:?}");
}
