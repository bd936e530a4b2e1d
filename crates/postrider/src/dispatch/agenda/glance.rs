//! What an agenda holds, at a glance.

use domain::time::Timestamp;

use super::Agenda;

impl Agenda {
    /// Whether there is one to go that has not failed again and again.
    pub fn has_early(&self) -> bool {
        self.turns.any_early()
    }

    /// Bytes of the events held in memory.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Deliveries that are not finished.
    pub fn unfinished(&self) -> u64 {
        self.deliveries.len() as u64 + self.shelf.len()
    }

    /// Deliveries that failed and wait for their time, and when the first of them is due.
    pub fn parked(&self) -> (usize, Option<Timestamp>) {
        (self.due.len(), self.next_due())
    }

    /// When the event of the first delivery that is held was received, or, after a restart, was first
    /// tried.
    pub fn oldest_at(&self) -> Option<Timestamp> {
        let (_, first) = self.deliveries.first_key_value()?;
        let received_at = first.event.as_ref().map(|event| event.received_at);
        Some(received_at.or(first.first_attempt_at).unwrap_or(first.due))
    }
}
