//! The tally: counts what comes in and what becomes of it, once a second, for charts.
//!
//! Events are counted by reading the journal on as one more reader does, from where the last process
//! has written down that it was: so none is counted twice or not at all, whatever crashes. Intake does
//! nothing for it. Refusals, and the seconds of deliveries, are what counters have grown by.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::id::{DestinationId, Seq, SourceId};
use domain::limits;
use domain::time::Timestamp;
use storage::{IntakeStep, Scope, StorageError, Store, Totals, Wanted};

use crate::clock;
use crate::live::{Gauges, Moment};
use crate::shutdown::Shutdown;

/// How often it counts.
const INTERVAL: Duration = Duration::from_secs(1);

const MINUTE_MS: i64 = 60_000;

/// Who counts.
pub struct Tally {
    store: Store,
    gauges: Arc<Gauges>,
    /// The next event to count.
    place: Seq,
    refused: HashMap<Option<SourceId>, u64>,
    /// None before the first look: what happened before the server started happened at other times.
    totals: Option<HashMap<DestinationId, Totals>>,
    /// Counted, and not written down yet.
    counted: Counted,
}

/// What was counted of each source in each minute, as it is written down: so it stays small, however
/// long that cannot be done.
#[derive(Default)]
struct Counted {
    to: Option<Seq>,
    accepted: BTreeMap<(SourceId, i64), u64>,
    rejected: BTreeMap<(Option<SourceId>, i64), u64>,
}

impl Counted {
    fn accept(&mut self, source: SourceId, at: Timestamp, count: u64) {
        *self.accepted.entry((source, minute(at))).or_default() += count;
    }

    fn reject(&mut self, source: Option<SourceId>, at: Timestamp, count: u64) {
        *self.rejected.entry((source, minute(at))).or_default() += count;
    }

    fn step(&self) -> IntakeStep {
        fn row<S: Clone>(((source, minute), count): (&(S, i64), &u64)) -> (S, Timestamp, u64) {
            (source.clone(), Timestamp(minute * MINUTE_MS), *count)
        }
        IntakeStep {
            counted_to: self.to,
            accepted: self.accepted.iter().map(row).collect(),
            rejected: self.rejected.iter().map(row).collect(),
        }
    }
}

fn minute(at: Timestamp) -> i64 {
    at.0.div_euclid(MINUTE_MS)
}

impl Tally {
    /// A tally that goes on where the last one was; the first one begins with the next event, and
    /// writes that down.
    ///
    /// # Errors
    /// Where it cannot be known.
    pub async fn begin(store: Store, gauges: Arc<Gauges>) -> Result<Self, StorageError> {
        let place = match store.ledger.events_counted_to().await? {
            Some(place) => place,
            None => {
                let place = store.journal.head_now();
                let step = IntakeStep { counted_to: Some(place), ..IntakeStep::default() };
                store.ledger.count(step).await?;
                place
            }
        };
        let (refused, counted) = (HashMap::new(), Counted::default());
        Ok(Self { store, gauges, place, refused, totals: None, counted })
    }

    /// Counts until the server begins to end; what comes after that is counted by the next one.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        let mut pace = tokio::time::interval(INTERVAL);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = pace.tick() => {}
                () = shutdown.draining() => return,
            }
            if let Err(error) = self.count().await {
                let error = crate::terminal::chain(&error);
                tracing::debug!(error, "cannot count what comes in; trying again");
            }
        }
    }

    /// Counts what has come since the last time.
    async fn count(&mut self) -> Result<(), StorageError> {
        let now = clock::now();
        self.count_refusals(now);
        self.count_deliveries(now).await?;
        self.count_events().await
    }

    async fn count_events(&mut self) -> Result<(), StorageError> {
        let head = self.store.journal.head_now();
        let (mut next, mut bytes) = (self.place, 0);
        let mut found = BTreeMap::<(SourceId, i64), u64>::new();
        while next < head && bytes < limits::TALLY_BYTES_MAX {
            let chunk = self.store.journal.read(next, Wanted::All, limits::READ_BYTES).await?;
            for frame in &chunk.frames {
                bytes += frame.bytes_len();
                for event in frame.events().filter(|event| event.seq >= next) {
                    let second = event.received_at.0.div_euclid(1_000);
                    *found.entry((event.source, second)).or_default() += 1;
                }
            }
            next = chunk.next;
        }
        if next > self.place {
            self.counted.to = Some(next);
            self.place = next;
        }
        for ((source, second), count) in found {
            let at = Timestamp(second * 1_000);
            let scope = Scope::Intake(Some(source.clone()));
            self.gauges.seconds.add(&scope, at, Moment { accepted: count, ..Moment::default() });
            self.counted.accept(source, at, count);
        }
        self.write_down().await
    }

    /// Writes down what was counted, once: where there is no room, it is written with the next.
    async fn write_down(&mut self) -> Result<(), StorageError> {
        let step = self.counted.step();
        if step != IntakeStep::default() {
            self.store.ledger.count(step).await?;
            self.counted = Counted::default();
        }
        Ok(())
    }

    fn count_refusals(&mut self, now: Timestamp) {
        let mut counts = HashMap::<Option<SourceId>, u64>::new();
        for ((source, _), count) in self.gauges.refusals.counts() {
            *counts.entry(source).or_default() += count;
        }
        for (source, count) in counts {
            let before = self.refused.insert(source.clone(), count).unwrap_or(0);
            let rejected = count - before;
            if rejected == 0 {
                continue;
            }
            self.gauges.seconds.add(
                &Scope::Intake(source.clone()),
                now,
                Moment { rejected, ..Moment::default() },
            );
            self.counted.reject(source, now, rejected);
        }
    }

    async fn count_deliveries(&mut self, now: Timestamp) -> Result<(), StorageError> {
        let totals = self.store.ledger.totals().await?;
        for totals in totals.iter().filter(|_| self.totals.is_some()) {
            let known = self.totals.as_ref().and_then(|known| known.get(&totals.destination));
            let id = totals.destination.clone();
            let zero = Totals::zero(id.clone());
            let moment = grown(known.unwrap_or(&zero), totals);
            self.gauges.seconds.add(&Scope::Deliveries(Some(id)), now, moment);
        }
        self.totals = Some(totals.into_iter().map(|one| (one.destination.clone(), one)).collect());
        Ok(())
    }
}

/// What counts have grown by.
fn grown(before: &Totals, now: &Totals) -> Moment {
    let by = |of: fn(&Totals) -> u64| of(now).saturating_sub(of(before));
    Moment {
        delivered_first_try: by(|one| one.delivered_first_try),
        delivered_on_retry: by(|one| one.delivered_on_retry),
        gave_up: by(|one| one.gave_up),
        expired: by(|one| one.expired),
        failed_attempts: by(|one| one.retries + one.gave_up),
        ..Moment::default()
    }
}

#[cfg(test)]
mod tests {
    use storage::{SeriesQuery, memory};

    use super::*;
    use crate::live::Cause;
    use crate::samples::{append, destination_id};
    use domain::reason::Reason;

    async fn tally(store: &Store) -> Tally {
        Tally::begin(store.clone(), Arc::default()).await.unwrap()
    }

    async fn whole(store: &Store, scope: Scope) -> Vec<(u64, u64)> {
        let (from, to) = (Timestamp(0), Timestamp(i64::MAX));
        let query = SeriesQuery { scope, from, to, bucket_minutes: u32::MAX };
        let points = store.ledger.series(query).await.unwrap();
        points.iter().map(|one| (one.happenings.accepted, one.happenings.rejected)).collect()
    }

    #[tokio::test]
    async fn every_event_is_counted_once_by_whoever_counts() {
        let store = memory::open();
        append(&store, Timestamp(1)).await;
        let mut first = tally(&store).await;
        append(&store, Timestamp(60_000)).await;
        drop(tally(&store).await);
        first.count().await.unwrap();
        assert_eq!(
            whole(&store, Scope::All).await,
            [(1, 0)],
            "but what came before anybody counted"
        );
        for _ in 0..2 {
            append(&store, Timestamp(60_000)).await;
            first.count().await.unwrap();
        }
        append(&store, Timestamp(61_000)).await;
        let mut second = tally(&store).await;
        second.count().await.unwrap();
        second.count().await.unwrap();
        let source = Scope::Intake(Some(SourceId::new("s")));
        assert_eq!(whole(&store, source.clone()).await, [(4, 0)]);
        let seconds = second.gauges.seconds.read(&source, Timestamp(0), Timestamp(99_000));
        assert_eq!(seconds, [(61, Moment { accepted: 1, ..Moment::default() })]);
    }

    #[test]
    fn what_cannot_be_written_down_for_long_stays_small() {
        let (one, other) = (SourceId::new("one"), SourceId::new("other"));
        let mut counted = Counted::default();
        for second in 0..180 {
            let at = Timestamp(second * 1_000 + 999);
            counted.accept(one.clone(), at, 2);
            counted.reject(Some(other.clone()), at, 1);
            counted.reject(None, at, 1);
        }
        let minutes = [0, 1, 2].map(|minute| Timestamp(minute * 60_000));
        let step = counted.step();
        assert_eq!(step.accepted, minutes.map(|at| (one.clone(), at, 120)));
        let rejected = |source: Option<SourceId>| minutes.map(|at| (source.clone(), at, 60));
        assert_eq!(step.rejected, [rejected(None), rejected(Some(other))].concat());
    }

    #[tokio::test]
    async fn refusals_and_deliveries_are_what_counters_have_grown_by() {
        let store = memory::open();
        let mut tally = tally(&store).await;
        let refuse = |tally: &Tally| {
            let cause = Cause { source: None, reason: Reason::BadKey, about: String::new() };
            tally.gauges.refusals.add(cause, Timestamp(1));
        };
        for _ in 0..3 {
            refuse(&tally);
            tally.count().await.unwrap();
        }
        tally.count().await.unwrap();
        assert_eq!(whole(&store, Scope::Intake(None)).await, [(0, 3)]);
        let zero = Totals::zero(destination_id());
        let now = Totals { retries: 2, gave_up: 1, delivered_on_retry: 4, ..zero.clone() };
        let moment = grown(&zero, &now);
        assert_eq!((moment.failed_attempts, moment.gave_up, moment.delivered_on_retry), (3, 1, 4));
        assert_eq!(grown(&now, &now), Moment::default());
    }
}
