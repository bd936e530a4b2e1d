//! How much room the files take, as the file system tells it: nothing is opened, nothing is scanned.

use std::path::{Path, PathBuf};

use super::{catalog, index, journal, state};

/// The files of a data directory.
#[derive(Clone, Debug)]
pub struct Files {
    dir: PathBuf,
}

/// The room of one database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileRoom {
    /// What is in it: `journal`, `state`, `index` or `catalog`.
    pub part: &'static str,
    /// Its bytes, with those of its log.
    pub bytes: u64,
}

/// What is in which file.
const PARTS: [(&str, &str); 4] = [
    ("journal", journal::FILE),
    ("state", state::FILE),
    ("index", index::FILE),
    ("catalog", catalog::FILE),
];

/// What SQLite puts beside a database.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

impl Files {
    /// Those of this data directory.
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// How much room each takes at this moment. A file that cannot be looked at counts as none.
    pub fn room(&self) -> [FileRoom; PARTS.len()] {
        PARTS.map(|(part, file)| {
            let bytes = |suffix: &str| {
                let found = self.dir.join(format!("{file}{suffix}")).metadata();
                found.map_or(0, |found| found.len())
            };
            FileRoom { part, bytes: SUFFIXES.iter().map(|suffix| bytes(suffix)).sum() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_takes_the_room_of_its_log_too() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [("journal.db", 100), ("journal.db-wal", 20), ("index.db", 3)] {
            std::fs::write(dir.path().join(name), vec![0; bytes]).unwrap();
        }
        let room = Files::of(dir.path()).room().map(|one| (one.part, one.bytes));
        assert_eq!(room, [("journal", 120), ("state", 0), ("index", 3), ("catalog", 0)]);
    }
}
