//! What is known of deliveries, for replays: which events were delivered, are open, or were given up.
//!
//! Where an event was delivered at once there is no index but the sparse one, so the blocks are
//! scanned that may hold any of the events asked for; everything else has an index.

use domain::id::{DestinationId, Seq};
use domain::reason::Reason;
use rusqlite::{Connection, Params};

use super::ledger::destination_key;
use super::open;
use crate::embedded::{limits, sqlite};
use crate::ledger::{FailedQuery, Known};

/// What is known of a destination's deliveries of these events, which are in order.
pub fn known(
    connection: &Connection,
    destination: &DestinationId,
    places: Vec<Seq>,
) -> rusqlite::Result<Known> {
    let transaction = connection.unchecked_transaction()?;
    let Some(key) = destination_key(&transaction, destination)? else {
        return Ok(Known::default());
    };
    // One that only replays have sent to has none.
    let cursor = open::cursor(&transaction, &destination.into())?.map(|(_, cursor)| cursor);
    let (Some(first), Some(last)) = (places.first(), places.last()) else {
        return Ok(Known { cursor, ..Known::default() });
    };
    let range = (key, sqlite::from_seq(*first), sqlite::from_seq(*last));
    let mut delivered = at_once(&transaction, range)?;
    let later = "SELECT seq FROM attempts INDEXED BY attempts_by_seq
         WHERE (fate <> 1 OR number > 1) AND seq BETWEEN ?2 AND ?3 AND destination = ?1
             AND fate = 1";
    delivered.extend(seqs(&transaction, later, range)?);
    let again = "SELECT seq FROM attempts INDEXED BY attempts_of_replays
         WHERE replay IS NOT NULL AND seq BETWEEN ?2 AND ?3 AND destination = ?1 AND fate = 1";
    delivered.extend(seqs(&transaction, again, range)?);
    let open = "SELECT seq FROM open_deliveries WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3";
    let open = seqs(&transaction, open, range)?;
    let (delivered, open) = (among(&places, delivered), among(&places, open));
    Ok(Known { delivered, open, cursor })
}

/// The events delivered with the first attempt, from the blocks that may hold any of them.
fn at_once(connection: &Connection, range: (i64, i64, i64)) -> rusqlite::Result<Vec<Seq>> {
    let mut blocks = connection.prepare_cached(
        "SELECT block FROM spans WHERE destination = ?1 AND seq_max >= ?2 AND seq_min <= ?3",
    )?;
    let blocks = blocks.query_map(range, |row| row.get(0))?;
    let blocks: Vec<i64> = blocks.collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for block in blocks {
        let (begin, end) = (block << limits::BLOCK_BITS, (block + 1) << limits::BLOCK_BITS);
        let sql = "SELECT seq FROM attempts WHERE id >= ?4 AND id < ?5 AND destination = ?1
             AND seq BETWEEN ?2 AND ?3 AND fate = 1 AND number <= 1 AND replay IS NULL";
        found.extend(seqs(connection, sql, (range.0, range.1, range.2, begin, end))?);
    }
    Ok(found)
}

/// The events whose deliveries were given up and not made since.
pub fn failed(connection: &Connection, query: &FailedQuery) -> rusqlite::Result<Vec<Seq>> {
    let transaction = connection.unchecked_transaction()?;
    let Some(destination) = destination_key(&transaction, &query.destination)? else {
        return Ok(Vec::new());
    };
    let skipped: Option<i64> = transaction
        .prepare_cached("SELECT max(key) FROM reasons WHERE code = ?1")?
        .query_row([Reason::Skipped.code()], |row| row.get(0))?;
    let sql = "SELECT DISTINCT seq FROM attempts a INDEXED BY attempts_given_up
         WHERE fate = 3 AND destination = ?1 AND seq >= ?2 AND seq < ?3
             AND (?4 IS NULL OR at + duration_us / 1000 >= ?4) AND reason IS NOT ?5
             AND (?7 IS NULL OR issue = ?7)
             AND NOT EXISTS (SELECT 1 FROM attempts d INDEXED BY attempts_of_replays
                 WHERE d.replay IS NOT NULL AND d.seq = a.seq AND d.destination = a.destination
                     AND d.fate = 1 AND d.id > a.id)
             AND NOT EXISTS (SELECT 1 FROM attempts d INDEXED BY attempts_by_seq
                 WHERE (d.fate <> 1 OR d.number > 1) AND d.seq = a.seq
                     AND d.destination = a.destination AND d.fate = 1 AND d.id > a.id)
         ORDER BY seq LIMIT ?6";
    let (first, end) = (sqlite::from_seq(query.first), sqlite::from_seq(query.end));
    let since = query.since.map(|since| since.0);
    // A search without a name for the reason leaves none out: no reason has this key.
    let skipped = skipped.unwrap_or(-1);
    let issue = query.issue.map(u64::cast_signed);
    seqs(&transaction, sql, (destination, first, end, since, skipped, query.rows_max, issue))
}

fn seqs(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<Seq>> {
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map(params, |row| row.get(0).map(sqlite::to_seq))?;
    rows.collect()
}

/// Those of the places that were found, in order.
fn among(places: &[Seq], mut found: Vec<Seq>) -> Vec<Seq> {
    found.sort_unstable();
    found.dedup();
    found.retain(|seq| places.binary_search(seq).is_ok());
    found
}
