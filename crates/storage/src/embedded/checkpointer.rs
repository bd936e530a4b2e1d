//! The checkpointer: copies what was committed from the write-ahead logs to the databases, on its
//! own thread, so that commits do not wait for it.
//!
//! A log starts over only if a checkpoint finds nothing newer than itself, which never happens
//! beside a busy writer. So a writer whose log has grown long runs one more checkpoint between two
//! of its commits, right after the background one: few pages are left then, and it is short.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;

use super::alarm::Alarm;
use super::inbox::{ClosesInbox, Inbox};
use super::{limits, sqlite};
use crate::error::{OpenError, StorageError};

/// Requests for a checkpoint, by the number of the database.
pub type Requests = Inbox<usize>;

/// A writer's view of its write-ahead log.
pub struct Wal {
    requests: Arc<Requests>,
    number: usize,
    result: Arc<Latest>,
    written_bytes: u64,
    every_bytes: u64,
    bytes_max: u64,
}

/// What the latest background checkpoint of one database found.
#[derive(Default)]
struct Latest {
    unseen: AtomicBool,
    pages: AtomicU64,
    failure: OnceLock<StorageError>,
}

/// The checkpointer's connections.
pub struct Checkpointer {
    requests: Arc<Requests>,
    databases: Vec<Database>,
}

struct Database {
    connection: Connection,
    latest: Arc<Latest>,
}

impl Checkpointer {
    /// A checkpointer without databases.
    pub fn new(requests: Arc<Requests>) -> Self {
        Self { requests, databases: Vec::new() }
    }

    /// Adds a database, whose writer gets the log to report to.
    pub fn add(&mut self, path: &Path) -> Result<Wal, OpenError> {
        let connection = Connection::open(path)
            .and_then(|connection| {
                connection.busy_timeout(limits::BUSY_TIMEOUT)?;
                connection.execute_batch("PRAGMA synchronous = FULL;")?;
                Ok(connection)
            })
            .map_err(sqlite::database("open", path))?;
        let latest = Arc::<Latest>::default();
        let number = self.databases.len();
        self.databases.push(Database { connection, latest: Arc::clone(&latest) });
        Ok(Wal {
            requests: Arc::clone(&self.requests),
            number,
            result: latest,
            written_bytes: 0,
            every_bytes: limits::CHECKPOINT_EVERY_BYTES,
            bytes_max: limits::WAL_BYTES_MAX,
        })
    }

    /// Serves requests until the inbox is closed.
    pub fn run(self, alarm: &Alarm) {
        let _closes = ClosesInbox(&*self.requests);
        while let Some(number) = self.requests.take_one() {
            if let Some(database) = self.databases.get(number) {
                database.checkpoint(alarm);
            }
        }
    }
}

impl Database {
    fn file(&self) -> String {
        sqlite::file_of(&self.connection)
    }

    fn checkpoint(&self, alarm: &Alarm) {
        match sqlite::checkpoint(&self.connection) {
            Ok(pages) => {
                self.latest.pages.store(pages, Ordering::Relaxed);
                self.latest.unseen.store(true, Ordering::Release);
            }
            Err(error) => match sqlite::classify(sqlite::COPYING, &self.file(), error) {
                // The log still holds everything; the next request tries again.
                error if error.passes() => {
                    tracing::warn!(path = self.file(), %error, "checkpoint put off");
                }
                failure => {
                    alarm.raise(failure.clone());
                    self.latest.failure.get_or_init(|| failure);
                }
            },
        }
    }
}

impl Wal {
    /// Why a checkpoint has failed, after which the database is not trusted any more: pages that
    /// could not be synced may be gone from memory, and the log with them once it starts over.
    pub fn failure(&self) -> Option<StorageError> {
        self.result.failure.get().cloned()
    }

    /// Notes that a commit has written about so many bytes, and has a checkpoint made when due.
    ///
    /// # Errors
    /// As the checkpoint that the writer itself may have to run.
    pub fn wrote(&mut self, connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
        self.written_bytes += bytes;
        if self.written_bytes >= self.every_bytes && self.requests.push(self.number, 1).is_ok() {
            self.written_bytes = 0;
        }
        let long = self.bytes_max / sqlite::PAGE_BYTES;
        if self.result.unseen.swap(false, Ordering::Acquire)
            && self.result.pages.load(Ordering::Relaxed) > long
        {
            sqlite::checkpoint(connection)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::sqlite::Durability;

    /// Each background checkpoint falls into a transaction here, so none ever copies everything.
    #[test]
    fn a_long_log_starts_over_though_its_writer_never_rests() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("test.db");
        let schema = "CREATE TABLE IF NOT EXISTS rows (body BLOB);";
        let writer = sqlite::open_writer(&path, Durability::Normal, &[schema]).unwrap();
        let requests = Arc::new(Requests::new("checkpoint", 8));
        let mut checkpointer = Checkpointer::new(Arc::clone(&requests));
        let mut wal = checkpointer.add(&path).unwrap();
        (wal.every_bytes, wal.bytes_max) = (200_000, 1 << 20);
        for _ in 0..400 {
            writer.execute_batch("BEGIN; INSERT INTO rows VALUES (zeroblob(20000))").unwrap();
            for number in requests.take(1) {
                checkpointer.databases[number].checkpoint(&Alarm::new());
            }
            writer.execute_batch("COMMIT").unwrap();
            wal.wrote(&writer, 20_000).unwrap();
        }
        let length = std::fs::metadata(dir.path().join("test.db-wal")).unwrap().len();
        assert!(length < 3 << 20, "the log has grown to {length} bytes");
    }
}
