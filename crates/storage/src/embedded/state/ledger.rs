//! The ledger's queries: a thread that searches on a connection of its own.
//!
//! Which way a search takes depends on what is asked for; the layout of `state.db` says what there
//! is to take. Every way is bounded by the number of blocks it has to scan, and stops as soon as
//! enough rows are found, or enough blocks are scanned: then it says where to go on.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use domain::event::{EventKind, Identities};
use domain::id::{DestinationId, ReplayId, Seq};
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use super::writer::block_of;
use super::{deliveries, issues, known, minutes, rejections, trace};
use crate::deliveries::{DeliveryRecord, OpenPage, OpenQuery};
use crate::embedded::inbox::Inbox;
use crate::embedded::{limits, sqlite};
use crate::issues::{Issue, IssueQuery};
use crate::ledger::{
    AttemptPage, AttemptQuery, AttemptRecord, Depth, FailedQuery, Fate, FilteredCount, Known,
    RejectionPage, RejectionQuery, Totals,
};
use crate::receipt::Reply;
use crate::series::{DestinationSeries, SeriesPoint, SeriesQuery};

/// What the ledger is asked.
pub enum Query {
    /// For attempts.
    Attempts {
        /// Which.
        query: AttemptQuery,
        /// Who waits for them.
        reply: Reply<AttemptPage>,
    },
    /// For issues.
    Issues {
        /// Which.
        query: IssueQuery,
        /// Who waits for them.
        reply: Reply<Vec<Issue>>,
    },
    /// For rejections.
    Rejections {
        /// Which.
        query: RejectionQuery,
        /// Who waits for them.
        reply: Reply<RejectionPage>,
    },
    /// For what is known of deliveries.
    Known {
        /// Whose.
        destination: DestinationId,
        /// Of which events.
        places: Vec<Seq>,
        /// Who waits for it.
        reply: Reply<Known>,
    },
    /// For what is known of deliveries, for people.
    Deliveries {
        /// Which.
        wanted: Vec<(DestinationId, Seq)>,
        /// Who waits for it.
        reply: Reply<Vec<DeliveryRecord>>,
    },
    /// For open deliveries.
    Open {
        /// Which.
        query: OpenQuery,
        /// Who waits for them.
        reply: Reply<OpenPage>,
    },
    /// For deliveries that were given up.
    Failed {
        /// Which.
        query: FailedQuery,
        /// Who waits for them.
        reply: Reply<Vec<Seq>>,
    },
    /// For a series.
    Series {
        /// Which.
        query: SeriesQuery,
        /// Who waits for it.
        reply: Reply<Vec<SeriesPoint>>,
    },
    /// For minutes of each destination.
    SeriesByDestination {
        /// From when on, and up to when.
        span: (Timestamp, Timestamp),
        /// Who waits for them.
        reply: Reply<DestinationSeries>,
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
                Query::Issues { query, reply } => {
                    let found = issues::list(&self.connection, &query);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::Rejections { query, reply } => {
                    let found = rejections::list(&self.connection, &query);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::Known { destination, places, reply } => {
                    let found = known::known(&self.connection, &destination, places);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::Deliveries { wanted, reply } => {
                    let found = deliveries::records(&self.connection, &wanted);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::Open { query, reply } => {
                    let found = deliveries::open(&self.connection, &query);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::Failed { query, reply } => {
                    let found = known::failed(&self.connection, &query);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::Series { query, reply } => {
                    let found = minutes::read(&self.connection, &query);
                    let _ = reply.send(found.map_err(super::query_failed));
                }
                Query::SeriesByDestination { span, reply } => {
                    let found = minutes::read_by_destination(&self.connection, span);
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
    query: &'a AttemptQuery,
    destination: Option<i64>,
    fate: Option<i64>,
    rows_max: usize,
    /// The rows that may be looked at, by their numbers: the first one, and the one after the last.
    rows: Range<i64>,
}

/// The columns that [`Search::rows`] reads, with the row's number first; those of the trace follow.
const COLUMNS: &str = "a.id, d.id, a.seq, a.kind, a.number, a.at, a.duration_us, a.status, a.fate,
    coalesce(r.code, ''), coalesce(a.detail, ''), a.replay";
const COLUMNS_BEFORE_TRACE: usize = 12;

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

/// The row with this number; none where it is gone.
pub fn by_id(connection: &Connection, id: i64) -> rusqlite::Result<Option<AttemptRecord>> {
    connection
        .prepare_cached(&format!("{} WHERE a.id = ?1", select(Depth::Row, None)))?
        .query_row([id], attempt)
        .optional()
}

type Found = Vec<(i64, AttemptRecord)>;

/// What every search asks of a row besides; the parameters have names.
const ALSO: &str = "a.id >= :first AND a.id < :end AND (:at_min IS NULL OR a.at >= :at_min)
    AND (:at_max IS NULL OR a.at < :at_max) AND (:status IS NULL OR a.status = :status)";

impl<'a> Search<'a> {
    fn run(connection: &'a Connection, query: &'a AttemptQuery) -> rusqlite::Result<AttemptPage> {
        let transaction = connection.unchecked_transaction()?;
        let destination = match &query.destination {
            None => None,
            Some(id) => match destination_key(&transaction, id)? {
                None => return Ok(AttemptPage::default()),
                key => key,
            },
        };
        let search = Search {
            connection: &transaction,
            query,
            destination,
            fate: query.fate.map(|fate| i64::from(fate as u8)),
            rows_max: usize::try_from(query.rows_max).unwrap_or(usize::MAX),
            rows: rows_of(&transaction, query)?,
        };
        let (found, stopped_at) = search.find()?;
        let is_full = found.len() == search.rows_max;
        let older_than = found.last().map(|(id, _)| *id).filter(|_| is_full).or(stopped_at);
        let (places, attempts) =
            found.into_iter().map(|(id, attempt)| (id.cast_unsigned(), attempt)).unzip();
        Ok(AttemptPage { attempts, places, older_than: older_than.map(i64::cast_unsigned) })
    }

    /// What is found, and where the search was given up, if it was.
    fn find(&self) -> rusqlite::Result<(Found, Option<i64>)> {
        let all = |found| (found, None);
        match (self.query.seq, self.query.fate) {
            (Some(seq), _) => self.by_seq(sqlite::from_seq(seq)).map(all),
            _ if self.is_of_issues() => self.by_issue().map(all),
            (None, Some(Fate::Retry | Fate::GaveUp | Fate::Expired)) => self.by_fate().map(all),
            (None, Some(Fate::Delivered)) => self.by_block(),
            (None, None) if self.destination.is_some() || self.query.status.is_some() => {
                self.by_block()
            }
            (None, None) => self.newest().map(all),
        }
    }

    /// Whether only what has an issue can match: what was delivered has no reason, and a status that
    /// says so.
    fn is_of_issues(&self) -> bool {
        let AttemptQuery { issue, reason, status, .. } = self.query;
        issue.is_some()
            || reason.is_some()
            || status.is_some_and(|status| !(200..300).contains(&status))
    }

    fn newest(&self) -> rusqlite::Result<Found> {
        let sql = format!("{} WHERE {ALSO} ORDER BY a.id DESC LIMIT :limit", self.select(None));
        self.rows(&sql, self.rows_max, &[])
    }

    /// What was not delivered has an index of its own.
    fn by_fate(&self) -> rusqlite::Result<Found> {
        let (index, of_destination) = match self.destination {
            Some(_) => ("attempts_by_destination_and_fate", "AND a.destination = :destination"),
            None => ("attempts_by_fate", "AND :destination IS NULL"),
        };
        let sql = format!(
            "{} WHERE a.fate <> 1 AND a.fate = :fate {of_destination} AND {ALSO}
             ORDER BY a.id DESC LIMIT :limit",
            self.select(Some(index))
        );
        let own: [Named<'_>; 2] = [(":fate", &self.fate), (":destination", &self.destination)];
        self.rows(&sql, self.rows_max, &own)
    }

    /// What belongs to an issue is in order by issue and fate: the newest of each, put together.
    fn by_issue(&self) -> rusqlite::Result<Found> {
        let sql = format!(
            "{} WHERE a.issue = :issue AND a.fate = :fate AND {ALSO}
             ORDER BY a.id DESC LIMIT :limit",
            self.select(Some("attempts_by_issue"))
        );
        let fates: &[Fate] = match &self.query.fate {
            Some(fate) => std::slice::from_ref(fate),
            None => &[Fate::Retry, Fate::GaveUp, Fate::Expired],
        };
        let mut found = Found::new();
        for issue in self.issues()? {
            for fate in fates {
                let own: [Named<'_>; 2] = [(":issue", &issue), (":fate", &(*fate as u8))];
                found.extend(self.rows(&sql, self.rows_max, &own)?);
            }
            newest_first(&mut found, self.rows_max);
        }
        Ok(found)
    }

    /// The issues that what is asked for may belong to.
    fn issues(&self) -> rusqlite::Result<Vec<i64>> {
        let mut select = self.connection.prepare_cached(
            "SELECT i.id FROM issues i JOIN reasons r ON r.key = i.reason
             WHERE i.id = coalesce(?1, i.id) AND i.destination = coalesce(?2, i.destination)
                 AND r.code = coalesce(?3, r.code)
                 AND (i.status = coalesce(?4, i.status) OR i.is_mixed)",
        )?;
        let AttemptQuery { issue, reason, status, .. } = self.query;
        let params = (issue.map(u64::cast_signed), self.destination, reason, status);
        select.query_map(params, |row| row.get(0))?.collect()
    }

    /// Scans the newest blocks that hold anything of what is asked for, until enough is found, or
    /// enough is scanned: then it says where.
    fn by_block(&self) -> rusqlite::Result<(Found, Option<i64>)> {
        let delivered_min = i64::from(self.fate.is_some());
        let mut blocks = match self.destination {
            Some(_) => self.connection.prepare_cached(
                "SELECT block FROM spans WHERE destination = ?1 AND delivered >= ?2
                     AND block BETWEEN ?3 AND ?4 ORDER BY block DESC",
            )?,
            None => self.connection.prepare_cached(
                "SELECT DISTINCT block FROM spans INDEXED BY spans_by_block
                 WHERE ?1 IS NULL AND delivered >= ?2 AND block BETWEEN ?3 AND ?4
                 ORDER BY block DESC",
            )?,
        };
        let (first, last) = (block_of(self.rows.start), block_of(self.rows.end.saturating_sub(1)));
        let mut rows = blocks.query((self.destination, delivered_min, first, last))?;
        let mut found = Found::new();
        let mut scanned = 0;
        while let Some(row) = rows.next()? {
            if found.len() >= self.rows_max {
                break;
            }
            let block: i64 = row.get(0)?;
            if scanned == limits::SCANNED_BLOCKS_MAX {
                return Ok((found, Some((block + 1) << limits::BLOCK_BITS)));
            }
            self.scan(block, None, &mut found)?;
            scanned += 1;
        }
        Ok((found, None))
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
        let AttemptQuery { reason, issue, .. } = self.query;
        let sql = format!(
            "{} WHERE (a.fate <> 1 OR a.number > 1) AND a.seq = :seq
                 AND a.destination = coalesce(:destination, a.destination)
                 AND a.fate = coalesce(:fate, a.fate)
                 AND (:reason IS NULL OR r.code = :reason)
                 AND (:issue IS NULL OR a.issue = :issue) AND {ALSO}
             ORDER BY a.id DESC LIMIT :limit",
            self.select(Some("attempts_by_seq"))
        );
        let issue = issue.map(u64::cast_signed);
        let own: [Named<'_>; 5] = [
            (":seq", &seq),
            (":destination", &self.destination),
            (":fate", &self.fate),
            (":reason", reason),
            (":issue", &issue),
        ];
        found.extend(self.rows(&sql, self.rows_max, &own)?);
        found.extend(self.of_replays(seq)?);
        newest_first(&mut found, self.rows_max);
        Ok(found)
    }

    /// What replays have delivered at once of an event, which has neither reason nor issue.
    fn of_replays(&self, seq: i64) -> rusqlite::Result<Found> {
        if self.query.reason.is_some() || self.query.issue.is_some() {
            return Ok(Found::new());
        }
        let sql = format!(
            "{} WHERE a.replay IS NOT NULL AND a.seq = :seq AND a.fate = 1 AND a.number <= 1
                 AND a.destination = coalesce(:destination, a.destination)
                 AND a.fate = coalesce(:fate, a.fate) AND {ALSO}
             ORDER BY a.id DESC LIMIT :limit",
            self.select(Some("attempts_of_replays"))
        );
        let own: [Named<'_>; 3] =
            [(":seq", &seq), (":destination", &self.destination), (":fate", &self.fate)];
        self.rows(&sql, self.rows_max, &own)
    }

    /// Adds the newest rows of one block; with `seq` only those that delivered it at once, which
    /// have neither reason nor issue.
    fn scan(&self, block: i64, seq: Option<i64>, found: &mut Found) -> rusqlite::Result<()> {
        let of_seq = match seq {
            Some(_) if self.query.reason.is_some() || self.query.issue.is_some() => return Ok(()),
            Some(_) => "AND a.seq = :seq AND a.fate = 1 AND a.number <= 1 AND a.replay IS NULL",
            None => "AND :seq IS NULL",
        };
        let sql = format!(
            "{} WHERE a.id >= :begin AND a.id < :over
                 AND a.destination = coalesce(:destination, a.destination)
                 AND a.fate = coalesce(:fate, a.fate) {of_seq} AND {ALSO}
             ORDER BY a.id DESC LIMIT :limit",
            self.select(None)
        );
        let (begin, over) = (block << limits::BLOCK_BITS, (block + 1) << limits::BLOCK_BITS);
        let own: [Named<'_>; 5] = [
            (":begin", &begin),
            (":over", &over),
            (":destination", &self.destination),
            (":fate", &self.fate),
            (":seq", &seq),
        ];
        let missing = self.rows_max.saturating_sub(found.len());
        found.extend(self.rows(&sql, missing, &own)?);
        Ok(())
    }

    /// Reads rows; `own` are the parameters besides those of [`ALSO`] and the limit.
    fn rows(&self, sql: &str, most: usize, own: &[Named<'_>]) -> rusqlite::Result<Found> {
        let AttemptQuery { from, to, status, .. } = self.query;
        let (at_min, at_max) = (from.map(|at| at.0), to.map(|at| at.0));
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let also: [Named<'_>; 6] = [
            (":first", &self.rows.start),
            (":end", &self.rows.end),
            (":at_min", &at_min),
            (":at_max", &at_max),
            (":status", status),
            (":limit", &limit),
        ];
        let params: Vec<Named<'_>> = own.iter().chain(&also).copied().collect();
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map(&*params, |row| Ok((row.get(0)?, attempt(row)?)))?;
        rows.collect()
    }

    fn select(&self, index: Option<&str>) -> String {
        select(self.query.depth, index)
    }
}

/// A parameter with its name.
type Named<'a> = (&'a str, &'a dyn ToSql);

fn newest_first(found: &mut Found, rows_max: usize) {
    found.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    found.truncate(rows_max);
}

/// The rows that may be what is asked for, as far as the sparse index tells by their times.
fn rows_of(connection: &Connection, query: &AttemptQuery) -> rusqlite::Result<Range<i64>> {
    let end = query.older_than.map_or(i64::MAX, |id| i64::try_from(id).unwrap_or(i64::MAX));
    let AttemptQuery { from, to, .. } = query;
    if (from, to) == (&None, &None) {
        return Ok(0..end);
    }
    let blocks: (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT min(block), max(block) FROM spans
             WHERE (?1 IS NULL OR at_max >= ?1) AND (?2 IS NULL OR at_min < ?2)",
        )?
        .query_row((from.map(|at| at.0), to.map(|at| at.0)), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let (Some(first), Some(last)) = blocks else { return Ok(0..0) };
    Ok(first << limits::BLOCK_BITS..end.min((last + 1) << limits::BLOCK_BITS))
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<AttemptRecord> {
    let fate: u8 = row.get(8)?;
    let unknown = || rusqlite::Error::IntegralValueOutOfRange(8, i64::from(fate));
    Ok(AttemptRecord {
        destination: DestinationId::new(row.get::<_, String>(1)?),
        seq: sqlite::to_seq(row.get(2)?),
        kind: EventKind::from_code(row.get(3)?),
        whose: Identities::default(),
        received_at: None,
        number: row.get(4)?,
        at: Timestamp(row.get(5)?),
        duration_us: row.get(6)?,
        status: row.get(7)?,
        fate: Fate::from_code(fate).ok_or_else(unknown)?,
        reason: row.get(9)?,
        detail: row.get(10)?,
        trace: trace::trace(row, COLUMNS_BEFORE_TRACE)?,
        replay: row.get::<_, Option<i64>>(11)?.map(|id| ReplayId(id.cast_unsigned())),
    })
}

/// The key of a destination that ever had a commit.
pub fn destination_key(
    connection: &Connection,
    id: &DestinationId,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT key FROM destinations WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()
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

pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(|count: i64| u64::try_from(count).unwrap_or(0))
}
