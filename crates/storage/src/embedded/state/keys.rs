//! Numbers in the place of texts that come again and again: ids of destinations, codes of reasons.

use std::collections::HashMap;

use domain::id::DestinationId;
use rusqlite::Connection;

/// Numbers of destinations and reasons that were seen already; only what is committed is kept.
#[derive(Default)]
pub struct Keys {
    destinations: HashMap<DestinationId, i64>,
    reasons: HashMap<String, i64>,
}

impl Keys {
    /// The number of a destination, which gets one where it has none.
    pub fn destination(
        &mut self,
        connection: &Connection,
        id: &DestinationId,
    ) -> rusqlite::Result<i64> {
        if let Some(key) = self.destinations.get(id) {
            return Ok(*key);
        }
        let key = intern(
            connection,
            "INSERT INTO destinations (id) VALUES (?1) ON CONFLICT DO NOTHING",
            "SELECT key FROM destinations WHERE id = ?1",
            id.as_str(),
        )?;
        self.destinations.insert(id.clone(), key);
        Ok(key)
    }

    /// The number of a reason, which gets one where it has none; none for no reason.
    pub fn reason(&mut self, connection: &Connection, code: &str) -> rusqlite::Result<Option<i64>> {
        if code.is_empty() {
            return Ok(None);
        }
        if let Some(key) = self.reasons.get(code) {
            return Ok(Some(*key));
        }
        let key = intern(
            connection,
            "INSERT INTO reasons (code) VALUES (?1) ON CONFLICT DO NOTHING",
            "SELECT key FROM reasons WHERE code = ?1",
            code,
        )?;
        self.reasons.insert(code.to_owned(), key);
        Ok(Some(key))
    }
}

fn intern(
    connection: &Connection,
    insert: &str,
    select: &str,
    text: &str,
) -> rusqlite::Result<i64> {
    connection.prepare_cached(insert)?.execute([text])?;
    connection.prepare_cached(select)?.query_row([text], |row| row.get(0))
}
