//! How far a writer trusts its file: until the first failure that does not pass.
//!
//! After one the kernel may have dropped pages that it could not write, so that later operations
//! which succeed would prove nothing (J6).

use rusqlite::Connection;

use super::alarm::Alarm;
use super::checkpointer::Wal;
use super::sqlite;
use crate::error::StorageError;

/// What a writer thinks of its file.
pub struct Trust {
    file: String,
    alarm: Alarm,
    failure: Option<StorageError>,
}

impl Trust {
    /// Trusts a writer's file, which has not failed yet; a failure is told to `alarm`.
    pub fn new(connection: &Connection, alarm: Alarm) -> Self {
        Self { file: sqlite::file_of(connection), alarm, failure: None }
    }

    /// Why the file is not trusted any more, where it is not: the writer's own failure, or one of
    /// the checkpointer.
    pub fn failure(&self, wal: &Wal) -> Option<StorageError> {
        self.failure.clone().or_else(|| wal.failure())
    }

    /// Sorts the errors of an operation; those that do not pass end the trust.
    pub fn judge<T>(
        &mut self,
        operation: &'static str,
        result: rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        result.map_err(|error| {
            let error = sqlite::classify(operation, &self.file, error);
            if matches!(error, StorageError::Failed { .. }) {
                self.failure = Some(error.clone());
                self.alarm.raise(error.clone());
            }
            error
        })
    }

    /// Sorts the errors of a checkpoint: where they pass, the log still holds everything, and the
    /// next checkpoint tries again.
    pub fn judge_checkpoint(&mut self, result: rusqlite::Result<()>) -> Result<(), StorageError> {
        match self.judge(sqlite::COPYING, result) {
            Err(error) if error.passes() => Ok(()),
            judged => judged,
        }
    }
}
