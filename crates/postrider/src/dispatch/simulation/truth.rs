//! What must hold, told by somebody who sees everything: the events, the endpoint, the commits.
//!
//! - An event that was let pass is taken by the endpoint, or given up or expired with a record and a
//!   cause; none vanishes, and none that every filter stopped is sent.
//! - Events that share an identity are first taken in their order, except those that were refused for
//!   good, skipped or trimmed, and those that one filter stopped and a later one let pass.
//! - Two attempts that share an identity are never under way at a time.
//! - After each commit: the cursor passes nothing without a record, an open delivery or a count of
//!   what was filtered (S2); nothing is finished twice, or finished and open (S3).
//! - What is settled is not sent again, unless the power was cut; without a cut or a kill nothing is
//!   acknowledged twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::delivery::lanes::Order;
use domain::event::{EventKind, Identities, IdentityHash};
use domain::id::Seq;
use domain::reason::Reason;
use storage::{Fate, Settlement};

/// An event, as its sender knows it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub kind: EventKind,
    pub identities: Identities,
    /// Whether it is of the source that is connected.
    pub is_ours: bool,
    /// Which of the orders held when it came.
    order: usize,
    /// Whether every filter since then lets it pass.
    is_passed: bool,
    /// Whether every filter since then stops it.
    is_stopped: bool,
}

/// Everything that is known.
#[derive(Debug)]
pub struct Truth {
    /// By their places, from 1.
    events: Vec<Known>,
    /// The types that are let pass now; all where there are none.
    types: Vec<EventKind>,
    /// The orders that have held, one after the other.
    orders: Vec<Order>,
    under_way: BTreeSet<Seq>,
    taken: BTreeSet<Seq>,
    acknowledged: BTreeMap<Seq, u32>,
    last_taken: HashMap<IdentityHash, Seq>,
    refused: BTreeSet<Seq>,
    skipped: BTreeSet<Seq>,
    trimmed: Seq,
    ends: BTreeSet<Seq>,
    open: BTreeSet<Seq>,
    cursor: Seq,
    interruptions: u32,
    fault: Option<String>,
}

impl Truth {
    /// Nothing has happened.
    pub fn new() -> Self {
        Self {
            events: Vec::new(),
            types: Vec::new(),
            orders: Vec::new(),
            under_way: BTreeSet::new(),
            taken: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
            last_taken: HashMap::new(),
            refused: BTreeSet::new(),
            skipped: BTreeSet::new(),
            trimmed: Seq::FIRST,
            ends: BTreeSet::new(),
            open: BTreeSet::new(),
            cursor: Seq::FIRST,
            interruptions: 0,
            fault: None,
        }
    }

    /// An event is stored; answers its place.
    pub fn accepted(&mut self, kind: EventKind, identities: Identities, is_ours: bool) -> Seq {
        let passes = lets_pass(&self.types, kind);
        let order = self.orders.len() - 1;
        let known =
            Known { kind, identities, is_ours, order, is_passed: passes, is_stopped: !passes };
        self.events.push(known);
        Seq(self.events.len() as u64)
    }

    /// From now on these types are let pass.
    pub fn filtered_by(&mut self, types: Vec<EventKind>) {
        for event in &mut self.events {
            let passes = lets_pass(&types, event.kind);
            event.is_passed &= passes;
            event.is_stopped &= !passes;
        }
        self.types = types;
    }

    /// From now on events keep this order.
    pub fn ordered_by(&mut self, order: Order) {
        self.orders.push(order);
    }

    /// Somebody may have this one skipped.
    pub fn skips(&mut self, seq: Seq) {
        self.skipped.insert(seq);
    }

    /// Events before this one may be gone.
    pub fn trims(&mut self, before: Seq) {
        self.trimmed = self.trimmed.max(before);
    }

    /// A process has ended in the midst of something.
    pub fn interrupted(&mut self) {
        self.interruptions += 1;
    }

    /// The schedule is as it was at the beginning; what is left of its commits follows.
    pub fn forgot_commits(&mut self) {
        self.interruptions += 1;
        self.ends.clear();
        self.open.clear();
        self.cursor = Seq::FIRST;
    }

    /// An attempt begins.
    pub fn begins(&mut self, seq: Seq) {
        let event = self.event(seq);
        let conflict = self.under_way.iter().copied().find(|other| self.share_a_lane(*other, seq));
        self.check(conflict.is_none(), || format!("{seq} goes beside {conflict:?}"));
        self.check(event.is_ours, || format!("{seq} is not for this destination"));
        self.check(!event.is_stopped, || format!("{seq} was filtered and goes"));
        self.check(!self.ends.contains(&seq), || format!("{seq} was settled and goes again"));
        self.under_way.insert(seq);
    }

    /// An attempt has ended, whatever came of it.
    pub fn ends(&mut self, seq: Seq) {
        self.under_way.remove(&seq);
    }

    /// The endpoint has taken an event.
    pub fn takes(&mut self, seq: Seq) {
        if !self.taken.insert(seq) {
            return;
        }
        let event = self.event(seq);
        let is_excused = self.may_be_given_up(seq) || !event.is_passed;
        let lanes = self.lanes(seq);
        for lane in event.identities.iter() {
            let last = self.last_taken.get(&lane).copied().unwrap_or(Seq::FIRST);
            let is_in_turn = last <= seq || !lanes.iter().any(|one| one == lane);
            self.check(is_excused || is_in_turn, || format!("{seq} comes after {last}"));
            self.last_taken.insert(lane, last.max(seq));
        }
    }

    /// The dispatcher has been told that it was taken.
    pub fn acknowledges(&mut self, seq: Seq) {
        *self.acknowledged.entry(seq).or_default() += 1;
        let is_again = self.acknowledged[&seq] > 1 && self.interruptions == 0;
        self.check(!is_again, || format!("{seq} was delivered twice without a cause"));
    }

    /// The endpoint does not want an event.
    pub fn refuses(&mut self, seq: Seq) {
        self.refused.insert(seq);
    }

    /// A settlement is committed.
    pub fn settles(&mut self, settlement: &Settlement) {
        let (before, cursor) = (self.cursor, settlement.cursor);
        self.check(before <= cursor, || format!("the cursor goes from {before} back to {cursor}"));
        for record in settlement.attempts.iter().filter(|record| record.fate != Fate::Retry) {
            let (seq, fate) = (record.seq, record.fate);
            let is_first = self.ends.insert(seq);
            self.check(is_first, || format!("{seq} ends twice"));
            self.check(seq < cursor, || format!("{seq} ends beyond the cursor {cursor}"));
            let has_cause = match fate {
                Fate::Delivered => self.taken.contains(&seq),
                Fate::Expired => seq < self.trimmed,
                Fate::GaveUp if record.reason == Reason::Skipped.code() => {
                    self.skipped.contains(&seq)
                }
                _ => self.refused.contains(&seq),
            };
            self.check(has_cause, || format!("{seq} ends as {fate:?} without a cause"));
        }
        for seq in &settlement.closed {
            self.check(self.open.contains(seq), || format!("{seq} is closed and was not open"));
            self.check(self.ends.contains(seq), || format!("{seq} is closed without a record"));
            self.open.remove(seq);
        }
        for delivery in &settlement.opened {
            let seq = delivery.seq;
            self.check(!self.ends.contains(&seq), || format!("{seq} is open and has ended"));
            self.check(seq < cursor, || format!("{seq} is open beyond the cursor {cursor}"));
            self.open.insert(seq);
        }
        self.passes(before, cursor, settlement);
        self.cursor = cursor.max(before);
    }

    /// The cursor passes events: what has no record and is not open has been filtered.
    fn passes(&mut self, from: Seq, to: Seq, settlement: &Settlement) {
        let filtered: u64 = settlement.filtered.iter().map(|count| count.count).sum();
        let passed = (from.0..to.0).map(Seq).filter(|seq| self.event(*seq).is_ours);
        let without = |seq: &Seq| !self.ends.contains(seq) && !self.open.contains(seq);
        let silent: Vec<Seq> = passed.filter(without).collect();
        let lost = silent.iter().find(|seq| self.event(**seq).is_passed).copied();
        self.check(lost.is_none(), || format!("the cursor passes {lost:?} without a trace"));
        let count = silent.len() as u64;
        self.check(count == filtered, || {
            format!("{count} events are passed without a record, {filtered} are counted")
        });
    }

    /// Everything is well, and nothing is left to do.
    pub fn comes_to_rest(&mut self) {
        let (head, cursor) = (self.events.len() as u64 + 1, self.cursor);
        let (open, under_way) = (self.open.clone(), self.under_way.clone());
        self.check(open.is_empty(), || format!("left open: {open:?}"));
        self.check(cursor == Seq(head), || format!("the cursor is at {cursor} of {head}"));
        self.check(under_way.is_empty(), || format!("still under way: {under_way:?}"));
    }

    /// What was not as it should be.
    pub fn fault(&self) -> Option<&String> {
        self.fault.as_ref()
    }

    /// Something is not as it should be; only the first thing counts.
    pub fn fail(&mut self, what: String) {
        self.fault.get_or_insert(what);
    }

    /// How many events there are, and how many of them were taken.
    pub fn counts(&self) -> (u64, u64) {
        (self.events.len() as u64, self.taken.len() as u64)
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            let what = what();
            self.fail(what);
        }
    }

    fn event(&self, seq: Seq) -> Known {
        self.events[seq.0 as usize - 1]
    }

    fn may_be_given_up(&self, seq: Seq) -> bool {
        self.refused.contains(&seq) || self.skipped.contains(&seq) || seq < self.trimmed
    }

    fn share_a_lane(&self, one: Seq, other: Seq) -> bool {
        let (first, second) = (self.lanes(one.min(other)), self.event(one.max(other)));
        first.iter().any(|lane| second.identities.iter().any(|other| other == lane))
    }

    /// The lanes that an event stands in by every order since it came.
    fn lanes(&self, seq: Seq) -> Identities {
        let event = self.event(seq);
        let since = &self.orders[event.order..];
        since.iter().fold(event.identities, |lanes, order| order.identities(lanes))
    }
}

fn lets_pass(types: &[EventKind], kind: EventKind) -> bool {
    types.is_empty() || types.contains(&kind)
}
