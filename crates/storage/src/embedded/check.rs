//! A check: reads a data directory or a backup, whoever holds it, and says what is damaged.
//!
//! In comes a directory, out go counts and damages of each file; nothing is changed. The schedule
//! is read before the journal, which goes on meanwhile where a server runs, so that what the one
//! knows of is in the other. Deliberately unknown here: how anything is mended.

use std::path::Path;

use domain::id::Seq;
use rusqlite::Connection;

use super::directory::Onlooker;
use super::{catalog, journal, limits, seal, sqlite, state};
use crate::error::OpenError;
use crate::journal::SeqRange;

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Findings {
    /// The process that holds the directory, where one does.
    pub holder: Option<String>,
    /// In the order in which they are written about.
    pub files: Vec<FileFindings>,
}

/// What a check found in one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileFindings {
    /// Its name.
    pub file: &'static str,
    /// How many there are of what it holds.
    pub counts: Vec<(&'static str, u64)>,
    /// The places of its events, where it holds any.
    pub places: Option<SeqRange>,
    /// What is damaged; empty where it is whole.
    pub damage: Vec<Damage>,
}

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// What, in words.
    pub what: String,
    /// Which places, where it is about places.
    pub places: Option<SeqRange>,
}

impl Findings {
    /// Whether nothing is damaged.
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.damage.is_empty())
    }
}

impl FileFindings {
    /// Nothing is known of the file yet.
    pub fn of(file: &'static str) -> Self {
        Self { file, counts: Vec::new(), places: None, damage: Vec::new() }
    }

    /// Adds a damage.
    pub fn add(&mut self, what: impl Into<String>, places: Option<SeqRange>) {
        self.damage.push(Damage { what: what.into(), places });
    }
}

/// Checks a data directory or a backup, and changes nothing in it.
///
/// Where no server holds it, none can start on it meanwhile.
///
/// # Errors
/// Where the directory is not one of ours or cannot be read at all; damage is no error.
pub fn check(dir: &Path) -> Result<Findings, OpenError> {
    let onlooker = Onlooker::open(dir)?;
    let mut state = FileFindings::of(state::FILE);
    let cursors = look_at(&onlooker, &mut state, |connection, findings| {
        state::check(connection, findings)?;
        state::cursors(connection)
    });
    let mut journal = FileFindings::of(journal::FILE);
    let head = look_at(&onlooker, &mut journal, journal::check);
    for (destination, cursor) in cursors.unwrap_or_default() {
        if let Some(head) = head.filter(|head| *head < cursor) {
            let places = SeqRange { first: head, last: Seq(cursor.0 - 1) };
            state.add(format!("{destination} has had events after the journal"), Some(places));
        }
    }
    let mut catalog = FileFindings::of(catalog::FILE);
    look_at(&onlooker, &mut catalog, check_catalog);
    let holder = onlooker.holder().map(str::to_owned);
    Ok(Findings { holder, files: vec![journal, state, catalog] })
}

/// Opens a file and lets `look` at it; whatever fails is a damage of the file.
fn look_at<T>(
    onlooker: &Onlooker,
    findings: &mut FileFindings,
    look: impl FnOnce(&Connection, &mut FileFindings) -> rusqlite::Result<T>,
) -> Option<T> {
    let name = match onlooker.read_only_name(findings.file) {
        Ok(name) => name,
        Err(error) => {
            findings.add(with_cause(&error), None);
            return None;
        }
    };
    let looked = sqlite::open_by_name(&name).and_then(|connection| {
        let looked = look(&connection, findings);
        for check in structure_checks(&connection, onlooker.holder().is_some())? {
            quick_check(&connection, &check, findings)?;
        }
        looked
    });
    looked.inspect_err(|error| findings.add(format!("cannot be read: {error}"), None)).ok()
}

fn with_cause(error: &OpenError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// What asks whether a file's own structure holds together. Where a server writes to it, each table is
/// asked about by itself, and the journal's frames are not, which the walk over them has read all of:
/// one look at a whole journal would keep the server's write-ahead log from starting over until its end.
fn structure_checks(connection: &Connection, is_in_use: bool) -> rusqlite::Result<Vec<String>> {
    if !is_in_use {
        return Ok(vec![format!("PRAGMA quick_check({})", limits::CHECK_LINES_MAX)]);
    }
    let sql = "SELECT 'PRAGMA quick_check(' || quote(name) || ')' FROM sqlite_schema
         WHERE type = 'table' AND name <> ?1 ORDER BY rowid";
    let mut tables = connection.prepare(sql)?;
    tables.query_map([journal::FRAMES], |row| row.get(0))?.collect()
}

fn quick_check(
    connection: &Connection,
    check: &str,
    findings: &mut FileFindings,
) -> rusqlite::Result<()> {
    let mut check = connection.prepare(check)?;
    let mut lines = check.query([])?;
    while let Some(line) = lines.next()? {
        let line: String = line.get(0)?;
        if line != "ok" {
            findings.add(line.replace('\n', "; "), None);
        }
    }
    Ok(())
}

fn check_catalog(connection: &Connection, findings: &mut FileFindings) -> rusqlite::Result<()> {
    let blank = |body: &mut serde_json::Value| {
        seal::blank(body);
        Ok(())
    };
    let workspace = catalog::read(connection, blank)?.workspace;
    findings.counts = vec![
        ("sources", workspace.sources.len() as u64),
        ("destinations", workspace.destinations.len() as u64),
        ("connections", workspace.connections.len() as u64),
    ];
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_a_server_no_look_takes_in_the_whole_journal() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE frames (a); CREATE TABLE \"me'ta\" (a);").unwrap();
        let whole = format!("PRAGMA quick_check({})", limits::CHECK_LINES_MAX);
        assert_eq!(structure_checks(&connection, false).unwrap(), [whole]);
        let apart = structure_checks(&connection, true).unwrap();
        assert_eq!(apart, ["PRAGMA quick_check('me''ta')"]);
        let mut findings = FileFindings::of("journal.db");
        quick_check(&connection, &apart[0], &mut findings).unwrap();
        assert_eq!(findings.damage, []);
    }
}
