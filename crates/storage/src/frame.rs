//! Frames: the unit of durability in every engine, events back to back in one run of bytes.
//!
//! A frame is stored with its first and last place, the list of its sources, and a body that
//! holds one record per event. All numbers are little-endian:
//!
//! | offset | bytes | what                                                              |
//! |-------:|------:|-------------------------------------------------------------------|
//! |      0 |     4 | length of the payload                                             |
//! |      4 |     4 | CRC32C of the whole record except this field, then the source's id |
//! |      8 |     8 | place in the journal                                              |
//! |     16 |     8 | when it was received, milliseconds since 1970                     |
//! |     24 |     8 | hash of its `userId`, 0 for none                                  |
//! |     32 |     8 | hash of its `anonymousId`, 0 for none                             |
//! |     40 |     4 | index into the frame's list of sources                            |
//! |     44 |     1 | code of its kind                                                  |
//! |     45 |     1 | 1 where it says nothing of where it goes, 0 where it may          |
//! |     46 |     2 | zero                                                              |
//! |     48 |       | the payload, byte for byte as it was appended                     |
//!
//! The checksum takes in the source's id, which stands outside the body, so that an event is
//! never delivered as somebody else's because a list was damaged.
//!
//! Reading trusts nothing: a record whose checksum or place is wrong is set aside, and its length
//! is used as a guess where the next one begins. A wrong guess only makes more records fail their
//! checksum; it never makes a damaged one pass.

use std::collections::HashMap;
use std::num::NonZeroU64;

use bytes::Bytes;
use domain::event::{EventKind, Identities, IdentityHash, NewEvent, Restriction};
use domain::filter::Subject;
use domain::id::{Seq, SourceId};
use domain::time::Timestamp;

use crate::journal::SeqRange;

/// Bytes of a record before its payload.
pub const RECORD_HEADER_BYTES: usize = 48;

/// Stands in the list of offsets for a record that was set aside.
const DAMAGED: u32 = u32::MAX;

/// Events that became durable together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    first: Seq,
    last: Seq,
    sources: Vec<SourceId>,
    /// Where each record begins, by its distance from `first`.
    offsets: Vec<u32>,
    body: Bytes,
}

/// An event as it stands in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredEvent {
    /// Its place.
    pub seq: Seq,
    /// Where it came from.
    pub source: SourceId,
    /// What kind of call it is.
    pub kind: EventKind,
    /// When the gateway received it.
    pub received_at: Timestamp,
    /// Whose it is, as far as order is concerned.
    pub identities: Identities,
    /// Whether it may itself say which destinations get it.
    pub restriction: Restriction,
    /// The JSON object to deliver; shares the frame's bytes.
    pub payload: Bytes,
}

impl StoredEvent {
    /// The event as filters judge it.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            kind: self.kind,
            identities: self.identities,
            restriction: self.restriction,
            payload: &self.payload,
        }
    }

    /// Gives it bytes of its own: one that is kept for long must not keep its whole frame in memory.
    pub fn own_bytes(&mut self) {
        self.payload = Bytes::copy_from_slice(&self.payload);
    }
}

/// A frame read back, with what could not be read of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// The frame; events that were set aside are missing from it.
    pub frame: Frame,
    /// The places set aside, in order, neighbours joined.
    pub damaged: Vec<SeqRange>,
}

impl Frame {
    /// Makes a frame of events that take the places from `first` on.
    ///
    /// The events may come from several batches; they are walked twice.
    pub fn encode<'a>(first: Seq, events: impl Iterator<Item = &'a NewEvent> + Clone) -> Self {
        let (count, bytes) = events
            .clone()
            .fold((0, 0), |(count, bytes), event| (count + 1, bytes + record_bytes(event)));
        let mut encoder = Encoder {
            body: Vec::with_capacity(bytes),
            offsets: Vec::with_capacity(count),
            sources: SourceList::default(),
        };
        let mut seq = first;
        for event in events {
            encoder.push(seq, event);
            seq = seq.next();
        }
        Self {
            first,
            last: Seq(seq.0.saturating_sub(1)),
            sources: encoder.sources.list,
            offsets: encoder.offsets,
            body: Bytes::from(encoder.body),
        }
    }

    /// Reads a stored frame back, setting aside what is damaged.
    pub fn decode(first: Seq, last: Seq, sources: Vec<SourceId>, body: Bytes) -> Decoded {
        let mut offsets = Vec::with_capacity(body.len() / (4 * RECORD_HEADER_BYTES));
        let mut damaged = Vec::new();
        let mut expected = first;
        let mut at = 0;
        while expected <= last {
            let Some(record) = Record::parse(&body, at) else { break };
            let place = record.place_if_whole(&sources);
            match place {
                Some(seq) if expected <= seq && seq <= last => {
                    // Records in between were skipped over by a damaged length.
                    let skipped = seq.0 - expected.0;
                    if skipped > 0 {
                        set_aside(&mut damaged, expected, Seq(seq.0 - 1));
                        offsets.extend((0..skipped).map(|_| DAMAGED));
                    }
                    offsets.push(offset(at));
                    expected = seq.next();
                }
                _ => {
                    set_aside(&mut damaged, expected, expected);
                    offsets.push(DAMAGED);
                    expected = expected.next();
                }
            }
            at += RECORD_HEADER_BYTES + record.payload.len();
        }
        if expected <= last {
            set_aside(&mut damaged, expected, last);
        }
        Decoded { frame: Self { first, last, sources, offsets, body }, damaged }
    }

    /// Place of the first event.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// Place of the last event.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// The sources of its events, each once.
    pub fn sources(&self) -> &[SourceId] {
        &self.sources
    }

    /// The records, as engines store them.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Size of the records in bytes.
    pub fn bytes_len(&self) -> usize {
        self.body.len()
    }

    /// The event at this place; none where it is in another frame or was set aside.
    pub fn event(&self, seq: Seq) -> Option<StoredEvent> {
        let index = usize::try_from(seq.0.checked_sub(self.first.0)?).ok()?;
        self.event_at(*self.offsets.get(index)?)
    }

    /// The events in order, without those set aside.
    pub fn events(&self) -> impl Iterator<Item = StoredEvent> {
        self.offsets.iter().filter_map(|offset| self.event_at(*offset))
    }

    fn event_at(&self, offset: u32) -> Option<StoredEvent> {
        if offset == DAMAGED {
            return None;
        }
        let at = usize::try_from(offset).ok()?;
        let record = Record::parse(&self.body, at)?;
        let payload_at = at + RECORD_HEADER_BYTES;
        Some(StoredEvent {
            seq: record.seq(),
            source: self.sources.get(record.source()?)?.clone(),
            kind: EventKind::from_code(record.header[44]),
            received_at: Timestamp(i64::from_le_bytes(record.eight_bytes(16))),
            identities: Identities { user: record.hash(24), anonymous: record.hash(32) },
            restriction: restriction(record.header[45]),
            payload: self.body.slice(payload_at..payload_at + record.payload.len()),
        })
    }
}

/// Bytes that an event takes in a frame's body.
pub fn record_bytes(event: &NewEvent) -> usize {
    RECORD_HEADER_BYTES + event.payload.len()
}

struct Encoder<'a> {
    body: Vec<u8>,
    offsets: Vec<u32>,
    sources: SourceList<'a>,
}

impl<'a> Encoder<'a> {
    fn push(&mut self, seq: Seq, event: &'a NewEvent) {
        let mut header = [0; RECORD_HEADER_BYTES];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &offset(event.payload.len()).to_le_bytes());
        put(8, &seq.0.to_le_bytes());
        put(16, &event.received_at.0.to_le_bytes());
        put(24, &hash_code(event.identities.user).to_le_bytes());
        put(32, &hash_code(event.identities.anonymous).to_le_bytes());
        put(40, &self.sources.index_of(&event.source).to_le_bytes());
        put(44, &[event.kind as u8, restriction_code(event.restriction)]);
        let crc = checksum(&header, &event.payload, &event.source);
        header[4..8].copy_from_slice(&crc.to_le_bytes());
        self.offsets.push(offset(self.body.len()));
        self.body.extend_from_slice(&header);
        self.body.extend_from_slice(&event.payload);
    }
}

/// The sources met so far; a run of events of one source costs one comparison each.
#[derive(Default)]
struct SourceList<'a> {
    list: Vec<SourceId>,
    indexes: HashMap<&'a SourceId, u32>,
    latest: Option<(&'a SourceId, u32)>,
}

impl<'a> SourceList<'a> {
    fn index_of(&mut self, source: &'a SourceId) -> u32 {
        if let Some((latest, index)) = self.latest
            && latest == source
        {
            return index;
        }
        let index = *self.indexes.entry(source).or_insert_with(|| {
            self.list.push(source.clone());
            offset(self.list.len() - 1)
        });
        self.latest = Some((source, index));
        index
    }
}

/// A record as it lies in a body; only its length has been looked at.
struct Record<'a> {
    header: &'a [u8; RECORD_HEADER_BYTES],
    payload: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(body: &'a [u8], at: usize) -> Option<Self> {
        let (header, rest) = body.get(at..)?.split_first_chunk::<RECORD_HEADER_BYTES>()?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let payload = rest.get(..usize::try_from(length).ok()?)?;
        Some(Self { header, payload })
    }

    fn place_if_whole(&self, sources: &[SourceId]) -> Option<Seq> {
        let source = sources.get(self.source()?)?;
        let stored = u32::from_le_bytes(self.four_bytes(4));
        (stored == checksum(self.header, self.payload, source)).then(|| self.seq())
    }

    fn seq(&self) -> Seq {
        Seq(u64::from_le_bytes(self.eight_bytes(8)))
    }

    fn source(&self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.four_bytes(40))).ok()
    }

    fn hash(&self, at: usize) -> Option<IdentityHash> {
        NonZeroU64::new(u64::from_le_bytes(self.eight_bytes(at))).map(IdentityHash)
    }

    fn four_bytes(&self, at: usize) -> [u8; 4] {
        std::array::from_fn(|index| self.header[at + index])
    }

    fn eight_bytes(&self, at: usize) -> [u8; 8] {
        std::array::from_fn(|index| self.header[at + index])
    }
}

fn checksum(header: &[u8; RECORD_HEADER_BYTES], payload: &[u8], source: &SourceId) -> u32 {
    let mut crc = crc32c::crc32c(&header[..4]);
    crc = crc32c::crc32c_append(crc, &header[8..]);
    crc = crc32c::crc32c_append(crc, payload);
    crc32c::crc32c_append(crc, source.as_str().as_bytes())
}

fn hash_code(hash: Option<IdentityHash>) -> u64 {
    hash.map_or(0, |hash| hash.0.get())
}

fn restriction_code(restriction: Restriction) -> u8 {
    u8::from(restriction == Restriction::None)
}

/// What is not known of, as in records of old, is looked at again.
fn restriction(code: u8) -> Restriction {
    if code == 1 { Restriction::None } else { Restriction::Possible }
}

/// A length or offset as stored; bodies stay far below 4 GiB, the most a frame can address.
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(DAMAGED)
}

fn set_aside(damaged: &mut Vec<SeqRange>, first: Seq, last: Seq) {
    match damaged.last_mut() {
        Some(range) if range.last.next() == first => range.last = last,
        _ => damaged.push(SeqRange { first, last }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fixture::event;

    fn frame() -> Frame {
        let sources = ["b", "a", "b", "c"];
        let events: Vec<_> =
            sources.iter().enumerate().map(|(n, name)| event(name, &"{}".repeat(n))).collect();
        Frame::encode(Seq(7), events.iter())
    }

    fn decode(frame: &Frame, body: impl Into<Bytes>) -> Decoded {
        Frame::decode(frame.first(), frame.last(), frame.sources().to_vec(), body.into())
    }

    /// Every place is read as it was written or reported as damaged, and never both.
    fn check_nothing_false_comes_out(written: &Frame, read: &Decoded) {
        let is_damaged = |seq| read.damaged.iter().any(|r| r.first <= seq && seq <= r.last);
        for seq in (written.first().0..=written.last().0).map(Seq) {
            match read.frame.event(seq) {
                Some(event) => assert!(!is_damaged(seq) && Some(event) == written.event(seq)),
                None => assert!(is_damaged(seq), "{seq} is neither read nor reported"),
            }
        }
    }

    #[test]
    fn a_frame_reads_back_as_it_was_written() {
        let written = frame();
        let read = decode(&written, written.body().clone());
        assert_eq!(read, Decoded { frame: written.clone(), damaged: Vec::new() });
        assert_eq!((written.first(), written.last()), (Seq(7), Seq(10)));
        assert_eq!(written.sources(), ["b", "a", "c"].map(SourceId::new));
        let sources: Vec<_> = written.events().map(|event| event.source).collect();
        assert_eq!(sources, ["b", "a", "b", "c"].map(SourceId::new));
        assert_eq!((written.event(Seq(6)), written.event(Seq(11))), (None, None));
    }

    #[test]
    fn a_record_of_old_may_say_where_it_goes() {
        let mut body = frame().body().to_vec();
        let known = decode(&frame(), body.clone()).frame.event(Seq(7)).unwrap();
        assert_eq!(known.restriction, Restriction::None);
        body[45] = 0;
        let header = <[u8; RECORD_HEADER_BYTES]>::try_from(&body[..RECORD_HEADER_BYTES]).unwrap();
        let crc = checksum(&header, &[], &SourceId::new("b"));
        body[4..8].copy_from_slice(&crc.to_le_bytes());
        let old = decode(&frame(), body).frame.event(Seq(7)).unwrap();
        assert_eq!(old.restriction, Restriction::Possible);
    }

    #[test]
    fn no_flipped_bit_is_delivered() {
        let written = frame();
        for bit in 0..written.bytes_len() * 8 {
            let mut body = written.body().to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            let read = decode(&written, body);
            assert!(!read.damaged.is_empty(), "bit {bit}");
            check_nothing_false_comes_out(&written, &read);
        }
    }

    #[test]
    fn a_cut_takes_only_what_it_touches() {
        let written = frame();
        for length in 0..written.bytes_len() {
            let read = decode(&written, written.body().slice(..length));
            check_nothing_false_comes_out(&written, &read);
            let whole = read.frame.events().count();
            let ends = [48, 98, 150].iter().filter(|end| **end <= length).count();
            assert_eq!(whole, ends, "cut at {length}");
        }
    }

    #[test]
    fn a_record_at_another_place_is_set_aside() {
        let written = frame();
        let body = written.body().clone();
        let read = Frame::decode(Seq(8), Seq(11), written.sources().to_vec(), body.clone());
        assert_eq!(read.frame.event(Seq(8)).map(|event| event.seq), None);
        let read = Frame::decode(Seq(70), Seq(u64::MAX - 1), written.sources().to_vec(), body);
        assert_eq!(read.frame.events().count(), 0);
        assert_eq!(read.damaged, [SeqRange { first: Seq(70), last: Seq(u64::MAX - 1) }]);
    }
}
