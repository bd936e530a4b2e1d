//! What decides which events a connection lets pass: the consent rules of a destination's `config`,
//! and its member `postrider`, which is ours.
//!
//! A destination is repeated under each of its sources, and RudderStack's consent rules differ by
//! the type of the source: so all of this belongs to the connection.

use domain::filter::{Consent, ConsentRule, Fail, Filter, Resolution};

use super::filter;
use super::finding::Finding;
use super::node::{Node, Object};
use super::source::Reader;

impl Reader {
    /// Reads a connection's filter and what it asks of consent.
    pub(super) fn rules(&mut self, destination: &Object<'_>) -> (Filter, Consent) {
        let mut consent = self.consent(destination);
        let node = destination.get("postrider");
        let Some(own) = node.and_then(|node| self.keep(node.object())) else {
            return (Filter::default(), consent);
        };
        if let Some(node) = own.get("consent") {
            consent.fail = self.fail(node);
        }
        let filter = own.get("filter").map_or_else(|| Ok(Filter::default()), filter::read);
        let filter = filter.unwrap_or_else(|mistakes| {
            self.mistakes.extend(mistakes);
            Filter::default()
        });
        (filter, consent)
    }

    fn fail(&mut self, node: &Node<'_>) -> Fail {
        let Some(own) = self.keep(node.object()) else { return Fail::Open };
        self.mistakes.extend(own.unknown(&["fail"]));
        self.fail_word(&own)
    }

    /// Reads the member `fail`.
    pub(super) fn fail_word(&mut self, own: &Object<'_>) -> Fail {
        match own.get("fail").and_then(|node| self.keep(node.one_of(&["open", "closed"]))) {
            Some("closed") => Fail::Closed,
            _ => Fail::Open,
        }
    }

    fn consent(&mut self, destination: &Object<'_>) -> Consent {
        let config = destination.get("config").and_then(|node| node.object().ok());
        config.map_or_else(Consent::default, |config| self.consent_rules(&config))
    }

    /// Reads what an object asks of consent.
    pub(super) fn consent_rules(&mut self, config: &Object<'_>) -> Consent {
        let rows = self.rows_by_source_type(config, "consentManagement");
        Consent {
            rules: rows.iter().filter_map(|row| self.consent_rule(row)).collect(),
            one_trust_categories: self.older(
                config,
                "oneTrustCookieCategories",
                "oneTrustCookieCategory",
            ),
            ketch_purposes: self.older(config, "ketchConsentPurposes", "purpose"),
            fail: Fail::Open,
        }
    }

    /// The rows of a list, which RudderStack's server serves; or, as its dashboard keeps them, those
    /// of the list for the source's type. Where the file does not say the type, all rows count.
    fn rows_by_source_type<'a>(&mut self, config: &Object<'a>, name: &str) -> Vec<Node<'a>> {
        let Some(node) = config.get(name) else { return Vec::new() };
        if node.kind() != "an object" {
            return self.keep(node.elements()).unwrap_or_default();
        }
        let Some(by_type) = self.keep(node.object()) else { return Vec::new() };
        let lists: Vec<_> = match &self.source_type {
            Some(source_type) => by_type.get(source_type).into_iter().cloned().collect(),
            None => by_type.nodes().filter(|list| !list.is_null()).cloned().collect(),
        };
        lists.iter().flat_map(|list| self.keep(list.elements()).unwrap_or_default()).collect()
    }

    /// The rule of a row; none where it asks for nothing.
    fn consent_rule(&mut self, row: &Node<'_>) -> Option<ConsentRule> {
        if row.is_null() {
            return None;
        }
        let object = self.keep(row.object())?;
        let list = object.get("consents")?;
        let rows = self.keep(list.elements())?;
        let consents = self.ids(&rows, "consent");
        let resolution = match object.get("resolutionStrategy") {
            Some(node) => self.keep(resolution(node))?,
            None => Resolution::And,
        };
        if consents.is_empty() {
            return None;
        }
        Some(ConsentRule { provider: self.required(&object, "provider")?, consents, resolution })
    }

    fn older(&mut self, config: &Object<'_>, name: &str, member: &str) -> Vec<String> {
        let rows = self.rows_by_source_type(config, name);
        self.ids(&rows, member)
    }

    /// The ids of rows, each a member of an object; the dashboard leaves empty rows behind.
    fn ids(&mut self, rows: &[Node<'_>], member: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for row in rows.iter().filter(|row| !row.is_null()) {
            let Some(object) = self.keep(row.object()) else { continue };
            let id = object.get(member).and_then(|node| self.keep(node.string()));
            ids.extend(id.filter(|id| !id.is_empty()));
        }
        ids
    }
}

fn resolution(node: &Node<'_>) -> Result<Resolution, Finding> {
    // The dashboard leaves it empty where nobody chose.
    if node.string()?.is_empty() {
        return Ok(Resolution::And);
    }
    let word = node.one_of(&["and", "or"])?;
    Ok(if word == "or" { Resolution::Or } else { Resolution::And })
}

#[cfg(test)]
mod tests;
