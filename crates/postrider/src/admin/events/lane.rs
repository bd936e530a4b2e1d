//! `GET /api/v1/users/{id}/lane`: the events of one user in order, and what became of each.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::id::{DestinationId, Seq};
use domain::limits;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::EventView;
use crate::admin::Needs;
use crate::admin::asked::{Path, Query};
use crate::admin::deliveries::DeliveryView;
use crate::admin::problem::Problem;
use crate::lookup::{EventFilter, EventListQuery, Lookup};

/// Which part of a lane to show.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only deliveries to this destination.
    #[param(value_type = Option<String>)]
    destination: Option<DestinationId>,
    /// Where a page ended, to go on from there.
    older_than: Option<u64>,
    /// At most so many events: up to 100.
    #[serde(default = "default_limit")]
    limit: u32,
}

/// A part of a lane.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lane {
    /// Newest first.
    events: Vec<LaneEvent>,
    /// What to ask for as `older_than` to go on; null where there are no more.
    older_than: Option<u64>,
}

/// An event of a lane.
#[derive(Debug, Serialize, ToSchema)]
struct LaneEvent {
    event: EventView,
    /// One for each destination that it is for.
    deliveries: Vec<DeliveryView>,
}

fn default_limit() -> u32 {
    limits::ADMIN_ROWS
}

/// Shows the events of a user, by `userId` or `anonymousId`, and what became of each.
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}/lane",
    tag = "Events",
    params(("id" = String, Path, description = "The `userId` or `anonymousId`"), Filter),
    responses((status = 200, description = "The user's events, newest first", body = Lane))
)]
pub async fn show(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Json<Lane>, Problem> {
    let rows_max = filter.limit.clamp(1, limits::LANE_ROWS_MAX);
    let query = EventListQuery {
        of: EventFilter { user: Some(id), ..EventFilter::default() },
        older_than: filter.older_than.map(Seq),
        rows_max: usize::try_from(rows_max).unwrap_or(usize::MAX),
        ..EventListQuery::default()
    };
    let mut lookup = Lookup::new(&needs.store, &needs.gauges);
    let list = lookup.events(&query).await?;
    let only = filter.destination.as_ref();
    let deliveries = lookup.deliveries_of_events(&list.events, only).await?;
    let of = |seq| deliveries.iter().filter(move |one| one.seq == seq).map(DeliveryView::of);
    let events = list.events.iter().map(|event| LaneEvent {
        event: EventView::of(event),
        deliveries: of(event.seq).collect(),
    });
    Ok(Json(Lane { events: events.collect(), older_than: list.older_than.map(|seq| seq.0) }))
}
