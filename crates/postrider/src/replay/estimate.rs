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
use domain::replay::ReplayPlan;
use domain::time::Timestamp;
use storage::{AttemptQuery, Fate, StorageError, Store, StoredEvent};

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
    fn add(&mut self, portion: Portion, users: &mut HashSet<IdentityHash>) {
        for (event, verdict) in portion.picked {
            match verdict {
                Verdict::Passes => self.count(&event, users),
                Verdict::Filtered(reason) => *self.passed.entry(reason.code()).or_default() += 1,
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

    use super::*;

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
