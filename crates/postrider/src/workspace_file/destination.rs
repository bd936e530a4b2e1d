//! Destinations of the file: one that stands under several sources is one destination.

use domain::destination::{Destination, DestinationSettings};
use domain::id::{DestinationId, SourceId};

use super::node::{Node, Object};
use super::source::Reader;

/// A destination, and where it stood first.
pub struct Known {
    /// The destination.
    pub destination: Destination,
    path: String,
    line: usize,
}

/// Members that promise what is not done here: their path, and what happens instead.
const NOT_DONE: [(&str, &str); 4] = [
    ("transformations", "transformations are not run: events are delivered as they came"),
    ("config.consentManagement", "consent rules are not applied: every event is delivered"),
    ("config.oneTrustCookieCategories", "consent rules are not applied: every event is delivered"),
    ("config.ketchConsentPurposes", "consent rules are not applied: every event is delivered"),
];

impl Reader {
    /// Reads a destination that stands under `source`; none where the source has no usable id.
    pub(super) fn destination(&mut self, source: Option<&SourceId>, node: &Node<'_>) {
        let Some(object) = self.keep(node.object()) else { return };
        if !self.is_webhook(&object) {
            return;
        }
        let id = self.required(&object, "id").map(DestinationId::new);
        let enabled = self.flag(&object, "enabled");
        let name = self.name(&object);
        let settings = self.webhook(&object).map(DestinationSettings::Webhook);
        self.warn_of_what_is_not_done(&object);
        let Some(id) = id else { return };
        if let Some(source) = source {
            self.connect(source, &id, &object);
        }
        if let Some(settings) = settings {
            self.add_destination(Destination { id, name, enabled, settings }, &object);
        }
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

    fn warn_of_what_is_not_done(&mut self, object: &Object<'_>) {
        for (path, reason) in NOT_DONE {
            let node = match path.split_once('.') {
                None => object.get(path).cloned(),
                Some((outer, inner)) => object
                    .get(outer)
                    .and_then(|node| node.object().ok())
                    .and_then(|object| object.get(inner).cloned()),
            };
            let Some(node) = node else { continue };
            if node.elements().is_ok_and(|list| !list.is_empty()) {
                self.warnings.push(node.finding(reason));
            }
        }
    }

    fn add_destination(&mut self, destination: Destination, object: &Object<'_>) {
        let node = object.node();
        let Some(first) = self.destinations.get(&destination.id) else {
            let id = destination.id.clone();
            let known = Known { destination, path: node.path().to_owned(), line: node.line() };
            self.destinations.insert(id, known);
            return;
        };
        let differences = differences(&first.destination, &destination);
        if !differences.is_empty() {
            let reason = format!(
                "destination {} differs from {} on line {} in {}: it must be the same everywhere",
                destination.id,
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
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}
