//! Which deliveries are asked for.

use domain::event::{EventKind, Gist, Identities, IdentityHash, sanitize};
use domain::id::{DestinationId, Seq, SourceId};
use domain::time::Timestamp;
use storage::StoredEvent;

use super::{Delivery, Status};

/// Which events; what is not there is not asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventFilter {
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only of this kind.
    pub kind: Option<EventKind>,
    /// Only of this name.
    pub name: Option<String>,
    /// Only of this `userId` or `anonymousId`.
    pub user: Option<String>,
    /// Only with this `messageId`.
    pub message_id: Option<String>,
    /// Only those that share an identity with one.
    pub lane: Option<Identities>,
}

/// A span of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct When {
    /// Its beginning.
    pub from: Option<Timestamp>,
    /// Its end, which is not part of it.
    pub to: Option<Timestamp>,
}

impl When {
    /// Whether a time is in it.
    pub fn includes(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// Answers of endpoints that begin with the same digit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeClass(pub u16);

/// Which deliveries.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeliveryQuery {
    /// Only to this destination.
    pub destination: Option<DestinationId>,
    /// Only of this event.
    pub event: Option<Seq>,
    /// Only those that have come to this.
    pub status: Option<Status>,
    /// Only of such events.
    pub of: EventFilter,
    /// Only for this reason, by its code: of the last attempt, or why it was filtered.
    pub reason: Option<String>,
    /// Only those whose last attempt came back with this status; 0 for none.
    pub code: Option<u16>,
    /// Only those whose last attempt came back with such a status.
    pub class: Option<CodeClass>,
    /// Only those whose last attempt belongs to this issue.
    pub issue: Option<u64>,
    /// Only of this time: of the last attempt where that is what is searched for, else when the event
    /// was received.
    pub when: When,
    /// Only those that were tried so often, or more often.
    pub attempts_min: u32,
    /// Where a page ended, to go on from there.
    pub older_than: Option<u64>,
    /// At most so many, and those of the last event.
    pub rows_max: usize,
}

impl EventFilter {
    /// Whether nothing is asked of the events but their kind.
    pub fn is_of_kind_alone(&self) -> bool {
        let Self { source, kind: _, name, user, message_id, lane } = self;
        source.is_none()
            && name.is_none()
            && user.is_none()
            && message_id.is_none()
            && lane.is_none()
    }

    /// Whether it is about one user or one event, of which there are few.
    pub fn is_narrow(&self) -> bool {
        self.user.is_some() || self.message_id.is_some() || self.lane.is_some()
    }

    /// Whether an event is asked for. What is cheap to tell is looked at first.
    pub fn matches(&self, event: &StoredEvent) -> bool {
        self.source.as_ref().is_none_or(|source| *source == event.source)
            && self.kind.is_none_or(|kind| kind == event.kind)
            && self.user.as_ref().is_none_or(|user| is_whose(event, user))
            && self.lane.is_none_or(|lane| shares(lane, event.identities))
            && self.matches_gist(event)
    }

    fn matches_gist(&self, event: &StoredEvent) -> bool {
        if self.name.is_none() && self.message_id.is_none() {
            return true;
        }
        let Gist { name, message_id, .. } = Gist::of(event.kind, &event.payload);
        self.name.as_ref().is_none_or(|own| name.as_deref() == Some(own))
            && self.message_id.as_ref().is_none_or(|own| message_id.as_deref() == Some(own))
    }
}

/// Whether two events are of one user.
fn shares(one: Identities, other: Identities) -> bool {
    one.iter().any(|own| other.iter().any(|its| own == its))
}

/// Whether an event is of the user with this id.
fn is_whose(event: &StoredEvent, id: &str) -> bool {
    let (id, own) = (sanitize::sanitize(id), event.identities);
    let is_user = own.user.is_some() && own.user == IdentityHash::of_user(&id);
    let is_anonymous = own.anonymous.is_some() && own.anonymous == IdentityHash::of_anonymous(&id);
    is_user || is_anonymous
}

impl CodeClass {
    fn includes(self, status: u16) -> bool {
        status / 100 == self.0
    }
}

impl DeliveryQuery {
    /// Whether a delivery is asked for, as far as time does not matter.
    pub fn matches(&self, delivery: &Delivery) -> bool {
        self.status.is_none_or(|status| status == delivery.state.status)
            && self.attempts_min <= delivery.known.attempts
            && self.matches_event(delivery)
            && self.matches_last(delivery)
    }

    fn matches_event(&self, delivery: &Delivery) -> bool {
        match &delivery.event {
            Some(event) => self.of.matches(event),
            None => {
                self.of.is_of_kind_alone()
                    && self.of.kind.is_none_or(|kind| Some(kind) == delivery.kind())
            }
        }
    }

    fn matches_last(&self, delivery: &Delivery) -> bool {
        let status = || delivery.known.last.as_ref().map(|last| last.status);
        self.reason.as_ref().is_none_or(|reason| delivery.reason() == Some(reason.as_str()))
            && self.code.is_none_or(|code| status() == Some(code))
            && self.class.is_none_or(|class| status().is_some_and(|one| class.includes(one)))
    }

    /// Whether only what was tried can match.
    pub fn is_of_attempts(&self) -> bool {
        self.reason.is_some()
            || self.code.is_some()
            || self.class.is_some()
            || self.issue.is_some()
            || self.attempts_min > 0
    }
}
