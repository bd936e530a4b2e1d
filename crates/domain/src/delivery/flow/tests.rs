//! Tests of the flow: tables for single rules, and lives of endpoints that fail and come back.

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);
const BOUNDS: Bounds = Bounds {
    concurrency: 8,
    rate: None,
    stop_after: Duration::from_secs(5 * 86_400),
    probe_wait: limits::PROBE_WAIT_MIN,
};

fn at(millis: i64) -> Timestamp {
    Timestamp(NOW.0 + millis)
}

fn flow() -> Flow {
    Flow::new(BOUNDS, NOW)
}

/// Starts as many attempts as may be under way; answers how many.
fn fill(flow: &mut Flow, now: Timestamp) -> u32 {
    let mut started = 0;
    while flow.is_open(now) {
        flow.start(1_000);
        started += 1;
    }
    started
}

fn end(flow: &mut Flow, status: u16, started_at: Timestamp, now: Timestamp) -> Option<Turn> {
    let outcome = Outcome::of_answer(status, None, None);
    flow.end(Ended { started_at, bytes: 1_000, outcome: &outcome }, now)
}

/// Fails until the flow holds.
fn hold(flow: &mut Flow, now: Timestamp) {
    let turns: Vec<_> = (0..limits::FAILURES_UNTIL_HOLDING)
        .map(|_| {
            flow.start(1_000);
            end(flow, 503, now, now)
        })
        .collect();
    assert_eq!(turns.last(), Some(&Some(Turn::Holds)));
    assert_eq!(turns.iter().flatten().count(), 1);
}

#[test]
fn it_fares_well_until_a_failure_of_the_endpoint_and_from_the_next_success_on() {
    let mut flow = flow();
    let mut fares = |status| {
        flow.start(1_000);
        end(&mut flow, status, NOW, NOW);
        flow.fares_well()
    };
    assert_eq!(
        [200, 400, 503, 400, 503, 200].map(&mut fares),
        [true, true, false, true, false, true]
    );
    hold(&mut flow, NOW);
    assert!(!flow.fares_well());
}

#[test]
fn the_bounds_are_kept() {
    let mut flow = flow();
    assert_eq!(fill(&mut flow, NOW), 8);
    assert_eq!(flow.opens_at(NOW), None, "an attempt has to end first");
    end(&mut flow, 200, NOW, NOW);
    assert_eq!((flow.opens_at(NOW), fill(&mut flow, NOW)), (Some(NOW), 1));
    let mut large = self::flow();
    large.start(limits::BYTES_UNDER_WAY_MAX);
    assert!(!large.is_open(NOW));
    assert_eq!(large.opens_at(NOW), None);
}

#[test]
fn a_rate_lets_a_second_s_worth_start_at_once_and_then_one_by_one() {
    let bounds = Bounds { rate: NonZeroU32::new(4).map(Rate::bursting), ..BOUNDS };
    let mut flow = Flow::new(bounds, NOW);
    assert_eq!(fill(&mut flow, NOW), 4);
    for _ in 0..4 {
        end(&mut flow, 200, NOW, NOW);
    }
    let next = flow.opens_at(NOW).unwrap();
    assert!(next > NOW && next <= at(251), "{next:?}");
    assert!(!flow.is_open(at(240)));
    assert_eq!(fill(&mut flow, next), 1);
    assert_eq!(fill(&mut flow, at(60_000)), 4, "silence is not saved up");
}

#[test]
fn a_rate_that_is_spread_saves_next_to_nothing_up() {
    let rate = Some(Rate::spread(Duration::from_millis(1)));
    let mut flow = Flow::new(Bounds { concurrency: 900, rate, ..BOUNDS }, NOW);
    assert_eq!(fill(&mut flow, NOW), 3);
    assert_eq!(fill(&mut flow, at(2)), 2);
    assert_eq!(fill(&mut flow, at(60_000)), 3, "however long it was silent");
}

#[test]
fn an_endpoint_that_fails_now_and_then_is_neither_held_nor_slowed_down() {
    let mut flow = flow();
    for number in 0..100_000_i64 {
        flow.start(1_000);
        // Bursts of 49 failures with one success between them, a thousand attempts a second.
        let status = if number % 50 == 0 { 200 } else { 503 };
        assert_eq!(end(&mut flow, status, at(number), at(number)), None);
    }
    assert_eq!(flow.mode(), Mode::Active);
}

#[test]
fn a_few_failures_are_enough_where_nothing_is_taken_for_a_while() {
    let mut flow = flow();
    let turns: Vec<_> = (1..=i64::from(limits::FAILURES_IN_SILENCE))
        .map(|number| {
            flow.start(1_000);
            end(&mut flow, 503, at(number * 10_000), at(number * 10_000))
        })
        .collect();
    assert_eq!(turns.last(), Some(&Some(Turn::Holds)));
    assert_eq!(turns.iter().flatten().count(), 1);
}

#[test]
fn an_endpoint_that_takes_nothing_is_probed_with_one_attempt_at_a_time() {
    let mut flow = flow();
    hold(&mut flow, NOW);
    assert!(!flow.is_open(NOW));
    let first = flow.opens_at(NOW).unwrap();
    assert_eq!(first, NOW.plus(limits::PROBE_WAIT_MIN));
    assert_eq!(fill(&mut flow, first), 1, "one probe");
    assert_eq!(end(&mut flow, 503, first, first), None);
    let second = flow.opens_at(first).unwrap();
    assert_eq!(second.since(first), limits::PROBE_WAIT_MIN * 2);
    assert_eq!(fill(&mut flow, second), 1);
    assert_eq!(end(&mut flow, 200, second, second), Some(Turn::Recovers { since: NOW }));
    assert_eq!(flow.limit(), 1, "what has waited does not run it over");
    for want in [2, 3, 4] {
        flow.start(1_000);
        end(&mut flow, 200, second, second);
        assert_eq!(flow.limit(), want);
    }
}

#[test]
fn refusals_of_single_events_say_that_the_endpoint_is_there() {
    let mut flow = flow();
    for _ in 0..100 {
        flow.start(1_000);
        assert_eq!(end(&mut flow, 400, NOW, NOW), None);
    }
    assert_eq!((flow.mode(), flow.limit()), (Mode::Active, 8));
}

#[test]
fn probes_get_rarer_up_to_a_bound() {
    let mut flow = flow();
    hold(&mut flow, NOW);
    let mut now = NOW;
    for _ in 0..200 {
        let next = flow.opens_at(now).unwrap();
        assert!(next.since(now) <= limits::PROBE_WAIT_MAX);
        now = next;
        flow.start(1_000);
        end(&mut flow, 500, now, now);
    }
    assert_eq!(flow.opens_at(now).unwrap().since(now), limits::PROBE_WAIT_MAX);
}

#[test]
fn what_the_endpoint_asks_for_holds_for_everything() {
    let mut flow = flow();
    flow.start(1_000);
    let outcome = Outcome::of_answer(429, Some("30"), None);
    flow.end(Ended { started_at: NOW, bytes: 1_000, outcome: &outcome }, NOW);
    assert!(!flow.is_open(at(29_999)));
    assert_eq!(flow.opens_at(NOW), Some(at(30_000)));
    assert!(flow.is_open(at(30_000)));
}

#[test]
fn an_endpoint_that_says_it_is_gone_stops_the_destination_until_somebody_wants_it() {
    let mut flow = flow();
    let mut turns = Vec::new();
    let mut now = NOW;
    while turns.last() != Some(&Turn::Stops) {
        now = flow.opens_at(now).unwrap();
        flow.start(1_000);
        turns.extend(end(&mut flow, 410, now, now));
    }
    assert!(!flow.is_open(at(86_400_000)));
    assert_eq!((flow.limit(), flow.opens_at(now)), (0, None));
    flow.resume(now);
    assert!(flow.is_open(now));
    flow.start(1_000);
    assert_eq!(end(&mut flow, 200, now, now), Some(Turn::Recovers { since: NOW }));
}

#[test]
fn a_flow_that_follows_goes_no_further_than_the_one_before_it() {
    let mut first = flow();
    let mut second = flow();
    let follow = |second: &mut Flow, first: &Flow| second.follow(first.lead(false));
    follow(&mut second, &first);
    assert_eq!(fill(&mut second, NOW), 8);
    let outcome = Outcome::of_answer(429, Some("60"), None);
    first.start(1_000);
    first.end(Ended { started_at: NOW, bytes: 1_000, outcome: &outcome }, NOW);
    let mut second = flow();
    follow(&mut second, &first);
    assert_eq!((second.limit(), fill(&mut second, NOW)), (5, 0));
    assert_eq!(second.opens_at(NOW), Some(at(60_000)));
    assert_eq!(fill(&mut second, at(60_000)), 5);
    let mut second = flow();
    let mut first = flow();
    hold(&mut first, NOW);
    follow(&mut second, &first);
    let much_later = at(86_400_000);
    assert_eq!((second.limit(), fill(&mut second, much_later)), (0, 0));
    assert_eq!(second.opens_at(much_later), None, "the first one has to recover before");
    second.follow(first.lead(true));
    assert_eq!(fill(&mut second, much_later), 1, "nobody else would find out");
    assert_eq!(end(&mut second, 200, much_later, much_later), None);
    second.follow(first.lead(true));
    assert_eq!(fill(&mut second, much_later), 2, "it goes on growing");
}

#[test]
fn a_rate_counts_what_others_send_beside_it() {
    let rate = NonZeroU32::new(10).map(Rate::bursting);
    let mut flow = Flow::new(Bounds { concurrency: 100, rate, ..BOUNDS }, NOW);
    flow.share(12);
    assert_eq!(fill(&mut flow, NOW), 0);
    assert_eq!(fill(&mut flow, at(1_000)), 8);
    flow.share(100_000);
    assert_eq!(flow.opens_at(at(1_000)), Some(at(2_101)), "a second's worth, and one attempt");
}

#[test]
fn a_new_rate_knows_nothing_of_what_was_before_it() {
    let mut flow = flow();
    for _ in 0..1_000 {
        flow.start(1_000);
        end(&mut flow, 200, NOW, NOW);
    }
    let of = |rate| NonZeroU32::new(rate).map(Rate::bursting);
    flow.rebind(Bounds { rate: of(5), ..BOUNDS }, NOW);
    assert_eq!(fill(&mut flow, NOW), 5);
    assert_eq!(flow.opens_at(NOW), Some(at(201)));
}

#[test]
fn a_clock_that_goes_back_takes_no_attempts_away() {
    let rate = NonZeroU32::new(2).map(Rate::bursting);
    let mut flow = Flow::new(Bounds { rate, ..BOUNDS }, NOW);
    assert_eq!(fill(&mut flow, NOW), 2);
    let earlier = at(-86_400_000);
    assert_eq!(fill(&mut flow, earlier), 0);
    assert_eq!(fill(&mut flow, earlier.plus(Duration::from_secs(1))), 2);
}

#[test]
fn an_endpoint_that_is_down_for_very_long_stops_the_destination() {
    let mut flow = flow();
    hold(&mut flow, NOW);
    let mut now = NOW;
    let mut turn = None;
    while turn.is_none() {
        now = flow.opens_at(now).unwrap();
        flow.start(1_000);
        turn = end(&mut flow, 503, now, now);
    }
    assert_eq!(turn, Some(Turn::Stops));
    let down = now.since(NOW);
    let most = BOUNDS.stop_after + limits::PROBE_WAIT_MAX * 2;
    assert!(down > BOUNDS.stop_after && down < most, "{down:?}");
}

#[test]
fn new_bounds_hold_at_once() {
    let mut flow = flow();
    flow.rebind(Bounds { concurrency: 2, ..BOUNDS }, NOW);
    assert_eq!(fill(&mut flow, NOW), 2);
    flow.rebind(Bounds { concurrency: 20, ..BOUNDS }, NOW);
    assert_eq!(fill(&mut flow, NOW), 18);
}

proptest! {
    /// Whatever an endpoint does, a flow that is not stopped always says when it opens, or waits
    /// for an attempt that is under way; and it never exceeds its bounds.
    #[test]
    fn a_flow_never_gets_stuck(answers in prop::collection::vec((0_u16..6, 0_i64..5_000), 1..300)) {
        let mut flow = flow();
        let mut under_way: Vec<Timestamp> = Vec::new();
        let mut now = NOW;
        for (answer, wait) in answers {
            now = Timestamp(now.0 + wait);
            while flow.is_open(now) {
                flow.start(1_000);
                under_way.push(now);
            }
            prop_assert!(under_way.len() <= 8);
            if let Some(started) = under_way.pop() {
                let status = [200, 429, 500, 503, 400, 404][usize::from(answer)];
                end(&mut flow, status, started, now);
            }
            prop_assert!(flow.opens_at(now).is_some() || !under_way.is_empty());
        }
    }
}

#[test]
fn an_outage_ages_nothing_and_what_is_not_proven_gives_nothing_up() {
    let up = |seconds| Endpoint::Up { down: Duration::from_secs(seconds) };
    let mut flow = flow();
    assert_eq!(flow.endpoint(NOW), up(0));
    hold(&mut flow, NOW);
    assert_eq!(flow.endpoint(NOW), Endpoint::Down);
    let back = at(100_000);
    assert_eq!(fill(&mut flow, back), 1);
    end(&mut flow, 200, back, back);
    assert_eq!([NOW, at(40_000), back].map(|first| flow.endpoint(first)), [up(100), up(60), up(0)]);

    let mut begun_anew = self::flow();
    begun_anew.go_on_from(at(-50_000));
    assert_eq!(fill(&mut begun_anew, NOW), 1, "it begins slowly");
    assert_eq!(begun_anew.endpoint(at(-60_000)), Endpoint::Down);
    assert_eq!(end(&mut begun_anew, 503, NOW, NOW), None);
    assert_eq!(begun_anew.endpoint(at(-60_000)), Endpoint::Down);
    begun_anew.start(1_000);
    assert_eq!(end(&mut begun_anew, 200, NOW, at(10_000)), None, "nothing says that it had held");
    assert_eq!(begun_anew.endpoint(at(-60_000)), up(60));
}

#[test]
fn of_what_cannot_be_sent_the_endpoint_is_not_asked() {
    let mut flow = flow();
    hold(&mut flow, NOW);
    let probing = flow.mode();
    let later = at(60_000);
    assert_eq!(fill(&mut flow, later), 1);
    let outcome = Outcome::permanent(Reason::BadRequest, String::new());
    let ended = Ended { started_at: later, bytes: 1_000, outcome: &outcome };
    assert_eq!((flow.end(ended, later), flow.mode()), (None, probing));
    assert_eq!(fill(&mut flow, later), 1, "the probe is still to be made");
}

#[test]
fn an_endpoint_that_took_the_event_is_not_waited_for() {
    let mut flow = flow();
    for (status, opens) in [(202, NOW), (503, at(30_000))] {
        flow.start(1_000);
        let outcome = Outcome::of_answer(status, Some("30"), None);
        flow.end(Ended { started_at: NOW, bytes: 1_000, outcome: &outcome }, NOW);
        assert_eq!(flow.opens_at(NOW), Some(opens), "{status}");
    }
}

#[test]
fn what_was_put_off_by_a_clock_that_was_ahead_has_come_when_it_is_right() {
    let day = 86_400_000;
    let mut flow = flow();
    flow.start(1_000);
    let outcome = Outcome::of_answer(503, Some("30"), None);
    flow.end(Ended { started_at: at(day), bytes: 1_000, outcome: &outcome }, at(day));
    assert_eq!(flow.opens_at(NOW), Some(NOW));
    let mut flow = Flow::new(BOUNDS, at(day));
    hold(&mut flow, at(day));
    assert_eq!((flow.opens_at(NOW), fill(&mut flow, NOW)), (Some(NOW), 1));
}

#[test]
fn time_that_was_only_set_forward_ages_nothing() {
    let mut flow = flow();
    flow.leap(Duration::from_secs(3_600), at(3_605_000));
    let hour = Duration::from_secs(3_600);
    assert_eq!(flow.endpoint(NOW), Endpoint::Up { down: hour });
    assert_eq!(flow.endpoint(at(3_605_000)), Endpoint::Up { down: Duration::ZERO });
}
