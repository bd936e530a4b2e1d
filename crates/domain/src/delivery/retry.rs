//! What to do after an attempt.

use std::time::Duration;

use super::outcome::Outcome;
use super::policy::{Class, Policy, Treatment};
use crate::time::Timestamp;

/// What has been tried of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tries {
    /// Attempts made, the one just ended included; at least 1.
    pub count: u32,
    /// When the first one began.
    pub first_at: Timestamp,
}

/// The moment at which an attempt ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Moment {
    /// When it is.
    pub now: Timestamp,
    /// A random number from 0 to 1.
    pub jitter: f64,
    /// What other deliveries say of the endpoint.
    pub endpoint: Endpoint,
}

/// What deliveries say of an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// It takes some of them.
    Up {
        /// How long it took none since the delivery was first tried.
        down: Duration,
    },
    /// It takes none at all.
    Down,
}

/// What to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// The delivery is done.
    Close,
    /// Try again, not before this.
    RetryAt(Timestamp),
    /// Do not try again.
    GiveUp,
}

/// Decides what to do after an attempt.
///
/// A wait is the policy's step, less or more up to half of it, so that the deliveries that failed
/// together do not come back together; `Retry-After` can only make it longer. Where nothing is
/// taken at all, a delivery is not to blame: none is given up for its age, and none ages.
pub fn decide(policy: &Policy, tries: Tries, outcome: &Outcome, moment: Moment) -> Decision {
    let Some(class) = Class::of(outcome) else { return Decision::Close };
    let treatment = policy.treatment(class);
    let step = policy.step(treatment, tries.count);
    let at = moment.now.plus(wait(policy, step, outcome, moment));
    match (treatment, moment.endpoint) {
        (Treatment::GiveUp, _) => Decision::GiveUp,
        (Treatment::Retry, Endpoint::Up { down }) if is_exhausted(policy, tries, at, down) => {
            Decision::GiveUp
        }
        _ => Decision::RetryAt(at),
    }
}

fn wait(policy: &Policy, step: Duration, outcome: &Outcome, moment: Moment) -> Duration {
    let asked = outcome.retry_after.map_or(Duration::ZERO, |after| after.wait(moment.now));
    let spread = step.mul_f64(0.5 + moment.jitter.clamp(0.0, 1.0));
    spread.max(policy.backoff_min).max(asked)
}

/// Whether a next attempt at `at` would be one too many.
fn is_exhausted(policy: &Policy, tries: Tries, at: Timestamp, down: Duration) -> bool {
    let too_many = policy.attempts_max.is_some_and(|most| tries.count >= most.get());
    let too_old = at.since(tries.first_at).saturating_sub(down) > policy.age_max;
    too_many || (too_old && tries.count >= policy.attempts_min)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::delivery::policy::Preset;
    use crate::reason::Reason;

    const NOW: Timestamp = Timestamp(1_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    const UP: Endpoint = Endpoint::Up { down: Duration::ZERO };

    fn moment(now: Timestamp, jitter: f64) -> Moment {
        Moment { now, jitter, endpoint: UP }
    }

    fn after(seconds: u64) -> Decision {
        Decision::RetryAt(NOW.plus(Duration::from_secs(seconds)))
    }

    fn check(status: u16, count: u32, retry_after: Option<&str>, want: Decision) {
        let outcome = Outcome::of_answer(status, retry_after, None);
        let tries = Tries { count, first_at: NOW };
        let policy = Policy::of(Preset::Standard);
        assert_eq!(decide(&policy, tries, &outcome, moment(NOW, 0.5)), want, "{status} {count}");
    }

    #[test]
    fn answers_lead_to_decisions() {
        check(200, 1, None, Decision::Close);
        check(400, 1, None, Decision::GiveUp);
        check(404, 1, None, after(300));
        check(302, 1, None, after(300));
        check(503, 1, None, after(10));
        check(503, 2, None, after(20));
        check(429, 3, None, after(40));
        check(408, 6, None, after(300));
        check(500, u32::MAX, None, after(300));
        check(503, 1, Some("60"), after(60));
        check(503, 1, Some("3"), after(10));
    }

    #[test]
    fn waits_spread_by_half_of_their_step() {
        let outcome = Outcome::of_answer(503, None, None);
        let decided = |count, jitter| {
            let tries = Tries { count, first_at: NOW };
            decide(&Policy::of(Preset::Standard), tries, &outcome, moment(NOW, jitter))
        };
        assert_eq!([decided(3, 0.0), decided(3, 1.0)], [after(20), after(60)]);
        assert_eq!(
            [decided(1, 0.0), decided(1, 1.0)],
            [after(10), after(15)],
            "never below the least"
        );
    }

    #[test]
    fn what_is_old_or_was_tried_often_is_given_up_while_others_are_taken() {
        let decided = |policy: &Policy, count, age: Duration, status, endpoint| {
            let outcome = Outcome::of_answer(status, None, None);
            let tries = Tries { count, first_at: NOW };
            let moment = Moment { endpoint, ..moment(NOW.plus(age), 0.0) };
            decide(policy, tries, &outcome, moment)
        };
        let standard = Policy::of(Preset::Standard);
        let goes_on = |decision| matches!(decision, Decision::RetryAt(_));
        assert!(goes_on(decided(&standard, 800, DAY * 2, 503, UP)));
        assert_eq!(decided(&standard, 800, DAY * 3, 503, UP), Decision::GiveUp);
        assert!(goes_on(decided(&standard, 800, DAY * 3, 503, Endpoint::Down)));
        let was_down = |days| Endpoint::Up { down: DAY * days };
        assert!(goes_on(decided(&standard, 800, DAY * 9, 503, was_down(7))), "it is two days old");
        assert_eq!(decided(&standard, 800, DAY * 9, 503, was_down(6)), Decision::GiveUp);
        assert!(goes_on(decided(&standard, 800, DAY * 30, 404, UP)), "it is held");
        let rudderstack = Policy::of(Preset::Rudderstack);
        assert!(goes_on(decided(&rudderstack, 2, DAY, 503, UP)), "three attempts at least");
        assert_eq!(decided(&rudderstack, 3, DAY, 503, UP), Decision::GiveUp);
        let few = Policy { attempts_max: NonZeroU32::new(5), ..standard };
        assert!(goes_on(decided(&few, 4, DAY, 503, UP)));
        assert_eq!(decided(&few, 5, DAY, 503, UP), Decision::GiveUp);
    }

    proptest! {
        #[test]
        fn waits_are_bounded_and_never_shrink(count in 1_u32.., jitter in 0.0..=1.0_f64) {
            let policy = Policy::of(Preset::Standard);
            let wait = |count| {
                let outcome = Outcome::transient(Reason::Reset, String::new());
                let tries = Tries { count, first_at: NOW };
                match decide(&policy, tries, &outcome, moment(NOW, jitter)) {
                    Decision::RetryAt(at) => at.since(NOW),
                    other => panic!("{other:?}"),
                }
            };
            prop_assert!(wait(count) >= policy.backoff_min);
            prop_assert!(wait(count) <= policy.backoff_max * 3 / 2);
            prop_assert!(wait(count) <= wait(count.saturating_add(1)));
        }
    }
}
