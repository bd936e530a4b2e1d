//! How many events a source may send: a token bucket, kept as one number.
//!
//! The number is the *arrival time*: when the bucket will be full again. Taking events moves it
//! later, time comes nearer to it by itself, and the distance between both says how much of the
//! bucket is used (the generic cell rate algorithm). Times are nanoseconds since any fixed moment.
//!
//! What a request holds is known only after it has been read, so the bucket is asked before and
//! charged afterwards: a request passes where at least one event is left, and may put the bucket in
//! debt. So a batch larger than the burst does not wait for ever, and the mean stays what it is.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many events a source may send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RateLimit {
    /// Events a second, on the whole.
    pub events_per_second: NonZeroU32,
    /// Events that may come at once after a silence.
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// How long no request may pass; none where one may pass now.
    pub fn wait(self, arrival_ns: u64, now_ns: u64) -> Option<Duration> {
        let used_ns = arrival_ns.saturating_sub(now_ns);
        let all_but_one = u64::from(self.burst.get() - 1);
        let over_ns = used_ns.saturating_sub(self.span_ns(all_but_one));
        (over_ns > 0).then(|| Duration::from_nanos(over_ns))
    }

    /// The arrival time once so many events are taken.
    #[must_use]
    pub fn taken(self, arrival_ns: u64, events: usize, now_ns: u64) -> u64 {
        arrival_ns.max(now_ns).saturating_add(self.span_ns(events as u64))
    }

    /// The arrival time once so many events that were taken are given back.
    #[must_use]
    pub fn given_back(self, arrival_ns: u64, events: usize) -> u64 {
        arrival_ns.saturating_sub(self.span_ns(events as u64))
    }

    /// How long it takes until so many events are earned.
    fn span_ns(self, events: u64) -> u64 {
        events.saturating_mul(1_000_000_000) / u64::from(self.events_per_second.get())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn limit(events_per_second: u32, burst: u32) -> RateLimit {
        let [events_per_second, burst] =
            [events_per_second, burst].map(|count| NonZeroU32::new(count).unwrap());
        RateLimit { events_per_second, burst }
    }

    /// Sends requests of so many events at times, and says how long each of them has to wait.
    fn waits(limit: RateLimit, requests: &[(u64, usize)]) -> Vec<u64> {
        let mut arrival = 0;
        let mut judge = |(now, events): &(u64, usize)| {
            let wait = limit.wait(arrival, *now);
            if wait.is_none() {
                arrival = limit.taken(arrival, *events, *now);
            }
            wait.map_or(0, |wait| u64::try_from(wait.as_nanos()).unwrap())
        };
        requests.iter().map(&mut judge).collect()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let check = |limit: RateLimit, requests: &[(u64, usize)], want: &[u64]| {
            assert_eq!(waits(limit, requests), want, "{limit:?}: {requests:?}");
        };
        let t = 100 * SECOND;
        let one = limit(1, 1);
        check(one, &[(0, 1), (0, 1), (SECOND - 1, 1), (SECOND, 1)], &[0, SECOND, 1, 0]);
        let three = limit(10, 3);
        let tenth = SECOND / 10;
        check(three, &[(t, 1), (t, 1), (t, 1), (t, 1)], &[0, 0, 0, tenth]);
        check(three, &[(t, 3), (t, 1), (t + tenth, 1), (t + tenth, 1)], &[0, tenth, 0, tenth]);
        check(three, &[(t, 3), (t + 10 * SECOND, 3), (t + 10 * SECOND, 1)], &[0, 0, tenth]);
    }

    #[test]
    fn a_batch_larger_than_what_is_left_passes_once_and_is_paid_for() {
        let limit = limit(10, 3);
        let tenth = SECOND / 10;
        assert_eq!(waits(limit, &[(0, 100), (0, 1)]), [0, 98 * tenth]);
        assert_eq!(waits(limit, &[(0, 2), (0, 5), (5 * tenth, 1)]), [0, 0, 0]);
        assert_eq!(waits(limit, &[(0, 2), (0, 5), (5 * tenth - 1, 1)]), [0, 0, 1]);
    }

    #[test]
    fn what_stores_nothing_costs_nothing() {
        let limit = limit(1, 1);
        assert_eq!(waits(limit, &[(0, 0), (0, 0), (0, 1), (0, 0)]), [0, 0, 0, SECOND]);
        let taken = limit.taken(0, 7, 0);
        assert_eq!(limit.wait(limit.given_back(taken, 7), 0), None);
        assert_eq!(limit.given_back(1, 7), 0);
    }

    proptest! {
        #[test]
        fn the_bounds_hold_for_any_numbers(
            rate in 1..=u32::MAX,
            burst in 1..=u32::MAX,
            arrival in any::<u64>(),
            events in any::<usize>(),
            now in any::<u64>(),
        ) {
            let limit = limit(rate, burst);
            let taken = limit.taken(arrival, events, now);
            prop_assert!(taken >= arrival && taken >= now);
            let (before, after) = (limit.wait(arrival, now), limit.wait(taken, now));
            prop_assert!(before.unwrap_or_default() <= after.unwrap_or_default());
            if let Some(wait) = after {
                let passes = now.saturating_add(u64::try_from(wait.as_nanos()).unwrap());
                prop_assert_eq!(limit.wait(taken, passes), None);
            }
        }

        #[test]
        fn no_stream_of_requests_gets_more_than_burst_and_rate(
            rate in 1u32..1_000,
            burst in 1u32..50,
            gaps in prop::collection::vec(0u64..5_000_000, 1..300),
        ) {
            let limit = limit(rate, burst);
            let mut now = 0;
            let requests = gaps.iter().map(|gap| { now += gap; (now, 1) }).collect::<Vec<_>>();
            let passed = waits(limit, &requests).iter().filter(|wait| **wait == 0).count() as u64;
            let earned = u64::from(burst) + now * u64::from(rate) / SECOND;
            prop_assert!(passed <= earned + 1, "{passed} passed, {earned} earned");
        }
    }
}
