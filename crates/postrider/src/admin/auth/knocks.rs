//! Knocks: who has tried to log in lately, and who has to wait.
//!
//! A try counts for its name, for the address it comes from, and for the two together. From one address
//! a name can be tried a few times a minute, far below what the name itself may be tried: so whoever
//! guesses from one address does not keep out its owner, who comes from another. A login that succeeds
//! does not count.
//!
//! What is counted lies in a table of fixed size, whose places are drawn by a hash with a key of this
//! process: nobody can fill the memory, or aim at somebody else's place.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::limits::{self, LoginRate};

use crate::address::Site;
use crate::clock::Stopwatch;

/// Who has tried to log in lately.
pub struct Knocks {
    began: Stopwatch,
    keys: RandomState,
    /// Until when each place is used up, in nanoseconds since then.
    places: Mutex<Box<[u64]>>,
}

/// Somebody who tries to log in.
#[derive(Clone, Copy, Debug)]
pub struct Knock<'a> {
    /// From where.
    pub site: Site,
    /// As whom.
    pub name: &'a str,
}

impl Default for Knocks {
    fn default() -> Self {
        let places = vec![0; limits::LOGIN_PLACES].into_boxed_slice();
        Self { began: Stopwatch::start(), keys: RandomState::new(), places: Mutex::new(places) }
    }
}

impl Knocks {
    /// Counts a try.
    ///
    /// # Errors
    /// How long to wait, where there were too many; this one does not count then.
    pub fn count(&self, knock: Knock<'_>) -> Result<(), Duration> {
        self.count_at(knock, self.began.nanos())
    }

    /// Takes a try back that succeeded.
    pub fn forgive(&self, knock: Knock<'_>) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, rate) in self.places_of(knock) {
            places[place] = places[place].saturating_sub(nanos(rate.every));
        }
    }

    fn count_at(&self, knock: Knock<'_>, now: u64) -> Result<(), Duration> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = self.places_of(knock).map(|(place, rate)| {
            let used = places[place].max(now) + nanos(rate.every);
            let room = nanos(rate.every).saturating_mul(u64::from(rate.burst));
            (place, used, used.saturating_sub(now + room))
        });
        let wait = counted.iter().map(|(_, _, wait)| *wait).max().unwrap_or(0);
        if wait > 0 {
            return Err(Duration::from_nanos(wait));
        }
        for (place, used, _) in counted {
            places[place] = used;
        }
        Ok(())
    }

    fn places_of(&self, Knock { site, name }: Knock<'_>) -> [(usize, LoginRate); 3] {
        // As names are told apart by people.
        let name = name.to_ascii_lowercase();
        let place = |hash: u64| usize::try_from(hash % limits::LOGIN_PLACES as u64).unwrap_or(0);
        [
            (place(self.keys.hash_one((0, site))), limits::LOGINS_OF_ADDRESS),
            (place(self.keys.hash_one((1, &name))), limits::LOGINS_OF_NAME),
            (place(self.keys.hash_one((2, site, &name))), limits::LOGINS_OF_BOTH),
        ]
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn knock(address: u8, name: &str) -> Knock<'_> {
        Knock { site: Site::of(std::net::IpAddr::from([192, 0, 2, address])), name }
    }

    /// How many of so many tries are let in at this second.
    fn let_in(knocks: &Knocks, knock: Knock<'_>, tries: usize, second: u64) -> usize {
        (0..tries).filter(|_| knocks.count_at(knock, second * SECOND).is_ok()).count()
    }

    #[test]
    fn a_name_is_tried_five_times_a_minute_from_one_address() {
        let knocks = Knocks::default();
        assert_eq!(let_in(&knocks, knock(1, "anna"), 9, 0), 5);
        let wait = knocks.count_at(knock(1, "Anna"), 0).unwrap_err();
        assert_eq!(wait, Duration::from_secs(12));
        assert_eq!(let_in(&knocks, knock(2, "anna"), 1, 0), 1, "its owner is not kept out");
        assert_eq!(let_in(&knocks, knock(1, "anna"), 9, 11), 0);
        assert_eq!(let_in(&knocks, knock(1, "anna"), 9, 12), 1);
        assert_eq!(let_in(&knocks, knock(1, "anna"), 9, 500), 5);
    }

    #[test]
    fn an_address_tries_twenty_times_a_minute_and_a_name_is_tried_thirty_times() {
        let knocks = Knocks::default();
        let names: Vec<String> = (0..40).map(|number| format!("user-{number}")).collect();
        let tried = names.iter().map(|name| let_in(&knocks, knock(1, name), 1, 0)).sum::<usize>();
        assert_eq!(tried, 20);
        let knocks = Knocks::default();
        let tried = (0..50).map(|address| let_in(&knocks, knock(address, "anna"), 1, 0));
        assert_eq!(tried.sum::<usize>(), 30);
    }

    #[test]
    fn who_comes_in_has_not_tried() {
        let knocks = Knocks::default();
        for _ in 0..50 {
            knocks.count_at(knock(1, "anna"), SECOND).unwrap();
            knocks.forgive(knock(1, "anna"));
        }
        assert_eq!(let_in(&knocks, knock(1, "anna"), 9, 1), 5);
    }
}
