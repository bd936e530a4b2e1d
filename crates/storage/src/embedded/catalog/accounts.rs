//! Who may come in, as rows: one for each user, token and session.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::accounts::Roll;

/// One table for all kinds: each row is read at the start, and written when it changes.
pub const ACCOUNTS: &str = "
    CREATE TABLE accounts (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
";

const USER: &str = "user";
const TOKEN: &str = "token";
const SESSION: &str = "session";

/// Reads the whole roll.
///
/// # Errors
/// Where the file or a row in it cannot be read.
pub fn read(connection: &Connection) -> rusqlite::Result<Roll> {
    let mut roll = Roll::default();
    for (name, user) in rows(connection, USER)? {
        roll.users.insert(name, user);
    }
    for (_, token) in rows::<domain::account::Token>(connection, TOKEN)? {
        roll.tokens.insert(token.digest, token);
    }
    for (_, session) in rows::<domain::account::Session>(connection, SESSION)? {
        roll.sessions.insert(session.digest, session);
    }
    Ok(roll)
}

/// Writes what differs.
pub fn write(connection: &Connection, old: &Roll, new: &Roll) -> rusqlite::Result<()> {
    write_kind(connection, USER, (&old.users, &new.users))?;
    write_kind(connection, TOKEN, (&old.tokens, &new.tokens))?;
    write_kind(connection, SESSION, (&old.sessions, &new.sessions))
}

/// Ends every session in a copy: who has come in is no part of it.
pub fn end_sessions(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM accounts WHERE kind = ?1", [SESSION]).map(drop)
}

fn write_kind<K: Ord + ToString, T: PartialEq + Serialize>(
    connection: &Connection,
    kind: &str,
    (old, new): (&BTreeMap<K, T>, &BTreeMap<K, T>),
) -> rusqlite::Result<()> {
    for id in old.keys().filter(|id| !new.contains_key(id)) {
        connection
            .prepare_cached("DELETE FROM accounts WHERE kind = ?1 AND id = ?2")?
            .execute((kind, id.to_string()))?;
    }
    for (id, one) in new.iter().filter(|(id, one)| old.get(id) != Some(one)) {
        let body = serde_json::to_string(one)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        connection
            .prepare_cached("INSERT OR REPLACE INTO accounts (kind, id, body) VALUES (?1, ?2, ?3)")?
            .execute((kind, id.to_string(), body))?;
    }
    Ok(())
}

fn rows<T: DeserializeOwned>(
    connection: &Connection,
    kind: &str,
) -> rusqlite::Result<Vec<(String, T)>> {
    let mut select = connection.prepare("SELECT id, body FROM accounts WHERE kind = ?1")?;
    let found = select.query_map([kind], |row| {
        let wrong =
            |error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error));
        Ok((row.get(0)?, serde_json::from_str(row.get_ref(1)?.as_str()?).map_err(wrong)?))
    })?;
    found.collect()
}
