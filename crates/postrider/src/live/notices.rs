//! Notices: what the rooms at work tell those who watch, while somebody does.
//!
//! Telling never waits and never grows beyond a bound: what has no room is counted and left out.
//! While nobody watches, a notice costs the look at one flag, and nothing is kept.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::time::Timestamp;
use storage::{AttemptRecord, RejectionRecord};
use tokio::sync::Notify;

use super::filtered::FilteredSample;

/// What is told and not taken yet.
#[derive(Debug, Default)]
pub struct Notices {
    is_watched: AtomicBool,
    told: Mutex<Told>,
    news: Notify,
}

/// What was told, in order.
#[derive(Debug, Default)]
pub struct Told {
    /// What was settled.
    pub settled: Vec<Settled>,
    /// What was refused, as far as it is listed.
    pub rejected: Vec<RejectionRecord>,
    /// Attempts and refusals that had no room.
    pub left_out: u64,
    count: usize,
}

/// A settlement that is committed, as far as people look at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// Where.
    pub destination: DestinationId,
    /// The attempts of it.
    pub attempts: Vec<AttemptRecord>,
    /// What is known beside them.
    pub aside: SettledAside,
}

/// What a settlement's attempts do not say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SettledAside {
    /// When those that failed are tried again.
    pub due: Vec<(Seq, Timestamp)>,
    /// What was filtered meanwhile.
    pub filtered: Vec<FilteredSample>,
}

impl SettledAside {
    /// When the event is tried again, where that is known.
    pub fn due_of(&self, seq: Seq) -> Option<Timestamp> {
        self.due.iter().rev().find(|(of, _)| *of == seq).map(|(_, due)| *due)
    }
}

impl Settled {
    fn count(&self) -> usize {
        self.attempts.len() + self.aside.filtered.len()
    }
}

impl Notices {
    /// Whether anybody watches.
    pub fn is_watched(&self) -> bool {
        self.is_watched.load(Relaxed)
    }

    /// From now on somebody watches, or nobody; what was told is forgotten where nobody does.
    pub fn watch(&self, is_watched: bool) {
        self.is_watched.store(is_watched, Relaxed);
        if !is_watched {
            *self.lock() = Told::default();
        }
    }

    /// Tells what was settled.
    pub fn settled(&self, settled: Settled) {
        self.tell(settled.count(), |told| told.settled.push(settled));
    }

    /// Tells what was refused.
    pub fn rejected(&self, rejected: &[RejectionRecord]) {
        if self.is_watched() {
            self.tell(rejected.len(), |told| told.rejected.extend_from_slice(rejected));
        }
    }

    /// Waits until something is told.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Takes what was told.
    pub fn take(&self) -> Told {
        std::mem::take(&mut *self.lock())
    }

    fn tell(&self, count: usize, tell: impl FnOnce(&mut Told)) {
        if !self.is_watched() || count == 0 {
            return;
        }
        let mut told = self.lock();
        let is_first = told.count == 0;
        if told.count + count > limits::NOTICES_MAX {
            told.left_out += count as u64;
            return;
        }
        told.count += count;
        tell(&mut told);
        drop(told);
        if is_first {
            self.news.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::reason::Reason;

    use super::*;

    fn filtered(count: usize) -> Settled {
        let (at, reason) = (Timestamp(1), Reason::FilteredType);
        let one = FilteredSample { seq: Seq(1), at, reason };
        let aside = SettledAside { filtered: vec![one; count], ..SettledAside::default() };
        Settled { destination: DestinationId::new("d"), attempts: Vec::new(), aside }
    }

    #[test]
    fn nothing_is_kept_while_nobody_watches() {
        let notices = Notices::default();
        notices.settled(filtered(1));
        assert!(notices.take().settled.is_empty());
        notices.watch(true);
        notices.settled(filtered(1));
        notices.watch(false);
        assert!(notices.take().settled.is_empty(), "nor what was told before");
    }

    #[test]
    fn what_has_no_room_is_left_out_and_counted() {
        let notices = Notices::default();
        notices.watch(true);
        notices.settled(filtered(limits::NOTICES_MAX - 1));
        notices.settled(filtered(2));
        notices.settled(filtered(1));
        let told = notices.take();
        assert_eq!((told.settled.len(), told.left_out), (2, 2));
        notices.settled(filtered(2));
        assert_eq!(notices.take().settled, [filtered(2)], "there is room again");
    }

    #[tokio::test]
    async fn news_are_announced_once_until_they_are_taken() {
        use futures_util::FutureExt;
        let notices = Notices::default();
        notices.watch(true);
        notices.settled(filtered(1));
        notices.settled(filtered(1));
        assert!(notices.news().now_or_never().is_some());
        assert!(notices.news().now_or_never().is_none());
        notices.take();
        notices.settled(filtered(1));
        assert!(notices.news().now_or_never().is_some());
    }
}
