//! Blocks: one in memory that events come for, and how it is written and searched when it is whole.
//!
//! Numbers are little-endian. A column has a place for each place of the block, also for those that no
//! event has.

use std::ops::Range;

use domain::event::{CallMark, EventKind, NameHash};
use domain::id::{Seq, SourceId};
use domain::time::Timestamp;

use super::first_of;
use crate::embedded::limits::INDEX_BLOCK_BITS;
use crate::frame::StoredEvent;
use crate::index::{EventQuery, Marks, Toward};

/// Places of a block.
const PLACES: usize = 1 << INDEX_BLOCK_BITS;

/// Rows that the look-ups of one kind are cut into, as a power of two.
const SHARD_BITS: u32 = 7;

/// Stands in the column of kinds where there is no event.
const NO_EVENT: u8 = u8::MAX;

/// Stands in the column of names where an event has none.
const NO_NAME: u16 = u16::MAX;

/// Bytes of an entry of a look-up: four of the hash, two of the place.
const ENTRY_BYTES: usize = 6;

/// What look-ups there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// By hashes of `userId`s and `anonymousId`s.
    Identity = 0,
    /// By hashes of `messageId`s.
    Message = 1,
}

/// A block that events still come for.
pub struct YoungBlock {
    /// Its number.
    pub number: i64,
    sources: Vec<SourceId>,
    /// In order.
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    place: u16,
    source: u16,
    kind: EventKind,
    at: Timestamp,
    marks: Marks,
}

/// A block as it is written.
pub struct BlockRows {
    /// The sources of its events, each once.
    pub sources: Vec<SourceId>,
    /// A bit for each kind of event.
    pub kinds: i64,
    /// When the first and the last of its events were received.
    pub at: (Timestamp, Timestamp),
    /// By how many bits times are cut.
    pub at_shift: u32,
    /// Hashes of the names of its events, in order, each once.
    pub names: Vec<u8>,
    /// The columns: kinds, sources, names, times.
    pub body: Vec<u8>,
    /// The entries of each row of look-ups that has any.
    pub lookups: Vec<(i64, Vec<u8>)>,
}

impl YoungBlock {
    /// An empty block.
    pub fn new(number: i64) -> Self {
        Self { number, sources: Vec::new(), entries: Vec::new() }
    }

    /// Whether no event has come.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes in the next event of the block.
    pub fn push(&mut self, event: &StoredEvent, marks: Marks) {
        let known = self.sources.iter().rposition(|source| *source == event.source);
        let source = known.unwrap_or_else(|| {
            self.sources.push(event.source.clone());
            self.sources.len() - 1
        });
        self.entries.push(Entry {
            place: place_of(event.seq),
            source: source as u16,
            kind: event.kind,
            at: event.received_at,
            marks,
        });
    }

    /// Adds the events that match, until there are enough.
    pub fn search(&self, query: &EventQuery, rows_max: usize, found: &mut Vec<Seq>) {
        let first = first_of(self.number);
        let source = query.source.as_ref();
        let source = source.map(|source| self.sources.iter().position(|one| one == source));
        let mut take = |entry: &Entry| {
            let seq = first.plus(entry.place.into());
            let is_wanted = query.places.contains(&seq)
                && source.is_none_or(|source| source == Some(entry.source.into()))
                && query.kind.is_none_or(|kind| kind == entry.kind)
                && query.from.is_none_or(|from| from <= entry.at)
                && query.to.is_none_or(|to| entry.at < to)
                && query.matches_marks(&entry.marks);
            found.extend(is_wanted.then_some(seq));
            found.len() < rows_max
        };
        match query.toward {
            Toward::Older => _ = self.entries.iter().rev().all(&mut take),
            Toward::Newer => _ = self.entries.iter().all(&mut take),
        }
    }

    /// The rows of the block.
    pub fn rows(&self) -> BlockRows {
        let at = self.entries.iter().map(|entry| entry.at);
        let at = (at.clone().min().unwrap_or_default(), at.max().unwrap_or_default());
        let span = at.1.0.saturating_sub(at.0.0).cast_unsigned();
        let at_shift = (u64::BITS - span.leading_zeros()).saturating_sub(u32::BITS);
        let mut names: Vec<_> = self.entries.iter().filter_map(|entry| entry.marks.name).collect();
        names.sort_unstable();
        names.dedup();
        BlockRows {
            sources: self.sources.clone(),
            kinds: self.entries.iter().fold(0, |kinds, entry| kinds | kind_bit(entry.kind)),
            at,
            at_shift,
            body: self.columns(&names, (at.0, at_shift)),
            names: names.iter().flat_map(|name| name.0.to_le_bytes()).collect(),
            lookups: self.lookups(),
        }
    }

    fn columns(&self, names: &[NameHash], (at_min, at_shift): (Timestamp, u32)) -> Vec<u8> {
        let mut body = vec![0; Column::At.range().end];
        body[Column::Kind.range()].fill(NO_EVENT);
        for entry in &self.entries {
            let name = entry.marks.name.and_then(|name| names.binary_search(&name).ok());
            let name = name.map_or(NO_NAME, |name| name as u16);
            let at = entry.at.0.saturating_sub(at_min.0).cast_unsigned() >> at_shift;
            let mut put = |column: Column, bytes: &[u8]| {
                let start = column.range().start + usize::from(entry.place) * bytes.len();
                body[start..start + bytes.len()].copy_from_slice(bytes);
            };
            put(Column::Kind, &[entry.kind as u8]);
            put(Column::Source, &entry.source.to_le_bytes());
            put(Column::Name, &name.to_le_bytes());
            put(Column::At, &(at as u32).to_le_bytes());
        }
        body
    }

    fn lookups(&self) -> Vec<(i64, Vec<u8>)> {
        let mut all: Vec<(i64, u32, u16)> = Vec::with_capacity(self.entries.len() * 3);
        for entry in &self.entries {
            let mut put = |lookup: Lookup, hash: u64| {
                let (id, rest) = lookup_id(self.number, lookup, hash);
                all.push((id, rest, entry.place));
            };
            for identity in entry.marks.identities.iter().flatten() {
                put(Lookup::Identity, identity.0.get());
            }
            if let Some(CallMark(hash)) = entry.marks.message {
                put(Lookup::Message, hash);
            }
        }
        all.sort_unstable();
        let rows = all.chunk_by(|one, next| one.0 == next.0);
        let entry = |(_, rest, place): &(i64, u32, u16)| {
            let (rest, place) = (rest.to_le_bytes(), place.to_le_bytes());
            [rest[0], rest[1], rest[2], rest[3], place[0], place[1]]
        };
        rows.map(|row| (row[0].0, row.iter().flat_map(entry).collect())).collect()
    }
}

/// The columns of a block, in their order.
#[derive(Clone, Copy)]
enum Column {
    Kind,
    Source,
    Name,
    At,
}

impl Column {
    /// Where its bytes are.
    fn range(self) -> Range<usize> {
        match self {
            Self::Kind => 0..PLACES,
            Self::Source => PLACES..3 * PLACES,
            Self::Name => 3 * PLACES..5 * PLACES,
            Self::At => 5 * PLACES..9 * PLACES,
        }
    }
}

/// What a search asks of the columns of one block.
pub struct Wanted {
    /// Places within the block.
    pub places: Range<usize>,
    /// The kind of event.
    pub kind: Option<EventKind>,
    /// The source, by its place in the block's list.
    pub source: Option<u16>,
    /// The name, by its place in the block's list.
    pub name: Option<u16>,
    /// Times as the column has them, both included.
    pub at: (u32, u32),
}

/// The columns of a block that is read.
pub struct Columns<'a>(pub &'a [u8]);

impl Columns<'_> {
    /// Whether the event at a place is wanted.
    pub fn matches(&self, place: usize, wanted: &Wanted) -> bool {
        let kind = self.0.get(place).copied().unwrap_or(NO_EVENT);
        let short = |column: Column| self.bytes::<2>(column, place).map(u16::from_le_bytes);
        let at = || self.bytes::<4>(Column::At, place).map_or(0, u32::from_le_bytes);
        kind != NO_EVENT
            && wanted.places.contains(&place)
            && wanted.kind.is_none_or(|own| own as u8 == kind)
            && wanted.source.is_none_or(|own| Some(own) == short(Column::Source))
            && wanted.name.is_none_or(|own| Some(own) == short(Column::Name))
            && (wanted.at == (0, u32::MAX) || (wanted.at.0..=wanted.at.1).contains(&at()))
    }

    fn bytes<const N: usize>(&self, column: Column, place: usize) -> Option<[u8; N]> {
        let start = column.range().start + place * N;
        self.0.get(start..start + N)?.try_into().ok()
    }
}

/// The place of a name in the block's list; none where no event of the block has it.
pub fn name_in(names: &[u8], name: NameHash) -> Option<u16> {
    let (names, _) = names.as_chunks::<4>();
    let found = names.binary_search_by_key(&name.0, |bytes| u32::from_le_bytes(*bytes));
    found.ok().and_then(|place| u16::try_from(place).ok())
}

/// The places with a hash, in order, from the row of look-ups that may have it.
pub fn places_in(entries: &[u8], rest: u32) -> impl Iterator<Item = usize> {
    let (entries, _) = entries.as_chunks::<ENTRY_BYTES>();
    let rest_of =
        |entry: &[u8; ENTRY_BYTES]| u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
    let begin = entries.partition_point(|entry| rest_of(entry) < rest);
    let ours = entries[begin..].iter().take_while(move |entry| rest_of(entry) == rest);
    ours.map(|entry| usize::from(u16::from_le_bytes([entry[4], entry[5]])))
}

/// The row of look-ups that a hash is in, and what of the hash is in its entries.
pub fn lookup_id(number: i64, lookup: Lookup, hash: u64) -> (i64, u32) {
    let shard = (hash >> (u64::BITS - SHARD_BITS)).cast_signed();
    let id = lookups_of(number).start + ((lookup as i64) << SHARD_BITS) + shard;
    (id, (hash >> (u64::BITS - SHARD_BITS - u32::BITS)) as u32)
}

/// The rows of look-ups of a block.
pub fn lookups_of(number: i64) -> Range<i64> {
    let bits = SHARD_BITS + 1;
    number << bits..(number + 1) << bits
}

/// The place of an event within its block.
fn place_of(seq: Seq) -> u16 {
    (seq.0 % PLACES as u64) as u16
}

/// A bit for a kind of event.
pub fn kind_bit(kind: EventKind) -> i64 {
    1 << kind as u8
}
