//! The last hour, second by second: what happened in each, for lines that people look at.
//!
//! Only seconds in which something happened take room, and only so many sources and destinations are
//! told apart; all of them together always are.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use domain::limits;
use domain::time::Timestamp;
use storage::Scope;

/// What happened since the server started, as far as an hour back.
#[derive(Debug, Default)]
pub struct Seconds(Mutex<BTreeMap<Key, VecDeque<(i64, Moment)>>>);

/// Whose, and all together.
type Key = (Kind, String);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Everything,
    Source,
    Destination,
}

/// What happened in a second.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moment {
    pub accepted: u64,
    pub rejected: u64,
    pub delivered_first_try: u64,
    pub delivered_on_retry: u64,
    pub gave_up: u64,
    pub expired: u64,
    pub failed_attempts: u64,
}

impl Moment {
    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.delivered_first_try += other.delivered_first_try;
        self.delivered_on_retry += other.delivered_on_retry;
        self.gave_up += other.gave_up;
        self.expired += other.expired;
        self.failed_attempts += other.failed_attempts;
    }
}

impl Seconds {
    /// Adds what happened of a source, or at a destination.
    pub fn add(&self, scope: &Scope, at: Timestamp, moment: Moment) {
        if moment == Moment::default() {
            return;
        }
        let second = at.0.div_euclid(1_000);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in [(Kind::Everything, String::new()), key(scope)] {
            if all.contains_key(&key) || all.len() < limits::SECONDS_SERIES_MAX {
                add(all.entry(key).or_default(), second, moment);
            }
        }
    }

    /// What happened in each second from then on, before that; in order, those without anything left
    /// out.
    pub fn read(&self, scope: &Scope, from: Timestamp, to: Timestamp) -> Vec<(i64, Moment)> {
        let seconds = from.0.div_euclid(1_000)..to.0.div_euclid(1_000);
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.get(&key(scope)).into_iter().flatten();
        own.filter(|(second, _)| seconds.contains(second)).copied().collect()
    }
}

fn key(scope: &Scope) -> Key {
    match scope {
        Scope::Intake(Some(id)) => (Kind::Source, id.as_str().to_owned()),
        Scope::Deliveries(Some(id)) => (Kind::Destination, id.as_str().to_owned()),
        Scope::All | Scope::Intake(None) | Scope::Deliveries(None) => {
            (Kind::Everything, String::new())
        }
    }
}

/// Adds to a second, which may be an earlier one than the last.
fn add(own: &mut VecDeque<(i64, Moment)>, second: i64, moment: Moment) {
    let place = own.partition_point(|(known, _)| *known < second);
    match own.get_mut(place) {
        Some((known, sum)) if *known == second => sum.add(moment),
        _ => own.insert(place, (second, moment)),
    }
    let newest = own.back().map_or(second, |(newest, _)| *newest);
    while own.front().is_some_and(|(oldest, _)| *oldest <= newest - limits::SECONDS_KEPT) {
        own.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use domain::id::{DestinationId, SourceId};

    use super::*;

    fn accepted(accepted: u64) -> Moment {
        Moment { accepted, ..Moment::default() }
    }

    fn of(source: &str) -> Scope {
        Scope::Intake(Some(SourceId::new(source)))
    }

    #[test]
    fn seconds_add_up_for_each_and_for_all() {
        let seconds = Seconds::default();
        for (source, ms, count) in
            [("a", 5_000, 1), ("b", 5_999, 2), ("a", 4_000, 3), ("a", 5_001, 4)]
        {
            seconds.add(&of(source), Timestamp(ms), accepted(count));
        }
        let gave_up = Moment { gave_up: 1, ..Moment::default() };
        let hooks = Scope::Deliveries(Some(DestinationId::new("a")));
        seconds.add(&hooks, Timestamp(5_000), gave_up);
        let read = |scope: &Scope| seconds.read(scope, Timestamp(4_000), Timestamp(6_000));
        assert_eq!(read(&of("a")), [(4, accepted(3)), (5, accepted(5))]);
        assert_eq!(read(&hooks), [(5, gave_up)]);
        assert_eq!(
            read(&Scope::All),
            [(4, accepted(3)), (5, Moment { gave_up: 1, ..accepted(7) })]
        );
        assert_eq!(seconds.read(&of("a"), Timestamp(5_000), Timestamp(5_999)), []);
        assert_eq!(read(&of("c")), []);
    }

    #[test]
    fn an_hour_and_a_number_of_series_are_kept() {
        let seconds = Seconds::default();
        for number in 0..limits::SECONDS_KEPT + 10 {
            seconds.add(&of("a"), Timestamp(number * 1_000), accepted(1));
        }
        let all = seconds.read(&of("a"), Timestamp(0), Timestamp(i64::MAX));
        assert_eq!((all.len() as i64, all[0].0), (limits::SECONDS_KEPT, 10));
        for number in 0..limits::SECONDS_SERIES_MAX * 2 {
            seconds.add(&of(&number.to_string()), Timestamp(9_000_000), accepted(1));
        }
        assert_eq!(seconds.0.lock().unwrap().len(), limits::SECONDS_SERIES_MAX);
        let all = seconds.read(&Scope::All, Timestamp(9_000_000), Timestamp(i64::MAX));
        assert_eq!(all, [(9_000, accepted(limits::SECONDS_SERIES_MAX as u64 * 2))]);
    }
}
