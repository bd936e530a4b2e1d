//! Buckets: how many events each source with a rate limit may send at the moment.
//!
//! All gateway threads share them; a bucket is one number that is changed without a lock, which only
//! refusals take. A source without a limit has none. A bucket lives as long as its source's limit
//! stays what it is, whatever else of the catalog changes.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::id::SourceId;
use domain::limits;
use domain::source::RateLimit;
use storage::Snapshot;

use crate::clock::Stopwatch;

/// The buckets of all sources that have a limit.
#[derive(Debug, Default)]
pub struct Buckets(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    /// Of the catalog that the buckets are made for.
    revision: u64,
    buckets: HashMap<SourceId, Arc<Bucket>>,
}

/// What one source may send.
#[derive(Debug)]
pub struct Bucket {
    limit: RateLimit,
    began: Stopwatch,
    /// Nanoseconds since then, as the limit counts them.
    arrival_ns: AtomicU64,
    refusals: Refusals,
}

/// Which refusals of a flood are listed: one in a while, with the count of those before it.
#[derive(Debug, Default)]
struct Refusals(Mutex<Listing>);

/// The one that was listed last, and what came since; one lock, so that none is counted as earlier
/// than a listed one that it came after.
#[derive(Debug, Default)]
struct Listing {
    /// From when on the next one is listed.
    again_ns: u64,
    /// Refused since, and not listed.
    unlisted: u64,
}

/// What a request has taken out of a bucket, in nanoseconds as its limit counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taken(u64);

/// Why a request may not pass.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overdrawn {
    /// How long none may.
    pub wait: Duration,
    /// What people are told of it; none where the last one they were told of is not long ago.
    pub detail: Option<String>,
}

impl Buckets {
    /// The buckets of this catalog's sources; those of a newer one where another thread has seen it.
    pub fn of(&self, snapshot: &Snapshot) -> HashMap<SourceId, Arc<Bucket>> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An older catalog must not bring back a limit, or two threads would count apart.
        if snapshot.revision >= shelf.revision {
            shelf.follow(snapshot);
        }
        shelf.buckets.clone()
    }
}

impl Shelf {
    fn follow(&mut self, snapshot: &Snapshot) {
        let limited = snapshot.workspace.sources.iter().filter_map(|source| {
            let limit = source.rate_limit?;
            let kept = self.buckets.get(&source.id).filter(|bucket| bucket.limit == limit);
            Some((source.id.clone(), kept.cloned().unwrap_or_else(|| Bucket::full(limit))))
        });
        self.buckets = limited.collect();
        self.revision = snapshot.revision;
    }
}

impl Bucket {
    fn full(limit: RateLimit) -> Arc<Self> {
        let (arrival_ns, refusals) = (AtomicU64::new(0), Refusals::default());
        Arc::new(Self { limit, began: Stopwatch::start(), arrival_ns, refusals })
    }

    /// Says whether a request of which nothing else is known may pass now.
    ///
    /// # Errors
    /// How long none may.
    pub fn check(&self) -> Result<(), Overdrawn> {
        self.check_at(self.began.nanos())
    }

    /// Takes the events of a request out, where it may pass with so many.
    ///
    /// # Errors
    /// How long it may not; nothing is taken then.
    pub fn take(&self, events: usize) -> Result<Taken, Overdrawn> {
        self.take_at(events, self.began.nanos())
    }

    /// Puts back what was taken out.
    pub fn give_back(&self, Taken(taken_ns): Taken) {
        // It always changes, so this cannot fail.
        let _ = self
            .arrival_ns
            .fetch_update(Relaxed, Relaxed, |arrival| Some(arrival.saturating_sub(taken_ns)));
    }

    fn check_at(&self, now_ns: u64) -> Result<(), Overdrawn> {
        match self.limit.wait(self.arrival_ns.load(Relaxed), 1, now_ns) {
            None => Ok(()),
            Some(wait) => Err(self.overdrawn(wait, now_ns)),
        }
    }

    fn take_at(&self, events: usize, now_ns: u64) -> Result<Taken, Overdrawn> {
        let mut arrival = self.arrival_ns.load(Relaxed);
        loop {
            let taken = self.limit.taken(arrival, events, now_ns);
            let taken = taken.map_err(|wait| self.overdrawn(wait, now_ns))?;
            match self.arrival_ns.compare_exchange_weak(arrival, taken, Relaxed, Relaxed) {
                Ok(_) => return Ok(Taken(taken - arrival.max(now_ns))),
                Err(newer) => arrival = newer,
            }
        }
    }

    fn overdrawn(&self, wait: Duration, now_ns: u64) -> Overdrawn {
        let detail = self.refusals.count(now_ns).map(|others| self.detail(others));
        Overdrawn { wait, detail }
    }

    fn detail(&self, others: u64) -> String {
        let RateLimit { events_per_second, burst } = self.limit;
        let limit = format!("more than {events_per_second} events a second, {burst} at once");
        match others {
            0 => limit,
            1 => format!("{limit}; 1 more request was refused before and is not listed"),
            _ => format!("{limit}; {others} more requests were refused before and are not listed"),
        }
    }
}

impl Refusals {
    /// Counts one; where it is to be listed, how many before it were not.
    fn count(&self, now_ns: u64) -> Option<u64> {
        let mut listing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ns < listing.again_ns {
            listing.unlisted += 1;
            return None;
        }
        let interval = u64::try_from(limits::RATE_REJECTION_INTERVAL.as_nanos());
        listing.again_ns = now_ns.saturating_add(interval.unwrap_or(u64::MAX));
        Some(mem::take(&mut listing.unlisted))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::Barrier;
    use std::thread;

    use domain::source::Source;
    use domain::workspace::Workspace;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn limit(events_per_second: u32, burst: u32) -> Option<RateLimit> {
        let events_per_second = NonZeroU32::new(events_per_second)?;
        Some(RateLimit { events_per_second, burst: NonZeroU32::new(burst)? })
    }

    fn snapshot(revision: u64, sources: &[(&str, Option<RateLimit>)]) -> Snapshot {
        let source = |(id, rate_limit): &(&str, Option<RateLimit>)| Source {
            rate_limit: *rate_limit,
            ..Source::new(SourceId::new(*id), *id, *id)
        };
        let sources = sources.iter().map(source).collect();
        let workspace = Workspace { sources, ..Workspace::default() };
        Snapshot { revision, workspace, ..Snapshot::default() }
    }

    #[test]
    fn a_bucket_lives_as_long_as_its_limit() {
        let buckets = Buckets::default();
        let app = SourceId::new("app");
        let now = |revision, sources: &[(&str, Option<RateLimit>)]| {
            buckets.of(&snapshot(revision, sources)).get(&app).cloned()
        };
        let first = now(1, &[("app", limit(5, 9)), ("free", None)]).unwrap();
        let same = |other: Option<Arc<Bucket>>| other.is_some_and(|it| Arc::ptr_eq(&it, &first));
        assert!(same(now(1, &[("app", limit(5, 9)), ("free", None)])), "another thread");
        assert!(same(now(2, &[("app", limit(5, 9)), ("more", limit(1, 1))])), "another change");
        let second = now(3, &[("app", limit(6, 9))]).unwrap();
        assert!(!Arc::ptr_eq(&first, &second), "another limit");
        let late = now(2, &[("app", limit(5, 9))]).unwrap();
        assert!(Arc::ptr_eq(&late, &second), "a thread that comes late has the newest");
        assert!(now(4, &[("app", None)]).is_none());
        assert!(!same(now(5, &[("app", limit(5, 9))])), "a limit that comes again is a new one");
    }

    #[test]
    fn of_a_flood_one_refusal_in_a_while_is_listed_with_the_count_of_the_others() {
        let bucket = Bucket::full(limit(1, 2).unwrap());
        let told = |now| bucket.check_at(now).map_err(|overdrawn| overdrawn.detail);
        assert_eq!(told(0), Ok(()));
        bucket.take_at(500, 0).unwrap();
        let limit = "more than 1 events a second, 2 at once";
        assert_eq!(told(0), Err(Some(limit.to_owned())));
        let taken = bucket.take_at(1, 1).map_err(|overdrawn| overdrawn.detail);
        assert_eq!(taken, Err(None), "it counts as well");
        assert_eq!(told(59 * SECOND), Err(None));
        let more = format!("{limit}; 2 more requests were refused before and are not listed");
        assert_eq!(told(60 * SECOND), Err(Some(more)));
        assert_eq!(told(61 * SECOND), Err(None));
        let more = format!("{limit}; 1 more request was refused before and is not listed");
        assert_eq!(told(200 * SECOND), Err(Some(more)));
        assert_eq!(told(1_000 * SECOND), Ok(()));
    }

    #[test]
    fn of_refusals_at_the_same_time_none_is_counted_before_the_first() {
        for _ in 0..300 {
            let (refusals, begin) = (Refusals::default(), Barrier::new(4));
            let told = thread::scope(|scope| {
                let count = || {
                    begin.wait();
                    (0..50).filter_map(|_| refusals.count(0)).collect::<Vec<u64>>()
                };
                let threads = [0; 4].map(|_| scope.spawn(count));
                threads.map(|thread| thread.join().unwrap()).concat()
            });
            assert_eq!(told, [0]);
            assert_eq!(refusals.count(60 * SECOND), Some(199));
        }
    }

    #[test]
    fn what_was_not_stored_is_given_back() {
        let bucket = Bucket::full(limit(1, 2).unwrap());
        let wait = || bucket.check_at(SECOND).map_err(|overdrawn| overdrawn.wait.as_secs());
        for (events, want) in [(7, 6), (5_000, 601)] {
            let taken = bucket.take_at(events, SECOND).unwrap();
            assert_eq!(wait(), Err(want), "{events}");
            bucket.give_back(taken);
            assert_eq!(wait(), Ok(()), "{events}");
            assert_eq!(bucket.arrival_ns.load(Relaxed), SECOND, "no more than was taken");
        }
    }

    #[test]
    fn threads_count_together_and_no_two_pass_with_the_same_events() {
        let bucket = Bucket::full(limit(1, 100_000).unwrap());
        let passed = AtomicU64::new(0);
        let take = || {
            for _ in 0..100_000 {
                passed.fetch_add(u64::from(bucket.take_at(1, 0).is_ok()), Relaxed);
            }
        };
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(take))));
        assert_eq!(passed.into_inner(), 100_000);
        assert_eq!(bucket.check_at(0).unwrap_err().wait, Duration::from_secs(1));
    }
}
