//! Bodies of requests: JSON whose every mistake is told, with its place.

use axum::extract::{FromRequest, Request};
use domain::id::Seq;
use domain::limits;

use super::problem::{Mistake, Problem};
use crate::workspace_file::finding::Finding;
use crate::workspace_file::node::{Node, syntax_fault};

/// The mistakes that were found in a body.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Finding>);

/// A body that is JSON.
#[derive(Debug)]
pub struct Text(String);

impl Text {
    /// The body as a value.
    pub fn root(&self) -> Node<'_> {
        Node::root(&self.0)
    }

    /// The body as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let most = limits::ADMIN_BODY_BYTES_MAX;
        let read = axum::body::to_bytes(request.into_body(), most).await;
        let bytes = read.map_err(|_| {
            let detail = format!("the body ended too early, or has more than {most} bytes");
            Problem::new(413, "too_large", detail)
        })?;
        Ok(Self(text(&bytes)?.to_owned()))
    }
}

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
        self.0.extend(findings);
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

    /// A problem with this code and every mistake.
    pub fn problem(self, code: &'static str) -> Problem {
        let mistake =
            |Finding { path, column, reason, .. }| Mistake { field: path, column, detail: reason };
        let mistakes: Vec<_> = self.0.into_iter().map(mistake).collect();
        let detail = match mistakes.len() {
            1 => "the request has 1 mistake".to_owned(),
            count => format!("the request has {count} mistakes"),
        };
        Problem::new(422, code, detail).with(mistakes)
    }
}
