//! The data directory: whose it is, which format it has, and who holds it.
//!
//! The file `format` is read before anything else is opened or changed, so that a program too old
//! for a directory leaves it byte for byte as it was. The file `lock` is held for the life of the
//! engine and names the process that holds it. Both a crash while the directory is made and two
//! processes that make it at once end in a directory that opens.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::limits::{LOCK_LOOK_INTERVAL, LOCK_WAIT};
use crate::error::OpenError;

/// The newest format this version reads, and the one it writes.
const FORMAT: u32 = 1;
const FORMAT_WORD: &str = "postrider-data";
const FORMAT_FILE: &str = "format";
/// A dot file, so that one left over by a crash does not make the directory look foreign.
const FORMAT_FILE_NEW: &str = ".format.new";
const LOCK_FILE: &str = "lock";

/// A data directory of ours, held by this process.
#[derive(Debug)]
pub struct Directory {
    dir: PathBuf,
    _lock: File,
}

impl Directory {
    /// Opens the directory, or makes it where there is none.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        if !dir.try_exists().map_err(io("look at", dir))? {
            std::fs::create_dir_all(dir).map_err(io("create", dir))?;
            if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync_dir(parent)?;
            }
        }
        if !has_known_format(dir)? {
            refuse_foreign(dir)?;
            write_format(dir)?;
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

/// Whether there is a format file, and one this version can read.
fn has_known_format(dir: &Path) -> Result<bool, OpenError> {
    let path = dir.join(FORMAT_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io("read", &path)(error)),
    };
    let first_line = text.lines().next().unwrap_or_default();
    let number = first_line.strip_prefix(FORMAT_WORD).and_then(|rest| rest.trim().parse().ok());
    match number {
        Some(found) if found > FORMAT => {
            Err(OpenError::NewerFormat { dir: dir.to_owned(), found, supported: FORMAT })
        }
        Some(1..) => Ok(true),
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

fn write_format(dir: &Path) -> Result<(), OpenError> {
    let new = dir.join(FORMAT_FILE_NEW);
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("{FORMAT_WORD} {FORMAT}\nmade by postrider {version}\n");
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

fn sync_dir(dir: &Path) -> Result<(), OpenError> {
    File::open(dir).and_then(|file| file.sync_all()).map_err(io("sync", dir))
}

fn io(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { operation, path, source }
}
