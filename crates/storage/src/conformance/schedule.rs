//! S1 to S3, as far as they can be seen from outside a running engine.

use std::num::NonZeroU64;

use domain::delivery::lanes::Order;
use domain::event::{Identities, IdentityHash};
use domain::id::{DestinationId, Seq};

use super::Subject;
use super::fixture::{attempt, destination, filtered, open_delivery, settlement};
use crate::{
    AttemptQuery, Depth, Fate, OpenDelivery, Progress, ScheduleState, Settlement, ShelfLine,
};

type Open<'a> = &'a dyn Fn() -> Subject;

/// S1: cursor, deliveries and attempts of a settlement are there together, and those of others
/// are untouched.
pub fn s1_a_settlement_is_carried_out_as_a_whole(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let (one, other) = (destination(1), destination(2));
    let step = Settlement {
        opened: vec![open_delivery(3, 1), open_delivery(5, 0)],
        attempts: vec![attempt(&one, 3, 1, Fate::Retry), attempt(&one, 4, 1, Fate::Delivered)],
        ..settlement(one.clone(), 6)
    };
    store.schedule.commit(step).wait().unwrap();
    let step = Settlement { opened: vec![open_delivery(3, 7)], ..settlement(other.clone(), 4) };
    store.schedule.commit(step).wait().unwrap();

    let state = store.schedule.load(&(&one).into()).wait().unwrap().unwrap();
    assert_eq!(state.cursor, Seq(6));
    assert_eq!(state.open, [open_delivery(3, 1), open_delivery(5, 0)]);
    let state = store.schedule.load(&(&other).into()).wait().unwrap().unwrap();
    assert_eq!(state.open, [open_delivery(3, 7)]);
    let depth = Depth::Answer;
    let query = AttemptQuery { rows_max: 10, depth, ..AttemptQuery::default() };
    let attempts = store.ledger.attempts(query).wait().unwrap().attempts;
    assert_eq!(attempts, [attempt(&one, 4, 1, Fate::Delivered), attempt(&one, 3, 1, Fate::Retry)]);
}

/// S1: a load sees everything that was handed over before it, answered or not.
pub fn s1_settlements_are_carried_out_in_order(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let mut receipts = Vec::new();
    for number in 1..=50 {
        receipts.push(store.schedule.commit(Settlement {
            opened: vec![open_delivery(number, 1)],
            closed: (number > 1).then(|| Seq(number - 1)).into_iter().collect(),
            ..settlement(one.clone(), number + 1)
        }));
    }
    let state = store.schedule.load(&(&one).into()).wait().unwrap().unwrap();
    assert_eq!(state.cursor, Seq(51));
    assert_eq!(state.open, [open_delivery(50, 1)]);
    for receipt in receipts {
        receipt.wait().unwrap();
    }
}

/// S2: a late settlement with an old cursor does not make events come again.
pub fn s2_the_cursor_does_not_move_back(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    for cursor in [5, 9, 7] {
        store.schedule.commit(settlement(one.clone(), cursor)).wait().unwrap();
    }
    assert_eq!(store.schedule.load(&(&one).into()).wait().unwrap().unwrap().cursor, Seq(9));
}

/// S2: events that are filtered are counted by destination and reason, also where nothing else
/// ever happens to one.
pub fn s2_what_is_filtered_is_counted_with_the_cursor(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let (one, other) = (destination(1), destination(2));
    let steps = [
        (&one, 4, vec![filtered("b", 2), filtered("a", 1)], vec![]),
        (&other, 9, vec![filtered("a", 8)], vec![attempt(&other, 3, 1, Fate::Delivered)]),
        (&one, 9, vec![filtered("b", 5)], vec![]),
        (&one, 12, vec![], vec![]),
    ];
    for (to, cursor, filtered, attempts) in steps {
        let step = Settlement { filtered, attempts, ..settlement(to.clone(), cursor) };
        store.schedule.commit(step).wait().unwrap();
    }
    let totals = store.ledger.totals().wait().unwrap();
    let shown: Vec<_> = totals.iter().map(|one| one.filtered.as_slice()).collect();
    assert_eq!(shown, [&[filtered("a", 1), filtered("b", 7)][..], &[filtered("a", 8)]]);
    let delivered: Vec<_> = totals.iter().map(|one| one.delivered_first_try).collect();
    assert_eq!(delivered, [0, 1]);
    assert_eq!(store.schedule.load(&(&one).into()).wait().unwrap().unwrap().cursor, Seq(12));
}

/// S3: opening again changes it, closing removes it, and closing wins.
pub fn s3_a_delivery_is_open_once_or_not_at_all(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let steps = [
        (vec![open_delivery(2, 0), open_delivery(3, 1)], vec![]),
        (vec![open_delivery(2, 1)], vec![]),
        (vec![open_delivery(4, 1)], vec![Seq(3), Seq(4), Seq(99)]),
    ];
    for (opened, closed) in steps {
        let step = Settlement { opened, closed, ..settlement(one.clone(), 5) };
        store.schedule.commit(step).wait().unwrap();
    }
    let state = store.schedule.load(&(&one).into()).wait().unwrap().unwrap();
    assert_eq!(state.open, [open_delivery(2, 1)]);
}

/// A new destination can be told from one at the beginning.
pub fn a_destination_without_a_commit_has_no_state(open: Open<'_>) {
    let Subject { store, _keep } = open();
    store.schedule.commit(settlement(destination(1), 1)).wait().unwrap();
    assert_eq!(store.schedule.load(&(&destination(2)).into()).wait().unwrap(), None);
    assert!(store.schedule.load(&(&destination(1)).into()).wait().unwrap().is_some());
}

/// Forgetting is in order with commits, and a destination that commits again is a new one.
pub fn a_forgotten_destination_begins_anew_and_its_history_stays(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let (one, other) = (destination(1), destination(2));
    for to in [&one, &other] {
        let step = Settlement {
            opened: vec![open_delivery(3, 1), shelved(4, Identities::default())],
            attempts: vec![attempt(to, 3, 1, Fate::Retry)],
            ..settlement(to.clone(), 6)
        };
        store.schedule.commit(step).wait().unwrap();
    }
    let known = || {
        let mut known = store.schedule.destinations().wait().unwrap();
        known.sort();
        known
    };
    assert_eq!(known(), [one.clone(), other.clone()]);
    store.schedule.forget(&one).wait().unwrap();
    assert_eq!(known(), std::slice::from_ref(&other));
    let forgotten = store.schedule.forget(&one);
    let late = store.schedule.commit(settlement(one.clone(), 2));
    forgotten.wait().unwrap();
    late.wait().unwrap();
    store.schedule.forget(&destination(3)).wait().unwrap();
    let state = store.schedule.load(&(&one).into()).wait().unwrap();
    assert_eq!(state, Some(ScheduleState::at(Seq(2))));
    let state = store.schedule.load(&(&other).into()).wait().unwrap().unwrap();
    assert_eq!((state.cursor, state.open.len(), state.shelved.len()), (Seq(6), 1, 1));
    let query = AttemptQuery { rows_max: 9, ..AttemptQuery::default() };
    assert_eq!(store.ledger.attempts(query).wait().unwrap().attempts.len(), 2);
    assert_eq!(store.ledger.totals().wait().unwrap().len(), 2);
}

/// S2, S3: shelved deliveries are open, counted, and come back line by line, in order and not before
/// an earlier one of their other lane.
pub fn s3_shelved_deliveries_come_back_line_by_line(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let (one, other) = (destination(1), destination(2));
    let who = |user: u64, anonymous: u64| Identities { user: id(user), anonymous: id(anonymous) };
    let rows = [(3, who(1, 0)), (4, who(1, 7)), (5, who(0, 7)), (6, who(1, 7)), (7, who(2, 7))];
    let loose = shelved(1, Identities::default());
    let shelved: Vec<_> = rows.map(|(seq, identities)| shelved(seq, identities)).to_vec();
    let step = Settlement {
        opened: [&shelved[..], &[open_delivery(2, 1), loose]].concat(),
        ..settlement(one.clone(), 8)
    };
    store.schedule.commit(step).wait().unwrap();
    let step = Settlement { opened: shelved.clone(), ..settlement(other, 8) };
    store.schedule.commit(step).wait().unwrap();

    let state = || store.schedule.load(&(&one).into()).wait().unwrap().unwrap();
    assert_eq!(state().open, [open_delivery(2, 1)]);
    let progress = |id: DestinationId| store.schedule.progress(&(&id).into()).wait().unwrap();
    let of_one = Progress { cursor: Seq(8), first_open: Some(Seq(1)) };
    assert_eq!((progress(destination(1)), progress(destination(3))), (Some(of_one), None));
    let first_of_other = progress(destination(2)).map(Progress::first_unfinished);
    assert_eq!(first_of_other, Some(Seq(3)), "a shelved one");
    let mut counts: Vec<_> = state().shelved.iter().map(|(_, count)| *count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 1, 1, 2]);

    let line = |order, identity, rows_max| {
        let line = ShelfLine { order, identity };
        let found = store.schedule.unshelve(&(&one).into(), line, rows_max).wait().unwrap();
        found.iter().map(|delivery| delivery.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(line(Order::Strict, id(1), 10), [3, 4], "6 waits for 5, which is of another user");
    assert_eq!(line(Order::Strict, id(1), 1), [3]);
    assert_eq!(line(Order::Strict, id(7), 10), [] as [u64; 0], "4 waits for 3");
    assert_eq!(line(Order::Strict, id(2), 10), [] as [u64; 0]);
    assert_eq!(line(Order::Strict, id(9), 10), [] as [u64; 0]);
    assert_eq!(line(Order::User, id(1), 10), [3, 4, 6]);
    assert_eq!(line(Order::Strict, None, 10), [1]);
    assert_eq!(line(Order::User, None, 10), [1, 5]);
    assert_eq!(line(Order::User, None, 1), [1]);
    assert_eq!(line(Order::Anonymous, None, 10), [1, 3]);
    assert_eq!(line(Order::None, None, 3), [1, 3, 4]);

    let back = [3, 4].map(|seq| OpenDelivery { is_shelved: false, ..shelved[seq - 3].clone() });
    let step =
        Settlement { opened: back.to_vec(), closed: vec![Seq(3)], ..settlement(one.clone(), 8) };
    store.schedule.commit(step).wait().unwrap();
    assert_eq!(line(Order::Strict, id(7), 10), [5, 6, 7]);
    assert_eq!(state().open, [open_delivery(2, 1), back[1].clone()]);
}

fn id(number: u64) -> Option<IdentityHash> {
    NonZeroU64::new(number).map(IdentityHash)
}

fn shelved(seq: u64, identities: Identities) -> OpenDelivery {
    OpenDelivery { identities, is_shelved: true, ..open_delivery(seq, 0) }
}
