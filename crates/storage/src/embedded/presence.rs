//! Whether a database of a directory is lost: one that is missing is made only where nothing is stored.
//!
//! In comes a held directory, before any of its databases is opened. The names of all of them are
//! durable before the first row is written to any, so a first start that was interrupted, at whatever
//! point, leaves databases without rows. Where one has a row, a missing one was there once, and an empty
//! one in its place would be believed: everything would be sent again, or taken for delivered.
//! Deliberately unknown here: what the rows mean.

use std::io::ErrorKind;
use std::path::Path;

use super::directory::Directory;
use super::{catalog, journal, sqlite, state};
use crate::error::OpenError;

/// The databases that cannot be made again from others, in the order in which they are made.
const NEEDED: [&str; 3] = [state::FILE, journal::FILE, catalog::FILE];

/// The tables that are empty where nothing is stored; `counted` of the state gets a row as it is made.
const TABLES: &str = "
    SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'counted'
";

/// Refuses a directory of which a database is lost; nothing is changed.
///
/// # Errors
/// [`OpenError::Missing`], and where a database that is there cannot be read.
pub fn check(directory: &Directory) -> Result<(), OpenError> {
    let paths = NEEDED.map(|name| directory.file(name));
    let Some(missing) = paths.iter().find(|path| is_missing(path)) else { return Ok(()) };
    for beside in paths.iter().filter(|path| !is_missing(path)) {
        if has_rows(beside).map_err(sqlite::database("read", beside))? {
            return Err(OpenError::Missing { path: missing.clone(), beside: beside.clone() });
        }
    }
    Ok(())
}

/// A file without a byte is none: the first step of a database writes some.
fn is_missing(path: &Path) -> bool {
    match path.metadata() {
        Ok(metadata) => metadata.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

fn has_rows(path: &Path) -> rusqlite::Result<bool> {
    let connection = sqlite::open_by_name(&sqlite::read_only_name(path, false))?;
    let mut tables = connection.prepare(TABLES)?;
    let mut names = tables.query([])?;
    while let Some(row) = names.next()? {
        let any = format!("SELECT EXISTS (SELECT 1 FROM \"{}\")", row.get::<_, String>(0)?);
        if connection.query_row(&any, [], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}
