//! What a viewer wants to see.
//!
//! Three kinds of rows: events as they are accepted, refusals, and deliveries. Deliveries of events that
//! were shown follow as news of those; they are rows of their own where a destination or what became of
//! them is asked for.

use std::collections::BTreeSet;

use domain::event::{EventKind, Gist, Identities};
use domain::id::{DestinationId, SourceId};
use domain::reason::Reason;
use serde::Serialize;
use storage::{Fate, RejectionRecord, StoredEvent};

use super::show::Happened;

/// What is to be seen; everything by default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only deliveries to this destination.
    pub destination: Option<DestinationId>,
    /// Only of these types; of all where there are none.
    pub kinds: BTreeSet<EventKind>,
    /// Only events with this name.
    pub name: Option<String>,
    /// Only events whose name has this in it, in lower case.
    pub text: Option<String>,
    /// Only events of whoever has this id.
    pub user: Option<String>,
    /// Only what is in one of these states; everything where there are none.
    pub statuses: BTreeSet<Status>,
}

/// The state of what a row shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// An event was stored.
    Accepted,
    /// A request or event was refused.
    Rejected,
    /// An endpoint took it.
    Delivered,
    /// It failed and is tried again.
    Scheduled,
    /// It failed for good.
    GaveUp,
    /// It was not for this destination.
    Filtered,
    /// It was gone before it could be delivered.
    Expired,
    /// Somebody let it go.
    Skipped,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Rejected,
        Self::Delivered,
        Self::Scheduled,
        Self::GaveUp,
        Self::Filtered,
        Self::Expired,
        Self::Skipped,
    ];

    /// Those that mean that a delivery does not go well.
    pub const FAILED: [Self; 3] = [Self::Scheduled, Self::GaveUp, Self::Expired];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Delivered => "delivered",
            Self::Scheduled => "scheduled",
            Self::GaveUp => "gave_up",
            Self::Filtered => "filtered",
            Self::Expired => "expired",
            Self::Skipped => "skipped",
        }
    }

    /// What an attempt led to.
    pub fn of(fate: Fate, reason: &str) -> Self {
        match fate {
            Fate::Delivered => Self::Delivered,
            Fate::Retry => Self::Scheduled,
            Fate::GaveUp if reason == Reason::Skipped.code() => Self::Skipped,
            Fate::GaveUp => Self::GaveUp,
            Fate::Expired => Self::Expired,
        }
    }

    fn is_of_delivery(self) -> bool {
        !matches!(self, Self::Accepted | Self::Rejected)
    }
}

impl Filter {
    /// Whether events are shown as they are accepted.
    pub fn wants_events(&self) -> bool {
        self.destination.is_none() && self.wants(Status::Accepted)
    }

    /// Whether deliveries are rows of their own.
    pub fn wants_deliveries(&self) -> bool {
        let asked = self.statuses.iter().any(|status| status.is_of_delivery());
        asked || (self.destination.is_some() && self.statuses.is_empty())
    }

    /// Whether this refusal is shown. Nobody has looked for an event in it, so who asks for one does
    /// not mean it.
    pub fn admits_rejection(&self, rejection: &RejectionRecord) -> bool {
        let asks_for_event = self.destination.is_some()
            || self.user.is_some()
            || self.reads_text()
            || !self.kinds.is_empty();
        let is_of_source = |wanted: &SourceId| rejection.source.as_ref() == Some(wanted);
        self.wants(Status::Rejected)
            && !asks_for_event
            && self.source.as_ref().is_none_or(is_of_source)
    }

    /// Whether an event may be shown, as far as is told without its text.
    pub fn admits_event(&self, event: &StoredEvent) -> bool {
        self.source.as_ref().is_none_or(|wanted| *wanted == event.source)
            && self.admits_kind(event.kind)
            && self.whose().is_none_or(|whose| whose.touch(event.identities))
    }

    /// Whether a delivery may be shown, as far as is told without its event.
    pub fn admits_delivery(&self, happened: &Happened<'_>) -> bool {
        let is_asked_for = match self.statuses.is_empty() {
            true => self.destination.is_some(),
            false => self.statuses.contains(&happened.status),
        };
        let is_there = |wanted: &DestinationId| wanted == happened.destination;
        is_asked_for
            && self.destination.as_ref().is_none_or(is_there)
            && happened.kind.is_none_or(|kind| self.admits_kind(kind))
            && happened.whose.is_none_or(|own| self.whose().is_none_or(|whose| whose.touch(own)))
    }

    /// Whether the text of an event has to be read to know whether it is shown.
    pub fn reads_text(&self) -> bool {
        self.name.is_some() || self.text.is_some()
    }

    /// Whether the event of a delivery has to be known.
    pub fn needs_event(&self) -> bool {
        self.reads_text() || self.source.is_some() || self.user.is_some() || !self.kinds.is_empty()
    }

    /// Whether an event's name is one that is asked for.
    pub fn admits_gist(&self, gist: &Gist<'_>) -> bool {
        let name = gist.name.as_deref();
        self.name.as_deref().is_none_or(|wanted| name == Some(wanted))
            && self
                .text
                .as_deref()
                .is_none_or(|wanted| name.is_some_and(|name| name.to_lowercase().contains(wanted)))
    }

    fn wants(&self, status: Status) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&status)
    }

    fn admits_kind(&self, kind: EventKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    fn whose(&self) -> Option<Identities> {
        self.user.as_deref().map(Identities::named)
    }
}
