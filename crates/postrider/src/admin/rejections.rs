//! `GET /api/v1/rejections`: what was refused at intake, newest first, and how often for which cause.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::id::SourceId;
use domain::limits;
use domain::reason::Reason;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Needs;
use super::problem::Problem;
use crate::live::{Cause, Tally};

/// How many to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// At most so many of sources, and as many of nobody known: up to 500.
    #[serde(default = "default_limit")]
    limit: u32,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rejections {
    /// Since the start, the latest first.
    counts: Vec<Count>,
    rejections: Vec<Rejection>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Count {
    #[schema(value_type = Option<String>)]
    source: Option<SourceId>,
    #[schema(value_type = String)]
    reason: Reason,
    /// The reason in words.
    sentence: &'static str,
    /// What tells it from others of that reason; mostly empty.
    about: String,
    count: u64,
    last_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Rejection {
    at: String,
    #[schema(value_type = Option<String>)]
    source: Option<SourceId>,
    reason: String,
    detail: String,
    sample: String,
}

fn default_limit() -> u32 {
    50
}

/// Lists rejections.
#[utoipa::path(
    get,
    path = "/api/v1/rejections",
    tag = "Events",
    params(Filter),
    responses(
        (status = 200, description = "Counts since the start, and the newest rejections", body = Rejections),
    )
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Rejections>, Problem> {
    let Query(filter) =
        filter.map_err(|error| Problem::new(400, "bad_query", error.body_text()))?;
    let rows_max = filter.limit.clamp(1, limits::ADMIN_ROWS_MAX);
    let records = needs.store.ledger.rejections(rows_max).await?;
    let rejections = records.into_iter().map(|record| Rejection {
        at: record.at.to_string(),
        source: record.source,
        reason: record.reason,
        detail: record.detail,
        sample: record.sample,
    });
    let counts = needs.gauges.refusals.tallies().into_iter().map(count);
    Ok(Json(Rejections { counts: counts.collect(), rejections: rejections.collect() }))
}

fn count((cause, tally): (Cause, Tally)) -> Count {
    let Cause { source, reason, about } = cause;
    let Tally { count, last_at } = tally;
    let sentence = reason.sentence();
    Count { source, reason, sentence, about, count, last_at: last_at.to_string() }
}
