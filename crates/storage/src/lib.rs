//! Where everything is kept: four contracts and the engines that keep them.
//!
//! In come accepted events, settlements of deliveries, records of what happened, and edits of the
//! catalog; out go the same things, durable and in order. Deliberately unknown here: HTTP, when a
//! delivery is tried, and what a payload says.

pub mod error;
pub mod receipt;
pub mod frame;
pub mod journal;
pub mod schedule;
pub mod ledger;
pub mod issues;
pub mod catalog;
pub mod tail;
pub mod memory;
pub mod embedded;
#[cfg(test)]
mod conformance;

use std::sync::Arc;

pub use catalog::{Catalog, CatalogChange, Snapshot};
pub use error::StorageError;
pub use frame::{Frame, StoredEvent};
pub use issues::{Issue, IssueQuery, IssueState, WaitingBy};
pub use journal::{Chunk, Gap, GapReason, Journal, SeqRange, Wanted};
pub use ledger::{
    AttemptPage, AttemptQuery, AttemptRecord, Depth, Fate, FilteredCount, Ledger, RejectionRecord,
    Totals,
};
pub use receipt::Receipt;
pub use schedule::{OpenDelivery, Schedule, ScheduleState, Settlement, ShelfLine};

/// The four contracts of one engine, opened together.
#[derive(Clone)]
pub struct Store {
    /// The durable log of events.
    pub journal: Arc<dyn Journal>,
    /// What is not finished.
    pub schedule: Arc<dyn Schedule>,
    /// What happened.
    pub ledger: Arc<dyn Ledger>,
    /// What people edit.
    pub catalog: Arc<dyn Catalog>,
}
