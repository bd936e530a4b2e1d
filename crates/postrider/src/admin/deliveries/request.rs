//! `GET /api/v1/deliveries/{destination}/{seq}/attempts/{number}/request`: the request of an attempt,
//! made again and not sent.
//!
//! Requests are not kept: what an attempt sent follows from the stored event, the settings that held
//! when it was made, and which attempt it was. So it is made again from those, by what makes requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::delivery::Outcome;
use domain::destination::webhook::{AttemptStamp, Occasion};
use domain::id::{DestinationId, ReplayId, Seq};
use domain::limits;
use domain::reason::Reason;
use serde::{Deserialize, Serialize};
use storage::{AttemptQuery, AttemptRecord};
use utoipa::{IntoParams, ToSchema};

use super::held::{Held, held};
use crate::admin::Needs;
use crate::admin::asked::{Path, Query};
use crate::admin::auth::Caller;
use crate::admin::problem::Problem;
use crate::admin::routes::Right;
use crate::admin::shown::RequestView;
use crate::admin::test_request::busy;
use crate::lookup::{Found, Lookup};
use crate::tester::TestOrder;

/// Which attempt of those with a number.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this replay; of the delivery itself where it is missing.
    #[param(value_type = Option<u64>)]
    replay: Option<ReplayId>,
}

/// The request of an attempt, made again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rebuilt {
    /// The version of the destination that it is made with; null where its number is not kept any more.
    version: Option<u64>,
    /// Whether the destination still has this version.
    current: bool,
    /// Null where there can be no request for the event.
    request: Option<RequestView>,
    /// Why there can be none; null where there is one.
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    sentence: &'static str,
    detail: String,
}

/// Rows of the ledger that are no attempts: a delivery was let go.
const LET_GO: [Reason; 4] =
    [Reason::Skipped, Reason::RemovedForGood, Reason::Trimmed, Reason::Quarantined];

/// Shows the request of an attempt, made again from the event and the settings of its time.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{destination}/{seq}/attempts/{number}/request",
    tag = "Deliveries",
    params(
        ("destination" = String, Path, description = "Its destination"),
        ("seq" = u64, Path, description = "Its event's"),
        ("number" = u32, Path, description = "Its number, from 1"),
        Which,
    ),
    responses(
        (status = 200, description = "The request", body = Rebuilt),
        (status = 404, description = "There is no such attempt, or nothing is kept of it", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The event cannot be read any more: `expired`; or the settings of that time are not kept: `version_gone`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many tests are under way", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path((destination, seq, number)): Path<(DestinationId, Seq, u32)>,
    Query(which): Query<Which>,
) -> Result<Json<Rebuilt>, Problem> {
    let attempt = find(&needs, (&destination, seq), (number, which.replay)).await?;
    let payload = match Lookup::new(&needs.store, &needs.gauges).event(seq).await? {
        Found::Event(event) => event.payload,
        Found::Gone(reason) => return Err(Problem::new(410, "expired", reason.sentence())),
        Found::Nothing => return Err(Problem::new(410, "expired", Reason::Trimmed.sentence())),
    };
    let Held { version, is_current, settings } = held(&needs, &destination, attempt.at).await?;
    let occasion = attempt.replay.map_or(Occasion::Delivery, Occasion::Replay);
    // Which span it was is known to telemetry alone.
    let stamp = AttemptStamp { number, at: attempt.at, occasion, span: None };
    let order = TestOrder { payload, settings };
    let shown = needs.tester.show(order, stamp).await.ok_or_else(busy)?;
    let (request, outcome) = match shown {
        Ok(request) => (Some(RequestView::from(request)), None),
        Err(outcome) => (None, Some(outcome)),
    };
    let may_set = caller.may(Right::Edit);
    let request = if may_set { request } else { request.map(RequestView::veiled) };
    let reason = outcome.as_ref().and_then(Outcome::reason);
    Ok(Json(Rebuilt {
        version,
        current: is_current,
        request,
        reason,
        sentence: reason.map_or("", Reason::sentence),
        detail: outcome.map_or_else(String::new, |outcome| outcome.detail),
    }))
}

/// The attempt with this number, of the delivery or of a replay.
async fn find(
    needs: &Needs,
    (destination, seq): (&DestinationId, Seq),
    (number, replay): (u32, Option<ReplayId>),
) -> Result<AttemptRecord, Problem> {
    let is_it = |one: &AttemptRecord| {
        let was_made = LET_GO.iter().all(|reason| reason.code() != one.reason);
        one.number == number && one.replay == replay && was_made
    };
    let mut older_than = None;
    loop {
        let query = AttemptQuery {
            destination: Some(destination.clone()),
            seq: Some(seq),
            older_than,
            rows_max: limits::ADMIN_ROWS_MAX,
            ..AttemptQuery::default()
        };
        let page = needs.store.ledger.attempts(query).await?;
        if let Some(found) = page.attempts.into_iter().find(is_it) {
            return Ok(found);
        }
        older_than = page.older_than;
        if older_than.is_none() {
            let detail = format!("there is no attempt {number}, or it is not kept any more");
            return Err(Problem::new(404, "no_attempt", detail));
        }
    }
}
