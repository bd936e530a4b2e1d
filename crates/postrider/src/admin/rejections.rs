//! `GET /api/v1/rejections`: what was refused at intake, newest first, and how often for which cause.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::id::SourceId;
use domain::reason::Reason;
use serde::{Deserialize, Serialize};
use storage::{RejectionCursor, RejectionQuery};
use utoipa::{IntoParams, ToSchema};

use super::Needs;
use super::asked::Query;
use super::attempts::time;
use super::export::{self, Export, Format, Part};
use super::problem::Problem;
use crate::live::{Cause, Tally};

/// Which to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only of this source; only of nobody known where it is empty.
    source: Option<String>,
    /// Only with this reason, by its code.
    reason: Option<String>,
    /// Only from this time on: a time with its zone.
    from: Option<String>,
    /// Only before this time.
    to: Option<String>,
    /// Where a page ended, to go on from there.
    older_than: Option<String>,
    /// `csv` or `ndjson` for a file of all of them; else a page.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    format: Format,
    /// At most so many of sources, and as many of nobody known: up to 500, and 50 by itself; of a file
    /// up to 100,000 in all.
    limit: Option<u32>,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rejections {
    /// Since the start, the latest first.
    counts: Vec<Count>,
    rejections: Vec<Rejection>,
    /// What to ask for as `older_than` to go on; null where there are no more.
    older_than: Option<String>,
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

const EXPORT: Export =
    Export { name: "rejections", columns: &["at", "source", "reason", "detail", "sample"] };

/// Lists rejections.
#[utoipa::path(
    get,
    path = "/api/v1/rejections",
    tag = "Events",
    params(Filter),
    responses(
        (status = 200, description = "Counts since the start, and the newest rejections", content((Rejections = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    )
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let (format, rows) = (filter.format, filter.format.rows(filter.limit));
    let query = RejectionQuery {
        source: filter.source.map(|id| (!id.is_empty()).then(|| SourceId::new(id))),
        reason: filter.reason,
        from: time("from", filter.from)?,
        to: time("to", filter.to)?,
        older_than: filter.older_than.as_deref().map(cursor).transpose()?,
        rows_max: rows.at_once,
    };
    if format == Format::Json {
        let (rejections, older_than) = page(&needs, query).await?;
        let counts = needs.gauges.refusals.tallies().into_iter().map(count).collect();
        let older_than = older_than.map(|one| format!("{}-{}", one.known, one.strange));
        return Ok(Json(Rejections { counts, rejections, older_than }).into_response());
    }
    let first = query.older_than;
    let read = move |older_than| {
        let (needs, query) = (needs.clone(), RejectionQuery { older_than, ..query.clone() });
        async move {
            let (rejections, next) = page(&needs, query).await?;
            Ok(Part { rows: rejections.iter().map(export::row).collect(), next })
        }
    };
    EXPORT.answer(format, rows, (first, read)).await
}

async fn page(
    needs: &Needs,
    query: RejectionQuery,
) -> Result<(Vec<Rejection>, Option<RejectionCursor>), Problem> {
    let page = needs.store.ledger.rejections(query).await?;
    let rejections = page.rejections.into_iter().map(|record| Rejection {
        at: record.at.to_string(),
        source: record.source,
        reason: record.reason,
        detail: record.detail,
        sample: record.sample,
    });
    Ok((rejections.collect(), page.older_than))
}

/// A place in the list, as a page names it.
fn cursor(text: &str) -> Result<RejectionCursor, Problem> {
    let parse = |text: &str| {
        let (known, strange) = text.split_once('-')?;
        Some(RejectionCursor { known: known.parse().ok()?, strange: strange.parse().ok()? })
    };
    let wrong = || Problem::new(400, "bad_query", "older_than is not what a page has ended with");
    parse(text).ok_or_else(wrong)
}

fn count((cause, tally): (Cause, Tally)) -> Count {
    let Cause { source, reason, about } = cause;
    let Tally { count, last_at } = tally;
    let sentence = reason.sentence();
    Count { source, reason, sentence, about, count, last_at: last_at.to_string() }
}
