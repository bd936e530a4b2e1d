//! Tests of the agenda: tables for single rules, and whole lives with crashes from random plans.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use domain::event::Restriction;
use domain::id::SourceId;
use proptest::prelude::*;

use super::*;

pub const NOW: Timestamp = Timestamp(1_000_000);

pub fn event(seq: u64, user: &str, anonymous: &str) -> StoredEvent {
    StoredEvent {
        seq: Seq(seq),
        source: SourceId::new("s"),
        kind: EventKind::Track,
        received_at: NOW,
        identities: Identities {
            user: IdentityHash::of_user(user),
            anonymous: IdentityHash::of_anonymous(anonymous),
        },
        restriction: Restriction::None,
        payload: Bytes::from_static(b"{}"),
    }
}

/// What a store has of a line: the first of it that wait for no other one there.
pub fn line(
    open: &BTreeMap<Seq, OpenDelivery>,
    line: ShelfLine,
    count: usize,
) -> Vec<OpenDelivery> {
    let Some(lane) = line.identity else { return Vec::new() };
    let shelved = || open.values().filter(|one| one.is_shelved);
    let stands_in = |one: &OpenDelivery, lane| one.identities.iter().any(|own| own == lane);
    let may_come = |one: &&OpenDelivery| {
        let others = one.identities.iter().filter(|other| *other != lane);
        let earlier = |other| {
            shelved().any(|two| two.seq < one.seq && stands_in(two, other) && !stands_in(two, lane))
        };
        !others.into_iter().any(earlier)
    };
    let ours = shelved().filter(|one| stands_in(one, lane));
    ours.take_while(may_come).take(count).cloned().collect()
}

pub fn agenda() -> Agenda {
    Agenda::resume(Order::Strict, ScheduleState::at(Seq(1)))
}

fn take(agenda: &mut Agenda) -> Option<u64> {
    agenda.take(NOW, 64).map(|going| going.seq.0)
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

#[test]
fn what_is_finished_is_behind_the_cursor() {
    let mut agenda = agenda();
    for seq in 1..=5 {
        agenda.offer(event(seq, &format!("u{}", seq % 3), ""));
    }
    while take(&mut agenda).is_some() {}
    assert_eq!(agenda.step(), None, "nothing is finished");
    agenda.finish(Seq(3));
    agenda.finish(Seq(2));
    let step = agenda.step().unwrap();
    let opened: Vec<_> = step.opened.iter().map(|one| (one.seq.0, one.attempts)).collect();
    assert_eq!((step.cursor, opened), (Seq(5), vec![(1, 1), (4, 0)]), "4 waits behind 1");
    assert_eq!(agenda.step(), None, "nothing has changed since");
    agenda.finish(Seq(1));
    assert_eq!(agenda.step().unwrap().closed, [Seq(1)]);
}

#[test]
fn a_failed_delivery_and_what_waits_behind_it_are_written_down() {
    let mut agenda = agenda();
    agenda.offer(event(1, "a", ""));
    agenda.offer(event(2, "a", ""));
    agenda.offer(event(3, "b", ""));
    assert_eq!((take(&mut agenda), take(&mut agenda), take(&mut agenda)), (Some(1), Some(3), None));
    agenda.retry(Seq(1), later(10), ("server_error", 503));
    agenda.finish(Seq(3));
    let step = agenda.step().unwrap();
    assert_eq!(step.cursor, Seq(4));
    let opened: Vec<_> = step.opened.iter().map(|one| (one.seq.0, one.attempts)).collect();
    assert_eq!(opened, [(1, 1), (2, 0)]);
    assert_eq!(agenda.held, 0, "parked events are not kept in memory");
    agenda.wake(later(9));
    assert_eq!(take(&mut agenda), None);
    agenda.wake(later(10));
    let going = agenda.take(later(10), 64).unwrap();
    assert_eq!((going.seq, going.tries.count, going.tries.first_at), (Seq(1), 2, NOW));
    assert!(going.event.is_none(), "it is read again");
    agenda.finish(Seq(1));
    assert_eq!(take(&mut agenda), Some(2));
    agenda.finish(Seq(2));
    assert_eq!(agenda.step().unwrap().closed, [Seq(1), Seq(2)]);
}

#[test]
fn whoever_waits_behind_one_that_was_skipped_before_its_turn_goes_on() {
    let mut agenda = agenda();
    for seq in 1..=3 {
        agenda.offer(event(seq, "a", ""));
    }
    assert_eq!(take(&mut agenda), Some(1));
    assert_eq!(agenda.skip(Seq(1)), None, "it is under way");
    assert_eq!(
        agenda.skip(Seq(2)).map(|one| (one.kind, one.attempts)),
        Some((EventKind::Track, 0))
    );
    assert_eq!(take(&mut agenda), None, "3 still waits for 1");
    agenda.finish(Seq(1));
    assert_eq!(take(&mut agenda), Some(3));
}

#[test]
fn passed_events_move_the_cursor_when_that_is_worth_it() {
    let mut agenda = agenda();
    agenda.pass(Seq(50));
    agenda.pass(Seq(20));
    assert_eq!(agenda.read_from(), Seq(50));
    assert_eq!(agenda.step(), None, "reading 50 places again costs less than a commit");
    agenda.pass(Seq(1 + limits::PASSED_EVENTS_MAX));
    assert_eq!(agenda.step().unwrap().cursor.0, 1 + limits::PASSED_EVENTS_MAX);
    agenda.pass(Seq(2 + limits::PASSED_EVENTS_MAX));
    assert_eq!(agenda.step(), None);
    agenda.end();
    assert_eq!(agenda.step().unwrap().cursor.0, 2 + limits::PASSED_EVENTS_MAX);
    assert_eq!(agenda.step(), None);
}

#[test]
fn what_was_filtered_is_counted_when_the_cursor_passes_it() {
    let mut agenda = agenda();
    let counts = |step: Option<Step>| {
        step.map(|step| (step.cursor.0, step.filtered.into_iter().collect::<Vec<_>>()))
    };
    agenda.filter(Seq(1), Reason::FilteredType);
    agenda.offer(event(2, "a", ""));
    agenda.filter(Seq(3), Reason::FilteredType);
    agenda.filter(Seq(4), Reason::FilteredEvent);
    assert_eq!(counts(agenda.step()), Some((2, vec![("filtered_type", 1)])));
    assert_eq!(agenda.step(), None, "the delivery of 2 stands before the others");
    assert_eq!(take(&mut agenda), Some(2));
    agenda.finish(Seq(2));
    let rest = vec![("filtered_event", 1), ("filtered_type", 1)];
    assert_eq!(counts(agenda.step()), Some((5, rest)));
    assert_eq!(agenda.step(), None);
    agenda.filter(Seq(5), Reason::FilteredType);
    assert_eq!(counts(agenda.step()), Some((6, vec![("filtered_type", 1)])));
}

#[test]
fn a_delivery_that_could_not_be_read_was_not_attempted() {
    let mut agenda = agenda();
    agenda.offer(event(1, "a", ""));
    assert_eq!(agenda.take(NOW, 64).unwrap().tries.count, 1);
    agenda.put_off(Seq(1), later(5));
    agenda.wake(later(4));
    assert!(!agenda.is_ready(64));
    agenda.wake(later(5));
    assert_eq!(agenda.take(later(5), 64).unwrap().tries.count, 1);
}

#[test]
fn a_resumed_agenda_goes_on_where_it_stood() {
    let open = |seq, user: &str, attempts, due| OpenDelivery {
        seq: Seq(seq),
        kind: EventKind::Page,
        identities: event(seq, user, "").identities,
        attempts,
        first_attempt_at: (attempts > 0).then_some(NOW),
        due,
        reason: if attempts > 0 { "reset".to_owned() } else { String::new() },
        status: if attempts > 0 { 503 } else { 0 },
        is_shelved: false,
    };
    let state = ScheduleState {
        open: vec![open(4, "a", 3, later(60)), open(6, "a", 0, NOW), open(7, "b", 1, NOW)],
        ..ScheduleState::at(Seq(9))
    };
    let mut agenda = Agenda::resume(Order::Strict, state);
    let waiting = |agenda: &mut Agenda| agenda.take_waiting().map(|by| (by[0].status, by[0].count));
    assert_eq!((waiting(&mut agenda), waiting(&mut agenda)), (Some((503, 2)), None));
    agenda.offer(event(9, "a", ""));
    agenda.wake(NOW);
    assert_eq!((take(&mut agenda), take(&mut agenda)), (Some(7), None));
    assert_eq!(agenda.parked(), (1, Some(later(60))));
    agenda.wake(later(60));
    assert_eq!(agenda.take(later(60), 64).unwrap().tries.count, 4);
    agenda.finish(Seq(4));
    assert_eq!(waiting(&mut agenda), Some((503, 1)));
    assert_eq!(take(&mut agenda), Some(6));
    agenda.finish(Seq(6));
    assert_eq!(take(&mut agenda), Some(9));
}

#[test]
fn what_fails_again_and_again_does_not_stand_in_the_way_of_what_was_never_tried() {
    let mut agenda = agenda();
    for seq in 1..=4 {
        agenda.offer(event(seq, &seq.to_string(), ""));
    }
    for _ in 0..limits::LATE_ATTEMPTS {
        for seq in 1..=4 {
            assert_eq!(take(&mut agenda), Some(seq));
            agenda.retry(Seq(seq), NOW, ("server_error", 503));
        }
        agenda.wake(NOW);
    }
    for seq in 5..=8 {
        agenda.offer(event(seq, &seq.to_string(), ""));
    }
    let mut take = |limit| agenda.take(NOW, limit).map(|going| going.seq.0);
    assert_eq!(take(1), Some(5), "a single place is for what was never tried");
    assert_eq!([take(4), take(4)], [Some(1), Some(6)], "every second turn");
    assert_eq!([take(4), take(4), take(4)], [Some(2), Some(7), Some(8)], "half of the room");
    assert_eq!(take(4), None);
    assert!(!agenda.is_ready(4));
    agenda.finish(Seq(1));
    assert!(agenda.is_ready(4));
    agenda.finish(Seq(2));
    assert!(agenda.is_ready(1), "a single place is theirs where nobody else wants it");
    assert_eq!(agenda.take(NOW, 1).map(|going| going.seq), Some(Seq(3)));
}

#[test]
fn a_recovery_hurries_what_the_outage_has_stopped_and_nothing_else() {
    let reopened = OpenDelivery { attempts: 1, due: later(300), ..shelved(&event(1, "0", "")) };
    let open = vec![OpenDelivery { is_shelved: false, reason: "reset".to_owned(), ..reopened }];
    let mut agenda =
        Agenda::resume(Order::Strict, ScheduleState { open, ..ScheduleState::at(Seq(2)) });
    for seq in 2..=5 {
        agenda.offer(event(seq, &seq.to_string(), ""));
        assert_eq!(take(&mut agenda), Some(seq));
    }
    let fail = |agenda: &mut Agenda, seq| {
        agenda.retry(Seq(seq), later(300), ("server_error", 503));
    };
    fail(&mut agenda, 2);
    agenda.endpoint_answered();
    agenda.finish(Seq(5));
    // They were under way when the last one was taken.
    fail(&mut agenda, 3);
    fail(&mut agenda, 4);
    agenda.endpoint_answered();
    agenda.hurry_stopped();
    let gone: Vec<_> = std::iter::from_fn(|| take(&mut agenda)).collect();
    assert_eq!(gone, [1, 3, 4]);
    agenda.wake(later(300));
    assert_eq!(take(&mut agenda), Some(2));
}

#[test]
fn what_waits_is_let_go_where_it_will_wait_for_long() {
    let mut agenda = agenda();
    for (seq, user) in [(1, "a"), (2, "a"), (3, "b")] {
        agenda.offer(event(seq, user, ""));
    }
    assert_eq!([take(&mut agenda), take(&mut agenda)], [Some(1), Some(3)]);
    agenda.finish(Seq(3));
    assert!(agenda.step().is_some());
    assert_eq!(agenda.held_bytes(), 2 * 2, "2 was overtaken, and goes soon");
    agenda.forget_waiting();
    assert_eq!(agenda.held_bytes(), 2);
}

#[test]
fn what_fills_the_window_and_may_not_go_is_written_down() {
    let mut agenda = agenda();
    let mut seq = 0;
    while agenda.has_room() {
        seq += 1;
        agenda.offer(event(seq, &(seq % 4).to_string(), ""));
    }
    let going: Vec<_> = std::iter::from_fn(|| take(&mut agenda)).collect();
    assert_eq!((going.len(), agenda.step(), agenda.has_room()), (4, None, false));
    agenda.make_room();
    let step = agenda.step().unwrap();
    assert_eq!((step.cursor, agenda.has_room()), (Seq(seq + 1), true));
    assert_eq!(step.opened.len() as u64, seq);
    assert_eq!(agenda.held_bytes(), 4 * 2, "what is under way is held");
}

#[test]
fn what_was_never_tried_waits_for_no_time_of_its_own() {
    let ahead_of_the_clock = shelved(&event(1, "u", ""));
    let open = vec![OpenDelivery { due: later(3_600), is_shelved: false, ..ahead_of_the_clock }];
    let mut agenda =
        Agenda::resume(Order::Strict, ScheduleState { open, ..ScheduleState::at(Seq(2)) });
    assert_eq!(take(&mut agenda), Some(1));
}

#[test]
fn a_lane_goes_on_before_what_was_accepted_later() {
    let mut agenda = agenda();
    for (seq, user) in [(1, "busy"), (2, "busy"), (3, "a"), (4, "busy"), (5, "b")] {
        agenda.offer(event(seq, user, ""));
    }
    assert_eq!(take(&mut agenda), Some(1));
    agenda.finish(Seq(1));
    assert_eq!(take(&mut agenda), Some(2));
    agenda.finish(Seq(2));
    let rest: Vec<_> = std::iter::from_fn(|| take(&mut agenda)).collect();
    assert_eq!(rest, [3, 4, 5]);
}

#[test]
fn an_endpoint_is_probed_with_what_was_never_tried_there() {
    let mut agenda = agenda();
    for seq in 1..=3 {
        agenda.offer(event(seq, &seq.to_string(), ""));
    }
    for seq in 1..=2 {
        assert_eq!(take(&mut agenda), Some(seq));
        agenda.retry(Seq(seq), NOW, ("server_error", 503));
    }
    agenda.wake(NOW);
    let mut probe = || agenda.take_probe(NOW, 1).map(|going| going.seq.0);
    assert_eq!([probe(), probe(), probe()], [Some(3), Some(1), Some(2)]);
    assert_eq!(agenda.untried(), 0);
    agenda.offer(event(4, "4", ""));
    agenda.offer(event(5, "5", ""));
    assert_eq!(agenda.untried(), 2);
    assert_eq!([take(&mut agenda), take(&mut agenda)], [Some(4), Some(5)]);
    assert_eq!(agenda.untried(), 0, "whoever takes them");
}

#[test]
fn there_is_room_until_too_much_is_held() {
    let mut agenda = agenda();
    let mut seq = 0;
    while agenda.has_room() {
        seq += 1;
        agenda.offer(event(seq, &seq.to_string(), ""));
    }
    assert_eq!(seq, limits::WINDOW_EVENTS_MAX as u64);
    assert_eq!(take(&mut agenda), Some(1));
    agenda.finish(Seq(1));
    assert!(agenda.has_room());
}

/// One step of a plan.
#[derive(Clone, Debug)]
enum Act {
    Offer,
    Send,
    Succeed(prop::sample::Index),
    Fail(prop::sample::Index),
    Settle,
    Unshelve,
    MakeRoom,
    ForgetWaiting,
    Wait,
    Crash,
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Offer),
        4 => Just(Act::Send),
        3 => any::<prop::sample::Index>().prop_map(Act::Succeed),
        2 => any::<prop::sample::Index>().prop_map(Act::Fail),
        3 => Just(Act::Settle),
        3 => Just(Act::Unshelve),
        1 => Just(Act::MakeRoom),
        1 => Just(Act::ForgetWaiting),
        1 => Just(Act::Wait),
        1 => Just(Act::Crash),
    ]
}

/// A destination's life: its agenda, what is on disk, and what the endpoint has got.
struct Life {
    events: Vec<StoredEvent>,
    /// Those that are filtered, and how many of them were counted on disk.
    filtered: BTreeSet<Seq>,
    counted: u64,
    agenda: Agenda,
    cursor: Seq,
    open: BTreeMap<Seq, OpenDelivery>,
    /// A step that is not committed yet.
    step: Option<Step>,
    /// Lines that the store has been asked for.
    asked: Option<Vec<(ShelfLine, Vec<OpenDelivery>)>>,
    bounds: LaneBounds,
    sending: BTreeSet<Seq>,
    arrived: Vec<Seq>,
    now: Timestamp,
}

impl Life {
    fn new(events: Vec<StoredEvent>, filtered: BTreeSet<Seq>, bounds: LaneBounds) -> Self {
        Self {
            events,
            filtered,
            counted: 0,
            agenda: Agenda::bounded(Order::Strict, ScheduleState::at(Seq(1)), bounds),
            step: None,
            asked: None,
            bounds,
            cursor: Seq(1),
            open: BTreeMap::new(),
            sending: BTreeSet::new(),
            arrived: Vec::new(),
            now: NOW,
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Offer => {
                let next = self.agenda.read_from().0 - 1;
                let event = usize::try_from(next).ok().and_then(|next| self.events.get(next));
                let Some(event) = event.filter(|_| self.agenda.has_room()) else { return };
                if self.filtered.contains(&event.seq) {
                    self.agenda.filter(event.seq, Reason::FilteredType);
                } else {
                    self.agenda.offer(event.clone());
                }
            }
            Act::Send => {
                if let Some(going) = self.agenda.take(self.now, 64) {
                    assert!(self.sending.insert(going.seq), "sent twice at a time");
                }
            }
            Act::Succeed(index) => {
                if let Some(seq) = self.pick(index) {
                    self.arrived.push(seq);
                    self.agenda.finish(seq);
                }
            }
            Act::Fail(index) => {
                if let Some(seq) = self.pick(index) {
                    let at = self.now.plus(Duration::from_secs(5));
                    self.agenda.retry(seq, at, ("reset", 0));
                }
            }
            Act::Settle => self.settle(),
            Act::Unshelve => self.unshelve(),
            Act::MakeRoom => self.agenda.make_room(),
            Act::ForgetWaiting => self.agenda.forget_waiting(),
            Act::Wait => {
                self.now = self.now.plus(Duration::from_secs(3));
                self.agenda.wake(self.now);
            }
            Act::Crash => self.crash(),
        }
    }

    fn pick(&mut self, index: &prop::sample::Index) -> Option<Seq> {
        let sending: Vec<_> = self.sending.iter().copied().collect();
        let seq = (!sending.is_empty()).then(|| *index.get(&sending))?;
        self.sending.remove(&seq);
        Some(seq)
    }

    /// Commits the step that is under way, or begins one.
    fn settle(&mut self) {
        match self.step.take() {
            Some(step) => self.commit(step),
            None => self.step = self.agenda.step(),
        }
    }

    fn commit(&mut self, step: Step) {
        assert!(step.cursor >= self.cursor, "the cursor went back");
        self.cursor = step.cursor;
        for open in step.opened {
            self.open.insert(open.seq, open);
        }
        for seq in step.closed {
            assert!(self.open.remove(&seq).is_some(), "{seq} was not open");
        }
        self.counted += step.filtered.values().sum::<u64>();
        let passed = self.filtered.range(..self.cursor).count() as u64;
        assert_eq!(self.counted, passed, "filtered events before {}", self.cursor);
        let to_deliver = |event: &&StoredEvent| !self.filtered.contains(&event.seq);
        for event in self.events.iter().filter(to_deliver).filter(|one| one.seq < self.cursor) {
            let known = self.arrived.contains(&event.seq) || self.open.contains_key(&event.seq);
            assert!(known, "the cursor passed {} without a trace", event.seq);
        }
        self.agenda.settled();
    }

    /// Hands over the lines that were asked for, or asks for some.
    fn unshelve(&mut self) {
        if let Some(answers) = self.asked.take() {
            assert!(answers.iter().flat_map(|(_, back)| back).all(|one| one.is_shelved));
            return self.agenda.unshelve(answers);
        }
        let Some((lines, count)) = self.agenda.next_lines() else { return };
        let answer = |asked| (asked, line(&self.open, asked, count as usize));
        self.asked = Some(lines.into_iter().map(answer).collect());
    }

    /// What was under way may have arrived; what is on disk is all that is left.
    fn crash(&mut self) {
        self.arrived.extend(std::mem::take(&mut self.sending));
        (self.step, self.asked) = (None, None);
        let (shelved, open): (Vec<_>, Vec<_>) =
            self.open.values().cloned().partition(|one| one.is_shelved);
        let shelved = shelved.iter().map(|one| (one.identities, 1)).collect();
        let state = ScheduleState { open, shelved, ..ScheduleState::at(self.cursor) };
        self.agenda = Agenda::bounded(Order::Strict, state, self.bounds);
        self.agenda.wake(self.now);
    }

    fn run_out(&mut self) {
        for _ in 0..self.events.len() * 8 {
            for act in [Act::Offer, Act::Unshelve, Act::Unshelve, Act::Wait, Act::Send] {
                self.act(&act);
            }
            while let Some(seq) = self.sending.pop_first() {
                self.arrived.push(seq);
                self.agenda.finish(seq);
            }
            self.settle();
            self.settle();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// Whatever fails, and whenever the process ends: every event arrives, and first arrivals
    /// keep the order of events that share an identity.
    #[test]
    fn nothing_is_lost_and_order_holds(
        who in prop::collection::vec((0_u8..3, 0_u8..3, 0_u8..3), 1..14),
        plan in prop::collection::vec(acts(), 0..120),
        (moving, failing) in (1_usize..4, 1_usize..3),
    ) {
        let text = |n: u8| if n == 0 { String::new() } else { n.to_string() };
        let events: Vec<_> = who.iter().enumerate()
            .map(|(index, (user, anonymous, _))| event(index as u64 + 1, &text(*user), &text(*anonymous)))
            .collect();
        let is_filtered = |seq: Seq| who[seq.0 as usize - 1].2 == 0;
        let filtered = events.iter().map(|one| one.seq).filter(|seq| is_filtered(*seq)).collect();
        let bounds = LaneBounds { moving, failing: failing.min(moving) };
        let mut life = Life::new(events.clone(), filtered, bounds);
        for act in &plan {
            life.act(act);
        }
        life.run_out();
        let events: Vec<_> = events.into_iter().filter(|one| !is_filtered(one.seq)).collect();
        let first = |seq: Seq| life.arrived.iter().position(|arrived| *arrived == seq);
        for (index, later) in events.iter().enumerate() {
            prop_assert!(first(later.seq).is_some(), "{} was lost", later.seq);
            for earlier in &events[..index] {
                let shared = earlier.identities.iter()
                    .any(|one| later.identities.iter().any(|two| one == two));
                prop_assert!(!shared || first(earlier.seq) < first(later.seq));
            }
        }
        prop_assert_eq!((life.agenda.unfinished(), life.agenda.held), (0, 0));
        prop_assert!(life.open.is_empty() && life.agenda.parked.is_empty());
    }
}
