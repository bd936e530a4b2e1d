//! How many events a source may send: a token bucket, kept as one number.
//!
//! The number is the *arrival time*: when the bucket will be full again. Taking events moves it
//! later, time comes nearer to it by itself, and the distance between both says how much of the
//! bucket is used (the generic cell rate algorithm). Times are nanoseconds since any fixed moment.
//!
//! What a request holds is known only after it has been read, so the bucket is asked twice: before
//! that whether at least one event is left, and then for all. A request may put the bucket in debt,
//! by as many events as the burst has. One that is larger than even that passes where the bucket is
//! full, or it would wait for ever; of its debt no more is paid than can be waited for.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits;

/// How many events a source may send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RateLimit {
    /// Events a second, on the whole.
    pub events_per_second: NonZeroU32,
    /// Events that may come at once after a silence.
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// How long no request with so many events may pass; none where one may pass now.
    pub fn wait(self, arrival_ns: u64, events: usize, now_ns: u64) -> Option<Duration> {
        let used_ns = arrival_ns.saturating_sub(now_ns);
        let burst = u64::from(self.burst.get());
        // The rest may be owed.
        let needed = (events as u64).saturating_sub(burst).clamp(1, burst);
        let over_ns = used_ns.saturating_sub(self.span_ns(burst - needed));
        (over_ns > 0).then(|| Duration::from_nanos(over_ns))
    }

    /// The arrival time once so many events are taken that may pass.
    ///
    /// # Errors
    /// How long they may not.
    pub fn taken(self, arrival_ns: u64, events: usize, now_ns: u64) -> Result<u64, Duration> {
        if let Some(wait) = self.wait(arrival_ns, events, now_ns) {
            return Err(wait);
        }
        let burst_ns = self.span_ns(u64::from(self.burst.get()));
        let debt_ns_max = burst_ns.max(nanos(limits::RATE_DEBT_TIME_MAX));
        let latest = now_ns.saturating_add(burst_ns).saturating_add(debt_ns_max);
        let taken = arrival_ns.max(now_ns).saturating_add(self.span_ns(events as u64));
        Ok(taken.min(latest))
    }

    /// How long it takes until so many events are earned.
    fn span_ns(self, events: u64) -> u64 {
        events.saturating_mul(1_000_000_000) / u64::from(self.events_per_second.get())
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
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
            let taken = limit.taken(arrival, *events, *now);
            arrival = taken.unwrap_or(arrival);
            taken.err().map_or(0, nanos)
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
    fn a_request_may_owe_as_much_as_the_burst() {
        let limit = limit(10, 3);
        let tenth = SECOND / 10;
        assert_eq!(waits(limit, &[(0, 6), (0, 1)]), [0, 4 * tenth]);
        assert_eq!(waits(limit, &[(0, 2), (0, 4), (4 * tenth - 1, 1)]), [0, 0, 1]);
        assert_eq!(waits(limit, &[(0, 2), (0, 5), (tenth, 5)]), [0, tenth, 0]);
        assert_eq!(waits(limit, &[(0, 1), (0, 6), (tenth, 6)]), [0, tenth, 0]);
    }

    #[test]
    fn a_larger_one_passes_where_the_bucket_is_full_and_is_paid_for() {
        let limit = limit(10, 3);
        let tenth = SECOND / 10;
        assert_eq!(
            waits(limit, &[(0, 1), (0, 100), (tenth - 1, 100), (tenth, 100)])[1..],
            [tenth, 1, 0]
        );
        assert_eq!(waits(limit, &[(0, 100), (0, 1), (98 * tenth, 1)]), [0, 98 * tenth, 0]);
        assert_eq!(waits(limit, &[(0, 100), (50 * tenth, 100)]), [0, 50 * tenth]);
    }

    #[test]
    fn a_debt_is_never_longer_than_can_be_waited_for() {
        let most = nanos(limits::RATE_DEBT_TIME_MAX);
        assert_eq!(waits(limit(1, 1), &[(0, 5_000), (0, 1)]), [0, most + SECOND]);
        // A burst of an hour may be owed for an hour.
        let slow = limit(1, 3_600);
        assert_eq!(waits(slow, &[(0, 7_200), (0, 1)]), [0, 3_601 * SECOND]);
        assert_eq!(waits(slow, &[(0, 9_000), (0, 1)]), [0, 3_601 * SECOND]);
    }

    #[test]
    fn what_stores_nothing_costs_nothing() {
        assert_eq!(waits(limit(1, 1), &[(0, 0), (0, 0), (0, 1), (0, 0)]), [0, 0, 0, SECOND]);
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
            let passed = limit.taken(arrival, events, now);
            prop_assert_eq!(passed.err(), limit.wait(arrival, events, now));
            if let Ok(taken) = passed {
                prop_assert!(taken >= arrival && taken >= now);
            } else if let Some(wait) = limit.wait(arrival, events, now) {
                prop_assert!(limit.taken(arrival, events, now + nanos(wait)).is_ok());
            }
        }

        #[test]
        fn a_wait_is_bounded_whatever_is_sent(
            rate in 1u32..1_000,
            burst in 1u32..50,
            requests in prop::collection::vec((0u64..5_000_000, 0usize..6_000), 1..300),
        ) {
            let limit = limit(rate, burst);
            let mut now = 0;
            let requests = requests.iter().map(|(gap, events)| { now += gap; (now, *events) });
            let longest = waits(limit, &requests.collect::<Vec<_>>()).into_iter().max();
            let most = limits::RATE_DEBT_TIME_MAX.as_secs() + 2 * u64::from(burst);
            prop_assert!(longest <= Some(most * SECOND));
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
