//! What a check finds in `state.db`: that each delivery is in one state, and all are of somebody.

use domain::id::Seq;
use rusqlite::Connection;

use crate::embedded::check::FileFindings;
use crate::embedded::sqlite;
use crate::journal::SeqRange;

/// Tables whose rows are counted, and what they are called.
const COUNTED: [(&str, &str); 4] = [
    ("cursors", "cursors"),
    ("open_deliveries", "open deliveries"),
    ("attempts", "attempts"),
    ("rejections", "rejections"),
];

/// Counts what is there, and finds deliveries that are open and not before their cursor: whoever
/// reads on from it would deliver them twice, and find two states of them.
pub fn check(connection: &Connection, findings: &mut FileFindings) -> rusqlite::Result<()> {
    let mut select = connection.prepare(
        "SELECT iif(o.destination < 0, 'replay ' || -o.destination, coalesce(d.id, '?')), min(o.seq), max(o.seq) FROM open_deliveries o
         LEFT JOIN destinations d ON d.key = o.destination
         LEFT JOIN cursors c ON c.destination = o.destination
         WHERE o.seq >= coalesce(c.cursor, 0) GROUP BY o.destination",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (first, last) = (sqlite::to_seq(row.get(1)?), sqlite::to_seq(row.get(2)?));
        let destination: String = row.get(0)?;
        let what = format!("open deliveries of {destination} are not before its cursor");
        findings.add(what, Some(SeqRange { first, last }));
    }
    for (table, name) in COUNTED {
        let sql = format!("SELECT count(*) FROM {table}");
        let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        findings.counts.push((name, count.cast_unsigned()));
    }
    Ok(())
}

/// The cursor of each destination.
pub fn cursors(connection: &Connection) -> rusqlite::Result<Vec<(String, Seq)>> {
    let mut select = connection.prepare(
        "SELECT iif(c.destination < 0, 'replay ' || -c.destination, coalesce(d.id, '?')), c.cursor
         FROM cursors c
         LEFT JOIN destinations d ON d.key = c.destination ORDER BY 1",
    )?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, sqlite::to_seq(row.get(1)?))))?;
    rows.collect()
}
