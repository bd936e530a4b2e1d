//! Lists as files: CSV for spreadsheets, NDJSON for programs, written page by page as they are read.
//!
//! What events say of themselves ends up in spreadsheets, which take a cell that begins with `=` for a
//! formula: such a cell gets an apostrophe.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use domain::limits;
use futures_util::stream::{self, Stream, StreamExt};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::Problem;

/// How a list is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A page of it as an object.
    #[default]
    Json,
    /// All of it, a line for each, with the names of the columns before them.
    Csv,
    /// All of it, a JSON object in each line.
    Ndjson,
}

/// What is written of a list.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// What the file is called, without its ending.
    pub name: &'static str,
    /// The columns of its CSV: members, with a point before those of inner objects.
    pub columns: &'static [&'static str],
}

/// A part of a list.
pub struct Part<C> {
    /// Its rows as objects.
    pub rows: Vec<Value>,
    /// Where to go on; none at the end.
    pub next: Option<C>,
}

/// A file that is being written.
struct Writing<C, R> {
    export: Export,
    format: Format,
    /// The part that was read and not written.
    part: Option<Part<C>>,
    rows_left: usize,
    read: R,
}

impl Format {
    /// How many rows are asked for in all, and at once.
    pub fn rows(self, limit: Option<u32>) -> Rows {
        let (most, usual) = match self {
            Self::Json => (limits::ADMIN_ROWS_MAX, limits::ADMIN_ROWS),
            Self::Csv | Self::Ndjson => (limits::EXPORT_ROWS_MAX, limits::EXPORT_ROWS_MAX),
        };
        let all = limit.unwrap_or(usual).clamp(1, most);
        Rows { all, at_once: all.min(limits::ADMIN_ROWS_MAX) }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

/// How many rows are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rows {
    /// In all.
    pub all: u32,
    /// Of one page.
    pub at_once: u32,
}

/// A row as an object.
pub fn row(view: &impl Serialize) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

impl Export {
    /// Answers with a file of at most so many rows; `read` reads the part that a cursor begins.
    ///
    /// # Errors
    /// Where the first part cannot be read. Where a later one cannot, the file breaks off, and so does
    /// the connection.
    pub async fn answer<C, R, F>(
        self,
        format: Format,
        rows: Rows,
        (first, mut read): (Option<C>, R),
    ) -> Result<Response, Problem>
    where
        C: Send + 'static,
        R: FnMut(Option<C>) -> F + Send + 'static,
        F: Future<Output = Result<Part<C>, Problem>> + Send + 'static,
    {
        let part = Some(read(first).await?);
        let rows_left = usize::try_from(rows.all).unwrap_or(usize::MAX);
        let writing = Writing { export: self, format, part, rows_left, read };
        let head = stream::iter([Ok(self.head(format))]);
        let disposition = format!("attachment; filename=\"{}.{}\"", self.name, format.ending());
        let headers = [
            (CONTENT_TYPE, format.content_type().to_owned()),
            (CONTENT_DISPOSITION, disposition),
            (CACHE_CONTROL, "no-store".to_owned()),
        ];
        let body = Body::from_stream(head.chain(writing.into_stream()));
        Ok((headers, body).into_response())
    }

    /// What comes before the rows.
    fn head(self, format: Format) -> Bytes {
        match format {
            Format::Csv => Bytes::from(format!("{}\r\n", self.columns.join(","))),
            Format::Json | Format::Ndjson => Bytes::new(),
        }
    }

    fn line(self, format: Format, row: &Value) -> String {
        if format != Format::Csv {
            return format!("{row}\n");
        }
        let cells = self.columns.iter().map(|column| cell(member(row, column)));
        format!("{}\r\n", cells.collect::<Vec<_>>().join(","))
    }
}

impl<C, R, F> Writing<C, R>
where
    C: Send + 'static,
    R: FnMut(Option<C>) -> F + Send + 'static,
    F: Future<Output = Result<Part<C>, Problem>> + Send + 'static,
{
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
        stream::try_unfold(self, |mut own| async move {
            let Some(Part { mut rows, next }) = own.part.take() else { return Ok(None) };
            rows.truncate(own.rows_left);
            own.rows_left -= rows.len();
            let lines = rows.iter().map(|row| own.export.line(own.format, row));
            let text: String = lines.collect();
            if let Some(next) = next.filter(|_| own.rows_left > 0) {
                let part = (own.read)(Some(next)).await;
                own.part = Some(part.map_err(|problem| {
                    tracing::warn!(?problem, file = own.export.name, "an export breaks off");
                    BrokenOff
                })?);
            }
            Ok(Some((Bytes::from(text), own)))
        })
    }
}

/// A file could not be written to its end.
#[derive(Debug, thiserror::Error)]
#[error("the rest of the list could not be read")]
struct BrokenOff;

fn member<'a>(row: &'a Value, column: &str) -> &'a Value {
    column.split('.').fold(row, |value, name| &value[name])
}

/// A value as a cell.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text,
        other => return other.to_string(),
    };
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) {
        return format!("\"{guard}{}\"", text.replace('"', "\"\""));
    }
    format!("{guard}{text}")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    const EXPORT: Export = Export { name: "things", columns: &["id", "last.at", "text"] };

    #[test]
    fn a_cell_is_what_it_says_and_no_formula() {
        for (value, want) in [
            (json!("plain"), "plain"),
            (json!(""), ""),
            (json!(null), ""),
            (json!(-7), "-7"),
            (json!(true), "true"),
            (json!("a,b"), "\"a,b\""),
            (json!("say \"hi\"\n"), "\"say \"\"hi\"\"\n\""),
            (json!("=1+1"), "'=1+1"),
            (json!("+49"), "'+49"),
            (json!("-1"), "'-1"),
            (json!("@SUM(A1,B1)"), "\"'@SUM(A1,B1)\""),
            (json!("\t=1"), "'\t=1"),
            (json!("\r=1"), "\"'\r=1\""),
            (json!("a=1"), "a=1"),
        ] {
            assert_eq!(cell(&value), want, "{value}");
        }
    }

    /// The text of a file of these parts, and how many of them were read.
    async fn written(format: Format, limit: Option<u32>, parts: u64) -> (String, u64) {
        let rows = format.rows(limit);
        let read = move |next: Option<u64>| async move {
            let number = next.unwrap_or(0);
            let row = |id: u64| json!({"id": number * 10 + id, "last": {"at": "t"}, "text": "=x"});
            let next = Some(number + 1).filter(|next| *next < parts);
            Ok(Part { rows: vec![row(1), row(2)], next })
        };
        let answer = EXPORT.answer(format, rows, (None, read)).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let lines = text.lines().count() as u64;
        (text, lines)
    }

    #[tokio::test]
    async fn a_file_has_all_parts_up_to_its_bound() {
        let (text, _) = written(Format::Csv, None, 2).await;
        assert_eq!(text, "id,last.at,text\r\n1,t,'=x\r\n2,t,'=x\r\n11,t,'=x\r\n12,t,'=x\r\n");
        let (text, _) = written(Format::Ndjson, Some(3), 9).await;
        let first = r#"{"id":1,"last":{"at":"t"},"text":"=x"}"#;
        assert_eq!((text.lines().next(), text.lines().count()), (Some(first), 3));
        let (_, lines) = written(Format::Csv, Some(u32::MAX), 3).await;
        assert_eq!(lines, 7);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_a_problem_first_and_breaks_off_later() {
        let rows = Format::Csv.rows(None);
        let failing = |failing_at: u64| {
            move |next: Option<u64>| async move {
                let number = next.unwrap_or(0);
                match number == failing_at {
                    true => Err(Problem::new(503, "storage", "gone")),
                    false => Ok(Part { rows: vec![json!({"id": 1})], next: Some(number + 1) }),
                }
            }
        };
        assert!(EXPORT.answer(Format::Csv, rows, (None, failing(0))).await.is_err());
        let answer = EXPORT.answer(Format::Csv, rows, (None, failing(2))).await.unwrap();
        assert!(answer.into_body().collect().await.is_err());
    }
}
