//! Deliveries as people look at them: what is known of each, and what is open.

use domain::id::{DestinationId, Seq};
use domain::replay::{Cause, Intent, Pace, ReplayPlan, ReplayState, Scope};
use domain::time::Timestamp;

use super::Subject;
use super::fixture::{attempt, destination, open_delivery, settlement};
use super::ledger::{DESTINATIONS, history};
use crate::{
    AttemptRecord, DeliveryRecord, Fate, OpenPage, OpenQuery, Reader, Replay, Settlement, Store,
    Tried, memory,
};

type Open<'a> = &'a dyn Fn() -> Subject;

fn known(store: &Store, of: &[(u64, u64)]) -> Vec<DeliveryRecord> {
    let wanted = of.iter().map(|(to, seq)| (destination(*to), Seq(*seq))).collect();
    store.ledger.deliveries(wanted).wait().unwrap()
}

fn replay(store: &Store, to: DestinationId) -> Replay {
    let (intent, cause, pace) = (Intent::ResendRange, Cause::Asked, Pace::default());
    let scope = Scope::between(Seq(1), Seq(99));
    let plan = ReplayPlan { destination: to, intent, cause, scope, pace };
    store.replays.make(plan, None, Timestamp(5)).wait().unwrap()
}

/// L1: of healthy, slow, dead, idle and replayed destinations, near together and far apart.
pub fn what_is_known_of_deliveries_is_what_the_model_knows(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let model = memory::open();
    for step in 0..8 {
        for to in 0..DESTINATIONS {
            let one = destination(to);
            let opened = (step * 40..step * 40 + 9).map(|seq| open_delivery(seq + to, 1)).collect();
            let attempts = history(&one, to, step);
            let step = Settlement { attempts, opened, ..settlement(one, step) };
            model.schedule.commit(step.clone()).wait().unwrap();
            store.schedule.commit(step).wait().unwrap();
        }
    }
    let all = |places: &[u64]| {
        let of = |to| places.iter().map(move |seq| (to, *seq));
        (0..=DESTINATIONS).flat_map(of).collect::<Vec<_>>()
    };
    for places in [
        (0..70).collect::<Vec<_>>(),
        vec![6_000, 7, 2_047, 833, 7, 1_900],
        vec![],
        vec![u64::from(u32::MAX), 899, 900],
    ] {
        let of = all(&places);
        assert_eq!(known(&store, &of), known(&model, &of), "{places:?}");
    }
}

/// The newest row tells, whether it is a replay's; what was let go is no attempt.
pub fn a_delivery_is_known_by_its_newest_row(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let commit = |reader, opened, attempts| {
        let step = Settlement { reader, opened, attempts, ..settlement(one.clone(), 20) };
        store.schedule.commit(step).wait().unwrap();
    };
    let own = Reader::Destination(one.clone());
    let skipped =
        AttemptRecord { reason: "skipped".to_owned(), ..attempt(&one, 3, 2, Fate::GaveUp) };
    commit(
        own.clone(),
        vec![open_delivery(2, 2)],
        vec![
            attempt(&one, 1, 1, Fate::Delivered),
            attempt(&one, 2, 1, Fate::Retry),
            attempt(&one, 2, 2, Fate::Retry),
            attempt(&one, 3, 1, Fate::Retry),
            attempt(&one, 3, 2, Fate::Retry),
            skipped.clone(),
            attempt(&one, 4, 0, Fate::Expired),
        ],
    );
    let gist = |store: &Store| {
        let of: Vec<_> = (1..=5).map(|seq| (1, seq)).collect();
        let gist = |one: DeliveryRecord| {
            let last = one.last.map(|last| (last.number, last.fate, last.replay.is_some()));
            (one.attempts, last, one.open.is_some(), one.replaying.is_some())
        };
        known(store, &of).into_iter().map(gist).collect::<Vec<_>>()
    };
    assert_eq!(
        gist(&store),
        [
            (1, Some((1, Fate::Delivered, false)), false, false),
            (2, Some((2, Fate::Retry, false)), true, false),
            (2, Some((2, Fate::GaveUp, false)), false, false),
            (0, Some((0, Fate::Expired, false)), false, false),
            (0, None, false, false),
        ]
    );
    assert_eq!(known(&store, &[(1, 9)])[0].cursor, Some(Seq(20)));
    assert_eq!(known(&store, &[(2, 9)])[0].cursor, None);

    let made = replay(&store, one.clone());
    let replayed = |attempt: AttemptRecord| AttemptRecord { replay: Some(made.id), ..attempt };
    commit(
        Reader::Replay(made.id),
        vec![open_delivery(3, 1)],
        vec![
            replayed(attempt(&one, 1, 1, Fate::Delivered)),
            replayed(attempt(&one, 3, 1, Fate::Retry)),
        ],
    );
    let found = gist(&store);
    assert_eq!(found[0], (2, Some((1, Fate::Delivered, true)), false, false));
    assert_eq!(found[2], (3, Some((1, Fate::Retry, true)), false, true));
    store.replays.turn(made.id, ReplayState::Cancelled, Timestamp(9)).wait().unwrap();
    assert_eq!(gist(&store)[2], (3, Some((1, Fate::Retry, true)), false, false));
}

/// Open deliveries are found by what they wait for, the newest event first, page by page.
pub fn open_deliveries_come_newest_first(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let opened = (1..40).map(|seq| open_delivery(seq, (seq % 3) as u32)).collect();
    let step = Settlement { opened, closed: vec![Seq(39)], ..settlement(one.clone(), 50) };
    store.schedule.commit(step).wait().unwrap();
    let all = OpenQuery {
        reader: Reader::Destination(one),
        before: None,
        tried: None,
        reason: None,
        status: None,
        rows_max: 10,
    };
    let pages = |query: &OpenQuery| {
        let (mut query, mut places) = (query.clone(), Vec::new());
        loop {
            let OpenPage { open, before } =
                store.ledger.open_deliveries(query.clone()).wait().unwrap();
            assert!(open.len() <= 10 && open.iter().all(|one| query.matches(one)), "{query:?}");
            places.extend(open.iter().map(|one| one.seq.0));
            match before {
                None => return places,
                before => query.before = before,
            }
        }
    };
    let of = |keep: &dyn Fn(&u64) -> bool| (1..39).rev().filter(keep).collect::<Vec<u64>>();
    assert_eq!(pages(&all), of(&|_| true));
    let tried = |tried| OpenQuery { tried: Some(tried), ..all.clone() };
    assert_eq!(pages(&tried(Tried::Once)), of(&|seq| seq % 3 > 0));
    assert_eq!(pages(&tried(Tried::Never)), of(&|seq| seq % 3 == 0));
    let failed = OpenQuery { status: Some(503), ..all.clone() };
    assert_eq!(pages(&failed), of(&|seq| seq % 3 == 2));
    let reason = |code: &str| OpenQuery { reason: Some(code.to_owned()), ..all.clone() };
    assert_eq!(pages(&reason("timeout")), of(&|seq| seq % 3 > 0));
    assert_eq!(pages(&reason("nobody's")), [] as [u64; 0]);
    assert_eq!(pages(&OpenQuery { before: Some(Seq(3)), ..all.clone() }), [2, 1]);
    // One search looks at so many; what is behind them is found by going on.
    let far = destination(3);
    let opened = (1..=20_000).map(|seq| open_delivery(seq, u32::from(seq == 1))).collect();
    let step = Settlement { opened, ..settlement(far.clone(), 20_001) };
    store.schedule.commit(step).wait().unwrap();
    let behind = OpenQuery { reader: (&far).into(), tried: Some(Tried::Once), ..all.clone() };
    assert_eq!(pages(&behind), [1]);
    assert_eq!(pages(&OpenQuery { reader: (&destination(2)).into(), ..all }), [] as [u64; 0]);
}
