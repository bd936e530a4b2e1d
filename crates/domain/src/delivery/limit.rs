//! The limit: how many attempts at a time an endpoint bears.
//!
//! It is judged by rounds of about as many attempts as it allows. A round of which two thirds fail,
//! or take far longer than they once did, lowers it; an endpoint that asks to slow down lowers it at
//! once. Every success raises it: by one until there was trouble, and then by one a round. An
//! endpoint that fails now and then is not slowed down, as fewer attempts would not help it.

use std::time::Duration;

use super::outcome::{Outcome, Verdict};
use super::policy::Class;
use crate::limits;
use crate::time::Timestamp;

/// How many attempts at a time an endpoint bears.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The most that may be.
    most: f64,
    value: f64,
    /// Until there is trouble it grows by one with every success.
    is_slow_start: bool,
    /// Trouble of attempts that started before this is known already.
    eased_at: Timestamp,
    round: Round,
    /// The shortest that a round's attempts took on average, in milliseconds.
    quickest_ms: f64,
}

/// What an attempt says of how much an endpoint bears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// It takes events, and bears this.
    Well,
    /// It refused this event, or was not asked: how long that took says nothing.
    Aside,
    /// It has trouble, of whatever kind.
    Trouble,
    /// It says that this is too much.
    TooMuch,
}

/// Attempts that ended since the limit was last judged.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    ended: u32,
    failed: u32,
    /// What those took that say something by it.
    took: Times,
    /// What those took that the endpoint has taken.
    taken: Times,
}

/// How long some attempts took together.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    attempts: u32,
    sum: Duration,
}

impl Sign {
    /// What an attempt says that failed with this class, if the endpoint is to blame for it.
    pub fn of(class: Option<Class>, outcome: &Outcome) -> Self {
        match class {
            None if outcome.verdict == Verdict::Taken => Self::Well,
            None => Self::Aside,
            Some(Class::Throttled) => Self::TooMuch,
            Some(_) => Self::Trouble,
        }
    }
}

impl Limit {
    /// A limit that nothing has lowered.
    pub fn new(most: u32) -> Self {
        let most = f64::from(most.max(1));
        Self {
            most,
            value: most,
            is_slow_start: true,
            eased_at: Timestamp(i64::MIN),
            round: Round::default(),
            quickest_ms: f64::INFINITY,
        }
    }

    /// Attempts that may be under way now; at least 1.
    pub fn now(&self) -> u32 {
        self.value as u32
    }

    /// Another most. One that was not lowered goes along.
    pub fn rebind(&mut self, most: u32) {
        let most = f64::from(most.max(1));
        let is_full = self.value >= self.most;
        self.most = most;
        self.value = if is_full { most } else { self.value.min(most) };
    }

    /// Begins with one attempt at a time again.
    pub fn start_slowly(&mut self) {
        (self.value, self.is_slow_start) = (1.0, true);
        self.round = Round::default();
    }

    /// Notes an attempt that has ended.
    pub fn note(&mut self, sign: Sign, started_at: Timestamp, now: Timestamp) {
        self.round.note(sign, now.since(started_at));
        match sign {
            Sign::Well | Sign::Aside => {
                let step = if self.is_slow_start { 1.0 } else { 1.0 / self.value };
                self.value = (self.value + step).min(self.most);
            }
            // Once for all attempts that met the same trouble.
            Sign::TooMuch if started_at >= self.eased_at => self.ease(now),
            Sign::Trouble | Sign::TooMuch => {}
        }
        if self.round.ended >= self.now().max(limits::ROUND_ATTEMPTS_MIN) {
            self.judge(now);
        }
    }

    fn judge(&mut self, now: Timestamp) {
        let Round { ended, failed, took, taken } = std::mem::take(&mut self.round);
        if let Some(average_ms) = taken.average_ms() {
            // What is normal may change, so the shortest time is forgotten slowly.
            self.quickest_ms = (self.quickest_ms * 1.01).min(average_ms.max(1.0));
        }
        let is_slow = took.average_ms().is_some_and(|average_ms| {
            average_ms > self.quickest_ms * limits::SLOW_FACTOR
                && average_ms > limits::SLOW_ATTEMPT.as_secs_f64() * 1_000.0
        });
        if failed * 3 > ended * 2 || is_slow {
            self.ease(now);
        }
    }

    fn ease(&mut self, now: Timestamp) {
        self.value = (self.value * limits::EASE_FACTOR).max(1.0);
        self.is_slow_start = false;
        self.eased_at = now;
    }
}

impl Round {
    fn note(&mut self, sign: Sign, took: Duration) {
        self.ended += 1;
        self.failed += u32::from(matches!(sign, Sign::Trouble | Sign::TooMuch));
        if sign != Sign::Aside {
            self.took.add(took);
        }
        // A connection that is refused at once teaches nothing of how quick the endpoint is.
        if sign == Sign::Well {
            self.taken.add(took);
        }
    }
}

impl Times {
    fn add(&mut self, took: Duration) {
        self.attempts += 1;
        self.sum += took;
    }

    /// None of none.
    fn average_ms(self) -> Option<f64> {
        (self.attempts > 0).then(|| self.sum.as_secs_f64() * 1_000.0 / f64::from(self.attempts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn at(millis: i64) -> Timestamp {
        Timestamp(NOW.0 + millis)
    }

    /// The limit of 64 after so many attempts with this sign out of ten, each taking so long.
    fn after(attempts: u32, troubled_of_ten: u32, took_ms: i64) -> u32 {
        let mut limit = Limit::new(64);
        run(&mut limit, attempts, troubled_of_ten, took_ms);
        limit.now()
    }

    fn run(limit: &mut Limit, attempts: u32, troubled_of_ten: u32, took_ms: i64) {
        for number in 0..attempts {
            // Seven has no factor in common with ten, so the troubled ones are spread.
            let is_troubled = number * 7 % 10 < troubled_of_ten;
            let sign = if is_troubled { Sign::Trouble } else { Sign::Well };
            limit.note(sign, NOW, at(took_ms));
        }
    }

    #[test]
    fn only_what_mostly_fails_is_slowed_down() {
        assert_eq!(after(10_000, 0, 1), 64);
        assert_eq!(after(10_000, 3, 1), 64);
        assert_eq!(after(10_000, 5, 1), 64);
        assert!(after(10_000, 9, 1) <= 3);
        assert_eq!(after(10_000, 10, 1), 1);
    }

    #[test]
    fn an_endpoint_that_asks_for_it_is_slowed_down_once_a_round() {
        let mut limit = Limit::new(100);
        for _ in 0..4 {
            limit.note(Sign::TooMuch, NOW, at(100));
        }
        assert_eq!(limit.now(), 70, "four attempts met the same trouble");
        limit.note(Sign::TooMuch, at(100), at(200));
        assert_eq!(limit.now(), 49);
        for _ in 0..48 {
            limit.note(Sign::Well, at(200), at(201));
        }
        assert_eq!(limit.now(), 49, "about one a round");
        limit.note(Sign::Well, at(200), at(201));
        limit.note(Sign::Well, at(200), at(201));
        assert_eq!(limit.now(), 50);
    }

    #[test]
    fn an_endpoint_that_gets_slower_under_load_is_slowed_down() {
        let mut limit = Limit::new(64);
        run(&mut limit, 640, 0, 40);
        assert_eq!(limit.now(), 64);
        run(&mut limit, 640, 0, 99);
        assert_eq!(limit.now(), 64, "still quick");
        run(&mut limit, 64, 0, 900);
        assert!(limit.now() < 64);
        assert_eq!(after(6_400, 0, 5_000), 64, "one that was never quicker is left alone");
    }

    #[test]
    fn what_was_not_taken_says_nothing_of_how_quick_an_endpoint_is() {
        for sign in [Sign::Aside, Sign::Trouble] {
            let mut limit = Limit::new(64);
            for _ in 0..6_400 {
                limit.note(sign, NOW, at(1));
            }
            limit.start_slowly();
            run(&mut limit, 640, 0, 300);
            assert_eq!(limit.now(), 64, "{sign:?}");
            run(&mut limit, 64, 0, 2_000);
            assert!(limit.now() < 64, "it is known now");
        }
    }

    #[test]
    fn a_slow_start_grows_by_one_with_every_success() {
        let mut limit = Limit::new(64);
        limit.start_slowly();
        for want in 1..=20 {
            assert_eq!(limit.now(), want);
            limit.note(Sign::Well, NOW, at(1));
        }
    }

    #[test]
    fn another_most_takes_a_full_limit_along() {
        let mut limit = Limit::new(8);
        limit.rebind(20);
        assert_eq!(limit.now(), 20);
        limit.note(Sign::TooMuch, NOW, NOW);
        limit.rebind(30);
        assert_eq!(limit.now(), 14);
        limit.rebind(0);
        assert_eq!(limit.now(), 1);
    }
}
