//! A copy of `journal.db`, made frame by frame while somebody writes to the original.
//!
//! Each step reads a few frames, so that the original's log can start over in between. Nothing of
//! the copy is durable before the end, which is when it is synced as a whole.

use std::path::Path;

use domain::id::Seq;
use domain::limits::RESTORE_SKIP;
use rusqlite::{Connection, OptionalExtension};

use super::writer::{next_place, set_meta};
use super::{STEPS, skips};
use crate::embedded::{limits, sqlite};
use crate::journal::SeqRange;

/// A copy on its way.
pub struct Copy {
    connection: Connection,
    /// Where the last frame that was copied begins.
    at: i64,
    frames: u64,
}

impl Copy {
    /// Begins a copy at `path`, where no file is yet, of the file with this read-only name.
    pub fn begin(path: &Path, original: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(limits::BUSY_TIMEOUT)?;
        let page_bytes = sqlite::PAGE_BYTES;
        connection.execute_batch(&format!(
            "PRAGMA page_size = {page_bytes};
             PRAGMA auto_vacuum = INCREMENTAL;
             PRAGMA main.journal_mode = OFF;
             PRAGMA synchronous = OFF;"
        ))?;
        sqlite::take_steps(&connection, &STEPS)?;
        connection.execute("ATTACH ?1 AS original", [original])?;
        Ok(Self { connection, at: -1, frames: 0 })
    }

    /// Copies the frames that the original has now and the copy has not. What comes meanwhile is not
    /// waited for: a busy server adds frames as fast as they are copied.
    pub fn catch_up(&mut self) -> rusqlite::Result<()> {
        let sql = "SELECT max(first_seq) FROM original.frames";
        let last: Option<i64> = self.connection.query_row(sql, [], |row| row.get(0))?;
        while last.is_some_and(|last| self.at < last)
            && let Some(end) = self.end_of_step()?
        {
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO main.frames SELECT first_seq, last_seq, committed_at, sources, body
                 FROM original.frames WHERE first_seq > ?1 AND first_seq <= ?2 ORDER BY first_seq",
            )?;
            self.frames += insert.execute((self.at, end))? as u64;
            self.at = end;
        }
        Ok(())
    }

    /// Where the last frame of the next step begins; none where there is no more.
    fn end_of_step(&self) -> rusqlite::Result<Option<i64>> {
        let mut heads = self.connection.prepare_cached(
            "SELECT first_seq, length(body) FROM original.frames WHERE first_seq > ?1
             ORDER BY first_seq LIMIT ?2",
        )?;
        let mut rows = heads.query((self.at, limits::COPY_FRAMES_PER_STEP))?;
        let (mut end, mut bytes) = (None, 0);
        while let Some(row) = rows.next()? {
            if bytes >= limits::COPY_BYTES_PER_STEP {
                break;
            }
            end = Some(row.get(0)?);
            bytes += row.get::<_, i64>(1)?;
        }
        Ok(end)
    }

    /// Copies what else is known of the places; to be called when all frames are copied.
    pub fn finish(&self) -> rusqlite::Result<()> {
        if self.connection.table_exists(Some("original"), "skips")? {
            self.connection.execute("INSERT INTO main.skips SELECT * FROM original.skips", [])?;
        }
        self.connection
            .execute("INSERT OR REPLACE INTO main.meta SELECT key, value FROM original.meta", [])?;
        Ok(())
    }

    /// Makes the copy go on behind every place that the original may have given away meanwhile, and
    /// behind `next_min`, so many times [`RESTORE_SKIP`] further; answers the place that the next event
    /// will get.
    pub fn skip(&self, next_min: Seq, times: u64) -> rusqlite::Result<Seq> {
        let first = next_place(&self.connection)?.max(next_min);
        let next = first.plus(RESTORE_SKIP.saturating_mul(times));
        skips::add(&self.connection, SeqRange { first, last: Seq(next.0 - 1) })?;
        set_meta(&self.connection, "next_seq_min", next)?;
        Ok(next)
    }

    /// How many frames were copied, and from which place to which.
    pub fn extent(&self) -> rusqlite::Result<(u64, Option<SeqRange>)> {
        let place = |order: &str, column: &str| {
            let sql =
                format!("SELECT {column} FROM main.frames ORDER BY first_seq {order} LIMIT 1");
            let place = self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
            place.optional()
        };
        let (first, last) = (place("ASC", "first_seq")?, place("DESC", "last_seq")?);
        let range = first.zip(last).map(|(first, last)| SeqRange {
            first: sqlite::to_seq(first),
            last: sqlite::to_seq(last),
        });
        Ok((self.frames, range))
    }
}
