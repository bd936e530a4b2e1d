//! What an agenda has room for: deliveries that are not finished, and events held in memory.

use domain::event::{Identities, IdentityHash};
use domain::limits;

use super::{Agenda, Delivery, State};

impl Agenda {
    /// Whether more events may be offered.
    pub fn has_room(&self) -> bool {
        self.deliveries.len() < limits::OPEN_DELIVERIES_MAX
            && self.held < limits::WINDOW_EVENTS_MAX
            && self.held_bytes < limits::WINDOW_BYTES_MAX
            && self.shelf.lanes() < limits::SHELVED_LANES_MAX
            && self.shelf.unwritten() < limits::UNWRITTEN_DELIVERIES_MAX
    }

    /// Whether writing down would make room, where so many attempts are under way: more events are held
    /// than theirs, or some are on their way to the shelf.
    pub fn is_crammed(&self, under_way: usize) -> bool {
        self.held > under_way || self.shelf.unwritten() > 0
    }

    /// Has all that was read written down with the next step, so that what may not go yet is held in
    /// memory no longer.
    pub fn make_room(&mut self) {
        if std::mem::replace(&mut self.is_making_room, true) {
            return;
        }
        self.finished_to = self.finished_to.max(self.read);
        self.is_news = true;
        self.forget_waiting();
    }

    /// Gives up the events of what waits and is written down: it will wait for long.
    pub fn forget_waiting(&mut self) {
        let waits = |delivery: &Delivery| delivery.stored && delivery.state == State::Waiting;
        let waiting = self.deliveries.iter().filter(|(_, delivery)| waits(delivery));
        for seq in waiting.map(|(seq, _)| *seq).collect::<Vec<_>>() {
            self.forget(seq);
        }
    }

    /// Whether what waits in these lanes waits for one that has failed, or there is little room.
    pub(super) fn waits_long(&self, identities: Identities) -> bool {
        self.held > limits::WINDOW_EVENTS_MAX / 2
            || self.held_bytes > limits::WINDOW_BYTES_MAX / 2
            || self.is_making_room
            || self.order.identities(identities).iter().any(|lane| self.is_failing(lane))
    }

    /// Whether the first delivery of a lane has failed.
    fn is_failing(&self, lane: IdentityHash) -> bool {
        let first = self.lanes.first_of(lane).and_then(|first| self.deliveries.get(&first));
        first.is_some_and(|first| !first.cause.0.is_empty())
    }
}
