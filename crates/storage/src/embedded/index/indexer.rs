//! The indexer: follows the journal, and writes a block whenever one is whole.
//!
//! Nobody waits for it. Where the disk has no room it tries again; any other failure ends it, and
//! searches say so: the index is made anew at the next start, if it is damaged.

use std::sync::Arc;

use domain::event::Gist;
use domain::id::Seq;
use rusqlite::Connection;

use super::block::{BlockRows, YoungBlock, lookups_of};
use super::{Shared, census, number_of};
use crate::embedded::inbox::Inbox;
use crate::embedded::{limits, sqlite};
use crate::error::StorageError;
use crate::frame::{Frame, StoredEvent};
use crate::index::Marks;
use crate::journal::{Journal, Wanted};

/// The one that follows.
pub struct Indexer {
    /// A connection of its own.
    pub connection: Connection,
    /// What is followed.
    pub journal: Arc<dyn Journal>,
    /// Something waits here when the journal has grown.
    pub news: Arc<Inbox<()>>,
    /// What it shows to searches.
    pub shared: Arc<Shared>,
}

impl Indexer {
    /// Follows the journal until the inbox is closed.
    pub fn run(self) {
        loop {
            match self.catch_up() {
                Ok(()) if !self.news.wait() => break,
                // Whatever else comes now is taken in with it.
                Ok(()) => self.news.linger(limits::INDEX_LINGER, usize::MAX),
                Err(StorageError::Closed) => break,
                Err(error) if error.passes() && !self.news.is_closed() => {
                    tracing::warn!(%error, "events are not indexed at the moment");
                    self.news.linger(limits::INDEX_REST, usize::MAX);
                }
                Err(error) => {
                    tracing::error!(%error, "events are not indexed any more until the next start");
                    let _ = self.shared.failure.set(error);
                    break;
                }
            }
            self.news.take(usize::MAX);
        }
        let failure = self.shared.failure.get();
        sqlite::close_writer(self.connection, failure);
    }

    /// Takes in what the journal has and the index has not.
    fn catch_up(&self) -> Result<(), StorageError> {
        let head = self.journal.head();
        let mut next = *self.shared.reached.borrow();
        while next < *head.borrow() && !self.news.is_closed() {
            let chunk = self.journal.read(next, Wanted::All, limits::INDEX_READ_BYTES).wait()?;
            for frame in &chunk.frames {
                next = self.take_in(frame, next)?;
            }
            next = next.max(chunk.next);
            self.come_to(number_of(next))?;
            self.shared.reached.send_replace(next);
        }
        Ok(())
    }

    /// Takes in the events of a frame from a place on; answers where to go on. Should a block of theirs
    /// not be written, those before it are not taken in again.
    fn take_in(&self, frame: &Frame, from: Seq) -> Result<Seq, StorageError> {
        let events: Vec<_> = frame.events().filter(|event| event.seq >= from).collect();
        let number = |event: &StoredEvent| number_of(event.seq);
        for run in events.chunk_by(|one, next| number(one) == number(next)) {
            self.come_to(number(&run[0]))?;
            let run: Vec<_> = run.iter().map(|event| (event, gist(event))).collect();
            self.add(&run);
            let next = run.last().map_or(from, |(event, _)| event.seq.next());
            self.shared.reached.send_replace(next);
        }
        Ok(from.max(frame.last().next()))
    }

    /// Takes in events of the young block.
    fn add(&self, events: &[(&StoredEvent, Gist<'_>)]) {
        let (mut young, mut census) = (self.shared.write(), self.shared.census());
        for (event, gist) in events {
            young.push(event, Marks::in_gist(event, gist));
            census.note(event, gist);
        }
    }

    /// Writes the young block, where events come for a later one from now on.
    fn come_to(&self, number: i64) -> Result<(), StorageError> {
        let (whole, rows) = {
            let young = self.shared.read();
            if young.number == number {
                return Ok(());
            }
            (young.number, (!young.is_empty()).then(|| young.rows()))
        };
        if let Some(rows) = rows {
            let first = self.first_stored()?;
            let written = self.store(whole, &rows, number_of(first));
            written.map_err(|error| {
                self.shared.met(&self.connection, &error);
                let file = sqlite::file_of(&self.connection);
                sqlite::classify("writing the index", &file, error)
            })?;
        }
        *self.shared.write() = YoungBlock::new(number);
        Ok(())
    }

    /// The first event that the journal still has.
    fn first_stored(&self) -> Result<Seq, StorageError> {
        let chunk = self.journal.read(Seq::FIRST, Wanted::All, 1).wait()?;
        Ok(chunk.frames.first().map_or(chunk.next, |frame| frame.first()))
    }

    /// Writes a block, and removes some of those whose events are all gone: more than come.
    fn store(&self, number: i64, rows: &BlockRows, keep_from: i64) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        let sources = serde_json::to_string(&rows.sources)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO blocks (number, sources, kinds, at_min, at_max, at_shift)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((number, sources, rows.kinds, rows.at.0.0, rows.at.1.0, rows.at_shift))?;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO columns (number, names, body) VALUES (?1, ?2, ?3)",
            )?
            .execute((number, &rows.names, &rows.body))?;
        let mut insert = transaction
            .prepare_cached("INSERT OR REPLACE INTO lookups (id, entries) VALUES (?1, ?2)")?;
        for (id, entries) in &rows.lookups {
            insert.execute((id, entries))?;
        }
        drop(insert);
        census::write(&transaction, &self.shared.census())?;
        for number in old(&transaction, keep_from)? {
            remove(&transaction, number)?;
        }
        transaction.commit()?;
        self.shared.census().stored();
        if number % limits::INDEX_BLOCKS_PER_CHECKPOINT == 0 {
            sqlite::checkpoint(&self.connection)?;
        }
        Ok(())
    }
}

/// The oldest blocks before this one, a few of them.
fn old(connection: &Connection, keep_from: i64) -> rusqlite::Result<Vec<i64>> {
    let mut select = connection
        .prepare_cached("SELECT number FROM blocks WHERE number < ?1 ORDER BY number LIMIT ?2")?;
    let numbers = select.query_map((keep_from, limits::INDEX_BLOCKS_TRIMMED), |row| row.get(0))?;
    numbers.collect()
}

fn remove(connection: &Connection, number: i64) -> rusqlite::Result<()> {
    for delete in ["DELETE FROM blocks WHERE number = ?1", "DELETE FROM columns WHERE number = ?1"]
    {
        connection.prepare_cached(delete)?.execute([number])?;
    }
    let lookups = lookups_of(number);
    connection
        .prepare_cached("DELETE FROM lookups WHERE id >= ?1 AND id < ?2")?
        .execute((lookups.start, lookups.end))?;
    Ok(())
}

fn gist(event: &StoredEvent) -> Gist<'_> {
    Gist::of(event.kind, &event.payload)
}
