//! Rows of the live stream, as lines for people.

use serde_json::Value;

use crate::console::{Palette, Tint};
use crate::terminal::plain;

/// How a row is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// In columns, with colours.
    Pretty,
    /// With a tab between the columns, for `cut` and `grep`.
    Line,
    /// As JSON, with the kind of row in the member `row`.
    Json,
}

/// Shows rows.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// How they are shown.
    pub look: Look,
    /// With which colours, where they are pretty.
    pub palette: Palette,
}

/// What an event is called.
#[derive(Debug, Default)]
struct Face {
    kind: String,
    name: String,
    user: String,
}

/// What stands in the columns of a row.
struct Columns {
    at: String,
    mark: (String, Tint),
    face: Face,
    whence: String,
    rest: String,
}

impl Rows {
    /// A row as a line with its end; none where there is nothing to show of it.
    pub fn line(self, kind: &str, mut row: Value) -> Option<String> {
        if self.look == Look::Json {
            row.as_object_mut()?.insert("row".to_owned(), kind.into());
            return Some(format!("{row}\n"));
        }
        let columns = match kind {
            "event" => accepted(&row),
            "delivery" => delivery(&row),
            "rejected" => rejected(&row),
            "sampled" => {
                let [shown, of] = ["shown", "of"].map(|name| text(&row[name]));
                return Some(self.note(&format!("{shown} of {of} rows were shown in that second")));
            }
            "missed" => {
                let rows = row["rows"].as_u64().map_or("some".to_owned(), |rows| rows.to_string());
                return Some(self.note(&format!("{rows} rows were missed")));
            }
            _ => return None,
        };
        Some(self.shown(&columns))
    }

    fn note(self, text: &str) -> String {
        match self.look {
            Look::Line | Look::Json => format!("-\t{text}\n"),
            Look::Pretty => format!("{}\n", self.palette.tinted(Tint::Faint, &format!("({text})"))),
        }
    }

    fn shown(self, columns: &Columns) -> String {
        let Columns { at, mark: (mark, tint), face, whence, rest } = columns;
        let Face { kind, name, user } = face;
        if self.look == Look::Line {
            let cells = [at, mark, kind, name, user, whence, rest];
            // A tab within a text has become a picture of one.
            return format!("{}\n", cells.map(String::as_str).join("\t"));
        }
        let mark = self.palette.tinted(*tint, &format!("{mark:<9}"));
        let faint = |text: &str| self.palette.tinted(Tint::Faint, text);
        let line = format!("{}  {mark}  {kind:<8}  {name:<24}  {user:<16}  {whence}", faint(at));
        format!("{line}  {}\n", faint(rest))
    }
}

fn accepted(row: &Value) -> Columns {
    let (whence, rest) = (format!("from {}", text(&row["source"])), seq(row));
    Columns {
        at: time(row),
        mark: ("in".to_owned(), Tint::Faint),
        face: Face::of(row),
        whence,
        rest,
    }
}

fn seq(row: &Value) -> String {
    format!("event {}", text(&row["seq"]))
}

fn delivery(row: &Value) -> Columns {
    let status = row["http_status"].as_u64().filter(|status| *status > 0);
    let word = text(&row["status"]).replace('_', " ");
    let mark = status.map_or_else(|| word.clone(), |status| status.to_string());
    let ms = row["duration_us"].as_u64().unwrap_or_default() / 1_000;
    let mut rest = format!("{}  {ms} ms", seq(row));
    if word != "delivered" {
        rest = format!("{rest}  {word}: {}", text(&row["sentence"]));
    }
    if let Some(next) = row["next_try_at"].as_str() {
        rest = format!("{rest} Next try at {}.", plain(next));
    }
    let tint = match word.as_str() {
        "delivered" => Tint::Good,
        "scheduled" => Tint::Poor,
        "filtered" | "skipped" => Tint::Faint,
        _ => Tint::Bad,
    };
    let whence = format!("→ {}", text(&row["destination"]));
    Columns { at: time(row), mark: (mark, tint), face: Face::of(row), whence, rest }
}

impl Face {
    fn of(row: &Value) -> Self {
        let user = [&row["user_id"], &row["anonymous_id"]].into_iter().find(|id| !id.is_null());
        Self {
            kind: text(&row["type"]),
            name: text(&row["name"]),
            user: user.map(text).unwrap_or_default(),
        }
    }
}

fn rejected(row: &Value) -> Columns {
    let whence = format!("from {}", row["source"].as_str().map_or("somebody".to_owned(), plain));
    let rest = format!("{} {}", text(&row["sentence"]), text(&row["detail"]));
    let mark = ("refused".to_owned(), Tint::Bad);
    Columns { at: time(row), mark, face: Face::default(), whence, rest }
}

/// The time of day.
fn time(row: &Value) -> String {
    let at = row["at"].as_str().unwrap_or_default();
    plain(at.get(11..23).unwrap_or(at))
}

/// A text or a number, fit for a terminal.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({"seq": 7, "at": "2026-01-31T09:30:00.123Z", "source": "app", "type": "track",
            "name": "Order\tCompleted\u{1b}", "user_id": "u1", "anonymous_id": "a", "message_id": "m"})
    }

    fn delivery(status: &str, http_status: u16) -> Value {
        json!({"seq": 7, "at": "2026-01-31T09:30:01.000Z", "destination": "hooks", "status": status,
            "http_status": http_status, "reason": "server_error", "sentence": "It failed.",
            "attempt": 1, "duration_us": 12_345, "next_try_at": null,
            "type": "track", "name": "Paid", "user_id": null, "anonymous_id": "a"})
    }

    #[test]
    fn a_row_is_a_line_that_obeys_nobody() {
        let rows = Rows { look: Look::Line, palette: Palette::Plain };
        let line = |kind, row| rows.line(kind, row).expect("a line");
        let want = "09:30:00.123\tin\ttrack\tOrder␉Completed␛\tu1\tfrom app\tevent 7\n";
        assert_eq!(line("event", event()), want);
        let want = "09:30:01.000\t200\ttrack\tPaid\ta\t→ hooks\tevent 7  12 ms\n";
        assert_eq!(line("delivery", delivery("delivered", 200)), want);
        let failed = line("delivery", delivery("gave_up", 0));
        assert!(failed.contains("\tgave up\t"), "{failed}");
        assert!(failed.ends_with("event 7  12 ms  gave up: It failed.\n"), "{failed}");
        assert_eq!(line("missed", json!({"rows": null})), "-\tsome rows were missed\n");
        assert_eq!(rows.line("unknown", json!({})), None);
    }

    #[test]
    fn programs_get_the_row_with_its_kind() {
        let rows = Rows { look: Look::Json, palette: Palette::Coloured };
        let line = rows.line("delivery", delivery("delivered", 200)).expect("a line");
        let read: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!((&read["row"], &read["seq"]), (&"delivery".into(), &7.into()));
    }

    #[test]
    fn people_get_colours_that_say_how_it_went() {
        let rows = Rows { look: Look::Pretty, palette: Palette::Coloured };
        let has = |kind, row, code: &str| {
            let line = rows.line(kind, row).expect("a line");
            assert!(line.contains(&format!("\u{1b}[{code}m")), "{line:?}");
        };
        has("delivery", delivery("delivered", 200), "32");
        has("delivery", delivery("scheduled", 503), "33");
        has("delivery", delivery("gave_up", 400), "31");
        has("rejected", json!({"at": "x", "source": null, "sentence": "No."}), "31");
    }
}
