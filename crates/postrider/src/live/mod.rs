//! What people see while it happens: counters and gauges, written without waiting for anybody.

mod refusals;
mod filtered;
mod flow;
mod wishes;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::DestinationId;
use domain::limits;
use domain::time::Timestamp;

pub use filtered::{FilteredSample, FilteredSamples};
pub use flow::{FlowGauge, FlowGlance};
pub use refusals::{Cause, Refusals, Tally};
pub use wishes::{Wish, Wishes};

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
    /// Requests and events refused.
    pub refusals: Refusals,
    destinations: Mutex<HashMap<DestinationId, Arc<DestinationGauge>>>,
}

/// What is going on at one destination.
#[derive(Debug, Default)]
pub struct DestinationGauge {
    waiting: AtomicU64,
    retrying: AtomicU64,
    /// 0 where nothing is due.
    next_retry_at: AtomicI64,
    /// The latest events that were filtered.
    pub filtered: FilteredSamples,
    /// How its deliveries fare.
    pub flow: FlowGauge,
    /// What people ask for.
    pub wishes: Wishes,
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
}

impl Gauges {
    /// The gauge of a destination; made when it is first asked for.
    pub fn of(&self, id: &DestinationId) -> Arc<DestinationGauge> {
        let mut gauges = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.entry(id.clone()).or_default().clone()
    }
}

impl DestinationGauge {
    /// Notes how much is left to do. Places that a restore has passed over, always the same large
    /// number, hold no events.
    pub fn report(&self, waiting: u64, retrying: u64, next: Option<Timestamp>) {
        self.waiting.store(waiting % limits::RESTORE_SKIP, Relaxed);
        self.retrying.store(retrying, Relaxed);
        self.next_retry_at.store(next.map_or(0, |at| at.0), Relaxed);
    }

    /// What is going on now.
    pub fn glance(&self) -> Glance {
        let next = self.next_retry_at.load(Relaxed);
        Glance {
            waiting: self.waiting.load(Relaxed),
            retrying: self.retrying.load(Relaxed),
            next_retry_at: (next != 0).then_some(Timestamp(next)),
        }
    }
}
