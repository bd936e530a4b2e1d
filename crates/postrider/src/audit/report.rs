//! What an audit says: a page for people, an object for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Audit;
use super::log::Entry;
use crate::terminal::plain;

impl Audit {
    /// A page for people.
    pub fn as_text(&self) -> String {
        let found = &self.findings;
        let counts = &found.counts;
        let mut page = format!(
            "answered    {} ({} of them again)\n\
             arrived     {}\n\
             lost        {}\n\
             duplicated  {} ({} copies, {} arrivals of one event at most)\n\
             reordered   {} ({} events with a userId or an anonymousId)\n\
             unknown     {}\n",
            counts.answered,
            counts.answered_again,
            counts.arrived,
            found.lost,
            found.duplicated,
            found.copies,
            found.copies_most,
            counts.reordered,
            counts.ordered,
            counts.unknown,
        );
        for line in &found.lost_lines {
            // A text takes everything.
            let _ = writeln!(page, "  lost: {}", self.line_text(*line));
        }
        for one in &found.overtaken {
            let (own, by) = (self.line_text(one.line), self.line_text(one.by));
            let _ = writeln!(page, "  reordered: {own}\n    arrived after: {by}");
        }
        page.push_str(match (self.is_clean(), counts.ordered) {
            (false, _) => "FAILED\n",
            (true, 0) => "nothing lost, order not checked: no event says whose it is\n",
            (true, _) => "nothing lost, nothing reordered\n",
        });
        page
    }

    /// An object for programs.
    pub fn as_json(&self) -> String {
        let found = &self.findings;
        let counts = &found.counts;
        let lost: Vec<Value> = found.lost_lines.iter().map(|line| self.line_json(*line)).collect();
        let reordered: Vec<Value> = found
            .overtaken
            .iter()
            .map(
                |one| json!({ "event": self.line_json(one.line), "after": self.line_json(one.by) }),
            )
            .collect();
        let object = json!({
            "clean": self.is_clean(),
            "answered": counts.answered,
            "answered_again": counts.answered_again,
            "arrived": counts.arrived,
            "lost": { "events": found.lost, "examples": lost },
            "duplicated": {
                "events": found.duplicated, "copies": found.copies, "most": found.copies_most,
            },
            "reordered": {
                "events": counts.reordered, "checked": counts.ordered, "examples": reordered,
            },
            "unknown": counts.unknown,
        });
        format!("{object:#}\n")
    }

    fn line_text(&self, line: u32) -> String {
        let mut text = format!("line {line}");
        for (name, value) in self.lines.get(&line).into_iter().flat_map(named) {
            if !value.is_empty() {
                let _ = write!(text, ", {name} {}", plain(value));
            }
        }
        text
    }

    fn line_json(&self, line: u32) -> Value {
        let mut object = json!({ "line": line });
        for (name, value) in self.lines.get(&line).into_iter().flat_map(named) {
            object[name] = value.into();
        }
        object
    }
}

fn named(entry: &Entry) -> [(&'static str, &str); 5] {
    [
        ("source", &entry.source),
        ("messageId", &entry.message_id),
        ("userId", &entry.user_id),
        ("anonymousId", &entry.anonymous_id),
        ("time", &entry.time),
    ]
}
