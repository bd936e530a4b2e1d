//! The journal's readers: threads that read frames back from the disk for lagging destinations, and say
//! what there is.
//!
//! A read walks the rows from the one that holds the place asked for. Rows without a wanted source
//! are passed over without touching their body. What is missing or damaged on the way becomes a
//! gap, so that a reader always comes past it.

use std::sync::Arc;

use domain::id::Seq;
use rusqlite::Connection;

use super::heads::{COLUMNS, Head};
use super::stock::stock;
use super::{Shared, skips};
use crate::embedded::inbox::Inbox;
use crate::embedded::{limits, sqlite};
use crate::error::StorageError;
use crate::frame::Decoded;
use crate::journal::{Chunk, Gap, GapReason, SeqRange, Stock, Wanted};
use crate::receipt::Reply;

/// What a reader is asked.
pub enum Query {
    /// For events.
    Read(Read),
    /// What is there.
    Stock {
        /// Who waits for it.
        reply: Reply<Stock>,
    },
}

/// A read that the tail could not serve.
pub struct Read {
    /// From which place on.
    pub from: Seq,
    /// Which sources.
    pub wanted: Wanted,
    /// About how much.
    pub bytes_max: usize,
    /// Who waits for it.
    pub reply: Reply<Chunk>,
}

/// One thread's connection.
pub struct Reader {
    /// A connection of its own.
    pub connection: Connection,
    /// What it serves.
    pub queries: Arc<Inbox<Query>>,
    /// What the writer shows.
    pub shared: Arc<Shared>,
}

impl Reader {
    /// Answers until the inbox is closed and empty. Whoever forgot a receipt does not want the answer.
    pub fn run(self) {
        while let Some(query) = self.queries.take_one() {
            match query {
                Query::Read(Read { from, wanted, bytes_max, reply }) => {
                    let chunk = Walk::new(from, bytes_max).run(&self, &wanted);
                    let _ = reply.send(self.answer("reading events back", chunk));
                }
                Query::Stock { reply } => {
                    let head = *self.shared.head.borrow();
                    let stock = stock(&self.connection, head);
                    let _ = reply.send(self.answer("looking at the journal", stock));
                }
            }
        }
    }

    fn answer<T>(&self, what: &'static str, found: rusqlite::Result<T>) -> Result<T, StorageError> {
        found.map_err(|error| sqlite::failed(what, &sqlite::file_of(&self.connection), error))
    }
}

/// A read on its way.
struct Walk {
    chunk: Chunk,
    bytes: usize,
    bytes_max: usize,
}

impl Walk {
    fn new(from: Seq, bytes_max: usize) -> Self {
        let chunk = Chunk { frames: Vec::new(), gaps: Vec::new(), next: from };
        Self { chunk, bytes: 0, bytes_max }
    }

    fn run(mut self, reader: &Reader, wanted: &Wanted) -> rusqlite::Result<Chunk> {
        // Taken before the transaction begins, which therefore sees every event before it.
        let head = *reader.shared.head.borrow();
        let transaction = reader.connection.unchecked_transaction()?;
        let is_at_end = self.walk(&transaction, wanted, head)?;
        if is_at_end {
            self.pass_missing(head);
        }
        self.forget_skips(&transaction)?;
        Ok(self.chunk)
    }

    /// Takes places that no event ever had out of the gaps.
    fn forget_skips(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.chunk.gaps.iter().all(|gap| gap.reason != GapReason::Trimmed) {
            return Ok(());
        }
        let skips = skips::skips(connection)?;
        let left = |Gap { range, reason }| {
            let ranges = match reason {
                GapReason::Trimmed => skips::without(range, &skips),
                GapReason::Quarantined => vec![range],
            };
            ranges.into_iter().map(move |range| Gap { range, reason })
        };
        self.chunk.gaps = std::mem::take(&mut self.chunk.gaps).into_iter().flat_map(left).collect();
        Ok(())
    }

    /// Reads rows until the chunk is full; true where there are no more.
    fn walk(
        &mut self,
        connection: &Connection,
        wanted: &Wanted,
        end: Seq,
    ) -> rusqlite::Result<bool> {
        let from = sqlite::from_seq(self.chunk.next);
        let mut heads = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM frames
             WHERE first_seq >= coalesce(
                 (SELECT max(first_seq) FROM frames WHERE first_seq <= ?1), ?1)
             ORDER BY first_seq LIMIT ?2",
        ))?;
        let mut rows = heads.query((from, limits::ROWS_PER_READ_MAX as i64))?;
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            looked_at += 1;
            if !self.visit(connection, &Head::of(connection, row, end)?, wanted)? {
                return Ok(false);
            }
        }
        Ok(looked_at < limits::ROWS_PER_READ_MAX)
    }

    /// Takes in one row; false where the chunk is full without it.
    fn visit(
        &mut self,
        connection: &Connection,
        head: &Head,
        wanted: &Wanted,
    ) -> rusqlite::Result<bool> {
        if head.last < self.chunk.next {
            return Ok(true);
        }
        if !head.may_have(|sources| wanted.touches(sources)) {
            self.pass_missing(head.first);
            self.chunk.next = head.last.next();
            return Ok(true);
        }
        if !self.chunk.frames.is_empty() && self.bytes + head.body_bytes > self.bytes_max {
            return Ok(false);
        }
        let decoded = head.read(connection)?;
        self.pass_missing(head.first);
        self.bytes += head.body_bytes;
        self.take_in(decoded);
        Ok(true)
    }

    fn take_in(&mut self, Decoded { frame, damaged }: Decoded) {
        let from = self.chunk.next;
        for range in damaged.into_iter().filter(|range| range.last >= from) {
            let range = SeqRange { first: range.first.max(from), last: range.last };
            self.chunk.gaps.push(Gap { range, reason: GapReason::Quarantined });
        }
        self.chunk.next = frame.last().next();
        if frame.events().next().is_some() {
            self.chunk.frames.push(Arc::new(frame));
        }
    }

    /// Reports the places before `next` as missing, where any were not read yet.
    fn pass_missing(&mut self, next: Seq) {
        if self.chunk.next < next {
            let range = SeqRange { first: self.chunk.next, last: Seq(next.0 - 1) };
            self.chunk.gaps.push(Gap { range, reason: GapReason::Trimmed });
            self.chunk.next = next;
        }
    }
}
