//! The time of day as far as it can be believed, for what is removed because of its age.
//!
//! In come times as they are told, out goes how late it can be. A clock that is set forward by months for
//! a while would take along all that is older than it says.

use std::time::{Duration, Instant};

use domain::time::Timestamp;

/// How much later it may be than the time that has passed says. Source: chosen; clocks are set right by
/// less, and an hour is short beside what is kept.
const SLACK: Duration = Duration::from_secs(3600);

/// What was told first.
#[derive(Default)]
pub struct Steady(Option<(Instant, Timestamp)>);

impl Steady {
    /// The latest that it can be where somebody says that it is `told`: by what was told first, and twice
    /// the time that has passed since.
    pub fn believe(&mut self, told: Timestamp) -> Timestamp {
        let (since, first) = *self.0.get_or_insert_with(|| (Instant::now(), told));
        latest(first, since.elapsed()).min(told)
    }
}

fn latest(first: Timestamp, passed: Duration) -> Timestamp {
    first.plus(passed.saturating_mul(2)).plus(SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_and_does_not_jump() {
        let mut steady = Steady::default();
        let first = Timestamp(1_700_000_000_000);
        assert_eq!(steady.believe(first), first);
        assert_eq!(steady.believe(Timestamp(5)), Timestamp(5), "it may go back");
        let minute = first.plus(Duration::from_secs(60));
        assert_eq!(steady.believe(minute), minute);
        let month = Duration::from_secs(31 * 24 * 3600);
        assert!(steady.believe(first.plus(month)) < first.plus(SLACK * 2));
        assert_eq!(latest(first, month), first.plus(month * 2).plus(SLACK));
        assert_eq!(latest(Timestamp(i64::MAX), month), Timestamp(i64::MAX));
    }
}
