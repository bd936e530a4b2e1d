//! The agenda of one destination: which delivery may go now, and what to write down.
//!
//! It holds every delivery that is not finished and no I/O at all: events are offered, sends are
//! taken, results come back, and now and then a step is taken out to be committed. The cursor of a
//! step goes up to the latest finished delivery: those before it that are still under way, wait for
//! a retry, or are parked in a lane, are written down as open. So what is finished and committed is
//! not made again after a crash.

mod appetite;
mod causes;
mod filtered;
mod glance;
mod gone;
mod hurry;
mod room;
mod shelf;
mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::delivery::lanes::{Lanes, Order};
use domain::delivery::retry::Tries;
use domain::event::{EventKind, Identities, IdentityHash};
use domain::id::Seq;
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use storage::{OpenDelivery, ScheduleState, ShelfLine, StoredEvent, WaitingBy};

pub use appetite::Outlook;
pub use causes::Cause;
use causes::Causes;
use filtered::Filtered;
use shelf::{Answer, Shelf};
use turns::Turns;

/// Everything unfinished of one destination.
#[derive(Debug)]
pub struct Agenda {
    order: Order,
    lane_bounds: LaneBounds,
    /// What waits on disk only.
    shelf: Shelf,
    /// The cursor of the last step.
    cursor: Seq,
    /// The next place of the journal to be offered or passed.
    read: Seq,
    deliveries: BTreeMap<Seq, Delivery>,
    lanes: Lanes,
    /// May go now.
    turns: Turns,
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
    causes: Causes,
    /// Whether a delivery was finished since the last step, rather than events passed over.
    is_news: bool,
    /// Whether this is the end: every step is worth a commit.
    is_ending: bool,
    /// The latest event that is finished, or all that was read where there is no room for more; what is
    /// not finished before it is written down as open.
    finished_to: Seq,
    /// Deliveries that were not finished at the last probe.
    probed_with: u64,
    /// How often the endpoint has answered as one that is there.
    answers: u64,
    /// Whether what is written down next is not to be held, as there is no room for more.
    is_making_room: bool,
}

/// How many deliveries of one lane are held.
#[derive(Clone, Copy, Debug)]
pub struct LaneBounds {
    /// While it goes on.
    pub moving: usize,
    /// While its first one fails.
    pub failing: usize,
}

#[derive(Debug)]
struct Delivery {
    kind: EventKind,
    identities: Identities,
    attempts: u32,
    first_attempt_at: Option<Timestamp>,
    due: Timestamp,
    /// Why it waits, as far as it was tried.
    cause: Cause,
    /// After how many answers of the endpoint it failed first; none where it has not, as far as this
    /// process knows.
    failed_after: Option<u64>,
    state: State,
    /// Whether it is written down as open.
    stored: bool,
    /// The event, until the delivery is parked; then it is read again when its time comes.
    event: Option<StoredEvent>,
    /// Bytes of the event, or what is taken for them until they are known.
    bytes: usize,
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

impl Delivery {
    fn as_open(&self, seq: Seq) -> OpenDelivery {
        let (reason, status) = self.cause;
        OpenDelivery {
            seq,
            kind: self.kind,
            identities: self.identities,
            attempts: self.attempts,
            first_attempt_at: self.first_attempt_at,
            due: self.due,
            reason: reason.to_owned(),
            status,
            is_shelved: false,
        }
    }
}

/// A delivery that is to be sent now.
#[derive(Debug)]
pub struct Going {
    /// Which.
    pub seq: Seq,
    /// What kind of event.
    pub kind: EventKind,
    /// Whose event.
    pub identities: Identities,
    /// The event; none where it has to be read again.
    pub event: Option<StoredEvent>,
    /// What has been tried, the attempt that starts now included.
    pub tries: Tries,
    /// Bytes of the event, or what is taken for them where it was not read since the start.
    pub bytes: usize,
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

impl Step {
    /// A step that changes nothing.
    pub fn without_news(cursor: Seq) -> Self {
        Self { cursor, opened: Vec::new(), closed: Vec::new(), filtered: BTreeMap::new() }
    }
}

impl Agenda {
    /// An agenda that goes on where the stored state stands.
    pub fn resume(order: Order, state: ScheduleState) -> Self {
        Self::bounded(order, state, LaneBounds::default())
    }

    fn bounded(order: Order, state: ScheduleState, lane_bounds: LaneBounds) -> Self {
        let mut agenda = Self {
            order,
            lane_bounds,
            shelf: Shelf::new(order, state.shelved),
            cursor: state.cursor,
            read: state.cursor,
            deliveries: BTreeMap::new(),
            lanes: Lanes::default(),
            turns: Turns::default(),
            due: BTreeSet::new(),
            parked: HashMap::new(),
            held: 0,
            held_bytes: 0,
            changed: BTreeSet::new(),
            closed: Vec::new(),
            filtered: Filtered::default(),
            causes: Causes::default(),
            is_news: false,
            is_ending: false,
            finished_to: Seq(0),
            probed_with: 0,
            answers: 0,
            is_making_room: false,
        };
        for open in state.open {
            agenda.reopen(open);
        }
        let lanes = &agenda.lanes;
        agenda.shelf.want_where(|lane| lanes.len_of(lane) == 0);
        agenda
    }

    /// Takes in a delivery that is written down as open.
    fn reopen(&mut self, open: OpenDelivery) {
        let delivery = Delivery {
            kind: open.kind,
            identities: open.identities,
            attempts: open.attempts,
            first_attempt_at: open.first_attempt_at,
            due: open.due,
            cause: (Reason::from_code(&open.reason).map_or("", Reason::code), open.status),
            failed_after: None,
            state: State::Waiting,
            stored: true,
            event: None,
            bytes: limits::UNREAD_EVENT_BYTES,
        };
        self.mark_parked(open.identities);
        self.causes.enter(delivery.cause);
        self.deliveries.insert(open.seq, delivery);
        if self.lanes.enter(open.seq, self.order.identities(open.identities)) {
            self.free(open.seq);
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

    /// The lines of shelved deliveries to ask the store for, and how many of each; none where none
    /// are wanted, or there is no room.
    pub fn next_lines(&mut self) -> Option<(Vec<ShelfLine>, u32)> {
        if self.deliveries.len() >= limits::OPEN_DELIVERIES_MAX {
            return None;
        }
        let lines = self.shelf.next_lines();
        let most = self.lane_bounds.moving;
        let part = most.checked_div(lines.len())?;
        let count = part.max(limits::LINE_DELIVERIES_LEAST.min(most));
        Some((lines, u32::try_from(count).unwrap_or(u32::MAX)))
    }

    /// The store could not be asked for lines.
    pub fn ask_again(&mut self, lines: Vec<ShelfLine>) {
        self.shelf.ask_again(lines);
    }

    /// Holds what the store had of lines that it was asked for at once. A delivery that stands in two
    /// of them comes with both.
    pub fn unshelve(&mut self, answers: impl IntoIterator<Item = (ShelfLine, Vec<OpenDelivery>)>) {
        for (line, mut back) in answers {
            let answer = if back.is_empty() { Answer::Nothing } else { Answer::Something };
            back.retain(|delivery| !self.deliveries.contains_key(&delivery.seq));
            self.shelf.came_back(line, &back, answer);
            for delivery in back {
                self.changed.insert(delivery.seq);
                self.reopen(delivery);
            }
        }
    }

    /// The latest step is committed.
    pub fn settled(&mut self) {
        self.shelf.settled();
    }

    /// Takes the event at [`Self::read_from`] or later as a delivery.
    pub fn offer(&mut self, event: StoredEvent) {
        let seq = event.seq;
        self.read = seq.next();
        if self.belongs_on_shelf(event.identities) {
            return self.shelf.put(shelved(&event));
        }
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
            cause: ("", 0),
            failed_after: None,
            state: if free { State::Ready } else { State::Waiting },
            stored: false,
            bytes: event.payload.len(),
            event: Some(event),
        };
        self.deliveries.insert(seq, delivery);
        if free {
            self.turns.enter(seq, 0);
        }
    }

    /// Whether one of an event's lanes is longer than is held, or goes on on the shelf.
    fn belongs_on_shelf(&self, identities: Identities) -> bool {
        let is_full = |identity: IdentityHash| {
            // One that was overtaken is as good as failing: measured, more of it held is read again.
            let LaneBounds { moving, failing } = self.lane_bounds;
            let most = if self.parked.contains_key(&identity) { failing } else { moving };
            self.lanes.len_of(identity) >= most
        };
        self.shelf.holds(identities) || self.order.identities(identities).iter().any(is_full)
    }

    /// Passes the event at [`Self::read_from`] or later, which was filtered.
    pub fn filter(&mut self, seq: Seq, reason: Reason) {
        self.read = seq.next();
        self.filtered.add(reason);
    }

    /// Passes everything up to `last`, which is gone: that is recorded, and so worth a commit.
    pub fn expire(&mut self, last: Seq) {
        self.read = self.read.max(last.next());
        self.finished_to = self.finished_to.max(last);
        self.is_news = true;
    }

    /// Goes on to `next`: nothing before it is for this destination.
    pub fn pass(&mut self, next: Seq) {
        self.read = self.read.max(next);
    }

    /// Takes the next delivery that may go; its attempt counts from here on.
    pub fn take(&mut self, now: Timestamp, limit: u32) -> Option<Going> {
        let seq = self.turns.next(limit)?;
        self.probed_with = 0;
        self.begin(seq, now)
    }

    /// Takes one that tells whether the endpoint takes anything: one that somebody asks for, or one that
    /// was never tried, where there is one to go.
    pub fn take_probe(&mut self, now: Timestamp, limit: u32) -> Option<Going> {
        let asked_for = self.turns.next_asked_for().or_else(|| self.turns.next_untried());
        let seq = asked_for.or_else(|| self.turns.next(limit))?;
        self.probed_with = self.unfinished();
        self.begin(seq, now)
    }

    fn begin(&mut self, seq: Seq, now: Timestamp) -> Option<Going> {
        let delivery = self.deliveries.get_mut(&seq)?;
        delivery.state = State::Sending;
        delivery.attempts = delivery.attempts.saturating_add(1);
        let first_at = *delivery.first_attempt_at.get_or_insert(now);
        let tries = Tries { count: delivery.attempts, first_at };
        let Delivery { kind, identities, bytes, .. } = *delivery;
        Some(Going { seq, kind, identities, event: delivery.event.clone(), tries, bytes })
    }

    /// Whether a delivery may go now, where so many may be under way.
    pub fn is_ready(&self, limit: u32) -> bool {
        self.turns.any(limit)
    }

    /// The delivery is finished; those behind it in its lanes may go.
    pub fn finish(&mut self, seq: Seq) {
        let Some(delivery) = self.deliveries.remove(&seq) else { return };
        if delivery.state == State::Sending {
            self.turns.ended(delivery.attempts);
        }
        self.let_go(delivery.event.as_ref());
        self.causes.leave(delivery.cause);
        self.finished_to = self.finished_to.max(seq);
        self.is_news = true;
        self.changed.remove(&seq);
        if delivery.stored {
            self.closed.push(seq);
            self.unmark_parked(delivery.identities);
        }
        let lanes = self.order.identities(delivery.identities);
        for lane in lanes.iter() {
            if self.lanes.len_of(lane) <= self.lane_bounds.failing {
                self.shelf.want(lane);
            }
        }
        for freed in self.lanes.leave(seq, lanes) {
            self.free(freed);
        }
    }

    /// No earlier delivery comes before this one any more. One that was never tried has no time to wait
    /// for, whatever the clock says of when its event came.
    fn free(&mut self, seq: Seq) {
        let Some(Delivery { attempts, due, .. }) = self.deliveries.get(&seq) else { return };
        match *attempts {
            0 => self.set_ready(seq),
            _ => self.park(seq, *due),
        }
    }

    /// The delivery is to be tried again at `at`.
    pub fn retry(&mut self, seq: Seq, at: Timestamp, cause: Cause) {
        let Some(delivery) = self.deliveries.get_mut(&seq) else { return };
        self.turns.ended(delivery.attempts);
        delivery.due = at;
        if delivery.cause.0.is_empty() {
            delivery.failed_after = Some(self.answers);
        }
        self.causes.leave(std::mem::replace(&mut delivery.cause, cause));
        self.causes.enter(cause);
        self.changed.insert(seq);
        self.park(seq, at);
        self.forget(seq);
    }

    /// The delivery's event could not be read: it is asked for again at `at`, and that was no attempt.
    pub fn put_off(&mut self, seq: Seq, at: Timestamp) {
        let Some(delivery) = self.deliveries.get_mut(&seq) else { return };
        self.turns.ended(delivery.attempts);
        delivery.attempts = delivery.attempts.saturating_sub(1);
        delivery.due = at;
        self.park(seq, at);
    }

    /// The delivery's event was read again, and has so many bytes.
    pub fn weighs(&mut self, seq: Seq, bytes: usize) {
        if let Some(delivery) = self.deliveries.get_mut(&seq) {
            delivery.bytes = bytes;
        }
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
        let is_news =
            self.is_news || self.filtered.any_before(cursor) || self.shelf.any_before(cursor);
        let only_passed = self.changed.is_empty() && self.closed.is_empty() && !is_news;
        let moved_min = if self.is_ending { 1 } else { limits::PASSED_EVENTS_MAX };
        if only_passed && moved < moved_min {
            return None;
        }
        self.is_news = false;
        self.cursor = cursor;
        let changed = std::mem::take(&mut self.changed);
        let mut opened = self.shelf.step(cursor);
        opened.extend(changed.into_iter().filter_map(|seq| self.open(seq)));
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
        self.is_making_room = false;
        cursor
    }

    /// Marks a delivery as written down.
    fn store(&mut self, seq: Seq) {
        let Some(delivery) = self.deliveries.get_mut(&seq) else { return };
        delivery.stored = true;
        self.changed.insert(seq);
        // What waits for long is read again when its time comes; the rest goes soon.
        let (state, identities) = (delivery.state, delivery.identities);
        if state == State::Parked || (state == State::Waiting && self.waits_long(identities)) {
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
        Some(delivery.as_open(seq))
    }

    /// Why how many deliveries wait, to be written down; none where that is as it was.
    pub fn take_waiting(&mut self) -> Option<Vec<WaitingBy>> {
        self.causes.take()
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
            self.turns.enter(seq, delivery.attempts);
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

/// An event as a delivery on the shelf.
fn shelved(event: &StoredEvent) -> OpenDelivery {
    OpenDelivery {
        seq: event.seq,
        kind: event.kind,
        identities: event.identities,
        attempts: 0,
        first_attempt_at: None,
        due: event.received_at,
        reason: String::new(),
        status: 0,
        is_shelved: true,
    }
}

impl Default for LaneBounds {
    fn default() -> Self {
        Self { moving: limits::LANE_DELIVERIES_MAX, failing: limits::FAILING_LANE_DELIVERIES_MAX }
    }
}

#[cfg(test)]
mod drain;
#[cfg(test)]
mod tests;
