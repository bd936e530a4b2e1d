//! A delivery as the API shows it.

use domain::event::{EventKind, Gist};
use domain::id::{DestinationId, ReplayId, Seq, SourceId};
use domain::reason::Reason;
use serde::Serialize;
use storage::AttemptRecord;
use utoipa::ToSchema;

use crate::admin::events::shown;
use crate::lookup::{Blocker, Delivery, Status};

/// A delivery: one event to one destination.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    #[schema(value_type = String)]
    destination: DestinationId,
    #[schema(value_type = u64)]
    seq: Seq,
    /// `queued`, `waiting`, `scheduled`, `sending`, `delivered`, `gave_up`, `skipped`, `expired`,
    /// `filtered` or `unknown`.
    #[schema(value_type = String)]
    status: Status,
    /// Why it failed the last time, or is filtered; null where there is no reason.
    reason: Option<String>,
    /// The reason in words.
    sentence: Option<&'static str>,
    #[schema(value_type = Option<String>)]
    r#type: Option<EventKind>,
    name: Option<String>,
    user_id: Option<String>,
    anonymous_id: Option<String>,
    /// Null where the event cannot be read any more.
    #[schema(value_type = Option<String>)]
    source: Option<SourceId>,
    accepted_at: Option<String>,
    /// How many were made, as far as is known.
    attempts: u32,
    /// The last attempt, or what was noted in its place; null where there was none.
    last: Option<LastAttempt>,
    next_try_at: Option<String>,
    /// What keeps it; null where nothing does but its turn or its time.
    blocked_by: Option<BlockedBy>,
}

/// The last attempt of a delivery.
#[derive(Debug, Serialize, ToSchema)]
struct LastAttempt {
    at: String,
    number: u32,
    /// The endpoint's; 0 where none came.
    status: u16,
    reason: String,
    sentence: &'static str,
    detail: String,
    duration_us: u32,
    /// The replay that it was made for.
    #[schema(value_type = Option<u64>)]
    replay: Option<ReplayId>,
}

/// What keeps a delivery.
#[derive(Debug, Serialize, ToSchema)]
struct BlockedBy {
    /// `event`, `paused`, `disabled`, `removed`, `holding` or `stopped`.
    cause: &'static str,
    /// The event that comes first.
    #[schema(value_type = Option<u64>)]
    seq: Option<Seq>,
    sentence: String,
}

impl DeliveryView {
    /// A delivery as it stands.
    pub fn of(one: &Delivery) -> Self {
        let event = one.event.as_ref();
        let gist = event.map(|event| Gist::of(event.kind, &event.payload)).unwrap_or_default();
        let reason = one.reason().map(str::to_owned);
        Self {
            destination: one.destination.clone(),
            seq: one.seq,
            status: one.state.status,
            sentence: reason.as_deref().and_then(Reason::from_code).map(Reason::sentence),
            reason,
            r#type: one.kind(),
            name: gist.name.as_deref().map(shown),
            user_id: gist.user_id.as_deref().map(shown),
            anonymous_id: gist.anonymous_id.as_deref().map(shown),
            source: event.map(|event| event.source.clone()),
            accepted_at: event.map(|event| event.received_at.to_string()),
            attempts: one.known.attempts,
            last: one.known.last.as_ref().map(LastAttempt::of),
            next_try_at: one.state.next_try_at.map(|at| at.to_string()),
            blocked_by: one.blocked_by.map(BlockedBy::of),
        }
    }
}

impl LastAttempt {
    fn of(record: &AttemptRecord) -> Self {
        Self {
            at: record.at.to_string(),
            number: record.number,
            status: record.status,
            reason: record.reason.clone(),
            sentence: Reason::from_code(&record.reason).map_or("", Reason::sentence),
            detail: record.detail.clone(),
            duration_us: record.duration_us,
            replay: record.replay,
        }
    }
}

impl BlockedBy {
    fn of(blocker: Blocker) -> Self {
        let (cause, sentence) = match blocker {
            Blocker::Event(seq) => {
                let sentence = format!("Event {seq} of the same user comes first.");
                return Self { cause: "event", seq: Some(seq), sentence };
            }
            Blocker::Paused => ("paused", "The destination is paused."),
            Blocker::Disabled => ("disabled", "The destination is disabled."),
            Blocker::Removed => ("removed", "The destination is removed; it may be put back."),
            Blocker::Holding => ("holding", "The endpoint takes nothing; it is probed."),
            Blocker::Stopped => ("stopped", "The endpoint is not tried any more; try it now."),
        };
        Self { cause, seq: None, sentence: sentence.to_owned() }
    }
}
