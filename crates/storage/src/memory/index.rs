//! The index as a search through all events.

use std::sync::Arc;

use domain::id::Seq;
use tokio::sync::watch;

use super::journal::MemoryJournal;
use crate::frame::StoredEvent;
use crate::index::{EventPlaces, EventQuery, Index, Marks, Toward};
use crate::journal::{Journal, Wanted};
use crate::receipt::Receipt;

/// Looks at everything.
pub struct MemoryIndex(pub Arc<MemoryJournal>);

impl Index for MemoryIndex {
    fn reached(&self) -> watch::Receiver<Seq> {
        self.0.head()
    }

    fn search(&self, query: EventQuery) -> Receipt<EventPlaces> {
        let chunk = match self.0.read(Seq::FIRST, Wanted::All, usize::MAX).wait() {
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
}
