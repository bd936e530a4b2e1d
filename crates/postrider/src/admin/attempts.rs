//! `GET /api/v1/attempts`: what was tried, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::event::EventKind;
use domain::id::{DestinationId, Seq};
use domain::limits;
use serde::{Deserialize, Serialize};
use storage::{AttemptQuery, AttemptRecord, Fate};

use super::Needs;
use super::problem::Problem;

/// Which attempts to list.
#[derive(Debug, Deserialize)]
pub struct Filter {
    destination: Option<DestinationId>,
    seq: Option<Seq>,
    fate: Option<Fate>,
    #[serde(default = "default_limit")]
    limit: u32,
}

/// The list.
#[derive(Debug, Serialize)]
pub struct Attempts {
    attempts: Vec<Attempt>,
}

#[derive(Debug, Serialize)]
struct Attempt {
    destination: DestinationId,
    seq: Seq,
    kind: EventKind,
    number: u32,
    at: String,
    duration_us: u32,
    status: u16,
    fate: Fate,
    reason: String,
    detail: String,
}

fn default_limit() -> u32 {
    50
}

/// Lists attempts.
pub async fn list(
    State(needs): State<Arc<Needs>>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Attempts>, Problem> {
    let Query(filter) =
        filter.map_err(|error| Problem::new(400, "bad_query", error.body_text()))?;
    let query = AttemptQuery {
        destination: filter.destination,
        seq: filter.seq,
        fate: filter.fate,
        rows_max: filter.limit.clamp(1, limits::ADMIN_ROWS_MAX),
    };
    let records = needs.store.ledger.attempts(query).await?;
    Ok(Json(Attempts { attempts: records.into_iter().map(attempt).collect() }))
}

fn attempt(record: AttemptRecord) -> Attempt {
    Attempt {
        destination: record.destination,
        seq: record.seq,
        kind: record.kind,
        number: record.number,
        at: record.at.to_string(),
        duration_us: record.duration_us,
        status: record.status,
        fate: record.fate,
        reason: record.reason,
        detail: record.detail,
    }
}
