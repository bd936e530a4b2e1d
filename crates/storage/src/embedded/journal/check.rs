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
    let mut walk =
        Walk { findings, at: -1, frames: 0, events: 0, places: None, missing: Vec::new() };
    let mut next = Seq::FIRST;
    while walk.step(connection, &mut next)? {}
    let end = next_place(connection)?;
    walk.pass(&mut next, end);
    walk.report(trimmed_before(connection)?, &known_skips(connection)?);
    Ok(end)
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
    frames: u64,
    events: u64,
    /// From the first event to the last.
    places: Option<SeqRange>,
    missing: Vec<SeqRange>,
}

impl Walk<'_> {
    /// Checks some frames; false where there are no more. `next` is the place after those checked.
    fn step(&mut self, connection: &Connection, next: &mut Seq) -> rusqlite::Result<bool> {
        let transaction = connection.unchecked_transaction()?;
        let mut heads = transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM frames WHERE first_seq > ?1 ORDER BY first_seq LIMIT ?2",
        ))?;
        let before = self.at;
        let end = next_place(connection)?;
        let mut rows = heads.query((before, limits::CHECK_FRAMES_PER_STEP))?;
        while let Some(row) = rows.next()? {
            self.at = row.get(0)?;
            self.visit(&transaction, &Head::of(&transaction, row, end)?, next)?;
        }
        Ok(self.at > before)
    }

    fn visit(
        &mut self,
        connection: &Connection,
        head: &Head,
        next: &mut Seq,
    ) -> rusqlite::Result<()> {
        let range = SeqRange { first: head.first, last: head.last };
        self.frames += 1;
        self.places.get_or_insert(range).last = head.last;
        if head.first < *next || head.last < head.first {
            self.findings.add("a frame stands where another one does", Some(range));
        }
        if !head.is_whole {
            self.findings
                .add("a frame's places or sources do not match their checksum", Some(range));
        }
        self.pass(next, head.first);
        let read = head.read(connection)?;
        self.events += read.frame.events().count() as u64;
        for range in read.damaged {
            self.findings.add("events do not match their checksums", Some(range));
        }
        *next = (*next).max(head.last.next());
        Ok(())
    }

    /// Notes the places before `to` as missing that no frame holds.
    fn pass(&mut self, next: &mut Seq, to: Seq) {
        if *next < to {
            self.missing.push(SeqRange { first: *next, last: Seq(to.0 - 1) });
            *next = to;
        }
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
