//! Follows a workspace file: what it says becomes the catalog, whenever it changes.
//!
//! A broken file changes nothing: the catalog stays as it was, and the log says where the file is
//! wrong.

use std::path::PathBuf;

use storage::catalog::Edit;
use storage::{Author, StorageError, Store};

use super::edit::{self, Applied};
use crate::clock;
use crate::reload::{Followed, Reload};
use crate::shutdown::Shutdown;
use crate::workspace_file::{self, WorkspaceFileError};

/// Keeps the catalog equal to a file.
pub struct Follower {
    path: PathBuf,
    store: Store,
    /// The file and those it names; noted once their state is dealt with: applied, or found wrong
    /// and reported.
    followed: Followed,
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
    pub fn new(path: PathBuf, store: Store, reload: &Reload) -> Self {
        Self { followed: Followed::new(vec![path.clone()], reload), path, store }
    }

    /// Makes the catalog equal to the file.
    ///
    /// # Errors
    /// Where the file is wrong, or the catalog does not take it; nothing has changed then.
    pub async fn apply(&mut self) -> Result<(), FollowError> {
        self.followed.note();
        let applied = self.read_and_apply().await;
        if matches!(applied, Err(FollowError::Catalog(_))) {
            // The file may well be right: the next look tries again.
            self.followed.forget();
        }
        applied
    }

    async fn read_and_apply(&mut self) -> Result<(), FollowError> {
        let mut paths = vec![self.path.clone()];
        let file = workspace_file::read(&self.path, &mut paths);
        self.followed.follow_all(paths);
        let file = file?;
        for warning in &file.warnings {
            tracing::warn!(file = %self.path.display(), "{warning}");
        }
        let content = self.store.catalog.watch().borrow().clone();
        let author = Author { at: clock::now(), by: "workspace file".to_owned(), address: None };
        let applied = edit::apply(&self.store, &content, &file.workspace, &author).await;
        let Applied { changes, .. } = applied.map_err(FollowError::Catalog)?;
        if changes.is_empty() {
            return Ok(());
        }
        let removed: Vec<_> = changes.iter().filter_map(removed).collect();
        let changed = changes.len() - removed.len();
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

    /// Applies the file whenever it has changed or somebody wishes, until the server ends.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        while self.followed.due(&mut shutdown).await {
            if let Err(error) = self.apply().await {
                self.complain(&error);
            }
        }
    }
}

/// Names what a change removes.
fn removed(change: &Edit) -> Option<String> {
    match change {
        Edit::Remove(key) => Some(format!("{} {}", key.kind.as_str(), key.id)),
        Edit::Put(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use storage::{Catalog, CatalogChange, Deed, Receipt, Snapshot};
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

        fn apply(&self, changes: Vec<CatalogChange>, deeds: Vec<Deed>) -> Receipt<Arc<Snapshot>> {
            if self.full.load(Relaxed) {
                let operation = "writing the catalog";
                return Receipt::ready(Err(StorageError::DiskFull { operation }));
            }
            self.inner.apply(changes, deeds)
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
        let mut follower = Follower::new(path, store, &Reload::default());
        assert!(follower.followed.is_due(), "not looked at yet");

        let refused = follower.apply().await;
        assert!(matches!(refused, Err(FollowError::Catalog(_))), "{refused:?}");
        assert!(follower.followed.is_due(), "the catalog did not take it");

        full.store(false, Relaxed);
        follower.apply().await.expect("there is room now");
        assert_eq!(catalog.borrow().workspace.sources.len(), 1);
        assert!(!follower.followed.is_due(), "applied");
    }

    #[tokio::test]
    async fn a_file_that_is_wrong_is_reported_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("workspace.json");
        std::fs::write(&path, "{}").expect("a file");
        let store = storage::memory::open();
        let mut follower = Follower::new(path.clone(), store, &Reload::default());
        let wrong = follower.apply().await;
        assert!(matches!(wrong, Err(FollowError::File(_))), "{wrong:?}");
        assert!(!follower.followed.is_due(), "it is as wrong as before");
        std::fs::write(&path, ONE_SOURCE).expect("a file");
        assert!(follower.followed.is_due(), "it has changed");
    }
}
