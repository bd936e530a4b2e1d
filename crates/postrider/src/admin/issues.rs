//! `GET /api/v1/issues`: failures of one kind at one destination, those that came last first; and one of
//! them with its newest attempts. What people say of them is in `marks`.

pub mod marks;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::reason::Reason;
use serde::{Deserialize, Serialize};
use storage::{Issue, IssueQuery, IssueState, Mark, Ruling};
use utoipa::{IntoParams, ToSchema};

use super::Needs;
use super::asked::{Path, Query};
use super::attempts::{self, Attempt};
use super::problem::Problem;
use crate::clock;

/// Which issues to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only of this destination.
    #[param(value_type = Option<String>)]
    destination: Option<DestinationId>,
    /// Only `open`, `acknowledged`, `resolved` or `ignored` ones; without it all but the ignored ones.
    #[param(value_type = Option<String>)]
    state: Option<IssueState>,
    /// At most so many: up to 500.
    #[serde(default = "default_limit")]
    limit: u32,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Issues {
    issues: Vec<IssueStatus>,
}

/// One issue, and what was tried last.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssueInFull {
    #[serde(flatten)]
    issue: IssueStatus,
    attempts: Vec<Attempt>,
}

/// One issue.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssueStatus {
    id: u64,
    #[schema(value_type = String)]
    destination: DestinationId,
    reason: String,
    /// The reason in words, and what to do; empty for a reason of another version.
    sentence: &'static str,
    advice: &'static str,
    /// 0 where none came, or several are told together.
    status: u16,
    #[schema(value_type = String)]
    state: IssueState,
    first_at: String,
    last_at: String,
    resolved_at: Option<String>,
    /// How often it came again after it was resolved.
    reopened: u64,
    /// Attempts that failed.
    failed: u64,
    /// Deliveries given up.
    gave_up: u64,
    /// Deliveries whose event was gone.
    expired: u64,
    /// Deliveries that failed this way the last time they were tried, and wait.
    waiting: u64,
    users: Users,
    /// The latest event, and what was said of it.
    #[schema(value_type = u64)]
    sample: Seq,
    detail: String,
    trend: Trend,
    /// What somebody said of it; null where nobody did, or where it came again since.
    mark: Option<MarkStatus>,
}

/// How often an issue came lately.
#[derive(Debug, Serialize, ToSchema)]
struct Trend {
    /// When the first of these hours began.
    since: String,
    /// Failures in each hour; the last one is the hour that is not over.
    failed: Vec<u32>,
}

/// What somebody said of an issue.
#[derive(Debug, Serialize, ToSchema)]
struct MarkStatus {
    /// `acknowledged`, `resolved` or `ignored`.
    #[schema(value_type = String)]
    ruling: Ruling,
    at: String,
    by: String,
    /// Empty where nothing was noted.
    note: String,
}

/// Users whose events were touched.
#[derive(Debug, Serialize, ToSchema)]
struct Users {
    count: u64,
    /// Whether there may be more than could be counted.
    or_more: bool,
}

/// The states that are listed where nobody says which.
const SHOWN: [IssueState; 3] = [IssueState::Open, IssueState::Acknowledged, IssueState::Resolved];

fn default_limit() -> u32 {
    limits::ADMIN_ROWS_MAX
}

/// Lists issues.
#[utoipa::path(
    get,
    path = "/api/v1/issues",
    tag = "Issues",
    params(Filter),
    responses(
        (status = 200, description = "Those that came last first", body = Issues),
        (status = 404, description = "Nobody has ever heard of such a destination", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    Query(filter): Query<Filter>,
) -> Result<Json<Issues>, Problem> {
    attempts::known_destination(&needs, filter.destination.as_ref()).await?;
    let query = IssueQuery {
        id: None,
        destination: filter.destination,
        states: filter.state.map_or_else(|| SHOWN.to_vec(), |state| vec![state]),
        rows_max: filter.limit.clamp(1, limits::ADMIN_ROWS_MAX),
    };
    let issues = needs.store.ledger.issues(query).await?;
    Ok(Json(Issues { issues: issues.into_iter().map(IssueStatus::from).collect() }))
}

/// Shows one issue.
#[utoipa::path(
    get,
    path = "/api/v1/issues/{id}",
    tag = "Issues",
    params(("id" = u64, Path, description = "The number of the issue")),
    responses(
        (status = 200, description = "The issue and its newest attempts", body = IssueInFull),
        (status = 404, description = "There is no such issue, or not any more", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<u64>,
) -> Result<Json<IssueInFull>, Problem> {
    let issue = find(&needs, id).await?;
    let attempts = attempts::of_issue(&needs, issue.id).await?;
    Ok(Json(IssueInFull { issue: issue.into(), attempts }))
}

/// The issue that a path names.
pub async fn find(needs: &Needs, id: u64) -> Result<Issue, Problem> {
    let query = IssueQuery { id: Some(id), rows_max: 1, ..IssueQuery::default() };
    needs.store.ledger.issues(query).await?.pop().ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::new(404, "no_issue", "there is no such issue, or not any more")
}

impl From<Issue> for IssueStatus {
    fn from(issue: Issue) -> Self {
        let reason = Reason::from_code(&issue.reason);
        let (state, over_since) = (issue.state(), issue.over_since());
        let (since, failed) = issue.trend.until(clock::now());
        Self {
            id: issue.id,
            destination: issue.destination,
            sentence: reason.map_or("", Reason::sentence),
            advice: reason.map_or("", Reason::advice),
            reason: issue.reason,
            status: issue.status,
            state,
            first_at: issue.first_at.to_string(),
            last_at: issue.last_at.to_string(),
            resolved_at: over_since.map(|at| at.to_string()),
            reopened: issue.reopened,
            failed: issue.failed,
            gave_up: issue.gave_up,
            expired: issue.expired,
            waiting: issue.waiting,
            users: Users { count: issue.users, or_more: issue.users >= limits::ISSUE_USERS_MAX },
            sample: issue.sample,
            detail: issue.detail,
            trend: Trend { since: since.to_string(), failed: failed.to_vec() },
            mark: issue.mark.map(MarkStatus::from),
        }
    }
}

impl From<Mark> for MarkStatus {
    fn from(mark: Mark) -> Self {
        let Mark { ruling, at, by, note } = mark;
        Self { ruling, at: at.to_string(), by, note }
    }
}
