//! The latest events that a destination did not get because they were filtered.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::id::Seq;
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;

/// An event that was filtered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FilteredSample {
    /// Its place.
    pub seq: Seq,
    /// When it was filtered.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// The latest ones, since the server started.
#[derive(Debug, Default)]
pub struct FilteredSamples(Mutex<VecDeque<FilteredSample>>);

impl FilteredSamples {
    /// Notes one; the oldest makes room.
    pub fn note(&self, sample: FilteredSample) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        samples.truncate(limits::FILTERED_SAMPLES_MAX - 1);
        samples.push_front(sample);
    }

    /// The latest first.
    pub fn latest(&self) -> Vec<FilteredSample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_and_come_first() {
        let samples = FilteredSamples::default();
        for number in 1..=limits::FILTERED_SAMPLES_MAX as u64 + 5 {
            let (at, reason) = (Timestamp(0), Reason::FilteredType);
            samples.note(FilteredSample { seq: Seq(number), at, reason });
        }
        let latest = samples.latest();
        assert_eq!(latest.len(), limits::FILTERED_SAMPLES_MAX);
        assert_eq!((latest[0].seq, latest[1].seq), (Seq(55), Seq(54)));
    }
}
