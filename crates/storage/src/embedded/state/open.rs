//! What is not finished, read back: a reader's state, and lines of its shelf.
//!
//! Shelved deliveries may be many, so a load only counts them, by an index that holds nothing else.

use std::num::NonZeroU64;

use domain::delivery::lanes::Order;
use domain::event::{EventKind, Identities, IdentityHash};
use domain::id::{DestinationId, ReplayId, Seq};
use domain::time::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};

use super::ledger::destination_key;
use crate::embedded::sqlite;
use crate::schedule::{OpenDelivery, Progress, Reader, ScheduleState, ShelfLine};

/// The columns that [`delivery`] reads.
pub const COLUMNS: &str = "o.seq, o.kind, o.user_hash, o.anonymous_hash, o.attempts,
    o.first_attempt_at, o.due, coalesce(r.code, ''), o.shelved, o.status";
/// Where they stand.
pub const TABLES: &str = "open_deliveries o LEFT JOIN reasons r ON r.key = o.reason";

/// A reader's state; none where it never had a commit.
pub fn load(connection: &Connection, reader: &Reader) -> rusqlite::Result<Option<ScheduleState>> {
    let Some((key, cursor)) = cursor(connection, reader)? else { return Ok(None) };
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE o.destination = ?1 AND o.shelved = 0 ORDER BY o.seq"
    ))?;
    let open = select.query_map([key], delivery)?.collect::<Result<_, _>>()?;
    let mut count = connection.prepare_cached(
        "SELECT user_hash, anonymous_hash, count(*)
         FROM open_deliveries INDEXED BY shelved_by_user
         WHERE destination = ?1 AND shelved = 1 GROUP BY user_hash, anonymous_hash",
    )?;
    let of_pair = |row: &Row<'_>| {
        let identities = Identities { user: hash(row.get(0)?), anonymous: hash(row.get(1)?) };
        Ok((identities, row.get::<_, i64>(2)?.cast_unsigned()))
    };
    let shelved = count.query_map([key], of_pair)?.collect::<Result<_, _>>()?;
    Ok(Some(ScheduleState { cursor, open, shelved }))
}

/// How far a reader has come; none where it never had a commit.
pub fn progress(connection: &Connection, reader: &Reader) -> rusqlite::Result<Option<Progress>> {
    let Some((key, cursor)) = cursor(connection, reader)? else { return Ok(None) };
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(seq) FROM open_deliveries WHERE destination = ?1")?
        .query_row([key], |row| row.get(0))?;
    Ok(Some(Progress { cursor, first_open: first.map(sqlite::to_seq) }))
}

/// The destinations that have a cursor; replays have theirs under other keys.
pub fn destinations(connection: &Connection) -> rusqlite::Result<Vec<DestinationId>> {
    connection
        .prepare_cached(
            "SELECT id FROM destinations JOIN cursors ON cursors.destination = destinations.key",
        )?
        .query_map([], |row| Ok(DestinationId::new(row.get::<_, String>(0)?)))?
        .collect()
}

/// The first shelved deliveries of a line.
pub fn line(
    connection: &Connection,
    reader: &Reader,
    line: ShelfLine,
    rows_max: u32,
) -> rusqlite::Result<Vec<OpenDelivery>> {
    let Some((key, _)) = cursor(connection, reader)? else { return Ok(Vec::new()) };
    let Some(lane) = line.identity else { return loose(connection, key, line.order, rows_max) };
    let found = of_lane(connection, key, Column::User, lane, rows_max)?;
    let found = match found.is_empty() {
        true => of_lane(connection, key, Column::Anonymous, lane, rows_max)?,
        false => found,
    };
    let mut line_up = Vec::with_capacity(found.len());
    for delivery in found {
        let lanes = line.order.identities(delivery.identities);
        let user = lanes.user.filter(|other| *other != lane);
        let anonymous = lanes.anonymous.filter(|other| *other != lane);
        if waits(connection, (key, lane), Column::User, user, delivery.seq)?
            || waits(connection, (key, lane), Column::Anonymous, anonymous, delivery.seq)?
        {
            break;
        }
        line_up.push(delivery);
    }
    Ok(line_up)
}

/// A column with identities.
#[derive(Clone, Copy)]
enum Column {
    User,
    Anonymous,
}

impl Column {
    /// Its name, and that of the other one.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::User => ("user_hash", "anonymous_hash"),
            Self::Anonymous => ("anonymous_hash", "user_hash"),
        }
    }

    fn index(self) -> &'static str {
        match self {
            Self::User => "shelved_by_user",
            Self::Anonymous => "shelved_by_anonymous",
        }
    }
}

/// The key of a replay among those of destinations.
pub fn replay_key(id: ReplayId) -> i64 {
    0_i64.saturating_sub_unsigned(id.0)
}

/// A reader's key and cursor.
pub fn cursor(connection: &Connection, reader: &Reader) -> rusqlite::Result<Option<(i64, Seq)>> {
    let key = match reader {
        Reader::Replay(id) => Some(replay_key(*id)),
        Reader::Destination(id) => destination_key(connection, id)?,
    };
    let found = |row: &Row<'_>| Ok((row.get(0)?, sqlite::to_seq(row.get(1)?)));
    connection
        .prepare_cached("SELECT destination, cursor FROM cursors WHERE destination = ?1")?
        .query_row([key], found)
        .optional()
}

fn of_lane(
    connection: &Connection,
    destination: i64,
    column: Column,
    lane: IdentityHash,
    rows_max: u32,
) -> rusqlite::Result<Vec<OpenDelivery>> {
    let ((name, _), index) = (column.names(), column.index());
    let tables = within(index);
    let mut select: CachedStatement<'_> = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {tables}
         WHERE o.destination = ?1 AND o.shelved = 1 AND o.{name} = ?2 ORDER BY o.seq LIMIT ?3"
    ))?;
    let rows = select.query_map((destination, hash_code(Some(lane)), rows_max), delivery)?;
    rows.collect()
}

/// Whether an earlier shelved delivery of `other`, which is not of the lane, comes first.
fn waits(
    connection: &Connection,
    (destination, lane): (i64, IdentityHash),
    column: Column,
    other: Option<IdentityHash>,
    before: Seq,
) -> rusqlite::Result<bool> {
    let Some(other) = other else { return Ok(false) };
    let ((name, other_name), index) = (column.names(), column.index());
    connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM open_deliveries INDEXED BY {index}
             WHERE destination = ?1 AND shelved = 1 AND {name} = ?2 AND seq < ?3
                 AND {other_name} <> ?4)"
        ))?
        .query_row(
            (destination, hash_code(Some(other)), sqlite::from_seq(before), hash_code(Some(lane))),
            |row| row.get(0),
        )
}

/// Deliveries that stand in no lane by this order; there are few unless the order was changed.
fn loose(
    connection: &Connection,
    destination: i64,
    order: Order,
    rows_max: u32,
) -> rusqlite::Result<Vec<OpenDelivery>> {
    let mut select = connection.prepare_cached(&loose_of(order))?;
    let rows = select.query_map((destination, rows_max), delivery)?;
    rows.collect()
}

/// Each order has an index in which those stand one after the other, but for the one without lanes: to
/// that all are loose, and few are passed over, as those that are not shelved are held in memory.
fn loose_of(order: Order) -> String {
    let (index, nobody) = match order {
        Order::Strict => ("shelved_loose", "AND o.user_hash = 0 AND o.anonymous_hash = 0"),
        Order::User => ("shelved_by_user", "AND o.user_hash = 0"),
        Order::Anonymous => ("shelved_by_anonymous", "AND o.anonymous_hash = 0"),
        Order::None => ("", ""),
    };
    let tables = match index {
        "" => TABLES.to_owned(),
        index => within(index),
    };
    format!(
        "SELECT {COLUMNS} FROM {tables}
         WHERE o.destination = ?1 AND o.shelved = 1 {nobody} ORDER BY o.seq LIMIT ?2"
    )
}

/// The tables, of which open deliveries are found by an index.
fn within(index: &str) -> String {
    TABLES.replace("open_deliveries o", &format!("open_deliveries o INDEXED BY {index}"))
}

/// A row of [`COLUMNS`].
pub fn delivery(row: &Row<'_>) -> rusqlite::Result<OpenDelivery> {
    Ok(OpenDelivery {
        seq: sqlite::to_seq(row.get(0)?),
        kind: EventKind::from_code(row.get(1)?),
        identities: Identities { user: hash(row.get(2)?), anonymous: hash(row.get(3)?) },
        attempts: row.get(4)?,
        first_attempt_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        due: Timestamp(row.get(6)?),
        reason: row.get(7)?,
        is_shelved: row.get(8)?,
        status: row.get(9)?,
    })
}

/// A hash as SQLite stores numbers: the same bits, 0 for none.
pub fn hash_code(hash: Option<IdentityHash>) -> i64 {
    hash.map_or(0, |hash| hash.0.get().cast_signed())
}

fn hash(code: i64) -> Option<IdentityHash> {
    NonZeroU64::new(code.cast_unsigned()).map(IdentityHash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::state;

    #[test]
    fn what_is_loose_is_found_in_order_without_a_look_at_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let connection = state::open_file(&dir.path().join(state::FILE)).unwrap();
        let check = |order, first: &str| {
            let sql = format!("EXPLAIN QUERY PLAN {}", loose_of(order));
            let mut select = connection.prepare(&sql).unwrap();
            let steps = select.query_map((1, 9), |row| row.get::<_, String>(3)).unwrap();
            let steps: Vec<_> = steps.map(Result::unwrap).collect();
            assert_eq!(steps[0], format!("SEARCH o USING {first}"), "{order:?}");
            assert!(!steps.iter().any(|step| step.contains("B-TREE")), "{order:?}: {steps:?}");
        };
        check(Order::Strict, "INDEX shelved_loose (destination=?)");
        check(Order::User, "INDEX shelved_by_user (destination=? AND user_hash=?)");
        check(Order::Anonymous, "INDEX shelved_by_anonymous (destination=? AND anonymous_hash=?)");
        check(Order::None, "PRIMARY KEY (destination=?)");
    }
}
