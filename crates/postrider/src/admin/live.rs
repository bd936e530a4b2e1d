//! `GET /api/v1/live`: what happens, as it happens: a stream of events (SSE), at most so many rows a
//! second.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::event::EventKind;
use domain::id::{DestinationId, SourceId};
use domain::limits;
use futures_util::StreamExt;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Needs;
use super::asked::Query;
use super::problem::Problem;
use crate::viewing::{Filter, Status};

/// What to show; of everything where nothing is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only of this source.
    #[param(required = false)]
    source: String,
    /// Only deliveries to this destination.
    #[param(required = false)]
    destination: String,
    /// Only of these types, with commas between them.
    #[param(required = false)]
    r#type: String,
    /// Only events with exactly this name.
    #[param(required = false)]
    name: String,
    /// Only events with this in their name, in small letters or capitals.
    #[param(required = false)]
    text: String,
    /// Only events of whoever has this `userId` or `anonymousId`.
    #[param(required = false)]
    user: String,
    /// Only what is in one of these states, with commas between them: `accepted`, `rejected`,
    /// `delivered`, `scheduled`, `gave_up`, `filtered`, `expired`, `skipped`, or `failed` for those
    /// that do not go well.
    #[param(required = false)]
    status: String,
    /// The `id` of the row that was seen last, to go on behind it; the header `Last-Event-ID` says the
    /// same.
    #[param(required = false)]
    last_event_id: String,
}

/// Shows what happens as it happens, from now on or from the row that was seen last.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    tag = "Live",
    params(Asked),
    responses(
        (status = 200, description = "Server-sent events: `event`, `delivery`, `rejected`, and `sampled` and `missed` where not all is shown; their members are described under Live", content_type = "text/event-stream", body = String),
        (status = 503, description = "Too many watch already, or the server ends", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn watch(
    State(needs): State<Arc<Needs>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let own = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last = own.map(str::to_owned).or_else(|| some(&asked.last_event_id));
    if needs.shutdown.is_draining() {
        return Err(Problem::new(503, "shutting_down", "the server is shutting down"));
    }
    let viewer = needs.viewing.open(asked.filter()?, last.as_deref()).ok_or_else(|| {
        let detail = format!("{} viewers watch already; try again later", limits::VIEWERS_MAX);
        Problem::new(503, "too_many_viewers", detail)
    })?;
    let rows = viewer.stream().take_until(needs.shutdown.clone().drained());
    let head = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((head, Body::from_stream(rows)).into_response())
}

impl Asked {
    fn filter(&self) -> Result<Filter, Problem> {
        Ok(Filter {
            source: some(&self.source).map(SourceId::new),
            destination: some(&self.destination).map(DestinationId::new),
            kinds: words(&self.r#type).map(kind).collect::<Result<_, _>>()?,
            name: some(&self.name),
            text: some(&self.text).map(|text| text.to_lowercase()),
            user: some(&self.user),
            statuses: self.statuses()?,
        })
    }

    fn statuses(&self) -> Result<BTreeSet<Status>, Problem> {
        let mut statuses = BTreeSet::new();
        for word in words(&self.status) {
            if word == "failed" {
                statuses.extend(Status::FAILED);
                continue;
            }
            let known = Status::ALL.into_iter().find(|status| status.word() == word);
            let all = || Status::ALL.map(Status::word).into_iter().chain(["failed"]);
            statuses.insert(known.ok_or_else(|| unknown("status", word, all()))?);
        }
        Ok(statuses)
    }
}

fn kind(word: &str) -> Result<EventKind, Problem> {
    let known = EventKind::ALL.into_iter().find(|kind| kind.as_str() == word);
    known.ok_or_else(|| unknown("type", word, EventKind::ALL.into_iter().map(EventKind::as_str)))
}

fn unknown(name: &str, word: &str, all: impl Iterator<Item = &'static str>) -> Problem {
    let all = all.collect::<Vec<_>>().join(", ");
    Problem::new(400, "bad_query", format!("{name} {word:?} is none of {all}"))
}

/// The words of a list with commas.
fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
