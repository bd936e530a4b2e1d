//! What the attempts of a destination have come to since the server started.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use domain::delivery::policy::Class;

use super::histogram::{Histogram, Times};

/// What attempts have come to.
#[derive(Debug, Default)]
pub struct Work {
    took: Histogram,
    until_delivered: Histogram,
    delivered: AtomicU64,
    failed: [AtomicU64; Class::ALL.len()],
}

impl Work {
    /// An attempt has ended: how it failed, where it did, and how long it took.
    pub fn ended(&self, class: Option<Class>, took: Duration) {
        let counter = class.map_or(&self.delivered, |class| &self.failed[class as usize]);
        counter.fetch_add(1, Relaxed);
        self.took.note(took);
    }

    /// An event was delivered so long after it was received.
    pub fn delivered(&self, after: Duration) {
        self.until_delivered.note(after);
    }

    /// How many attempts failed in each way, and how many did not.
    pub fn attempts(&self) -> impl Iterator<Item = (Option<Class>, u64)> {
        let failed =
            Class::ALL.iter().zip(&self.failed).map(|(class, count)| (Some(*class), count));
        [(None, &self.delivered)]
            .into_iter()
            .chain(failed)
            .map(|(class, count)| (class, count.load(Relaxed)))
    }

    /// How long attempts took.
    pub fn took(&self) -> Times {
        self.took.times()
    }

    /// How long after they were received events were delivered.
    pub fn until_delivered(&self) -> Times {
        self.until_delivered.times()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_count_by_what_they_came_to() {
        let work = Work::default();
        for class in Class::ALL {
            work.ended(Some(class), Duration::from_millis(3));
            let count = work.attempts().find(|(known, _)| *known == Some(class));
            assert_eq!(count, Some((Some(class), 1)), "{class:?}");
        }
        work.ended(None, Duration::from_millis(3));
        assert_eq!(work.attempts().next(), Some((None, 1)));
        assert_eq!((work.took().count, work.until_delivered().count), (11, 0));
    }
}
