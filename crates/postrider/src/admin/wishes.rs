//! `POST /api/v1/destinations/{id}/try-now` and `…/deliveries/{event}/skip`: what people ask of a
//! destination that is at work. What would do nothing is refused, with why.

use std::sync::Arc;

use axum::extract::State;
use domain::destination::Destination;
use domain::id::{DestinationId, Seq};
use domain::workspace::Workspace;
use http::StatusCode;
use storage::Reader;

use super::Needs;
use super::asked::Path;
use super::catalog;
use super::deliveries;
use super::problem::Problem;
use crate::live::{DestinationGauge, Standing, Wish};
use crate::lookup::{Delivery, Status};

/// Tries everything that waits for its time now, also at a destination that has stopped.
#[utoipa::path(
    post,
    path = "/api/v1/destinations/{id}/try-now",
    tag = "Destinations",
    params(("id" = String, Path, description = "The id of the destination")),
    responses(
        (status = 202, description = "Asked for; what comes of it is seen in the attempts"),
        (status = 404, description = "There is no such destination", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is paused, disabled or removed, so that nothing is tried: `destination_away`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn try_now(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<DestinationId>,
) -> Result<StatusCode, Problem> {
    let snapshot = needs.store.catalog.watch().borrow().clone();
    at_work(&snapshot.workspace, &id)?;
    catalog::find::<Destination>(&snapshot.workspace, id.as_str())?;
    Ok(make(&needs, &id, Wish::TryNow))
}

/// Gives up a delivery that is not under way; those behind it in its lanes go on.
#[utoipa::path(
    post,
    path = "/api/v1/destinations/{id}/deliveries/{event}/skip",
    tag = "Deliveries",
    params(("id" = String, Path, description = "The id of the destination"), ("event" = u64, Path, description = "The number of the event")),
    responses(
        (status = 202, description = "Asked for; what comes of it is seen in the attempts"),
        (status = 404, description = "There is no such delivery", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It has ended (`not_open`), an attempt is under way (`under_way`), it is on disk and its turn has not come near (`not_held`), it is one of a replay that stands still (`replay_paused`), or the destination is disabled or removed, or paused with nothing tried of the delivery (`destination_away`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn skip(
    State(needs): State<Arc<Needs>>,
    path: Path<(DestinationId, Seq)>,
) -> Result<StatusCode, Problem> {
    let delivery = deliveries::find(&needs, path).await?;
    let refusal = refusal(delivery.state.status, delivery.standing);
    if let Some((code, detail)) = &refusal
        && *code == NOT_OPEN
    {
        return Err(Problem::new(409, code, detail));
    }
    let snapshot = needs.store.catalog.watch().borrow().clone();
    if !waits_for_resume(&snapshot.workspace, &delivery) {
        at_work(&snapshot.workspace, &delivery.destination)?;
    }
    worker(&needs, &delivery)?;
    match refusal {
        Some((code, detail)) => Err(Problem::new(409, code, detail)),
        None => Ok(make(&needs, &delivery.destination, Wish::Skip(delivery.seq))),
    }
}

/// Whoever is at work for a delivery; a problem where that is a replay that stands still.
pub fn worker(needs: &Needs, delivery: &Delivery) -> Result<Arc<DestinationGauge>, Problem> {
    match delivery.reader() {
        Reader::Replay(id) => needs.gauges.find(&Reader::Replay(id)).ok_or_else(|| {
            let detail =
                format!("the delivery is one of replay {id}, which stands still; resume it");
            Problem::new(409, "replay_paused", detail)
        }),
        own @ Reader::Destination(_) => Ok(needs.gauges.of_reader(&own)),
    }
}

const NOT_OPEN: &str = "not_open";

/// Why a delivery that stands so cannot be skipped, as code and sentence; none where it can.
fn refusal(status: Status, standing: Option<Standing>) -> Option<(&'static str, String)> {
    let not_held = |why: String| {
        let detail =
            format!("{why}; it can be skipped once it is in memory, when its turn is near");
        Some(("not_held", detail))
    };
    match (status, standing) {
        (status, _) if !status.is_unfinished() => {
            let detail = format!("the delivery is {status}; there is nothing left to skip");
            Some((NOT_OPEN, detail))
        }
        (Status::Sending, _) => {
            let detail = "an attempt of the delivery is under way; ask again when it has ended";
            Some(("under_way", detail.to_owned()))
        }
        (_, Some(Standing::Unread)) => {
            not_held("the destination has not read the event yet".to_owned())
        }
        (_, Some(Standing::Apart { behind: Some(first) })) => {
            not_held(format!("the delivery waits on disk behind event {first}"))
        }
        (_, Some(Standing::Apart { behind: None })) => {
            not_held("the delivery waits on disk".to_owned())
        }
        _ => None,
    }
}

/// Whether a delivery is what its dispatcher takes up first when its destination is resumed: what is to
/// be skipped then is skipped before anything is sent.
fn waits_for_resume(workspace: &Workspace, delivery: &Delivery) -> bool {
    let own = workspace.destinations.iter().find(|one| one.id == delivery.destination);
    let is_begun = delivery.known.open.as_ref().is_some_and(|open| !open.is_shelved);
    is_begun && own.is_some_and(|one| one.enabled && one.delivery.paused)
}

/// A problem where nothing is tried at a destination, whatever anybody asks for.
pub fn at_work(workspace: &Workspace, id: &DestinationId) -> Result<(), Problem> {
    let own = workspace.destinations.iter().find(|one| one.id == *id);
    let is_removed = || workspace.removed.iter().any(|one| one.destination.id == *id);
    let (cause, hint) = match own {
        Some(one) if !one.enabled => ("disabled", "enable it first"),
        Some(one) if one.delivery.paused => ("paused", "resume it first"),
        None if is_removed() => ("removed", "restore it first"),
        _ => return Ok(()),
    };
    let detail = format!("destination {id} is {cause}, so nothing is tried there; {hint}");
    Err(Problem::new(409, "destination_away", detail))
}

/// Hands a wish over, to replays as well; what comes of it is seen in the attempts.
fn make(needs: &Needs, id: &DestinationId, wish: Wish) -> StatusCode {
    needs.gauges.of(id).wishes.make(wish);
    let open = needs.store.replays.open().borrow().clone();
    for replay in open.iter().filter(|one| one.plan.destination == *id) {
        // A replay that nobody is at work for begins anew anyway.
        if let Some(gauge) = needs.gauges.find(&Reader::Replay(replay.id)) {
            gauge.wishes.make(wish);
        }
    }
    StatusCode::ACCEPTED
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn what_a_dispatcher_would_not_do_is_refused_with_why() {
        let check = |status, standing, want: Option<&str>| {
            let told = refusal(status, standing).map(|(code, _)| code);
            assert_eq!(told, want, "{status:?} {standing:?}");
        };
        let parked = Some(Standing::Parked { due: Timestamp(9) });
        let waiting = Some(Standing::Waiting { behind: Seq(3) });
        let apart = |behind| Some(Standing::Apart { behind });
        for ended in [
            Status::Delivered,
            Status::GaveUp,
            Status::Skipped,
            Status::Expired,
            Status::Filtered,
            Status::Unknown,
        ] {
            check(ended, None, Some("not_open"));
            check(ended, apart(None), Some("not_open"));
        }
        check(Status::Sending, Some(Standing::Sending), Some("under_way"));
        check(Status::Queued, Some(Standing::Unread), Some("not_held"));
        check(Status::Waiting, apart(Some(Seq(3))), Some("not_held"));
        check(Status::Scheduled, apart(None), Some("not_held"));
        check(Status::Queued, Some(Standing::Ready), None);
        check(Status::Waiting, waiting, None);
        check(Status::Scheduled, parked, None);
        check(Status::Scheduled, None, None);
    }

    #[test]
    fn what_waits_on_disk_says_behind_what() {
        let behind = Some(Standing::Apart { behind: Some(Seq(3)) });
        let (_, told) = refusal(Status::Waiting, behind).expect("a refusal");
        assert!(told.starts_with("the delivery waits on disk behind event 3; "), "{told}");
    }
}
