//! One object by itself, in our own shape: what the API takes and gives, and our own workspace files
//! are lists of.
//!
//! In comes a value and what its mistakes depend on; out goes a source, a destination or a connection,
//! or every mistake. What is not known is one of them.

use domain::connection::Connection;
use domain::destination::{Destination, DestinationSettings};
use domain::filter::{Consent, Filter};
use domain::id::{ConnectionId, DestinationId, Seq, SourceId};
use domain::source::Source;
use domain::workspace::Workspace;

use super::filter;
use super::finding::Finding;
use super::node::{Node, Object};
use super::requests::OWN_MEMBERS;
use super::secrets::Secrets;
use super::source::{Form, Made, Reader};

/// What an answer has besides, and a body may send back: it is passed over.
const SHOWN_ONLY: [&str; 2] = ["version", "managedBy"];
const SOURCE_MEMBERS: &[&str] =
    &["id", "name", "enabled", "writeKey", "postrider", SHOWN_ONLY[0], SHOWN_ONLY[1]];
const DESTINATION_MEMBERS: &[&str] =
    &["id", "name", "enabled", "type", "config", "postrider", SHOWN_ONLY[0], SHOWN_ONLY[1]];
const CONFIG_MEMBERS: &[&str] = &["webhookUrl", "webhookMethod", "headers"];
const CONNECTION_MEMBERS: &[&str] =
    &["id", "source", "destination", "enabled", "filter", "consent", SHOWN_ONLY[0], SHOWN_ONLY[1]];
const CONSENT_MEMBERS: &[&str] =
    &["consentManagement", "oneTrustCookieCategories", "ketchConsentPurposes", "fail"];

/// A JSON Schema of what can be set of a webhook: its members `config` and `postrider`.
pub const WEBHOOK_SCHEMA: &str = include_str!("webhook.schema.json");

/// Reads a source; `others` are all but itself.
///
/// # Errors
/// Every mistake.
pub fn source(node: &Node<'_>, made: Made, others: &[Source]) -> Result<Source, Vec<Finding>> {
    let mut reader = of_api(made, Secrets::of_api([]));
    for other in others {
        for key in &other.write_keys {
            reader.know_write_key(&key.key, &format!("a key of source {}", other.id));
        }
    }
    let read = reader.source_of_ours(node);
    reader.settled(read)
}

/// Reads a destination; marks of secrets stand for those that are stored.
///
/// # Errors
/// Every mistake.
pub fn destination(
    node: &Node<'_>,
    made: Made,
    stored: Option<&Destination>,
) -> Result<Destination, Vec<Finding>> {
    let mut reader = of_api(made, Secrets::of_api(stored));
    let read = reader.destination_of_ours(node);
    reader.settled(read)
}

/// Reads a connection between what the workspace has; it begins at the first event.
///
/// # Errors
/// Every mistake.
pub fn connection(
    node: &Node<'_>,
    made: Made,
    workspace: &Workspace,
) -> Result<Connection, Vec<Finding>> {
    let mut reader = of_api(made, Secrets::of_api([]));
    let read = reader.connection_of_ours(node, workspace);
    reader.settled(read)
}

/// A reader of what came over the network.
fn of_api(made: Made, secrets: Secrets) -> Reader {
    let mut reader = Reader::default();
    (reader.secrets, reader.made, reader.form) = (secrets, made, Form::Own);
    reader
}

impl Reader {
    fn settled<T>(mut self, read: Option<T>) -> Result<T, Vec<Finding>> {
        self.mistakes.sort();
        match read {
            Some(read) if self.mistakes.is_empty() => Ok(read),
            _ => Err(self.mistakes),
        }
    }

    /// Reads a source of our shape.
    pub(super) fn source_of_ours(&mut self, node: &Node<'_>) -> Option<Source> {
        let object = self.keep(node.object())?;
        self.mistakes.extend(object.unknown(SOURCE_MEMBERS));
        let id = self.id(&object).map(SourceId::new);
        self.source_alone(&object, id)
    }

    /// Reads a destination of our shape.
    pub(super) fn destination_of_ours(&mut self, node: &Node<'_>) -> Option<Destination> {
        let object = self.keep(node.object())?;
        self.mistakes.extend(object.unknown(DESTINATION_MEMBERS));
        if let Some(config) = object.get("config").and_then(|node| node.object().ok()) {
            self.mistakes.extend(config.unknown(CONFIG_MEMBERS));
        }
        let kind = object.get("type").map(|node| node.one_of(&["WEBHOOK"]));
        self.keep(kind.unwrap_or_else(|| Err(object.missing("type"))));
        let id = self.id(&object).map(DestinationId::new);
        self.secrets.turn_to(id.as_ref().map_or("", DestinationId::as_str));
        let (enabled, name) = (self.flag(&object, "enabled"), self.name(&object));
        self.unknown_own_members(&object, OWN_MEMBERS);
        let delivery = self.own_delivery(&object);
        let settings = DestinationSettings::Webhook(self.webhook(&object)?);
        Some(Destination { enabled, delivery, ..Destination::new(id?, name, settings) })
    }

    /// Reads a connection of our shape.
    pub(super) fn connection_of_ours(
        &mut self,
        node: &Node<'_>,
        workspace: &Workspace,
    ) -> Option<Connection> {
        let object = self.keep(node.object())?;
        self.mistakes.extend(object.unknown(CONNECTION_MEMBERS));
        let source = self.end(&object, "source", |id| {
            workspace.sources.iter().any(|source| source.id.as_str() == id)
        });
        let destination = self.end(&object, "destination", |id| {
            workspace.destinations.iter().any(|destination| destination.id.as_str() == id)
        });
        let enabled = self.flag(&object, "enabled");
        let (filter, consent) = (self.filter_of_ours(&object), self.consent_of_ours(&object));
        let (source, destination) = (SourceId::new(source?), DestinationId::new(destination?));
        if object.get("id").is_none() && self.made.id.is_none() {
            self.made.id = Some(format!("{source}-{destination}"));
        }
        let id = ConnectionId::new(self.id(&object)?);
        let connection = Connection::new(id, source, destination, Seq::FIRST);
        let is_same = |one: &&Connection| {
            one.source == connection.source && one.destination == connection.destination
        };
        if let Some(other) = workspace.connections.iter().find(is_same) {
            let reason = format!("connects what connection {} connects already", other.id);
            self.mistakes.push(node.finding(reason));
        }
        Some(Connection { enabled, filter, consent, ..connection })
    }

    /// What a connection joins.
    fn end(
        &mut self,
        object: &Object<'_>,
        name: &str,
        is_there: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        let id = self.required(object, name)?;
        if !is_there(&id) && !self.mistaken.contains(&id) {
            let node = object.get(name).unwrap_or(object.node());
            self.mistakes.push(node.finding(format!("there is no {name} {id}")));
        }
        Some(id)
    }

    fn filter_of_ours(&mut self, object: &Object<'_>) -> Filter {
        let read = object.get("filter").map_or_else(|| Ok(Filter::default()), filter::read);
        read.unwrap_or_else(|mistakes| {
            self.mistakes.extend(mistakes);
            Filter::default()
        })
    }

    fn consent_of_ours(&mut self, object: &Object<'_>) -> Consent {
        let own = object.get("consent").map(Node::object);
        let Some(own) = own.and_then(|own| self.keep(own)) else { return Consent::default() };
        self.mistakes.extend(own.unknown(CONSENT_MEMBERS));
        Consent { fail: self.fail_word(&own), ..self.consent_rules(&own) }
    }
}

#[cfg(test)]
mod tests;
