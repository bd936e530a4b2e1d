//! The state's writer: the one thread that commits settlements and rejections.
//!
//! It lets what comes in within a few milliseconds gather and commits it at once, so that a busy
//! destination costs some rows and not some transactions. What a commit changes beside those rows
//! (counters, cursors, the sparse index) is summed up first and written once per destination.
//!
//! Failures are handled as the journal's: only a full disk passes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::trace::{Phases, Trace};
use domain::id::{DestinationId, Seq, SourceId};
use rusqlite::Connection;
use tokio::sync::watch;

use super::answers::Answers;
use super::command::{Command, Edit, Read};
use super::issues::Issues;
use super::keys::Keys;
use super::minutes::{self, Minutes};
use super::open;
use super::replays::{self, Ending};
use super::sums::Sums;
use super::trace::Remote;
use crate::embedded::alarm::Alarm;
use crate::embedded::checkpointer::Wal;
use crate::embedded::inbox::{ClosesInbox, Inbox};
use crate::embedded::trust::Trust;
use crate::embedded::{limits, sqlite};
use crate::error::StorageError;
use crate::ledger::{AttemptRecord, FilteredCount, RejectionRecord};
use crate::replays::OpenReplays;
use crate::schedule::{OpenDelivery, Reader, Settlement};

/// Bounds of the writer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a settlement waits for company.
    pub linger: Duration,
    /// Rows of attempts kept, to the next block.
    pub ledger_rows_max: u64,
    /// Rows of rejections of sources kept.
    pub rejections_max: u64,
    /// Rows of rejections of nobody known kept.
    pub sourceless_rejections_max: u64,
    /// Rows of minutes of destinations kept.
    pub series_rows_max: u64,
}

/// The one that writes.
pub struct Writer {
    connection: Connection,
    commands: Arc<Inbox<Command>>,
    wal: Wal,
    limits: Limits,
    trust: Trust,
    keys: Keys,
    answers: Answers,
    issues: Issues,
    minutes: Minutes,
    rows: Rows,
    replays: watch::Sender<OpenReplays>,
    /// Replays that have ended and may have open deliveries left.
    endings: VecDeque<Ending>,
}

/// Where the tables that grow begin and end.
#[derive(Clone, Copy)]
struct Rows {
    oldest_block: i64,
    next_attempt: i64,
    /// Upwards from 1.
    next_rejection: i64,
    /// Downwards from -1.
    next_sourceless: i64,
}

impl Writer {
    /// Takes over a file.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn open(
        connection: Connection,
        commands: Arc<Inbox<Command>>,
        wal: Wal,
        limits: Limits,
        alarm: Alarm,
    ) -> rusqlite::Result<Self> {
        let rows = Rows::read(&connection)?;
        let (keys, answers) = (Keys::default(), Answers::default());
        let (issues, minutes) =
            (Issues::default(), Minutes::open(&connection, limits.series_rows_max)?);
        let trust = Trust::new(&connection, alarm);
        let left = replays::half_ended(&connection)?.into_iter();
        let endings = left.map(|id| Ending { id, waiting: None }).collect();
        let replays = watch::Sender::new(replays::open(&connection)?);
        Ok(Self {
            connection,
            commands,
            wal,
            limits,
            trust,
            keys,
            answers,
            issues,
            minutes,
            rows,
            replays,
            endings,
        })
    }

    /// Replays that have not ended, as they change.
    pub fn open_replays(&self) -> watch::Receiver<OpenReplays> {
        self.replays.subscribe()
    }

    /// Serves its inbox until that is closed and everything in it is answered.
    pub fn run(mut self) {
        let commands = Arc::clone(&self.commands);
        let _closes = ClosesInbox(&*commands);
        while self.is_busy() || commands.wait() {
            commands.linger(self.limits.linger, limits::SETTLE_BYTES_MAX);
            let (mut changes, mut edits, mut reads) = (Vec::new(), Vec::new(), Vec::new());
            let mut flushes = Vec::new();
            for command in commands.take(limits::SETTLE_BYTES_MAX) {
                match command {
                    Command::Read(read) => reads.push(read),
                    Command::Edit(edit) => edits.push(edit),
                    Command::Flush(then) => flushes.push(then),
                    change => changes.push(change),
                }
            }
            self.commit(changes);
            for edit in edits {
                self.edit(edit);
            }
            for read in reads {
                self.read(read);
            }
            for then in flushes {
                then(self.flush());
            }
            self.end_some();
        }
        for (replay, reply) in self.endings.drain(..).filter_map(|ending| ending.waiting) {
            // The next start goes on with what is left of it.
            let _ = reply.send(Ok(Some(replay)));
        }
        // Where it fails, the next start makes it up.
        let _ = self.flush();
        let failure = self.failure();
        sqlite::close_writer(self.connection, failure.as_ref());
    }

    /// Whether there is work to do even if nothing waits in the inbox.
    fn is_busy(&self) -> bool {
        !self.endings.is_empty() && !self.commands.is_finished()
    }

    fn failure(&self) -> Option<StorageError> {
        self.trust.failure(&self.wal)
    }

    fn commit(&mut self, changes: Vec<Command>) {
        if changes.is_empty() {
            return;
        }
        let committed = match self.failure() {
            Some(failure) => Err(failure),
            None => self.commit_all(&changes),
        };
        for change in changes {
            let (Command::Settle { reply, .. }
            | Command::Forget { reply, .. }
            | Command::Count { reply, .. }
            | Command::Reject { reply, .. }) = change
            else {
                continue;
            };
            // Whoever forgot the receipt does not want the answer.
            let _ = reply.send(committed.clone());
        }
    }

    /// Writes what is summed up.
    fn flush(&mut self) -> Result<(), StorageError> {
        match self.failure() {
            Some(failure) => Err(failure),
            None if self.minutes.any() => self.commit_all(&[]),
            None => Ok(()),
        }
    }

    fn commit_all(&mut self, changes: &[Command]) -> Result<(), StorageError> {
        let rows_before = self.rows;
        let result = self.transact(changes);
        if result.is_err() {
            // The transaction is undone, and the numbers given away in it with it.
            self.rows = rows_before;
            self.keys = Keys::default();
            self.answers = Answers::default();
            self.issues = Issues::default();
        }
        let rows = self.trust.judge("committing settlements", result)?;
        let bytes = rows * 128 + self.answers.stored_bytes() + 8 * sqlite::PAGE_BYTES;
        let reported = self.wal.wrote(&self.connection, bytes);
        self.trust.judge_checkpoint(reported)
    }

    fn transact(&mut self, changes: &[Command]) -> rusqlite::Result<u64> {
        let writes_minutes = changes.is_empty() || self.minutes.is_due();
        let transaction = self.connection.unchecked_transaction()?;
        let written = if writes_minutes { self.minutes.write(&transaction)? } else { 0 };
        let mut step = Transact {
            connection: &transaction,
            keys: &mut self.keys,
            answers: &mut self.answers,
            issues: &mut self.issues,
            rows: &mut self.rows,
            sums: Sums::default(),
        };
        step.answers.begin_commit();
        for change in changes {
            match change {
                Command::Settle { settlement, .. } => step.settle(settlement)?,
                Command::Forget { destination, .. } => step.forget(destination)?,
                Command::Reject { rejections, .. } => step.reject(rejections)?,
                Command::Count { step: counted, .. } => {
                    step.sums.rows += self.minutes.count(&transaction, counted)?;
                }
                Command::Edit(_) | Command::Read(_) | Command::Flush(_) => {}
            }
        }
        step.sums.write(&transaction)?;
        step.sums.rows += step.issues.write(&transaction)?;
        step.retain(&self.limits)?;
        let Sums { rows, minutes, .. } = step.sums;
        transaction.commit()?;
        if writes_minutes {
            self.minutes.written();
        }
        self.minutes.add(minutes, self.rows.next_attempt - 1);
        Ok(rows + written)
    }

    /// Whoever forgot the receipt does not want the answer.
    fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Make { plan, expected, at, reply } => {
                let _ = reply.send(self.turn(|db| replays::make(db, &plan, expected, at)));
            }
            Edit::Turn { id, to, at, reply } => {
                match self.turn(|db| replays::turn(db, id, to, at)) {
                    Ok(Some(replay)) if !replay.state.is_open() => {
                        self.endings.push_back(Ending { id, waiting: Some((replay, reply)) });
                    }
                    turned => _ = reply.send(turned),
                }
            }
            Edit::Mark { id, mark, reply } => {
                let marked = self.change("marking an issue", |own, db| own.mark(db, id, mark));
                let _ = reply.send(marked);
            }
        }
    }

    /// Removes what is open of a replay that has ended, in steps between which others have their turn.
    fn end_some(&mut self) {
        let Some(id) = self.endings.front().map(|ending| ending.id) else { return };
        let step = self.change("ending a replay", |_, db| replays::give_up_some(db, id));
        if matches!(step, Ok(true)) {
            return;
        }
        let ended = self.endings.pop_front().and_then(|ending| ending.waiting);
        if let Some((replay, reply)) = ended {
            let _ = reply.send(step.map(|_| Some(replay)));
        }
    }

    /// Changes replays, and tells those who follow them.
    fn turn<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        let changed = self.change("changing a replay", |_, db| change(db))?;
        let open = self.reading(replays::open)?;
        self.replays.send_if_modified(|known| {
            let is_news = *known != open;
            *known = open;
            is_news
        });
        Ok(changed)
    }

    fn change<T>(
        &mut self,
        operation: &'static str,
        change: impl FnOnce(&mut Issues, &Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let changed = change(&mut self.issues, &self.connection);
        if changed.is_err() {
            // What is known of issues may be what was not written.
            self.issues = Issues::default();
        }
        let changed = self.trust.judge(operation, changed)?;
        let reported = self.wal.wrote(&self.connection, 8 * sqlite::PAGE_BYTES);
        self.trust.judge_checkpoint(reported)?;
        Ok(changed)
    }

    /// Whoever forgot the receipt does not want the answer.
    fn read(&self, read: Read) {
        match read {
            Read::Load { reader, reply } => {
                let _ = reply.send(self.reading(|db| open::load(db, &reader)));
            }
            Read::Progress { reader, reply } => {
                let _ = reply.send(self.reading(|db| open::progress(db, &reader)));
            }
            Read::Destinations { reply } => {
                let _ = reply.send(self.reading(open::destinations));
            }
            Read::Unshelve { reader, line, rows_max, reply } => {
                let found = self.reading(|db| open::line(db, &reader, line, rows_max));
                let _ = reply.send(found);
            }
            Read::Counted { reply } => {
                let _ = reply.send(self.reading(minutes::events_counted_to));
            }
            Read::Replays { only, rows_max, reply } => {
                let _ = reply.send(self.reading(|db| replays::list(db, only, rows_max)));
            }
        }
    }

    fn reading<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let failed =
            |error| sqlite::failed("reading a schedule", &sqlite::file_of(&self.connection), error);
        read(&self.connection).map_err(failed)
    }
}

/// One transaction on its way.
struct Transact<'a> {
    connection: &'a Connection,
    keys: &'a mut Keys,
    answers: &'a mut Answers,
    issues: &'a mut Issues,
    rows: &'a mut Rows,
    sums: Sums,
}

impl Transact<'_> {
    fn settle(&mut self, settlement: &Settlement) -> rusqlite::Result<()> {
        // A replay's attempts are all of one destination.
        let own = match &settlement.reader {
            Reader::Destination(id) => Some(id),
            Reader::Replay(_) => settlement.attempts.first().map(|attempt| &attempt.destination),
        };
        let own = match own {
            Some(id) => Some((id, self.keys.destination(self.connection, id)?)),
            None => None,
        };
        let key = match settlement.reader {
            // What has ended stays as it ended; what was sent meanwhile was sent all the same.
            Reader::Replay(id) if !replays::is_open(self.connection, id)? => None,
            Reader::Replay(id) => Some(open::replay_key(id)),
            Reader::Destination(_) => own.map(|(_, key)| key),
        };
        if let Some(key) = key {
            self.move_on(key, settlement)?;
        }
        let Some(own) = own else { return Ok(()) };
        self.record(own, &settlement.attempts)?;
        let last = self.rows.next_attempt - 1;
        self.issues.settled(self.connection, (own, last), settlement)
    }

    fn forget(&mut self, destination: &DestinationId) -> rusqlite::Result<()> {
        let destination = self.keys.destination(self.connection, destination)?;
        for delete in [
            "DELETE FROM open_deliveries WHERE destination = ?1",
            "DELETE FROM cursors WHERE destination = ?1",
        ] {
            self.sums.rows +=
                self.connection.prepare_cached(delete)?.execute([destination])? as u64;
        }
        self.issues.forget(self.connection, destination)
    }

    fn move_on(&mut self, key: i64, settlement: &Settlement) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO cursors (destination, cursor) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET cursor = max(cursor, excluded.cursor)",
            )?
            .execute((key, sqlite::from_seq(settlement.cursor)))?;
        self.open(key, &settlement.opened)?;
        self.close(key, &settlement.closed)?;
        for FilteredCount { reason, count } in &settlement.filtered {
            let Some(reason) = self.keys.reason(self.connection, reason)? else { continue };
            match settlement.reader {
                Reader::Destination(_) => {
                    *self.sums.filtered.entry((key, reason)).or_default() += count;
                }
                Reader::Replay(id) => self.sums.replays.pass(id, reason, *count),
            }
        }
        Ok(())
    }

    fn open(&mut self, destination: i64, opened: &[OpenDelivery]) -> rusqlite::Result<()> {
        let mut put = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO open_deliveries
                 (destination, seq, kind, user_hash, anonymous_hash, attempts,
                  first_attempt_at, due, reason, shelved, status)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for delivery in opened {
            put.execute((
                destination,
                sqlite::from_seq(delivery.seq),
                delivery.kind as u8,
                open::hash_code(delivery.identities.user),
                open::hash_code(delivery.identities.anonymous),
                delivery.attempts,
                delivery.first_attempt_at.map(|at| at.0),
                delivery.due.0,
                self.keys.reason(self.connection, &delivery.reason)?,
                delivery.is_shelved,
                delivery.status,
            ))?;
        }
        self.sums.rows += opened.len() as u64;
        Ok(())
    }

    fn close(&mut self, destination: i64, closed: &[Seq]) -> rusqlite::Result<()> {
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM open_deliveries WHERE destination = ?1 AND seq = ?2")?;
        for seq in closed {
            delete.execute((destination, sqlite::from_seq(*seq)))?;
        }
        self.sums.rows += closed.len() as u64;
        Ok(())
    }

    /// Records attempts, which mostly are those of the destination that settles.
    fn record(
        &mut self,
        (own, own_key): (&DestinationId, i64),
        attempts: &[AttemptRecord],
    ) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO attempts (id, destination, seq, kind, number, at, duration_us, status,
                 fate, reason, detail, first_byte_us, remote, answer, issue, replay)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
                 ?16)",
        )?;
        for attempt in attempts {
            let destination = match &attempt.destination {
                id if id == own => own_key,
                id => self.keys.destination(self.connection, id)?,
            };
            let id = self.rows.next_attempt;
            let reason = self.keys.reason(self.connection, &attempt.reason)?;
            let kind = (destination, reason);
            let issue = self.issues.failed(self.connection, kind, id, attempt)?;
            let Trace { phases, remote, .. } = &attempt.trace;
            insert.execute((
                id,
                destination,
                sqlite::from_seq(attempt.seq),
                attempt.kind as u8,
                attempt.number,
                attempt.at.0,
                attempt.duration_us,
                attempt.status,
                attempt.fate as u8,
                reason,
                Some(&attempt.detail).filter(|detail| !detail.is_empty()),
                phases.first_byte_us,
                remote.map(Remote::from),
                self.answers.key(self.connection, (destination, id), attempt)?,
                issue,
                attempt.replay.map(|id| id.0.cast_signed()),
            ))?;
            self.record_connect(id, phases)?;
            self.rows.next_attempt += 1;
            self.sums.add(destination, id, attempt);
        }
        Ok(())
    }

    /// Records what a new connection took; most attempts need none.
    fn record_connect(&self, attempt: i64, phases: &Phases) -> rusqlite::Result<()> {
        let Phases { resolve_us, connect_us, tls_us, .. } = phases;
        if (resolve_us, connect_us, tls_us) == (&None, &None, &None) {
            return Ok(());
        }
        self.connection
            .prepare_cached(
                "INSERT INTO connects (attempt, resolve_us, connect_us, tls_us)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((attempt, resolve_us, connect_us, tls_us))?;
        Ok(())
    }

    fn reject(&mut self, rejections: &[RejectionRecord]) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO rejections (id, at, source, reason, detail, sample)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for one in rejections {
            let source = one.source.as_ref().map(SourceId::as_str);
            let id = self.rows.take_rejection(source);
            insert.execute((id, one.at.0, source, &one.reason, &one.detail, &one.sample))?;
        }
        self.sums.rows += rejections.len() as u64;
        Ok(())
    }

    /// Removes the oldest rows beyond the bounds, at least as fast as they come in.
    fn retain(&mut self, limits: &Limits) -> rusqlite::Result<()> {
        let rows_max = i64::try_from(limits.ledger_rows_max).unwrap_or(i64::MAX);
        let keep_from = block_of(self.rows.next_attempt.saturating_sub(rows_max));
        let blocks_max = 1 + block_of(self.sums.rows.cast_signed());
        let end = keep_from.min(self.rows.oldest_block + blocks_max);
        if end > self.rows.oldest_block {
            let first = end << limits::BLOCK_BITS;
            for delete in
                ["DELETE FROM attempts WHERE id < ?1", "DELETE FROM connects WHERE attempt < ?1"]
            {
                self.connection.prepare_cached(delete)?.execute([first])?;
            }
            self.connection.prepare_cached("DELETE FROM spans WHERE block < ?1")?.execute([end])?;
            self.answers.retain(self.connection, end)?;
            self.issues.retain(self.connection, first)?;
            self.rows.oldest_block = end;
        }
        let rows = |max| i64::try_from(max).unwrap_or(i64::MAX);
        let known = self.rows.next_rejection.saturating_sub(rows(limits.rejections_max));
        self.connection
            .prepare_cached("DELETE FROM rejections WHERE id > 0 AND id < ?1")?
            .execute([known])?;
        let strange = self.rows.next_sourceless;
        let strange = strange.saturating_add(rows(limits.sourceless_rejections_max));
        self.connection
            .prepare_cached("DELETE FROM rejections WHERE id < 0 AND id > ?1")?
            .execute([strange])?;
        Ok(())
    }
}

impl Rows {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        Ok(Self {
            oldest_block: block_of(number("SELECT min(id) FROM attempts")?.unwrap_or(0)),
            next_attempt: number("SELECT max(id) FROM attempts")?.map_or(1, |id| id + 1),
            next_rejection: number("SELECT max(id) FROM rejections WHERE id > 0")?
                .map_or(1, |id| id + 1),
            next_sourceless: number("SELECT min(id) FROM rejections WHERE id < 0")?
                .map_or(-1, |id| id - 1),
        })
    }

    /// The next number of its kind.
    fn take_rejection(&mut self, source: Option<&str>) -> i64 {
        let (next, step) = match source {
            Some(_) => (&mut self.next_rejection, 1),
            None => (&mut self.next_sourceless, -1),
        };
        let id = *next;
        *next += step;
        id
    }
}

/// The block of the ledger's sparse index that a row belongs to.
pub(super) fn block_of(id: i64) -> i64 {
    id >> limits::BLOCK_BITS
}
