//! Copies: a backup of a data directory, also while a server runs on it, and a data directory made
//! of one.
//!
//! The journal, by far the largest file, is copied first, then schedule and catalog as each is at
//! one moment, and last what the journal has got meanwhile. So whatever the copied schedule needs is
//! in the copied journal: what had not been removed when the copy began, and what came until its
//! end.
//!
//! Sessions are no part of a copy: who had come in does so again.
//!
//! A backup is no data directory: since it was made the original has given away more places, which
//! events have been delivered under. A restore goes on far behind them. A copy that was interrupted
//! has no file `format`, and is taken for neither.

use std::path::Path;

use rusqlite::Connection;

use super::directory::{Draft, Mark, Onlooker};
use super::{catalog, journal, sqlite, state};
use crate::error::OpenError;
use crate::journal::SeqRange;
use domain::id::Seq;
use domain::limits::RESTORE_SKIPS_MAX;

/// What was copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copied {
    /// Frames of the journal.
    pub frames: u64,
    /// From the first event to the last.
    pub places: Option<SeqRange>,
}

/// Copies a data directory, held or not, to a new or empty directory.
///
/// # Errors
/// Where the one cannot be read or the other not be written; what was copied until then is left.
pub fn back_up(dir: &Path, to: &Path) -> Result<Copied, OpenError> {
    let onlooker = Onlooker::open(dir)?;
    let draft = Draft::begin(to)?;
    let copy = copy(&onlooker, &draft)?;
    let (frames, places) = extent(&copy, &draft)?;
    drop(copy);
    draft.finish(Mark::Backup, FILES)?;
    Ok(Copied { frames, places })
}

/// Makes a data directory of a backup, or of a data directory that nobody holds, in a new or empty
/// directory; answers also the place that the next event will get, which is larger than any that
/// the original has given away (J2). Two that are made of one backup go on at one place once in
/// [`RESTORE_SKIPS_MAX`] times.
///
/// # Errors
/// As [`back_up`], and where a process holds the data directory.
pub fn restore(from: &Path, dir: &Path) -> Result<(Copied, Seq), OpenError> {
    let onlooker = Onlooker::open(from)?;
    if let Some(holder) = onlooker.holder() {
        return Err(OpenError::InUse { dir: from.to_owned(), holder: holder.to_owned() });
    }
    let draft = Draft::begin(dir)?;
    let copy = copy(&onlooker, &draft)?;
    let (frames, places) = extent(&copy, &draft)?;
    let path = draft.file(state::FILE);
    let next_min = Connection::open(&path)
        .and_then(|connection| state::next_place(&connection))
        .map_err(sqlite::database("read", &path))?;
    let skipped = copy.skip(next_min, draw_skips(dir)?);
    let next = skipped.map_err(sqlite::database("write", &draft.file(journal::FILE)))?;
    drop(copy);
    draft.finish(Mark::Data, FILES)?;
    Ok((Copied { frames, places }, next))
}

/// How many times as far a restore goes on.
fn draw_skips(dir: &Path) -> Result<u64, OpenError> {
    let drawn = getrandom::u64().map_err(|error| OpenError::Io {
        operation: "draw a random number for",
        path: dir.to_owned(),
        source: std::io::Error::other(error),
    })?;
    Ok(1 + drawn % RESTORE_SKIPS_MAX)
}

const FILES: &[&str] = &[journal::FILE, state::FILE, catalog::FILE];

fn copy(onlooker: &Onlooker, draft: &Draft) -> Result<journal::Copy, OpenError> {
    let path = draft.file(journal::FILE);
    let original = onlooker.read_only_name(journal::FILE)?;
    let failed = || sqlite::database("copy the journal to", &path);
    let mut copy = journal::Copy::begin(&path, &original).map_err(failed())?;
    copy.catch_up().map_err(failed())?;
    copy_database(onlooker, draft, state::FILE)?;
    copy_database(onlooker, draft, catalog::FILE)?;
    let catalog = draft.file(catalog::FILE);
    catalog::clear_copy(&catalog).map_err(sqlite::database("write", &catalog))?;
    copy.catch_up().and_then(|()| copy.finish()).map_err(failed())?;
    Ok(copy)
}

fn copy_database(onlooker: &Onlooker, draft: &Draft, file: &str) -> Result<(), OpenError> {
    let path = draft.file(file);
    sqlite::open_by_name(&onlooker.read_only_name(file)?)
        .and_then(|original| sqlite::copy(&original, &path))
        .map_err(sqlite::database("copy a database to", &path))
}

fn extent(copy: &journal::Copy, draft: &Draft) -> Result<(u64, Option<SeqRange>), OpenError> {
    copy.extent().map_err(sqlite::database("read", &draft.file(journal::FILE)))
}
