//! Refusals: how many requests and events were refused, by source and reason.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use domain::id::SourceId;
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;

/// What was refused since the server started.
#[derive(Debug, Default)]
pub struct Refusals {
    total: AtomicU64,
    tallies: Mutex<HashMap<Cause, Tally>>,
}

/// Why something was refused.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cause {
    /// Whose it was, where that is known.
    pub source: Option<SourceId>,
    /// The reason.
    pub reason: Reason,
    /// What tells it from others of that reason: the ending of a key, an origin; mostly nothing.
    pub about: String,
}

/// How often something was refused for one cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// When last.
    pub last_at: Timestamp,
}

impl Refusals {
    /// Counts one more.
    pub fn add(&self, cause: Cause, at: Timestamp) {
        self.total.fetch_add(1, Relaxed);
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = tallies.contains_key(&cause);
        // Keys and origins are anybody's to invent: what is one too many is counted without its own.
        let cause = match is_known || tallies.len() < limits::REFUSAL_CAUSES_MAX {
            true => cause,
            false => Cause { about: String::new(), ..cause },
        };
        let tally = tallies.entry(cause).or_insert(Tally { count: 0, last_at: at });
        tally.count += 1;
        tally.last_at = tally.last_at.max(at);
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total.load(Relaxed)
    }

    /// How many there were for each cause, the latest first.
    pub fn tallies(&self) -> Vec<(Cause, Tally)> {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tallies: Vec<_> =
            tallies.iter().map(|(cause, one)| (cause.clone(), *one)).collect();
        tallies.sort_by_key(|(_, one)| std::cmp::Reverse(one.last_at));
        tallies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(about: &str) -> Cause {
        Cause { source: None, reason: Reason::BadKey, about: about.to_owned() }
    }

    #[test]
    fn each_cause_is_counted_and_the_latest_comes_first() {
        let refusals = Refusals::default();
        for (about, at) in [("a", 1), ("b", 2), ("a", 3), ("a", 2)] {
            refusals.add(cause(about), Timestamp(at));
        }
        let tally = |count, at| Tally { count, last_at: Timestamp(at) };
        let want = [(cause("a"), tally(3, 3)), (cause("b"), tally(1, 2))];
        assert_eq!((refusals.tallies(), refusals.total()), (want.to_vec(), 4));
    }

    #[test]
    fn what_anybody_can_invent_is_bounded() {
        let refusals = Refusals::default();
        for number in 0..limits::REFUSAL_CAUSES_MAX + 10 {
            refusals.add(cause(&format!("key {number}")), Timestamp(1));
        }
        refusals.add(cause("key 0"), Timestamp(2));
        let tallies = refusals.tallies();
        assert_eq!(tallies.len(), limits::REFUSAL_CAUSES_MAX + 1);
        assert_eq!((tallies[0].0.about.as_str(), tallies[0].1.count), ("key 0", 2));
        let others = tallies.iter().find(|(cause, _)| cause.about.is_empty());
        assert_eq!(others.map(|(_, tally)| tally.count), Some(10));
    }
}
