//! Destinations of the file: one that stands under several sources is one destination.

use domain::destination::webhook::{Dynamic, GetExtra, Signing, TlsSettings, WebhookSettings};
use domain::destination::{Destination, DestinationSettings};
use domain::id::{DestinationId, SourceId};

use super::node::{Node, Object};
use super::requests::NESTED_MEMBERS;
use super::source::Reader;

/// A destination, and where it stood first.
pub struct Known {
    /// The destination; none where it is skipped.
    pub destination: Option<Destination>,
    path: String,
    line: usize,
}

/// What the settings of a destination come to.
enum Reading {
    /// They can work.
    Usable(DestinationSettings),
    /// They cannot, and a warning says so: the destination and its connection are passed over.
    Skipped,
    /// They cannot, and a mistake says so.
    Mistaken,
}

impl Reader {
    /// Reads a destination that stands under `source`; none where the source has no usable id.
    pub(super) fn destination(&mut self, source: Option<&SourceId>, node: &Node<'_>) {
        let Some(object) = self.keep(node.object()) else { return };
        if !self.is_webhook(&object) {
            return;
        }
        let id = self.id(&object).map(DestinationId::new);
        self.secrets.turn_to(id.as_ref().map_or("", DestinationId::as_str));
        let enabled = self.flag(&object, "enabled");
        let name = self.name(&object);
        self.unknown_own_members(&object, NESTED_MEMBERS);
        let delivery = self.own_delivery(&object);
        let reading = self.settings(&object, &name, enabled);
        let Some(id) = id else { return };
        let settings = match reading {
            Reading::Usable(settings) => settings,
            Reading::Skipped => return self.add_destination(&id, None, &object),
            Reading::Mistaken => return,
        };
        self.warn_of_transformations(&object);
        let rules = self.rules(&object);
        if let Some(source) = source {
            self.connect(source, &id, &object, rules);
        }
        let destination = Destination::new(id.clone(), name, settings);
        let destination = Destination { enabled, delivery, ..destination };
        self.add_destination(&id, Some(destination), &object);
    }

    /// Reads the settings; what makes them unusable is a mistake only where events would be lost.
    fn settings(&mut self, object: &Object<'_>, name: &str, enabled: bool) -> Reading {
        let before = self.mistakes.len();
        if let Some(settings) = self.webhook(object) {
            return Reading::Usable(DestinationSettings::Webhook(settings));
        }
        if enabled {
            return Reading::Mistaken;
        }
        // A draft that somebody has not finished yet.
        for mut finding in self.mistakes.split_off(before) {
            finding.reason += &format!("; destination {name:?} is disabled, so it is skipped");
            self.warnings.push(finding);
        }
        Reading::Skipped
    }

    /// Whether the type is one of ours; a missing type is a mistake, a foreign one is passed over.
    fn is_webhook(&mut self, object: &Object<'_>) -> bool {
        let Some(definition) = object.get("destinationDefinition") else {
            self.mistakes.push(object.missing("destinationDefinition"));
            return false;
        };
        let Some(definition) = self.keep(definition.object()) else { return false };
        let Some(kind) = self.required(&definition, "name") else { return false };
        if kind.eq_ignore_ascii_case("WEBHOOK") {
            return true;
        }
        let name = self.name(object);
        let reason =
            format!("destination {name:?} is skipped: type {kind:?} is not known, only WEBHOOK is");
        self.warnings.push(object.node().finding(reason));
        false
    }

    fn warn_of_transformations(&mut self, object: &Object<'_>) {
        let Some(node) = object.get("transformations") else { return };
        if node.elements().is_ok_and(|list| !list.is_empty()) {
            let reason = "transformations are not run: events are delivered as they came";
            self.warnings.push(node.finding(reason));
        }
    }

    /// Adds a destination that stands alone.
    pub(super) fn add_destination_once(&mut self, destination: Destination, node: &Node<'_>) {
        if let Some(first) = self.destinations.get(&destination.id) {
            self.mistakes.push(node.finding(format!("has the same id as {}", first.path)));
            return;
        }
        let (id, path, line) = (destination.id.clone(), node.path().to_owned(), node.line());
        self.destinations.insert(id, Known { destination: Some(destination), path, line });
    }

    /// Adds a destination, or compares it with how it stood first; none where it is skipped.
    fn add_destination(
        &mut self,
        id: &DestinationId,
        destination: Option<Destination>,
        object: &Object<'_>,
    ) {
        let node = object.node();
        let Some(first) = self.destinations.get(id) else {
            let known = Known { destination, path: node.path().to_owned(), line: node.line() };
            self.destinations.insert(id.clone(), known);
            return;
        };
        let differences = match (&first.destination, &destination) {
            (Some(one), Some(other)) => differences(one, other),
            (None, None) => Vec::new(),
            _ => vec!["config"],
        };
        if !differences.is_empty() {
            let reason = format!(
                "destination {id} differs from {} on line {} in {}: it must be the same everywhere",
                first.path,
                first.line,
                differences.join(", ")
            );
            self.mistakes.push(node.finding(reason));
        }
    }
}

/// The members in which two destinations differ, as the file names them.
fn differences(first: &Destination, second: &Destination) -> Vec<&'static str> {
    let DestinationSettings::Webhook(one) = &first.settings;
    let DestinationSettings::Webhook(other) = &second.settings;
    [
        ("name", first.name != second.name),
        ("enabled", first.enabled != second.enabled),
        ("config.webhookUrl", one.url != other.url),
        ("config.webhookMethod", one.method != other.method),
        ("config.headers", one.headers != other.headers),
        ("postrider", own(one) != own(other) || first.delivery != second.delivery),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// What the member `postrider` says of requests.
fn own(
    settings: &WebhookSettings,
) -> (&Dynamic, &[GetExtra], Option<&Signing>, Option<&TlsSettings>) {
    let (signing, tls) = (settings.signing.as_deref(), settings.tls.as_deref());
    (&settings.dynamic, &settings.get_extras, signing, tls)
}
