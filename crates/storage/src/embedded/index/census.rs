//! The census as rows: written with the block that changed it, read when the index is opened.

use domain::id::SourceId;
use domain::time::Timestamp;
use rusqlite::{Connection, Row};

use crate::census::{Census, Line, Seen, Topic};

/// Reads what was written.
pub fn read(connection: &Connection) -> rusqlite::Result<Census> {
    let mut census = Census::default();
    let mut select =
        connection.prepare("SELECT source, topic, word, events, first_at, last_at FROM census")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let topic =
            if row.get::<_, u8>(1)? == Topic::Names as u8 { Topic::Names } else { Topic::Sdks };
        let source = SourceId::new(row.get::<_, String>(0)?);
        census.restore(source, topic, row.get(2)?, seen(row)?);
    }
    Ok(census)
}

fn seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    Ok(Seen {
        events: row.get::<_, i64>(3)?.cast_unsigned(),
        first_at: Timestamp(row.get(4)?),
        last_at: Timestamp(row.get(5)?),
    })
}

/// Writes what has changed.
pub fn write(connection: &Connection, census: &Census) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO census (source, topic, word, events, first_at, last_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut delete = connection
        .prepare_cached("DELETE FROM census WHERE source = ?1 AND topic = ?2 AND word = ?3")?;
    for Line { source, topic, word, seen } in census.changes() {
        let key = (source.as_str(), topic as u8, word);
        match seen {
            None => delete.execute(key)?,
            Some(Seen { events, first_at, last_at }) => {
                let (source, topic, word) = key;
                put.execute((source, topic, word, events.cast_signed(), first_at.0, last_at.0))?
            }
        };
    }
    Ok(())
}
