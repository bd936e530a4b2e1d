//! Series: what is counted when, and for whom.

use domain::id::{ReplayId, Seq, SourceId};
use domain::time::Timestamp;

use super::Subject;
use super::fixture::{attempt, destination, settlement};
use crate::series::MINUTE_MS;
use crate::{
    AttemptRecord, Fate, Happenings, IntakeStep, Scope, SeriesPoint, SeriesQuery, Settlement,
    Store, memory,
};

type Open<'a> = &'a dyn Fn() -> Subject;

/// The beginning of a minute.
fn at(minute: i64) -> Timestamp {
    Timestamp((28_333_000 + minute) * MINUTE_MS)
}

fn settle(store: &Store, to: u64, attempts: Vec<AttemptRecord>) {
    let step = Settlement { attempts, ..settlement(destination(to), 1) };
    store.schedule.commit(step).wait().unwrap();
}

fn series(store: &Store, scope: Scope, minutes: (i64, i64), bucket: u32) -> Vec<SeriesPoint> {
    let (from, to) = (at(minutes.0), at(minutes.1));
    let query = SeriesQuery { scope, from, to, bucket_minutes: bucket };
    store.ledger.series(query).wait().unwrap()
}

/// An attempt that began this long before the end of a minute, and took a second.
fn tried(to: u64, number: u32, fate: Fate, (minute, before_ms): (i64, i64)) -> AttemptRecord {
    let began = Timestamp(at(minute + 1).0 - before_ms);
    AttemptRecord {
        at: began,
        duration_us: 1_000_000,
        received_at: Some(Timestamp(began.0 - 3_000)),
        ..attempt(&destination(to), 1, number, fate)
    }
}

/// L2: an attempt counts in the minute in which it ended, for its destination, by what it came to.
pub fn l2_what_is_settled_is_counted_in_its_minute(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let replayed =
        AttemptRecord { replay: Some(ReplayId(1)), ..tried(1, 1, Fate::Delivered, (0, 30_000)) };
    let skipped =
        AttemptRecord { status: 0, duration_us: 0, ..tried(1, 2, Fate::GaveUp, (0, 30_000)) };
    settle(
        &store,
        1,
        vec![
            tried(1, 1, Fate::Delivered, (0, 30_000)),
            tried(1, 2, Fate::Delivered, (0, 30_000)),
            tried(1, 1, Fate::Retry, (0, 30_000)),
            replayed,
        ],
    );
    // It ends in the next minute.
    settle(&store, 1, vec![tried(1, 1, Fate::Delivered, (0, 500)), skipped]);
    settle(
        &store,
        2,
        vec![tried(2, 9, Fate::GaveUp, (0, 30_000)), tried(2, 0, Fate::Expired, (1, 30_000))],
    );
    let of = |to| Scope::Deliveries(Some(destination(to)));
    let one = series(&store, of(1), (0, 9), 1);
    assert_eq!(one.iter().map(|point| point.at).collect::<Vec<_>>(), [at(0), at(1)]);
    let Happenings { delivered_first_try, delivered_on_retry, failed_attempts, gave_up, .. } =
        one[0].happenings;
    assert_eq!((delivered_first_try, delivered_on_retry, failed_attempts, gave_up), (1, 1, 1, 1));
    assert_eq!((one[0].happenings.took.count(), one[0].happenings.until_delivered.count()), (3, 2));
    let until = one[0].happenings.until_delivered.quantile(0.5).unwrap() / 1e6;
    assert!((3.5..4.5).contains(&until), "received three seconds before it began: {until}");
    assert_eq!(one[1].happenings.delivered_first_try, 1);
    let both = series(&store, Scope::Deliveries(None), (0, 9), 10);
    assert_eq!(both.len(), 1);
    let sum = &both[0].happenings;
    assert_eq!((sum.gave_up, sum.expired, sum.failed_attempts, sum.took.count()), (2, 1, 2, 5));
    assert_eq!(series(&store, of(1), (1, 9), 1).len(), 1, "from then on");
    assert_eq!(series(&store, of(1), (0, 1), 1).len(), 1, "up to then");
    assert_eq!(series(&store, of(3), (0, 9), 1), []);
    assert_eq!(series(&store, Scope::Intake(None), (0, 9), 1), []);
    settle(&store, 1, vec![tried(1, 1, Fate::Delivered, (1, 30_000))]);
    let one = series(&store, of(1), (1, 2), 1);
    assert_eq!(one[0].happenings.delivered_first_try, 2, "what is written is added to");
    let each = store.ledger.series_by_destination(at(0), at(9)).wait().unwrap();
    let want = [1, 2].map(|to| (destination(to), series(&store, of(to), (0, 9), 1)));
    assert_eq!(each.into_iter().collect::<Vec<_>>(), want, "minute by minute");
    let later = store.ledger.series_by_destination(at(1), at(2)).wait().unwrap();
    assert_eq!(later.values().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(later[&destination(1)][0].at, at(1));
}

/// L2: what came in counts in its minute, for its source.
pub fn l2_what_comes_in_is_counted_by_source(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let counted_to = || store.ledger.events_counted_to().wait().unwrap();
    assert_eq!(counted_to(), None);
    let [web, app] = ["web", "app"].map(SourceId::new);
    let count = |step| store.ledger.count(step).wait().unwrap();
    count(IntakeStep {
        counted_to: Some(Seq(7)),
        accepted: vec![(web.clone(), at(0), 4), (app.clone(), at(0), 2), (web.clone(), at(1), 1)],
        rejected: vec![(Some(web.clone()), at(0), 5), (None, at(0), 6)],
    });
    assert_eq!(counted_to(), Some(Seq(7)));
    let rejected = vec![(Some(app.clone()), at(0), 1)];
    count(IntakeStep { rejected, ..IntakeStep::default() });
    count(IntakeStep {
        accepted: vec![(web.clone(), at(0), 10)],
        counted_to: Some(Seq(17)),
        ..IntakeStep::default()
    });
    assert_eq!(counted_to(), Some(Seq(17)));
    let gist = |scope, bucket| {
        let points = series(&store, scope, (0, 9), bucket);
        points
            .iter()
            .map(|point| (point.happenings.accepted, point.happenings.rejected))
            .collect::<Vec<_>>()
    };
    assert_eq!(gist(Scope::Intake(Some(web)), 1), [(14, 5), (1, 0)]);
    assert_eq!(gist(Scope::Intake(Some(app)), 1), [(2, 1)]);
    assert_eq!(gist(Scope::Intake(None), 1), [(16, 12), (1, 0)]);
    assert_eq!(gist(Scope::All, 2), [(17, 12)]);
    assert_eq!(gist(Scope::Deliveries(None), 1), []);
}

/// L2: whatever is settled and asked for, both engines tell the same.
pub fn l2_series_are_those_of_the_model(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let model = memory::open();
    let fates = [Fate::Delivered, Fate::Retry, Fate::GaveUp, Fate::Expired, Fate::Delivered];
    for step in 0..200_u64 {
        let one = |number: u64| {
            let mixed = (step * 31 + number * 17) % 1_009;
            let fate = fates[(mixed % 5) as usize];
            AttemptRecord {
                duration_us: (mixed * mixed) as u32,
                ..tried(
                    step % 5,
                    (mixed % 3) as u32,
                    fate,
                    ((mixed % 300) as i64, mixed as i64 * 50),
                )
            }
        };
        let attempts: Vec<_> = (0..step % 7).map(one).collect();
        for store in [&store, &model] {
            settle(store, step % 5, attempts.clone());
            let accepted =
                vec![(SourceId::new(format!("s{}", step % 3)), at(step as i64 % 90), step)];
            store.ledger.count(IntakeStep { accepted, ..IntakeStep::default() }).wait().unwrap();
        }
        if step % 40 == 7 {
            let [found, want] = [&store, &model]
                .map(|one| one.ledger.series_by_destination(at(-9), at(250)).wait().unwrap());
            assert!(want.len() > 1 && found == want, "{step}: each destination");
            for bucket in [1, 5, 60, 1_440] {
                for scope in [
                    Scope::All,
                    Scope::Intake(None),
                    Scope::Intake(Some(SourceId::new("s1"))),
                    Scope::Deliveries(None),
                    Scope::Deliveries(Some(destination(step % 5))),
                ] {
                    let [found, want] =
                        [&store, &model].map(|one| series(one, scope.clone(), (-9, 250), bucket));
                    assert!(!want.is_empty() && found == want, "{step}: {scope:?} by {bucket}");
                }
            }
        }
    }
}
