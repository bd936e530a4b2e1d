//! What must hold between an event as it came and as it is stored.

use std::ops::Range;

use crate::members::{Members, place};

/// The fields that the gateway writes, in the order in which it appends missing ones.
const OWED: [&str; 8] = [
    "messageId",
    "type",
    "rudderId",
    "receivedAt",
    "request_ip",
    "originalTimestamp",
    "sentAt",
    "timestamp",
];

/// What the gateway knows of a request.
pub struct Known<'a> {
    /// The type that the path gives.
    pub kind: Option<&'a str>,
    /// When it arrived, as text.
    pub received_at: &'a str,
    /// Who sent it.
    pub client_ip: &'a str,
}

/// Whether a stored event is this element, with nothing changed but what the gateway owes it.
pub fn is_stored_as(element: &str, stored: &str, known: &Known<'_>) -> bool {
    let (Some(came), Some(kept)) = (Members::of(element), Members::of(stored)) else {
        return false;
    };
    let (came, kept) = (Rows::of(element, &came), Rows::of(stored, &kept));
    let missing = OWED.into_iter().filter(|name| {
        let can_lack = *name == "type" && known.kind.is_none();
        !can_lack && came.value(name).is_none()
    });
    let count = came.rows.len();
    kept.rows.len() >= count
        && kept.rows[count..].iter().map(|row| row.name).eq(missing)
        && kept.rows[..count].iter().zip(&came.rows).all(|(one, other)| one.name == other.name)
        && came.untouched(count) == kept.untouched(count)
        && owed_values_hold(&kept, known)
}

/// One member of an event: its name, and where its value stands.
struct Row<'m> {
    name: &'m str,
    value: Range<usize>,
}

/// The members of an event; of an owed field that stands there several times only the last one, as
/// the others may be left out.
struct Rows<'m> {
    text: String,
    rows: Vec<Row<'m>>,
}

impl<'m> Rows<'m> {
    fn of(text: &'m str, members: &'m Members<'_>) -> Self {
        let mut left = String::new();
        let (mut rows, mut from) = (Vec::new(), 0);
        for (index, (name, value)) in members.0.iter().enumerate() {
            let comes_again = members.0[index + 1..].iter().any(|(other, _)| other == name);
            let Range { start, end } = place(value.get(), text);
            if OWED.contains(&&**name) && comes_again {
                // From its own quote to that of the next member.
                left.push_str(&text[from..from + quote(&text[from..])]);
                from = end + quote(&text[end..]);
                continue;
            }
            left.push_str(&text[from..end]);
            rows.push(Row { name, value: left.len() - (end - start)..left.len() });
            from = end;
        }
        left.push_str(&text[from..]);
        Self { text: left, rows }
    }

    /// The text of a value.
    fn value(&self, name: &str) -> Option<&str> {
        let row = self.rows.iter().rev().find(|row| row.name == name)?;
        self.text.get(row.value.clone())
    }

    /// The pieces that are nobody's but the sender's: around the values of owed fields among the
    /// first `count` members, and after the last member.
    fn untouched(&self, count: usize) -> Vec<&str> {
        let (mut pieces, mut from) = (Vec::new(), 0);
        for row in self.rows[..count].iter().filter(|row| OWED.contains(&row.name)) {
            pieces.push(&self.text[from..row.value.start]);
            from = row.value.end;
        }
        // Of an empty object, the end is behind the opening brace.
        let end = |rows: &[Row<'_>]| rows.last().map_or(1, |row| row.value.end);
        pieces.push(&self.text[from..end(&self.rows[..count]).max(from)]);
        pieces.push(&self.text[end(&self.rows)..]);
        pieces
    }
}

/// Where the next quote of a text is: before a name, nothing else has one.
fn quote(text: &str) -> usize {
    text.find('"').unwrap_or(text.len())
}

fn owed_values_hold(kept: &Rows<'_>, known: &Known<'_>) -> bool {
    let text = |name: &str| -> Option<String> { serde_json::from_str(kept.value(name)?).ok() };
    let is_time = |name: &str| text(name).is_some_and(|text| is_time(&text));
    let message = text("messageId").unwrap_or_default();
    text("rudderId").is_some_and(|id| id.len() == 36)
        && text("receivedAt").as_deref() == Some(known.received_at)
        && text("request_ip").as_deref() == Some(known.client_ip)
        && known.kind.is_none_or(|kind| text("type").as_deref() == Some(kind))
        // Half a surrogate pair of an id that is kept cannot be read back here.
        && (kept.value("messageId").is_some_and(|raw| raw.contains("\\u"))
            || (1..=domain::limits::MESSAGE_ID_BYTES_MAX).contains(&message.len()))
        && is_time("originalTimestamp")
        && is_time("sentAt")
        && is_time("timestamp")
}

/// Whether this is `2026-11-25T08:06:20.337`, and `Z` or an offset.
fn is_time(text: &str) -> bool {
    let (clock, zone) = text.split_at_checked(23).unwrap_or_default();
    let shape: String =
        clock.chars().map(|one| if one.is_ascii_digit() { '0' } else { one }).collect();
    let is_offset = zone.len() == 6 && matches!(zone.as_bytes()[0], b'+' | b'-');
    shape == "0000-00-00T00:00:00.000" && (zone == "Z" || is_offset)
}
