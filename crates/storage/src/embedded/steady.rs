//! The time of day as far as it can be believed, for what is removed because of its age.
//!
//! In come times as they are told, out goes how late it can be. A clock that is set forward by months for
//! a while would take along all that is older than it says.

use std::time::Instant;

use domain::time::Timestamp;

use super::limits;

/// How late it was when somebody last said so.
pub struct Steady {
    /// The newest that is known from before.
    floor: Timestamp,
    reached: Option<(Instant, Timestamp)>,
}

impl Steady {
    /// Goes on from the newest of what is stored. What is told first is believed: how long nothing ran
    /// before it nobody knows.
    pub fn from(newest: Option<Timestamp>) -> Self {
        Self { floor: newest.unwrap_or(Timestamp(i64::MIN)), reached: None }
    }

    /// The latest that it can be where somebody says that it is `told`: no more later than it was last
    /// than twice the time that has passed since.
    pub fn believe(&mut self, told: Timestamp) -> Timestamp {
        self.believe_at(told, Instant::now())
    }

    fn believe_at(&mut self, told: Timestamp, now: Instant) -> Timestamp {
        let (since, reached) = self.reached.unwrap_or((now, told.max(self.floor)));
        let passed = now.saturating_duration_since(since);
        let limit = reached.plus(passed.saturating_mul(2));
        // It goes on while a clock stands still or is behind.
        self.reached = Some((now, told.clamp(reached.plus(passed), limit)));
        told.min(limit.plus(limits::CLOCK_SLACK))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn time_goes_on_and_does_not_jump_however_long_it_has_gone_on() {
        let (start, first) = (Instant::now(), Timestamp(1_700_000_000_000));
        for days in [0, 1, 500] {
            let mut steady = Steady::from(None);
            for day in 0..=days {
                let at = first.plus(DAY * day);
                assert_eq!(steady.believe_at(at, start + DAY * day), at);
            }
            let (now, at) = (start + DAY * days, first.plus(DAY * days));
            let believed = steady.believe_at(at.plus(DAY * 1_000), now + DAY / 24);
            assert_eq!(
                believed,
                at.plus(DAY / 24 * 2).plus(limits::CLOCK_SLACK),
                "after {days} days"
            );
            assert_eq!(steady.believe_at(Timestamp(5), now + DAY), Timestamp(5), "it may go back");
            let later = at.plus(DAY);
            assert_eq!(steady.believe_at(later, now + DAY), later, "and is right again");
        }
    }

    #[test]
    fn a_clock_that_was_behind_at_the_start_is_believed_when_it_is_right() {
        let (start, newest) = (Instant::now(), Timestamp(1_700_000_000_000));
        let mut steady = Steady::from(Some(newest));
        assert_eq!(steady.believe_at(Timestamp(0), start), Timestamp(0));
        let now = newest.plus(Duration::from_secs(60));
        assert_eq!(steady.believe_at(now, start), now);
        let mut steady = Steady::from(Some(newest));
        let now = newest.plus(DAY * 90);
        assert_eq!(steady.believe_at(now, start), now, "it was off for long");
    }
}
