//! `GET /api/v1/status`: everything at a glance.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use domain::connection::Connection;
use domain::delivery::flow::{Lead, Mode};
use domain::destination::webhook::{Method, Target};
use domain::destination::{Destination, DestinationSettings};
use domain::filter::{Consent, Filter};
use domain::id::{ConnectionId, DestinationId, Seq, SourceId};
use domain::reason::Reason;
use domain::source::{AllowedOrigin, RateLimit, Source, WriteKey};
use domain::time::Timestamp;
use domain::workspace::Removed;
use serde::Serialize;
use storage::{FilteredCount, Totals};
use utoipa::ToSchema;

use super::Needs;
use super::problem::Problem;
use super::requests::RequestsStatus;
use crate::clock;
use crate::live::Gauges;
use crate::version;
use crate::workspace::local_url;

/// Everything at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    version: &'static str,
    started_at: String,
    now: String,
    gateway_url: String,
    journal: JournalStatus,
    /// Events stored since the start.
    accepted: u64,
    /// Resends of stored events since the start, not stored again.
    duplicates: u64,
    /// Whether resends of what was stored before the start are told, too.
    recalled: bool,
    /// Requests and events refused since the start.
    rejected: u64,
    /// Connections of clients closed since the start for want of room.
    turned_away: u64,
    /// Whether no events are taken as the disk is nearly full.
    is_disk_low: bool,
    storage: StorageStatus,
    sources: Vec<SourceStatus>,
    destinations: Vec<DestinationStatus>,
    /// Destinations that may be put back.
    removed: Vec<RemovedStatus>,
    connections: Vec<ConnectionStatus>,
}

#[derive(Debug, Serialize, ToSchema)]
struct JournalStatus {
    /// The place the next event gets.
    #[schema(value_type = u64)]
    head: Seq,
}

/// How the disk fares.
#[derive(Debug, Serialize, ToSchema)]
struct StorageStatus {
    /// What is free where the data is; none before it was looked at.
    disk_free_bytes: Option<u64>,
    /// Of 100 batches since the start, 99 were on disk within so many milliseconds, rounded up to a
    /// bound of the histogram; none where there were none.
    store_p99_ms: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SourceStatus {
    #[schema(value_type = String)]
    id: SourceId,
    name: String,
    enabled: bool,
    /// The keys that are valid now, for whoever sets up an SDK.
    write_keys: Vec<String>,
    /// All keys, also those that have ended.
    keys: Vec<KeyStatus>,
    /// Any where there are none.
    #[schema(value_type = Vec<String>)]
    allowed_origins: Vec<AllowedOrigin>,
    #[schema(value_type = Option<Object>)]
    rate_limit: Option<RateLimit>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceKeyStatus)]
struct KeyStatus {
    /// The key's last characters.
    ending: String,
    valid_until: Option<String>,
}

/// A destination that was removed; put back in time, it goes on with what waits.
#[derive(Debug, Serialize, ToSchema)]
struct RemovedStatus {
    #[schema(value_type = String)]
    id: DestinationId,
    name: String,
    target: String,
    removed_at: String,
    /// When what waits is given up.
    kept_until: String,
    waiting: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct DestinationStatus {
    #[schema(value_type = String)]
    id: DestinationId,
    name: String,
    r#type: &'static str,
    enabled: bool,
    #[schema(value_type = String)]
    method: Method,
    target: String,
    playground: Option<String>,
    requests: RequestsStatus,
    state: &'static str,
    /// Whether what comes now is kept for it.
    queues: bool,
    /// How much may be under way, and why it is no more; none where nobody is at work.
    flow: Option<FlowStatus>,
    waiting: u64,
    retrying: u64,
    next_retry_at: Option<String>,
    /// When the oldest event was accepted that it has looked at and not delivered.
    oldest_waiting_at: Option<String>,
    delivered_first_try: u64,
    delivered_on_retry: u64,
    retries: u64,
    gave_up: u64,
    expired: u64,
    filtered: FilteredStatus,
}

/// How the deliveries of a destination fare.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowStatus {
    /// Attempts that may be under way at a time now.
    limit: u32,
    /// Since when the endpoint takes nothing.
    failing_since: Option<String>,
    /// Why: code and sentence of the last failure.
    reason: Option<&'static str>,
    sentence: Option<&'static str>,
    /// When the endpoint is tried next.
    next_probe_at: Option<String>,
    /// Before this the endpoint does not want to be asked.
    asked_to_wait_until: Option<String>,
}

/// Events that were filtered, since the beginning.
#[derive(Debug, Serialize, ToSchema)]
struct FilteredStatus {
    total: u64,
    /// The most frequent reason first.
    by_reason: Vec<FilteredBy>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FilteredBy {
    reason: String,
    /// The reason in words.
    sentence: &'static str,
    count: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConnectionStatus {
    #[schema(value_type = String)]
    id: ConnectionId,
    #[schema(value_type = String)]
    source: SourceId,
    #[schema(value_type = String)]
    destination: DestinationId,
    enabled: bool,
    #[schema(value_type = Object)]
    filter: Filter,
    #[schema(value_type = Object)]
    consent: Consent,
}

/// Shows the status.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    tag = "System",
    responses(
        (status = 200, description = "Everything at a glance", body = Status),
    )
)]
pub async fn show(State(needs): State<Arc<Needs>>) -> Result<Json<Status>, Problem> {
    let totals = needs.store.ledger.totals().await?;
    let snapshot = needs.store.catalog.watch().borrow().clone();
    let workspace = &snapshot.workspace;
    let destinations = workspace.destinations.iter();
    let connections = workspace.connections.iter().map(connection).collect();
    let now = clock::now();
    Ok(Json(Status {
        version: version::VERSION,
        started_at: needs.started_at.to_string(),
        now: now.to_string(),
        gateway_url: local_url(needs.gateway),
        journal: JournalStatus { head: needs.store.journal.head_now() },
        accepted: needs.gauges.accepted.load(Relaxed),
        duplicates: needs.gauges.duplicates.load(Relaxed),
        recalled: needs.gauges.is_recalled.load(Relaxed),
        rejected: needs.gauges.refusals.total(),
        turned_away: needs.gauges.turned_away.load(Relaxed),
        is_disk_low: needs.gauges.is_disk_low.load(Relaxed),
        storage: storage(&needs.gauges),
        sources: workspace.sources.iter().map(|one| source(one, now)).collect(),
        removed: workspace.removed.iter().map(|one| removed(one, &needs)).collect(),
        destinations: destinations.map(|one| destination(one, &needs, &totals, now)).collect(),
        connections,
    }))
}

fn storage(gauges: &Gauges) -> StorageStatus {
    let free = gauges.disk_free_bytes.load(Relaxed);
    StorageStatus {
        disk_free_bytes: Some(free).filter(|free| *free < u64::MAX),
        store_p99_ms: gauges.store_time.times().within(99).map(|seconds| seconds * 1_000.0),
    }
}

fn source(one: &Source, now: Timestamp) -> SourceStatus {
    let valid = one.write_keys.iter().filter(|key| key.ended(now).is_none());
    let key = |key: &WriteKey| KeyStatus {
        ending: key.ending(),
        valid_until: key.valid_until.map(|end| end.to_string()),
    };
    SourceStatus {
        id: one.id.clone(),
        name: one.name.clone(),
        enabled: one.enabled,
        write_keys: valid.map(|key| key.key.clone()).collect(),
        keys: one.write_keys.iter().map(key).collect(),
        allowed_origins: one.allowed_origins.clone(),
        rate_limit: one.rate_limit,
    }
}

fn destination(
    one: &Destination,
    needs: &Needs,
    totals: &[Totals],
    now: Timestamp,
) -> DestinationStatus {
    let DestinationSettings::Webhook(settings) = &one.settings;
    let gauge = needs.gauges.of(&one.id);
    let glance = gauge.glance(needs.store.journal.head_now());
    let flow = gauge.flow.glance().filter(|_| one.is_at_work());
    let totals = totals.iter().find(|totals| totals.destination == one.id);
    let total = |count: fn(&Totals) -> u64| totals.map_or(0, count);
    DestinationStatus {
        id: one.id.clone(),
        name: one.name.clone(),
        r#type: "webhook",
        enabled: one.enabled,
        method: *settings.method.base(),
        target: settings.shown(),
        playground: match settings.target() {
            Ok(Target::Playground(name)) => Some(name),
            _ => None,
        },
        requests: RequestsStatus::of(settings, now),
        state: state(one, flow, glance.retrying),
        queues: one.away().is_none(),
        flow: flow.map(|flow| flow_status(flow, now)),
        waiting: glance.waiting,
        retrying: glance.retrying,
        next_retry_at: glance.next_retry_at.map(|at| at.to_string()),
        oldest_waiting_at: glance.oldest_at.map(|at| at.to_string()),
        delivered_first_try: total(|totals| totals.delivered_first_try),
        delivered_on_retry: total(|totals| totals.delivered_on_retry),
        retries: total(|totals| totals.retries),
        gave_up: total(|totals| totals.gave_up),
        expired: total(|totals| totals.expired),
        filtered: filtered(totals.map_or(&[], |totals| &totals.filtered)),
    }
}

fn removed(one: &Removed, needs: &Needs) -> RemovedStatus {
    let destination = &one.destination;
    let DestinationSettings::Webhook(settings) = &destination.settings;
    RemovedStatus {
        id: destination.id.clone(),
        name: destination.name.clone(),
        target: settings.shown(),
        removed_at: one.at.to_string(),
        kept_until: one.at.plus(needs.keep_removed).to_string(),
        waiting: needs.gauges.of(&destination.id).glance(needs.store.journal.head_now()).waiting,
    }
}

/// The word for how a destination fares.
pub fn state(one: &Destination, flow: Option<Lead>, retrying: u64) -> &'static str {
    match (flow.map(|flow| flow.mode), retrying) {
        _ if !one.enabled => "disabled",
        _ if one.delivery.paused => "paused",
        (Some(Mode::Holding { .. }), _) => "holding",
        (Some(Mode::Stopped { .. }), _) => "stopped",
        (_, 0) => "active",
        _ => "retrying",
    }
}

/// Says how a flow fares.
pub(super) fn flow_status(flow: Lead, now: Timestamp) -> FlowStatus {
    let (since, reason, next) = match flow.mode {
        Mode::Active => (None, None, None),
        Mode::Holding { since, reason, next, .. } => (Some(since), Some(reason), Some(next)),
        Mode::Stopped { since, reason } => (Some(since), Some(reason), None),
    };
    let text = |at: Timestamp| at.to_string();
    FlowStatus {
        limit: flow.limit,
        failing_since: since.map(text),
        reason: reason.map(Reason::code),
        sentence: reason.map(Reason::sentence),
        next_probe_at: next.map(text),
        asked_to_wait_until: Some(flow.not_before).filter(|at| *at > now).map(text),
    }
}

fn filtered(counts: &[FilteredCount]) -> FilteredStatus {
    let by_reason = counts.iter().map(|FilteredCount { reason, count }| FilteredBy {
        reason: reason.clone(),
        sentence: Reason::from_code(reason).map_or("", Reason::sentence),
        count: *count,
    });
    let mut by_reason: Vec<_> = by_reason.collect();
    by_reason.sort_by_key(|one| std::cmp::Reverse(one.count));
    FilteredStatus { total: counts.iter().map(|one| one.count).sum(), by_reason }
}

fn connection(one: &Connection) -> ConnectionStatus {
    ConnectionStatus {
        id: one.id.clone(),
        source: one.source.clone(),
        destination: one.destination.clone(),
        enabled: one.enabled,
        filter: one.filter.clone(),
        consent: one.consent.clone(),
    }
}
