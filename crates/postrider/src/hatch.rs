//! The hatch: where events that somebody composes at the admin listener are handed to the gateway.
//!
//! In come a write key and an event; out comes whether it was taken. Deliberately unknown here: what
//! the gateway does with it, which is what it does with everybody's.

use bytes::Bytes;
use domain::limits;
use domain::reason::Reason;
use tokio::sync::{mpsc, oneshot};

/// An event on its way through the hatch.
#[derive(Debug)]
pub struct Composed {
    /// A write key of its source.
    pub key: String,
    /// The event as JSON.
    pub event: Bytes,
}

/// Why an event was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What its source would have been told.
    pub reason: Reason,
    /// What was the matter.
    pub detail: String,
}

/// Whether an event was taken.
pub type Taken = Result<(), Refusal>;

/// The outer side; cheap to clone.
#[derive(Clone, Debug)]
pub struct Hatch(mpsc::Sender<(Composed, oneshot::Sender<Taken>)>);

/// The inner side.
pub type Handed = mpsc::Receiver<(Composed, oneshot::Sender<Taken>)>;

/// A hatch, and what is handed through it.
pub fn hatch() -> (Hatch, Handed) {
    let (outer, inner) = mpsc::channel(limits::COMPOSED_EVENTS_MAX);
    (Hatch(outer), inner)
}

impl Hatch {
    /// Hands an event in; none where too many are, or the server ends.
    ///
    /// # Cancellation
    /// The event may be taken all the same.
    pub async fn hand_in(&self, composed: Composed) -> Option<Taken> {
        let (reply, taken) = oneshot::channel();
        self.0.try_send((composed, reply)).ok()?;
        taken.await.ok()
    }
}
