//! An estimate: what a replay would do, before it is made.
//!
//! It picks as the replay would, for as long as somebody likes to wait; where it has not come to the
//! end by then, what is left is taken to be like what was seen.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::delivery::flow::{Bounds, Rate};
use domain::event::IdentityHash;
use domain::filter::Verdict;
use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::replay::{Intent, ReplayPlan};
use domain::time::Timestamp;
use storage::{
    AttemptQuery, FailedQuery, Fate, GapReason, SeqRange, StorageError, Store, StoredEvent,
};

use super::picker::{Picker, Portion};

/// What a replay would do.
#[derive(Debug, Default)]
pub struct Estimate {
    /// Events that would be sent, as far as was looked.
    pub counted: u64,
    /// Whether that was to the end.
    pub is_complete: bool,
    /// How many there will be in all.
    pub expected: u64,
    /// The oldest and the newest of those counted: places, and when they were received.
    pub oldest: Option<(Seq, Timestamp)>,
    /// See `oldest`.
    pub newest: Option<(Seq, Timestamp)>,
    /// Whose they are: so many users; none where there are too many to be told apart.
    pub users: Option<usize>,
    /// Events that would be passed over, by reason.
    pub passed: BTreeMap<&'static str, u64>,
}

/// How fast a replay may be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Speed {
    /// What it may have of its destination.
    pub bounds: Bounds,
    /// How long a delivery takes, by the latest ones; none where there is none.
    pub attempt_time: Option<Duration>,
}

/// Estimates what a plan would do, within a time.
///
/// # Errors
/// Where storage cannot be read.
///
/// # Cancellation
/// Nothing has been changed.
pub async fn estimate(
    store: &Store,
    plan: &Arc<ReplayPlan>,
    time_max: Duration,
) -> Result<Estimate, StorageError> {
    let start = Instant::now();
    let snapshot = store.catalog.watch().borrow().clone();
    let picker = Picker::new(store, &snapshot, plan);
    let (mut estimate, mut users) = (Estimate::default(), HashSet::new());
    let scope = &plan.scope;
    let mut next = scope.first;
    while next < scope.end && start.elapsed() < time_max {
        let portion = picker.read(next, limits::READ_BYTES).await?;
        next = portion.next;
        estimate.add(portion, &mut users);
        tokio::task::yield_now().await;
    }
    estimate.is_complete = next >= scope.end;
    estimate.expected = estimate.counted;
    let (seen, whole) =
        (next.0.saturating_sub(scope.first.0), scope.end.0 - scope.first.0.min(scope.end.0));
    if !estimate.is_complete && seen > 0 {
        let share = whole as f64 / seen as f64;
        estimate.expected = (estimate.counted as f64 * share) as u64;
    }
    let is_told = users.len() < limits::ESTIMATE_USERS_MAX;
    estimate.users = is_told.then_some(users.len());
    Ok(estimate)
}

impl Estimate {
    /// Counts what was given up and whose events are gone, from the place on that was `asked` for, before
    /// the plan was narrowed down to what is stored. Where the plan asks for more than places and
    /// failures nobody knows which of them are meant.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn count_gone(
        &mut self,
        store: &Store,
        plan: &ReplayPlan,
        asked: Seq,
    ) -> Result<(), StorageError> {
        let scope = &plan.scope;
        let by_event = scope.source.is_some()
            || scope.user.is_some()
            || !scope.filter.is_open()
            || scope.received_from.is_some()
            || scope.received_until.is_some();
        if plan.intent != Intent::RecoverFailed || by_event {
            return Ok(());
        }
        let query = FailedQuery {
            destination: plan.destination.clone(),
            first: asked,
            end: scope.first.min(scope.end),
            since: scope.failed_since,
            issue: scope.issue,
            rows_max: limits::REPLAY_FAILED_MAX,
        };
        let mut gone = store.ledger.failed(query).await?;
        gone.retain(|seq| scope.places.is_empty() || scope.places.contains(seq));
        self.pass(Reason::Trimmed, gone.len() as u64);
        Ok(())
    }

    fn pass(&mut self, reason: Reason, count: u64) {
        if count > 0 {
            *self.passed.entry(reason.code()).or_default() += count;
        }
    }

    fn add(&mut self, portion: Portion, users: &mut HashSet<IdentityHash>) {
        for gap in portion.gaps {
            let SeqRange { first, last } = gap.range;
            self.pass(lost_reason(gap.reason), last.next().0.saturating_sub(first.0));
        }
        for (event, verdict) in portion.picked {
            match verdict {
                Verdict::Passes => self.count(&event, users),
                Verdict::Filtered(reason) => self.pass(reason, 1),
            }
        }
    }

    fn count(&mut self, event: &StoredEvent, users: &mut HashSet<IdentityHash>) {
        let at = (event.seq, event.received_at);
        self.counted += 1;
        self.oldest = self.oldest.or(Some(at));
        self.newest = Some(at);
        if users.len() < limits::ESTIMATE_USERS_MAX {
            users.extend(event.identities.user.or(event.identities.anonymous));
        }
    }
}

/// Why an event in such a gap is not sent.
pub fn lost_reason(reason: GapReason) -> Reason {
    match reason {
        GapReason::Trimmed => Reason::Trimmed,
        GapReason::Quarantined => Reason::Quarantined,
    }
}

impl Speed {
    /// How fast a replay with these bounds is, by the latest deliveries of its destination.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn of(
        store: &Store,
        destination: &DestinationId,
        bounds: Bounds,
    ) -> Result<Self, StorageError> {
        let query = AttemptQuery {
            destination: Some(destination.clone()),
            fate: Some(Fate::Delivered),
            rows_max: limits::ESTIMATE_ATTEMPTS,
            ..AttemptQuery::default()
        };
        let latest = store.ledger.attempts(query).await?.attempts;
        let took: u64 = latest.iter().map(|one| u64::from(one.duration_us)).sum();
        let average = took.checked_div(latest.len() as u64).map(Duration::from_micros);
        Ok(Self { bounds, attempt_time: average })
    }

    /// How long so many deliveries take; none where nobody can say.
    pub fn time_of(&self, deliveries: u64) -> Option<Duration> {
        let by_rate = self.bounds.rate.map(Rate::per_second);
        let by_attempts = self
            .attempt_time
            .map(|time| f64::from(self.bounds.concurrency) / time.as_secs_f64().max(1e-4));
        let per_second = match (by_rate, by_attempts) {
            (Some(one), Some(other)) => one.min(other),
            (one, other) => one.or(other)?,
        };
        Duration::try_from_secs_f64(deliveries as f64 / per_second).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use domain::delivery::Trace;
    use domain::event::{EventKind, Identities};
    use domain::replay::{Cause, Pace, Scope};
    use storage::{AttemptRecord, Settlement, memory};

    use super::*;
    use crate::replay::fit;
    use crate::samples::{append, connect, destination, destination_id};

    /// What was given up at 1, 3 and 7, of ten events of which the first four are gone.
    async fn estimated(change: impl FnOnce(&mut Scope)) -> (u64, Vec<(&'static str, u64)>) {
        let store = memory::open();
        connect(&store, destination(true), 1).await;
        for _ in 0..10 {
            append(&store, Timestamp(1)).await;
        }
        let gave_up = |seq| AttemptRecord {
            destination: destination_id(),
            seq: Seq(seq),
            kind: EventKind::Track,
            whose: Identities::default(),
            received_at: None,
            number: 1,
            at: Timestamp(1),
            duration_us: 1,
            status: 500,
            fate: Fate::GaveUp,
            reason: Reason::ServerError.code().to_owned(),
            detail: String::new(),
            trace: Trace::default(),
            replay: None,
        };
        let step = Settlement {
            reader: (&destination_id()).into(),
            cursor: Seq(11),
            opened: Vec::new(),
            closed: Vec::new(),
            attempts: [1, 3, 7].map(gave_up).to_vec(),
            filtered: Vec::new(),
            waiting: None,
        };
        store.schedule.commit(step).await.unwrap();
        store.journal.trim(Seq(5)).await.unwrap();
        let mut scope = Scope::between(Seq(1), Seq(100));
        change(&mut scope);
        let asked = scope.first;
        fit(&*store.journal, &mut scope).await.unwrap();
        let (intent, cause, pace) = (Intent::RecoverFailed, Cause::Asked, Pace::default());
        let plan = ReplayPlan { destination: destination_id(), intent, cause, scope, pace };
        let plan = Arc::new(plan);
        let mut told = estimate(&store, &plan, Duration::from_secs(60)).await.unwrap();
        told.count_gone(&store, &plan, asked).await.unwrap();
        (told.counted, told.passed.into_iter().collect())
    }

    #[tokio::test]
    async fn what_was_given_up_and_is_gone_is_told_as_passed() {
        assert_eq!(estimated(|_| {}).await, (1, vec![("trimmed", 2)]));
        assert_eq!(estimated(|scope| scope.first = Seq(2)).await, (1, vec![("trimmed", 1)]));
        assert_eq!(estimated(|scope| scope.end = Seq(3)).await, (0, vec![("trimmed", 1)]));
        assert_eq!(estimated(|scope| scope.first = Seq(5)).await, (1, vec![]));
        let one = |scope: &mut Scope| scope.places = [Seq(3)].into();
        assert_eq!(estimated(one).await, (0, vec![("trimmed", 1)]));
        let of_somebody = |scope: &mut Scope| scope.user = Some("u".to_owned());
        assert_eq!(estimated(of_somebody).await, (0, vec![]), "whose they were is not known");
    }

    #[test]
    fn the_slowest_bound_decides_how_long_it_takes() {
        let check = |rate: u32, attempt_ms: Option<u64>, want: Option<u64>| {
            let bounds = Bounds {
                concurrency: 10,
                rate: NonZeroU32::new(rate).map(Rate::bursting),
                stop_after: Duration::ZERO,
                probe_wait: Duration::ZERO,
            };
            let attempt_time = attempt_ms.map(Duration::from_millis);
            let time = Speed { bounds, attempt_time }.time_of(1_000);
            assert_eq!(time.map(|time| time.as_secs()), want, "{rate} {attempt_ms:?}");
        };
        check(0, None, None);
        check(50, None, Some(20));
        check(0, Some(100), Some(10));
        check(50, Some(100), Some(20));
        check(500, Some(100), Some(10));
    }
}
