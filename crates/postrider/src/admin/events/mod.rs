//! `/api/v1/events`: what was accepted, and what became of it; by user as their lanes.

pub mod lane;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::event::EventKind;
use domain::id::{Seq, SourceId};
use domain::reason::Reason;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Needs;
use super::asked::{Path, Query};
use super::attempts::time;
use super::deliveries::DeliveryView;
use super::export::{self, Export, Format, Part};
use super::problem::Problem;
use crate::lookup::{EventFilter, EventListQuery, Found, Lookup, When};
pub use view::{EventView, shown};

const EXPORT: Export = Export {
    name: "events",
    columns: &[
        "seq",
        "source",
        "type",
        "name",
        "user_id",
        "anonymous_id",
        "message_id",
        "accepted_at",
        "bytes",
    ],
};

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only of this source.
    #[param(value_type = Option<String>)]
    source: Option<SourceId>,
    /// Only of this type.
    #[param(value_type = Option<String>)]
    r#type: Option<EventKind>,
    /// Only with this name: `event` of a track call, `name` of a page or screen, or a page's path.
    name: Option<String>,
    /// Only with this `userId` or `anonymousId`.
    user: Option<String>,
    /// Only with this `messageId`.
    message_id: Option<String>,
    /// Only those accepted then or later: a time with its zone.
    from: Option<String>,
    /// Only those accepted before.
    to: Option<String>,
    /// Where a page ended, to go on from there.
    older_than: Option<u64>,
    /// `csv` or `ndjson` for a file of all of them; else a page.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    format: Format,
    /// At most so many: up to 500, and 50 by itself; of a file up to 100,000.
    limit: Option<u32>,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Events {
    events: Vec<EventView>,
    /// What to ask for as `older_than` to go on; null where there are no more. A page may have few or
    /// none and still have it: there was much to look through.
    older_than: Option<u64>,
}

/// An event and its deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    #[schema(value_type = u64)]
    seq: Seq,
    /// Null where it cannot be read any more.
    event: Option<EventView>,
    /// Why it cannot be read any more; null where it can.
    expired: Option<Expired>,
    /// One for each destination that it is for, or that it was sent to.
    deliveries: Vec<DeliveryView>,
    /// The event before it that shares its user or its device; null where there is none.
    before: Option<EventView>,
    /// The one after it.
    after: Option<EventView>,
}

/// Why an event cannot be read any more.
#[derive(Debug, Serialize, ToSchema)]
struct Expired {
    #[schema(value_type = String)]
    reason: Reason,
    sentence: &'static str,
}

/// Lists events.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "Events",
    params(Filter),
    responses((status = 200, description = "Events, newest first", content((Events = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))))
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let (format, rows) = (filter.format, filter.format.rows(filter.limit));
    let query = query(filter, rows.at_once)?;
    if format == Format::Json {
        return Ok(Json(page(&needs, &query).await?).into_response());
    }
    let first = query.older_than;
    let read = move |older_than| {
        let (needs, query) = (needs.clone(), EventListQuery { older_than, ..query.clone() });
        async move {
            let page = page(&needs, &query).await?;
            let rows = page.events.iter().map(export::row).collect();
            Ok(Part { rows, next: page.older_than.map(Seq) })
        }
    };
    EXPORT.answer(format, rows, (first, read)).await
}

async fn page(needs: &Needs, query: &EventListQuery) -> Result<Events, Problem> {
    let list = Lookup::new(&needs.store, &needs.gauges).events(query).await?;
    let events = list.events.iter().map(EventView::of).collect();
    Ok(Events { events, older_than: list.older_than.map(|seq| seq.0) })
}

fn query(filter: Filter, rows_max: u32) -> Result<EventListQuery, Problem> {
    Ok(EventListQuery {
        of: EventFilter {
            source: filter.source,
            kind: filter.r#type,
            name: filter.name,
            user: filter.user,
            message_id: filter.message_id,
            lane: None,
        },
        when: When { from: time("from", filter.from)?, to: time("to", filter.to)? },
        older_than: filter.older_than.map(Seq),
        rows_max: usize::try_from(rows_max).unwrap_or(usize::MAX),
    })
}

/// Shows an event and what became of it.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}",
    tag = "Events",
    params(("id" = String, Path, description = "Its `seq` or its `messageId`")),
    responses(
        (status = 200, description = "The event", body = EventPage),
        (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "It was there, and nothing is known of it any more", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<String>,
) -> Result<Json<EventPage>, Problem> {
    let mut lookup = Lookup::new(&needs.store, &needs.gauges);
    let (seq, found) = find(&mut lookup, &id).await?;
    let deliveries = lookup.deliveries_of(seq, &found).await?;
    let (event, expired) = match &found {
        Found::Event(event) => (Some(EventView::of(event)), None),
        Found::Gone(reason) if deliveries.is_empty() => return Err(gone(*reason)),
        Found::Gone(reason) => (None, Some(*reason)),
        Found::Nothing => return Err(no_event(&id)),
    };
    let expired = expired.map(|reason| Expired { reason, sentence: reason.sentence() });
    let deliveries = deliveries.iter().map(DeliveryView::of).collect();
    let [before, after] = match &found {
        Found::Event(event) => lookup.neighbours(event).await?,
        Found::Gone(_) | Found::Nothing => [None, None],
    };
    let [before, after] = [before, after].map(|one| one.as_ref().map(EventView::of));
    Ok(Json(EventPage { seq, event, expired, deliveries, before, after }))
}

/// Answers the payload of an event, byte for byte as it is stored.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}/payload",
    tag = "Events",
    params(("id" = String, Path, description = "Its `seq` or its `messageId`")),
    responses(
        (status = 200, description = "The JSON object", body = Object),
        (status = 404, description = "There is no such event", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "It cannot be read any more: `expired`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn payload(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut lookup = Lookup::new(&needs.store, &needs.gauges);
    match find(&mut lookup, &id).await?.1 {
        Found::Event(event) => {
            let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
            Ok((headers, event.payload).into_response())
        }
        Found::Gone(reason) => Err(gone(reason)),
        Found::Nothing => Err(no_event(&id)),
    }
}

/// What there is under an id: a place, or else the newest event with that `messageId`.
async fn find(lookup: &mut Lookup<'_>, id: &str) -> Result<(Seq, Found), Problem> {
    if let Ok(seq) = id.parse().map(Seq) {
        let found = lookup.event(seq).await?;
        if found != Found::Nothing {
            return Ok((seq, found));
        }
    }
    let of = EventFilter { message_id: Some(id.to_owned()), ..EventFilter::default() };
    match lookup.newest(&of).await? {
        Some(event) => Ok((event.seq, Found::Event(event))),
        None => Err(no_event(id)),
    }
}

fn no_event(id: &str) -> Problem {
    let id = shown(id);
    Problem::new(404, "no_event", format!("there is no event {id}"))
}

fn gone(reason: Reason) -> Problem {
    Problem::new(410, "expired", reason.sentence())
}
