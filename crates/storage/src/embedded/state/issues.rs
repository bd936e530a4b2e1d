//! Issues in `state.db`: a book for each destination that had a failure lately, as it is stored.
//!
//! A book is read when its destination settles for the first time, and written where it has changed,
//! in the commit of the attempts that changed it. A destination that only delivers costs a look into
//! an empty book.

use std::collections::HashMap;

use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::embedded::sqlite;
use crate::issues::{Book, Entry, Issue, IssueQuery, Mark, Ruling, Trend, has_issue};
use crate::ledger::{AttemptRecord, Fate};
use crate::schedule::{Reader, Settlement};

/// Issues, whom they touched, and what belongs to them. Attempts of older versions belong to none.
pub const ISSUES: &str = "
    CREATE TABLE issues (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        destination INTEGER NOT NULL,
        reason INTEGER NOT NULL,
        status INTEGER NOT NULL,
        is_mixed INTEGER NOT NULL,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        last_failure INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        gave_up INTEGER NOT NULL,
        expired INTEGER NOT NULL,
        waiting INTEGER NOT NULL,
        users INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        detail TEXT NOT NULL,
        reopened INTEGER NOT NULL,
        resolved_at INTEGER,
        UNIQUE (destination, reason, status)
    );
    CREATE TABLE issue_users (
        issue INTEGER NOT NULL,
        user INTEGER NOT NULL,
        PRIMARY KEY (issue, user)
    ) WITHOUT ROWID;
    ALTER TABLE attempts ADD COLUMN issue INTEGER;
    CREATE INDEX attempts_by_issue ON attempts (issue, fate) WHERE issue IS NOT NULL;
    ALTER TABLE open_deliveries ADD COLUMN status INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE spans ADD COLUMN at_min INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE spans ADD COLUMN at_max INTEGER NOT NULL DEFAULT 9223372036854775807;
";

/// How they come, hour by hour, and what people say of them; of older versions nothing is known.
pub const MARKS: &str = "
    ALTER TABLE issues ADD COLUMN trend BLOB NOT NULL DEFAULT x'';
    ALTER TABLE issues ADD COLUMN ruling INTEGER;
    ALTER TABLE issues ADD COLUMN marked_at INTEGER;
    ALTER TABLE issues ADD COLUMN marked_by TEXT;
    ALTER TABLE issues ADD COLUMN note TEXT;
";

const COLUMNS: &str = "i.id, d.id, r.code, i.status, i.first_at, i.last_at, i.failed, i.gave_up,
    i.expired, i.waiting, i.users, i.sample, i.detail, i.reopened, i.resolved_at, i.trend, i.ruling,
    i.marked_at, i.marked_by, i.note";
const COLUMNS_OF_ISSUE: usize = 20;
const TABLES: &str = "issues i JOIN destinations d ON d.key = i.destination
    JOIN reasons r ON r.key = i.reason";

/// The books that were opened; only what is committed is kept.
#[derive(Default)]
pub struct Issues {
    books: HashMap<i64, Book>,
}

impl Issues {
    /// Counts a failure before its row is written under `place`; the issue it belongs to, none where
    /// the attempt is no failure that counts.
    pub fn failed(
        &mut self,
        connection: &Connection,
        (destination, reason): (i64, Option<i64>),
        place: i64,
        attempt: &AttemptRecord,
    ) -> rusqlite::Result<Option<i64>> {
        let (true, Some(reason)) = (has_issue(attempt), reason) else { return Ok(None) };
        let entry = self.book(connection, destination)?.failed(place.cast_unsigned(), attempt);
        if entry.issue.id == 0 {
            entry.issue.id = insert(connection, (destination, reason), entry)?;
        }
        Ok(Some(entry.issue.id.cast_signed()))
    }

    /// A destination has settled, its latest attempt being written under `last`.
    pub fn settled(
        &mut self,
        connection: &Connection,
        ((own, destination), last): ((&DestinationId, i64), i64),
        settlement: &Settlement,
    ) -> rusqlite::Result<()> {
        let Settlement { attempts, waiting, .. } = settlement;
        let book = self.book(connection, destination)?;
        if !book.any_open() {
            return Ok(());
        }
        let mut newest = attempts.iter().rev().zip(0_i64..);
        let success = newest
            .find(|(attempt, _)| attempt.fate == Fate::Delivered && attempt.destination == *own);
        if let Some((attempt, back)) = success {
            book.delivered((last - back).cast_unsigned(), attempt.at);
        }
        if let (Some(waiting), Reader::Destination(_)) = (waiting, &settlement.reader) {
            book.wait(waiting);
        }
        book.resolve();
        Ok(())
    }

    /// Nothing waits any more at a destination that is forgotten.
    pub fn forget(&mut self, connection: &Connection, destination: i64) -> rusqlite::Result<()> {
        self.book(connection, destination)?.close();
        Ok(())
    }

    /// Writes what has changed; how many rows that were.
    pub fn write(&mut self, connection: &Connection) -> rusqlite::Result<u64> {
        let entries = self.books.values_mut().flat_map(|book| &mut book.entries);
        let mut rows = 0;
        for entry in entries.filter(|entry| entry.is_changed || entry.is_mark_changed) {
            rows += 1 + write_users(connection, entry)?;
            if entry.is_changed {
                update(connection, entry)?;
            }
            if entry.is_mark_changed {
                update_mark(connection, &entry.issue)?;
            }
            (entry.is_changed, entry.is_mark_changed) = (false, false);
        }
        Ok(rows)
    }

    /// Writes down what somebody says of an issue; the issue as it is then, none where there is none.
    pub fn mark(
        &mut self,
        connection: &Connection,
        id: u64,
        mark: Option<Mark>,
    ) -> rusqlite::Result<Option<Issue>> {
        let mut select =
            connection.prepare_cached("SELECT destination FROM issues WHERE id = ?1")?;
        let destination = select.query_row([id.cast_signed()], |row| row.get(0)).optional()?;
        let Some(destination) = destination else { return Ok(None) };
        let Some(entry) = self.book(connection, destination)?.mark(id, mark) else {
            return Ok(None);
        };
        update_mark(connection, &entry.issue)?;
        entry.is_mark_changed = false;
        Ok(Some(entry.issue.clone()))
    }

    /// Removes the issues whose attempts are all gone, unless something waits, or they are ignored.
    pub fn retain(&mut self, connection: &Connection, first: i64) -> rusqlite::Result<()> {
        let mut delete = connection.prepare_cached(
            "DELETE FROM issues
             WHERE last_failure < ?1 AND waiting = 0 AND ruling IS NOT ?2 RETURNING id",
        )?;
        let mut of_issue = connection.prepare_cached("DELETE FROM issue_users WHERE issue = ?1")?;
        let gone = delete.query_map((first, Ruling::Ignored as u8), |row| row.get::<_, i64>(0))?;
        for id in gone.collect::<Result<Vec<_>, _>>()? {
            of_issue.execute([id])?;
        }
        for book in self.books.values_mut() {
            book.entries.retain(|entry| entry.outlives(first.cast_unsigned()));
        }
        Ok(())
    }

    fn book(&mut self, connection: &Connection, destination: i64) -> rusqlite::Result<&mut Book> {
        use std::collections::hash_map::Entry::{Occupied, Vacant};
        match self.books.entry(destination) {
            Occupied(known) => Ok(known.into_mut()),
            Vacant(place) => Ok(place.insert(read(connection, destination)?)),
        }
    }
}

fn read(connection: &Connection, destination: i64) -> rusqlite::Result<Book> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, i.is_mixed, i.last_failure FROM {TABLES}
         WHERE i.destination = ?1 ORDER BY i.id"
    ))?;
    let rows = select.query_map([destination], |row| {
        Ok(Entry {
            issue: issue(row)?,
            is_mixed: row.get(COLUMNS_OF_ISSUE)?,
            last_failure: number(row, COLUMNS_OF_ISSUE + 1)?,
            touched: std::collections::BTreeSet::new(),
            is_changed: false,
            is_mark_changed: false,
        })
    })?;
    rows.collect::<Result<_, _>>().map(Book::of)
}

fn insert(
    connection: &Connection,
    (destination, reason): (i64, i64),
    entry: &Entry,
) -> rusqlite::Result<u64> {
    let Issue { status, first_at, .. } = entry.issue;
    connection
        .prepare_cached(
            "INSERT INTO issues (destination, reason, status, is_mixed, first_at, last_at,
                 last_failure, failed, gave_up, expired, waiting, users, sample, detail, reopened)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0, 0, 0, 0, 0, 0, 0, '', 0)",
        )?
        .execute((destination, reason, status, entry.is_mixed, first_at.0))?;
    Ok(connection.last_insert_rowid().cast_unsigned())
}

/// Writes whom an issue touched, as far as there is room; how many were new.
fn write_users(connection: &Connection, entry: &mut Entry) -> rusqlite::Result<u64> {
    let mut put = connection.prepare_cached("INSERT OR IGNORE INTO issue_users VALUES (?1, ?2)")?;
    let mut rows = 0;
    for user in std::mem::take(&mut entry.touched) {
        if entry.issue.users == limits::ISSUE_USERS_MAX {
            break;
        }
        let new = put.execute((entry.issue.id.cast_signed(), user.cast_signed()))? as u64;
        entry.issue.users += new;
        rows += new;
    }
    Ok(rows)
}

fn update(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let Entry { issue, is_mixed, last_failure, .. } = entry;
    let counts = [issue.failed, issue.gave_up, issue.expired, issue.waiting, issue.users];
    let [failed, gave_up, expired, waiting, users] = counts.map(u64::cast_signed);
    connection
        .prepare_cached(
            "UPDATE issues SET is_mixed = ?2, first_at = ?3, last_at = ?4, last_failure = ?5,
                 failed = ?6, gave_up = ?7, expired = ?8, waiting = ?9, users = ?10, sample = ?11,
                 detail = ?12, reopened = ?13, resolved_at = ?14, trend = ?15
             WHERE id = ?1",
        )?
        .execute((
            issue.id.cast_signed(),
            is_mixed,
            issue.first_at.0,
            issue.last_at.0,
            last_failure.cast_signed(),
            failed,
            gave_up,
            expired,
            waiting,
            users,
            sqlite::from_seq(issue.sample),
            &issue.detail,
            issue.reopened.cast_signed(),
            issue.resolved_at.map(|at| at.0),
            issue.trend.to_bytes(),
        ))?;
    Ok(())
}

fn update_mark(connection: &Connection, issue: &Issue) -> rusqlite::Result<()> {
    let mark = issue.mark.as_ref();
    connection
        .prepare_cached(
            "UPDATE issues SET ruling = ?2, marked_at = ?3, marked_by = ?4, note = ?5 WHERE id = ?1",
        )?
        .execute((
            issue.id.cast_signed(),
            mark.map(|mark| mark.ruling as u8),
            mark.map(|mark| mark.at.0),
            mark.map(|mark| &mark.by),
            mark.map(|mark| &mark.note),
        ))?;
    Ok(())
}

/// The number of the state of an issue, as [`IssueState`] numbers them.
const STATE: &str =
    "CASE WHEN i.ruling = 3 THEN 3 WHEN i.ruling = 2 OR i.resolved_at IS NOT NULL THEN 2
    WHEN i.ruling = 1 THEN 1 ELSE 0 END";

/// The issues that are asked for, those that came last first.
pub fn list(connection: &Connection, query: &IssueQuery) -> rusqlite::Result<Vec<Issue>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES}
         WHERE i.id = coalesce(?1, i.id) AND d.id = coalesce(?2, d.id) AND (?3 >> ({STATE})) & 1
         ORDER BY i.last_at DESC, i.id DESC LIMIT ?4"
    ))?;
    let bits = query.states.iter().fold(0, |bits, state| bits | 1 << *state as u8);
    let params = (
        query.id.map(u64::cast_signed),
        query.destination.as_ref().map(DestinationId::as_str),
        if query.states.is_empty() { i64::MAX } else { bits },
        query.rows_max,
    );
    select.query_map(params, issue)?.collect()
}

fn issue(row: &Row<'_>) -> rusqlite::Result<Issue> {
    Ok(Issue {
        id: number(row, 0)?,
        destination: DestinationId::new(row.get::<_, String>(1)?),
        reason: row.get(2)?,
        status: row.get(3)?,
        first_at: Timestamp(row.get(4)?),
        last_at: Timestamp(row.get(5)?),
        failed: number(row, 6)?,
        gave_up: number(row, 7)?,
        expired: number(row, 8)?,
        waiting: number(row, 9)?,
        users: number(row, 10)?,
        sample: Seq(number(row, 11)?),
        detail: row.get(12)?,
        reopened: number(row, 13)?,
        resolved_at: row.get::<_, Option<i64>>(14)?.map(Timestamp),
        trend: Trend::from_bytes(row.get_ref(15)?.as_blob()?),
        mark: mark(row)?,
    })
}

fn mark(row: &Row<'_>) -> rusqlite::Result<Option<Mark>> {
    let code: Option<u8> = row.get(16)?;
    let Some(ruling) = code.and_then(Ruling::from_code) else { return Ok(None) };
    let (at, by, note) = (Timestamp(row.get(17)?), row.get(18)?, row.get(19)?);
    Ok(Some(Mark { ruling, at, by, note }))
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}
