//! R1 to R3, as far as they can be seen from outside a running engine.

use domain::id::{DestinationId, ReplayId, Seq};
use domain::replay::{Cause, Intent, Pace, ReplayPlan, ReplayState, Scope};
use domain::time::Timestamp;

use super::Subject;
use super::fixture::{attempt, destination, filtered, open_delivery, settlement};
use crate::{AttemptRecord, Fate, Reader, ReplayCounts, Settlement, Store};

type Open<'a> = &'a dyn Fn() -> Subject;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A replay of the places from 5 up to 50.
pub fn plan(to: &DestinationId) -> ReplayPlan {
    let scope = Scope {
        user: Some("ü \"x\"".to_owned()),
        places: [Seq(7), Seq(9)].into(),
        ..Scope::between(Seq(5), Seq(50))
    };
    let pace = Pace { rate: std::num::NonZeroU32::new(3), concurrency: None };
    let (intent, cause) = (Intent::RecoverFailed, Cause::Asked);
    ReplayPlan { destination: to.clone(), intent, cause, scope, pace }
}

fn state(store: &Store, id: u64) -> Option<crate::ScheduleState> {
    store.schedule.load(&Reader::Replay(ReplayId(id))).wait().unwrap()
}

fn of_replay(cursor: u64) -> Settlement {
    let reader = Reader::Replay(ReplayId(1));
    Settlement { reader, ..settlement(destination(1), cursor) }
}

fn replayed(seq: u64, number: u32, fate: Fate) -> AttemptRecord {
    let replay = Some(ReplayId(1));
    AttemptRecord { replay, ..attempt(&destination(1), seq, number, fate) }
}

/// R1, R3: numbers rise, and everything that was asked for comes back.
pub fn r1_a_replay_comes_back_as_it_was_made(open: Open<'_>) {
    let Subject { store, _keep } = open();
    assert_eq!(store.replays.list(None, 9).wait().unwrap(), []);
    let one = store.replays.make(plan(&destination(1)), Some(12), NOW).wait().unwrap();
    let two = store.replays.make(plan(&destination(2)), None, NOW).wait().unwrap();
    assert_eq!((one.id, two.id), (ReplayId(1), ReplayId(2)));
    assert_eq!((one.state, one.cursor, one.expected), (ReplayState::Running, Seq(5), Some(12)));
    assert_eq!((&*one.plan, one.made_at, one.ended_at), (&plan(&destination(1)), NOW, None));
    let list = |only, rows_max| store.replays.list(only, rows_max).wait().unwrap();
    assert_eq!(list(None, 9), [two.clone(), one.clone()]);
    assert_eq!(list(None, 1), [two]);
    assert_eq!(list(Some(ReplayId(1)), 9), [one]);
    assert_eq!(list(Some(ReplayId(3)), 9), []);
}

/// R1: what has not ended can be followed.
pub fn r1_watchers_see_what_has_not_ended(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let mut watcher = store.replays.open();
    assert!(watcher.borrow_and_update().is_empty());
    for to in 1..=3 {
        store.replays.make(plan(&destination(to)), None, NOW).wait().unwrap();
    }
    store.replays.turn(ReplayId(2), ReplayState::Paused, NOW).wait().unwrap();
    store.replays.turn(ReplayId(1), ReplayState::Done, NOW).wait().unwrap();
    assert!(watcher.has_changed().unwrap());
    let seen: Vec<_> =
        watcher.borrow_and_update().iter().map(|one| (one.id.0, one.state)).collect();
    assert_eq!(seen, [(2, ReplayState::Paused), (3, ReplayState::Running)]);
    store.replays.turn(ReplayId(2), ReplayState::Running, NOW).wait().unwrap();
    assert_eq!(watcher.borrow_and_update()[0].state, ReplayState::Running);
}

/// R2: a replay has a cursor, open deliveries and counts of its own.
pub fn r2_what_a_replay_counts_is_its_own(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    store.schedule.commit(settlement(one.clone(), 90)).wait().unwrap();
    store.replays.make(plan(&one), None, NOW).wait().unwrap();
    assert_eq!(state(&store, 1), None);
    let step = Settlement {
        opened: vec![open_delivery(6, 1), open_delivery(8, 0)],
        attempts: vec![
            replayed(6, 1, Fate::Retry),
            replayed(7, 1, Fate::Delivered),
            replayed(5, 2, Fate::Delivered),
            replayed(9, 3, Fate::GaveUp),
            replayed(10, 0, Fate::Expired),
        ],
        filtered: vec![filtered("still_open", 2), filtered("already_delivered", 4)],
        ..of_replay(20)
    };
    store.schedule.commit(step).wait().unwrap();
    let step = Settlement {
        closed: vec![Seq(8)],
        filtered: vec![filtered("still_open", 1)],
        ..of_replay(30)
    };
    store.schedule.commit(step).wait().unwrap();
    let own = state(&store, 1).unwrap();
    assert_eq!((own.cursor, own.open), (Seq(30), vec![open_delivery(6, 1)]));
    let counts = ReplayCounts {
        delivered: 2,
        retries: 1,
        gave_up: 1,
        expired: 1,
        passed: vec![filtered("already_delivered", 4), filtered("still_open", 3)],
    };
    let listed = store.replays.list(None, 9).wait().unwrap();
    assert_eq!((listed[0].cursor, &listed[0].counts), (Seq(30), &counts));
    let live = store.schedule.load(&(&one).into()).wait().unwrap().unwrap();
    assert_eq!((live.cursor, live.open), (Seq(90), Vec::new()));
    assert_eq!(store.ledger.totals().wait().unwrap(), [], "the destination's own are untouched");
}

/// R2: a settlement that comes after the end changes no schedule; what was sent is known all the same.
pub fn r2_a_replay_that_has_ended_stays_as_it_ended(open: Open<'_>) {
    let Subject { store, _keep } = open();
    store.replays.make(plan(&destination(1)), None, NOW).wait().unwrap();
    let step = Settlement { opened: vec![open_delivery(6, 1)], ..of_replay(20) };
    store.schedule.commit(step).wait().unwrap();
    store.replays.turn(ReplayId(1), ReplayState::Cancelled, NOW).wait().unwrap();
    let late = Settlement {
        opened: vec![open_delivery(21, 1)],
        attempts: vec![replayed(6, 2, Fate::Delivered)],
        filtered: vec![filtered("still_open", 1)],
        ..of_replay(22)
    };
    store.schedule.commit(late).wait().unwrap();
    let own = state(&store, 1).unwrap();
    assert_eq!((own.cursor, own.open), (Seq(20), Vec::new()));
    let listed = store.replays.list(None, 9).wait().unwrap();
    assert_eq!(listed[0].counts, ReplayCounts { delivered: 1, ..ReplayCounts::default() });
}

/// R3: states change until the end, and not any more.
pub fn r3_an_end_is_not_taken_back(open: Open<'_>) {
    let Subject { store, _keep } = open();
    store.replays.make(plan(&destination(1)), None, NOW).wait().unwrap();
    let turn = |id, to, at| {
        let turned = store.replays.turn(ReplayId(id), to, Timestamp(at)).wait().unwrap();
        turned.map(|one| (one.state, one.ended_at))
    };
    assert_eq!(turn(1, ReplayState::Paused, 1), Some((ReplayState::Paused, None)));
    assert_eq!(turn(1, ReplayState::Running, 2), Some((ReplayState::Running, None)));
    let ended = Some((ReplayState::Done, Some(Timestamp(3))));
    assert_eq!(turn(1, ReplayState::Done, 3), ended);
    assert_eq!(turn(1, ReplayState::Running, 4), ended);
    assert_eq!(turn(1, ReplayState::Cancelled, 5), ended);
    assert_eq!(turn(2, ReplayState::Done, 6), None);
    assert!(store.replays.open().borrow().is_empty());
}
