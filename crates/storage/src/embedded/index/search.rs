//! Searches in the index: a thread that looks through the blocks on a connection of its own.
//!
//! A block is passed by what its row says, by its list of names, or by a look-up of an id that has
//! nothing; only where all of them may have something are its columns read.

use std::ops::Range;
use std::sync::Arc;

use domain::event::EventKind;
use domain::id::{Seq, SourceId};
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::block::{Columns, Lookup, Wanted, kind_bit, lookup_id, name_in, places_in};
use super::{Shared, first_of, number_of};
use crate::embedded::inbox::Inbox;
use crate::embedded::limits;
use crate::error::StorageError;
use crate::index::{EventPlaces, EventQuery, Toward};
use crate::receipt::Reply;

/// A search that somebody waits for.
pub struct Search {
    /// What for.
    pub query: EventQuery,
    /// Who waits for it.
    pub reply: Reply<EventPlaces>,
}

/// The one that searches.
pub struct Searches {
    /// A connection of its own.
    pub connection: Connection,
    /// What it serves.
    pub inbox: Arc<Inbox<Search>>,
    /// What the indexer shows.
    pub shared: Arc<Shared>,
}

/// What a block holds at all.
struct Head {
    number: i64,
    sources: Vec<SourceId>,
    at_min: Timestamp,
    at_shift: u32,
}

/// Why a search goes no further.
enum End {
    /// Everything was looked at.
    Seen,
    /// Enough was found.
    Full,
    /// Enough was looked at; this block was not.
    Long(i64),
}

impl Searches {
    /// Serves searches until the inbox is closed and empty.
    pub fn run(self) {
        while let Some(Search { query, reply }) = self.inbox.take_one() {
            let found = match self.shared.failure.get() {
                Some(failure) => Err(failure.clone()),
                None => self.search(&query).map_err(|error| {
                    self.shared.met(&self.connection, &error);
                    failed(error)
                }),
            };
            // Whoever forgot the receipt does not want the answer.
            let _ = reply.send(found);
        }
    }

    fn search(&self, query: &EventQuery) -> rusqlite::Result<EventPlaces> {
        // One more than is asked for tells whether there are more.
        let rows_max = query.rows_max.saturating_add(1);
        let (mut young, mut found) = (Vec::new(), Vec::new());
        // Taken first: every block before the young one is written by now.
        let end = {
            let block = self.shared.read();
            block.search(query, rows_max, &mut young);
            block.number
        };
        let ended = match query.toward {
            Toward::Older => {
                found = young;
                self.blocks((query, rows_max), end, &mut found)?
            }
            Toward::Newer => {
                let ended = self.blocks((query, rows_max), end, &mut found)?;
                if matches!(ended, End::Seen) {
                    found.extend(young);
                }
                ended
            }
        };
        Ok(places(query, found, ended))
    }

    /// Looks through the blocks before `end`.
    fn blocks(
        &self,
        (query, rows_max): (&EventQuery, usize),
        end: i64,
        found: &mut Vec<Seq>,
    ) -> rusqlite::Result<End> {
        if query.places.is_empty() {
            return Ok(End::Seen);
        }
        let transaction = self.connection.unchecked_transaction()?;
        let order = match query.toward {
            Toward::Older => "DESC",
            Toward::Newer => "ASC",
        };
        let mut heads = transaction.prepare_cached(&format!(
            "SELECT number, sources, at_min, at_shift FROM blocks
             WHERE number BETWEEN ?1 AND ?2 AND (kinds & ?3) <> 0
                 AND (?4 IS NULL OR at_max >= ?4) AND (?5 IS NULL OR at_min < ?5)
             ORDER BY number {order}"
        ))?;
        let first = number_of(query.places.start);
        let last = number_of(Seq(query.places.end.0 - 1)).min(end - 1);
        let kinds = query.kind.map_or(-1, kind_bit);
        let times = (query.from.map(|at| at.0), query.to.map(|at| at.0));
        let mut rows = heads.query((first, last, kinds, times.0, times.1))?;
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            if found.len() >= rows_max {
                return Ok(End::Full);
            }
            let head = Head::of(row)?;
            if looked_at == limits::INDEX_BLOCKS_MAX {
                return Ok(End::Long(head.number));
            }
            looked_at += 1;
            look_at(&transaction, (query, rows_max), &head, found)?;
        }
        Ok(if found.len() >= rows_max { End::Full } else { End::Seen })
    }
}

/// What was found, and what is left to be looked at.
fn places(query: &EventQuery, mut found: Vec<Seq>, ended: End) -> EventPlaces {
    let is_full = found.len() > query.rows_max || matches!(ended, End::Full);
    found.truncate(query.rows_max);
    let (start, end) = (query.places.start, query.places.end);
    let rest = match (ended, query.toward) {
        (_, Toward::Older) if is_full => found.last().map(|last| start..*last),
        (_, Toward::Newer) if is_full => found.last().map(|last| last.next()..end),
        (End::Long(number), Toward::Older) => Some(start..first_of(number + 1).min(end)),
        (End::Long(number), Toward::Newer) => Some(first_of(number).max(start)..end),
        _ => None,
    };
    EventPlaces { places: found, rest }
}

/// Adds what a block has of what is asked for.
fn look_at(
    connection: &Connection,
    (query, rows_max): (&EventQuery, usize),
    head: &Head,
    found: &mut Vec<Seq>,
) -> rusqlite::Result<()> {
    let Some(mut wanted) = head.wanted(query) else { return Ok(()) };
    let named = named(connection, query, head.number)?;
    if named.as_ref().is_some_and(Vec::is_empty) {
        return Ok(());
    }
    let mut columns =
        connection.prepare_cached("SELECT names, body FROM columns WHERE number = ?1")?;
    let mut rows = columns.query([head.number])?;
    let Some(row) = rows.next()? else { return Ok(()) };
    if let Some(name) = query.name {
        let Some(name) = name_in(row.get_ref(0)?.as_blob()?, name) else { return Ok(()) };
        wanted.name = Some(name);
    }
    let columns = Columns(row.get_ref(1)?.as_blob()?);
    let first = first_of(head.number);
    let mut take = |place: usize| {
        let is_wanted = columns.matches(place, &wanted);
        found.extend(is_wanted.then(|| first.plus(place as u64)));
        found.len() < rows_max
    };
    match (named, query.toward) {
        (Some(places), Toward::Older) => _ = places.into_iter().rev().all(&mut take),
        (Some(places), Toward::Newer) => _ = places.into_iter().all(&mut take),
        (None, Toward::Older) => _ = wanted.places.clone().rev().all(&mut take),
        (None, Toward::Newer) => _ = wanted.places.clone().all(&mut take),
    }
    Ok(())
}

/// The places of a block that have the ids asked for, in order; none where no id is.
fn named(
    connection: &Connection,
    query: &EventQuery,
    number: i64,
) -> rusqlite::Result<Option<Vec<usize>>> {
    let mut named = None;
    if !query.identities.is_empty() {
        let mut places = Vec::new();
        for identity in &query.identities {
            let id = lookup_id(number, Lookup::Identity, identity.0.get());
            look_up(connection, id, &mut places)?;
        }
        places.sort_unstable();
        places.dedup();
        named = Some(places);
    }
    if let Some(message) = query.message {
        let mut places = Vec::new();
        look_up(connection, lookup_id(number, Lookup::Message, message.0), &mut places)?;
        named = Some(match named {
            Some(before) => before.into_iter().filter(|place| places.contains(place)).collect(),
            None => places,
        });
    }
    Ok(named)
}

fn look_up(
    connection: &Connection,
    (id, rest): (i64, u32),
    places: &mut Vec<usize>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("SELECT entries FROM lookups WHERE id = ?1")?
        .query_row([id], |row| {
            places.extend(places_in(row.get_ref(0)?.as_blob()?, rest));
            Ok(())
        })
        .optional()?;
    Ok(())
}

impl Head {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let sources = serde_json::from_str(row.get_ref(1)?.as_str()?).unwrap_or_default();
        let (number, at_min, at_shift) = (row.get(0)?, Timestamp(row.get(2)?), row.get(3)?);
        Ok(Self { number, sources, at_min, at_shift })
    }

    /// What is asked of its columns; none where it has nothing of it.
    fn wanted(&self, query: &EventQuery) -> Option<Wanted> {
        let source = match &query.source {
            None => None,
            Some(source) => {
                let place = self.sources.iter().position(|one| one == source)?;
                Some(u16::try_from(place).ok()?)
            }
        };
        let kind: Option<EventKind> = query.kind;
        let at = (
            query.from.map_or(0, |from| self.time(from)),
            query.to.map_or(u32::MAX, |to| self.time(Timestamp(to.0.saturating_sub(1)))),
        );
        Some(Wanted { places: self.places(&query.places), kind, source, name: None, at })
    }

    /// A time as the column of times has it.
    fn time(&self, at: Timestamp) -> u32 {
        let since = u64::try_from(at.0.saturating_sub(self.at_min.0)).unwrap_or(0);
        u32::try_from(since >> self.at_shift).unwrap_or(u32::MAX)
    }

    /// The part of these places that is in it, counted from its first one.
    fn places(&self, places: &Range<Seq>) -> Range<usize> {
        let first = first_of(self.number);
        let inside = |seq: Seq| {
            let most = 1 << limits::INDEX_BLOCK_BITS;
            usize::try_from(seq.0.saturating_sub(first.0)).unwrap_or(most).min(most)
        };
        inside(places.start)..inside(places.end)
    }
}

fn failed(error: rusqlite::Error) -> StorageError {
    StorageError::Failed { operation: "searching the index", source: Arc::new(error) }
}
