//! A frame's row without its body: which places and sources it says it has, and what vouches for that.
//!
//! In come rows; out go heads that may be relied on, and the bodies that belong to them. Records have
//! checksums of their own, but whoever wants none of a frame's sources never looks at its records: a
//! changed byte in the list would have it passed over, and one in the last place would have whole
//! frames passed over, without a word. So the list ends with a checksum of all of it. What it does not
//! vouch for is read by everybody, and its last place is taken from what stands behind it.
//!
//! The checksum stands in the list as a name that no event has: to versions that do not know of it, it
//! is one more source. Lists of theirs have none, and are believed.

use bytes::Bytes;
use domain::id::{Seq, SourceId};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use crate::embedded::sqlite;
use crate::frame::{Decoded, Frame, RECORD_HEADER_BYTES};
use crate::journal::SeqRange;

/// The columns of a head, as `Head::of` reads them.
pub const COLUMNS: &str = "first_seq, last_seq, sources, length(body)";

/// What a checksum in the list of sources begins with.
const MARK: &str = "crc32c:";

/// The row of a frame, without its body.
pub struct Head {
    /// Place of its first event.
    pub first: Seq,
    /// Place of its last event.
    pub last: Seq,
    /// Size of the body in bytes.
    pub body_bytes: usize,
    /// None where the list cannot be read.
    sources: Option<Vec<SourceId>>,
    /// Whether the row is as it was written, as far as anybody can tell.
    pub is_whole: bool,
}

impl Head {
    /// Reads a row of `COLUMNS`; a damaged one ends before the next frame, and before `end`.
    pub fn of(connection: &Connection, row: &Row<'_>, end: Seq) -> rusqlite::Result<Self> {
        let mut head = Self::as_written(row)?;
        if !head.is_whole {
            let next = first_after(connection, head.first)?.unwrap_or(end).min(end);
            head.last = head.last_at_most().min(Seq(next.0.saturating_sub(1))).max(head.first);
        }
        Ok(head)
    }

    fn as_written(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (first, last) = (sqlite::to_seq(row.get(0)?), sqlite::to_seq(row.get(1)?));
        let text = row.get_ref(2)?.as_str().ok();
        let mut sources: Option<Vec<SourceId>> =
            text.and_then(|text| serde_json::from_str(text).ok());
        let written = sources.as_mut().and_then(take_checksum);
        let is_whole = sources.as_ref().is_some_and(|sources| {
            written.is_none_or(|written| written == checksum(SeqRange { first, last }, sources))
        });
        let body_bytes = usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0);
        Ok(Self { first, last, body_bytes, sources, is_whole })
    }

    /// Whether the frame may have events of a source for which `wants` holds.
    pub fn may_have(&self, wants: impl Fn(&[SourceId]) -> bool) -> bool {
        match &self.sources {
            Some(sources) if self.is_whole => wants(sources),
            _ => true,
        }
    }

    /// Where it would end if its records had no payload.
    fn last_at_most(&self) -> Seq {
        self.first.plus((self.body_bytes / RECORD_HEADER_BYTES).saturating_sub(1) as u64)
    }

    /// The place after its events, or a later one where the row is damaged; for the newest frame.
    pub fn place_after(row: &Row<'_>) -> rusqlite::Result<Seq> {
        let head = Self::as_written(row)?;
        let last = if head.is_whole { head.last } else { head.last_at_most() };
        Ok(last.next())
    }

    /// Reads its body; one that SQLite itself finds damaged is empty, so all its events are set aside.
    pub fn read(&self, connection: &Connection) -> rusqlite::Result<Decoded> {
        let mut query =
            connection.prepare_cached("SELECT body FROM frames WHERE first_seq = ?1")?;
        let body = query
            .query_row([sqlite::from_seq(self.first)], |row| {
                Ok(row.get_ref(0)?.as_bytes().map_or(Bytes::new(), Bytes::copy_from_slice))
            })
            .optional();
        let body = match body {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => None,
            body => body?,
        };
        let sources = self.sources.clone().unwrap_or_default();
        Ok(Frame::decode(self.first, self.last, sources, body.unwrap_or_default()))
    }
}

/// The list of a frame's sources as it is stored.
pub fn list(frame: &Frame) -> rusqlite::Result<String> {
    let range = SeqRange { first: frame.first(), last: frame.last() };
    let checksum = format!("{MARK}{:08x}", checksum(range, frame.sources()));
    let names = frame.sources().iter().map(SourceId::as_str).chain([checksum.as_str()]);
    serde_json::to_string(&names.collect::<Vec<_>>())
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Takes the checksum out of a list; none where it has none.
fn take_checksum(sources: &mut Vec<SourceId>) -> Option<u32> {
    let digits = sources.last()?.as_str().strip_prefix(MARK)?;
    let checksum = u32::from_str_radix(digits, 16).ok()?;
    sources.pop();
    Some(checksum)
}

fn checksum(SeqRange { first, last }: SeqRange, sources: &[SourceId]) -> u32 {
    let places =
        crc32c::crc32c_append(crc32c::crc32c(&first.0.to_le_bytes()), &last.0.to_le_bytes());
    sources.iter().fold(places, |sum, source| {
        // No UTF-8 has this byte: where one name ends and the next begins counts.
        crc32c::crc32c_append(crc32c::crc32c_append(sum, source.as_str().as_bytes()), &[0xff])
    })
}

fn first_after(connection: &Connection, first: Seq) -> rusqlite::Result<Option<Seq>> {
    let mut query =
        connection.prepare_cached("SELECT min(first_seq) FROM frames WHERE first_seq > ?1")?;
    let found: Option<i64> = query.query_row([sqlite::from_seq(first)], |row| row.get(0))?;
    Ok(found.map(sqlite::to_seq))
}
