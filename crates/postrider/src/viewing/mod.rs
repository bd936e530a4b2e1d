//! Viewing: rows for people who watch what happens, as it happens.
//!
//! In come the journal as one more reader sees it, and what the rooms at work tell of settlements and
//! refusals; out go rows of text, at most so many a second for each filter, and a word about how many
//! there were. Deliberately unknown here: HTTP, and how events are taken and delivered.
//!
//! Viewers with the same filter share a *show*. A show has a ring of rows, and a viewer is no more than
//! a place in it: who is slow falls behind, is told what was missed, and holds up nobody; who comes back
//! within a minute goes on where it was. One *scribe* fills the rings. It works in rounds, so that its
//! cost under load is that of ten rounds a second and not of each event: it looks at what the journal
//! notes beside every event, and reads the text of those that are shown, or that a filter by name asks
//! for, within bounds. While nobody watches it sleeps, nothing is told and nothing is kept.

mod allowance;
mod filter;
mod ring;
mod row;
mod scribe;
mod show;
mod viewer;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::id::Seq;
use domain::limits;
use storage::Store;
use tokio::sync::{Notify, watch};

use crate::clock;
use crate::live::Notices;

pub use filter::{Filter, Status};
pub use scribe::Scribe;
pub use viewer::Viewer;

use ring::{Mark, Ring};

/// Everything that is shown to somebody, or was a moment ago.
pub struct Viewing {
    notices: Arc<Notices>,
    head: watch::Receiver<Seq>,
    channels: Mutex<Vec<Arc<Channel>>>,
    arrived: Notify,
}

/// The rows of one filter.
struct Channel {
    filter: Filter,
    /// The first event that is shown.
    since: Seq,
    ring: Mutex<Ring>,
    /// The number that the next row gets; each viewer follows it.
    next: watch::Sender<u64>,
}

/// Nobody watches yet; and the scribe, who has to run for those who will.
pub fn viewing(store: &Store, notices: Arc<Notices>) -> (Arc<Viewing>, Scribe) {
    let (channels, arrived) = (Mutex::default(), Notify::new());
    let viewing = Arc::new(Viewing { notices, head: store.journal.head(), channels, arrived });
    (viewing.clone(), Scribe::new(viewing, store.journal.clone()))
}

impl Viewing {
    /// Shows somebody what happens from now on; or from `last` on, the row that was seen last, where
    /// that is still known. None where too many watch already.
    pub fn open(&self, filter: Filter, last: Option<&str>) -> Option<Viewer> {
        let mut channels = self.lock();
        if channels.iter().map(|one| one.viewers()).sum::<usize>() >= limits::VIEWERS_MAX {
            return None;
        }
        if channels.is_empty() {
            self.notices.watch(true);
            self.arrived.notify_one();
        }
        let channel = match channels.iter().find(|one| one.filter == filter) {
            Some(channel) => channel.clone(),
            None => {
                make_room(&mut channels);
                let channel = Arc::new(Channel::new(filter, *self.head.borrow()));
                channels.push(channel.clone());
                channel
            }
        };
        Some(Viewer::new(channel, last))
    }

    /// Waits until there is somebody.
    async fn arrival(&self) {
        while self.lock().is_empty() {
            self.arrived.notified().await;
        }
    }

    /// Forgets a channel that nobody watches; false where somebody does after all.
    fn forget(&self, channel: &Arc<Channel>) -> bool {
        let mut channels = self.lock();
        if channel.viewers() > 0 {
            return false;
        }
        channels.retain(|one| !Arc::ptr_eq(one, channel));
        if channels.is_empty() {
            self.notices.watch(false);
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Channel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets go of the oldest channel that nobody watches, where there are as many as there may be viewers.
fn make_room(channels: &mut Vec<Arc<Channel>>) {
    if channels.len() >= limits::VIEWERS_MAX
        && let Some(place) = channels.iter().position(|one| one.viewers() == 0)
    {
        channels.remove(place);
    }
}

impl Channel {
    fn new(filter: Filter, since: Seq) -> Self {
        let ring = Mutex::new(Ring::new(clock::random_bytes()));
        Self { filter, since, ring, next: watch::Sender::new(0) }
    }

    fn viewers(&self) -> usize {
        self.next.receiver_count()
    }

    /// Adds rows, and wakes who watches once for all of them.
    fn push(&self, rows: Vec<String>) {
        if rows.is_empty() {
            return;
        }
        let mut ring = self.ring();
        rows.into_iter().for_each(|row| ring.push(&row));
        let next = ring.next();
        drop(ring);
        self.next.send_replace(next);
    }

    fn mark(&self, last: Option<&str>) -> Mark {
        self.ring().mark(last)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
