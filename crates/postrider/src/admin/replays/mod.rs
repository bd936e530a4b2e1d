//! `/api/v1/replays`, `…/deliveries/{event}/resend` and `…/issues/{id}/recover`: deliveries that are made again.
//!
//! In comes what somebody wants to have again; out go estimates, and replays as they stand. Nothing is
//! sent here: the crew finds a new replay by itself.

mod request;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::destination::Destination;
use domain::id::{DestinationId, ReplayId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::replay::{Cause, Intent, Pace, ReplayPlan, ReplayState, Scope};
use domain::source::Source;
use http::StatusCode;
use serde::Serialize;
use storage::Replay;
use utoipa::ToSchema;

use super::asked::Path;
use super::problem::Problem;
use super::{Needs, catalog, issues};
use crate::clock;
use crate::lookup::{Found, Lookup};
use crate::replay::{self, Estimate, Speed};
use request::ReplayRequest;
use view::{EstimateView, ReplayView};

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayList {
    replays: Vec<ReplayView>,
}

/// Says what a replay would do.
#[utoipa::path(
    post,
    path = "/api/v1/replays/estimate",
    tag = "Replays",
    request_body = ReplayRequest,
    responses(
        (status = 200, description = "What the replay would do", body = EstimateView),
        (status = 404, description = "There is no such destination, source or issue, or one of the events is not there", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn estimate(
    State(needs): State<Arc<Needs>>,
    body: Bytes,
) -> Result<Json<EstimateView>, Problem> {
    let plan = asked(&needs, &body).await?;
    let first = plan.scope.first;
    let (plan, destination) = prepared(&needs, plan).await?;
    let mut estimate = estimated(&needs, &plan).await?;
    estimate.count_gone(&needs.store, &plan, first).await?;
    let bounds = plan.bounds(needs.bounds.with(destination.delivery.bounds));
    let speed = Speed::of(&needs.store, &plan.destination, bounds).await?;
    Ok(Json(EstimateView::of(&estimate, &speed)))
}

/// Makes a replay.
#[utoipa::path(
    post,
    path = "/api/v1/replays",
    tag = "Replays",
    request_body = ReplayRequest,
    responses(
        (status = 201, description = "The replay", body = ReplayView),
        (status = 404, description = "There is no such destination, source or issue, or one of the events is not there", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nothing would be sent, or too many replays have not ended", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn make(State(needs): State<Arc<Needs>>, body: Bytes) -> Result<Response, Problem> {
    start(&needs, asked(&needs, &body).await?).await
}

async fn start(needs: &Needs, plan: ReplayPlan) -> Result<Response, Problem> {
    let (plan, _) = prepared(needs, plan).await?;
    let estimate = estimated(needs, &plan).await?;
    if estimate.is_complete && estimate.counted == 0 {
        let detail = "no event would be sent; an estimate says what is passed over, and why";
        return Err(Problem::new(409, "nothing_to_replay", detail));
    }
    let replay = made(needs, plan, estimate.expected).await?;
    Ok((StatusCode::CREATED, Json(ReplayView::of(&replay, needs))).into_response())
}

/// Sends one event to a destination again, whether it has got it or not.
#[utoipa::path(
    post,
    path = "/api/v1/destinations/{id}/deliveries/{event}/resend",
    tag = "Deliveries",
    params(("id" = String, Path, description = "The id of the destination"), ("event" = u64, Path, description = "The number of the event")),
    responses(
        (status = 202, description = "A replay of this one event", body = ReplayView),
        (status = 404, description = "There is no such destination, or no such event for it", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It would not be sent; the code is the reason", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn resend(
    State(needs): State<Arc<Needs>>,
    Path((id, event)): Path<(String, u64)>,
) -> Result<Response, Problem> {
    let seq = Seq(event);
    let scope = Scope { places: [seq].into(), ..Scope::between(seq, Seq(event.saturating_add(1))) };
    let (destination, intent) = (DestinationId::new(id), Intent::ResendRange);
    let plan =
        ReplayPlan { destination, intent, cause: Cause::Asked, scope, pace: Pace::default() };
    let (plan, _) = prepared(&needs, plan).await?;
    let estimate = estimated(&needs, &plan).await?;
    if estimate.counted == 0 {
        let passed = estimate.passed.keys().next().and_then(|code| Reason::from_code(code));
        return Err(passed.map_or_else(
            || Problem::new(404, "no_event", format!("event {event} is not stored for it")),
            |reason| Problem::new(409, reason.code(), reason.sentence()),
        ));
    }
    let replay = made(&needs, plan, 1).await?;
    Ok((StatusCode::ACCEPTED, Json(ReplayView::of(&replay, &needs))).into_response())
}

/// Delivers again what was given up by an issue.
#[utoipa::path(
    post,
    path = "/api/v1/issues/{id}/recover",
    tag = "Issues",
    params(("id" = u64, Path, description = "The number of the issue")),
    responses(
        (status = 201, description = "The replay", body = ReplayView),
        (status = 404, description = "There is no such issue, or not any more", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nothing would be sent, or too many replays have not ended", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn recover_issue(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<u64>,
) -> Result<Response, Problem> {
    let issue = issues::find(&needs, id).await?;
    let scope = Scope { issue: Some(issue.id), ..Scope::between(Seq::FIRST, Seq(u64::MAX)) };
    let (intent, cause, pace) = (Intent::RecoverFailed, Cause::Asked, Pace::default());
    let plan = ReplayPlan { destination: issue.destination, intent, cause, scope, pace };
    start(&needs, plan).await
}

/// Lists replays, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/replays",
    tag = "Replays",
    responses(
        (status = 200, description = "Newest first", body = ReplayList),
    )
)]
pub async fn list(State(needs): State<Arc<Needs>>) -> Result<Json<ReplayList>, Problem> {
    let replays = needs.store.replays.list(None, limits::ADMIN_ROWS_MAX).await?;
    let replays = replays.iter().map(|one| ReplayView::of(one, &needs)).collect();
    Ok(Json(ReplayList { replays }))
}

/// Shows a replay.
#[utoipa::path(
    get,
    path = "/api/v1/replays/{id}",
    tag = "Replays",
    params(("id" = u64, Path, description = "The number of the replay")),
    responses(
        (status = 200, description = "The replay as it stands", body = ReplayView),
        (status = 404, description = "There is no such replay", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<u64>,
) -> Result<Json<ReplayView>, Problem> {
    let found = needs.store.replays.list(Some(ReplayId(id)), 1).await?.pop();
    let replay = found.ok_or_else(|| no_replay(id))?;
    Ok(Json(ReplayView::of(&replay, &needs)))
}

/// Lets a replay stand still.
#[utoipa::path(
    post,
    path = "/api/v1/replays/{id}/pause",
    tag = "Replays",
    params(("id" = u64, Path, description = "The number of the replay")),
    responses(
        (status = 200, description = "It stands still", body = ReplayView),
        (status = 404, description = "There is no such replay", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It has ended before", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn pause(needs: State<Arc<Needs>>, id: Path<u64>) -> Result<Json<ReplayView>, Problem> {
    turn(needs, id, ReplayState::Paused).await
}

/// Lets a replay go on.
#[utoipa::path(
    post,
    path = "/api/v1/replays/{id}/resume",
    tag = "Replays",
    params(("id" = u64, Path, description = "The number of the replay")),
    responses(
        (status = 200, description = "It goes on", body = ReplayView),
        (status = 404, description = "There is no such replay", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It has ended before", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn resume(needs: State<Arc<Needs>>, id: Path<u64>) -> Result<Json<ReplayView>, Problem> {
    turn(needs, id, ReplayState::Running).await
}

/// Ends a replay.
#[utoipa::path(
    post,
    path = "/api/v1/replays/{id}/cancel",
    tag = "Replays",
    params(("id" = u64, Path, description = "The number of the replay")),
    responses(
        (status = 200, description = "It has ended", body = ReplayView),
        (status = 404, description = "There is no such replay", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It has ended before", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn cancel(needs: State<Arc<Needs>>, id: Path<u64>) -> Result<Json<ReplayView>, Problem> {
    turn(needs, id, ReplayState::Cancelled).await
}

async fn turn(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<u64>,
    to: ReplayState,
) -> Result<Json<ReplayView>, Problem> {
    let turned = needs.store.replays.turn(ReplayId(id), to, clock::now()).await?;
    let replay = turned.ok_or_else(|| no_replay(id))?;
    let shown = ReplayView::of(&replay, &needs);
    if replay.state != to {
        let detail = format!("replay {id} has ended; make a new one");
        return Err(Problem::new(409, "replay_ended", detail));
    }
    Ok(Json(shown))
}

fn no_replay(id: u64) -> Problem {
    Problem::new(404, "no_replay", format!("there is no replay {id}"))
}

/// A plan that fits what is there.
async fn prepared(
    needs: &Needs,
    mut plan: ReplayPlan,
) -> Result<(Arc<ReplayPlan>, Destination), Problem> {
    let snapshot = needs.store.catalog.watch().borrow().clone();
    let workspace = &snapshot.workspace;
    let destination: &Destination = catalog::find(workspace, plan.destination.as_str())?;
    if let Some(id) = &plan.scope.source {
        catalog::find::<Source>(workspace, id.as_str())?;
    }
    replay::fit(&*needs.store.journal, &mut plan.scope).await?;
    Ok((Arc::new(plan), destination.clone()))
}

/// A plan of this body. What it names one by one must be there: whoever names an event wants that one,
/// and not the others without it.
async fn asked(needs: &Needs, body: &[u8]) -> Result<ReplayPlan, Problem> {
    let plan = request::read(body)?;
    if let Some(id) = plan.scope.issue {
        issues::find(needs, id).await?;
    }
    let mut lookup = Lookup::new(&needs.store, &needs.gauges);
    for seq in &plan.scope.places {
        if !matches!(lookup.event(*seq).await?, Found::Event(_)) {
            let detail = format!("there is no event {seq}, or not any more");
            return Err(Problem::new(404, "no_event", detail));
        }
    }
    Ok(plan)
}

async fn estimated(needs: &Needs, plan: &Arc<ReplayPlan>) -> Result<Estimate, Problem> {
    Ok(replay::estimate(&needs.store, plan, limits::ESTIMATE_TIME_MAX).await?)
}

async fn made(needs: &Needs, plan: Arc<ReplayPlan>, expected: u64) -> Result<Replay, Problem> {
    if needs.store.replays.open().borrow().len() >= limits::REPLAYS_OPEN_MAX {
        let max = limits::REPLAYS_OPEN_MAX;
        let detail = format!("{max} replays have not ended; cancel one, or wait");
        return Err(Problem::new(409, "too_many_replays", detail));
    }
    let made = needs.store.replays.make(Arc::unwrap_or_clone(plan), Some(expected), clock::now());
    Ok(made.await?)
}
