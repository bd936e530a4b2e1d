//! Refusals: how many requests and events were refused, by source and reason, and which of them are
//! worth a line in the list of rejections.
//!
//! Write keys and origins are anybody's to invent, and an SDK with a key that has ended sends on for
//! years. So what is told apart is bounded for each source and reason by itself, and of what can be
//! repeated at will only some are listed, one of them in a while; a count is kept of all. Nobody can
//! push out of sight what others were refused for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use domain::id::SourceId;
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;

/// What all causes have that are too many to be told apart.
const OTHERS: &str = "others, not told apart";

/// What was refused since the server started.
#[derive(Debug, Default)]
pub struct Refusals {
    total: AtomicU64,
    kinds: Mutex<HashMap<Kind, Kept>>,
}

/// Whose it was, where that is known, and the reason.
type Kind = (Option<SourceId>, Reason);

/// What is kept of one kind.
#[derive(Debug, Default)]
struct Kept {
    /// By what tells them apart.
    tallies: HashMap<String, Tally>,
    listing: Listing,
}

/// Which refusals of a flood are listed: some at first, then one in a while.
#[derive(Debug, Default)]
struct Listing {
    /// When the next one is listed, if some before had not been.
    due: Option<Timestamp>,
    /// Refused since the last one that is listed.
    unlisted: u64,
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
    /// Counts one more. Where it is to be listed, answers how many like it were not since the last
    /// one that was.
    pub fn add(&self, cause: Cause, at: Timestamp) -> Option<u64> {
        self.total.fetch_add(1, Relaxed);
        let Cause { source, reason, about } = cause;
        let repeats = repeats_at_will(source.as_ref(), reason);
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kinds.entry((source, reason)).or_default();
        kept.count(about, at);
        if repeats { kept.listing.count(at) } else { Some(0) }
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total.load(Relaxed)
    }

    /// How many there were for each source and reason.
    pub fn counts(&self) -> Vec<((Option<SourceId>, Reason), u64)> {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |kept: &Kept| kept.tallies.values().map(|tally| tally.count).sum();
        let mut counts: Vec<_> =
            kinds.iter().map(|(kind, kept)| (kind.clone(), count(kept))).collect();
        counts.sort_by(|(a, _), (b, _)| (&a.0, a.1.code()).cmp(&(&b.0, b.1.code())));
        counts
    }

    /// How many there were for each cause, the latest first.
    pub fn tallies(&self) -> Vec<(Cause, Tally)> {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let causes = kinds.iter().flat_map(|((source, reason), kept)| {
            let cause = |about: &String| Cause {
                source: source.clone(),
                reason: *reason,
                about: about.clone(),
            };
            kept.tallies.iter().map(move |(about, one)| (cause(about), *one))
        });
        let mut tallies: Vec<_> = causes.collect();
        tallies.sort_by_key(|(_, one)| std::cmp::Reverse(one.last_at));
        tallies
    }
}

/// Whether anybody can bring it about as often as they like, and each time says the same: what has no
/// source, a key that has ended, a page that may not send, a source that is switched off.
fn repeats_at_will(source: Option<&SourceId>, reason: Reason) -> bool {
    source.is_none()
        || matches!(reason, Reason::ExpiredKey | Reason::ForbiddenOrigin | Reason::DisabledSource)
}

impl Kept {
    fn count(&mut self, about: String, at: Timestamp) {
        let is_known = self.tallies.contains_key(&about);
        let about = match is_known || self.tallies.len() < limits::REFUSAL_CAUSES_MAX {
            true => about,
            false => OTHERS.to_owned(),
        };
        let tally = self.tallies.entry(about).or_insert(Tally { count: 0, last_at: at });
        tally.count += 1;
        tally.last_at = tally.last_at.max(at);
    }
}

impl Listing {
    /// Counts one; where it is to be listed, how many before it were not.
    fn count(&mut self, at: Timestamp) -> Option<u64> {
        let interval = i64::try_from(limits::REJECTION_INTERVAL.as_millis()).unwrap_or(i64::MAX);
        let earliest = Timestamp(at.0 - interval * (limits::REJECTIONS_AT_ONCE_MAX - 1));
        // A clock that was set back must not keep the list silent for long.
        let latest = Timestamp(at.0 + interval);
        let due = self.due.map_or(earliest, |due| due.clamp(earliest, latest));
        if due > at {
            self.due = Some(due);
            self.unlisted += 1;
            return None;
        }
        self.due = Some(Timestamp(due.0 + interval));
        Some(std::mem::take(&mut self.unlisted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn cause(about: &str) -> Cause {
        Cause { source: None, reason: Reason::BadKey, about: about.to_owned() }
    }

    fn of_source(id: &str, reason: Reason, about: &str) -> Cause {
        Cause { source: Some(SourceId::new(id)), reason, about: about.to_owned() }
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
    fn what_anybody_can_invent_is_bounded_and_hides_nothing_else() {
        let refusals = Refusals::default();
        let flood = limits::REFUSAL_CAUSES_MAX + 10;
        for number in 0..flood {
            refusals.add(cause(&format!("key {number}")), Timestamp(1));
            let page = format!("origin {number}");
            refusals.add(of_source("web", Reason::ForbiddenOrigin, &page), Timestamp(1));
        }
        refusals.add(cause("key 0"), Timestamp(2));
        let late = [
            of_source("web", Reason::ExpiredKey, "…x9f"),
            of_source("app", Reason::ForbiddenOrigin, "origin 7"),
        ];
        for cause in &late {
            refusals.add(cause.clone(), Timestamp(3));
        }
        let tallies = refusals.tallies();
        let count = |wanted: &Cause| {
            tallies.iter().find(|(cause, _)| cause == wanted).map(|(_, tally)| tally.count)
        };
        assert_eq!(tallies.len(), 2 * (limits::REFUSAL_CAUSES_MAX + 1) + 2);
        assert_eq!(count(&cause("key 0")), Some(2));
        assert_eq!(count(&cause(OTHERS)), Some(10));
        assert_eq!(late.map(|cause| count(&cause)), [Some(1); 2], "told apart all the same");
    }

    #[test]
    fn of_a_flood_one_in_a_while_is_listed_with_the_number_of_those_before_it() {
        let refusals = Refusals::default();
        let stranger = |at| refusals.add(cause("key"), Timestamp(at));
        for number in 0..limits::REJECTIONS_AT_ONCE_MAX {
            assert_eq!(stranger(1), Some(0), "{number}");
        }
        assert_eq!((stranger(1), stranger(MINUTE)), (None, None));
        assert_eq!(stranger(1 + MINUTE), Some(2));
        assert_eq!((stranger(2 + MINUTE), stranger(1 + 2 * MINUTE)), (None, Some(1)));
        assert_eq!((stranger(1), stranger(MINUTE)), (None, None), "the clock was set back");
        assert_eq!(stranger(1 + MINUTE), Some(2));
        let other = Cause { reason: Reason::MissingKey, ..cause("") };
        assert_eq!(refusals.add(other, Timestamp(1)), Some(0), "each reason has its own");
    }

    #[test]
    fn what_a_source_is_refused_for_is_listed_unless_it_repeats_at_will() {
        let listed = |source: Option<&str>, reason| {
            let refusals = Refusals::default();
            let source = source.map(SourceId::new);
            let cause = || Cause { source: source.clone(), reason, about: String::new() };
            (0..50).filter(|_| refusals.add(cause(), Timestamp(1)).is_some()).count()
        };
        assert_eq!(listed(Some("web"), Reason::MissingId), 50);
        assert_eq!(listed(None, Reason::BadJson), 10);
        for reason in [Reason::ExpiredKey, Reason::ForbiddenOrigin, Reason::DisabledSource] {
            assert_eq!(listed(Some("web"), reason), 10, "{reason:?}");
        }
    }
}
