//! The embedded index: `index.db`, made from the journal and from nothing else.
//!
//! In come the journal's frames, read by a thread of its own (`indexer`) that nobody waits for; out go
//! places of events (`search`), by another thread. What it loses is made again, so it is in no backup,
//! and a damaged file is thrown away. Deliberately unknown here: what became of events.
//!
//! # Layout
//! The journal's places are cut into blocks of 16,384. A block that every event has come for is
//! written at once and never changed: a row that says what is in it at all, so that most blocks are
//! passed by that alone; columns with a few bytes per event, to be scanned; and a table of hashes of
//! ids with the places that have them, cut by the hashes' first bits into 128 rows, of which a search
//! for an id reads one per block. The block that events still come for is in memory only. All of it
//! takes about 25 bytes per event.
//!
//! The census is in memory, and each block is written together with what it has changed in it: so a
//! census that is read back is that of all blocks, and goes on with the events of the young one.

mod block;
mod census;
mod indexer;
mod search;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use domain::id::{Seq, SourceId};
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::watch;

use super::inbox::Inbox;
use super::journal::{self, EmbeddedJournal};
use super::limits;
use super::sqlite::{self, Durability};
use crate::census::{Census, SourceCensus};
use crate::error::{Hindrance, OpenError, StorageError};
use crate::index::{EventPlaces, EventQuery, Index};
use crate::receipt::Receipt;
use block::YoungBlock;
pub use indexer::Indexer;
pub use search::{Search, Searches};

/// The file's name.
pub const FILE: &str = "index.db";

const STEPS: [&str; 2] = [BLOCKS, CENSUS];

const BLOCKS: &str = "
    CREATE TABLE blocks (
        number INTEGER PRIMARY KEY,
        sources TEXT NOT NULL,
        kinds INTEGER NOT NULL,
        at_min INTEGER NOT NULL,
        at_max INTEGER NOT NULL,
        at_shift INTEGER NOT NULL
    );
    CREATE TABLE columns (number INTEGER PRIMARY KEY, names BLOB NOT NULL, body BLOB NOT NULL);
    CREATE TABLE lookups (id INTEGER PRIMARY KEY, entries BLOB NOT NULL);
";

/// What was indexed before there was a census is in none: it is indexed again.
const CENSUS: &str = "
    CREATE TABLE census (
        source TEXT NOT NULL,
        topic INTEGER NOT NULL,
        word TEXT NOT NULL,
        events INTEGER NOT NULL,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        PRIMARY KEY (source, topic, word)
    ) WITHOUT ROWID;
    DELETE FROM blocks;
    DELETE FROM columns;
    DELETE FROM lookups;
";

/// Leaves nothing.
const EMPTY: &str = "
    BEGIN;
    DELETE FROM blocks;
    DELETE FROM columns;
    DELETE FROM lookups;
    DELETE FROM census;
    COMMIT;
";

/// What the indexer shows to searches.
pub struct Shared {
    /// The block that events still come for; every block before it is written.
    young: RwLock<YoungBlock>,
    /// Of all events that are indexed.
    census: Mutex<Census>,
    /// Everything before it is indexed.
    reached: watch::Sender<Seq>,
    /// Why the indexer has ended, where it has.
    failure: OnceLock<StorageError>,
    /// Whether the file was found damaged, and is removed.
    is_condemned: AtomicBool,
}

/// The index as others see it.
pub struct EmbeddedIndex {
    searches: Arc<Inbox<Search>>,
    shared: Arc<Shared>,
}

impl EmbeddedIndex {
    /// Joins callers to the threads that serve them.
    pub fn new(searches: Arc<Inbox<Search>>, shared: Arc<Shared>) -> Self {
        Self { searches, shared }
    }
}

impl Index for EmbeddedIndex {
    fn reached(&self) -> watch::Receiver<Seq> {
        self.shared.reached.subscribe()
    }

    fn search(&self, query: EventQuery) -> Receipt<EventPlaces> {
        let (reply, receipt) = Receipt::pair();
        match self.searches.push(Search { query, reply }, 1) {
            Ok(()) => receipt,
            Err(error) => Receipt::ready(Err(error)),
        }
    }

    fn census(&self, source: &SourceId) -> Receipt<SourceCensus> {
        Receipt::ready(match self.shared.failure.get() {
            Some(failure) => Err(failure.clone()),
            None => Ok(self.shared.census().of(source)),
        })
    }
}

impl Shared {
    /// What is indexed of a journal whose next event gets the place `head`, as far as the file tells.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn open(connection: &Connection, head: Seq) -> rusqlite::Result<Arc<Self>> {
        let last = "SELECT number FROM blocks ORDER BY number DESC LIMIT 1";
        let last: Option<i64> = connection.query_row(last, [], |row| row.get(0)).optional()?;
        let mut number = last.map_or(0, |last| last + 1);
        if first_of(number) > head.max(Seq::FIRST) {
            // A journal that ends before the index is another one than it was made from.
            connection.execute_batch(EMPTY)?;
            number = 0;
        }
        let census = Mutex::new(census::read(connection)?);
        let reached = watch::Sender::new(first_of(number).max(Seq::FIRST));
        let young = RwLock::new(YoungBlock::new(number));
        let (failure, is_condemned) = (OnceLock::new(), AtomicBool::new(false));
        Ok(Arc::new(Self { young, census, reached, failure, is_condemned }))
    }

    /// Takes an error of a connection to the file: a damaged file is removed at once, so that the next
    /// start makes it anew, however this process ends. Who has it open goes on with what can be read.
    fn met(&self, connection: &Connection, error: &rusqlite::Error) {
        let is_damaged = sqlite::hindrance(error) == Hindrance::Damaged;
        if is_damaged && !self.is_condemned.swap(true, Relaxed) {
            let path = sqlite::file_of(connection);
            tracing::error!(path, %error, "the index is damaged; the next start makes it anew");
            remove_files(Path::new(&path));
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, YoungBlock> {
        self.young.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, YoungBlock> {
        self.young.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn census(&self) -> MutexGuard<'_, Census> {
        self.census.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A journal: the inboxes of its threads, and what its writer shows.
type OfJournal = (Arc<Inbox<journal::Command>>, Arc<Inbox<journal::Query>>, Arc<journal::Shared>);

/// Opens the file for the two threads that work with it.
pub fn open(path: &Path, journal: OfJournal) -> Result<(Indexer, Searches), OpenError> {
    let (commands, queries, of_journal) = journal;
    let (connection, shared) = open_file(path, *of_journal.head.borrow())?;
    let searches = Searches {
        connection: sqlite::open_reader(path)?,
        inbox: Arc::new(Inbox::new("index searches", limits::READ_JOBS_MAX)),
        shared: Arc::clone(&shared),
    };
    let news = Arc::clone(&of_journal.news);
    let journal = Arc::new(EmbeddedJournal::new(commands, queries, of_journal));
    Ok((Indexer { connection, journal, news, shared }, searches))
}

/// Opens the writer's connection and reads what is indexed; a damaged file is made anew. What merely
/// cannot be used at the moment is left as it is.
fn open_file(path: &Path, head: Seq) -> Result<(Connection, Arc<Shared>), OpenError> {
    let open = || {
        let connection = sqlite::open_writer(path, Durability::Normal, &STEPS)?;
        let shared = Shared::open(&connection, head).map_err(sqlite::database("read", path))?;
        Ok((connection, shared))
    };
    open().or_else(|error: OpenError| {
        if error.hindrance() != Hindrance::Damaged {
            return Err(error);
        }
        let error = std::error::Error::source(&error).map(ToString::to_string);
        tracing::warn!(path = %path.display(), error, "the index is damaged; it is made anew");
        remove_files(path);
        open()
    })
}

/// Removes the file and what SQLite puts beside it.
fn remove_files(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        // What is not there need not be removed; what cannot be removed cannot be opened either.
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
}

/// The number of the block that a place is in.
fn number_of(seq: Seq) -> i64 {
    sqlite::from_seq(seq) >> limits::INDEX_BLOCK_BITS
}

/// The first place of a block.
fn first_of(number: i64) -> Seq {
    sqlite::to_seq(number << limits::INDEX_BLOCK_BITS)
}
