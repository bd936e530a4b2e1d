//! What can go wrong in an engine; causes are kept, sentences say operation and object.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::accounts::RollFault;

impl StorageError {
    /// Whether the same may succeed later: the store is as it was, and goes on.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::DiskFull { .. } | Self::Busy { .. })
    }
}

/// A failure of ours, never of an endpoint or a caller.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// The inbox is full: nothing was taken, the caller may try again.
    #[error("the {inbox} inbox is full")]
    Full {
        /// Whose inbox.
        inbox: &'static str,
    },
    /// The disk is full: nothing of the batch was stored, later batches may succeed.
    #[error("the disk is full while {operation}")]
    DiskFull {
        /// What was being done.
        operation: &'static str,
    },
    /// Somebody else holds the database: nothing was stored, later operations may succeed.
    #[error("another program holds the database while {operation}")]
    Busy {
        /// What was being done.
        operation: &'static str,
    },
    /// The batch is larger than the store can take at once: nothing was stored.
    #[error("too large to be stored at once while {operation}")]
    TooLarge {
        /// What was being done.
        operation: &'static str,
    },
    /// The store has failed and is not trusted any more: every later operation fails too.
    #[error("storage failed while {operation}")]
    Failed {
        /// What was being done.
        operation: &'static str,
        /// Why.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The engine has been closed.
    #[error("storage is closed")]
    Closed,
    /// An edit of who may come in does not fit what is there.
    #[error("the edit does not fit")]
    Refused(#[source] RollFault),
    /// A catalog edit expected another version of an object than the stored one.
    #[error("{object} was changed by somebody else: expected version {expected}, found {found}")]
    Conflict {
        /// Which object.
        object: String,
        /// The version the edit expected; 0 for "does not exist".
        expected: u64,
        /// The version that is stored; 0 for "does not exist".
        found: u64,
    },
}

/// Why secrets could not be sealed or opened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// A key file holds no key.
    #[error("{} {reason}", path.display())]
    BadKeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something is sealed, and the key is not there.
    #[error("secrets are sealed, but their key {} is missing", path.display())]
    NoKey {
        /// Where it should be.
        path: PathBuf,
    },
    /// Something was sealed with another key.
    #[error("secrets are sealed with another key: with {wanted}, and the one given is {given}")]
    WrongKey {
        /// The id of the key that is needed.
        wanted: String,
        /// The id of the key that was given.
        given: String,
    },
    /// A sealed secret is not what was sealed there.
    #[error("the sealed secret {place:?} is damaged")]
    Damaged {
        /// The destination and its member.
        place: String,
    },
    /// The machine gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// What keeps a file from being used, as far as it decides what to do about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hindrance {
    /// The disk is full, or what this user may have of it.
    NoRoom,
    /// This user may not read or write it, or nobody may.
    NotAllowed,
    /// Another program holds it.
    Held,
    /// It is not what was written.
    Damaged,
    /// Something else, which the cause names.
    Other,
}

impl OpenError {
    /// What kept a file from being used, where it was one.
    pub fn hindrance(&self) -> Hindrance {
        match self {
            Self::Database { hindrance, .. } => *hindrance,
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Hindrance::NoRoom,
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    Hindrance::NotAllowed
                }
                _ => Hindrance::Other,
            },
            _ => Hindrance::Other,
        }
    }
}

/// Why a data directory could not be opened or copied.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("data directory {} is in use by process {holder}", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// The other process's id, or "unknown".
        holder: String,
    },
    /// It was written by a newer version.
    #[error(
        "data directory {} has format {found}, this version reads up to {supported}",
        dir.display()
    )]
    NewerFormat {
        /// The directory.
        dir: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format known here.
        supported: u32,
    },
    /// It holds something else than a data directory of ours.
    #[error("{} is not a Postrider data directory: {reason}", dir.display())]
    NotOurs {
        /// The directory.
        dir: PathBuf,
        /// What is odd about it.
        reason: String,
    },
    /// A database is not there, or empty, and another one shows that it was there once.
    #[error("{} is missing, and {} beside it holds data", path.display(), name_of(beside))]
    Missing {
        /// The file that is lost.
        path: PathBuf,
        /// The database that shows it.
        beside: PathBuf,
    },
    /// A copy would be mixed with something else.
    #[error("{} is not empty: it holds `{name}`", dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// One of the things in it.
        name: String,
    },
    /// The secrets of the catalog cannot be opened.
    #[error("cannot open the secrets of the catalog")]
    Secrets(#[source] SealError),
    /// SQLite is too old to be trusted.
    #[error("SQLite {found} has a bug that loses commits; {needed} or newer is needed")]
    OldSqlite {
        /// The version linked.
        found: &'static str,
        /// The oldest version accepted.
        needed: &'static str,
    },
    /// A file operation failed.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A database operation failed.
    #[error("cannot {operation} {}", path.display())]
    Database {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What that means for whoever has to do something about it.
        hindrance: Hindrance,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn name_of(path: &Path) -> std::path::Display<'_> {
    path.file_name().map_or(path, Path::new).display()
}
