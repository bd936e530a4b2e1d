//! `/api/v1/deliveries`: what became of events at destinations.

pub mod request;
mod held;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::destination::Destination;
use domain::event::EventKind;
use domain::id::{DestinationId, Seq, SourceId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Needs;
use super::asked::{Path, Query};
use super::attempts::{self, Attempt, time};
use super::auth::Caller;
use super::catalog;
use super::export::{self, Export, Format, Part};
use super::problem::Problem;
use super::wishes;
use crate::live::Wish;
use crate::lookup::{
    Asked, CodeClass, Delivery, DeliveryQuery, EventFilter, Found, Lookup, Status, When,
};
pub use view::DeliveryView;

/// Which deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only to this destination.
    #[param(value_type = Option<String>)]
    destination: Option<DestinationId>,
    /// Only those that have come to this, such as `waiting` or `gave_up`.
    #[param(value_type = Option<String>)]
    status: Option<Status>,
    /// Only of events of this source.
    #[param(value_type = Option<String>)]
    source: Option<SourceId>,
    /// Only of events of this type.
    #[param(value_type = Option<String>)]
    r#type: Option<EventKind>,
    /// Only of events with this name.
    name: Option<String>,
    /// Only of events with this `userId` or `anonymousId`.
    user: Option<String>,
    /// Only of the event with this `seq`.
    event: Option<u64>,
    /// Only with this reason, by its code.
    reason: Option<String>,
    /// Only those whose last attempt came back with this status; 0 for none.
    code: Option<u16>,
    /// Only those whose last attempt came back with such a status: `2xx` to `5xx`.
    class: Option<String>,
    /// Only those whose last attempt belongs to this issue.
    issue: Option<u64>,
    /// Only from this time on: of the last attempt where the status, reason or code of one is asked
    /// for, else when the event was accepted.
    from: Option<String>,
    /// Only before this time.
    to: Option<String>,
    /// Only those that were tried so often, or more often.
    #[serde(default)]
    attempts_min: u32,
    /// Where a page ended, to go on from there with the same filters.
    older_than: Option<u64>,
    /// `csv` or `ndjson` for a file of all of them; else a page.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    format: Format,
    /// About so many, as all of one event are on one page: up to 500, and 50 by itself; of a file up to
    /// 100,000.
    limit: Option<u32>,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deliveries {
    deliveries: Vec<DeliveryView>,
    /// What to ask for as `older_than` to go on; null where there are no more. A page may have few or
    /// none and still have it: there was much to look through.
    older_than: Option<u64>,
}

/// A delivery and its attempts.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryPage {
    delivery: DeliveryView,
    /// Newest first, with what the endpoint answered.
    attempts: Vec<Attempt>,
}

const EXPORT: Export = Export {
    name: "deliveries",
    columns: &[
        "destination",
        "seq",
        "status",
        "reason",
        "sentence",
        "source",
        "type",
        "name",
        "user_id",
        "anonymous_id",
        "accepted_at",
        "attempts",
        "last.at",
        "last.status",
        "last.detail",
        "next_try_at",
    ],
};

/// Lists deliveries.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries",
    tag = "Deliveries",
    params(Filter),
    responses(
        (status = 200, description = "Deliveries, newest first", content((Deliveries = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 404, description = "There is no such destination", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    attempts::known_reason(filter.reason.as_deref())?;
    let (format, rows) = (filter.format, filter.format.rows(filter.limit));
    let query = query(filter, rows.at_once)?;
    if let Some(id) = &query.destination
        && !Lookup::new(&needs.store, &needs.gauges).knows(id)
    {
        return Err(catalog::absent::<Destination>(id.as_str()));
    }
    if format == Format::Json {
        return Ok(Json(page(&needs, &query).await?).into_response());
    }
    let first = query.older_than;
    let read = move |older_than| {
        let (needs, query) = (needs.clone(), DeliveryQuery { older_than, ..query.clone() });
        async move {
            let page = page(&needs, &query).await?;
            let rows = page.deliveries.iter().map(export::row).collect();
            Ok(Part { rows, next: page.older_than })
        }
    };
    EXPORT.answer(format, rows, (first, read)).await
}

async fn page(needs: &Needs, query: &DeliveryQuery) -> Result<Deliveries, Problem> {
    let page = Lookup::new(&needs.store, &needs.gauges).search(query).await?;
    let deliveries = page.deliveries.iter().map(DeliveryView::of).collect();
    Ok(Deliveries { deliveries, older_than: page.older_than })
}

fn query(filter: Filter, rows_max: u32) -> Result<DeliveryQuery, Problem> {
    Ok(DeliveryQuery {
        destination: filter.destination,
        event: filter.event.map(Seq),
        status: filter.status,
        of: EventFilter {
            source: filter.source,
            kind: filter.r#type,
            name: filter.name,
            user: filter.user,
            ..EventFilter::default()
        },
        reason: filter.reason,
        code: filter.code,
        class: filter.class.as_deref().map(class).transpose()?,
        issue: filter.issue,
        when: When { from: time("from", filter.from)?, to: time("to", filter.to)? },
        attempts_min: filter.attempts_min,
        older_than: filter.older_than,
        rows_max: usize::try_from(rows_max).unwrap_or(usize::MAX),
    })
}

fn class(text: &str) -> Result<CodeClass, Problem> {
    let known = ["2xx", "3xx", "4xx", "5xx"].iter().position(|one| *one == text);
    let class = known.and_then(|place| u16::try_from(place + 2).ok()).map(CodeClass);
    class.ok_or_else(|| Problem::new(400, "bad_query", "class is none of 2xx, 3xx, 4xx and 5xx"))
}

/// Shows a delivery with its attempts, and for whoever has the right `payload` what was answered.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{destination}/{seq}",
    tag = "Deliveries",
    params(("destination" = String, Path, description = "Its destination"), ("seq" = u64, Path, description = "Its event's")),
    responses(
        (status = 200, description = "The delivery", body = DeliveryPage),
        (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    path: Path<(DestinationId, Seq)>,
) -> Result<Json<DeliveryPage>, Problem> {
    let delivery = find(&needs, path).await?;
    let attempts = attempts::of_delivery(&needs, &caller, (&delivery.destination, delivery.seq));
    let attempts = attempts.await?;
    Ok(Json(DeliveryPage { delivery: DeliveryView::of(&delivery), attempts }))
}

/// Tries a delivery now that has failed and waits for its time. One that has ended is sent again with
/// a resend.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{destination}/{seq}/retry",
    tag = "Deliveries",
    params(("destination" = String, Path, description = "Its destination"), ("seq" = u64, Path, description = "Its event's")),
    responses(
        (status = 202, description = "Asked for: it is tried as soon as there is room"),
        (status = 404, description = "There is no such delivery", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It does not wait for its time (`not_scheduled`), the destination is paused, disabled or removed (`destination_away`), or it is one of a replay that stands still (`replay_paused`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn retry(
    State(needs): State<Arc<Needs>>,
    path: Path<(DestinationId, Seq)>,
) -> Result<StatusCode, Problem> {
    let delivery = find(&needs, path).await?;
    if delivery.state.status != Status::Scheduled {
        let status = delivery.state.status;
        let detail = format!(
            "the delivery is {status}; only one that is scheduled can be tried now, \
             and one that has ended can be resent"
        );
        return Err(Problem::new(409, "not_scheduled", detail));
    }
    wishes::at_work(&needs.store.catalog.watch().borrow().workspace, &delivery.destination)?;
    wishes::worker(&needs, &delivery)?.wishes.make(Wish::Retry(delivery.seq));
    Ok(StatusCode::ACCEPTED)
}

/// The delivery that a path names.
pub async fn find(
    needs: &Needs,
    Path((destination, seq)): Path<(DestinationId, Seq)>,
) -> Result<Delivery, Problem> {
    let none = || Problem::new(404, "no_delivery", "there is no such delivery");
    let mut lookup = Lookup::new(&needs.store, &needs.gauges);
    let event = match lookup.event(seq).await? {
        Found::Event(event) => Some(event),
        Found::Gone(_) | Found::Nothing => None,
    };
    let found = lookup.deliveries(vec![Asked { destination, seq, event }]).await?;
    found.into_iter().next().ok_or_else(none)
}
