//! A backlog drains from the journal, and not by way of the shelf: an agenda at work in steps of a
//! millisecond, with people who share devices, an endpoint that is down at first, and a store that
//! takes its time. What it costs is counted, not timed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::tests::{NOW, event, line};
use super::*;
use crate::dispatch::simulation::dice::Dice;

const LIMIT: u32 = 64;

/// What a backlog has cost.
#[derive(Default)]
struct Cost {
    /// Steps since the endpoint was back.
    millis: u64,
    /// Deliveries that were put on the shelf.
    shelved: u64,
    /// Deliveries whose event had to be read again.
    read_again: u64,
}

/// A destination that is behind.
struct Drain {
    agenda: Agenda,
    dice: Dice,
    /// People of each of eight senders, and events in all.
    people: u64,
    events: u64,
    made: u64,
    now: u64,
    under_way: BTreeSet<(u64, Seq)>,
    ahead: VecDeque<StoredEvent>,
    open: BTreeMap<Seq, OpenDelivery>,
    committing: Option<(u64, Step)>,
    asked: Option<(u64, Vec<ShelfLine>, usize)>,
    /// When the next probe may go, and the wait after it, while the endpoint takes nothing.
    holding: Option<(u64, u64)>,
    limit: u32,
    failed: u32,
    done: u64,
    cost: Cost,
}

impl Drain {
    fn of(people: u64, events: u64) -> Self {
        Self {
            agenda: Agenda::resume(Order::Strict, ScheduleState::at(Seq(1))),
            dice: Dice::new(1, 0),
            people,
            events,
            made: 0,
            now: 0,
            under_way: BTreeSet::new(),
            ahead: VecDeque::new(),
            open: BTreeMap::new(),
            committing: None,
            asked: None,
            holding: None,
            limit: LIMIT,
            failed: 0,
            done: 0,
            cost: Cost::default(),
        }
    }

    /// Runs until all is delivered; the endpoint is down for so long.
    fn run(mut self, down: u64) -> Cost {
        while self.done < self.events {
            self.now += 1;
            assert!(self.now < down + self.events, "it stands still at {} events", self.done);
            self.cost.millis = self.now.saturating_sub(down);
            self.end_attempts(self.now <= down);
            self.agenda.wake(self.time());
            self.read();
            self.send();
            self.settle();
            self.unshelve();
        }
        self.cost
    }

    fn time(&self) -> Timestamp {
        NOW.plus(Duration::from_millis(self.now))
    }

    fn end_attempts(&mut self, is_down: bool) {
        let later = self.under_way.split_off(&(self.now + 1, Seq(0)));
        for (_, seq) in std::mem::replace(&mut self.under_way, later) {
            if !is_down {
                self.done += 1;
                self.agenda.endpoint_answered();
                self.agenda.finish(seq);
                if self.holding.take().is_some() {
                    self.limit = 1;
                    self.agenda.hurry_stopped();
                }
                self.limit = (self.limit + 1).min(LIMIT);
                continue;
            }
            self.failed += 1;
            let at = self.time().plus(Duration::from_secs(10));
            self.agenda.retry(seq, at, ("server_error", 503));
            self.holding = match self.holding {
                None if self.failed < 5 => None,
                None => Some((self.now + 5, 10)),
                Some((_, wait)) => Some((self.now + wait, (wait * 2).min(30_000))),
            };
        }
    }

    fn outlook(&self) -> Outlook {
        let limit = if self.holding.is_some() { 1 } else { self.limit };
        let has_place = (self.under_way.len() as u32) < limit;
        let is_open = has_place && self.holding.is_none_or(|(next, _)| self.now >= next);
        Outlook { is_active: self.holding.is_none(), is_open, limit }
    }

    fn read(&mut self) {
        let wants = |own: &Self| own.agenda.has_room() && own.agenda.wants_more(own.outlook());
        while wants(self)
            && let Some(event) = self.ahead.pop_front()
        {
            self.agenda.offer(event);
        }
        if self.ahead.is_empty() && wants(self) {
            let last = (self.made + 500).min(self.events);
            let chunk: Vec<_> = (self.made + 1..=last).map(|seq| self.event(seq)).collect();
            self.ahead.extend(chunk);
            self.made = last;
        }
    }

    /// Three in ten are of a device alone, four of a device and its user; one device in twenty is one
    /// that all people of a sender share.
    fn event(&self, seq: u64) -> StoredEvent {
        let (sender, person) = (seq / 30 % 8, self.dice.roll(self.people));
        let device = match self.dice.roll(20) {
            0 => format!("d-{sender}"),
            other => format!("d-{sender}-{person}-{}", other % 2),
        };
        let user = format!("u-{sender}-{person}");
        match self.dice.roll(10) {
            0..=2 => event(seq, "", &device),
            3..=6 => event(seq, &user, &device),
            _ => event(seq, &user, ""),
        }
    }

    fn send(&mut self) {
        loop {
            let Outlook { is_active, is_open, limit } = self.outlook();
            if !is_active && is_open && !self.agenda.is_ready(limit) {
                self.agenda.hurry();
            }
            if !is_open || !self.agenda.is_ready(limit) {
                return;
            }
            let going = match is_active {
                true => self.agenda.take(self.time(), limit),
                false => self.agenda.take_probe(self.time(), limit),
            };
            let Some(going) = going else { return };
            self.cost.read_again += u64::from(going.event.is_none());
            let end = self.now + 2 + self.dice.roll(8);
            self.under_way.insert((end, going.seq));
        }
    }

    /// A commit takes five milliseconds.
    fn settle(&mut self) {
        if let Some((at, step)) = self.committing.take() {
            if at > self.now {
                self.committing = Some((at, step));
                return;
            }
            for open in step.opened {
                self.cost.shelved += u64::from(open.is_shelved);
                self.open.insert(open.seq, open);
            }
            self.open.retain(|seq, _| !step.closed.contains(seq));
            self.agenda.settled();
        }
        self.committing = self.agenda.step().map(|step| (self.now + 5, step));
    }

    /// The store answers after two milliseconds.
    fn unshelve(&mut self) {
        if let Some((at, lines, count)) = self.asked.take() {
            if at > self.now {
                self.asked = Some((at, lines, count));
                return;
            }
            let answers: Vec<_> =
                lines.into_iter().map(|one| (one, line(&self.open, one, count))).collect();
            self.agenda.unshelve(answers);
        }
        let asks = self.agenda.next_lines();
        self.asked = asks.map(|(lines, count)| (self.now + 2, lines, count as usize));
    }
}

#[test]
fn a_backlog_drains_past_the_shelf() {
    const EVENTS: u64 = 20_000;
    for people in [1_000, 30, 8] {
        let cost = Drain::of(people, EVENTS).run(60_000);
        let told = format!(
            "{people} people: {} ms, {} shelved, {} read again",
            cost.millis, cost.shelved, cost.read_again
        );
        assert!(cost.shelved < EVENTS / 4, "{told}");
        assert!(cost.read_again < EVENTS / 4, "{told}");
    }
}
