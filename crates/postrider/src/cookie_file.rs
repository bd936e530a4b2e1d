//! The file `admin.cookie`: how commands of the same machine come in.
//!
//! The server writes a new secret into its data directory at each start, for its own user alone, and
//! removes the file at its end. Whoever may read it may read everything else there, too.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::admin::new_secret;
use crate::config::Secret;

/// Its name in the data directory.
pub const NAME: &str = "admin.cookie";

/// A dot file, as one that a crash has left there is nothing to read.
const NEW: &str = ".admin.cookie.new";

/// The file, while a server runs.
#[derive(Debug)]
pub struct CookieFile {
    path: PathBuf,
    secret: Secret,
}

impl CookieFile {
    /// Writes a new secret into a data directory, whole at once.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(dir: &Path) -> io::Result<Self> {
        let (path, new) = (dir.join(NAME), dir.join(NEW));
        remove(&new)?;
        let secret = Secret::new(new_secret());
        // Made anew, so that nobody has it open who may not read it.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(secret.reveal().as_bytes())?;
        fs::rename(&new, &path)?;
        Ok(Self { path, secret })
    }

    /// What it holds.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl Drop for CookieFile {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "a file was not removed");
        }
    }
}

/// What the file of a data directory holds; none where this user cannot read it.
pub fn read(dir: &Path) -> Option<Secret> {
    let text = fs::read_to_string(dir.join(NAME)).ok()?;
    Some(text.trim()).filter(|text| !text.is_empty()).map(Secret::new)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_for_its_own_user_and_goes_with_the_server() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()), None);
        fs::write(dir.path().join(NEW), "left over").unwrap();
        let first = CookieFile::write(dir.path()).unwrap();
        assert_eq!(read(dir.path()).as_ref(), Some(first.secret()));
        let mode = fs::metadata(dir.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = CookieFile::write(dir.path()).unwrap();
        assert_ne!(first.secret(), second.secret(), "a new one at each start");
        assert_eq!(read(dir.path()).as_ref(), Some(second.secret()));
        drop(second);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
