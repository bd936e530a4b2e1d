//! Tests of the agenda: tables for single rules, and whole lives with crashes from random plans.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use domain::event::Restriction;
use domain::id::SourceId;
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn event(seq: u64, user: &str, anonymous: &str) -> StoredEvent {
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

fn agenda() -> Agenda {
    Agenda::resume(Order::Strict, ScheduleState { cursor: Seq(1), open: Vec::new() })
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
    agenda.retry(Seq(1), later(10), Reason::ServerError);
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
    };
    let state = ScheduleState {
        cursor: Seq(9),
        open: vec![open(4, "a", 3, later(60)), open(6, "a", 0, NOW), open(7, "b", 1, NOW)],
    };
    let mut agenda = Agenda::resume(Order::Strict, state);
    agenda.offer(event(9, "a", ""));
    agenda.wake(NOW);
    assert_eq!((take(&mut agenda), take(&mut agenda)), (Some(7), None));
    assert_eq!(agenda.parked(), (1, Some(later(60))));
    agenda.wake(later(60));
    assert_eq!(agenda.take(later(60), 64).unwrap().tries.count, 4);
    agenda.finish(Seq(4));
    assert_eq!(take(&mut agenda), Some(6));
    agenda.finish(Seq(6));
    assert_eq!(take(&mut agenda), Some(9));
}

#[test]
fn there_is_room_until_too_much_is_held() {
    let mut agenda = agenda();
    let mut seq = 0;
    while agenda.has_room() {
        seq += 1;
        agenda.offer(event(seq, "a", ""));
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
    sending: BTreeSet<Seq>,
    arrived: Vec<Seq>,
    now: Timestamp,
}

impl Life {
    fn new(events: Vec<StoredEvent>, filtered: BTreeSet<Seq>) -> Self {
        Self {
            events,
            filtered,
            counted: 0,
            agenda: agenda(),
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
                    self.agenda.retry(seq, at, Reason::Reset);
                }
            }
            Act::Settle => self.settle(),
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

    fn settle(&mut self) {
        let Some(step) = self.agenda.step() else { return };
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
    }

    /// What was under way may have arrived; what is on disk is all that is left.
    fn crash(&mut self) {
        self.arrived.extend(std::mem::take(&mut self.sending));
        let open = self.open.values().cloned().collect();
        self.agenda = Agenda::resume(Order::Strict, ScheduleState { cursor: self.cursor, open });
        self.agenda.wake(self.now);
    }

    fn run_out(&mut self) {
        for _ in 0..self.events.len() * 8 {
            for act in [Act::Offer, Act::Wait, Act::Send] {
                self.act(&act);
            }
            while let Some(seq) = self.sending.pop_first() {
                self.arrived.push(seq);
                self.agenda.finish(seq);
            }
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
    ) {
        let text = |n: u8| if n == 0 { String::new() } else { n.to_string() };
        let events: Vec<_> = who.iter().enumerate()
            .map(|(index, (user, anonymous, _))| event(index as u64 + 1, &text(*user), &text(*anonymous)))
            .collect();
        let is_filtered = |seq: Seq| who[seq.0 as usize - 1].2 == 0;
        let filtered = events.iter().map(|one| one.seq).filter(|seq| is_filtered(*seq)).collect();
        let mut life = Life::new(events.clone(), filtered);
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
