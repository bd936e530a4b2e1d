//! The feed: where a dispatcher's events come from. A destination's own is the journal as it grows; a
//! replay's is what it picks of the journal, up to the end of its range.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::filter::Verdict;
use domain::id::Seq;
use storage::{Chunk, OpenReplay, Receipt, Snapshot, StorageError, Store, Wanted};

use super::taken::Taken;
use crate::replay::{Picker, Portion};

/// Where events come from, and what is being read.
pub enum Feed {
    /// The journal as it grows.
    Live(Store, Option<Receipt<Chunk>>),
    /// What a replay picks.
    Replay(Box<Replaying>),
}

/// What a replay reads.
pub struct Replaying {
    store: Store,
    replay: OpenReplay,
    picker: Arc<Picker>,
    reading: Option<Reading>,
}

type Reading = Pin<Box<dyn Future<Output = Result<Portion, StorageError>>>>;

/// What was read.
pub enum Found {
    /// Frames, whose events are not judged yet.
    Chunk(Chunk),
    /// Events, judged.
    Portion(Portion),
}

impl Feed {
    /// The feed of a destination, or of a replay, by what the catalog says now.
    pub fn new(store: &Store, snapshot: &Snapshot, replay: Option<&OpenReplay>) -> Self {
        let Some(replay) = replay else { return Self::Live(store.clone(), None) };
        Self::Replay(Box::new(Replaying {
            picker: Arc::new(Picker::new(store, snapshot, &replay.plan)),
            store: store.clone(),
            replay: replay.clone(),
            reading: None,
        }))
    }

    /// Forgets what is being read, which was chosen by other connections than today's.
    pub fn choose_anew(&mut self, snapshot: &Snapshot) {
        match self {
            Self::Live(_, reading) => *reading = None,
            Self::Replay(own) => {
                own.picker = Arc::new(Picker::new(&own.store, snapshot, &own.replay.plan));
                own.reading = None;
            }
        }
    }

    /// Whether something is being read.
    pub fn is_reading(&self) -> bool {
        match self {
            Self::Live(_, reading) => reading.is_some(),
            Self::Replay(own) => own.reading.is_some(),
        }
    }

    /// Up to where there is something to read.
    pub fn end(&self, head: Seq) -> Seq {
        match self {
            Self::Live(..) => head,
            Self::Replay(own) => own.replay.plan.scope.end,
        }
    }

    /// Begins to read about so many bytes.
    pub fn read(&mut self, from: Seq, wanted: Wanted, bytes_max: usize) {
        match self {
            Self::Live(store, reading) => {
                *reading = Some(store.journal.read(from, wanted, bytes_max));
            }
            Self::Replay(own) => {
                let picker = own.picker.clone();
                own.reading = Some(Box::pin(async move { picker.read(from, bytes_max).await }));
            }
        }
    }

    /// Waits for what is being read; forever where nothing is.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub async fn found(&mut self) -> Result<Found, StorageError> {
        match self {
            Self::Live(_, Some(receipt)) => {
                let chunk = receipt.await;
                self.read_out();
                chunk.map(Found::Chunk)
            }
            Self::Replay(own) if own.reading.is_some() => {
                let Some(reading) = &mut own.reading else { return std::future::pending().await };
                let portion = reading.await;
                self.read_out();
                portion.map(Found::Portion)
            }
            _ => std::future::pending().await,
        }
    }

    fn read_out(&mut self) {
        match self {
            Self::Live(_, reading) => *reading = None,
            Self::Replay(own) => own.reading = None,
        }
    }
}

/// What a replay has picked, as a dispatcher takes it.
pub fn taken(portion: Portion) -> impl Iterator<Item = Taken> {
    portion.picked.into_iter().map(|(event, verdict)| match verdict {
        Verdict::Passes => Taken::ToDeliver(event),
        Verdict::Filtered(reason) => Taken::Filtered(event.seq, reason),
    })
}
