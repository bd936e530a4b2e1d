//! Follows a workspace file: what it says becomes the catalog, whenever it changes.
//!
//! The file's state is looked at once a second, which works on every file system and also where
//! the file is replaced or is a link. A broken file changes nothing: the catalog stays as it was,
//! and the log says where the file is wrong.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use domain::limits;
use storage::catalog::Edit;
use storage::{CatalogChange, StorageError, Store};
use tokio::sync::Notify;

use super::diff::diff;
use crate::shutdown::Shutdown;
use crate::workspace_file::{self, WorkspaceFileError};

/// Keeps the catalog equal to a file.
pub struct Follower {
    path: PathBuf,
    store: Store,
    /// The state of the file that is dealt with: applied, or found wrong and reported.
    seen: Option<Stamp>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
    /// When anything about the file changed, its rights included.
    changed: (i64, i64),
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
        // Taken before the file is read, so that a change meanwhile is seen at the next look.
        self.seen = stamp(&self.path);
        let applied = self.read_and_apply().await;
        if matches!(applied, Err(FollowError::Catalog(_))) {
            // The file may well be right: the next look tries again.
            self.seen = None;
        }
        applied
    }

    async fn read_and_apply(&self) -> Result<(), FollowError> {
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
        let removed: Vec<_> = changes.iter().filter_map(removed).collect();
        let changed = changes.len() - removed.len();
        self.store.catalog.apply(changes).await.map_err(FollowError::Catalog)?;
        let removed = removed.join(", ");
        tracing::info!(file = %self.path.display(), changed, removed, "workspace file applied");
        Ok(())
    }

    /// Says what is wrong, a line for each mistake.
    fn complain(&self, error: &FollowError) {
        if let FollowError::File(WorkspaceFileError::Wrong { path, mistakes }) = error {
            for mistake in mistakes {
                tracing::error!("{}", mistake.within(path));
            }
        } else {
            tracing::error!("{}", crate::terminal::chain(error));
        }
        tracing::error!(
            file = %self.path.display(),
            "the workspace file is not applied; the catalog stays as it was"
        );
    }

    /// Whether the file is in a state that is not dealt with yet.
    fn is_due(&self) -> bool {
        stamp(&self.path) != self.seen
    }

    /// Applies the file whenever it has changed or `reload` is notified, until the server ends.
    pub async fn run(mut self, reload: Arc<Notify>, mut shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(limits::WORKSPACE_FILE_INTERVAL) => {
                    if !self.is_due() {
                        continue;
                    }
                }
                () = reload.notified() => {}
                () = shutdown.draining() => return,
            }
            if let Err(error) = self.apply().await {
                self.complain(&error);
            }
        }
    }
}

/// Names what a change removes.
fn removed(change: &CatalogChange) -> Option<String> {
    match &change.edit {
        Edit::Remove(key) => Some(format!("{} {}", key.kind.as_str(), key.id)),
        Edit::Put(_) => None,
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp {
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
        inode: metadata.ino(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use storage::{Catalog, Receipt, Snapshot};
    use tokio::sync::watch;

    use super::*;

    /// A catalog that takes nothing while its disk is full.
    struct Limited {
        inner: Arc<dyn Catalog>,
        full: Arc<AtomicBool>,
    }

    impl Catalog for Limited {
        fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
            self.inner.watch()
        }

        fn apply(&self, changes: Vec<CatalogChange>) -> Receipt<Arc<Snapshot>> {
            if self.full.load(Relaxed) {
                let operation = "writing the catalog";
                return Receipt::ready(Err(StorageError::DiskFull { operation }));
            }
            self.inner.apply(changes)
        }
    }

    const ONE_SOURCE: &str = r#"{"sources":[{"id":"a","writeKey":"k"}]}"#;

    #[tokio::test]
    async fn a_file_that_the_catalog_did_not_take_is_tried_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("workspace.json");
        std::fs::write(&path, ONE_SOURCE).expect("a file");
        let full = Arc::new(AtomicBool::new(true));
        let mut store = storage::memory::open();
        store.catalog = Arc::new(Limited { inner: store.catalog, full: full.clone() });
        let catalog = store.catalog.watch();
        let mut follower = Follower::new(path, store);
        assert!(follower.is_due(), "not looked at yet");

        let refused = follower.apply().await;
        assert!(matches!(refused, Err(FollowError::Catalog(_))), "{refused:?}");
        assert!(follower.is_due(), "the catalog did not take it");

        full.store(false, Relaxed);
        follower.apply().await.expect("there is room now");
        assert_eq!(catalog.borrow().workspace.sources.len(), 1);
        assert!(!follower.is_due(), "applied");
    }

    #[tokio::test]
    async fn a_file_that_is_wrong_is_reported_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("workspace.json");
        std::fs::write(&path, "{}").expect("a file");
        let mut follower = Follower::new(path.clone(), storage::memory::open());
        let wrong = follower.apply().await;
        assert!(matches!(wrong, Err(FollowError::File(_))), "{wrong:?}");
        assert!(!follower.is_due(), "it is as wrong as before");
        std::fs::write(&path, ONE_SOURCE).expect("a file");
        assert!(follower.is_due(), "it has changed");
    }
}
