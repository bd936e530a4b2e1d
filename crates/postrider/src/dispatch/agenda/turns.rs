//! Whose turn it is: deliveries that may go, those of the oldest events first.
//!
//! By age and not by when they became ready: in a busy lane every delivery becomes ready late, when the
//! one before it is finished. If it queued behind what was read meanwhile, the lane would move by one
//! for each length of the queue, and whoever shares an identity with it would pile up behind it.
//!
//! Those that have failed again and again have a share of their own, so that they do not stand in the
//! way of what was never tried: every second turn, half of the room, and of a single place what others
//! leave them. Turns and not only room, as a rate or the others of a thread may bound what starts.
//! Whatever probes an endpoint is one that somebody asks for, else one that was never tried, where there
//! is one: what has failed there tells least of what it takes.

use std::collections::{BTreeMap, VecDeque};

use domain::id::Seq;
use domain::limits;

/// Deliveries that may go.
#[derive(Debug, Default)]
pub struct Turns {
    /// By age, each with the attempts that were made.
    ready: BTreeMap<Seq, u32>,
    /// How many of the ready were never tried.
    untried: usize,
    late: VecDeque<Seq>,
    /// Those that somebody wants tried, which may have gone since.
    asked_for: VecDeque<Seq>,
    late_under_way: u32,
    /// Whether the last turn was that of a late one.
    was_late: bool,
}

impl Turns {
    /// Lets a delivery go when its turn comes, of which so many attempts were made.
    pub fn enter(&mut self, seq: Seq, attempts: u32) {
        let is_late = attempts >= limits::LATE_ATTEMPTS;
        if is_late {
            self.late.push_back(seq);
        } else {
            self.untried += usize::from(attempts == 0);
            self.ready.insert(seq, attempts);
        }
    }

    /// Takes out a delivery that is not to go.
    pub fn remove(&mut self, seq: Seq) {
        self.take_ready(seq);
        self.late.retain(|late| *late != seq);
    }

    /// The next delivery, where so many may be under way.
    pub fn next(&mut self, limit: u32) -> Option<Seq> {
        let is_theirs = !self.was_late && self.late_under_way < limit / 2;
        let late = if is_theirs { self.next_late() } else { None };
        late.or_else(|| self.next_ready()).or_else(|| match self.has_room_for_late(limit) {
            true => self.next_late(),
            false => None,
        })
    }

    fn next_ready(&mut self) -> Option<Seq> {
        let (&seq, _) = self.ready.first_key_value()?;
        self.was_late = false;
        self.take_ready(seq)
    }

    fn next_late(&mut self) -> Option<Seq> {
        let seq = self.late.pop_front()?;
        (self.was_late, self.late_under_way) = (true, self.late_under_way + 1);
        Some(seq)
    }

    fn has_room_for_late(&self, limit: u32) -> bool {
        self.late_under_way == 0 || self.late_under_way < limit / 2
    }

    /// Whether it is anybody's turn, where so many may be under way.
    pub fn any(&self, limit: u32) -> bool {
        !self.ready.is_empty() || (self.has_room_for_late(limit) && !self.late.is_empty())
    }

    /// Somebody wants this one tried: where the endpoint is probed, it is the next.
    pub fn ask_for(&mut self, seq: Seq) {
        self.asked_for.push_back(seq);
    }

    /// The first of those that somebody asks for; none where none of them may go.
    pub fn next_asked_for(&mut self) -> Option<Seq> {
        while let Some(seq) = self.asked_for.pop_front() {
            if self.take_ready(seq).is_some() {
                return Some(seq);
            }
            if let Some(place) = self.late.iter().position(|late| *late == seq) {
                self.late.remove(place);
                self.late_under_way += 1;
                return Some(seq);
            }
        }
        None
    }

    /// The first that was never tried; none where there is none.
    pub fn next_untried(&mut self) -> Option<Seq> {
        let (&seq, _) = self.ready.iter().find(|(_, attempts)| **attempts == 0)?;
        self.take_ready(seq)
    }

    fn take_ready(&mut self, seq: Seq) -> Option<Seq> {
        let attempts = self.ready.remove(&seq)?;
        self.untried -= usize::from(attempts == 0);
        Some(seq)
    }

    /// How many of those that may go were never tried.
    pub fn untried(&self) -> usize {
        self.untried
    }

    /// An attempt has ended, which was the delivery's `number`th.
    pub fn ended(&mut self, number: u32) {
        self.late_under_way -= u32::from(number > limits::LATE_ATTEMPTS);
    }
}
