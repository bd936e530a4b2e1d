//! The contract Index: which events of the journal are by whom and about what, for people who look.
//!
//! It is made from the journal, by a reader that nobody waits for, and can be made again at any time.
//! Names and ids are kept as hashes, so that it is small, and a search may propose an event that is not
//! meant: whoever asks looks at the event anyway.
//!
//! - **X1** A search finds every stored event before [`Index::reached`] that matches, in order; what
//!   it proposes besides is little.
//! - **X2** What a crash takes of the index is made again from the journal.
//! - **X3** Events that were trimmed from the journal are not found for long.
//! - **X4** By name and by SDK, every event before [`Index::reached`] that the journal had when it was
//!   indexed is counted once, also where it was trimmed since.

use std::ops::Range;

use domain::event::{CallMark, EventKind, Gist, IdentityHash, NameHash};
use domain::id::{Seq, SourceId};
use domain::time::Timestamp;
use tokio::sync::watch;

use crate::census::SourceCensus;
use crate::frame::StoredEvent;
use crate::receipt::Receipt;

/// Which events are by whom and about what.
pub trait Index: Send + Sync + 'static {
    /// Up to where events are indexed; comes after the journal's head, mostly at once.
    fn reached(&self) -> watch::Receiver<Seq>;

    /// Finds events. A search that would have to look at too much ends early, and says where to go on.
    fn search(&self, query: EventQuery) -> Receipt<EventPlaces>;

    /// Which names and which SDKs a source's events had, and how often.
    fn census(&self, source: &SourceId) -> Receipt<SourceCensus>;
}

/// Which events to find; what is not there is not asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventQuery {
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only of this kind.
    pub kind: Option<EventKind>,
    /// Only of this name.
    pub name: Option<NameHash>,
    /// Only with one of these as user or anonymous one.
    pub identities: Vec<IdentityHash>,
    /// Only with this `messageId`.
    pub message: Option<CallMark>,
    /// Only those received then or later, to the nearest seconds.
    pub from: Option<Timestamp>,
    /// Only those received before.
    pub to: Option<Timestamp>,
    /// Only at these places.
    pub places: Range<Seq>,
    /// Which of them first.
    pub toward: Toward,
    /// At most so many.
    pub rows_max: usize,
}

/// A direction in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Toward {
    /// The newest first.
    Older,
    /// The oldest first.
    Newer,
}

/// Places that were found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventPlaces {
    /// In the order asked for.
    pub places: Vec<Seq>,
    /// What was not looked at, where there may be more: to be asked for as [`EventQuery::places`].
    pub rest: Option<Range<Seq>>,
}

/// What the index keeps of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marks {
    /// Of its name.
    pub name: Option<NameHash>,
    /// Of its `userId` and its `anonymousId`.
    pub identities: [Option<IdentityHash>; 2],
    /// Of its `messageId`.
    pub message: Option<CallMark>,
}

impl Marks {
    /// Looks for them in a stored event.
    pub fn of(event: &StoredEvent) -> Self {
        Self::in_gist(event, &Gist::of(event.kind, &event.payload))
    }

    /// Takes them from what an event is about.
    pub fn in_gist(event: &StoredEvent, gist: &Gist<'_>) -> Self {
        Self {
            name: gist.name.as_deref().and_then(NameHash::of),
            identities: [event.identities.user, event.identities.anonymous],
            message: gist.message_id.as_deref().and_then(CallMark::of),
        }
    }
}

impl EventQuery {
    /// All events at these places, the newest first.
    pub fn of(places: Range<Seq>, rows_max: usize) -> Self {
        Self {
            source: None,
            kind: None,
            name: None,
            identities: Vec::new(),
            message: None,
            from: None,
            to: None,
            places,
            toward: Toward::Older,
            rows_max,
        }
    }

    /// Whether an event with these marks is asked for.
    pub fn matches(&self, event: &StoredEvent, marks: &Marks) -> bool {
        self.source.as_ref().is_none_or(|source| *source == event.source)
            && self.kind.is_none_or(|kind| kind == event.kind)
            && self.from.is_none_or(|from| from <= event.received_at)
            && self.to.is_none_or(|to| event.received_at < to)
            && self.matches_marks(marks)
    }

    /// Whether these marks are asked for.
    pub fn matches_marks(&self, marks: &Marks) -> bool {
        let is_ours = |one: &IdentityHash| self.identities.contains(one);
        self.name.is_none_or(|name| Some(name) == marks.name)
            && self.message.is_none_or(|message| Some(message) == marks.message)
            && (self.identities.is_empty() || marks.identities.iter().flatten().any(is_ours))
    }
}
