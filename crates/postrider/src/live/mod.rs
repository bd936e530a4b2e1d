//! What people see while it happens: counters, gauges and notices, written without waiting for anybody.

mod refusals;
mod seconds;
mod filtered;
mod first_left;
mod histogram;
mod notices;
mod flow;
mod wishes;
mod work;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::time::Timestamp;
use storage::Reader;

pub use filtered::{FilteredSample, FilteredSamples};
pub use first_left::FirstLeft;
pub use flow::FlowGauge;
pub use histogram::{Histogram, Times};
pub use notices::{Notices, Settled, SettledAside, Told};
pub use refusals::{Cause, Refusals, Tally};
pub use seconds::{Moment, Seconds};
pub use wishes::{Asked, Standing, Wish, Wishes};
pub use work::Work;

/// What the server has done since it started.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Events stored.
    pub accepted: AtomicU64,
    /// Events that had been stored already, and were not stored again.
    pub duplicates: AtomicU64,
    /// Connections closed for want of room.
    pub turned_away: AtomicU64,
    /// Whether what was stored before the start is known, so that its resends are told.
    pub is_recalled: AtomicBool,
    /// Whether the disk has less room than it should, so that no events are taken.
    pub is_disk_low: AtomicBool,
    /// Bytes of the disk that are free; the largest number where nobody can say.
    pub disk_free_bytes: AtomicU64,
    /// When old events were removed last, since the start.
    pub trimmed_at: Mutex<Option<Timestamp>>,
    /// What retention has left.
    pub first_left: FirstLeft,
    /// How long it takes until a batch of events is on disk.
    pub store_time: Histogram,
    /// Requests and events refused.
    pub refusals: Refusals,
    /// The last hour, second by second.
    pub seconds: Seconds,
    /// What is told to those who watch.
    pub notices: Arc<Notices>,
    /// What has become of spans.
    pub spans: SpanCounts,
    readers: Mutex<HashMap<Reader, Arc<DestinationGauge>>>,
}

/// Spans since the server started.
#[derive(Debug, Default)]
pub struct SpanCounts {
    /// The collector has taken them.
    pub taken: AtomicU64,
    /// There was no room for them.
    pub crowded_out: AtomicU64,
    /// The collector has refused them.
    pub refused: AtomicU64,
    /// They could not be sent in time.
    pub unsent: AtomicU64,
}

/// What is going on at one destination, or in one replay to it.
#[derive(Debug)]
pub struct DestinationGauge {
    /// The largest number where nobody has read yet.
    read_from: AtomicU64,
    /// The largest number where it gets what comes.
    gets_until: AtomicU64,
    unfinished: AtomicU64,
    retrying: AtomicU64,
    /// 0 where nothing is due.
    next_retry_at: AtomicI64,
    /// 0 where nothing waits.
    oldest_at: AtomicI64,
    /// What attempts have come to.
    pub work: Work,
    /// The latest events that were filtered.
    pub filtered: FilteredSamples,
    /// How its deliveries fare.
    pub flow: FlowGauge,
    /// What people ask for.
    pub wishes: Wishes,
}

/// What a destination has left to do.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// The first event that it has not looked at.
    pub read_from: Seq,
    /// The first event that it does not get, as it is away; none where it gets what comes.
    pub gets_until: Option<Seq>,
    /// Deliveries that were begun and are not finished.
    pub unfinished: u64,
    /// Of those, how many have failed and wait for their next try.
    pub retrying: u64,
    /// When the first of these is due.
    pub next_retry_at: Option<Timestamp>,
    /// When the first of the deliveries that are not finished was received.
    pub oldest_at: Option<Timestamp>,
}

/// A moment of a destination.
#[derive(Clone, Copy, Debug, Default)]
pub struct Glance {
    /// Events not delivered yet.
    pub waiting: u64,
    /// Of those, how many have failed and wait for their next try.
    pub retrying: u64,
    /// When the next try is due.
    pub next_retry_at: Option<Timestamp>,
    /// When the first event was received that was looked at and not delivered.
    pub oldest_at: Option<Timestamp>,
}

impl Gauges {
    /// The gauge of a destination; made when it is first asked for.
    pub fn of(&self, id: &DestinationId) -> Arc<DestinationGauge> {
        self.of_reader(&id.into())
    }

    /// The gauge of a reader; made when it is first asked for.
    pub fn of_reader(&self, reader: &Reader) -> Arc<DestinationGauge> {
        let mut gauges = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.entry(reader.clone()).or_default().clone()
    }

    /// The gauge of a reader, where somebody has asked for it.
    pub fn find(&self, reader: &Reader) -> Option<Arc<DestinationGauge>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).get(reader).cloned()
    }

    /// Nobody reads for this one any more.
    pub fn forget(&self, reader: &Reader) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).remove(reader);
    }
}

impl Default for DestinationGauge {
    fn default() -> Self {
        Self {
            read_from: AtomicU64::new(u64::MAX),
            gets_until: AtomicU64::new(u64::MAX),
            unfinished: AtomicU64::default(),
            retrying: AtomicU64::default(),
            next_retry_at: AtomicI64::default(),
            oldest_at: AtomicI64::default(),
            work: Work::default(),
            filtered: FilteredSamples::default(),
            flow: FlowGauge::default(),
            wishes: Wishes::default(),
        }
    }
}

impl DestinationGauge {
    /// Notes how much is left to do.
    pub fn report(&self, left: Left) {
        self.read_from.store(left.read_from.0, Relaxed);
        self.gets_until.store(left.gets_until.map_or(u64::MAX, |end| end.0), Relaxed);
        self.unfinished.store(left.unfinished, Relaxed);
        self.retrying.store(left.retrying, Relaxed);
        self.next_retry_at.store(left.next_retry_at.map_or(0, |at| at.0), Relaxed);
        self.oldest_at.store(left.oldest_at.map_or(0, |at| at.0), Relaxed);
    }

    /// The first event that was not looked at; none where nobody has read yet.
    pub fn read_from(&self) -> Option<Seq> {
        Some(self.read_from.load(Relaxed)).filter(|seq| *seq != u64::MAX).map(Seq)
    }

    /// What is going on where the journal's next event gets the place `head`. Places that a restore
    /// has passed over, always a multiple of one large number, hold no events.
    pub fn glance(&self, head: Seq) -> Glance {
        let time = |at: &AtomicI64| Some(at.load(Relaxed)).filter(|at| *at != 0).map(Timestamp);
        let end = head.0.min(self.gets_until.load(Relaxed));
        let behind = end.saturating_sub(self.read_from.load(Relaxed));
        Glance {
            waiting: (behind + self.unfinished.load(Relaxed)) % limits::RESTORE_SKIP,
            retrying: self.retrying.load(Relaxed),
            next_retry_at: time(&self.next_retry_at),
            oldest_at: time(&self.oldest_at),
        }
    }
}
