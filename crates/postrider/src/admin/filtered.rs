//! `GET /api/v1/destinations/<id>/filtered`: the latest events that a destination did not get because
//! they were filtered, newest first, since the server started.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::destination::Destination;
use domain::id::{DestinationId, Seq};
use domain::reason::Reason;
use serde::Serialize;
use utoipa::ToSchema;

use super::Needs;
use super::asked::Path;
use super::catalog;
use super::problem::Problem;
use crate::live::FilteredSample;

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Filtered {
    filtered: Vec<FilteredEvent>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FilteredEvent {
    #[schema(value_type = u64)]
    seq: Seq,
    /// When it was filtered.
    at: String,
    #[schema(value_type = String)]
    reason: Reason,
    /// The reason in words.
    sentence: &'static str,
}

/// Lists the latest filtered events of a destination.
#[utoipa::path(
    get,
    path = "/api/v1/destinations/{id}/filtered",
    tag = "Destinations",
    params(("id" = String, Path, description = "The id of the destination")),
    responses(
        (status = 200, description = "Newest first, since the start", body = Filtered),
        (status = 404, description = "There is no such destination", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<DestinationId>,
) -> Result<Json<Filtered>, Problem> {
    let snapshot = needs.store.catalog.watch().borrow().clone();
    catalog::find::<Destination>(&snapshot.workspace, id.as_str())?;
    let latest = needs.gauges.of(&id).filtered.latest();
    let event = |FilteredSample { seq, at, reason }| FilteredEvent {
        seq,
        at: at.to_string(),
        reason,
        sentence: reason.sentence(),
    };
    Ok(Json(Filtered { filtered: latest.into_iter().map(event).collect() }))
}
