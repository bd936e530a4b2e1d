//! Events read back: single ones, and pages of those that match.

use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::reason::Reason;
use storage::{GapReason, StorageError, StoredEvent, Wanted};
use tokio::time::Instant;

use super::filter::{EventFilter, When};
use super::{Delivery, Lookup};

/// What there is at a place of the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// An event.
    Event(StoredEvent),
    /// An event that cannot be read any more, for this reason.
    Gone(Reason),
    /// No event: none came yet, or the place is none.
    Nothing,
}

/// Which events to list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventListQuery {
    /// Only such.
    pub of: EventFilter,
    /// Only of this time.
    pub when: When,
    /// Only before this place, as a page says where it ends.
    pub older_than: Option<Seq>,
    /// At most so many.
    pub rows_max: usize,
}

/// Events that were found.
#[derive(Debug, Default)]
pub struct EventList {
    /// Newest first.
    pub events: Vec<StoredEvent>,
    /// Where to go on with [`EventListQuery::older_than`]; none where there are no more. A page may have
    /// fewer than were asked for and still say where to go on: it took long enough.
    pub older_than: Option<Seq>,
}

impl Lookup<'_> {
    /// Finds the newest events that match.
    ///
    /// # Errors
    /// Where storage cannot be read.
    ///
    /// # Cancellation
    /// Nothing has been changed.
    pub async fn events(&mut self, query: &EventListQuery) -> Result<EventList, StorageError> {
        let deadline = Instant::now() + limits::LOOKUP_TIME_MAX;
        let places = Seq::FIRST..query.older_than.unwrap_or(Seq(u64::MAX));
        let mut walk = self.walk((&query.of, query.when), places, query.rows_max).await?;
        let mut list = EventList::default();
        while let Some(events) = self.next_events(&mut walk).await? {
            list.events.extend(events);
            list.older_than = walk.left();
            if list.events.len() > query.rows_max {
                list.events.truncate(query.rows_max);
                list.older_than = list.events.last().map(|last| last.seq);
            }
            if list.events.len() >= query.rows_max || Instant::now() >= deadline {
                break;
            }
        }
        Ok(list)
    }

    /// The deliveries of some events, to all destinations that each is for or to one.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn deliveries_of_events(
        &mut self,
        events: &[StoredEvent],
        only: Option<&DestinationId>,
    ) -> Result<Vec<Delivery>, StorageError> {
        let asked = events.iter().flat_map(|event| self.asked(only, event)).collect();
        self.deliveries(asked).await
    }

    /// Reads what stands at a place.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn event(&mut self, seq: Seq) -> Result<Found, StorageError> {
        if let Some(event) = self.frames.iter().find_map(|frame| frame.event(seq)) {
            return Ok(Found::Event(event));
        }
        let head = self.store.journal.head_now();
        if seq < Seq::FIRST || seq >= head {
            return Ok(Found::Nothing);
        }
        let chunk = self.store.journal.read(seq, Wanted::All, 1).await?;
        if let Some(frame) = chunk.frames.first()
            && let Some(event) = frame.event(seq)
        {
            self.frames.truncate(limits::KEPT_FRAMES_MAX - 1);
            self.frames.push_front(frame.clone());
            return Ok(Found::Event(event));
        }
        let holds = |gap: &&storage::Gap| gap.range.first <= seq && seq <= gap.range.last;
        Ok(chunk.gaps.iter().find(holds).map_or(Found::Nothing, |gap| {
            Found::Gone(match gap.reason {
                GapReason::Trimmed => Reason::Trimmed,
                GapReason::Quarantined => Reason::Quarantined,
            })
        }))
    }
}
