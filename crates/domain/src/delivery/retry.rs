//! What to do after an attempt.

use std::time::Duration;

use super::outcome::{Outcome, Verdict};
use crate::time::Timestamp;

/// How often and how long a delivery is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// Wait after the first failed attempt; doubles with every further one.
    pub backoff_min: Duration,
    /// The longest wait, before jitter.
    pub backoff_max: Duration,
    /// No new attempt starts when the first one is older than this.
    pub age_max: Duration,
}

/// What has been tried of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tries {
    /// Attempts made, the one just ended included; at least 1.
    pub count: u32,
    /// When the first one began.
    pub first_at: Timestamp,
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

/// Decides what to do after an attempt; `jitter` is a random number from 0 to 1.
///
/// A wait is the policy's step plus up to half of it, so that the deliveries that failed together
/// do not come back together; `Retry-After` can only make it longer.
pub fn decide(
    policy: &RetryPolicy,
    tries: Tries,
    outcome: &Outcome,
    now: Timestamp,
    jitter: f64,
) -> Decision {
    match outcome.verdict {
        Verdict::Taken => Decision::Close,
        Verdict::Permanent(_) => Decision::GiveUp,
        Verdict::Transient(_) => {
            let wait = backoff(policy, tries.count).mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 2.0);
            let asked = outcome.retry_after.map_or(Duration::ZERO, |after| after.wait(now));
            let at = now.plus(wait.max(asked));
            if at.since(tries.first_at) > policy.age_max {
                Decision::GiveUp
            } else {
                Decision::RetryAt(at)
            }
        }
    }
}

/// The step after so many attempts, before jitter.
fn backoff(policy: &RetryPolicy, attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(31);
    policy.backoff_min.saturating_mul(1 << doublings).min(policy.backoff_max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reason::Reason;

    const POLICY: RetryPolicy = RetryPolicy {
        backoff_min: Duration::from_secs(10),
        backoff_max: Duration::from_secs(300),
        age_max: Duration::from_secs(72 * 3_600),
    };
    const NOW: Timestamp = Timestamp(1_000_000);

    fn check(status: u16, count: u32, retry_after: Option<&str>, want: Decision) {
        let outcome = Outcome::of_answer(status, retry_after, None);
        let tries = Tries { count, first_at: NOW };
        assert_eq!(decide(&POLICY, tries, &outcome, NOW, 0.0), want, "{status} {count}");
    }

    #[test]
    fn answers_lead_to_decisions() {
        let after = |seconds: u64| Decision::RetryAt(NOW.plus(Duration::from_secs(seconds)));
        check(200, 1, None, Decision::Close);
        check(404, 1, None, Decision::GiveUp);
        check(302, 1, None, Decision::GiveUp);
        check(503, 1, None, after(10));
        check(503, 2, None, after(20));
        check(429, 3, None, after(40));
        check(408, 6, None, after(300));
        check(500, u32::MAX, None, after(300));
        check(503, 1, Some("60"), after(60));
        check(503, 1, Some("3"), after(10));
    }

    #[test]
    fn old_deliveries_are_given_up() {
        let outcome = Outcome::transient(Reason::ConnectRefused, String::new());
        let tries = Tries { count: 800, first_at: NOW };
        let now = NOW.plus(Duration::from_secs(72 * 3_600 - 300));
        assert!(matches!(decide(&POLICY, tries, &outcome, now, 0.0), Decision::RetryAt(_)));
        assert_eq!(decide(&POLICY, tries, &outcome, now, 0.1), Decision::GiveUp);
    }

    proptest! {
        #[test]
        fn waits_are_bounded_and_never_shrink(count in 1_u32.., jitter in 0.0..=1.0_f64) {
            let wait = |count| {
                let outcome = Outcome::transient(Reason::Reset, String::new());
                match decide(&POLICY, Tries { count, first_at: NOW }, &outcome, NOW, jitter) {
                    Decision::RetryAt(at) => at.since(NOW),
                    other => panic!("{other:?}"),
                }
            };
            prop_assert!(wait(count) >= POLICY.backoff_min);
            prop_assert!(wait(count) <= POLICY.backoff_max * 3 / 2);
            prop_assert!(wait(count) <= wait(count.saturating_add(1)));
        }
    }
}
