//! `postrider events`, `deliveries`, `attempts` and `retry`: what became of events, as the API says it.

use std::time::Duration;

use domain::time::Timestamp;
use http::Method;
use serde_json::{Value, json};

use super::Desk;
use super::query::{encoded, with_query};
use super::remote::RemoteError;
use crate::clock;
use crate::console::{Cell, Ending, Failure, Shape, Table, Tint, thousands};
use crate::terminal::plain;

/// Rows of one page. Source: the most that the API gives.
const PAGE_ROWS_MAX: u32 = domain::limits::ADMIN_ROWS_MAX;

/// What to look at, or to try again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LookWish {
    /// An event and its deliveries, or its payload.
    Event(String, Payload),
    /// Deliveries.
    Deliveries(DeliveriesWish),
    /// Attempts of an event, or of one delivery of it.
    Attempts(String),
    /// To try deliveries again.
    Retry(Vec<Named>, Retry),
}

/// Whether a payload is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload {
    /// It is not.
    Left,
    /// Nothing else is.
    Only,
}

/// How deliveries are tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// Now instead of at their time.
    Now,
    /// Once more, though they have ended.
    Resend,
}

/// Which deliveries to list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveriesWish {
    /// Pairs of the query.
    pub filter: Vec<(String, String)>,
    /// Only of this time until now.
    pub since: Option<Duration>,
    /// So many at most.
    pub limit: u32,
}

/// A delivery by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    destination: String,
    event: u64,
}

impl Named {
    /// Reads `DESTINATION/EVENT`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn read(text: &str) -> Result<Self, String> {
        let read = text.rsplit_once('/').filter(|(destination, _)| !destination.is_empty());
        let read = read.and_then(|(destination, event)| Some((destination, event.parse().ok()?)));
        let (destination, event) = read.ok_or_else(|| {
            let text = plain(text);
            format!("error: {text:?} is no delivery; write DESTINATION/EVENT, as orders-hook/4711")
        })?;
        Ok(Self { destination: destination.to_owned(), event })
    }

    fn shown(&self) -> String {
        format!("{}/{}", plain(&self.destination), self.event)
    }
}

/// Carries a wish out.
///
/// # Errors
/// Where the server cannot be asked, or refuses.
pub async fn carry_out(desk: &Desk<'_>, wish: &LookWish) -> Result<Ending, Failure> {
    match wish {
        LookWish::Event(id, Payload::Only) => show_payload(desk, id).await,
        LookWish::Event(id, Payload::Left) => show_event(desk, id).await,
        LookWish::Deliveries(wish) => list_deliveries(desk, wish).await,
        LookWish::Attempts(id) => show_attempts(desk, id).await,
        LookWish::Retry(named, retry) => try_again(desk, named, *retry).await,
    }
}

async fn show_payload(desk: &Desk<'_>, id: &str) -> Result<Ending, Failure> {
    let payload = desk.remote.bytes(&format!("/api/v1/events/{}/payload", encoded(id))).await?;
    // Nobody may read any more, which is no failure.
    let _ = desk.console.show_bytes(&payload);
    Ok(Ending::Well)
}

async fn show_event(desk: &Desk<'_>, id: &str) -> Result<Ending, Failure> {
    let page = desk.remote.get(&format!("/api/v1/events/{}", encoded(id))).await?;
    if desk.shape == Shape::Json {
        desk.show(&format!("{page}\n"));
        return Ok(Ending::Well);
    }
    let event = &page["event"];
    let mut text = format!("event       {}\n", text(&page["seq"]));
    for (label, member) in EVENT_LINES {
        if !event[member].is_null() {
            text = format!("{text}{label:<12}{}\n", self::text(&event[member]));
        }
    }
    if !page["expired"].is_null() {
        text = format!("{text}expired     {}\n", self::text(&page["expired"]["sentence"]));
    }
    desk.show(&format!("{text}\n{}", deliveries(desk, rows(&page, "deliveries"))));
    Ok(Ending::Well)
}

/// What an event is called, and the API's word for it.
const EVENT_LINES: [(&str, &str); 8] = [
    ("type", "type"),
    ("name", "name"),
    ("source", "source"),
    ("user", "user_id"),
    ("anonymous", "anonymous_id"),
    ("message id", "message_id"),
    ("accepted", "accepted_at"),
    ("bytes", "bytes"),
];

async fn list_deliveries(desk: &Desk<'_>, wish: &DeliveriesWish) -> Result<Ending, Failure> {
    let mut filter: Vec<(&str, String)> =
        wish.filter.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    filter.extend(wish.since.map(|since| ("from", before(since).to_string())));
    let mut all: Vec<Value> = Vec::new();
    let mut older_than = Value::Null;
    while (all.len() as u32) < wish.limit {
        let rest = (wish.limit - all.len() as u32).min(PAGE_ROWS_MAX);
        let mut asked = filter.clone();
        asked.push(("limit", rest.to_string()));
        if !older_than.is_null() {
            asked.retain(|(name, _)| *name != "older_than");
            asked.push(("older_than", older_than.to_string()));
        }
        let mut page = desk.remote.get(&with_query("/api/v1/deliveries", &asked)).await?;
        older_than = page["older_than"].take();
        if let Value::Array(rows) = page["deliveries"].take() {
            all.extend(rows);
        }
        if older_than.is_null() {
            break;
        }
    }
    desk.show(&match desk.shape {
        Shape::Json => format!("{}\n", json!({ "deliveries": all, "older_than": older_than })),
        Shape::Lines => {
            let behind = text(&older_than);
            let more = format!("there are more: --older-than {behind}\n");
            let more = if older_than.is_null() { String::new() } else { more };
            deliveries(desk, &all) + &more
        }
    });
    Ok(Ending::Well)
}

fn before(span: Duration) -> Timestamp {
    let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp(clock::now().0.saturating_sub(millis))
}

/// Deliveries as a table.
fn deliveries(desk: &Desk<'_>, rows: &[Value]) -> String {
    if rows.is_empty() {
        return "no deliveries\n".to_owned();
    }
    let head = ["DELIVERY", "STATUS", "ATTEMPTS", "TYPE", "NAME", "USER", "LAST", "WHY"];
    let mut table = Table::new(head);
    for row in rows {
        let status = text(&row["status"]);
        let user = if row["user_id"].is_null() { &row["anonymous_id"] } else { &row["user_id"] };
        let blocked = &row["blocked_by"]["sentence"];
        let why = if blocked.is_null() { &row["sentence"] } else { blocked };
        let tint = tint_of(&status);
        table.row([
            Cell::text(&format!("{}/{}", text(&row["destination"]), text(&row["seq"]))),
            Cell::text(&status.replace('_', " ")).tinted(tint),
            Cell::number(thousands(row["attempts"].as_u64().unwrap_or_default())),
            Cell::text(&text(&row["type"])),
            Cell::text(&text(&row["name"])),
            Cell::text(&text(user)),
            Cell::text(&text(&row["last"]["at"])),
            Cell::text(&text(why)),
        ]);
    }
    table.lines(desk.console.palette)
}

fn tint_of(status: &str) -> Tint {
    match status {
        "delivered" => Tint::Good,
        "scheduled" | "waiting" => Tint::Poor,
        "gave_up" | "expired" => Tint::Bad,
        _ => Tint::Faint,
    }
}

async fn show_attempts(desk: &Desk<'_>, id: &str) -> Result<Ending, Failure> {
    let path = match Named::read(id) {
        Ok(Named { destination, event }) => {
            format!("/api/v1/deliveries/{}/{event}", encoded(&destination))
        }
        Err(_) => {
            let event = desk.remote.get(&format!("/api/v1/events/{}", encoded(id))).await?;
            format!("/api/v1/attempts?details=1&limit=100&seq={}", event["seq"])
        }
    };
    let page = desk.remote.get(&path).await?;
    let attempts = rows(&page, "attempts");
    desk.show(&match desk.shape {
        Shape::Json => format!("{}\n", json!({ "attempts": attempts })),
        Shape::Lines if attempts.is_empty() => "no attempts\n".to_owned(),
        Shape::Lines => attempts.iter().map(|attempt| shown_attempt(desk, attempt)).collect(),
    });
    Ok(Ending::Well)
}

/// An attempt in a few lines: what it was, why it failed, how long its steps took, what came back.
fn shown_attempt(desk: &Desk<'_>, attempt: &Value) -> String {
    let fate = text(&attempt["fate"]);
    let tint = match fate.as_str() {
        "delivered" => Tint::Good,
        "retry" => Tint::Poor,
        _ => Tint::Bad,
    };
    let status = attempt["status"].as_u64().filter(|status| *status > 0);
    let status = status.map_or("no answer".to_owned(), |status| status.to_string());
    let mut lines = format!(
        "{}  {}/{} attempt {}{}  {}  {status} in {}\n",
        text(&attempt["at"]),
        text(&attempt["destination"]),
        text(&attempt["seq"]),
        text(&attempt["number"]),
        of_replay(&attempt["replay"]),
        desk.console.palette.tinted(tint, &fate.replace('_', " ")),
        ms(&attempt["duration_us"]),
    );
    for member in ["reason", "detail", "remote"] {
        let told = text(&attempt[member]);
        if !told.is_empty() {
            lines = format!("{lines}  {member}: {told}\n");
        }
    }
    let steps = [("resolve", "resolve_us"), ("connect", "connect_us"), ("tls", "tls_us")];
    let steps = steps.into_iter().chain([("first byte", "first_byte_us")]);
    let steps = steps.filter(|(_, member)| !attempt["phases"][member].is_null());
    let steps: Vec<_> = steps
        .map(|(label, member)| format!("{label} {}", ms(&attempt["phases"][member])))
        .collect();
    if !steps.is_empty() {
        lines = format!("{lines}  steps: {}\n", steps.join(", "));
    }
    let body = text(&attempt["answer"]["body"]);
    if body.is_empty() { lines } else { format!("{lines}  answer: {body}\n") }
}

/// Each replay counts its attempts anew.
fn of_replay(replay: &Value) -> String {
    if replay.is_null() { String::new() } else { format!(" of replay {}", text(replay)) }
}

fn ms(micros: &Value) -> String {
    format!("{:.1} ms", micros.as_f64().unwrap_or_default() / 1_000.0)
}

async fn try_again(desk: &Desk<'_>, named: &[Named], retry: Retry) -> Result<Ending, Failure> {
    let (mut tried, mut refused) = (Vec::new(), Vec::new());
    for one in named {
        let Named { destination, event } = one;
        let destination = encoded(destination);
        let path = match retry {
            Retry::Now => format!("/api/v1/deliveries/{destination}/{event}/retry"),
            Retry::Resend => {
                format!("/api/v1/destinations/{destination}/deliveries/{event}/resend")
            }
        };
        match desk.remote.ask(Method::POST, &path, &Value::Null).await {
            Ok(_) => tried.push(one.shown()),
            Err(RemoteError::Refused { code, told, .. }) if code != "login_needed" => {
                desk.console.tell(&format!("{}: {told}", one.shown()));
                refused.push(json!({ "delivery": one.shown(), "code": code, "detail": told }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let is_well = refused.is_empty();
    desk.show(&match desk.shape {
        Shape::Json => format!("{}\n", json!({ "tried": tried, "refused": refused })),
        Shape::Lines => tried.iter().map(|one| format!("{one} is asked for\n")).collect(),
    });
    Ok(Ending::well_if(is_well))
}

fn rows<'a>(page: &'a Value, name: &str) -> &'a [Value] {
    page[name].as_array().map_or(&[], Vec::as_slice)
}

/// A text or a number, fit for a terminal.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_of_a_replay_says_so() {
        assert_eq!(of_replay(&Value::Null), "");
        assert_eq!(of_replay(&json!(7)), " of replay 7");
    }

    #[test]
    fn a_delivery_is_named_by_its_destination_and_its_event() {
        let named = Named::read("a/b/7").expect("a name");
        assert_eq!(named, Named { destination: "a/b".to_owned(), event: 7 });
        for text in ["7", "/7", "a/", "a/b", "a/-1"] {
            let wrong = Named::read(text).expect_err(text);
            assert!(wrong.contains("DESTINATION/EVENT"), "{wrong}");
        }
    }
}
