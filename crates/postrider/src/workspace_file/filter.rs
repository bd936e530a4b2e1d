//! A filter as people write it, in the workspace file and in the API.
//!
//! In comes a JSON value that knows where it stands; out goes a filter, or every mistake with its
//! path, and its column where it is one of the condition's text.

use std::collections::BTreeSet;

use domain::event::EventKind;
use domain::filter::condition::Condition;
use domain::filter::{EventNames, Filter, Sample};
use domain::limits;

use super::finding::Finding;
use super::node::{Node, Object};

/// Reads a filter.
///
/// # Errors
/// Every mistake.
pub fn read(node: &Node<'_>) -> Result<Filter, Vec<Finding>> {
    let mut reader = Reader::default();
    let filter = reader.filter(node);
    if reader.mistakes.is_empty() { Ok(filter) } else { Err(reader.mistakes) }
}

#[derive(Default)]
struct Reader {
    mistakes: Vec<Finding>,
}

impl Reader {
    fn filter(&mut self, node: &Node<'_>) -> Filter {
        let Some(filter) = self.keep(node.object()) else { return Filter::default() };
        self.note(filter.unknown(&["types", "events", "condition", "sample"]));
        Filter {
            types: filter.get("types").map(|node| self.types(node)).unwrap_or_default(),
            events: filter.get("events").map(|node| self.events(node)).unwrap_or_default(),
            condition: filter.get("condition").and_then(|node| self.condition(node)),
            sample: filter.get("sample").and_then(|node| self.sample(node)),
        }
    }

    fn types(&mut self, list: &Node<'_>) -> Vec<EventKind> {
        self.not_empty(list, "type");
        let rows = self.keep(list.elements()).unwrap_or_default();
        let known = EventKind::ALL.map(EventKind::as_str);
        let mut types = Vec::new();
        for row in &rows {
            let kind = self.keep(row.one_of(&known)).map(EventKind::from_type);
            types.extend(kind.filter(|kind| !types.contains(kind)));
        }
        types
    }

    fn events(&mut self, node: &Node<'_>) -> EventNames {
        let Some(events) = self.keep(node.object()) else { return EventNames::default() };
        self.note(events.unknown(&["allow", "deny"]));
        if let Some(list) = events.get("allow") {
            self.not_empty(list, "name");
        }
        EventNames { allow: self.names(&events, "allow"), deny: self.names(&events, "deny") }
    }

    /// A list of what passes, where nothing does: it is not clear that this is meant.
    fn not_empty(&mut self, list: &Node<'_>, of: &str) {
        if list.elements().is_ok_and(|rows| rows.is_empty()) {
            self.mistake(list, &format!("is empty; leave it out to let every {of} pass"));
        }
    }

    fn names(&mut self, events: &Object<'_>, name: &str) -> BTreeSet<String> {
        let Some(list) = events.get(name) else { return BTreeSet::new() };
        let rows = self.keep(list.elements()).unwrap_or_default();
        let max = limits::FILTER_NAMES_MAX;
        if rows.len() > max {
            self.mistake(list, &format!("has {} names, but {max} are allowed", rows.len()));
        }
        rows.iter().filter_map(|row| self.keep(row.string())).collect()
    }

    fn condition(&mut self, node: &Node<'_>) -> Option<Condition> {
        let text = self.keep(node.string())?;
        let parsed = Condition::parse(&text).map_err(|error| {
            let finding = node.finding(error.to_string());
            self.mistakes.push(Finding { column: Some(error.column), ..finding });
        });
        parsed.ok()
    }

    fn sample(&mut self, node: &Node<'_>) -> Option<Sample> {
        let percent = self.keep(node.whole_number(1..=100))?;
        u8::try_from(percent).ok().and_then(Sample::new)
    }

    fn keep<T>(&mut self, result: Result<T, Finding>) -> Option<T> {
        result.map_err(|finding| self.note([finding])).ok()
    }

    fn mistake(&mut self, node: &Node<'_>, reason: &str) {
        self.note([node.finding(reason)]);
    }

    fn note(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.mistakes.extend(findings);
    }
}
