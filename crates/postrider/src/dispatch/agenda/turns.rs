//! Whose turn it is: deliveries that may go, first come first.
//!
//! Those that have failed again and again have a share of their own, so that they do not stand in the
//! way of what was never tried: half of the room, and of a single place what others leave them.
//! Whatever probes an endpoint should not be what has failed there again and again.

use std::collections::VecDeque;

use domain::id::Seq;
use domain::limits;

/// Deliveries that may go.
#[derive(Debug, Default)]
pub struct Turns {
    ready: VecDeque<Seq>,
    late: VecDeque<Seq>,
    late_under_way: u32,
}

impl Turns {
    /// Lets a delivery go when its turn comes, of which so many attempts were made.
    pub fn enter(&mut self, seq: Seq, attempts: u32) {
        let is_late = attempts >= limits::LATE_ATTEMPTS;
        if is_late { self.late.push_back(seq) } else { self.ready.push_back(seq) }
    }

    /// Takes out a delivery that is not to go.
    pub fn remove(&mut self, seq: Seq) {
        self.ready.retain(|ready| *ready != seq);
        self.late.retain(|late| *late != seq);
    }

    /// The next delivery, where so many may be under way.
    pub fn next(&mut self, limit: u32) -> Option<Seq> {
        let late = if self.late_under_way < limit / 2 { self.late.pop_front() } else { None };
        if late.is_some() {
            self.late_under_way += 1;
            return late;
        }
        if let Some(seq) = self.ready.pop_front() {
            return Some(seq);
        }
        let late = if self.late_under_way == 0 { self.late.pop_front() } else { None };
        self.late_under_way += u32::from(late.is_some());
        late
    }

    /// Whether it is anybody's turn, where so many may be under way.
    pub fn any(&self, limit: u32) -> bool {
        let has_room = self.late_under_way == 0 || self.late_under_way < limit / 2;
        !self.ready.is_empty() || (has_room && !self.late.is_empty())
    }

    /// Whether it is the turn of one that has not failed again and again.
    pub fn any_early(&self) -> bool {
        !self.ready.is_empty()
    }

    /// An attempt has ended, which was the delivery's `number`th.
    pub fn ended(&mut self, number: u32) {
        self.late_under_way -= u32::from(number > limits::LATE_ATTEMPTS);
    }
}
