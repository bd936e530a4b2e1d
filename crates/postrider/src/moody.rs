//! A journal and a schedule, for tests, of which the first operations fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use domain::event::NewEvent;
use domain::id::{DestinationId, Seq};
use storage::{
    Chunk, Journal, OpenDelivery, Progress, Reader, Receipt, Schedule, ScheduleState, SeqRange,
    Settlement, ShelfLine, Stock, StorageError, Wanted,
};
use tokio::sync::watch;

/// A journal whose first reads fail.
pub struct MoodyJournal {
    pub inner: Arc<dyn Journal>,
    pub failures: AtomicUsize,
}

/// A schedule that has no room at first for forgetting.
pub struct MoodySchedule {
    pub inner: Arc<dyn Schedule>,
    pub failures: AtomicUsize,
}

fn fails(failures: &AtomicUsize) -> bool {
    failures.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
}

impl Journal for MoodyJournal {
    fn append(&self, events: Vec<NewEvent>) -> Result<Receipt<SeqRange>, StorageError> {
        self.inner.append(events)
    }

    fn read(&self, from: Seq, wanted: Wanted, bytes_max: usize) -> Receipt<Chunk> {
        match fails(&self.failures) {
            true => Receipt::ready(Err(StorageError::Failed {
                operation: "reading events back",
                source: Arc::new(std::io::Error::other("a bad sector")),
            })),
            false => self.inner.read(from, wanted, bytes_max),
        }
    }

    fn head(&self) -> watch::Receiver<Seq> {
        self.inner.head()
    }

    fn trim(&self, before: Seq) -> Receipt<Seq> {
        self.inner.trim(before)
    }

    fn trim_to(&self, bytes_max: u64) -> Receipt<Seq> {
        self.inner.trim_to(bytes_max)
    }

    fn stock(&self) -> Receipt<Stock> {
        self.inner.stock()
    }
}

impl Schedule for MoodySchedule {
    fn load(&self, reader: &Reader) -> Receipt<Option<ScheduleState>> {
        self.inner.load(reader)
    }

    fn progress(&self, reader: &Reader) -> Receipt<Option<Progress>> {
        self.inner.progress(reader)
    }

    fn commit(&self, settlement: Settlement) -> Receipt<()> {
        self.inner.commit(settlement)
    }

    fn unshelve(
        &self,
        reader: &Reader,
        line: ShelfLine,
        rows_max: u32,
    ) -> Receipt<Vec<OpenDelivery>> {
        self.inner.unshelve(reader, line, rows_max)
    }

    fn destinations(&self) -> Receipt<Vec<DestinationId>> {
        self.inner.destinations()
    }

    fn forget(&self, destination: &DestinationId) -> Receipt<()> {
        match fails(&self.failures) {
            true => Receipt::ready(Err(StorageError::Full { inbox: "state" })),
            false => self.inner.forget(destination),
        }
    }
}
