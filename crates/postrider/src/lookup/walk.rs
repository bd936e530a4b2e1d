//! Walks back through the events that match, the newest first.
//!
//! The index knows where they are; only what it has not come to yet, mostly nothing, is looked for in
//! the journal itself. What is found is read, and looked at.

use std::ops::Range;

use domain::event::{CallMark, IdentityHash, NameHash, sanitize::sanitize};
use domain::id::Seq;
use domain::limits;
use storage::{EventQuery, Journal, StorageError, StoredEvent, Toward, Wanted};

use super::filter::{EventFilter, When};
use super::{Found, Lookup};

/// A walk on its way.
pub struct Walk {
    of: EventFilter,
    when: When,
    /// What was not looked at yet.
    left: Range<Seq>,
    /// Up to where the index knows.
    reached: Seq,
    rows_max: usize,
}

impl Walk {
    /// Where it goes on, exclusively; none at the end.
    pub fn left(&self) -> Option<Seq> {
        (!self.left.is_empty()).then_some(self.left.end)
    }

    fn matches(&self, event: &StoredEvent) -> bool {
        self.when.includes(event.received_at) && self.of.matches(event)
    }

    /// The same as the index is asked for it.
    fn query(&self) -> EventQuery {
        EventQuery {
            from: self.when.from,
            to: self.when.to,
            ..self.of.query(self.left.clone(), self.rows_max)
        }
    }
}

impl EventFilter {
    /// The same as the index is asked for it.
    fn query(&self, places: Range<Seq>, rows_max: usize) -> EventQuery {
        let user = self.user.as_deref().map(sanitize).unwrap_or_default();
        let named = [IdentityHash::of_user(&user), IdentityHash::of_anonymous(&user)];
        let lane = self.lane.into_iter().flat_map(domain::event::Identities::iter);
        EventQuery {
            source: self.source.clone(),
            kind: self.kind,
            name: self.name.as_deref().and_then(NameHash::of),
            identities: named.into_iter().flatten().chain(lane).collect(),
            message: self.message_id.as_deref().and_then(CallMark::of),
            ..EventQuery::of(places, rows_max)
        }
    }
}

impl Lookup<'_> {
    /// A walk from the end of `places` back to its beginning, or to the first event that is stored.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub(super) async fn walk(
        &self,
        (of, when): (&EventFilter, When),
        places: Range<Seq>,
        rows_max: usize,
    ) -> Result<Walk, StorageError> {
        let journal = &self.store.journal;
        // Taken first: what is indexed is stored.
        let reached = *self.store.index.reached().borrow();
        let head = journal.head_now();
        let mut left = places.start.max(Seq::FIRST)..places.end.min(head);
        if left.start < left.end {
            let chunk = journal.read(left.start, Wanted::All, 1).await?;
            let first = chunk.frames.first().map_or(chunk.next, |frame| frame.first());
            left.start = left.start.max(first);
        }
        let rows_max = rows_max.min(limits::LOOKUP_ROWS);
        Ok(Walk { of: of.clone(), when, left, reached, rows_max })
    }

    /// The next events of a walk; maybe none for now. None at its end.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub(super) async fn next_events(
        &mut self,
        walk: &mut Walk,
    ) -> Result<Option<Vec<StoredEvent>>, StorageError> {
        if walk.left.is_empty() {
            return Ok(None);
        }
        if walk.left.end > walk.reached {
            return self.stride(walk).await.map(Some);
        }
        let found = self.store.index.search(walk.query()).await?;
        walk.left = found.rest.unwrap_or(walk.left.start..walk.left.start);
        let mut events = Vec::with_capacity(found.places.len());
        for seq in found.places {
            if let Found::Event(event) = self.event(seq).await?
                && walk.matches(&event)
            {
                events.push(event);
            }
        }
        Ok(Some(events))
    }

    /// Looks for events in a piece of the journal that is not indexed yet.
    async fn stride(&self, walk: &mut Walk) -> Result<Vec<StoredEvent>, StorageError> {
        let (least, end) = (walk.reached.max(walk.left.start), walk.left.end);
        let begin = Seq(end.0.saturating_sub(limits::TRIAL_STRIDE)).max(least);
        let (mut next, mut first, mut found) = (begin, begin, Vec::new());
        let mut is_empty = true;
        while next < end {
            let read = self.store.journal.read(next, Wanted::All, limits::READ_BYTES);
            let chunk = read.await?;
            for frame in &chunk.frames {
                is_empty = false;
                // The whole of a frame at once: it is not read again.
                first = first.min(frame.first()).max(least);
                let inside = |event: &StoredEvent| first <= event.seq && event.seq < end;
                found.extend(frame.events().filter(inside).filter(|event| walk.matches(event)));
            }
            next = chunk.next;
        }
        walk.left.end = match is_empty {
            true => before_skip(&*self.store.journal, begin, end).await?.max(least),
            false => first,
        };
        found.reverse();
        Ok(found)
    }

    /// The events before and after this one of the same user, where there are any. Where much is not
    /// indexed yet, the one after may be missing.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn neighbours(
        &mut self,
        event: &StoredEvent,
    ) -> Result<[Option<StoredEvent>; 2], StorageError> {
        if event.identities.iter().next().is_none() {
            return Ok([None, None]);
        }
        let of = EventFilter { lane: Some(event.identities), ..EventFilter::default() };
        let before = self.last_of(&of, Seq::FIRST..event.seq).await?;
        let after = event.seq.next();
        let reached = *self.store.index.reached().borrow();
        let query = EventQuery { toward: Toward::Newer, ..of.query(after..reached.max(after), 1) };
        for seq in self.store.index.search(query).await?.places {
            if let Found::Event(after) = self.event(seq).await? {
                return Ok([before, Some(after)]);
            }
        }
        Ok([before, self.first_of(&of, after.max(reached)).await?])
    }

    /// The newest event that matches.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn newest(&mut self, of: &EventFilter) -> Result<Option<StoredEvent>, StorageError> {
        self.last_of(of, Seq::FIRST..Seq(u64::MAX)).await
    }

    async fn last_of(
        &mut self,
        of: &EventFilter,
        places: Range<Seq>,
    ) -> Result<Option<StoredEvent>, StorageError> {
        let mut walk = self.walk((of, When::default()), places, 1).await?;
        while let Some(events) = self.next_events(&mut walk).await? {
            if let Some(event) = events.into_iter().next() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The oldest event from a place on that matches and is not indexed, unless there are many.
    async fn first_of(
        &mut self,
        of: &EventFilter,
        from: Seq,
    ) -> Result<Option<StoredEvent>, StorageError> {
        let head = self.store.journal.head_now();
        if head.0.saturating_sub(from.0) > limits::TRIAL_STRIDE {
            return Ok(None);
        }
        let mut walk = self.walk((of, When::default()), from..head, limits::LOOKUP_ROWS).await?;
        let mut oldest = None;
        while let Some(events) = self.next_events(&mut walk).await? {
            oldest = events.into_iter().next_back().or(oldest);
        }
        Ok(oldest)
    }
}

/// Where to go on back from a stride without events: behind the places that restores have passed over,
/// where it lies in those. Each has passed over some times [`limits::RESTORE_SKIP`].
///
/// # Errors
/// Where the journal cannot be read.
pub async fn before_skip(journal: &dyn Journal, begin: Seq, end: Seq) -> Result<Seq, StorageError> {
    let next = first_from(journal, begin).await?;
    let mut behind = next;
    while next >= end
        && let Some(earlier) = behind.0.checked_sub(limits::RESTORE_SKIP).map(Seq)
        && first_from(journal, earlier).await? == next
    {
        behind = earlier;
    }
    Ok(behind.min(begin))
}

/// The first place from here on that has an event, or that the next one will get.
async fn first_from(journal: &dyn Journal, from: Seq) -> Result<Seq, StorageError> {
    let chunk = journal.read(from, Wanted::All, 1).await?;
    Ok(chunk.frames.first().map_or(chunk.next, |frame| frame.first()))
}
