//! Bodies of requests: JSON whose every mistake is told, with its place.

use domain::id::Seq;

use super::problem::{Mistake, Problem};
use crate::workspace_file::filter::FilterMistake;
use crate::workspace_file::finding::Finding;
use crate::workspace_file::node::{Node, syntax_fault};

/// The mistakes that were found in a body.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<FilterMistake>);

/// A body as text that is JSON.
///
/// # Errors
/// A problem that says where it is none.
pub fn text(body: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Problem::new(400, "bad_json", "the body is not valid UTF-8"))?;
    match syntax_fault(text) {
        None => Ok(text),
        Some(fault) => {
            let reason = fault.reason.replace("the file", "the body");
            let detail = format!("line {}, {reason}", fault.line);
            Err(Problem::new(400, "bad_json", detail))
        }
    }
}

/// An event's place in the journal.
///
/// # Errors
/// A finding where it is something else.
pub fn place(node: &Node<'_>) -> Result<Seq, Finding> {
    let number = node.raw().parse().ok().filter(|number| *number > 0);
    let wrong = || node.finding(format!("is {}, but must be an event's number", node.raw()));
    number.map(Seq).ok_or_else(wrong)
}

impl Mistakes {
    /// The value, or none and a mistake.
    pub fn keep<T>(&mut self, result: Result<T, Finding>) -> Option<T> {
        result.map_err(|finding| self.add([finding])).ok()
    }

    /// Adds mistakes.
    pub fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        let mistake = |finding| FilterMistake { finding, column: None };
        self.0.extend(findings.into_iter().map(mistake));
    }

    /// Adds mistakes of a filter.
    pub fn extend(&mut self, found: Vec<FilterMistake>) {
        self.0.extend(found);
    }

    /// What was read, where there is no mistake.
    ///
    /// # Errors
    /// A problem with this code and every mistake.
    pub fn settle<T>(self, read: Option<T>, code: &'static str) -> Result<T, Problem> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(self.problem(code)),
        }
    }

    fn problem(self, code: &'static str) -> Problem {
        let mistake = |FilterMistake { finding, column }| Mistake {
            field: finding.path,
            column,
            detail: finding.reason,
        };
        let mistakes: Vec<_> = self.0.into_iter().map(mistake).collect();
        let detail = match mistakes.len() {
            1 => "the request has 1 mistake".to_owned(),
            count => format!("the request has {count} mistakes"),
        };
        Problem::new(422, code, detail).with(mistakes)
    }
}
