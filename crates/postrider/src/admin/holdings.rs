//! `GET /api/v1/storage`: what takes how much of the disk, what is kept how long, and how it fares.
//!
//! Counters, sizes of files and the first row of the journal: nothing is looked through.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::id::Seq;
use serde::Serialize;
use storage::embedded::{FileRoom, Files};
use utoipa::ToSchema;

use super::Needs;
use super::problem::Problem;
use crate::retention::Keep;

/// What is kept, and where.
pub struct Holdings {
    /// The files.
    pub files: Files,
    /// What is kept of the journal.
    pub keep: Keep,
    /// Bytes that should be free, for events to be taken.
    pub disk_free_min: u64,
    /// Attempts that are kept.
    pub attempts_max: u64,
    /// Records of the audit log that are kept, of changes and as many of accesses.
    pub audit_records_max: u64,
    /// How long they are kept.
    pub audit_age_max: Duration,
}

/// What is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Storage {
    disk: Disk,
    /// The databases, with their logs.
    parts: Vec<PartRoom>,
    journal: JournalRoom,
    ledger: LedgerRoom,
    audit: AuditRoom,
}

/// How the disk fares.
#[derive(Debug, Serialize, ToSchema)]
struct Disk {
    /// What is free where the data is; null before it was looked at.
    free_bytes: Option<u64>,
    /// With less than this, no events are taken.
    free_min_bytes: u64,
    /// Whether that is so.
    is_low: bool,
    /// Of 100 batches since the start, 99 were on disk within so many milliseconds, rounded up to a
    /// bound of the histogram; null where there were none.
    store_p99_ms: Option<f64>,
}

/// A database.
#[derive(Debug, Serialize, ToSchema)]
struct PartRoom {
    /// `journal` for events, `state` for deliveries and their history, `index` for what finds events,
    /// `catalog` for what people edit and did.
    part: &'static str,
    bytes: u64,
}

/// The events.
#[derive(Debug, Serialize, ToSchema)]
struct JournalRoom {
    /// Bytes in use; the file may be larger, with room for what comes.
    used_bytes: u64,
    /// Beyond this the oldest events go, delivered or not; null where there is no bound.
    bytes_max: Option<u64>,
    /// Seconds for which an event is kept that no destination needs any more.
    age_max_s: u64,
    /// The oldest event that is kept.
    #[schema(value_type = u64)]
    oldest_seq: Seq,
    /// When it was stored; null where there is none.
    oldest_at: Option<String>,
    /// The place the next event gets.
    #[schema(value_type = u64)]
    head: Seq,
    /// When old events were removed last; null where none were since the start.
    trimmed_at: Option<String>,
}

/// The history of attempts.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerRoom {
    /// About so many attempts are kept, the newest.
    attempts_max: u64,
}

/// The audit log.
#[derive(Debug, Serialize, ToSchema)]
struct AuditRoom {
    /// So many records of changes are kept, and as many of accesses.
    records_max: u64,
    /// Seconds for which they are kept.
    age_max_s: u64,
}

/// Says what is stored, and what is kept how long.
#[utoipa::path(
    get,
    path = "/api/v1/storage",
    tag = "System",
    responses((status = 200, description = "What is stored", body = Storage))
)]
pub async fn show(State(needs): State<Arc<Needs>>) -> Result<Json<Storage>, Problem> {
    let room = |one: FileRoom| PartRoom { part: one.part, bytes: one.bytes };
    let Holdings { files, attempts_max, audit_records_max, audit_age_max, .. } = &needs.holdings;
    Ok(Json(Storage {
        disk: disk(&needs),
        parts: files.room().map(room).into(),
        journal: journal(&needs).await?,
        ledger: LedgerRoom { attempts_max: *attempts_max },
        audit: AuditRoom { records_max: *audit_records_max, age_max_s: audit_age_max.as_secs() },
    }))
}

fn disk(needs: &Needs) -> Disk {
    let free = needs.gauges.disk_free_bytes.load(Relaxed);
    let p99 = needs.gauges.store_time.times().within(99);
    Disk {
        free_bytes: Some(free).filter(|free| *free < u64::MAX),
        free_min_bytes: needs.holdings.disk_free_min,
        is_low: needs.gauges.is_disk_low.load(Relaxed),
        store_p99_ms: p99.map(|seconds| seconds * 1_000.0),
    }
}

async fn journal(needs: &Needs) -> Result<JournalRoom, Problem> {
    let stock = needs.store.journal.stock().await?;
    let keep = needs.holdings.keep;
    let trimmed_at = needs.gauges.trimmed_at.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(JournalRoom {
        used_bytes: stock.used_bytes,
        bytes_max: keep.bytes_max,
        age_max_s: keep.age_max.as_secs(),
        oldest_seq: stock.first,
        oldest_at: stock.oldest_at.map(|at| at.to_string()),
        head: needs.store.journal.head_now(),
        trimmed_at: trimmed_at.map(|at| at.to_string()),
    })
}
