//! SQLite as this engine uses it: how connections are opened, what its errors mean to a store, and
//! checkpoints.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::id::Seq;
use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::limits;
use crate::error::{Hindrance, OpenError, StorageError};

/// The oldest SQLite whose write-ahead log does not lose commits when it starts over.
const VERSION_MIN: (&str, i32) = ("3.51.3", 3_051_003);

/// Size of a database page. Twice SQLite's default: a frame spreads over half as many pages, each
/// of which costs two writes to the log (measured: 3.5 instead of 4.5 µs of CPU per event).
pub const PAGE_BYTES: u64 = 8192;

/// The pragma that holds how many steps a file has gone.
const VERSION: &str = "user_version";

/// What a commit survives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// A power cut: each commit is synced.
    Full,
    /// The end of the process; a power cut may take the newest commits.
    Normal,
}

/// Refuses a SQLite that is known to lose commits.
pub fn check_version() -> Result<(), OpenError> {
    let (needed, number) = VERSION_MIN;
    if rusqlite::version_number() < number {
        return Err(OpenError::OldSqlite { found: rusqlite::version(), needed });
    }
    Ok(())
}

/// Opens the one connection that writes to a file, making the file and its tables as needed.
///
/// `steps` lead from an empty file to today's tables: the first makes them, each other one adds
/// something. Whatever a step adds, older versions can do without it, so that they still open the
/// file; what they could not do without would be a new format of the directory.
///
/// Checkpoints are left to [`checkpoint`]: SQLite's own would stall commits.
///
/// What the file's log holds is on disk when this returns: see [`settle_log`].
pub fn open_writer(
    path: &Path,
    durability: Durability,
    steps: &[&str],
) -> Result<Connection, OpenError> {
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    let log = log_of(path);
    settle_log(&log).map_err(|source| OpenError::Io { operation: "settle", path: log, source })?;
    let open = || {
        let connection = Connection::open(path)?;
        connection.busy_timeout(limits::BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(64);
        let wal_bytes_max = limits::WAL_BYTES_MAX;
        connection.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES};
             PRAGMA auto_vacuum = INCREMENTAL;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = {synchronous};
             PRAGMA wal_autocheckpoint = 0;
             PRAGMA journal_size_limit = {wal_bytes_max};
             PRAGMA cache_size = -8192;
             PRAGMA foreign_keys = OFF;
             PRAGMA temp_store = MEMORY;"
        ))?;
        take_steps(&connection, steps)?;
        Ok(connection)
    };
    open().map_err(database("open", path))
}

/// Makes sure that what a log holds is on disk, before anything is believed of it: it is written again
/// where it stands, and synced.
///
/// What a process wrote before it was killed may be in memory alone, and commits behind it would not
/// mend that. Where a sync has failed, the system keeps in memory what it could not write, and takes
/// it for written: no later sync would write it, so to sync the log is not enough. Source: fsync(2);
/// "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
fn settle_log(log: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().read(true).write(true).open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let (mut bytes, mut at) = (vec![0; limits::SETTLED_BYTES], 0);
    loop {
        let count = file.read_at(&mut bytes, at)?;
        if count == 0 {
            return file.sync_data();
        }
        match file.write_all_at(&bytes[..count], at) {
            // Some file systems write anew what is written again, and have no room for that: then
            // there is none for commits either.
            Err(error) if is_full(&error) => return file.sync_data(),
            written => written?,
        }
        at += count as u64;
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Where the write-ahead log of a file is.
fn log_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

/// Takes the steps that a file has not gone yet; their number is its `user_version`. Files without
/// one have the tables of the first step, or none.
pub fn take_steps(connection: &Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let gone: i64 = transaction.pragma_query_value(None, VERSION, |row| row.get(0))?;
    for (number, step) in (1..).zip(steps).filter(|(number, _)| *number > gone) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, VERSION, number)?;
    }
    transaction.commit()
}

/// Opens a connection that only reads; its file must be there.
pub fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(limits::BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    open().map_err(database("open", path))
}

/// The name under which a file is opened or attached to be read only. A file that nobody writes
/// to and whose log is empty is read without leaving a trace.
pub fn read_only_name(path: &Path, is_held: bool) -> String {
    let log = log_of(path);
    let has_log = log.metadata().is_ok_and(|metadata| metadata.len() > 0);
    let mode = if is_held || has_log { "mode=ro" } else { "mode=ro&immutable=1" };
    let text = path.display().to_string();
    let text = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{text}?{mode}")
}

/// Opens a connection by a [`read_only_name`].
pub fn open_by_name(name: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(name, flags)?;
    connection.busy_timeout(limits::BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Copies a database as it is at this moment to a file that is not there yet.
pub fn copy(original: &Connection, path: &Path) -> rusqlite::Result<()> {
    original.execute("VACUUM INTO ?1", [path.display().to_string()]).map(drop)
}

/// An error and the file it is about, which SQLite does not say.
#[derive(Debug, thiserror::Error)]
#[error("in {file}")]
struct InFile {
    file: String,
    source: rusqlite::Error,
}

/// The name of a connection's file.
pub fn file_of(connection: &Connection) -> String {
    connection.path().unwrap_or_default().to_owned()
}

/// An error of a file, after which what was asked of it is not known.
pub fn failed(operation: &'static str, file: &str, error: rusqlite::Error) -> StorageError {
    let source = Arc::new(InFile { file: file.to_owned(), source: error });
    StorageError::Failed { operation, source }
}

/// What an error means to the store: after most of them it is not trusted any more. Those that
/// SQLite gives before it writes anything pass.
pub fn classify(operation: &'static str, file: &str, error: rusqlite::Error) -> StorageError {
    // The log's index could not grow. The commit may stand in the log all the same, until the next one
    // takes its place; a start before that finds it, as it finds what was killed before its answer.
    let no_room_for_index =
        error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE);
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageError::DiskFull { operation },
        _ if no_room_for_index => StorageError::DiskFull { operation },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StorageError::Busy { operation }
        }
        Some(ErrorCode::TooBig) => StorageError::TooLarge { operation },
        _ => failed(operation, file, error),
    }
}

/// An error while a database is opened.
pub fn database(operation: &'static str, path: &Path) -> impl FnOnce(rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    move |error| OpenError::Database {
        operation,
        path,
        hindrance: hindrance(&error),
        source: Box::new(error),
    }
}

/// What keeps a file from being used that this error is about.
pub fn hindrance(error: &rusqlite::Error) -> Hindrance {
    let Some(failure) = error.sqlite_error() else {
        return match error {
            rusqlite::Error::InvalidPath(_) | rusqlite::Error::NulError(_) => Hindrance::Other,
            // A row is not what can have been written.
            _ => Hindrance::Damaged,
        };
    };
    match failure.code {
        ErrorCode::DiskFull => Hindrance::NoRoom,
        _ if failure.extended_code == SQLITE_IOERR_SHMSIZE => Hindrance::NoRoom,
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
            Hindrance::NotAllowed
        }
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => Hindrance::Held,
        // What is unknown to SQLite is a table or a column that should be there.
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
            Hindrance::Damaged
        }
        _ => Hindrance::Other,
    }
}

/// What a checkpoint does, where it fails.
pub const COPYING: &str = "copying the log to the database";

/// Copies what it can from the write-ahead log to the database, hindering nobody; answers the size
/// of the log in pages.
pub fn checkpoint(connection: &Connection) -> rusqlite::Result<u64> {
    let pages: i64 =
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?;
    Ok(u64::try_from(pages).unwrap_or(0))
}

/// A place as SQLite stores numbers.
pub fn from_seq(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

/// A place as stored; a negative number, which is never stored, reads as 0.
pub fn to_seq(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or(0))
}

/// Ends a writer's connection: copies the log to the database and removes it. After a failure the
/// log is left alone, for the next start to read what really reached the disk.
pub fn close_writer(connection: Connection, failed: Option<&StorageError>) {
    let path = connection.path().unwrap_or_default().to_owned();
    let closed = if failed.is_some() {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
    } else {
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        connection.query_row(truncate, [], |_| Ok(()))
    };
    let closed = closed.and_then(|()| connection.close().map_err(|(_, error)| error));
    if let Err(error) = closed {
        tracing::warn!(path, %error, "database was not closed cleanly; nothing is lost by that");
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_can_be_mended_is_told_from_damage() {
        use rusqlite::ffi;
        let check = |code, expected| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(hindrance(&error), expected, "{error}");
        };
        check(ffi::SQLITE_FULL, Hindrance::NoRoom);
        check(SQLITE_IOERR_SHMSIZE, Hindrance::NoRoom);
        check(ffi::SQLITE_READONLY, Hindrance::NotAllowed);
        check(ffi::SQLITE_READONLY_DIRECTORY, Hindrance::NotAllowed);
        check(ffi::SQLITE_CANTOPEN, Hindrance::NotAllowed);
        check(ffi::SQLITE_BUSY, Hindrance::Held);
        check(ffi::SQLITE_LOCKED, Hindrance::Held);
        check(ffi::SQLITE_CORRUPT, Hindrance::Damaged);
        check(ffi::SQLITE_CORRUPT_INDEX, Hindrance::Damaged);
        check(ffi::SQLITE_NOTADB, Hindrance::Damaged);
        check(ffi::SQLITE_IOERR_READ, Hindrance::Other);
        check(ffi::SQLITE_NOMEM, Hindrance::Other);
        let connection = Connection::open_in_memory().unwrap();
        let missing = connection.prepare("SELECT * FROM frames").err().unwrap();
        assert_eq!(hindrance(&missing), Hindrance::Damaged, "{missing}");
        let odd = connection.query_row("SELECT 'x'", [], |row| row.get::<_, i64>(0)).unwrap_err();
        assert_eq!(hindrance(&odd), Hindrance::Damaged, "{odd}");
    }

    #[test]
    fn a_log_is_written_again_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let log = log_of(&dir.path().join("test.db"));
        settle_log(&log).unwrap();
        assert!(!log.exists(), "where there is none, none is made");
        for length in [0, 1, limits::SETTLED_BYTES, 2 * limits::SETTLED_BYTES + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            fs::write(&log, &bytes).unwrap();
            let file = File::options().write(true).open(&log).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            settle_log(&log).unwrap();
            assert!(fs::read(&log).unwrap() == bytes, "{length}");
            let written_at = fs::metadata(&log).unwrap().modified().unwrap();
            assert_eq!(written_at > SystemTime::UNIX_EPOCH, length > 0, "{length}");
        }
        assert!(settle_log(dir.path()).is_err(), "what cannot be written is not believed");
    }
}
