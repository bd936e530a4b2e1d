//! Series in `state.db`: a row for each minute of a source or a destination in which something happened.
//!
//! What attempts come to is summed up in memory and written with the first commit of the next second, or
//! when somebody asks: a destination that settles a hundred times a second changes its row once. How far
//! the attempts are summed up is written with the sums, so after a crash what is missing is made up from
//! the ledger, save how long after they were received events were delivered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::event::{EventKind, Identities};
use domain::id::{DestinationId, Seq, SourceId};
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::embedded::steady::Steady;
use crate::embedded::{limits, sqlite};
use crate::ledger::{AttemptRecord, Fate};
use crate::series::{
    DestinationSeries, Happenings, IntakeStep, MINUTE_MS, Points, Scope, SeriesPoint, SeriesQuery,
    Spread, ended_at, minute, minutes,
};

/// Minutes of sources and of destinations, and how far they are counted. What happened before there
/// were any is not made up.
pub const MINUTES: &str = "
    CREATE TABLE source_minutes (
        minute INTEGER NOT NULL,
        source TEXT NOT NULL,
        accepted INTEGER NOT NULL,
        rejected INTEGER NOT NULL,
        PRIMARY KEY (minute, source)
    ) WITHOUT ROWID;
    CREATE TABLE destination_minutes (
        destination INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        first_try INTEGER NOT NULL,
        on_retry INTEGER NOT NULL,
        gave_up INTEGER NOT NULL,
        expired INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        took BLOB NOT NULL,
        until_delivered BLOB NOT NULL,
        PRIMARY KEY (destination, minute)
    ) WITHOUT ROWID;
    CREATE INDEX destination_minutes_by_time ON destination_minutes (minute);
    CREATE TABLE counted (what TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO counted SELECT 'attempts', coalesce(max(id), 0) FROM attempts;
";

/// How often sums are written while there are any.
const INTERVAL: Duration = Duration::from_secs(1);

/// Sums by destination and minute.
pub type Sums = BTreeMap<(i64, i64), Happenings>;

/// What is summed up and not written.
pub struct Minutes {
    sums: Sums,
    /// The last attempt that is summed up.
    counted_to: i64,
    written: Instant,
    clock: Steady,
    rows_max: i64,
    /// Rows of destinations, as far as they are known: none until they are first written.
    rows: Option<i64>,
    rows_after: i64,
}

impl Minutes {
    /// Makes up what the last process has not written.
    pub fn open(connection: &Connection, rows_max: u64) -> rusqlite::Result<Self> {
        let counted: Option<i64> = counted(connection, "attempts")?;
        let mut minutes = Self {
            sums: Sums::new(),
            counted_to: counted.unwrap_or(i64::MAX),
            written: Instant::now(),
            clock: Steady::from(newest_minute(connection)?),
            rows_max: i64::try_from(rows_max).unwrap_or(i64::MAX),
            rows: None,
            rows_after: 0,
        };
        let mut select = connection.prepare(
            "SELECT id, destination, number, at, duration_us, status, fate FROM attempts
             WHERE id > ?1 AND replay IS NULL",
        )?;
        let mut rows = select.query([minutes.counted_to])?;
        while let Some(row) = rows.next()? {
            minutes.counted_to = row.get(0)?;
            add(&mut minutes.sums, row.get(1)?, &bare_attempt(row)?);
        }
        Ok(minutes)
    }

    /// Takes in what a commit has summed up, whose last attempt has this number.
    pub fn add(&mut self, sums: Sums, last: i64) {
        self.counted_to = last;
        for (key, happenings) in sums {
            self.sums.entry(key).or_default().merge(&happenings);
        }
    }

    /// Whether there is something to write, and it is time.
    pub fn is_due(&self) -> bool {
        self.any() && self.written.elapsed() >= INTERVAL
    }

    /// Whether there is something to write.
    pub fn any(&self) -> bool {
        !self.sums.is_empty()
    }

    /// Adds the sums to what is stored; answers how many rows that were.
    pub fn write(&mut self, connection: &Connection) -> rusqlite::Result<u64> {
        let known = self.rows.take();
        let mut new = 0;
        for (key, happenings) in &self.sums {
            new += merge(connection, *key, happenings)?;
        }
        count_to(connection, "attempts", self.counted_to)?;
        let rows = match known {
            Some(rows) => rows + new,
            None => rows_of_destinations(connection)?,
        };
        let newest = self.sums.keys().map(|(_, minute)| *minute).max().unwrap_or(0);
        let oldest = self.oldest(Timestamp(newest.saturating_mul(MINUTE_MS)));
        let gone = retain(connection, oldest, rows - self.rows_max)?;
        // Taken back where the transaction fails: then nobody has said that it is written.
        self.rows_after = rows - gone;
        Ok(self.sums.len() as u64 + gone.cast_unsigned())
    }

    /// Counts what came in, and removes what is too old; answers how many rows were counted.
    pub fn count(&mut self, connection: &Connection, step: &IntakeStep) -> rusqlite::Result<u64> {
        let accepted = step.accepted.iter().map(|(_, at, _)| *at);
        let newest = accepted.chain(step.rejected.iter().map(|(_, at, _)| *at)).max();
        if let Some(newest) = newest {
            let oldest = self.oldest(newest);
            let old = "DELETE FROM source_minutes WHERE minute < ?1";
            connection.prepare_cached(old)?.execute([oldest])?;
        }
        count(connection, step)
    }

    /// The oldest minute that is kept, where somebody says that it is `now`.
    fn oldest(&mut self, now: Timestamp) -> i64 {
        minute(self.clock.believe(now)) - limits::SERIES_MINUTES_MAX
    }

    /// What was to be written is committed.
    pub fn written(&mut self) {
        self.sums.clear();
        self.rows = Some(self.rows_after);
        self.written = Instant::now();
    }
}

/// Counts an attempt of a destination.
pub fn add(sums: &mut Sums, destination: i64, attempt: &AttemptRecord) {
    if attempt.replay.is_none() {
        let key = (destination, minute(ended_at(attempt)));
        sums.entry(key).or_default().count(attempt);
    }
}

/// Adds to a destination's minute; answers how many rows that made.
fn merge(
    connection: &Connection,
    (destination, minute): (i64, i64),
    happenings: &Happenings,
) -> rusqlite::Result<i64> {
    let mut select = connection.prepare_cached(
        "SELECT minute, first_try, on_retry, gave_up, expired, failed, took, until_delivered
         FROM destination_minutes WHERE destination = ?1 AND minute = ?2",
    )?;
    let stored = select.query_row((destination, minute), of_destination).optional()?;
    let new = i64::from(stored.is_none());
    let (_, mut sum) = stored.unwrap_or_default();
    sum.merge(happenings);
    let counts = [
        sum.delivered_first_try,
        sum.delivered_on_retry,
        sum.gave_up,
        sum.expired,
        sum.failed_attempts,
    ];
    let [first_try, on_retry, gave_up, expired, failed] = counts.map(u64::cast_signed);
    let spreads = (sum.took.to_bytes(), sum.until_delivered.to_bytes());
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO destination_minutes (destination, minute, first_try, on_retry,
                 gave_up, expired, failed, took, until_delivered)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            destination,
            minute,
            first_try,
            on_retry,
            gave_up,
            expired,
            failed,
            spreads.0,
            spreads.1,
        ))?;
    Ok(new)
}

fn rows_of_destinations(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM destination_minutes", [], |row| row.get(0))
}

/// Counts what came in; answers how many rows that were.
fn count(connection: &Connection, step: &IntakeStep) -> rusqlite::Result<u64> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO source_minutes (minute, source, accepted, rejected) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET
             accepted = accepted + excluded.accepted, rejected = rejected + excluded.rejected",
    )?;
    for (source, at, count) in &step.accepted {
        upsert.execute((minute(*at), source.as_str(), count.cast_signed(), 0))?;
    }
    for (source, at, count) in &step.rejected {
        let source = source.as_ref().map_or("", SourceId::as_str);
        upsert.execute((minute(*at), source, 0, count.cast_signed()))?;
    }
    if let Some(until) = step.counted_to {
        count_to(connection, "accepted", sqlite::from_seq(until))?;
    }
    Ok(1 + (step.accepted.len() + step.rejected.len()) as u64)
}

/// Up to where events are counted.
pub fn events_counted_to(connection: &Connection) -> rusqlite::Result<Option<Seq>> {
    Ok(counted(connection, "accepted")?.map(sqlite::to_seq))
}

/// Reads a series.
pub fn read(connection: &Connection, query: &SeriesQuery) -> rusqlite::Result<Vec<SeriesPoint>> {
    let transaction = connection.unchecked_transaction()?;
    let mut points = Points::of(query);
    match &query.scope {
        Scope::All => {
            of_sources(&transaction, query, None, &mut points)?;
            of_destinations(&transaction, query, None, &mut points)?;
        }
        Scope::Intake(source) => {
            of_sources(&transaction, query, source.as_ref(), &mut points)?;
        }
        Scope::Deliveries(destination) => {
            of_destinations(&transaction, query, destination.as_ref(), &mut points)?;
        }
    }
    Ok(points.all())
}

fn of_sources(
    connection: &Connection,
    query: &SeriesQuery,
    source: Option<&SourceId>,
    points: &mut Points,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(
        "SELECT minute, accepted, rejected FROM source_minutes
         WHERE minute >= ?1 AND minute < ?2 AND (?3 IS NULL OR source = ?3)",
    )?;
    let (from, to) = query.minutes();
    let mut rows = select.query((from, to, source.map(SourceId::as_str)))?;
    while let Some(row) = rows.next()? {
        let (accepted, rejected) = (number(row, 1)?, number(row, 2)?);
        points.add(row.get(0)?, &Happenings { accepted, rejected, ..Happenings::default() });
    }
    Ok(())
}

fn of_destinations(
    connection: &Connection,
    query: &SeriesQuery,
    destination: Option<&DestinationId>,
    points: &mut Points,
) -> rusqlite::Result<()> {
    let which = match destination {
        Some(_) => "destination = (SELECT key FROM destinations WHERE id = ?3)",
        None => "?3 IS NULL",
    };
    let mut select = connection.prepare_cached(&format!(
        "SELECT minute, first_try, on_retry, gave_up, expired, failed, took, until_delivered
         FROM destination_minutes WHERE minute >= ?1 AND minute < ?2 AND {which}"
    ))?;
    let (from, to) = query.minutes();
    let mut rows = select.query((from, to, destination.map(DestinationId::as_str)))?;
    while let Some(row) = rows.next()? {
        let (minute, happenings) = of_destination(row)?;
        points.add(minute, &happenings);
    }
    Ok(())
}

/// Reads the minutes of each destination.
pub fn read_by_destination(
    connection: &Connection,
    (from, to): (Timestamp, Timestamp),
) -> rusqlite::Result<DestinationSeries> {
    let mut select = connection.prepare_cached(
        "SELECT minute, first_try, on_retry, gave_up, expired, failed, took, until_delivered, id
         FROM destination_minutes JOIN destinations ON key = destination
         WHERE minute >= ?1 AND minute < ?2 ORDER BY minute",
    )?;
    let mut rows = select.query(minutes(from, to))?;
    let mut found = DestinationSeries::new();
    while let Some(row) = rows.next()? {
        let (minute, happenings) = of_destination(row)?;
        let id = DestinationId::new(row.get_ref(8)?.as_str()?);
        found.entry(id).or_default().push(SeriesPoint::of_minute(minute, happenings));
    }
    Ok(found)
}

/// A row of a destination's minute, from the minute on.
fn of_destination(row: &Row<'_>) -> rusqlite::Result<(i64, Happenings)> {
    let spread =
        |column| Ok::<_, rusqlite::Error>(Spread::from_bytes(row.get_ref(column)?.as_blob()?));
    let happenings = Happenings {
        delivered_first_try: number(row, 1)?,
        delivered_on_retry: number(row, 2)?,
        gave_up: number(row, 3)?,
        expired: number(row, 4)?,
        failed_attempts: number(row, 5)?,
        took: spread(6)?,
        until_delivered: spread(7)?,
        ..Happenings::default()
    };
    Ok((row.get(0)?, happenings))
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// The newest minute that is stored.
fn newest_minute(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let sql = "SELECT max(minute) FROM (SELECT max(minute) AS minute FROM source_minutes
         UNION ALL SELECT max(minute) FROM destination_minutes)";
    let newest: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(newest.map(|minute| Timestamp(minute.saturating_mul(MINUTE_MS))))
}

/// Removes minutes of destinations that are too old, and the oldest ones while there are rows too many;
/// answers how many rows went.
fn retain(connection: &Connection, oldest: i64, surplus: i64) -> rusqlite::Result<i64> {
    let mut delete =
        connection.prepare_cached("DELETE FROM destination_minutes WHERE minute < ?1")?;
    let mut gone = delete.execute([oldest])? as i64;
    let mut first = connection.prepare_cached("SELECT min(minute) FROM destination_minutes")?;
    for _ in 0..limits::SERIES_MINUTES_PER_STEP {
        if gone >= surplus {
            break;
        }
        let first: Option<i64> = first.query_row([], |row| row.get(0))?;
        gone += delete.execute([first.unwrap_or(0) + 1])? as i64;
    }
    Ok(gone)
}

fn counted(connection: &Connection, what: &str) -> rusqlite::Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT until FROM counted WHERE what = ?1")?;
    select.query_row([what], |row| row.get(0)).optional()
}

fn count_to(connection: &Connection, what: &str, until: i64) -> rusqlite::Result<()> {
    let mut put = connection
        .prepare_cached("INSERT OR REPLACE INTO counted (what, until) VALUES (?1, ?2)")?;
    put.execute((what, until))?;
    Ok(())
}

/// An attempt, as far as a series counts it.
fn bare_attempt(row: &Row<'_>) -> rusqlite::Result<AttemptRecord> {
    Ok(AttemptRecord {
        destination: DestinationId::new(""),
        seq: Seq(0),
        kind: EventKind::Other,
        whose: Identities::default(),
        received_at: None,
        number: row.get(2)?,
        at: Timestamp(row.get(3)?),
        duration_us: row.get(4)?,
        status: row.get(5)?,
        fate: Fate::from_code(row.get(6)?).unwrap_or(Fate::Expired),
        reason: String::new(),
        detail: String::new(),
        trace: domain::delivery::Trace::default(),
        replay: None,
    })
}
