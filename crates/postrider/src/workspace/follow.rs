//! Follows a workspace file: what it says becomes the catalog, whenever it changes.
//!
//! The file's state is looked at once a second, which works on every file system and also where
//! the file is replaced or is a link. A broken file changes nothing: the catalog stays as it was,
//! and the log says where the file is wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use domain::limits;
use storage::{StorageError, Store};
use tokio::sync::Notify;

use super::diff::diff;
use crate::shutdown::Shutdown;
use crate::workspace_file::{self, WorkspaceFileError};

/// Keeps the catalog equal to a file.
pub struct Follower {
    path: PathBuf,
    store: Store,
    seen: Option<Stamp>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    #[cfg(unix)]
    inode: u64,
}

/// Why the file's content is not the catalog's.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The file is wrong.
    #[error(transparent)]
    File(#[from] WorkspaceFileError),
    /// The catalog did not take it.
    #[error("cannot apply the workspace file")]
    Catalog(#[source] StorageError),
}

impl Follower {
    /// A follower that has not looked at the file yet.
    pub fn new(path: PathBuf, store: Store) -> Self {
        Self { path, store, seen: None }
    }

    /// Makes the catalog equal to the file.
    ///
    /// # Errors
    /// Where the file is wrong, or the catalog does not take it; nothing has changed then.
    pub async fn apply(&mut self) -> Result<(), FollowError> {
        self.seen = stamp(&self.path);
        let file = workspace_file::read(&self.path)?;
        for warning in &file.warnings {
            tracing::warn!(file = %self.path.display(), "{warning}");
        }
        let snapshot = self.store.catalog.watch().borrow().clone();
        let head = *self.store.journal.head().borrow();
        let changes = diff(&snapshot, &file.workspace, head);
        if changes.is_empty() {
            return Ok(());
        }
        let count = changes.len();
        self.store.catalog.apply(changes).await.map_err(FollowError::Catalog)?;
        tracing::info!(file = %self.path.display(), changes = count, "workspace file applied");
        Ok(())
    }

    /// Applies the file whenever it has changed or `reload` is notified, until the server ends.
    pub async fn run(mut self, reload: Arc<Notify>, mut shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(limits::WORKSPACE_FILE_INTERVAL) => {
                    if stamp(&self.path) == self.seen {
                        continue;
                    }
                }
                () = reload.notified() => {}
                () = shutdown.draining() => return,
            }
            if let Err(error) = self.apply().await {
                tracing::error!(
                    error = crate::terminal::chain(&error),
                    "the workspace file is not applied; the catalog stays as it was"
                );
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp {
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&metadata),
    })
}
