//! Events that were filtered, until the cursor passes them.
//!
//! They are counted in the step that moves the cursor past them and in no other, so that a crash
//! neither forgets nor counts twice. A cursor stands still only at a delivery, so the events between
//! two deliveries are one sum, and there are never more sums than deliveries.

use std::collections::BTreeMap;

use domain::id::Seq;
use domain::reason::Reason;

/// Counts of reasons by the delivery that comes before the events.
#[derive(Debug)]
pub struct Filtered {
    /// The latest delivery that was offered.
    latest: Seq,
    sums: BTreeMap<Seq, BTreeMap<&'static str, u64>>,
}

impl Default for Filtered {
    fn default() -> Self {
        Self { latest: Seq(0), sums: BTreeMap::new() }
    }
}

impl Filtered {
    /// Notes a delivery: what is filtered from here on comes behind it.
    pub fn offered(&mut self, seq: Seq) {
        self.latest = seq;
    }

    /// Notes an event behind the latest delivery.
    pub fn add(&mut self, reason: Reason) {
        *self.sums.entry(self.latest).or_default().entry(reason.code()).or_default() += 1;
    }

    /// Whether there are events before the cursor.
    pub fn any_before(&self, cursor: Seq) -> bool {
        self.sums.first_key_value().is_some_and(|(delivery, _)| *delivery < cursor)
    }

    /// Takes out the counts of all events before the cursor.
    pub fn before(&mut self, cursor: Seq) -> BTreeMap<&'static str, u64> {
        let later = self.sums.split_off(&cursor);
        let mut counts = BTreeMap::new();
        for (reason, count) in std::mem::replace(&mut self.sums, later).into_values().flatten() {
            *counts.entry(reason).or_default() += count;
        }
        counts
    }
}
