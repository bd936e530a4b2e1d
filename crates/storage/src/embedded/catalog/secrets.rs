//! Secrets in the rows: sealed before they are written, and at the start where they are not.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use super::unreadable as unreadable_body;
use crate::embedded::seal::{self, Sealer, SecretKey};
use crate::embedded::sqlite;
use crate::error::{OpenError, SealError};

/// The file beside the databases that has the key, where none is given.
const KEY_FILE: &str = "secrets.key";

/// The sealer of a file, after which nothing in it is in clear.
///
/// # Errors
/// Where the key is missing, or the file cannot be read or written.
pub fn sealer(
    connection: &Connection,
    path: &Path,
    key: Option<&SecretKey>,
) -> Result<Sealer, OpenError> {
    let rows = rows(connection).map_err(sqlite::database("read", path))?;
    let key = match key {
        Some(key) => key.clone(),
        None => {
            let is_sealed = rows.iter().any(|(_, _, body)| seal::is_sealed(&mut body.clone()));
            seal::key_beside(&path.with_file_name(KEY_FILE), is_sealed)?
        }
    };
    let sealer = Sealer::new(&key);
    for (_, _, body) in &rows {
        // With another key nothing is added to what is there.
        sealer.open(&mut body.clone()).map_err(OpenError::Secrets)?;
    }
    seal_all(connection, &sealer, rows).map_err(unreadable(path))?;
    Ok(sealer)
}

/// Kind, id and body of what may have secrets.
fn rows(connection: &Connection) -> rusqlite::Result<Vec<(String, String, Value)>> {
    let mut select = connection
        .prepare("SELECT kind, id, body FROM objects WHERE kind IN ('destination', 'removed')")?;
    let rows = select.query_map([], |row| {
        let body = serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(unreadable_body)?;
        Ok((row.get(0)?, row.get(1)?, body))
    })?;
    rows.collect()
}

/// Seals what was written before there were seals, and leaves nothing of it behind in the file.
fn seal_all(
    connection: &Connection,
    sealer: &Sealer,
    rows: Vec<(String, String, Value)>,
) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut is_changed = false;
    for (kind, id, mut body) in rows {
        if sealer.seal(&mut body).map_err(unreadable_body)? {
            let update = "UPDATE objects SET body = ?3 WHERE kind = ?1 AND id = ?2";
            transaction.execute(update, (kind, id, body.to_string()))?;
            is_changed = true;
        }
    }
    transaction.commit()?;
    if is_changed {
        connection.execute_batch("VACUUM")?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// An object's body, sealed.
///
/// # Errors
/// Where it cannot be written, or the machine gives no random bytes.
pub fn sealed<T: Serialize>(object: &T, sealer: &Sealer) -> rusqlite::Result<String> {
    let mut body = serde_json::to_value(object).map_err(unreadable_body)?;
    sealer.seal(&mut body).map_err(unreadable_body)?;
    Ok(body.to_string())
}

/// What an error means that comes of reading a file: of its secrets, or of the file.
pub fn unreadable(path: &Path) -> impl FnOnce(rusqlite::Error) -> OpenError {
    let path: PathBuf = path.to_owned();
    move |error| match seal_error(&error) {
        Some(error) => OpenError::Secrets(error),
        None => sqlite::database("read", &path)(error),
    }
}

fn seal_error(error: &rusqlite::Error) -> Option<SealError> {
    match error {
        rusqlite::Error::FromSqlConversionFailure(_, _, source) => {
            source.downcast_ref::<SealError>().cloned()
        }
        _ => None,
    }
}
