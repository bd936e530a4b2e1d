//! `POST /api/v1/destinations/{id}/try-now` and `…/deliveries/{event}/skip`: what people ask of a
//! destination that is at work.

use std::sync::Arc;

use axum::extract::State;
use domain::destination::Destination;
use domain::id::{DestinationId, Seq};
use http::StatusCode;
use storage::Reader;

use super::Needs;
use super::asked::Path;
use super::catalog;
use super::problem::Problem;
use crate::live::Wish;

/// Tries everything that waits for its time now, also at a destination that has stopped.
#[utoipa::path(
    post,
    path = "/api/v1/destinations/{id}/try-now",
    tag = "Destinations",
    params(("id" = String, Path, description = "The id of the destination")),
    responses(
        (status = 202, description = "Asked for; what comes of it is seen in the attempts"),
        (status = 404, description = "There is no such destination", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn try_now(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    make(&needs, &id, Wish::TryNow)
}

/// Gives up a delivery that is not under way; those behind it in its lanes go on.
#[utoipa::path(
    post,
    path = "/api/v1/destinations/{id}/deliveries/{event}/skip",
    tag = "Deliveries",
    params(("id" = String, Path, description = "The id of the destination"), ("event" = u64, Path, description = "The number of the event")),
    responses(
        (status = 202, description = "Asked for; what comes of it is seen in the attempts"),
        (status = 404, description = "There is no such destination", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn skip(
    State(needs): State<Arc<Needs>>,
    Path((id, event)): Path<(String, u64)>,
) -> Result<StatusCode, Problem> {
    make(&needs, &id, Wish::Skip(Seq(event)))
}

/// Hands a wish over, to replays as well; what comes of it is seen in the attempts.
fn make(needs: &Needs, id: &str, wish: Wish) -> Result<StatusCode, Problem> {
    let id = DestinationId::new(id);
    let snapshot = needs.store.catalog.watch().borrow().clone();
    catalog::find::<Destination>(&snapshot.workspace, id.as_str())?;
    needs.gauges.of(&id).wishes.make(wish);
    let open = needs.store.replays.open().borrow().clone();
    for replay in open.iter().filter(|one| one.plan.destination == id) {
        // A replay that nobody is at work for begins anew anyway.
        if let Some(gauge) = needs.gauges.find(&Reader::Replay(replay.id)) {
            gauge.wishes.make(wish);
        }
    }
    Ok(StatusCode::ACCEPTED)
}
