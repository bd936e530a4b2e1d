//! The index as a search through all events.

use std::sync::{Arc, Mutex};

use domain::event::Gist;
use domain::id::{Seq, SourceId};
use tokio::sync::watch;

use super::journal::MemoryJournal;
use crate::census::{Census, SourceCensus};
use crate::error::StorageError;
use crate::frame::StoredEvent;
use crate::index::{EventPlaces, EventQuery, Index, Marks, Toward};
use crate::journal::{Chunk, Journal, Wanted};
use crate::receipt::Receipt;

/// Looks at everything.
pub struct MemoryIndex {
    journal: Arc<MemoryJournal>,
    /// With the next event to count.
    census: Mutex<(Seq, Census)>,
}

impl MemoryIndex {
    /// The index of a journal.
    pub fn of(journal: Arc<MemoryJournal>) -> Self {
        Self { journal, census: Mutex::new((Seq::FIRST, Census::default())) }
    }

    fn read(&self, from: Seq) -> Result<Chunk, StorageError> {
        self.journal.read(from, Wanted::All, usize::MAX).wait()
    }
}

impl Index for MemoryIndex {
    fn reached(&self) -> watch::Receiver<Seq> {
        self.journal.head()
    }

    fn search(&self, query: EventQuery) -> Receipt<EventPlaces> {
        let chunk = match self.read(Seq::FIRST) {
            Ok(chunk) => chunk,
            Err(error) => return Receipt::ready(Err(error)),
        };
        let is_wanted = |event: &StoredEvent| {
            query.places.contains(&event.seq) && query.matches(event, &Marks::of(event))
        };
        let events = chunk.frames.iter().flat_map(|frame| frame.events());
        let mut places: Vec<_> = events.filter(is_wanted).map(|event| event.seq).collect();
        if query.toward == Toward::Older {
            places.reverse();
        }
        let is_full = places.len() > query.rows_max;
        places.truncate(query.rows_max);
        let rest = places.last().filter(|_| is_full).map(|last| match query.toward {
            Toward::Older => query.places.start..*last,
            Toward::Newer => last.next()..query.places.end,
        });
        Receipt::ready(Ok(EventPlaces { places, rest }))
    }

    fn census(&self, source: &SourceId) -> Receipt<SourceCensus> {
        let mut counted = super::lock(&self.census);
        let (next, census) = &mut *counted;
        let chunk = match self.read(*next) {
            Ok(chunk) => chunk,
            Err(error) => return Receipt::ready(Err(error)),
        };
        let events = chunk.frames.iter().flat_map(|frame| frame.events());
        for event in events.filter(|event| event.seq >= *next) {
            census.note(&event, &Gist::of(event.kind, &event.payload));
        }
        *next = chunk.next;
        Receipt::ready(Ok(census.of(source)))
    }
}
