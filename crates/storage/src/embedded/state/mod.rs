//! The embedded schedule and ledger: `state.db`.
//!
//! In come settlements and rejections, out go schedules and history. One thread writes (`writer`)
//! and commits what came in during a few milliseconds at once; another one answers the ledger's
//! queries (`ledger`), so that a search never stands in a settlement's way. Both share the layout
//! below. Deliberately unknown here: when a delivery is tried.
//!
//! # Layout
//! Ids of destinations, codes of reasons and what endpoints answered are stored once and numbered,
//! so that an attempt takes 45 to 60 bytes. Few attempts need a new connection, so what that took
//! stands in a table of its own. The address an attempt went to is kept as bytes.
//!
//! A replay has its cursor and its open deliveries in the same tables as destinations have theirs, under
//! its number below zero.
//!
//! # How the ledger finds things
//! An attempt that delivered an event at once is by far the most frequent row, and an index entry
//! would cost as much as the row itself. So such rows have no index but a sparse one: the rows
//! are numbered upwards and cut into blocks of 4096, and `spans` says for each block which
//! destinations have rows in it, how many of those delivered, and between which places in the
//! journal the events lie that were delivered at once. That is one small update per commit and
//! destination instead of one per row. A destination takes up events nearly in the journal's order,
//! so few blocks have to be scanned for one event.
//!
//! All other attempts are few, out of order, and what people search for: they have ordinary
//! partial indexes, by fate, by destination and fate, by event, and by the issue they belong to. Of an
//! issue, and of one fate, they are in order: a search for a reason or a status goes through the issues
//! that have it. The sparse index also says when the attempts of a block began.
//!
//! Attempts of replays are out of order, too, so all of them have an index by event, and the sparse one
//! leaves them out: otherwise it would say of every block that anything may be in it.
//!
//! Series are rows of minutes, of sources and of destinations: see `minutes`.
//!
//! Rejections of sources are numbered upwards from 1, those of nobody known downwards from -1, so that
//! each kind has a bound of its own: whoever invents write keys pushes out strangers' alone.

mod command;
mod writer;
mod keys;
mod sums;
mod open;
mod answers;
mod issues;
mod ledger;
mod known;
mod minutes;
mod deliveries;
mod rejections;
mod replays;
mod trace;
mod check;

use std::path::Path;
use std::sync::Arc;

use domain::id::{DestinationId, ReplayId, Seq};
use domain::replay::{ReplayPlan, ReplayState};
use domain::time::Timestamp;
use tokio::sync::watch;

pub use check::{check, cursors};
use command::Edit;
pub use command::{Command, Read};
pub use ledger::{Queries, Query};
pub use writer::{Limits, Writer};

use super::inbox::Inbox;
use super::sqlite::{self, Durability};
use crate::deliveries::{DeliveryRecord, OpenPage, OpenQuery};
use crate::error::{OpenError, StorageError};
use crate::issues::{Issue, IssueQuery, Mark};
use crate::ledger::{
    AttemptPage, AttemptQuery, AttemptRecord, FailedQuery, Known, Ledger, RejectionPage,
    RejectionQuery, RejectionRecord, Totals,
};
use crate::receipt::{Receipt, Reply};
use crate::replays::{OpenReplays, Replay, Replays};
use crate::schedule::{
    OpenDelivery, Progress, Reader, Schedule, ScheduleState, Settlement, ShelfLine,
};
use crate::series::{DestinationSeries, IntakeStep, SeriesPoint, SeriesQuery};

/// The file's name.
pub const FILE: &str = "state.db";

/// The steps that lead to today's tables.
const STEPS: [&str; 8] = [
    SCHEMA,
    TRACES,
    SHELF,
    issues::ISSUES,
    replays::REPLAYS,
    minutes::MINUTES,
    issues::MARKS,
    LOOSE,
];

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS destinations (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS reasons (key INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS cursors (destination INTEGER PRIMARY KEY, cursor INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS open_deliveries (
        destination INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        user_hash INTEGER NOT NULL,
        anonymous_hash INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        first_attempt_at INTEGER,
        due INTEGER NOT NULL,
        reason INTEGER,
        PRIMARY KEY (destination, seq)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS attempts (
        id INTEGER PRIMARY KEY,
        destination INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        number INTEGER NOT NULL,
        at INTEGER NOT NULL,
        duration_us INTEGER NOT NULL,
        status INTEGER NOT NULL,
        fate INTEGER NOT NULL,
        reason INTEGER,
        detail TEXT
    );
    CREATE INDEX IF NOT EXISTS attempts_by_fate ON attempts (fate) WHERE fate <> 1;
    CREATE INDEX IF NOT EXISTS attempts_by_destination_and_fate
        ON attempts (destination, fate) WHERE fate <> 1;
    CREATE INDEX IF NOT EXISTS attempts_by_seq ON attempts (seq) WHERE (fate <> 1 OR number > 1);
    CREATE TABLE IF NOT EXISTS spans (
        destination INTEGER NOT NULL,
        block INTEGER NOT NULL,
        delivered INTEGER NOT NULL,
        seq_min INTEGER NOT NULL,
        seq_max INTEGER NOT NULL,
        PRIMARY KEY (destination, block)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS spans_by_block ON spans (block, delivered);
    CREATE TABLE IF NOT EXISTS totals (
        destination INTEGER PRIMARY KEY,
        delivered_first_try INTEGER NOT NULL,
        delivered_on_retry INTEGER NOT NULL,
        retries INTEGER NOT NULL,
        gave_up INTEGER NOT NULL,
        expired INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS filtered (
        destination INTEGER NOT NULL,
        reason INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (destination, reason)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS rejections (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        source TEXT,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        sample TEXT NOT NULL
    );
";

/// What attempts went through; attempts of older versions have nothing of it.
const TRACES: &str = "
    ALTER TABLE attempts ADD COLUMN first_byte_us INTEGER;
    ALTER TABLE attempts ADD COLUMN remote;
    ALTER TABLE attempts ADD COLUMN answer INTEGER;
    CREATE TABLE connects (
        attempt INTEGER PRIMARY KEY,
        resolve_us INTEGER,
        connect_us INTEGER,
        tls_us INTEGER
    );
    CREATE TABLE answers (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        destination INTEGER NOT NULL,
        delivered INTEGER NOT NULL,
        digest INTEGER NOT NULL,
        block INTEGER NOT NULL,
        headers TEXT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX answers_by_destination ON answers (destination, delivered, digest, block);
    CREATE INDEX answers_by_block ON answers (block);
";

/// Deliveries that wait on disk only. Those of older versions are all held in memory.
const SHELF: &str = "
    ALTER TABLE open_deliveries ADD COLUMN shelved INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX shelved_by_user ON open_deliveries (destination, user_hash, seq, anonymous_hash)
        WHERE shelved = 1;
    CREATE INDEX shelved_by_anonymous
        ON open_deliveries (destination, anonymous_hash, seq, user_hash) WHERE shelved = 1;
";

/// Those of nobody, which stand in no lane.
const LOOSE: &str = "
    CREATE INDEX shelved_loose ON open_deliveries (destination, seq)
        WHERE shelved = 1 AND user_hash = 0 AND anonymous_hash = 0;
";

/// Opens the writer's connection.
pub fn open_file(path: &Path) -> Result<rusqlite::Connection, OpenError> {
    sqlite::open_writer(path, Durability::Normal, &STEPS)
}

/// The place after every place that the state knows of.
///
/// The journal gives away none before it: a journal restored from an older copy than the state
/// would otherwise give new events places that cursors have passed already.
pub fn next_place(connection: &rusqlite::Connection) -> rusqlite::Result<Seq> {
    let newest_cursor: Option<i64> =
        connection.query_row("SELECT max(cursor) FROM cursors", [], |row| row.get(0))?;
    Ok(newest_cursor.map_or(Seq::FIRST, sqlite::to_seq))
}

/// The schedule and the ledger as others see them.
pub struct EmbeddedState {
    commands: Arc<Inbox<Command>>,
    queries: Arc<Inbox<Query>>,
    replays: watch::Receiver<OpenReplays>,
}

impl EmbeddedState {
    /// Joins callers to the threads that serve them.
    pub fn new(
        commands: Arc<Inbox<Command>>,
        queries: Arc<Inbox<Query>>,
        replays: watch::Receiver<OpenReplays>,
    ) -> Self {
        Self { commands, queries, replays }
    }

    fn command<T>(&self, bytes: usize, make: impl FnOnce(Reply<T>) -> Command) -> Receipt<T> {
        hand_over(&self.commands, bytes, make)
    }

    fn query<T>(&self, make: impl FnOnce(Reply<T>) -> Query) -> Receipt<T> {
        hand_over(&self.queries, 1, make)
    }

    /// Asks once everything that is summed up is written.
    fn query_of_sums<T: Send + 'static>(
        &self,
        make: impl FnOnce(Reply<T>) -> Query + Send + Sync + 'static,
    ) -> Receipt<T> {
        let queries = Arc::clone(&self.queries);
        self.command(1, |reply| {
            Command::Flush(Box::new(move |flushed| {
                // An inbox that takes no query drops the reply, which says that it is closed.
                match flushed {
                    Ok(()) => drop(queries.push(make(reply), 1)),
                    Err(error) => drop(reply.send(Err(error))),
                }
            }))
        })
    }
}

impl Schedule for EmbeddedState {
    fn load(&self, reader: &Reader) -> Receipt<Option<ScheduleState>> {
        let reader = reader.clone();
        self.command(1, |reply| Command::Read(Read::Load { reader, reply }))
    }

    fn progress(&self, reader: &Reader) -> Receipt<Option<Progress>> {
        let reader = reader.clone();
        self.command(1, |reply| Command::Read(Read::Progress { reader, reply }))
    }

    fn unshelve(
        &self,
        reader: &Reader,
        line: ShelfLine,
        rows_max: u32,
    ) -> Receipt<Vec<OpenDelivery>> {
        let reader = reader.clone();
        let read = |reply| Read::Unshelve { reader, line, rows_max, reply };
        self.command(1, |reply| Command::Read(read(reply)))
    }

    fn destinations(&self) -> Receipt<Vec<DestinationId>> {
        self.command(1, |reply| Command::Read(Read::Destinations { reply }))
    }

    fn forget(&self, destination: &DestinationId) -> Receipt<()> {
        let destination = destination.clone();
        self.command(1, |reply| Command::Forget { destination, reply })
    }

    fn commit(&self, settlement: Settlement) -> Receipt<()> {
        let bytes = settlement_bytes(&settlement);
        self.command(bytes, |reply| Command::Settle { settlement, reply })
    }
}

impl Ledger for EmbeddedState {
    fn reject(&self, rejections: Vec<RejectionRecord>) -> Receipt<()> {
        let bytes = rejections.iter().map(|one| 128 + one.detail.len() + one.sample.len()).sum();
        let (reply, receipt) = Receipt::pair();
        match self.commands.push_minor(Command::Reject { rejections, reply }, bytes) {
            Ok(()) => receipt,
            Err(error) => Receipt::ready(Err(error)),
        }
    }

    fn attempts(&self, query: AttemptQuery) -> Receipt<AttemptPage> {
        self.query(|reply| Query::Attempts { query, reply })
    }

    fn issues(&self, query: IssueQuery) -> Receipt<Vec<Issue>> {
        self.query(|reply| Query::Issues { query, reply })
    }

    fn mark_issue(&self, id: u64, mark: Option<Mark>) -> Receipt<Option<Issue>> {
        self.command(1, |reply| Command::Edit(Edit::Mark { id, mark, reply }))
    }

    fn rejections(&self, query: RejectionQuery) -> Receipt<RejectionPage> {
        self.query(|reply| Query::Rejections { query, reply })
    }

    fn totals(&self) -> Receipt<Vec<Totals>> {
        self.query(|reply| Query::Totals { reply })
    }

    fn count(&self, step: IntakeStep) -> Receipt<()> {
        let bytes = 64 * (1 + step.accepted.len() + step.rejected.len());
        let (reply, receipt) = Receipt::pair();
        match self.commands.push_minor(Command::Count { step, reply }, bytes) {
            Ok(()) => receipt,
            Err(error) => Receipt::ready(Err(error)),
        }
    }

    fn events_counted_to(&self) -> Receipt<Option<Seq>> {
        self.command(1, |reply| Command::Read(Read::Counted { reply }))
    }

    fn series(&self, query: SeriesQuery) -> Receipt<Vec<SeriesPoint>> {
        self.query_of_sums(|reply| Query::Series { query, reply })
    }

    fn series_by_destination(&self, from: Timestamp, to: Timestamp) -> Receipt<DestinationSeries> {
        self.query_of_sums(move |reply| Query::SeriesByDestination { span: (from, to), reply })
    }

    fn known(&self, destination: &DestinationId, places: Vec<Seq>) -> Receipt<Known> {
        let destination = destination.clone();
        self.query(|reply| Query::Known { destination, places, reply })
    }

    fn deliveries(&self, wanted: Vec<(DestinationId, Seq)>) -> Receipt<Vec<DeliveryRecord>> {
        self.query(|reply| Query::Deliveries { wanted, reply })
    }

    fn open_deliveries(&self, query: OpenQuery) -> Receipt<OpenPage> {
        self.query(|reply| Query::Open { query, reply })
    }

    fn failed(&self, query: FailedQuery) -> Receipt<Vec<Seq>> {
        self.query(|reply| Query::Failed { query, reply })
    }
}

impl Replays for EmbeddedState {
    fn make(&self, plan: ReplayPlan, expected: Option<u64>, at: Timestamp) -> Receipt<Replay> {
        let edit = |reply| Edit::Make { plan: Box::new(plan), expected, at, reply };
        self.command(1, |reply| Command::Edit(edit(reply)))
    }

    fn turn(&self, id: ReplayId, to: ReplayState, at: Timestamp) -> Receipt<Option<Replay>> {
        self.command(1, |reply| Command::Edit(Edit::Turn { id, to, at, reply }))
    }

    fn list(&self, only: Option<ReplayId>, rows_max: u32) -> Receipt<Vec<Replay>> {
        self.command(1, |reply| Command::Read(Read::Replays { only, rows_max, reply }))
    }

    fn open(&self) -> watch::Receiver<OpenReplays> {
        self.replays.clone()
    }
}

fn hand_over<C, T>(inbox: &Inbox<C>, bytes: usize, make: impl FnOnce(Reply<T>) -> C) -> Receipt<T> {
    let (reply, receipt) = Receipt::pair();
    match inbox.push(make(reply), bytes) {
        Ok(()) => receipt,
        Err(error) => Receipt::ready(Err(error)),
    }
}

/// About what a settlement takes in memory.
fn settlement_bytes(settlement: &Settlement) -> usize {
    let attempts = settlement.attempts.iter().map(|attempt| 192 + attempt.detail.len());
    64 + settlement.opened.len() * 80
        + settlement.closed.len() * 8
        + settlement.filtered.len() * 64
        + settlement.waiting.as_ref().map_or(0, |waiting| waiting.len() * 64)
        + attempts.sum::<usize>()
        + answer_bytes(&settlement.attempts)
}

/// About what answers take in memory; one that is shared by attempts in a row counts once.
fn answer_bytes(attempts: &[AttemptRecord]) -> usize {
    let mut last = None;
    let answers = attempts.iter().filter_map(|attempt| attempt.trace.answer.as_ref());
    let distinct =
        answers.filter(|answer| last.replace(Arc::as_ptr(answer)) != Some(Arc::as_ptr(answer)));
    distinct.map(|answer| answers::bytes(answer)).sum()
}

/// Errors of a query, which leave the store as it is.
fn query_failed(error: rusqlite::Error) -> StorageError {
    StorageError::Failed { operation: "searching the ledger", source: Arc::new(error) }
}
