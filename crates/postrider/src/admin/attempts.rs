//! `GET /api/v1/attempts`: what was tried, newest first; with `details=1` what endpoints answered, too.
//! A page says where the next one begins.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::delivery::trace::{self, Excerpt, Trace};
use domain::destination::Destination;
use domain::event::{EventKind, timestamp};
use domain::id::{DestinationId, ReplayId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{AttemptQuery, AttemptRecord, Depth, Fate};
use utoipa::{IntoParams, ToSchema};

use super::Needs;
use super::asked::Query;
use super::auth::Caller;
use super::catalog;
use super::export::{self, Export, Format, Part};
use super::problem::Problem;
use super::routes::Right;
use crate::config::suggest::nearest;
use crate::lookup::Lookup;

/// Which attempts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only of this destination.
    #[param(value_type = Option<String>)]
    destination: Option<DestinationId>,
    /// Only of this event.
    #[param(value_type = Option<u64>)]
    seq: Option<Seq>,
    /// Only those that led to `delivered`, `retry`, `gave_up` or `expired`.
    #[param(value_type = Option<String>)]
    fate: Option<Fate>,
    /// Only of this issue.
    issue: Option<u64>,
    /// Only with this reason.
    reason: Option<String>,
    /// Only with this status of the endpoint; 0 for none.
    status: Option<u16>,
    /// Only those that began then or later: a time with its zone.
    from: Option<String>,
    /// Only those that began before.
    to: Option<String>,
    /// Where a page ended, to go on from there.
    older_than: Option<u64>,
    /// 1 to have what endpoints answered, too, for whoever has the right `payload`.
    #[serde(default)]
    #[param(value_type = u8)]
    details: Details,
    /// `csv` or `ndjson` for a file of all of them, without details; else a page.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    format: Format,
    /// At most so many: up to 500, with details 100, and 50 by itself; of a file up to 100,000.
    limit: Option<u32>,
}

/// Whether to say what endpoints answered.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum Details {
    #[default]
    #[serde(rename = "0")]
    Left,
    #[serde(rename = "1")]
    Wanted,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attempts {
    attempts: Vec<Attempt>,
    /// What to ask for as `older_than` to go on; null where there are no more.
    older_than: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attempt {
    #[schema(value_type = String)]
    destination: DestinationId,
    #[schema(value_type = u64)]
    seq: Seq,
    #[schema(value_type = String)]
    kind: EventKind,
    number: u32,
    at: String,
    duration_us: u32,
    status: u16,
    #[schema(value_type = String)]
    fate: Fate,
    reason: String,
    detail: String,
    /// How long its steps took; null where a step was not needed or not reached.
    phases: Phases,
    /// Address and port it went to; null where no connection came about.
    #[schema(value_type = Option<String>)]
    remote: Option<SocketAddr>,
    /// The replay that it was made for; null for the delivery of an event that has come.
    #[schema(value_type = Option<u64>)]
    replay: Option<ReplayId>,
    /// What the endpoint answered; only with details, and null where that is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Answer>)]
    answer: Option<Option<Answer>>,
}

/// How long the steps of an attempt took.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Phases {
    resolve_us: Option<u32>,
    connect_us: Option<u32>,
    tls_us: Option<u32>,
    first_byte_us: Option<u32>,
}

/// The beginning of an answer, without what is secret in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answer {
    headers: Vec<(String, String)>,
    body: String,
}

impl Details {
    fn depth(self) -> Depth {
        match self {
            Self::Left => Depth::Row,
            Self::Wanted => Depth::Answer,
        }
    }

    /// Answers are large, so fewer rows have room for them.
    fn rows_max(self) -> u32 {
        match self {
            Self::Left => limits::ADMIN_ROWS_MAX,
            Self::Wanted => limits::ADMIN_DETAILED_ROWS_MAX,
        }
    }
}

const EXPORT: Export = Export {
    name: "attempts",
    columns: &[
        "at",
        "destination",
        "seq",
        "kind",
        "number",
        "fate",
        "status",
        "reason",
        "detail",
        "duration_us",
        "remote",
        "replay",
    ],
};

/// Lists attempts.
#[utoipa::path(
    get,
    path = "/api/v1/attempts",
    tag = "Deliveries",
    params(Filter),
    responses(
        (status = 200, description = "Newest first", content((Attempts = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 404, description = "Nobody has ever heard of such a destination", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    check(&needs, &filter).await?;
    let (format, rows) = (filter.format, filter.format.rows(filter.limit));
    // Endpoints may answer with what they were sent.
    let may_see = format == Format::Json && caller.may(Right::Payload);
    let details = if may_see { filter.details } else { Details::Left };
    let query = AttemptQuery {
        destination: filter.destination,
        seq: filter.seq,
        fate: filter.fate,
        issue: filter.issue,
        reason: filter.reason,
        status: filter.status,
        from: time("from", filter.from)?,
        to: time("to", filter.to)?,
        older_than: filter.older_than,
        rows_max: rows.at_once.min(details.rows_max()),
        depth: details.depth(),
    };
    if format == Format::Json {
        return Ok(Json(page(&needs, query, details).await?).into_response());
    }
    let first = query.older_than;
    let read = move |older_than| {
        let (needs, query) = (needs.clone(), AttemptQuery { older_than, ..query.clone() });
        async move {
            let page = page(&needs, query, Details::Left).await?;
            let rows = page.attempts.iter().map(export::row).collect();
            Ok(Part { rows, next: page.older_than })
        }
    };
    EXPORT.answer(format, rows, (first, read)).await
}

/// What is asked for is nothing that nobody has ever heard of.
async fn check(needs: &Needs, filter: &Filter) -> Result<(), Problem> {
    known_reason(filter.reason.as_deref())?;
    known_destination(needs, filter.destination.as_ref()).await
}

/// A problem where a reason is none of the dictionary's.
pub fn known_reason(code: Option<&str>) -> Result<(), Problem> {
    match code {
        Some(code) if Reason::from_code(code).is_none() => {
            let codes = Reason::ALL.iter().map(|reason| reason.code());
            let hint = nearest(code, codes).map_or_else(
                || "`postrider reasons` lists them".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            let detail = format!("reason: {code:?} is none; {hint}");
            Err(Problem::new(400, "bad_query", detail))
        }
        _ => Ok(()),
    }
}

/// A problem where neither the catalog nor the history has heard of a destination.
pub async fn known_destination(needs: &Needs, id: Option<&DestinationId>) -> Result<(), Problem> {
    let Some(id) = id.filter(|id| !Lookup::new(&needs.store, &needs.gauges).knows(id)) else {
        return Ok(());
    };
    let query =
        AttemptQuery { destination: Some(id.clone()), rows_max: 1, ..AttemptQuery::default() };
    match needs.store.ledger.attempts(query).await?.attempts.is_empty() {
        true => Err(catalog::absent::<Destination>(id.as_str())),
        false => Ok(()),
    }
}

async fn page(needs: &Needs, query: AttemptQuery, details: Details) -> Result<Attempts, Problem> {
    let page = needs.store.ledger.attempts(query).await?;
    let attempts = page.attempts.into_iter().map(|record| attempt(record, details));
    Ok(Attempts { attempts: attempts.collect(), older_than: page.older_than })
}

/// The newest attempts of a delivery, with what was answered for a caller who may see payloads:
/// endpoints may answer with what they were sent.
pub(super) async fn of_delivery(
    needs: &Needs,
    caller: &Caller,
    (destination, seq): (&DestinationId, Seq),
) -> Result<Vec<Attempt>, Problem> {
    let details = if caller.may(Right::Payload) { Details::Wanted } else { Details::Left };
    let query = AttemptQuery {
        destination: Some(destination.clone()),
        seq: Some(seq),
        rows_max: limits::ADMIN_DETAILED_ROWS_MAX,
        depth: details.depth(),
        ..AttemptQuery::default()
    };
    let page = needs.store.ledger.attempts(query).await?;
    Ok(page.attempts.into_iter().map(|record| attempt(record, details)).collect())
}

/// The newest attempts of an issue.
pub(super) async fn of_issue(needs: &Needs, id: u64) -> Result<Vec<Attempt>, Problem> {
    let rows_max = limits::ADMIN_ROWS;
    let query = AttemptQuery { issue: Some(id), rows_max, ..AttemptQuery::default() };
    let page = needs.store.ledger.attempts(query).await?;
    Ok(page.attempts.into_iter().map(|record| attempt(record, Details::Left)).collect())
}

/// A time with its zone, as a query names it.
pub(super) fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let parsed = timestamp::parse(&text).map(|time| Some(time.timestamp()));
    parsed.ok_or_else(|| {
        let detail = format!("{name} is no time with its zone, such as 2026-01-31T09:30:00Z");
        Problem::new(400, "bad_query", detail)
    })
}

fn attempt(record: AttemptRecord, details: Details) -> Attempt {
    let Trace { phases, remote, answer } = record.trace;
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
        phases: phases.into(),
        remote,
        replay: record.replay,
        answer: match details {
            Details::Left => None,
            Details::Wanted => Some(answer.map(Arc::unwrap_or_clone).map(Answer::from)),
        },
    }
}

impl From<trace::Phases> for Phases {
    fn from(own: trace::Phases) -> Self {
        Self {
            resolve_us: own.resolve_us,
            connect_us: own.connect_us,
            tls_us: own.tls_us,
            first_byte_us: own.first_byte_us,
        }
    }
}

impl From<Excerpt> for Answer {
    fn from(Excerpt { headers, body }: Excerpt) -> Self {
        Self { headers, body }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(answer: Option<Excerpt>) -> AttemptRecord {
        AttemptRecord {
            destination: DestinationId::new("orders"),
            seq: Seq(7),
            kind: EventKind::Track,
            whose: domain::event::Identities::default(),
            received_at: None,
            number: 2,
            at: Timestamp(1_700_000_000_000),
            duration_us: 1_500,
            status: 503,
            fate: Fate::Retry,
            reason: "server_error".to_owned(),
            detail: "the endpoint answered 503".to_owned(),
            trace: Trace {
                phases: trace::Phases {
                    connect_us: Some(0),
                    first_byte_us: Some(900),
                    ..trace::Phases::default()
                },
                remote: Some(SocketAddr::from(([203, 0, 113, 7], 443))),
                answer: answer.map(Arc::new),
            },
            replay: None,
        }
    }

    fn shown(answer: Option<Excerpt>, details: Details) -> Value {
        serde_json::to_value(attempt(record(answer), details)).unwrap()
    }

    #[test]
    fn an_attempt_is_shown_with_its_way_and_its_answer_where_that_is_asked_for() {
        let headers = vec![("retry-after".to_owned(), "9".to_owned())];
        let answer = || Some(Excerpt { headers: headers.clone(), body: "<b>busy".to_owned() });
        let mut expected = json!({
            "destination": "orders", "seq": 7, "kind": "track", "number": 2,
            "at": "2023-11-14T22:13:20.000Z", "duration_us": 1500, "status": 503,
            "fate": "retry", "reason": "server_error", "detail": "the endpoint answered 503",
            "phases":
                {"resolve_us": null, "connect_us": 0, "tls_us": null, "first_byte_us": 900},
            "remote": "203.0.113.7:443", "replay": null,
        });
        assert_eq!(shown(answer(), Details::Left), expected);
        expected["answer"] = json!({"headers": [["retry-after", "9"]], "body": "<b>busy"});
        assert_eq!(shown(answer(), Details::Wanted), expected);
        expected["answer"] = Value::Null;
        assert_eq!(shown(None, Details::Wanted), expected);
    }
}
