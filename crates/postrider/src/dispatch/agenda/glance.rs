//! What an agenda holds, at a glance.

use domain::event::Identities;
use domain::id::Seq;
use domain::time::Timestamp;

use super::{Agenda, State};
use crate::live::Standing;

impl Agenda {
    /// How many deliveries may go now that were never tried.
    pub fn untried(&self) -> usize {
        self.turns.untried()
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

    /// How the delivery of an event stands.
    pub fn standing(&self, seq: Seq, identities: Identities) -> Standing {
        let Some(delivery) = self.deliveries.get(&seq) else {
            return match seq >= self.read {
                true => Standing::Unread,
                false => Standing::Apart { behind: self.first_before(seq, identities) },
            };
        };
        match delivery.state {
            State::Ready => Standing::Ready,
            State::Sending => Standing::Sending,
            State::Parked => Standing::Parked { due: delivery.due },
            State::Waiting => {
                let first = self.first_before(seq, delivery.identities);
                Standing::Waiting { behind: first.unwrap_or(seq) }
            }
        }
    }

    /// The first delivery of the lanes of these identities, where it comes before this place.
    fn first_before(&self, seq: Seq, identities: Identities) -> Option<Seq> {
        let lanes = self.order.identities(identities);
        lanes.iter().filter_map(|lane| self.lanes.first_of(lane)).filter(|one| *one < seq).min()
    }
}
