//! `GET /ready`: whether events had better be sent here now, and if not, why.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::Needs;

/// How ready the server is.
#[derive(Debug, Serialize)]
pub struct Ready {
    ready: bool,
    /// What stands in the way, in words.
    reasons: Vec<&'static str>,
}

/// Says whether the server is ready. Catalog and journal are, where anybody answers.
pub async fn show(State(needs): State<Arc<Needs>>) -> (StatusCode, Json<Ready>) {
    let gauges = &needs.gauges;
    let reasons = [
        (!gauges.is_recalled.load(Relaxed), "what was stored lately is being read back"),
        (gauges.is_disk_low.load(Relaxed), "the disk is nearly full, and events are refused"),
        (needs.shutdown.is_draining(), "the server is ending"),
    ];
    let reasons: Vec<_> =
        reasons.into_iter().filter(|(stands, _)| *stands).map(|(_, reason)| reason).collect();
    let status = match reasons.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(Ready { ready: reasons.is_empty(), reasons }))
}
