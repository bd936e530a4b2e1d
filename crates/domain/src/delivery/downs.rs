//! The times in which an endpoint took nothing: they age no delivery.
//!
//! In come the intervals, as each ends; out goes how much of a delivery's life they were. A delivery that
//! waited through an outage of days is as young after it as it was before.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits;
use crate::time::Timestamp;

/// The latest times in which nothing was taken, in order.
#[derive(Clone, Debug, Default)]
pub struct Downs(VecDeque<(Timestamp, Timestamp)>);

impl Downs {
    /// Notes that nothing was taken from one time to another. Where many are known, the two oldest become
    /// one, and what was taken between them counts no more.
    pub fn add(&mut self, from: Timestamp, until: Timestamp) {
        self.0.push_back((from, until));
        if self.0.len() > limits::DOWNS_KEPT_MAX
            && let (Some((first, _)), Some(second)) = (self.0.pop_front(), self.0.front_mut())
        {
            second.0 = first;
        }
    }

    /// How long nothing was taken since then.
    pub fn since(&self, then: Timestamp) -> Duration {
        self.0.iter().map(|(from, until)| until.since(*from.max(&then))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn downs(intervals: impl IntoIterator<Item = (i64, i64)>) -> Downs {
        let mut downs = Downs::default();
        for (from, until) in intervals {
            downs.add(Timestamp(from), Timestamp(until));
        }
        downs
    }

    #[test]
    fn what_counts_is_the_part_of_each_that_came_later() {
        let downs = downs([(10, 20), (30, 35), (50, 40)]);
        let check = |then, millis| {
            assert_eq!(downs.since(Timestamp(then)), Duration::from_millis(millis), "{then}");
        };
        check(0, 15);
        check(10, 15);
        check(18, 7);
        check(20, 5);
        check(34, 1);
        check(36, 0);
    }

    #[test]
    fn of_many_the_oldest_become_one() {
        let kept = limits::DOWNS_KEPT_MAX as i64;
        let downs = downs((0..=kept).map(|at| (at * 10, at * 10 + 1)));
        assert_eq!(downs.0.len() as i64, kept);
        assert_eq!(downs.since(Timestamp(0)), Duration::from_millis(11 + kept as u64 - 1));
    }
}
