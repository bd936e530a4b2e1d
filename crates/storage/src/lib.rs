//! Where everything is kept: eight contracts and the engines that keep them.
//!
//! In come accepted events, settlements of deliveries, records of what happened, replays, edits of the
//! catalog, who may make them, and who did; out go the same things, durable and in order. Deliberately
//! unknown here: HTTP, when a delivery is tried, and, but for the index of names, ids and SDKs, what a
//! payload says.

pub mod error;
pub mod receipt;
pub mod frame;
pub mod journal;
pub mod schedule;
pub mod ledger;
pub mod deliveries;
pub mod index;
pub mod census;
pub mod issues;
pub mod series;
pub mod replays;
pub mod catalog;
pub mod audit;
pub mod accounts;
pub mod tail;
pub mod memory;
pub mod embedded;
#[cfg(test)]
mod conformance;

use std::sync::Arc;

pub use accounts::{AccountEdit, Accounts, Roll, RollFault};
pub use audit::{Audit, AuditPage, AuditQuery, AuditRecord, Author, Deed, DeedClass};
pub use catalog::{Catalog, CatalogChange, Snapshot};
pub use census::{NameCount, SdkCount, Seen, SourceCensus};
pub use deliveries::{DeliveryRecord, OpenPage, OpenQuery, Tried};
pub use error::StorageError;
pub use frame::{Frame, StoredEvent};
pub use index::{EventPlaces, EventQuery, Index, Marks, Toward};
pub use issues::{Issue, IssueQuery, IssueState, Mark, Ruling, Trend, WaitingBy};
pub use journal::{Chunk, Gap, GapReason, Journal, SeqRange, Stock, Wanted};
pub use ledger::{
    AttemptPage, AttemptQuery, AttemptRecord, Depth, FailedQuery, Fate, FilteredCount, Known,
    Ledger, RejectionCursor, RejectionPage, RejectionQuery, RejectionRecord, Totals,
};
pub use receipt::Receipt;
pub use replays::{OpenReplay, OpenReplays, Replay, ReplayCounts, Replays};
pub use schedule::{
    OpenDelivery, Progress, Reader, Schedule, ScheduleState, Settlement, ShelfLine,
};
pub use series::{
    DestinationSeries, Happenings, IntakeStep, Scope, SeriesPoint, SeriesQuery, Spread,
};

/// The eight contracts of one engine, opened together.
#[derive(Clone)]
pub struct Store {
    /// The durable log of events.
    pub journal: Arc<dyn Journal>,
    /// What is not finished.
    pub schedule: Arc<dyn Schedule>,
    /// What happened.
    pub ledger: Arc<dyn Ledger>,
    /// Which events are by whom and about what.
    pub index: Arc<dyn Index>,
    /// What is delivered again.
    pub replays: Arc<dyn Replays>,
    /// What people edit.
    pub catalog: Arc<dyn Catalog>,
    /// Who did what.
    pub audit: Arc<dyn Audit>,
    /// Who may come in.
    pub accounts: Arc<dyn Accounts>,
}
