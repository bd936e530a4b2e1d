//! Damage: a changed byte is set aside and reported, never delivered (J3).

use std::path::Path;

use domain::id::{Seq, SourceId};
use rusqlite::Connection;
use tempfile::TempDir;

use super::open_default;
use crate::conformance::fixture::{append, events, read_all};
use crate::frame::RECORD_HEADER_BYTES;
use crate::{Gap, GapReason, SeqRange, Wanted};

fn two_frames(dir: &Path) {
    let (store, engine) = open_default(dir);
    append(&store, events("web", 5));
    append(&store, events("web", 5));
    engine.close().unwrap();
}

fn damage(dir: &Path, damage: &str) {
    let connection = Connection::open(dir.join("journal.db")).unwrap();
    assert_eq!(connection.execute(damage, []).unwrap(), 1, "{damage}");
    connection.close().unwrap();
}

fn check(how: &str, lost: std::ops::RangeInclusive<u64>) {
    let dir = TempDir::new().unwrap();
    two_frames(dir.path());
    let whole = {
        let (store, _engine) = open_default(dir.path());
        read_all(&*store.journal, Seq::FIRST, &Wanted::All, 1 << 20).events
    };
    damage(dir.path(), how);

    let (store, _engine) = open_default(dir.path());
    let read = read_all(&*store.journal, Seq::FIRST, &web(), 1 << 20);
    let expected = whole.into_iter().filter(|event| !lost.contains(&event.seq.0));
    assert_eq!(read.events, expected.collect::<Vec<_>>(), "{how}");
    let range = SeqRange { first: Seq(*lost.start()), last: Seq(*lost.end()) };
    assert_eq!(read.gaps, [Gap { range, reason: GapReason::Quarantined }], "{how}");
    assert_eq!(append(&store, events("web", 1)).first, Seq(11));
}

/// Whoever wants some sources only passes over frames that have none of them.
fn web() -> Wanted {
    Wanted::Sources(vec![SourceId::new("web")].into())
}

/// Sets the byte at `at` of a frame's body, counted from 1, to what it is not.
fn flip(first: u64, at: usize) -> String {
    format!(
        "UPDATE frames SET body = CAST(substr(body, 1, {at} - 1) ||
             CASE WHEN substr(body, {at}, 1) = x'ff' THEN x'00' ELSE x'ff' END ||
             substr(body, {at} + 1) AS BLOB)
         WHERE first_seq = {first}"
    )
}

#[test]
fn j3_a_damaged_payload_is_set_aside_and_its_neighbours_are_not() {
    check(&flip(1, RECORD_HEADER_BYTES + 3), 1..=1);
    check(&flip(6, RECORD_HEADER_BYTES + 3), 6..=6);
}

#[test]
fn j3_a_damaged_place_identity_or_checksum_is_set_aside() {
    for at in [5, 9, 17, 25, 33, 41, 45] {
        check(&flip(1, at), 1..=1);
    }
}

#[test]
fn j3_after_a_damaged_length_the_rest_of_the_frame_is_set_aside() {
    check(&flip(1, 4), 1..=5);
}

#[test]
fn j3_a_frame_cut_short_keeps_its_whole_records() {
    check(
        "UPDATE frames SET body = substr(body, 1, length(body) - 1) WHERE first_seq = 6",
        10..=10,
    );
    check("UPDATE frames SET body = x'' WHERE first_seq = 6", 6..=10);
}

#[test]
fn j3_events_of_a_damaged_list_of_sources_are_set_aside() {
    check("UPDATE frames SET sources = '[\"we' WHERE first_seq = 1", 1..=5);
    check("UPDATE frames SET sources = x'ff' WHERE first_seq = 1", 1..=5);
}

#[test]
fn j3_a_frame_whose_list_names_other_sources_is_not_passed_over() {
    check("UPDATE frames SET sources = replace(sources, 'web', 'wea') WHERE first_seq = 1", 1..=5);
    check(
        "UPDATE frames SET sources = replace(sources, '\"web\",', '') WHERE first_seq = 1",
        1..=5,
    );
}

#[test]
fn j3_a_damaged_last_place_takes_no_event_along() {
    for (first, last) in [(1, 1000), (1, 3), (1, 0), (6, 7), (6, 1000)] {
        let dir = TempDir::new().unwrap();
        two_frames(dir.path());
        let how = format!("UPDATE frames SET last_seq = {last} WHERE first_seq = {first}");
        damage(dir.path(), &how);

        let (store, _engine) = open_default(dir.path());
        let next = append(&store, events("web", 1)).first;
        assert!((Seq(11)..Seq(100)).contains(&next), "{how}: {next}");
        let read = read_all(&*store.journal, Seq::FIRST, &web(), 1 << 20);
        let places: Vec<_> = read.events.iter().map(|event| event.seq.0).collect();
        assert_eq!(places, (1..=10).chain([next.0]).collect::<Vec<_>>(), "{how}");
        assert_eq!(store.journal.trim(Seq(6)).wait().unwrap(), Seq(6), "{how}");
    }
}

#[test]
fn j3_lists_of_older_versions_are_believed() {
    let dir = TempDir::new().unwrap();
    two_frames(dir.path());
    damage(dir.path(), "UPDATE frames SET sources = '[\"web\"]' WHERE first_seq = 1");
    damage(dir.path(), "UPDATE frames SET sources = '[\"app\"]' WHERE first_seq = 6");

    let (store, _engine) = open_default(dir.path());
    let read = read_all(&*store.journal, Seq::FIRST, &web(), 1 << 20);
    assert_eq!((read.events.len(), read.gaps.len()), (5, 0));
}
