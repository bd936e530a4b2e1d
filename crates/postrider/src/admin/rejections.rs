//! `GET /api/v1/rejections`: what was refused at intake, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::id::SourceId;
use domain::limits;
use serde::{Deserialize, Serialize};

use super::Needs;
use super::problem::Problem;

/// How many to list.
#[derive(Debug, Deserialize)]
pub struct Filter {
    #[serde(default = "default_limit")]
    limit: u32,
}

/// The list.
#[derive(Debug, Serialize)]
pub struct Rejections {
    rejections: Vec<Rejection>,
}

#[derive(Debug, Serialize)]
struct Rejection {
    at: String,
    source: Option<SourceId>,
    reason: String,
    detail: String,
    sample: String,
}

fn default_limit() -> u32 {
    50
}

/// Lists rejections.
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
    Ok(Json(Rejections { rejections: rejections.collect() }))
}
