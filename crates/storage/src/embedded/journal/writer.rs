//! The journal's writer: the one thread that adds frames and removes them.
//!
//! It packs whatever waits into one frame, stores it in one commit, and answers everybody. There
//! is no timer: while a sync runs, the next frame fills by itself. A frame is shown to readers
//! before its receipts are answered, so whoever has an answer can read.
//!
//! A commit that fails ends the writer's trust in the file (J6): the kernel may have dropped the
//! pages that it could not write, so a second sync that succeeds would prove nothing. Only a full
//! disk is different: SQLite has undone the commit, and later ones may fit.
//!
//! Trims go in small steps between frames, so that intake never waits for a long one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::event::NewEvent;
use domain::id::Seq;
use rusqlite::{Connection, OptionalExtension};

use super::Shared;
use super::heads::{self, COLUMNS, Head};
use super::stock::{pages, used_bytes};
use crate::embedded::alarm::Alarm;
use crate::embedded::checkpointer::Wal;
use crate::embedded::inbox::{ClosesInbox, Inbox};
use crate::embedded::trust::Trust;
use crate::embedded::{limits, sqlite};
use crate::error::StorageError;
use crate::frame::Frame;
use crate::journal::SeqRange;
use crate::receipt::Reply;
use crate::tail::Tail;

/// What the writer is asked to do.
pub enum Command {
    /// Store a batch.
    Append {
        /// Its events.
        events: Vec<NewEvent>,
        /// Who waits for it.
        reply: Reply<SeqRange>,
    },
    /// Remove the oldest frames.
    Trim {
        /// How many.
        until: Until,
        /// Who waits for it.
        reply: Reply<Seq>,
    },
}

/// How far a trim goes.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// Frames whose events all stand before this place.
    Place(Seq),
    /// So many that the rest takes at most so many bytes of the file.
    Bytes(u64),
}

/// Bounds of the writer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one frame, unless one batch alone is larger.
    pub frame_bytes_max: usize,
    /// Bytes of the tail.
    pub tail_bytes_max: usize,
    /// Bytes of the file, beyond which the disk counts as full.
    pub file_bytes_max: Option<u64>,
}

/// The one that writes.
pub struct Writer {
    connection: Connection,
    commands: Arc<Inbox<Command>>,
    shared: Arc<Shared>,
    wal: Wal,
    limits: Limits,
    trust: Trust,
    next: Seq,
    trims: VecDeque<Trim>,
    is_vacuuming: bool,
}

struct Batch {
    events: Vec<NewEvent>,
    reply: Reply<SeqRange>,
}

struct Trim {
    until: Until,
    reply: Reply<Seq>,
}

/// How far one step of a trim came.
enum Step {
    More,
    Done { first_left: Seq },
}

impl Writer {
    /// Takes over a file; places begin at `next_min` or later.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn open(
        connection: Connection,
        (commands, alarm): (Arc<Inbox<Command>>, Alarm),
        wal: Wal,
        limits: Limits,
        next_min: Seq,
    ) -> rusqlite::Result<Self> {
        if let Some(bytes) = limits.file_bytes_max {
            let pages = i64::try_from(bytes / sqlite::PAGE_BYTES).unwrap_or(i64::MAX);
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        }
        let next = next_place(&connection)?.max(next_min);
        let head = tokio::sync::watch::Sender::new(next);
        let news = Arc::new(Inbox::new("journal news", 1));
        let shared = Arc::new(Shared { tail: Tail::new(next, limits.tail_bytes_max), head, news });
        let trust = Trust::new(&connection, alarm);
        Ok(Self {
            connection,
            commands,
            shared,
            wal,
            limits,
            trust,
            next,
            trims: VecDeque::new(),
            is_vacuuming: false,
        })
    }

    /// What the writer shows to the others.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Serves its inbox until that is closed and everything in it is answered.
    pub fn run(mut self) {
        let commands = Arc::clone(&self.commands);
        let _closes = ClosesInbox(&*commands);
        while self.is_busy() || commands.wait() {
            let batches = self.take();
            if !batches.is_empty() {
                self.store(batches);
            }
            self.trim_step();
            self.vacuum_step();
        }
        let failure = self.failure();
        sqlite::close_writer(self.connection, failure.as_ref());
    }

    fn failure(&self) -> Option<StorageError> {
        self.trust.failure(&self.wal)
    }

    /// Whether there is work to do even if nothing waits in the inbox.
    fn is_busy(&self) -> bool {
        !self.trims.is_empty() || (self.is_vacuuming && !self.commands.is_finished())
    }

    fn take(&mut self) -> Vec<Batch> {
        let mut batches = Vec::new();
        for command in self.commands.take(self.limits.frame_bytes_max) {
            match command {
                Command::Append { events, reply } => batches.push(Batch { events, reply }),
                Command::Trim { until, reply } => self.trims.push_back(Trim { until, reply }),
            }
        }
        batches
    }

    fn store(&mut self, batches: Vec<Batch>) {
        let stored = match self.failure() {
            Some(failure) => Err(failure),
            None => self.store_frame(&batches),
        };
        let mut first = self.next;
        match stored {
            Ok(frame) => {
                self.next = frame.last().next();
                self.shared.tail.push(Arc::new(frame));
                self.shared.head.send_replace(self.next);
                // Where it is full already, the indexer has not come to look yet.
                let _ = self.shared.news.push((), 1);
                for Batch { events, reply } in batches {
                    let next = first.plus(events.len() as u64);
                    // Whoever forgot the receipt does not want the answer.
                    let _ = reply.send(Ok(SeqRange { first, last: Seq(next.0 - 1) }));
                    first = next;
                }
            }
            Err(error) => {
                for batch in batches {
                    let _ = batch.reply.send(Err(error.clone()));
                }
            }
        }
    }

    fn store_frame(&mut self, batches: &[Batch]) -> Result<Frame, StorageError> {
        let events = batches.iter().flat_map(|batch| batch.events.iter());
        let frame = Frame::encode(self.next, events);
        let inserted = self.insert(&frame);
        self.trust.judge("appending events", inserted)?;
        self.wrote(frame.bytes_len() as u64)?;
        Ok(frame)
    }

    fn insert(&self, frame: &Frame) -> rusqlite::Result<()> {
        let sources = heads::list(frame)?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO frames (first_seq, last_seq, committed_at, sources, body)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let (first, last) = (sqlite::from_seq(frame.first()), sqlite::from_seq(frame.last()));
        insert.execute((first, last, now_ms(), sources, &frame.body()[..]))?;
        Ok(())
    }

    fn wrote(&mut self, bytes: u64) -> Result<(), StorageError> {
        let reported = self.wal.wrote(&self.connection, bytes + 2 * sqlite::PAGE_BYTES);
        self.trust.judge_checkpoint(reported)
    }

    fn trim_step(&mut self) {
        let Some(until) = self.trims.front().map(|trim| trim.until) else { return };
        let result = match self.failure() {
            Some(failure) => Err(failure),
            None => {
                let step = self.trim_some(until);
                self.trust.judge("trimming the journal", step)
            }
        };
        let answer = match result {
            Ok(Step::More) => return,
            Ok(Step::Done { first_left }) => {
                self.is_vacuuming = true;
                Ok(first_left)
            }
            Err(error) => Err(error),
        };
        if let Some(trim) = self.trims.pop_front() {
            let _ = trim.reply.send(answer);
        }
    }

    /// Removes the oldest frames, a bounded number of them.
    fn trim_some(&mut self, until: Until) -> rusqlite::Result<Step> {
        let (removable, step) = self.removable(until)?;
        let Some(last) = removable else { return Ok(step) };
        let transaction = self.connection.unchecked_transaction()?;
        transaction
            .prepare_cached("DELETE FROM frames WHERE first_seq <= ?1")?
            .execute([sqlite::from_seq(last)])?;
        set_meta(&transaction, "next_seq_min", self.next)?;
        set_meta(&transaction, "trimmed_before", last.next())?;
        transaction.commit()?;
        self.shared.tail.trim(last.next());
        self.wal.wrote(&self.connection, limits::TRIM_BYTES_PER_STEP / 64)?;
        Ok(step)
    }

    /// The last place of the frames to remove in one step, and whether more are to be removed.
    fn removable(&self, until: Until) -> rusqlite::Result<(Option<Seq>, Step)> {
        let excess = match until {
            Until::Place(_) => u64::MAX,
            Until::Bytes(bytes_max) => used_bytes(&self.connection)?.saturating_sub(bytes_max),
        };
        let sql = format!("SELECT {COLUMNS} FROM frames ORDER BY first_seq");
        let mut oldest = self.connection.prepare_cached(&sql)?;
        let mut rows = oldest.query([])?;
        let (mut removable, mut count, mut bytes) = (None, 0, 0);
        while let Some(row) = rows.next()? {
            let Head { first, last, body_bytes, .. } = Head::of(&self.connection, row, self.next)?;
            let is_kept = match until {
                Until::Place(before) => last >= before,
                Until::Bytes(_) => bytes >= excess,
            };
            if is_kept {
                return Ok((removable, Step::Done { first_left: first }));
            }
            let is_full =
                count == limits::TRIM_FRAMES_PER_STEP || bytes >= limits::TRIM_BYTES_PER_STEP;
            if is_full {
                return Ok((removable, Step::More));
            }
            removable = Some(last);
            count += 1;
            bytes += body_bytes as u64;
        }
        Ok((removable, Step::Done { first_left: self.next }))
    }

    /// Gives unused pages back to the file system, while there are far more than appends will use.
    fn vacuum_step(&mut self) {
        if !self.is_vacuuming {
            return;
        }
        self.is_vacuuming = false;
        if self.failure().is_some() || !self.trims.is_empty() {
            return;
        }
        let result = self.vacuum_some();
        if let Ok(more) = self.trust.judge("giving space back", result) {
            self.is_vacuuming = more;
        }
    }

    fn vacuum_some(&mut self) -> rusqlite::Result<bool> {
        let (free, all) = pages(&self.connection)?;
        if free < limits::FREE_PAGES_MIN || free < all / 4 {
            return Ok(false);
        }
        give_back(&self.connection, limits::VACUUM_PAGES_PER_STEP)?;
        let moved = u64::from(limits::VACUUM_PAGES_PER_STEP) * sqlite::PAGE_BYTES;
        self.wal.wrote(&self.connection, moved)?;
        Ok(true)
    }
}

/// Gives so many unused pages back, in one commit. The statement answers a row for each of them, and
/// moves the next one when it is asked for another.
fn give_back(connection: &Connection, pages: u32) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    {
        let mut vacuum =
            transaction.prepare_cached(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut moved = vacuum.query([])?;
        while moved.next()?.is_some() {}
    }
    transaction.commit()
}

/// The place after every place that was ever given away, as far as the file knows.
pub fn next_place(connection: &Connection) -> rusqlite::Result<Seq> {
    let newest = format!("SELECT {COLUMNS} FROM frames ORDER BY first_seq DESC LIMIT 1");
    let after_last = connection.query_row(&newest, [], Head::place_after).optional()?;
    let next_min: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE key = 'next_seq_min'", [], |row| row.get(0))
        .optional()?;
    Ok(after_last.unwrap_or(Seq::FIRST).max(next_min.map_or(Seq::FIRST, sqlite::to_seq)))
}

/// Notes a place under a name.
pub fn set_meta(connection: &Connection, key: &str, seq: Seq) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute((key, sqlite::from_seq(seq)))?;
    Ok(())
}

fn now_ms() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_gives_back_all_its_pages() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE rows (body BLOB);
                 INSERT INTO rows VALUES (zeroblob(4000000)); DELETE FROM rows;",
            )
            .unwrap();
        let (before, _) = pages(&connection).unwrap();
        give_back(&connection, 256).unwrap();
        assert_eq!(pages(&connection).unwrap().0, before - 256);
    }
}
