//! The audit: what was answered 200, compared with what arrived, by somebody who takes no part.
//!
//! In come two logs, written by clients and by an endpoint; out goes what was lost, what came more
//! than once, and what overtook an earlier event of the same user. Deliberately unknown here:
//! everything else of this program. The audit shares no code with what it looks at, so that one
//! mistake cannot hide in both: own reading, own hashes, own idea of whose an event is.

mod log;
mod book;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use book::{Book, Findings};
use log::Entry;

/// The outcome of an audit, ready to be shown.
#[derive(Debug)]
pub struct Audit {
    findings: Findings,
    /// The lines of the first log that examples name, by number.
    lines: BTreeMap<u32, Entry>,
}

/// Why there is no audit.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{}, line {line}: {fault}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its number, from 1.
        line: u32,
        /// What is wrong with it.
        fault: String,
    },
    /// Nothing was answered, so nothing can be lost.
    #[error("{} has no events: nothing can be compared with it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Compares two logs, reading each line by line; about 50 bytes are held for each event.
///
/// # Errors
/// Where a log cannot be read, a line of it says nothing, or the first one has no events.
pub fn audit(answered: &Path, arrived: &Path) -> Result<Audit, AuditError> {
    let mut book = Book::default();
    log::each(answered, |line, entry| book.answer(line, &entry))?;
    log::each(arrived, |_, entry| book.arrive(&entry))?;
    let findings = book.findings();
    if findings.counts.answered == 0 {
        return Err(AuditError::Empty { path: answered.to_owned() });
    }
    let wanted = findings.lines();
    let mut lines = BTreeMap::new();
    if !wanted.is_empty() {
        log::each(answered, |line, entry| {
            if wanted.contains(&line) {
                lines.insert(line, entry);
            }
        })?;
    }
    Ok(Audit { findings, lines })
}

impl Audit {
    /// Whether nothing was lost, and nothing reordered of what has an order.
    pub fn is_clean(&self) -> bool {
        self.findings.is_clean()
    }
}
