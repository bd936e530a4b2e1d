//! Rows as viewers get them: an event of a stream, its name and one line of JSON.
//!
//! Names and ids are told, cut where they are long; nothing else of an event is.

use domain::event::{EventKind, Gist};
use domain::id::{DestinationId, ReplayId, Seq, SourceId};
use domain::limits;
use domain::reason::Reason;
use serde::Serialize;
use storage::{RejectionRecord, StoredEvent};

use super::filter::Status;
use super::show::Happened;

/// An event as rows tell of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Face {
    source: SourceId,
    r#type: EventKind,
    name: Option<String>,
    user_id: Option<String>,
    anonymous_id: Option<String>,
    message_id: Option<String>,
}

#[derive(Serialize)]
struct EventRow<'a> {
    seq: Seq,
    at: String,
    #[serde(flatten)]
    face: &'a Face,
}

#[derive(Serialize)]
struct DeliveryRow<'a> {
    seq: Seq,
    destination: &'a DestinationId,
    status: Status,
    http_status: u16,
    reason: &'a str,
    sentence: &'static str,
    attempt: u32,
    at: String,
    duration_us: u32,
    next_try_at: Option<String>,
    replay: Option<ReplayId>,
    #[serde(flatten)]
    face: Option<&'a Face>,
}

#[derive(Serialize)]
struct RejectedRow<'a> {
    at: String,
    source: Option<&'a SourceId>,
    reason: &'a str,
    sentence: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
struct SampledRow {
    shown: u64,
    of: u64,
}

#[derive(Serialize)]
struct MissedRow {
    rows: Option<u64>,
}

impl Face {
    /// What is told of an event.
    pub fn new(event: &StoredEvent, gist: &Gist<'_>) -> Self {
        let cut = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(cut);
        Self {
            source: event.source.clone(),
            r#type: event.kind,
            name: cut(&gist.name),
            user_id: cut(&gist.user_id),
            anonymous_id: cut(&gist.anonymous_id),
            message_id: cut(&gist.message_id),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(limits::LIVE_TEXT_CHARS_MAX).collect()
}

/// An event was accepted.
pub fn event(event: &StoredEvent, face: &Face) -> String {
    row("event", &EventRow { seq: event.seq, at: event.received_at.to_string(), face })
}

/// Something became of a delivery.
pub fn delivery(happened: &Happened<'_>, face: Option<&Face>) -> String {
    let delivery = DeliveryRow {
        seq: happened.seq,
        destination: happened.destination,
        status: happened.status,
        http_status: happened.http_status,
        reason: happened.reason,
        sentence: sentence(happened.reason),
        attempt: happened.attempt,
        at: happened.at.to_string(),
        duration_us: happened.duration_us,
        next_try_at: happened.next_try_at().map(|at| at.to_string()),
        replay: happened.replay,
        face,
    };
    row("delivery", &delivery)
}

/// Something was refused; what it was is not told.
pub fn rejected(rejection: &RejectionRecord) -> String {
    let rejected = RejectedRow {
        at: rejection.at.to_string(),
        source: rejection.source.as_ref(),
        reason: &rejection.reason,
        sentence: sentence(&rejection.reason),
        detail: &rejection.detail,
    };
    row("rejected", &rejected)
}

/// Of so many rows in the last second so many were shown.
pub fn sampled(shown: u64, of: u64) -> String {
    row("sampled", &SampledRow { shown, of })
}

/// So many rows are not shown, or nobody knows how many.
pub fn missed(rows: Option<u64>) -> String {
    row("missed", &MissedRow { rows })
}

fn row(name: &str, row: &impl Serialize) -> String {
    // All of these can be written as JSON, which has no line breaks.
    let json = serde_json::to_string(row).unwrap_or_default();
    format!("event: {name}\ndata: {json}\n\n")
}

fn sentence(reason: &str) -> &'static str {
    Reason::from_code(reason).map_or("", Reason::sentence)
}
