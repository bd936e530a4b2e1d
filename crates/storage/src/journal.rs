//! The contract Journal: the durable log of events.
//!
//! - **J1** `append` answers only when every event of the batch is durable.
//! - **J2** Sequence numbers rise in acceptance order and are never used twice, also after a
//!   restore.
//! - **J3** `read` yields events in order without gaps, except ranges trimmed or quarantined,
//!   which it reports as such. Places that a restore has passed over are no gap: nothing was there.
//! - **J4** Bytes out = bytes in.
//! - **J5** Retention never removes silently an event that a destination still needs: `trim` cuts
//!   only where it is told to, and what `trim_to` cuts is reported to whoever reads there.
//! - **J6** A failed sync is fatal for the handle: nobody is answered, nothing is retried on trust.

use std::sync::Arc;

use domain::event::NewEvent;
use domain::id::{Seq, SourceId};
use domain::time::Timestamp;
use tokio::sync::watch;

use crate::error::StorageError;
use crate::frame::Frame;
use crate::receipt::Receipt;

/// The durable log of events.
pub trait Journal: Send + Sync + 'static {
    /// Hands over a batch; the receipt gives the places of its events once all are durable (J1).
    ///
    /// The batch is stored whole or not at all, in order, and never mixed with another one. An
    /// empty batch is answered with an empty range, whose last place is the one before its first.
    ///
    /// # Errors
    /// At once: [`StorageError::Full`] where the inbox has no room (nothing was taken). By the
    /// receipt: `DiskFull`, `Failed` or `Closed`; the events are then not accepted.
    fn append(&self, events: Vec<NewEvent>) -> Result<Receipt<SeqRange>, StorageError>;

    /// Reads from `from` on: whole frames, at least one where there is any, about `bytes_max`.
    ///
    /// Frames that hold no event of a wanted source may be left out. Ready at once where the
    /// in-memory tail holds `from`; only lagging readers touch the disk. At the head the chunk is
    /// empty and its `next` is `from`.
    fn read(&self, from: Seq, wanted: Wanted, bytes_max: usize) -> Receipt<Chunk>;

    /// The place the next event will get; everything before it is durable. Changes wake watchers.
    fn head(&self) -> watch::Receiver<Seq>;

    /// The head at this moment. A borrowed one holds up the writer, and whoever borrows it twice in one
    /// statement while the writer waits in between waits for ever.
    fn head_now(&self) -> Seq {
        let head = self.head();
        *head.borrow()
    }

    /// Removes whole frames whose events all stand before `before`; answers the first place left.
    fn trim(&self, before: Seq) -> Receipt<Seq>;

    /// Removes the oldest frames, whoever needs them, until what is left takes at most `bytes_max`
    /// bytes of the disk; answers the first place left.
    fn trim_to(&self, bytes_max: u64) -> Receipt<Seq>;

    /// What is there, told without looking through it.
    fn stock(&self) -> Receipt<Stock>;
}

/// What a journal has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stock {
    /// The first place that is left; the next one that is given where nothing is.
    pub first: Seq,
    /// When the frame there was stored; none where there is none.
    pub oldest_at: Option<Timestamp>,
    /// Bytes of the disk that are in use, as [`Journal::trim_to`] counts them.
    pub used_bytes: u64,
}

/// The places of one batch, first to last, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeqRange {
    /// Place of the first event.
    pub first: Seq,
    /// Place of the last event.
    pub last: Seq,
}

/// Which sources a reader cares about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// All of them.
    All,
    /// Only these.
    Sources(Arc<[SourceId]>),
}

impl Wanted {
    /// Whether an event of `source` is wanted.
    pub fn includes(&self, source: &SourceId) -> bool {
        match self {
            Self::All => true,
            Self::Sources(sources) => sources.contains(source),
        }
    }

    /// Whether a frame with these sources holds anything wanted.
    pub fn touches(&self, sources: &[SourceId]) -> bool {
        sources.iter().any(|source| self.includes(source))
    }
}

/// What a read yields.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Frames in order. The first one may begin before the place asked for: skip those events.
    pub frames: Vec<Arc<Frame>>,
    /// Ranges between the place asked for and `next` that cannot be read.
    pub gaps: Vec<Gap>,
    /// Where to go on reading; everything wanted before it was yielded or is in a gap.
    pub next: Seq,
}

/// A range of places that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The places.
    pub range: SeqRange,
    /// Why.
    pub reason: GapReason,
}

/// Why a range cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GapReason {
    /// Removed by `trim`, or lost.
    Trimmed,
    /// Its bytes do not match their checksum; set aside, never delivered.
    Quarantined,
}
