//! What a check finds in `journal.db`: every event is read, and every place accounted for.

use domain::id::Seq;
use rusqlite::{Connection, OptionalExtension};

use super::heads::{COLUMNS, Head};
use super::skips;
use super::writer::next_place;
use crate::embedded::check::FileFindings;
use crate::embedded::{limits, sqlite};
use crate::journal::SeqRange;

/// Reads the whole journal, in steps between which a server may add to it and trim it; answers the
/// place after it.
pub fn check(connection: &Connection, findings: &mut FileFindings) -> rusqlite::Result<Seq> {
    let mut walk = Walk::new(findings);
    while walk.step(connection)? {}
    walk.finish(connection)
}

fn trimmed_before(connection: &Connection) -> rusqlite::Result<Seq> {
    let trimmed: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE key = 'trimmed_before'", [], |row| row.get(0))
        .optional()?;
    Ok(trimmed.map_or(Seq::FIRST, sqlite::to_seq))
}

/// Directories of older versions have none.
fn known_skips(connection: &Connection) -> rusqlite::Result<Vec<SeqRange>> {
    if connection.table_exists(None, "skips")? { skips::skips(connection) } else { Ok(Vec::new()) }
}

/// A walk over all frames.
struct Walk<'a> {
    findings: &'a mut FileFindings,
    /// Where the last frame that was looked at begins.
    at: i64,
    /// The place after those that were looked at.
    next: Seq,
    /// The place after all that were given away when the last step looked.
    end: Seq,
    frames: u64,
    events: u64,
    /// From the first event to the last.
    places: Option<SeqRange>,
    missing: Vec<SeqRange>,
}

impl<'a> Walk<'a> {
    fn new(findings: &'a mut FileFindings) -> Self {
        let (next, end) = (Seq::FIRST, Seq::FIRST);
        Self {
            findings,
            at: -1,
            next,
            end,
            frames: 0,
            events: 0,
            places: None,
            missing: Vec::new(),
        }
    }

    /// Checks some frames; false where there are no more.
    fn step(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let transaction = connection.unchecked_transaction()?;
        let mut heads = transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM frames WHERE first_seq > ?1 ORDER BY first_seq LIMIT ?2",
        ))?;
        let before = self.at;
        self.end = next_place(&transaction)?;
        let mut rows = heads.query((before, limits::CHECK_FRAMES_PER_STEP))?;
        while let Some(row) = rows.next()? {
            self.at = row.get(0)?;
            self.visit(&transaction, &Head::of(&transaction, row, self.end)?)?;
        }
        Ok(self.at > before)
    }

    fn visit(&mut self, connection: &Connection, head: &Head) -> rusqlite::Result<()> {
        let range = SeqRange { first: head.first, last: head.last };
        self.frames += 1;
        self.places.get_or_insert(range).last = head.last;
        if head.first < self.next || head.last < head.first {
            self.findings.add("a frame stands where another one does", Some(range));
        }
        if !head.is_whole {
            self.findings
                .add("a frame's places or sources do not match their checksum", Some(range));
        }
        self.pass(head.first);
        let read = head.read(connection)?;
        self.events += read.frame.events().count() as u64;
        for range in read.damaged {
            self.findings.add("events do not match their checksums", Some(range));
        }
        self.next = self.next.max(head.last.next());
        Ok(())
    }

    /// Notes the places before `to` as missing that no frame holds.
    fn pass(&mut self, to: Seq) {
        if self.next < to {
            self.missing.push(SeqRange { first: self.next, last: Seq(to.0 - 1) });
            self.next = to;
        }
    }

    /// Tells what was found, as of the last step: what came after it was not looked at, and is not
    /// missing. Answers the place after the journal as it was then.
    fn finish(mut self, connection: &Connection) -> rusqlite::Result<Seq> {
        let end = self.end;
        self.pass(end);
        self.report(trimmed_before(connection)?, &known_skips(connection)?);
        Ok(end)
    }

    fn report(self, trimmed: Seq, skips: &[SeqRange]) {
        let Self { findings, frames, events, places, missing, .. } = self;
        findings.counts = vec![("frames", frames), ("events", events)];
        findings.places = places;
        let missing = missing.into_iter().flat_map(|range| skips::without(range, skips));
        for range in missing.filter(|range| range.last >= trimmed) {
            let range = SeqRange { first: range.first.max(trimmed), last: range.last };
            findings.add("events are missing", Some(range));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fixture::{append, events};
    use crate::embedded::{self, Options, journal};

    #[test]
    fn what_comes_after_the_last_step_is_not_missing() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _engine) = embedded::open(dir.path(), Options::default()).unwrap();
        append(&store, events("web", 5));
        let connection = sqlite::open_reader(&dir.path().join(journal::FILE)).unwrap();
        let mut findings = FileFindings::of(journal::FILE);
        let mut walk = Walk::new(&mut findings);
        while walk.step(&connection).unwrap() {}
        append(&store, events("web", 7));
        assert_eq!(walk.finish(&connection).unwrap(), Seq(6));
        assert_eq!(findings.damage, []);
        assert_eq!(findings.counts, [("frames", 1), ("events", 5)]);
    }
}
