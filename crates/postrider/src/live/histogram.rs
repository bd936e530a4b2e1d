//! A histogram of times, written by many threads without waiting for each other.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The upper bounds of the buckets, in microseconds: from what a good machine takes to what an
/// endpoint takes that was down for a day.
pub const BOUNDS_US: [u64; 18] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    600_000_000,
    3_600_000_000,
    86_400_000_000,
];

/// How often something took how long.
#[derive(Debug, Default)]
pub struct Histogram {
    /// The last one has what is above all bounds.
    counts: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

/// A moment of a histogram.
#[derive(Clone, PartialEq, Debug)]
pub struct Times {
    /// Seconds of all together.
    pub sum_seconds: f64,
    /// How many there were.
    pub count: u64,
    /// Upper bounds in seconds, each with how many were in its bucket and in no smaller one.
    pub buckets: Vec<(f64, u64)>,
}

impl Times {
    /// In seconds: so many of a hundred took no longer than this bound. None where there were none,
    /// or where one of them took longer than the longest bound.
    pub fn within(&self, percent: u64) -> Option<f64> {
        let wanted = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let holds = |(_, count): &&(f64, u64)| {
            seen += count;
            seen >= wanted
        };
        let (bound, _) = self.buckets.iter().find(holds)?;
        Some(*bound).filter(|bound| *bound < f64::INFINITY)
    }
}

impl Histogram {
    /// Notes that it took so long.
    pub fn note(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    /// What was noted until now.
    pub fn times(&self) -> Times {
        let counts = self.counts.iter().map(|count| count.load(Relaxed));
        let bounds = BOUNDS_US.iter().map(|us| seconds(*us)).chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(counts).collect();
        Times {
            sum_seconds: seconds(self.sum_us.load(Relaxed)),
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}

fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_holds_as_many_as_are_asked_for() {
        let times = |counts: &[u64]| {
            let bounds = [0.1, 0.5, f64::INFINITY];
            let buckets = bounds.into_iter().zip(counts.iter().copied()).collect();
            Times { sum_seconds: 0.0, count: counts.iter().sum(), buckets }
        };
        let check = |counts: &[u64], percent, want| {
            assert_eq!(times(counts).within(percent), want, "{percent} of {counts:?}");
        };
        check(&[99, 1, 0], 99, Some(0.1));
        check(&[98, 2, 0], 99, Some(0.5));
        check(&[0, 3, 0], 1, Some(0.5));
        check(&[98, 0, 2], 99, None);
        check(&[0, 0, 0], 99, None);
    }

    #[test]
    fn a_time_counts_in_the_smallest_bucket_that_holds_it() {
        let histogram = Histogram::default();
        let check = |us: u64, bound: f64| {
            let before = histogram.times();
            histogram.note(Duration::from_micros(us));
            let after = histogram.times();
            let grown = after.buckets.iter().zip(&before.buckets).find(|(new, old)| new != old);
            assert_eq!(grown.map(|(new, _)| new.0), Some(bound), "{us} us");
            assert_eq!(after.count, before.count + 1);
        };
        check(0, 0.001);
        check(1_000, 0.001);
        check(1_001, 0.0025);
        check(86_400_000_000, 86_400.0);
        check(86_400_000_001, f64::INFINITY);
        assert!((histogram.times().sum_seconds - 172_800.002_002).abs() < 1e-6);
    }

    #[test]
    fn bounds_rise() {
        assert!(BOUNDS_US.is_sorted());
    }
}
