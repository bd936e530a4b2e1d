//! Filters: whether a destination gets an event, decided when it takes the event in.
//!
//! In come an event, the destination, and the connection between the event's source and it; out
//! goes a verdict with its reason. What the event itself says comes first (`integrations`,
//! consent), then the connection's filter: types, names, condition, sample. Deliberately unknown
//! here: where events are stored, and what becomes of those that pass.

pub mod number;
pub mod path;
pub mod condition;
pub mod integrations;
pub mod consent;
pub mod sample;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::destination::{Destination, DestinationSettings};
use crate::event::{EventKind, Identities, Restriction, json};
use crate::id::ConnectionId;
use crate::reason::Reason;

pub use condition::{Condition, ConditionError};
pub use consent::{Consent, ConsentRule, Fail, Resolution};
pub use sample::Sample;

use integrations::Addressee;
use path::{Path, pick};

/// What a connection lets pass; everything by default.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Only events of these types; of all where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<EventKind>,
    /// Which names a `track` may have.
    #[serde(default, skip_serializing_if = "EventNames::are_all")]
    pub events: EventNames,
    /// What an event must look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Only the events of so many users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
}

/// Names of `track` events, as they are spelled. Other types have no such name, and pass.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EventNames {
    /// Only these; all where there are none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allow: BTreeSet<String>,
    /// Not these, also where they are allowed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub deny: BTreeSet<String>,
}

/// An event to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What kind of call it is.
    pub kind: EventKind,
    /// Whose it is.
    pub identities: Identities,
    /// Whether it may itself say which destinations get it.
    pub restriction: Restriction,
    /// Its JSON text.
    pub payload: &'a [u8],
}

/// Whether an event passes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It is delivered.
    Passes,
    /// It is not, for this reason.
    Filtered(Reason),
}

/// A connection's rules, made ready to judge one event after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sieve {
    /// Who would get the event; none where only the filter counts.
    addressee: Option<Addressee>,
    consent: Option<Consent>,
    filter: Filter,
    salt: ConnectionId,
    integrations: Path,
    consent_management: Path,
    event_name: Path,
}

impl Filter {
    /// Whether it lets everything pass.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

impl EventNames {
    fn are_all(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    fn let_pass(&self, name: Option<&str>) -> bool {
        let is_allowed =
            self.allow.is_empty() || name.is_some_and(|name| self.allow.contains(name));
        is_allowed && !name.is_some_and(|name| self.deny.contains(name))
    }
}

impl Sieve {
    /// The rules of a connection to a destination.
    pub fn new(destination: &Destination, connection: &Connection) -> Self {
        let kind = match destination.settings {
            DestinationSettings::Webhook(_) => "Webhook",
        };
        let addressee = Addressee {
            id: destination.id.as_str().to_owned(),
            name: destination.name.clone(),
            kind,
        };
        let consent = connection.consent.asks().then(|| connection.consent.clone());
        let of_filter = Self::of_filter(connection.filter.clone(), connection.id.clone());
        Self { addressee: Some(addressee), consent, ..of_filter }
    }

    /// The rules of a filter alone; `salt` decides which users are in its sample.
    pub fn of_filter(filter: Filter, salt: ConnectionId) -> Self {
        Self {
            addressee: None,
            consent: None,
            filter,
            salt,
            integrations: Path::of_keys(&["integrations"]),
            consent_management: Path::of_keys(&["context", "consentManagement"]),
            event_name: Path::of_keys(&["event"]),
        }
    }

    /// What keeps the event back; none where nothing does.
    fn objection(&self, event: &Subject<'_>) -> Option<Reason> {
        let may_restrict = event.restriction == Restriction::Possible;
        may_restrict
            .then(|| self.event_objects(event))
            .flatten()
            .or_else(|| self.filter_objects(event))
    }

    /// What the event itself says.
    fn event_objects(&self, event: &Subject<'_>) -> Option<Reason> {
        let addressee = self.addressee.as_ref()?;
        let text = event.text();
        let consent_path = self.consent.as_ref().map(|_| &self.consent_management);
        let found = pick(text, std::iter::once(&self.integrations).chain(consent_path));
        let value = |index: usize| found.get(index).copied().flatten();
        if value(0).is_some_and(|own| !integrations::allow(own, addressee)) {
            return Some(Reason::FilteredIntegrations);
        }
        let refuses = self.consent.as_ref().is_some_and(|consent| !consent.permits(value(1)));
        refuses.then_some(Reason::FilteredConsent)
    }

    fn filter_objects(&self, event: &Subject<'_>) -> Option<Reason> {
        let Filter { types, events, condition, sample } = &self.filter;
        if !types.is_empty() && !types.contains(&event.kind) {
            return Some(Reason::FilteredType);
        }
        if event.kind == EventKind::Track && !events.are_all() {
            let found = pick(event.text(), std::iter::once(&self.event_name));
            let name = found[0].and_then(json::string);
            if !events.let_pass(name.as_deref()) {
                return Some(Reason::FilteredEvent);
            }
        }
        if condition.as_ref().is_some_and(|condition| !condition.holds(event.text())) {
            return Some(Reason::FilteredCondition);
        }
        let is_out = sample.is_some_and(|sample| !sample.includes(event, &self.salt));
        is_out.then_some(Reason::FilteredSample)
    }
}

impl Subject<'_> {
    /// Its text; nothing where it is damaged, and then nothing is found in it.
    fn text(&self) -> &str {
        std::str::from_utf8(self.payload).unwrap_or("")
    }
}

/// Decides whether an event passes.
pub fn decide(sieve: &Sieve, event: &Subject<'_>) -> Verdict {
    sieve.objection(event).map_or(Verdict::Passes, Verdict::Filtered)
}

#[cfg(test)]
mod tests;
