//! Replays as rows: what was asked for as JSON, how far it is, and what was counted.

use std::collections::HashMap;
use std::sync::Arc;

use domain::id::ReplayId;
use domain::limits::REPLAYS_ENDED_MAX;
use domain::replay::{ReplayPlan, ReplayState};
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::ledger::count;
use super::open::replay_key;
use crate::embedded::{limits, sqlite};
use crate::ledger::{AttemptRecord, FilteredCount};
use crate::receipt::Reply;
use crate::replays::{OpenReplays, Replay, ReplayCounts};

/// Replays, and which attempts were made for one. What was given up has an index by destination, as it
/// is what replays look for.
pub const REPLAYS: &str = "
    CREATE TABLE replays (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        plan TEXT NOT NULL,
        state INTEGER NOT NULL,
        made_at INTEGER NOT NULL,
        ended_at INTEGER,
        expected INTEGER,
        delivered INTEGER NOT NULL DEFAULT 0,
        retries INTEGER NOT NULL DEFAULT 0,
        gave_up INTEGER NOT NULL DEFAULT 0,
        expired INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE replay_passed (
        replay INTEGER NOT NULL,
        reason INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (replay, reason)
    ) WITHOUT ROWID;
    ALTER TABLE attempts ADD COLUMN replay INTEGER;
    CREATE INDEX attempts_of_replays ON attempts (seq) WHERE replay IS NOT NULL;
    CREATE INDEX attempts_given_up ON attempts (destination, seq) WHERE fate = 3;
";

/// A replay that has ended and may have open deliveries left.
pub struct Ending {
    /// Its number.
    pub id: ReplayId,
    /// The replay as it ended, and who waits until nothing of it is open; nobody after a start.
    pub waiting: Option<(Replay, Reply<Option<Replay>>)>,
}

/// What one transaction adds up of replays before it writes it.
#[derive(Default)]
pub struct Sums {
    counts: HashMap<ReplayId, ReplayCounts>,
    /// By replay and reason.
    passed: HashMap<(ReplayId, i64), u64>,
}

impl Sums {
    /// Counts an attempt of a replay.
    pub fn add(&mut self, replay: ReplayId, attempt: &AttemptRecord) {
        self.counts.entry(replay).or_default().count(attempt.fate);
    }

    /// Counts events that a replay has passed over for a reason.
    pub fn pass(&mut self, replay: ReplayId, reason: i64, count: u64) {
        *self.passed.entry((replay, reason)).or_default() += count;
    }

    /// Adds all of it to what is stored.
    pub fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut update = connection.prepare_cached(
            "UPDATE replays SET delivered = delivered + ?2, retries = retries + ?3,
                 gave_up = gave_up + ?4, expired = expired + ?5 WHERE id = ?1",
        )?;
        for (id, counts) in &self.counts {
            let counts = [counts.delivered, counts.retries, counts.gave_up, counts.expired];
            let [delivered, retries, gave_up, expired] = counts.map(u64::cast_signed);
            update.execute((id.0.cast_signed(), delivered, retries, gave_up, expired))?;
        }
        let mut upsert = connection.prepare_cached(
            "INSERT INTO replay_passed (replay, reason, count) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for ((id, reason), count) in &self.passed {
            upsert.execute((id.0.cast_signed(), reason, count.cast_signed()))?;
        }
        Ok(())
    }
}

/// Whether a replay has not ended.
pub fn is_open(connection: &Connection, id: ReplayId) -> rusqlite::Result<bool> {
    let state = connection
        .prepare_cached("SELECT state FROM replays WHERE id = ?1")?
        .query_row([id.0.cast_signed()], |row| row.get(0))
        .optional()?;
    Ok(state.and_then(ReplayState::from_code).is_some_and(ReplayState::is_open))
}

/// Makes a replay.
pub fn make(
    connection: &Connection,
    plan: &ReplayPlan,
    expected: Option<u64>,
    at: Timestamp,
) -> rusqlite::Result<Replay> {
    let text = serde_json::to_string(plan).map_err(no_text)?;
    let transaction = connection.unchecked_transaction()?;
    transaction
        .prepare_cached(
            "INSERT INTO replays (plan, state, made_at, expected) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((text, ReplayState::Running as u8, at.0, expected.map(u64::cast_signed)))?;
    let id = ReplayId(transaction.last_insert_rowid().cast_unsigned());
    forget_old(&transaction)?;
    let made = list(&transaction, Some(id), 1)?.pop();
    transaction.commit()?;
    made.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Removes those that ended long ago.
fn forget_old(connection: &Connection) -> rusqlite::Result<()> {
    let ended = "SELECT id FROM replays WHERE state NOT IN (1, 2) ORDER BY id DESC LIMIT -1 OFFSET";
    for delete in [
        format!("DELETE FROM cursors WHERE -destination IN ({ended} {REPLAYS_ENDED_MAX})"),
        format!("DELETE FROM replay_passed WHERE replay IN ({ended} {REPLAYS_ENDED_MAX})"),
        format!("DELETE FROM replays WHERE id IN ({ended} {REPLAYS_ENDED_MAX})"),
    ] {
        connection.prepare_cached(&delete)?.execute([])?;
    }
    Ok(())
}

/// Brings a replay that has not ended to another state. The open deliveries of one that ends are left to
/// [`give_up_some`].
pub fn turn(
    connection: &Connection,
    id: ReplayId,
    to: ReplayState,
    at: Timestamp,
) -> rusqlite::Result<Option<Replay>> {
    let transaction = connection.unchecked_transaction()?;
    if is_open(&transaction, id)? {
        let ended_at = (!to.is_open()).then_some(at.0);
        transaction
            .prepare_cached("UPDATE replays SET state = ?2, ended_at = ?3 WHERE id = ?1")?
            .execute((id.0.cast_signed(), to as u8, ended_at))?;
    }
    let turned = list(&transaction, Some(id), 1)?.pop();
    transaction.commit()?;
    Ok(turned)
}

/// Removes open deliveries of a replay that has ended, a bounded number of them; whether there may be
/// more.
pub fn give_up_some(connection: &Connection, id: ReplayId) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM open_deliveries WHERE destination = ?1 AND seq IN
                 (SELECT seq FROM open_deliveries WHERE destination = ?1 ORDER BY seq LIMIT ?2)",
        )?
        .execute((replay_key(id), limits::GIVEN_UP_PER_STEP))?;
    Ok(removed as u64 == u64::from(limits::GIVEN_UP_PER_STEP))
}

/// Replays that have ended and still have open deliveries: the process has ended before it came to them.
pub fn half_ended(connection: &Connection) -> rusqlite::Result<Vec<ReplayId>> {
    let mut select = connection.prepare(
        "SELECT id FROM replays WHERE state NOT IN (1, 2)
             AND EXISTS (SELECT 1 FROM open_deliveries WHERE destination = -replays.id)",
    )?;
    let ids = select.query_map([], |row| Ok(ReplayId(row.get::<_, i64>(0)?.cast_unsigned())))?;
    ids.collect()
}

/// The newest replays, newest first.
pub fn list(
    connection: &Connection,
    only: Option<ReplayId>,
    rows_max: u32,
) -> rusqlite::Result<Vec<Replay>> {
    let mut select = connection.prepare_cached(
        "SELECT r.id, r.plan, r.state, r.made_at, r.ended_at, r.expected, c.cursor,
             r.delivered, r.retries, r.gave_up, r.expired
         FROM replays r LEFT JOIN cursors c ON c.destination = -r.id
         WHERE r.id = coalesce(?1, r.id) ORDER BY r.id DESC LIMIT ?2",
    )?;
    let rows = select.query_map((only.map(|id| id.0.cast_signed()), rows_max), replay)?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    for replay in &mut found {
        replay.counts.passed = passed(connection, replay.id)?;
    }
    Ok(found)
}

/// Those that have not ended, oldest first.
pub fn open(connection: &Connection) -> rusqlite::Result<OpenReplays> {
    let mut select = connection.prepare_cached(
        "SELECT id, plan, state, made_at, ended_at, expected, NULL, 0, 0, 0, 0
         FROM replays WHERE state IN (1, 2) ORDER BY id",
    )?;
    let rows = select.query_map([], |row| Ok(replay(row)?.followed()))?;
    rows.collect()
}

fn replay(row: &Row<'_>) -> rusqlite::Result<Replay> {
    let state: u8 = row.get(2)?;
    let unknown = || rusqlite::Error::IntegralValueOutOfRange(2, i64::from(state));
    let plan: ReplayPlan = serde_json::from_str(row.get_ref(1)?.as_str()?).map_err(no_text)?;
    let cursor: Option<i64> = row.get(6)?;
    Ok(Replay {
        id: ReplayId(row.get::<_, i64>(0)?.cast_unsigned()),
        state: ReplayState::from_code(state).ok_or_else(unknown)?,
        made_at: Timestamp(row.get(3)?),
        ended_at: row.get::<_, Option<i64>>(4)?.map(Timestamp),
        expected: row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned),
        cursor: cursor.map_or(plan.scope.first, sqlite::to_seq),
        plan: Arc::new(plan),
        counts: ReplayCounts {
            delivered: count(row, 7)?,
            retries: count(row, 8)?,
            gave_up: count(row, 9)?,
            expired: count(row, 10)?,
            passed: Vec::new(),
        },
    })
}

fn passed(connection: &Connection, id: ReplayId) -> rusqlite::Result<Vec<FilteredCount>> {
    let mut select = connection.prepare_cached(
        "SELECT r.code, p.count FROM replay_passed p JOIN reasons r ON r.key = p.reason
         WHERE p.replay = ?1 ORDER BY r.code",
    )?;
    let rows = select.query_map([id.0.cast_signed()], |row| {
        Ok(FilteredCount { reason: row.get(0)?, count: count(row, 1)? })
    })?;
    rows.collect()
}

fn no_text(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::state;

    #[test]
    fn what_is_open_goes_in_bounded_steps() {
        let dir = tempfile::tempdir().unwrap();
        let connection = state::open_file(&dir.path().join(state::FILE)).unwrap();
        connection
            .execute(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + 7)
                 INSERT INTO open_deliveries (destination, seq, kind, user_hash, anonymous_hash,
                     attempts, due) SELECT -3, i, 1, i, i, 1, 1 FROM n",
                [limits::GIVEN_UP_PER_STEP],
            )
            .unwrap();
        let left = || -> i64 {
            let count = "SELECT count(*) FROM open_deliveries";
            connection.query_row(count, [], |row| row.get(0)).unwrap()
        };
        assert!(!give_up_some(&connection, ReplayId(4)).unwrap(), "that of another");
        assert!(give_up_some(&connection, ReplayId(3)).unwrap());
        assert_eq!(left(), 7);
        assert!(!give_up_some(&connection, ReplayId(3)).unwrap());
        assert_eq!(left(), 0);
    }
}
