//! Replays with many open deliveries: their end is not one long step, and is gone on with after a crash.

use domain::id::{ReplayId, Seq};
use domain::replay::ReplayState;
use domain::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::open_default;
use crate::conformance::fixture::{destination, open_delivery, settlement};
use crate::conformance::replays::plan;
use crate::embedded::limits::GIVEN_UP_PER_STEP;
use crate::{Reader, Settlement, Store};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const OPEN: u64 = 2 * GIVEN_UP_PER_STEP as u64 + 1;

/// A replay that runs, with more open deliveries than go in two steps.
fn fill(store: &Store) {
    store.replays.make(plan(&destination(1)), None, NOW).wait().unwrap();
    for reader in [Reader::Replay(ReplayId(1)), Reader::Destination(destination(1))] {
        let opened = (1..=OPEN).map(|seq| open_delivery(seq, 1)).collect();
        let step = Settlement { reader, opened, ..settlement(destination(1), OPEN + 1) };
        store.schedule.commit(step).wait().unwrap();
    }
}

fn open_of(store: &Store, reader: Reader) -> usize {
    store.schedule.load(&reader).wait().unwrap().unwrap().open.len()
}

#[test]
fn a_replay_that_was_ended_has_nothing_open_when_that_is_answered() {
    let dir = TempDir::new().unwrap();
    let (store, _engine) = open_default(dir.path());
    fill(&store);
    assert_eq!(open_of(&store, Reader::Replay(ReplayId(1))) as u64, OPEN);
    let ended = store.replays.turn(ReplayId(1), ReplayState::Cancelled, NOW).wait().unwrap();
    assert_eq!(ended.unwrap().state, ReplayState::Cancelled);
    assert_eq!(open_of(&store, Reader::Replay(ReplayId(1))), 0);
    let own = open_of(&store, Reader::Destination(destination(1)));
    assert_eq!(own as u64, OPEN, "the destination's own are untouched");
}

#[test]
fn the_end_of_a_replay_that_was_cut_short_is_gone_on_with() {
    let dir = TempDir::new().unwrap();
    let (store, engine) = open_default(dir.path());
    fill(&store);
    engine.close().unwrap();
    let file = Connection::open(dir.path().join("state.db")).unwrap();
    file.execute("UPDATE replays SET state = ?1", [ReplayState::Cancelled as u8]).unwrap();
    drop(file);

    let (store, _engine) = open_default(dir.path());
    // A step goes with each turn of the writer's loop.
    for _ in 0..4 {
        store.schedule.progress(&Reader::Replay(ReplayId(1))).wait().unwrap();
    }
    assert_eq!(open_of(&store, Reader::Replay(ReplayId(1))), 0);
    let own = store.schedule.load(&Reader::Destination(destination(1))).wait().unwrap().unwrap();
    assert_eq!((own.cursor, own.open.len() as u64), (Seq(OPEN + 1), OPEN));
}
