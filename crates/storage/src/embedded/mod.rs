//! The embedded engine: the eight contracts on SQLite, in one data directory of one process.
//!
//! In come what the contracts take; out goes what they promise. Three files by what they must
//! survive: `journal.db` (each commit synced), `state.db` (schedule and ledger, batched every few
//! milliseconds) and `catalog.db` (each commit synced); a fourth, `index.db`, is made from the journal
//! and can be made again. Each has one thread that writes to it, fed
//! by a bounded inbox; readers have connections of their own, and checkpoints a thread of theirs.
//! Deliberately unknown here: HTTP, when a delivery is tried, and what a payload says.

mod limits;
mod directory;
mod presence;
mod alarm;
mod inbox;
mod sqlite;
mod steady;
mod checkpointer;
mod trust;
mod journal;
mod state;
mod seal;
mod index;
mod catalog;
mod check;
mod copy;
mod files;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use crate::Store;
use crate::error::{OpenError, StorageError};
use alarm::{Alarm, RaisesOnPanic};
use checkpointer::Checkpointer;
use directory::Directory;
use inbox::Inbox;

pub use check::{Damage, FileFindings, Findings, check};
pub use copy::{Copied, back_up, restore};
pub use files::{FileRoom, Files};
pub use seal::{SecretKey, read_key};

/// What may be chosen about the engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of events that may wait for the journal.
    pub inbox_bytes_max: usize,
    /// Bytes of the newest events kept in memory for readers.
    pub tail_bytes_max: usize,
    /// Bytes of one frame, unless one batch alone is larger.
    pub frame_bytes_max: usize,
    /// Bytes of the journal's file, beyond which the disk counts as full; none for no bound.
    pub journal_bytes_max: Option<u64>,
    /// How long a settlement waits for company before it is committed.
    pub settle_linger: Duration,
    /// Attempts kept in the ledger, to the next 4096.
    pub ledger_rows_max: u64,
    /// Rejections of sources kept in the ledger.
    pub rejections_max: u64,
    /// Rejections of nobody known kept in the ledger.
    pub sourceless_rejections_max: u64,
    /// What is kept of what people did.
    pub audit: AuditLimits,
    /// What secrets are sealed with; a key beside the databases where there is none.
    pub secret_key: Option<SecretKey>,
    /// Rows of minutes of destinations kept for series.
    pub series_rows_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inbox_bytes_max: limits::INBOX_BYTES_MAX,
            tail_bytes_max: limits::TAIL_BYTES_MAX,
            frame_bytes_max: limits::FRAME_BYTES_MAX,
            journal_bytes_max: None,
            settle_linger: limits::SETTLE_LINGER,
            ledger_rows_max: limits::LEDGER_ROWS_MAX,
            rejections_max: limits::REJECTIONS_MAX,
            sourceless_rejections_max: limits::SOURCELESS_REJECTIONS_MAX,
            audit: AuditLimits::default(),
            secret_key: None,
            series_rows_max: limits::SERIES_ROWS_MAX,
        }
    }
}

/// What is kept of what people did.
#[derive(Clone, Copy, Debug)]
pub struct AuditLimits {
    /// Records kept of changes, and as many of accesses.
    pub records_max: u64,
    /// How long records are kept, from the next one on that is made.
    pub age_max: Duration,
}

impl Default for AuditLimits {
    fn default() -> Self {
        Self { records_max: limits::AUDIT_RECORDS_MAX, age_max: limits::AUDIT_AGE_MAX }
    }
}

/// The running engine; whoever owns it decides when it ends.
///
/// Dropping it ends it too, and waits for that.
pub struct Engine {
    /// In the order in which they are stopped.
    workers: Vec<Worker>,
    alarm: Alarm,
    /// Released after the last worker has ended.
    _directory: Directory,
}

/// A thread and how to tell it that nothing more comes.
struct Worker {
    name: &'static str,
    close: Box<dyn Fn() + Send + Sync>,
    thread: Option<JoinHandle<()>>,
}

/// Opens the data directory `dir`, making it where there is none.
///
/// # Errors
/// See [`OpenError`]; a directory that is refused because of its format or content is left as it
/// was.
pub fn open(dir: &Path, options: Options) -> Result<(Store, Engine), OpenError> {
    sqlite::check_version()?;
    let directory = Directory::open(dir)?;
    presence::check(&directory)?;
    let parts = Parts::open(&directory, &options)?;
    directory.sync()?;
    let store = parts.store();
    let mut engine =
        Engine { workers: Vec::new(), alarm: parts.alarm.clone(), _directory: directory };
    parts.start(&mut engine, dir)?;
    Ok((store, engine))
}

impl Engine {
    /// The first failure after which a part of the store is not trusted any more; none so far.
    pub fn failed(&self) -> watch::Receiver<Option<StorageError>> {
        self.alarm.watch()
    }

    /// Carries out what was handed over, answers it, and ends; blocks until that is done.
    ///
    /// # Errors
    /// The failure of the store, where it has failed.
    pub fn close(mut self) -> Result<(), StorageError> {
        self.stop();
        self.alarm.watch().borrow().clone().map_or(Ok(()), Err)
    }

    fn stop(&mut self) {
        for worker in &mut self.workers {
            (worker.close)();
            if let Some(thread) = worker.thread.take()
                && thread.join().is_err()
            {
                tracing::error!(thread = worker.name, "a thread of the store has panicked");
            }
        }
    }

    fn start<T: Send + Sync + 'static>(
        &mut self,
        dir: &Path,
        name: &'static str,
        inbox: &Arc<Inbox<T>>,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), OpenError> {
        let inbox = Arc::clone(inbox);
        let alarm = self.alarm.clone();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _raises = RaisesOnPanic(alarm);
            run();
        });
        let thread = thread.map_err(|source| OpenError::Io {
            operation: "start a thread for",
            path: dir.to_owned(),
            source,
        })?;
        let close = Box::new(move || inbox.close());
        self.workers.push(Worker { name, close, thread: Some(thread) });
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Everything the threads are given, opened before the first one starts.
struct Parts {
    alarm: Alarm,
    requests: Arc<checkpointer::Requests>,
    checkpointer: Checkpointer,
    journal: journal::Writer,
    journal_commands: Arc<Inbox<journal::Command>>,
    readers: Vec<journal::Reader>,
    reads: Arc<Inbox<journal::Query>>,
    state: state::Writer,
    state_commands: Arc<Inbox<state::Command>>,
    queries: state::Queries,
    indexer: index::Indexer,
    searches: index::Searches,
    catalog: catalog::Writer,
    catalog_inbox: Arc<Inbox<catalog::Command>>,
}

impl Parts {
    fn open(directory: &Directory, options: &Options) -> Result<Self, OpenError> {
        let alarm = Alarm::new();
        let requests = Arc::new(Inbox::new("checkpoint", limits::READ_JOBS_MAX));
        let mut checkpointer = Checkpointer::new(Arc::clone(&requests));

        let path = directory.file(state::FILE);
        let connection = state::open_file(&path)?;
        let next_min = state::next_place(&connection).map_err(sqlite::database("read", &path))?;
        let state_commands = Arc::new(Inbox::new("state", limits::STATE_INBOX_BYTES_MAX));
        let state = state::Writer::open(
            connection,
            Arc::clone(&state_commands),
            checkpointer.add(&path)?,
            options.state_limits(),
            alarm.clone(),
        )
        .map_err(sqlite::database("read", &path))?;
        let queries = state::Queries {
            connection: sqlite::open_reader(&path)?,
            inbox: Arc::new(Inbox::new("ledger queries", limits::READ_JOBS_MAX)),
        };

        let path = directory.file(journal::FILE);
        let connection = journal::open_file(&path)?;
        let journal_commands = Arc::new(Inbox::new("journal", options.inbox_bytes_max));
        let journal = journal::Writer::open(
            connection,
            (Arc::clone(&journal_commands), alarm.clone()),
            checkpointer.add(&path)?,
            options.journal_limits(),
            next_min,
        )
        .map_err(sqlite::database("read", &path))?;
        let reads = Arc::new(journal::queries());
        let reader = || {
            Ok(journal::Reader {
                connection: sqlite::open_reader(&path)?,
                queries: Arc::clone(&reads),
                shared: journal.shared(),
            })
        };
        let readers = (0..limits::JOURNAL_READERS).map(|_| reader()).collect::<Result<_, _>>()?;

        let own = (Arc::clone(&journal_commands), Arc::clone(&reads), journal.shared());
        let (indexer, searches) = index::open(&directory.file(index::FILE), own)?;

        let path = directory.file(catalog::FILE);
        let catalog_inbox = Arc::new(Inbox::new("catalog", limits::READ_JOBS_MAX));
        let given = (Arc::clone(&catalog_inbox), alarm.clone());
        let key = options.secret_key.as_ref();
        let catalog = catalog::Writer::open(&path, given, options.audit, key)?;
        Ok(Self {
            alarm,
            requests,
            checkpointer,
            journal,
            journal_commands,
            readers,
            reads,
            state,
            state_commands,
            queries,
            indexer,
            searches,
            catalog,
            catalog_inbox,
        })
    }

    fn store(&self) -> Store {
        let journal = journal::EmbeddedJournal::new(
            Arc::clone(&self.journal_commands),
            Arc::clone(&self.reads),
            self.journal.shared(),
        );
        let state = Arc::new(state::EmbeddedState::new(
            Arc::clone(&self.state_commands),
            Arc::clone(&self.queries.inbox),
            self.state.open_replays(),
        ));
        let catalog = Arc::new(catalog::EmbeddedCatalog {
            inbox: Arc::clone(&self.catalog_inbox),
            content: self.catalog.content(),
            roll: self.catalog.roll(),
        });
        Store {
            journal: Arc::new(journal),
            schedule: Arc::clone(&state) as Arc<dyn crate::Schedule>,
            ledger: Arc::clone(&state) as Arc<dyn crate::Ledger>,
            index: Arc::new(index::EmbeddedIndex::new(
                Arc::clone(&self.searches.inbox),
                Arc::clone(&self.searches.shared),
            )),
            replays: state,
            catalog: Arc::clone(&catalog) as Arc<dyn crate::Catalog>,
            audit: Arc::clone(&catalog) as Arc<dyn crate::Audit>,
            accounts: catalog,
        }
    }

    /// Starts the threads in the order in which they end: those that write come last, so that
    /// theirs are the last connections to each file, which copy its log to the database.
    fn start(self, engine: &mut Engine, dir: &Path) -> Result<(), OpenError> {
        let searches = self.searches;
        let inbox = Arc::clone(&searches.inbox);
        engine.start(dir, "index-reader", &inbox, move || searches.run())?;
        let indexer = self.indexer;
        let news = Arc::clone(&indexer.news);
        engine.start(dir, "indexer", &news, move || indexer.run())?;
        for reader in self.readers {
            engine.start(dir, "journal-reader", &self.reads, move || reader.run())?;
        }
        let queries = self.queries;
        let inbox = Arc::clone(&queries.inbox);
        engine.start(dir, "ledger-reader", &inbox, move || queries.run())?;
        let (checkpointer, alarm) = (self.checkpointer, self.alarm);
        engine.start(dir, "checkpointer", &self.requests, move || checkpointer.run(&alarm))?;
        let (journal, state, catalog) = (self.journal, self.state, self.catalog);
        engine.start(dir, "journal-writer", &self.journal_commands, move || journal.run())?;
        engine.start(dir, "state-writer", &self.state_commands, move || state.run())?;
        engine.start(dir, "catalog-writer", &self.catalog_inbox, move || catalog.run())
    }
}

impl Options {
    fn journal_limits(&self) -> journal::Limits {
        journal::Limits {
            frame_bytes_max: self.frame_bytes_max,
            tail_bytes_max: self.tail_bytes_max,
            file_bytes_max: self.journal_bytes_max,
        }
    }

    fn state_limits(&self) -> state::Limits {
        state::Limits {
            linger: self.settle_linger,
            ledger_rows_max: self.ledger_rows_max,
            rejections_max: self.rejections_max,
            sourceless_rejections_max: self.sourceless_rejections_max,
            series_rows_max: self.series_rows_max,
        }
    }
}

#[cfg(test)]
mod tests;
