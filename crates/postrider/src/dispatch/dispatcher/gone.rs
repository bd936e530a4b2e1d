//! What retention has taken away, although it was to be delivered: that counts as expired soon after,
//! however little the endpoint takes.
//!
//! Who reads on comes upon such a gap by itself. Who does not, because its endpoint takes nothing, looks
//! at it for that alone, and leaves what is behind it where it is.

use domain::id::Seq;
use domain::time::Timestamp;
use tokio::sync::watch;

use super::Dispatcher;
use crate::dispatch::world::World;

/// What retention has left, and what was done about the rest.
pub(super) struct Gone {
    first_left: watch::Receiver<Seq>,
    /// Whether deliveries may wait for events that are gone.
    is_due: bool,
    /// What was left, and from where it was read, when a gap was looked at.
    looked: Option<(Seq, Seq)>,
}

impl Gone {
    pub(super) fn new(first_left: watch::Receiver<Seq>) -> Self {
        Self { first_left, is_due: true, looked: None }
    }

    /// Waits until events are gone.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub(super) async fn more(&mut self) {
        match self.first_left.changed().await {
            Ok(()) => self.is_due = true,
            Err(_) => std::future::pending().await,
        }
    }

    /// Deliveries have come back from the disk, maybe of events that are gone.
    pub(super) fn look_again(&mut self) {
        self.is_due = true;
    }

    /// The gap could not be looked at.
    pub(super) fn was_not_read(&mut self) {
        self.looked = None;
    }
}

impl<W: World> Dispatcher<W> {
    /// Lets go of deliveries whose events are gone, as many as there is room for.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if !self.gone.is_due || self.follower.is_some() {
            return;
        }
        let first = *self.gone.first_left.borrow();
        let room = self.records.room();
        let gone = self.agenda.unread_before(first, room);
        self.gone.is_due = gone.len() == room;
        for open in gone.into_iter().filter_map(|seq| self.agenda.skip(seq)) {
            self.records.trimmed(&open, now);
        }
    }

    /// Whether events have gone that nobody has looked at; each time they go that is looked at once.
    pub(super) fn is_at_gap(&mut self) -> bool {
        let (first, from) = (*self.gone.first_left.borrow(), self.agenda.read_from());
        let is_new = self.gone.looked != Some((first, from));
        if self.follower.is_some() || from >= first || !is_new || self.feed.is_reading() {
            return false;
        }
        self.gone.looked = Some((first, from));
        true
    }
}
