//! Replays and estimates as the API shows them.

use domain::delivery::flow::Bounds;
use domain::destination::Destination;
use domain::filter::Filter;
use domain::id::{DestinationId, ReplayId, Seq, SourceId};
use domain::reason::Reason;
use domain::replay::{Cause, Intent, ReplayState, Scope};
use domain::time::Timestamp;
use domain::workspace::Workspace;
use serde::Serialize;
use storage::{FilteredCount, OpenReplay, Reader, Replay};
use utoipa::ToSchema;

use crate::admin::Needs;
use crate::admin::status::{FlowStatus, flow_status};
use crate::clock;
use crate::replay::{self, Estimate, Speed};

/// A replay.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayView {
    #[schema(value_type = u64)]
    id: ReplayId,
    #[schema(value_type = String)]
    destination: DestinationId,
    #[schema(value_type = String)]
    intent: Intent,
    #[schema(value_type = String)]
    cause: Cause,
    /// `running`, `queued` behind another one, `waiting` for its destination, `paused`, `done` or
    /// `cancelled`.
    state: &'static str,
    scope: ScopeView,
    /// What it may have of its destination, where it names that.
    rate: Option<u32>,
    concurrency: Option<u32>,
    made_at: String,
    ended_at: Option<String>,
    /// Deliveries it was thought to make.
    expected: Option<u64>,
    /// Every event of its range before this place is finished, or among its open deliveries.
    #[schema(value_type = u64)]
    cursor: Seq,
    delivered: u64,
    retries: u64,
    gave_up: u64,
    expired: u64,
    /// Events that were passed over.
    passed: Vec<Passed>,
    /// How it fares; null where it is not at work.
    flow: Option<FlowStatus>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ScopeView {
    #[schema(value_type = u64)]
    first: Seq,
    #[schema(value_type = u64)]
    last: Seq,
    #[schema(value_type = Vec<u64>)]
    events: Vec<Seq>,
    received_from: Option<String>,
    received_until: Option<String>,
    failed_since: Option<String>,
    issue: Option<u64>,
    #[schema(value_type = Option<String>)]
    source: Option<SourceId>,
    user: Option<String>,
    #[schema(value_type = Object)]
    filter: Filter,
}

#[derive(Debug, Serialize, ToSchema)]
struct Passed {
    reason: String,
    sentence: &'static str,
    count: u64,
}

/// An estimate.
#[derive(Debug, Serialize, ToSchema)]
pub struct EstimateView {
    /// Events that would be sent.
    events: u64,
    /// Whether all of the range was looked at; else `events` is what the rest was taken to be like.
    complete: bool,
    oldest: Option<EventPlace>,
    newest: Option<EventPlace>,
    /// Users they belong to; null where they are too many to be told apart.
    users: Option<usize>,
    passed: Vec<Passed>,
    /// How long it takes at least; null where nothing was delivered lately.
    seconds: Option<f64>,
    /// What it may have of its destination.
    rate: Option<u32>,
    concurrency: u32,
}

#[derive(Debug, Serialize, ToSchema)]
struct EventPlace {
    #[schema(value_type = u64)]
    seq: Seq,
    received_at: String,
}

impl ReplayView {
    /// Shows a replay as it stands.
    pub fn of(replay: &Replay, needs: &Needs) -> Self {
        let catalog = needs.store.catalog.watch();
        let open = needs.store.replays.open();
        let state = state(replay, &open.borrow(), &catalog.borrow().workspace);
        let gauge = needs.gauges.find(&Reader::Replay(replay.id));
        let lead = gauge.filter(|_| state == "running").and_then(|gauge| gauge.flow.glance());
        let (plan, counts) = (&replay.plan, &replay.counts);
        let passed =
            counts.passed.iter().map(|FilteredCount { reason, count }| (&**reason, *count));
        Self {
            id: replay.id,
            destination: plan.destination.clone(),
            intent: plan.intent,
            cause: plan.cause,
            state,
            scope: ScopeView::of(&plan.scope),
            rate: plan.pace.rate.map(Into::into),
            concurrency: plan.pace.concurrency.map(Into::into),
            made_at: replay.made_at.to_string(),
            ended_at: replay.ended_at.map(|at| at.to_string()),
            expected: replay.expected,
            cursor: replay.cursor,
            delivered: counts.delivered,
            retries: counts.retries,
            gave_up: counts.gave_up,
            expired: counts.expired,
            passed: passed.map(Passed::of).collect(),
            flow: lead.map(|lead| flow_status(lead, clock::now())),
        }
    }
}

/// The word for how far a replay is.
pub fn state(replay: &Replay, open: &[OpenReplay], workspace: &Workspace) -> &'static str {
    let destination = workspace.destinations.iter().find(|one| one.id == replay.plan.destination);
    match replay.state {
        ReplayState::Paused => "paused",
        ReplayState::Done => "done",
        ReplayState::Cancelled => "cancelled",
        ReplayState::Running if !destination.is_some_and(Destination::is_at_work) => "waiting",
        ReplayState::Running if replay::is_at_work(open, &replay.followed()) => "running",
        ReplayState::Running => "queued",
    }
}

impl ScopeView {
    fn of(scope: &Scope) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            first: scope.first,
            last: Seq(scope.end.0.saturating_sub(1)),
            events: scope.places.iter().copied().collect(),
            received_from: text(scope.received_from),
            received_until: text(scope.received_until),
            failed_since: text(scope.failed_since),
            issue: scope.issue,
            source: scope.source.clone(),
            user: scope.user.clone(),
            filter: scope.filter.clone(),
        }
    }
}

impl Passed {
    fn of((reason, count): (&str, u64)) -> Self {
        let sentence = Reason::from_code(reason).map_or("", Reason::sentence);
        Self { reason: reason.to_owned(), sentence, count }
    }
}

impl EstimateView {
    /// Shows an estimate.
    pub fn of(estimate: &Estimate, speed: &Speed) -> Self {
        let place = |(seq, at): (Seq, Timestamp)| EventPlace { seq, received_at: at.to_string() };
        let Bounds { concurrency, rate, .. } = speed.bounds;
        let passed = estimate.passed.iter().map(|(reason, count)| Passed::of((reason, *count)));
        Self {
            events: estimate.expected,
            complete: estimate.is_complete,
            oldest: estimate.oldest.map(place),
            newest: estimate.newest.map(place),
            users: estimate.users,
            passed: passed.collect(),
            seconds: speed.time_of(estimate.expected).map(|time| time.as_secs_f64()),
            rate: rate.map(|rate| (rate.per_second().round() as u32).max(1)),
            concurrency,
        }
    }
}
