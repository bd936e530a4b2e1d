//! Damage: a changed byte is set aside and reported, never delivered (J3).

use std::path::Path;

use domain::id::Seq;
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

fn check(damage: &str, lost: std::ops::RangeInclusive<u64>) {
    let dir = TempDir::new().unwrap();
    two_frames(dir.path());
    let whole = {
        let (store, _engine) = open_default(dir.path());
        read_all(&*store.journal, Seq::FIRST, &Wanted::All, 1 << 20).events
    };
    let connection = Connection::open(dir.path().join("journal.db")).unwrap();
    assert_eq!(connection.execute(damage, []).unwrap(), 1);
    connection.close().unwrap();

    let (store, _engine) = open_default(dir.path());
    let read = read_all(&*store.journal, Seq::FIRST, &Wanted::All, 1 << 20);
    let expected = whole.into_iter().filter(|event| !lost.contains(&event.seq.0));
    assert_eq!(read.events, expected.collect::<Vec<_>>(), "{damage}");
    let range = SeqRange { first: Seq(*lost.start()), last: Seq(*lost.end()) };
    assert_eq!(read.gaps, [Gap { range, reason: GapReason::Quarantined }], "{damage}");
    assert_eq!(append(&store, events("web", 1)).first, Seq(11));
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
    check("UPDATE frames SET sources = '[\"wea\"]' WHERE first_seq = 1", 1..=5);
    check("UPDATE frames SET sources = '[\"we' WHERE first_seq = 1", 1..=5);
    check("UPDATE frames SET sources = x'ff' WHERE first_seq = 1", 1..=5);
}
