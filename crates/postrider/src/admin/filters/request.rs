//! The body of a trial: a filter, and whose events to try it on.

use domain::filter::Filter;
use domain::id::{DestinationId, SourceId};
use domain::limits;

use crate::admin::problem::{Mistake, Problem};
use crate::workspace_file::filter::{self, FilterMistake};
use crate::workspace_file::finding::Finding;
use crate::workspace_file::node::{Node, syntax_fault};

/// Events tried where the request names no number. Source: chosen.
const LAST_DEFAULT: u32 = 1_000;

/// What is to be tried.
#[derive(Debug)]
pub struct TrialRequest {
    /// Only events of this source; of all where there is none.
    pub source: Option<SourceId>,
    /// Who would get them; none where the filter alone counts.
    pub destination: Option<DestinationId>,
    /// The filter.
    pub filter: Filter,
    /// How many of the latest events.
    pub last: u32,
}

impl TrialRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// A problem with every mistake and its place.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(body)
            .map_err(|_| Problem::new(400, "bad_json", "the body is not valid UTF-8"))?;
        if let Some(fault) = syntax_fault(text) {
            let reason = fault.reason.replace("the file", "the body");
            let detail = format!("line {}, {reason}", fault.line);
            return Err(Problem::new(400, "bad_json", detail));
        }
        let mut mistakes = Vec::new();
        let request = read(&Node::root(text), &mut mistakes);
        request.filter(|_| mistakes.is_empty()).ok_or_else(|| problem(mistakes))
    }
}

fn read(root: &Node<'_>, mistakes: &mut Vec<FilterMistake>) -> Option<TrialRequest> {
    let object = keep(root.object(), mistakes)?;
    for finding in object.unknown(&["source", "destination", "filter", "last"]) {
        mistakes.push(FilterMistake { finding, column: None });
    }
    let mut id = |name| object.get(name).and_then(|node| keep(node.string(), mistakes));
    let (source, destination) = (id("source"), id("destination"));
    let last = object.get("last");
    let last = last.map(|node| keep(node.whole_number(1..=limits::TRIAL_EVENTS_MAX), mistakes));
    let filter = object.get("filter").map_or_else(|| Ok(Filter::default()), filter::read);
    Some(TrialRequest {
        source: source.map(SourceId::new),
        destination: destination.map(DestinationId::new),
        filter: filter.map_err(|found| mistakes.extend(found)).ok()?,
        last: last.unwrap_or(Some(LAST_DEFAULT))?,
    })
}

/// The value, or none and a mistake.
fn keep<T>(result: Result<T, Finding>, mistakes: &mut Vec<FilterMistake>) -> Option<T> {
    let mistake = |finding| mistakes.push(FilterMistake { finding, column: None });
    result.map_err(mistake).ok()
}

fn problem(mistakes: Vec<FilterMistake>) -> Problem {
    let mistake = |FilterMistake { finding, column }| Mistake {
        field: finding.path,
        column,
        detail: finding.reason,
    };
    let mistakes: Vec<_> = mistakes.into_iter().map(mistake).collect();
    let detail = match mistakes.len() {
        1 => "the request has 1 mistake".to_owned(),
        count => format!("the request has {count} mistakes"),
    };
    Problem::new(422, "bad_filter", detail).with(mistakes)
}
