//! Reading a log: a JSON object a line, or CSV whose first line names the columns.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::AuditError;

/// One line of a log; what it does not have is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Entry {
    /// Which source; it may be left out where a `messageId` is never used by two.
    pub source: String,
    /// The event's `messageId`.
    pub message_id: String,
    /// The event's `userId`.
    pub user_id: String,
    /// The event's `anonymousId`.
    pub anonymous_id: String,
    /// When, in whatever spelling; it is only shown.
    pub time: String,
}

/// A line as JSON has it; ids may be numbers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(default)]
    source: Value,
    #[serde(default)]
    message_id: Value,
    #[serde(default)]
    user_id: Value,
    #[serde(default)]
    anonymous_id: Value,
    #[serde(default)]
    time: Value,
}

/// How the lines of a log are written.
enum Shape {
    Json,
    /// With the names of its columns.
    Csv(Vec<String>),
}

/// Calls `take` with every line and its number, from 1; empty lines are skipped.
///
/// # Errors
/// At the first line that cannot be read.
pub fn each(path: &Path, mut take: impl FnMut(u32, Entry)) -> Result<(), AuditError> {
    let read_error = |cause| AuditError::Read { path: path.to_owned(), cause };
    let mut reader = BufReader::new(File::open(path).map_err(read_error)?);
    let mut text = String::new();
    let mut shape = None;
    for line in 1.. {
        text.clear();
        if reader.read_line(&mut text).map_err(read_error)? == 0 {
            break;
        }
        let line_error = |fault| AuditError::Line { path: path.to_owned(), line, fault };
        let trimmed = text.trim();
        match &shape {
            _ if trimmed.is_empty() => {}
            Some(shape) => take(line, entry(shape, trimmed).map_err(line_error)?),
            None if trimmed.starts_with('{') => {
                take(line, entry(&Shape::Json, trimmed).map_err(line_error)?);
                shape = Some(Shape::Json);
            }
            None => shape = Some(Shape::Csv(columns(trimmed).map_err(line_error)?)),
        }
    }
    Ok(())
}

fn columns(line: &str) -> Result<Vec<String>, String> {
    let names = fields(line)?;
    if names.iter().any(|name| name == "messageId") {
        return Ok(names);
    }
    Err("neither a JSON object nor names of columns with messageId among them".to_owned())
}

fn entry(shape: &Shape, line: &str) -> Result<Entry, String> {
    let entry = match shape {
        Shape::Json => of_json(line)?,
        Shape::Csv(columns) => of_csv(columns, line)?,
    };
    if entry.message_id.is_empty() {
        return Err("there is no messageId".to_owned());
    }
    Ok(entry)
}

fn of_json(line: &str) -> Result<Entry, String> {
    let members: Members = serde_json::from_str(line).map_err(|error| error.to_string())?;
    Ok(Entry {
        source: text(members.source),
        message_id: text(members.message_id),
        user_id: text(members.user_id),
        anonymous_id: text(members.anonymous_id),
        time: text(members.time),
    })
}

fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn of_csv(columns: &[String], line: &str) -> Result<Entry, String> {
    let fields = fields(line)?;
    if fields.len() != columns.len() {
        return Err(format!("{} fields in {} columns", fields.len(), columns.len()));
    }
    let mut entry = Entry::default();
    for (column, field) in columns.iter().zip(fields) {
        match column.as_str() {
            "source" => entry.source = field,
            "messageId" => entry.message_id = field,
            "userId" => entry.user_id = field,
            "anonymousId" => entry.anonymous_id = field,
            "time" => entry.time = field,
            _ => {}
        }
    }
    Ok(entry)
}

/// The fields of a line of CSV; one in quotes may hold commas, and quotes as two of them.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => in_quotes(quoted)?,
            None => {
                let (field, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (field.to_owned(), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err("something stands behind a closing quote".to_owned()),
        }
    }
}

/// A field up to its closing quote, and what stands behind that.
fn in_quotes(mut rest: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    loop {
        let (before, after) = rest.split_once('"').ok_or("a quote is not closed in its line")?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Ok((field, after)),
        }
    }
}
