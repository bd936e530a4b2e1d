//! The ledger's queries: a thread that searches on a connection of its own.
//!
//! Which way a search takes depends on what is asked for; the layout of `state.db` says what there
//! is to take. Every way is bounded by the number of blocks it has to scan, and stops as soon as
//! enough rows are found.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::event::EventKind;
use domain::id::{DestinationId, SourceId};
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::trace;
use crate::embedded::inbox::Inbox;
use crate::embedded::{limits, sqlite};
use crate::ledger::{
    AttemptQuery, AttemptRecord, Depth, Fate, FilteredCount, RejectionRecord, Totals,
};
use crate::receipt::Reply;

/// What the ledger is asked.
pub enum Query {
    /// For attempts.
    Attempts {
        /// Which.
        query: AttemptQuery,
        /// Who waits for them.
        reply: Reply<Vec<AttemptRecord>>,
    },
    /// For rejections.
    Rejections {
        /// How many.
        rows_max: u32,
        /// Who waits for them.
        reply: Reply<Vec<RejectionRecord>>,
    },
    /// For counts.
    Totals {
        /// Who waits for them.
        reply: Reply<Vec<Totals>>,
    },
}

/// The one that searches.
pub struct Queries {
    /// A connection of its own.
    pub connection: Connection,
    /// What it serves.
    pub inbox: Arc<Inbox<Query>>,
}

impl Queries {
    /// Serves queries until the inbox is closed and empty.
    pub fn run(self) {
        while let Some(query) = self.inbox.take_one() {
            // Whoever forgot the receipt does not want the answer.
            match query {
                Query::Attempts { query, reply } => {
                    let found = Search::run(&self.connection, &query);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::Rejections { rows_max, reply } => {
                    let found = rejections(&self.connection, rows_max);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::Totals { reply } => {
                    let found = totals(&self.connection);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
            }
        }
    }
}

/// A search for attempts, inside a transaction so that all its steps see one moment.
struct Search<'a> {
    connection: &'a Connection,
    destination: Option<i64>,
    fate: Option<i64>,
    rows_max: usize,
    depth: Depth,
}

/// The columns that [`Search::rows`] reads, with the row's number first; those of the trace follow.
const COLUMNS: &str = "a.id, d.id, a.seq, a.kind, a.number, a.at, a.duration_us, a.status, a.fate,
    coalesce(r.code, ''), coalesce(a.detail, '')";
const COLUMNS_BEFORE_TRACE: usize = 11;

/// The beginning of every search, whose attempts are found by `index` where one is named.
fn select(depth: Depth, index: Option<&str>) -> String {
    let index = index.map(|index| format!("INDEXED BY {index}")).unwrap_or_default();
    let (answer, answers) = match depth {
        Depth::Row => ("NULL, NULL", ""),
        Depth::Answer => ("w.headers, w.body", "LEFT JOIN answers w ON w.key = a.answer"),
    };
    format!(
        "SELECT {COLUMNS}, {}, {answer} FROM attempts a {index}
         JOIN destinations d ON d.key = a.destination
         LEFT JOIN reasons r ON r.key = a.reason
         LEFT JOIN connects c ON c.attempt = a.id {answers}",
        trace::COLUMNS
    )
}

type Found = Vec<(i64, AttemptRecord)>;

impl<'a> Search<'a> {
    fn run(
        connection: &'a Connection,
        query: &AttemptQuery,
    ) -> rusqlite::Result<Vec<AttemptRecord>> {
        let transaction = connection.unchecked_transaction()?;
        let destination = match &query.destination {
            None => None,
            Some(id) => match destination_key(&transaction, id)? {
                None => return Ok(Vec::new()),
                key => key,
            },
        };
        let search = Search {
            connection: &transaction,
            destination,
            fate: query.fate.map(|fate| i64::from(fate as u8)),
            rows_max: usize::try_from(query.rows_max).unwrap_or(usize::MAX),
            depth: query.depth,
        };
        let found = match (query.seq, query.fate) {
            (Some(seq), _) => search.by_seq(sqlite::from_seq(seq)),
            (None, Some(Fate::Retry | Fate::GaveUp | Fate::Expired)) => search.by_fate(),
            (None, Some(Fate::Delivered)) => search.by_block(),
            (None, None) if destination.is_some() => search.by_block(),
            (None, None) => search.newest(),
        }?;
        Ok(found.into_iter().map(|(_, attempt)| attempt).collect())
    }

    fn newest(&self) -> rusqlite::Result<Found> {
        let sql = format!("{} ORDER BY a.id DESC LIMIT ?1", self.select(None));
        self.rows(&sql, [self.limit()])
    }

    /// What was not delivered has an index of its own.
    fn by_fate(&self) -> rusqlite::Result<Found> {
        let index = match self.destination {
            Some(_) => "attempts_by_destination_and_fate",
            None => "attempts_by_fate",
        };
        let of_destination = match self.destination {
            Some(_) => "AND a.destination = ?2",
            None => "AND ?2 IS NULL",
        };
        let sql = format!(
            "{} WHERE a.fate <> 1 AND a.fate = ?1 {of_destination} ORDER BY a.id DESC LIMIT ?3",
            self.select(Some(index))
        );
        self.rows(&sql, (self.fate, self.destination, self.limit()))
    }

    /// Scans the newest blocks that hold anything of what is asked for, until enough is found.
    fn by_block(&self) -> rusqlite::Result<Found> {
        let delivered_min = i64::from(self.fate.is_some());
        let mut blocks = match self.destination {
            Some(_) => self.connection.prepare_cached(
                "SELECT block FROM spans WHERE destination = ?1 AND delivered >= ?2
                 ORDER BY block DESC",
            )?,
            None => self.connection.prepare_cached(
                "SELECT DISTINCT block FROM spans INDEXED BY spans_by_block
                 WHERE ?1 IS NULL AND delivered >= ?2 ORDER BY block DESC",
            )?,
        };
        let mut rows = blocks.query((self.destination, delivered_min))?;
        let mut found = Found::new();
        while let Some(row) = rows.next()? {
            if found.len() >= self.rows_max {
                break;
            }
            self.scan(row.get(0)?, None, &mut found)?;
        }
        Ok(found)
    }

    /// Scans the blocks where the event may have been delivered at once; all else of it is indexed.
    fn by_seq(&self, seq: i64) -> rusqlite::Result<Found> {
        let mut blocks = self.connection.prepare_cached(
            "SELECT DISTINCT block FROM spans WHERE seq_min <= ?1 AND seq_max >= ?1
                 AND destination = coalesce(?2, destination)
             ORDER BY block DESC",
        )?;
        let mut rows = blocks.query((seq, self.destination))?;
        let mut found = Found::new();
        while let Some(row) = rows.next()? {
            if found.len() >= self.rows_max {
                break;
            }
            self.scan(row.get(0)?, Some(seq), &mut found)?;
        }
        let sql = format!(
            "{} WHERE (a.fate <> 1 OR a.number > 1) AND a.seq = ?1
                 AND a.destination = coalesce(?2, a.destination) AND a.fate = coalesce(?3, a.fate)
             ORDER BY a.id DESC LIMIT ?4",
            self.select(Some("attempts_by_seq"))
        );
        found.extend(self.rows(&sql, (seq, self.destination, self.fate, self.limit()))?);
        found.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        found.truncate(self.rows_max);
        Ok(found)
    }

    /// Adds the newest rows of one block; with `seq` only those that delivered it at once.
    fn scan(&self, block: i64, seq: Option<i64>, found: &mut Found) -> rusqlite::Result<()> {
        let of_seq = match seq {
            Some(_) => "AND a.seq = ?5 AND a.fate = 1 AND a.number <= 1",
            None => "AND ?5 IS NULL",
        };
        let sql = format!(
            "{} WHERE a.id >= ?1 AND a.id < ?2
                 AND a.destination = coalesce(?3, a.destination) AND a.fate = coalesce(?4, a.fate)
                 {of_seq}
             ORDER BY a.id DESC LIMIT ?6",
            self.select(None)
        );
        let (begin, end) = (block << limits::BLOCK_BITS, (block + 1) << limits::BLOCK_BITS);
        let missing = self.limit().saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        let rows = (begin, end, self.destination, self.fate, seq, missing);
        found.extend(self.rows(&sql, rows)?);
        Ok(())
    }

    fn rows(&self, sql: &str, params: impl Params) -> rusqlite::Result<Found> {
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map(params, |row| Ok((row.get(0)?, attempt(row)?)))?;
        rows.collect()
    }

    fn select(&self, index: Option<&str>) -> String {
        select(self.depth, index)
    }

    fn limit(&self) -> i64 {
        i64::try_from(self.rows_max).unwrap_or(i64::MAX)
    }
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<AttemptRecord> {
    let fate: u8 = row.get(8)?;
    let unknown = || rusqlite::Error::IntegralValueOutOfRange(8, i64::from(fate));
    Ok(AttemptRecord {
        destination: DestinationId::new(row.get::<_, String>(1)?),
        seq: sqlite::to_seq(row.get(2)?),
        kind: EventKind::from_code(row.get(3)?),
        number: row.get(4)?,
        at: Timestamp(row.get(5)?),
        duration_us: row.get(6)?,
        status: row.get(7)?,
        fate: Fate::from_code(fate).ok_or_else(unknown)?,
        reason: row.get(9)?,
        detail: row.get(10)?,
        trace: trace::trace(row, COLUMNS_BEFORE_TRACE)?,
    })
}

fn destination_key(connection: &Connection, id: &DestinationId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT key FROM destinations WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()
}

fn rejections(connection: &Connection, rows_max: u32) -> rusqlite::Result<Vec<RejectionRecord>> {
    let mut select = connection.prepare_cached(
        "SELECT at, source, reason, detail, sample FROM (
             SELECT * FROM (SELECT * FROM rejections WHERE id > 0 ORDER BY id DESC LIMIT ?1)
             UNION ALL
             SELECT * FROM (SELECT * FROM rejections WHERE id < 0 ORDER BY id LIMIT ?1)
         ) ORDER BY at DESC, id > 0 DESC, abs(id) DESC",
    )?;
    let rows = select.query_map([rows_max], |row| {
        Ok(RejectionRecord {
            at: Timestamp(row.get(0)?),
            source: row.get::<_, Option<String>>(1)?.map(SourceId::new),
            reason: row.get(2)?,
            detail: row.get(3)?,
            sample: row.get(4)?,
        })
    })?;
    rows.collect()
}

fn totals(connection: &Connection) -> rusqlite::Result<Vec<Totals>> {
    let transaction = connection.unchecked_transaction()?;
    let mut all = attempt_totals(&transaction)?;
    let mut select = transaction.prepare_cached(
        "SELECT d.id, r.code, f.count FROM filtered f
         JOIN destinations d ON d.key = f.destination JOIN reasons r ON r.key = f.reason",
    )?;
    let rows = select.query_map([], |row| {
        let id = DestinationId::new(row.get::<_, String>(0)?);
        Ok((id, FilteredCount { reason: row.get(1)?, count: count(row, 2)? }))
    })?;
    for row in rows {
        let (id, filtered) = row?;
        all.entry(id.clone()).or_insert_with(|| Totals::zero(id)).add_filtered(&filtered);
    }
    Ok(all.into_values().collect())
}

/// What became of attempts, for each destination that had any.
fn attempt_totals(connection: &Connection) -> rusqlite::Result<BTreeMap<DestinationId, Totals>> {
    let mut select = connection.prepare_cached(
        "SELECT d.id, t.delivered_first_try, t.delivered_on_retry, t.retries, t.gave_up, t.expired
         FROM totals t JOIN destinations d ON d.key = t.destination",
    )?;
    let rows = select.query_map([], |row| {
        let id = DestinationId::new(row.get::<_, String>(0)?);
        let totals = Totals {
            delivered_first_try: count(row, 1)?,
            delivered_on_retry: count(row, 2)?,
            retries: count(row, 3)?,
            gave_up: count(row, 4)?,
            expired: count(row, 5)?,
            ..Totals::zero(id.clone())
        };
        Ok((id, totals))
    })?;
    rows.collect()
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(|count: i64| u64::try_from(count).unwrap_or(0))
}
