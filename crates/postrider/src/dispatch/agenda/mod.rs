//! The agenda of one destination: which delivery may go now, and what to write down.
//!
//! It holds every delivery that is not finished and no I/O at all: events are offered, sends are
//! taken, results come back, and now and then a step is taken out to be committed. The cursor of a
//! step goes up to the latest finished delivery: those before it that are still under way, wait for
//! a retry, or are parked in a lane, are written down as open. So what is finished and committed is
//! not made again after a crash.

mod filtered;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use domain::delivery::lanes::{Lanes, Order};
use domain::delivery::retry::Tries;
use domain::event::{EventKind, Identities, IdentityHash};
use domain::id::Seq;
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use storage::{OpenDelivery, ScheduleState, StoredEvent};

use filtered::Filtered;

/// Everything unfinished of one destination.
#[derive(Debug)]
pub struct Agenda {
    order: Order,
    /// The cursor of the last step.
    cursor: Seq,
    /// The next place of the journal to be offered or passed.
    read: Seq,
    deliveries: BTreeMap<Seq, Delivery>,
    lanes: Lanes,
    /// May go now, first come first.
    ready: VecDeque<Seq>,
    /// The same, of those that have failed again and again: they have a share of their own.
    late: VecDeque<Seq>,
    late_under_way: u32,
    /// Waits for its time.
    due: BTreeSet<(Timestamp, Seq)>,
    /// How many deliveries written down as open each identity has.
    parked: HashMap<IdentityHash, u32>,
    /// Events held in memory, and their bytes.
    held: usize,
    held_bytes: usize,
    changed: BTreeSet<Seq>,
    closed: Vec<Seq>,
    /// Events that were filtered and that no step has counted yet.
    filtered: Filtered,
    /// Whether a delivery was finished since the last step, rather than events passed over.
    is_news: bool,
    /// Whether this is the end: every step is worth a commit.
    is_ending: bool,
    /// The latest event that is finished; what is under way before it is written down as open.
    finished_to: Seq,
}

#[derive(Debug)]
struct Delivery {
    kind: EventKind,
    identities: Identities,
    attempts: u32,
    first_attempt_at: Option<Timestamp>,
    due: Timestamp,
    reason: &'static str,
    state: State,
    /// Whether it is written down as open.
    stored: bool,
    /// The event, until the delivery is parked; then it is read again when its time comes.
    event: Option<StoredEvent>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// An earlier event of the same user comes first.
    Waiting,
    Ready,
    Sending,
    /// Failed, and waits for its time.
    Parked,
}

/// A delivery that is to be sent now.
#[derive(Debug)]
pub struct Going {
    /// Which.
    pub seq: Seq,
    /// What kind of event.
    pub kind: EventKind,
    /// The event; none where it has to be read again.
    pub event: Option<StoredEvent>,
    /// What has been tried, the attempt that starts now included.
    pub tries: Tries,
}

impl Going {
    /// Bytes of the event; 0 where it has to be read again.
    pub fn bytes(&self) -> usize {
        self.event.as_ref().map_or(0, |event| event.payload.len())
    }
}

/// What changed since the last step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The new cursor.
    pub cursor: Seq,
    /// Deliveries to write down as open.
    pub opened: Vec<OpenDelivery>,
    /// Deliveries that were open and are finished.
    pub closed: Vec<Seq>,
    /// Events that the cursor passes because they were filtered, by reason.
    pub filtered: BTreeMap<&'static str, u64>,
}

impl Delivery {
    /// Whether its next attempt is a late one.
    fn is_late(&self) -> bool {
        self.attempts >= limits::LATE_ATTEMPTS
    }

    /// Whether its latest attempt was a late one.
    fn was_late(&self) -> bool {
        self.attempts > limits::LATE_ATTEMPTS
    }
}

impl Step {
    /// A step that changes nothing.
    pub fn without_news(cursor: Seq) -> Self {
        Self { cursor, opened: Vec::new(), closed: Vec::new(), filtered: BTreeMap::new() }
    }
}

impl Agenda {
    /// An agenda that goes on where the stored state stands.
    pub fn resume(order: Order, state: ScheduleState) -> Self {
        let mut agenda = Self {
            order,
            cursor: state.cursor,
            read: state.cursor,
            deliveries: BTreeMap::new(),
            lanes: Lanes::default(),
            ready: VecDeque::new(),
            late: VecDeque::new(),
            late_under_way: 0,
            due: BTreeSet::new(),
            parked: HashMap::new(),
            held: 0,
            held_bytes: 0,
            changed: BTreeSet::new(),
            closed: Vec::new(),
            filtered: Filtered::default(),
            is_news: false,
            is_ending: false,
            finished_to: Seq(0),
        };
        for open in state.open {
            agenda.reopen(open);
        }
        agenda
    }

    fn reopen(&mut self, open: OpenDelivery) {
        let delivery = Delivery {
            kind: open.kind,
            identities: open.identities,
            attempts: open.attempts,
            first_attempt_at: open.first_attempt_at,
            due: open.due,
            reason: Reason::from_code(&open.reason).map_or("", Reason::code),
            state: State::Waiting,
            stored: true,
            event: None,
        };
        self.mark_parked(open.identities);
        self.deliveries.insert(open.seq, delivery);
        if self.lanes.enter(open.seq, self.order.identities(open.identities)) {
            self.park(open.seq, open.due);
        }
    }

    /// The next place of the journal to be offered.
    pub fn read_from(&self) -> Seq {
        self.read
    }

    /// The cursor of the last step.
    pub fn cursor(&self) -> Seq {
        self.cursor
    }

    /// Whether more events may be offered.
    pub fn has_room(&self) -> bool {
        self.deliveries.len() < limits::OPEN_DELIVERIES_MAX
            && self.held < limits::WINDOW_EVENTS_MAX
            && self.held_bytes < limits::WINDOW_BYTES_MAX
    }

    /// Deliveries that are not finished.
    pub fn unfinished(&self) -> usize {
        self.deliveries.len()
    }

    /// Deliveries that failed and wait for their time, and when the first of them is due.
    pub fn parked(&self) -> (usize, Option<Timestamp>) {
        (self.due.len(), self.next_due())
    }

    /// Takes the event at [`Self::read_from`] or later as a delivery.
    pub fn offer(&mut self, event: StoredEvent) {
        let seq = event.seq;
        self.read = seq.next();
        self.filtered.offered(seq);
        self.held += 1;
        self.held_bytes += event.payload.len();
        let free = self.lanes.enter(seq, self.order.identities(event.identities));
        let delivery = Delivery {
            kind: event.kind,
            identities: event.identities,
            attempts: 0,
            first_attempt_at: None,
            due: event.received_at,
            reason: "",
            state: if free { State::Ready } else { State::Waiting },
            stored: false,
            event: Some(event),
        };
        self.deliveries.insert(seq, delivery);
        if free {
            self.ready.push_back(seq);
        }
    }

    /// Passes the event at [`Self::read_from`] or later, which was filtered.
    pub fn filter(&mut self, seq: Seq, reason: Reason) {
        self.read = seq.next();
        self.filtered.add(reason);
    }

    /// Goes on to `next`: nothing before it is for this destination.
    pub fn pass(&mut self, next: Seq) {
        self.read = self.read.max(next);
    }

    /// Takes the next delivery that may go; its attempt counts from here on. Late ones take half of
    /// `limit` at most.
    pub fn take(&mut self, now: Timestamp, limit: u32) -> Option<Going> {
        let seq = self.next_to_go(limit)?;
        let delivery = self.deliveries.get_mut(&seq)?;
        delivery.state = State::Sending;
        self.late_under_way += u32::from(delivery.is_late());
        delivery.attempts = delivery.attempts.saturating_add(1);
        let first_at = *delivery.first_attempt_at.get_or_insert(now);
        let tries = Tries { count: delivery.attempts, first_at };
        Some(Going { seq, kind: delivery.kind, event: delivery.event.clone(), tries })
    }

    fn next_to_go(&mut self, limit: u32) -> Option<Seq> {
        if self.late_under_way < (limit / 2).max(1)
            && let Some(seq) = self.late.pop_front()
        {
            return Some(seq);
        }
        self.ready.pop_front()
    }

    /// Whether a delivery may go now, where so many may be under way.
    pub fn is_ready(&self, limit: u32) -> bool {
        let is_late_ready = !self.late.is_empty() && self.late_under_way < (limit / 2).max(1);
        is_late_ready || !self.ready.is_empty()
    }

    /// Makes the delivery ready that is due first, although its time has not come.
    pub fn hurry(&mut self) {
        if let Some((_, seq)) = self.due.pop_first() {
            self.set_ready(seq);
        }
    }

    /// Makes all deliveries ready that wait for their time.
    pub fn hurry_all(&mut self) {
        for (_, seq) in std::mem::take(&mut self.due) {
            self.set_ready(seq);
        }
    }

    /// Lets no delivery wait longer than `wait` allows after so many attempts.
    pub fn hasten(&mut self, now: Timestamp, wait: impl Fn(u32) -> Duration) {
        for (due, seq) in std::mem::take(&mut self.due) {
            let attempts = self.deliveries.get(&seq).map_or(0, |delivery| delivery.attempts);
            let due = due.min(now.plus(wait(attempts)));
            self.due.insert((due, seq));
            if let Some(delivery) = self.deliveries.get_mut(&seq) {
                delivery.due = due;
            }
        }
    }

    /// Somebody does not want a delivery any more: it is finished, unless it is under way or not
    /// known here. Answers what was tried of it.
    pub fn skip(&mut self, seq: Seq) -> Option<(EventKind, u32)> {
        let delivery = self.deliveries.get(&seq)?;
        if delivery.state == State::Sending {
            return None;
        }
        let skipped = (delivery.kind, delivery.attempts);
        self.due.remove(&(delivery.due, seq));
        self.ready.retain(|ready| *ready != seq);
        self.late.retain(|late| *late != seq);
        self.finish(seq);
        Some(skipped)
    }

    /// The delivery is finished; those behind it in its lanes may go.
    pub fn finish(&mut self, seq: Seq) {
        let Some(delivery) = self.deliveries.remove(&seq) else { return };
        self.landed(&delivery);
        self.let_go(delivery.event.as_ref());
        self.finished_to = self.finished_to.max(seq);
        self.is_news = true;
        self.changed.remove(&seq);
        if delivery.stored {
            self.closed.push(seq);
            self.unmark_parked(delivery.identities);
        }
        for freed in self.lanes.leave(seq, self.order.identities(delivery.identities)) {
            let Some(next) = self.deliveries.get(&freed) else { continue };
            let due = next.due;
            if next.attempts > 0 {
                self.park(freed, due);
            } else {
                self.set_ready(freed);
            }
        }
    }

    /// The delivery is to be tried again at `at`.
    pub fn retry(&mut self, seq: Seq, at: Timestamp, reason: Reason) {
        let Some(delivery) = self.deliveries.get_mut(&seq) else { return };
        self.late_under_way -= u32::from(delivery.was_late());
        delivery.due = at;
        delivery.reason = reason.code();
        self.changed.insert(seq);
        self.park(seq, at);
        self.forget(seq);
    }

    /// The delivery's event could not be read: it is asked for again at `at`, and that was no attempt.
    pub fn put_off(&mut self, seq: Seq, at: Timestamp) {
        let Some(delivery) = self.deliveries.get_mut(&seq) else { return };
        self.late_under_way -= u32::from(delivery.was_late());
        delivery.attempts = delivery.attempts.saturating_sub(1);
        delivery.due = at;
        self.park(seq, at);
    }

    /// From now on every step is worth a commit.
    pub fn end(&mut self) {
        self.is_ending = true;
    }

    /// Makes those ready whose time has come.
    pub fn wake(&mut self, now: Timestamp) {
        while let Some(&(due, seq)) = self.due.first().filter(|(due, _)| *due <= now) {
            self.due.remove(&(due, seq));
            self.set_ready(seq);
        }
    }

    /// When the next parked delivery is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes out what changed since the last step; none where nothing did, or where it is not worth
    /// a commit: passing events over again costs little.
    pub fn step(&mut self) -> Option<Step> {
        let cursor = self.advance();
        let moved = cursor.0 - self.cursor.0;
        let is_news = self.is_news || self.filtered.any_before(cursor);
        let only_passed = self.changed.is_empty() && self.closed.is_empty() && !is_news;
        let moved_min = if self.is_ending { 1 } else { limits::PASSED_EVENTS_MAX };
        if only_passed && moved < moved_min {
            return None;
        }
        self.is_news = false;
        self.cursor = cursor;
        let changed = std::mem::take(&mut self.changed);
        let opened = changed.into_iter().filter_map(|seq| self.open(seq)).collect();
        let filtered = self.filtered.before(cursor);
        Some(Step { cursor, opened, closed: std::mem::take(&mut self.closed), filtered })
    }

    /// Moves on past the latest finished delivery, and writes down those it passes.
    fn advance(&mut self) -> Seq {
        let mut passed = Vec::new();
        let mut cursor = self.read;
        for (seq, delivery) in self.deliveries.range(self.cursor..) {
            if delivery.stored {
                continue;
            }
            let behind = || delivery.identities.iter().any(|one| self.parked.contains_key(&one));
            match delivery.state {
                State::Parked => {}
                State::Waiting if behind() => {}
                _ if *seq < self.finished_to => {}
                _ => {
                    cursor = *seq;
                    break;
                }
            }
            passed.push(*seq);
            for identity in delivery.identities.iter() {
                *self.parked.entry(identity).or_default() += 1;
            }
        }
        for seq in passed {
            self.store(seq);
        }
        cursor
    }

    /// Marks a delivery as written down.
    fn store(&mut self, seq: Seq) {
        let Some(delivery) = self.deliveries.get_mut(&seq) else { return };
        delivery.stored = true;
        self.changed.insert(seq);
        // What waits for long is read again when its time comes; the rest goes soon.
        if matches!(delivery.state, State::Parked | State::Waiting) {
            self.forget(seq);
        }
    }

    /// Gives up the event of a delivery in memory.
    fn forget(&mut self, seq: Seq) {
        let event = self.deliveries.get_mut(&seq).and_then(|delivery| delivery.event.take());
        self.let_go(event.as_ref());
    }

    fn open(&self, seq: Seq) -> Option<OpenDelivery> {
        // A change of a delivery that the cursor has not passed is written when it passes.
        let delivery = self.deliveries.get(&seq).filter(|delivery| delivery.stored)?;
        Some(OpenDelivery {
            seq,
            kind: delivery.kind,
            identities: delivery.identities,
            attempts: delivery.attempts,
            first_attempt_at: delivery.first_attempt_at,
            due: delivery.due,
            reason: delivery.reason.to_owned(),
        })
    }

    fn park(&mut self, seq: Seq, until: Timestamp) {
        if let Some(delivery) = self.deliveries.get_mut(&seq) {
            delivery.state = State::Parked;
            self.due.insert((until, seq));
        }
    }

    fn set_ready(&mut self, seq: Seq) {
        if let Some(delivery) = self.deliveries.get_mut(&seq) {
            delivery.state = State::Ready;
            let line = if delivery.is_late() { &mut self.late } else { &mut self.ready };
            line.push_back(seq);
        }
    }

    /// A delivery is not under way any more.
    fn landed(&mut self, delivery: &Delivery) {
        if delivery.state == State::Sending {
            self.late_under_way -= u32::from(delivery.was_late());
        }
    }

    fn let_go(&mut self, event: Option<&StoredEvent>) {
        if let Some(event) = event {
            self.held -= 1;
            self.held_bytes -= event.payload.len();
        }
    }

    fn mark_parked(&mut self, identities: Identities) {
        for identity in identities.iter() {
            *self.parked.entry(identity).or_default() += 1;
        }
    }

    fn unmark_parked(&mut self, identities: Identities) {
        for identity in identities.iter() {
            if let Some(count) = self.parked.get_mut(&identity) {
                *count -= 1;
                if *count == 0 {
                    self.parked.remove(&identity);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
