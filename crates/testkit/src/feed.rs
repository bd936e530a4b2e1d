//! A stream of events (SSE), read row by row.

use std::collections::VecDeque;
use std::io::Result;

use serde_json::Value;

use crate::wait::within;
use crate::wire::{Wire, find};

/// A stream that goes on until somebody ends it.
#[derive(Debug)]
pub struct Feed {
    wire: Wire,
    /// Came and is no whole row yet.
    ahead: String,
    rows: VecDeque<Row>,
}

/// One event of a stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row {
    /// Its id; empty where it has none.
    pub id: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// What it says; null where that is nothing.
    pub data: Value,
}

impl Feed {
    /// Reads the head of the answer.
    ///
    /// # Panics
    /// Where it is no stream of events.
    pub async fn begin(mut wire: Wire) -> Self {
        let head = within("the head of a stream", wire.head()).await;
        let head = head.expect("a connection").expect("a head");
        let kind = find(&head.headers, "content-type").unwrap_or_default();
        assert!(kind.starts_with("text/event-stream"), "{head:?}");
        Self { wire, ahead: String::new(), rows: VecDeque::new() }
    }

    /// The next row with a name; none at the end.
    ///
    /// # Errors
    /// Where the connection breaks.
    ///
    /// # Panics
    /// Where it does not come.
    pub async fn try_next(&mut self) -> Result<Option<Row>> {
        within("the next row", async {
            loop {
                if let Some(row) = self.rows.pop_front() {
                    return Ok(Some(row));
                }
                let Some(chunk) = self.wire.chunk().await? else { return Ok(None) };
                self.ahead.push_str(std::str::from_utf8(&chunk).expect("text"));
                while let Some((row, rest)) = self.ahead.split_once("\n\n") {
                    let row = Row::parse(row);
                    self.rows.extend((!row.name.is_empty()).then_some(row));
                    self.ahead = rest.to_owned();
                }
            }
        })
        .await
    }

    /// The next row with a name.
    ///
    /// # Panics
    /// Where it does not come, or the stream ends.
    pub async fn next(&mut self) -> Row {
        self.try_next().await.expect("a connection").expect("a row")
    }

    /// The next row with this name; others are passed over.
    ///
    /// # Panics
    /// Where it does not come, or the stream ends.
    pub async fn next_of(&mut self, name: &str) -> Row {
        loop {
            let row = self.next().await;
            if row.name == name {
                return row;
            }
        }
    }
}

impl Row {
    /// Reads a row without the empty line behind it.
    ///
    /// # Panics
    /// Where its data is no JSON.
    pub fn parse(text: &str) -> Self {
        let mut row = Self::default();
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => row.id = id.to_owned(),
                Some(("event", name)) => row.name = name.to_owned(),
                Some(("data", data)) => row.data = serde_json::from_str(data).expect("JSON"),
                _ => {}
            }
        }
        row
    }
}
