//! The memory engine: the obviously right model of the eight contracts.
//!
//! In come and out go the same values as with every other engine, and each operation is complete
//! when the call returns. Nothing survives the process. Deliberately unknown here: bounds, threads
//! and disks; the other engines are compared with this one.

mod journal;
mod history;
mod index;
mod catalog;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Store;

/// An empty store.
pub fn open() -> Store {
    let history = Arc::new(history::MemoryHistory::default());
    let catalog = Arc::new(catalog::MemoryCatalog::default());
    let journal = Arc::new(journal::MemoryJournal::default());
    Store {
        index: Arc::new(index::MemoryIndex::of(Arc::clone(&journal))),
        journal,
        schedule: Arc::clone(&history) as Arc<dyn crate::Schedule>,
        ledger: Arc::clone(&history) as Arc<dyn crate::Ledger>,
        replays: history,
        catalog: Arc::clone(&catalog) as Arc<dyn crate::Catalog>,
        audit: Arc::clone(&catalog) as Arc<dyn crate::Audit>,
        accounts: catalog,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use crate::conformance::{Subject, conformance};

    fn subject() -> Subject {
        Subject { store: super::open(), _keep: Box::new(()) }
    }

    conformance!(subject);
}
