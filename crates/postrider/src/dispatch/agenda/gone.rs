//! What waits for events that retention has taken away.

use domain::id::Seq;

use super::{Agenda, State};

impl Agenda {
    /// Deliveries before `first`, at most so many, whose events are not held and would have to be read
    /// again. Those under way are not among them.
    pub fn unread_before(&self, first: Seq, most: usize) -> Vec<Seq> {
        let before = self.deliveries.range(..first);
        let unread = before.filter(|(_, one)| one.event.is_none() && one.state != State::Sending);
        unread.map(|(seq, _)| *seq).take(most).collect()
    }
}
