//! What the journal has, as its tables and the head of the file tell it: nothing is looked through.

use domain::id::Seq;
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::embedded::sqlite;
use crate::journal::Stock;

/// What a journal has, whose next place is `head`.
pub fn stock(connection: &Connection, head: Seq) -> rusqlite::Result<Stock> {
    let transaction = connection.unchecked_transaction()?;
    let mut oldest = transaction
        .prepare_cached("SELECT first_seq, committed_at FROM frames ORDER BY first_seq LIMIT 1")?;
    let oldest: Option<(i64, i64)> =
        oldest.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(Stock {
        first: oldest.map_or(head, |(first, _)| sqlite::to_seq(first)),
        oldest_at: oldest.map(|(_, at)| Timestamp(at)),
        used_bytes: used_bytes(&transaction)?,
    })
}

/// Bytes of the file that are in use.
pub fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let (free, all) = pages(connection)?;
    Ok(all.saturating_sub(free) * sqlite::PAGE_BYTES)
}

/// How many pages of the file are free, and how many there are.
pub fn pages(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    let pages = |name: &str| -> rusqlite::Result<u64> {
        let count = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    };
    Ok((pages("freelist_count")?, pages("page_count")?))
}
