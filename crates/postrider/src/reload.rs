//! Reload: files that the server follows, and the wish to read them again now.
//!
//! The state of a file is looked at once a second, which works on every file system and also where
//! the file is replaced or is a link.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use domain::limits;
use tokio::sync::watch;

use crate::shutdown::Shutdown;

/// Asks everybody who follows a file to read it again.
#[derive(Debug, Default)]
pub struct Reload(watch::Sender<u64>);

/// Files that belong together, and their state when they were read last.
#[derive(Debug)]
pub struct Followed {
    paths: Vec<PathBuf>,
    seen: Option<Vec<Option<Stamp>>>,
    /// Of everybody who wishes them to be read again, since this was made.
    wishes: watch::Receiver<u64>,
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

impl Reload {
    /// Asks.
    pub fn ask(&self) {
        self.0.send_modify(|count| *count += 1);
    }
}

impl Followed {
    /// Files that nobody has looked at yet. No wish is missed from now on, so this comes before they
    /// are read for the first time.
    pub fn new(paths: Vec<PathBuf>, reload: &Reload) -> Self {
        Self { paths, seen: None, wishes: reload.0.subscribe() }
    }

    /// Follows these files from now on; where they are others than before, the next look finds
    /// them changed.
    pub fn follow_all(&mut self, paths: Vec<PathBuf>) {
        if self.paths != paths {
            self.paths = paths;
            self.seen = None;
        }
    }

    /// Notes the state of the files; to be called before they are read, so that a change meanwhile
    /// is seen at the next look.
    pub fn note(&mut self) {
        self.seen = Some(self.stamps());
    }

    /// Forgets the state, so that the next look finds the files changed.
    pub fn forget(&mut self) {
        self.seen = None;
    }

    /// Whether the files are in a state that was not noted.
    pub fn is_due(&self) -> bool {
        self.seen.as_ref() != Some(&self.stamps())
    }

    /// Waits until the files have changed or somebody wishes; false where the server ends.
    pub async fn due(&mut self, shutdown: &mut Shutdown) -> bool {
        loop {
            tokio::select! {
                () = tokio::time::sleep(limits::FILE_LOOK_INTERVAL) => {
                    if self.is_due() {
                        return true;
                    }
                }
                Ok(()) = self.wishes.changed() => return true,
                () = shutdown.draining() => return false,
            }
        }
    }

    fn stamps(&self) -> Vec<Option<Stamp>> {
        self.paths.iter().map(|path| stamp(path)).collect()
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
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn files_are_due_when_one_of_them_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["one", "other"].map(|name| dir.path().join(name));
        let mut followed = Followed::new(paths.to_vec(), &Reload::default());
        assert!(followed.is_due(), "not looked at yet");
        followed.note();
        assert!(!followed.is_due(), "both are missing, as before");
        std::fs::write(&paths[1], "x").unwrap();
        assert!(followed.is_due());
        followed.note();
        std::fs::write(dir.path().join("new"), "y").unwrap();
        std::fs::rename(dir.path().join("new"), &paths[1]).unwrap();
        assert!(followed.is_due(), "replaced");
        followed.note();
        followed.forget();
        assert!(followed.is_due());
        followed.note();
        followed.follow_all(paths.to_vec());
        assert!(!followed.is_due(), "the same files");
        followed.follow_all(paths[..1].to_vec());
        assert!(followed.is_due(), "others");
    }

    #[tokio::test]
    async fn a_wish_is_heard_also_before_anybody_waits_for_one() {
        let (_trigger, mut shutdown) = crate::shutdown::shutdown();
        let reload = Reload::default();
        reload.ask();
        let mut followed = Followed::new(Vec::new(), &reload);
        followed.note();
        assert_eq!(followed.due(&mut shutdown).now_or_never(), None, "made after that wish");
        reload.ask();
        assert_eq!(followed.due(&mut shutdown).now_or_never(), Some(true));
        assert_eq!(followed.due(&mut shutdown).now_or_never(), None, "heard once");
    }
}
