//! The data directory: whose it is, which format it has, and who holds it.
//!
//! The file `format` is read before anything else is opened or changed, so that a program too old
//! for a directory leaves it byte for byte as it was. The file `lock` is held for the life of the
//! engine and names the process that holds it. Both a crash while the directory is made and two
//! processes that make it at once end in a directory that opens.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::limits::{LOCK_LOOK_INTERVAL, LOCK_WAIT};
use super::sqlite;
use crate::error::OpenError;

/// The newest format this version reads, and the one it writes.
const FORMAT: u32 = 1;
const FORMAT_FILE: &str = "format";
/// A dot file, so that one left over by a crash does not make the directory look foreign.
const FORMAT_FILE_NEW: &str = ".format.new";
const LOCK_FILE: &str = "lock";

/// What a directory of ours is, by the first word of its file `format`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A data directory, which a server may open.
    Data,
    /// A backup, which none may: its places may have been used again since.
    Backup,
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::Data => "postrider-data",
            Self::Backup => "postrider-backup",
        }
    }
}

/// A data directory of ours, held by this process.
#[derive(Debug)]
pub struct Directory {
    dir: PathBuf,
    _lock: File,
}

impl Directory {
    /// Opens the directory, or makes it where there is none.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        make(dir)?;
        match mark(dir)? {
            Some(Mark::Data) => {}
            Some(Mark::Backup) => {
                let reason = "it is a backup, of which `postrider restore` makes one".to_owned();
                return Err(OpenError::NotOurs { dir: dir.to_owned(), reason });
            }
            None => {
                refuse_foreign(dir)?;
                write_format(dir, Mark::Data)?;
            }
        }
        let lock = take_lock(dir)?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Makes the names of files made in it durable.
    pub fn sync(&self) -> Result<(), OpenError> {
        sync_dir(&self.dir)
    }
}

/// A directory of ours that is only read, whoever holds it. Where nobody does, nobody can take it
/// meanwhile.
#[derive(Debug)]
pub struct Onlooker {
    dir: PathBuf,
    holder: Option<String>,
    _lock: Option<File>,
}

impl Onlooker {
    /// Looks at a data directory or a backup.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        if mark(dir)?.is_none() {
            let reason = format!("it has no file `{FORMAT_FILE}`");
            return Err(OpenError::NotOurs { dir: dir.to_owned(), reason });
        }
        let path = dir.join(LOCK_FILE);
        let (holder, lock) = match File::open(&path) {
            Ok(mut file) => match file.try_lock() {
                Ok(()) => (None, Some(file)),
                Err(TryLockError::WouldBlock) => (Some(holder(&mut file)), None),
                Err(TryLockError::Error(error)) => return Err(io("lock", &path)(error)),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (None, None),
            Err(error) => return Err(io("open", &path)(error)),
        };
        Ok(Self { dir: dir.to_owned(), holder, _lock: lock })
    }

    /// The id of the process that holds it.
    pub fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    /// The name by which a file in it is opened or attached to be read only.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn read_only_name(&self, file: &str) -> Result<String, OpenError> {
        let path = self.dir.join(file);
        path.metadata().map_err(io("look at", &path))?;
        Ok(sqlite::read_only_name(&path, self.holder.is_some()))
    }
}

/// A directory that is being filled, and is taken for nothing before it is finished.
#[derive(Debug)]
pub struct Draft {
    dir: PathBuf,
}

impl Draft {
    /// Begins in a new or empty directory.
    pub fn begin(dir: &Path) -> Result<Self, OpenError> {
        make(dir)?;
        for entry in std::fs::read_dir(dir).map_err(io("list", dir))? {
            let name = entry.map_err(io("list", dir))?.file_name().to_string_lossy().into_owned();
            if name != "lost+found" {
                return Err(OpenError::NotEmpty { dir: dir.to_owned(), name });
            }
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Makes its files durable, and then the directory what it is to be. Whoever looks at a data
    /// directory finds a lock in it, so that no server can start meanwhile.
    pub fn finish(self, mark: Mark, files: &[&str]) -> Result<(), OpenError> {
        if mark == Mark::Data {
            let lock = self.file(LOCK_FILE);
            File::create(&lock).map_err(io("create", &lock))?;
        }
        for name in files {
            let path = self.file(name);
            File::open(&path).and_then(|file| file.sync_all()).map_err(io("sync", &path))?;
        }
        sync_dir(&self.dir)?;
        write_format(&self.dir, mark)
    }
}

/// Makes a directory where there is none, for its own user alone: events and hashes of passwords are in
/// it.
fn make(dir: &Path) -> Result<(), OpenError> {
    let parents = parents_of_new(dir)?;
    if !parents.is_empty() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(dir).map_err(io("create", dir))?;
    }
    parents.iter().try_for_each(|parent| sync_dir(parent))
}

/// The directories that get a new name in them when a directory is made with all that lead to it.
fn parents_of_new(dir: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let mut parents = Vec::new();
    for new in dir.ancestors().filter(|one| !one.as_os_str().is_empty()) {
        if new.try_exists().map_err(io("look at", new))? {
            break;
        }
        parents.push(parent_of(new).to_owned());
    }
    Ok(parents)
}

/// The directory in which a name stands.
pub fn parent_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// What a directory is; none without a format file.
///
/// # Errors
/// Where the format file is not ours, or newer than what this version can read.
fn mark(dir: &Path) -> Result<Option<Mark>, OpenError> {
    let path = dir.join(FORMAT_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("read", &path)(error)),
    };
    let first_line = text.lines().next().unwrap_or_default();
    let number = |mark: Mark| first_line.strip_prefix(mark.word())?.trim().parse::<u32>().ok();
    let found = [Mark::Data, Mark::Backup].into_iter().find_map(|mark| Some((mark, number(mark)?)));
    match found {
        Some((_, found)) if found > FORMAT => {
            Err(OpenError::NewerFormat { dir: dir.to_owned(), found, supported: FORMAT })
        }
        Some((mark, 1..)) => Ok(Some(mark)),
        _ => Err(OpenError::NotOurs {
            dir: dir.to_owned(),
            reason: format!("its file `{FORMAT_FILE}` begins with `{first_line}`"),
        }),
    }
}

fn refuse_foreign(dir: &Path) -> Result<(), OpenError> {
    for entry in std::fs::read_dir(dir).map_err(io("list", dir))? {
        let name = entry.map_err(io("list", dir))?.file_name();
        let name = name.to_string_lossy();
        // A `format` file means that another process is making the directory at this moment.
        if !name.starts_with('.') && !["lost+found", FORMAT_FILE, LOCK_FILE].contains(&&*name) {
            return Err(OpenError::NotOurs {
                dir: dir.to_owned(),
                reason: format!("it has no file `{FORMAT_FILE}` but holds `{name}`"),
            });
        }
    }
    Ok(())
}

fn write_format(dir: &Path, mark: Mark) -> Result<(), OpenError> {
    let new = dir.join(FORMAT_FILE_NEW);
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("{} {FORMAT}\nmade by postrider {version}\n", mark.word());
    let mut file = File::create(&new).map_err(io("create", &new))?;
    file.write_all(text.as_bytes()).map_err(io("write", &new))?;
    file.sync_all().map_err(io("sync", &new))?;
    let path = dir.join(FORMAT_FILE);
    match std::fs::rename(&new, &path) {
        // Another process was quicker with the same content.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.exists() => {}
        renamed => renamed.map_err(io("create", &path))?,
    }
    sync_dir(dir)
}

fn take_lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(io("open", &path))?;
    match lock(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::InUse { dir: dir.to_owned(), holder: holder(&mut file) });
        }
        Err(TryLockError::Error(error)) => return Err(io("lock", &path)(error)),
    }
    file.set_len(0).map_err(io("write", &path))?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(io("write", &path))?;
    Ok(file)
}

/// Locks a file; waits a moment for a process that is about to end.
fn lock(file: &File) -> Result<(), TryLockError> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_WAIT => {
                std::thread::sleep(LOCK_LOOK_INTERVAL);
            }
            ended => return ended,
        }
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// Makes the names in a directory durable.
pub fn sync_dir(dir: &Path) -> Result<(), OpenError> {
    File::open(dir).and_then(|file| file.sync_all()).map_err(io("sync", dir))
}

fn io(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { operation, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directory_with_a_new_name_in_it_is_synced() {
        let here = tempfile::tempdir().unwrap();
        let at = |name: &str| here.path().join(name);
        let parents = |path: &Path| parents_of_new(path).unwrap();
        assert_eq!(parents(&at("a/b/c")), [at("a/b"), at("a"), here.path().to_owned()]);
        std::fs::create_dir(at("a")).unwrap();
        assert_eq!(parents(&at("a/b/c")), [at("a/b"), at("a")]);
        assert_eq!(parents(&at("a")), [] as [PathBuf; 0]);
        let bare = Path::new("a-name-that-is-nowhere");
        assert_eq!(parents(bare), [Path::new(".")]);
        assert_eq!(parents(&bare.join("b")), [bare, Path::new(".")]);
    }

    #[test]
    fn nobody_takes_a_restored_directory_while_it_is_looked_at() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("restored");
        Draft::begin(&dir).unwrap().finish(Mark::Data, &[]).unwrap();
        let onlooker = Onlooker::open(&dir).unwrap();
        assert_eq!(onlooker.holder(), None);
        let refused = Directory::open(&dir).unwrap_err();
        assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
        drop(onlooker);
        Directory::open(&dir).unwrap();
    }
}
