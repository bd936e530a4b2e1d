//! The embedded journal: one row of `journal.db` per frame.
//!
//! In come batches of events; out go places once they are synced, and frames. One thread writes
//! (`writer`), readers that keep up are served from the tail by whoever asks, and lagging ones by
//! threads of their own (`reader`), which also say what there is (`stock`). Deliberately unknown here: destinations, and what a payload
//! says.

mod writer;
mod reader;
mod heads;
mod check;
mod copy;
mod skips;
mod stock;

use std::path::Path;
use std::sync::Arc;

use domain::event::NewEvent;
use domain::id::Seq;
use tokio::sync::watch;

pub use check::check;
pub use copy::Copy;
pub use reader::{Query, Reader};
pub use writer::{Command, Limits, Until, Writer};

use self::reader::Read;
use super::inbox::Inbox;
use super::limits;
use super::sqlite::{self, Durability};
use crate::error::{OpenError, StorageError};
use crate::frame::record_bytes;
use crate::journal::{Chunk, Journal, SeqRange, Stock, Wanted};
use crate::receipt::{Receipt, Reply};
use crate::tail::Tail;

/// The file's name.
pub const FILE: &str = "journal.db";
/// The table of what grows.
pub const FRAMES: &str = "frames";

/// The steps that lead to today's tables.
const STEPS: [&str; 2] = [SCHEMA, skips::SKIPS];

/// The sources stand before the body: whoever only looks at them never reads the body's pages.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS frames (
        first_seq INTEGER PRIMARY KEY,
        last_seq INTEGER NOT NULL,
        committed_at INTEGER NOT NULL,
        sources TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
";

/// Opens the writer's connection.
pub fn open_file(path: &Path) -> Result<rusqlite::Connection, OpenError> {
    sqlite::open_writer(path, Durability::Full, &STEPS)
}

/// What the writer shows to the others.
pub struct Shared {
    /// The newest frames.
    pub tail: Tail,
    /// The place the next event will get.
    pub head: watch::Sender<Seq>,
    /// Wakes the indexer, which follows on a thread that cannot watch.
    pub news: Arc<Inbox<()>>,
}

/// The journal as others see it.
pub struct EmbeddedJournal {
    commands: Arc<Inbox<Command>>,
    queries: Arc<Inbox<Query>>,
    shared: Arc<Shared>,
}

impl EmbeddedJournal {
    /// Joins callers to the threads that serve them.
    pub fn new(
        commands: Arc<Inbox<Command>>,
        queries: Arc<Inbox<Query>>,
        shared: Arc<Shared>,
    ) -> Self {
        Self { commands, queries, shared }
    }
}

impl EmbeddedJournal {
    fn remove(&self, until: Until) -> Receipt<Seq> {
        ask(&self.commands, |reply| Command::Trim { until, reply })
    }
}

impl Journal for EmbeddedJournal {
    fn append(&self, events: Vec<NewEvent>) -> Result<Receipt<SeqRange>, StorageError> {
        if events.is_empty() {
            let first = *self.shared.head.borrow();
            let last = Seq(first.0.saturating_sub(1));
            return Ok(Receipt::ready(Ok(SeqRange { first, last })));
        }
        let (reply, receipt) = Receipt::pair();
        let bytes = events.iter().map(record_bytes).sum();
        self.commands.push(Command::Append { events, reply }, bytes)?;
        Ok(receipt)
    }

    fn read(&self, from: Seq, wanted: Wanted, bytes_max: usize) -> Receipt<Chunk> {
        if let Some(chunk) = self.shared.tail.read(from, &wanted, bytes_max) {
            return Receipt::ready(Ok(chunk));
        }
        ask(&self.queries, |reply| Query::Read(Read { from, wanted, bytes_max, reply }))
    }

    fn head(&self) -> watch::Receiver<Seq> {
        self.shared.head.subscribe()
    }

    fn trim(&self, before: Seq) -> Receipt<Seq> {
        self.remove(Until::Place(before))
    }

    fn trim_to(&self, bytes_max: u64) -> Receipt<Seq> {
        self.remove(Until::Bytes(bytes_max))
    }

    fn stock(&self) -> Receipt<Stock> {
        ask(&self.queries, |reply| Query::Stock { reply })
    }
}

fn ask<T, A>(inbox: &Inbox<A>, asked: impl FnOnce(Reply<T>) -> A) -> Receipt<T> {
    let (reply, receipt) = Receipt::pair();
    match inbox.push(asked(reply), 1) {
        Ok(()) => receipt,
        Err(error) => Receipt::ready(Err(error)),
    }
}

/// The inbox of questions that go to the disk.
pub fn queries() -> Inbox<Query> {
    Inbox::new("journal reads", limits::READ_JOBS_MAX)
}
