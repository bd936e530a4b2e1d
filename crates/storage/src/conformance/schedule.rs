//! S1 to S3, as far as they can be seen from outside a running engine.

use domain::id::Seq;

use super::Subject;
use super::fixture::{attempt, destination, filtered, open_delivery, settlement};
use crate::{AttemptQuery, Depth, Fate, Settlement};

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

    let state = store.schedule.load(&one).wait().unwrap().unwrap();
    assert_eq!(state.cursor, Seq(6));
    assert_eq!(state.open, [open_delivery(3, 1), open_delivery(5, 0)]);
    let state = store.schedule.load(&other).wait().unwrap().unwrap();
    assert_eq!(state.open, [open_delivery(3, 7)]);
    let depth = Depth::Answer;
    let query = AttemptQuery { rows_max: 10, depth, ..AttemptQuery::default() };
    let attempts = store.ledger.attempts(query).wait().unwrap();
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
    let state = store.schedule.load(&one).wait().unwrap().unwrap();
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
    assert_eq!(store.schedule.load(&one).wait().unwrap().unwrap().cursor, Seq(9));
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
    assert_eq!(store.schedule.load(&one).wait().unwrap().unwrap().cursor, Seq(12));
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
    let state = store.schedule.load(&one).wait().unwrap().unwrap();
    assert_eq!(state.open, [open_delivery(2, 1)]);
}

/// A new destination can be told from one at the beginning.
pub fn a_destination_without_a_commit_has_no_state(open: Open<'_>) {
    let Subject { store, _keep } = open();
    store.schedule.commit(settlement(destination(1), 1)).wait().unwrap();
    assert_eq!(store.schedule.load(&destination(2)).wait().unwrap(), None);
    assert!(store.schedule.load(&destination(1)).wait().unwrap().is_some());
}
