//! What the suite's tests are made of: events, attempts, and reading a journal to its head.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::Arc;

use bytes::Bytes;
use domain::delivery::trace::{Excerpt, Phases, Trace};
use domain::event::{EventKind, Identities, IdentityHash, NewEvent, Restriction};
use domain::id::{DestinationId, Seq, SourceId};
use domain::time::Timestamp;

use crate::{
    AttemptRecord, Fate, FilteredCount, Gap, Journal, OpenDelivery, Reader, SeqRange, Settlement,
    Store, StoredEvent, Wanted,
};

/// An event of a source; its payload is the text.
pub fn event(source: &str, payload: &str) -> NewEvent {
    NewEvent {
        source: SourceId::new(source),
        kind: EventKind::Track,
        received_at: Timestamp(1_700_000_000_000 + payload.len() as i64),
        identities: Identities { user: hash(payload.len() as u64), anonymous: None },
        restriction: match payload.len() % 2 {
            0 => Restriction::None,
            _ => Restriction::Possible,
        },
        payload: Bytes::from(payload.to_owned()),
    }
}

/// So many events of a source, all different.
pub fn events(source: &str, count: usize) -> Vec<NewEvent> {
    (0..count).map(|number| event(source, &format!("{{\"number\":{number}}}"))).collect()
}

/// An identity; none for 0.
pub fn hash(code: u64) -> Option<IdentityHash> {
    NonZeroU64::new(code).map(IdentityHash)
}

/// Appends and waits.
pub fn append(store: &Store, events: Vec<NewEvent>) -> SeqRange {
    store.journal.append(events).unwrap().wait().unwrap()
}

/// Only events of this source.
pub fn only(source: &str) -> Wanted {
    Wanted::Sources(Arc::from([SourceId::new(source)]))
}

/// What reading to the head yields: the wanted events, and the gaps with neighbours joined.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReadBack {
    /// In order.
    pub events: Vec<StoredEvent>,
    /// In order.
    pub gaps: Vec<Gap>,
}

impl ReadBack {
    /// The places of the events.
    pub fn places(&self) -> Vec<u64> {
        self.events.iter().map(|event| event.seq.0).collect()
    }
}

/// Reads from a place to the head in chunks, checking on the way that it comes forward.
pub fn read_all(journal: &dyn Journal, from: Seq, wanted: &Wanted, bytes_max: usize) -> ReadBack {
    let head = *journal.head().borrow();
    let mut read = ReadBack::default();
    let mut next = from;
    while next < head {
        let chunk = journal.read(next, wanted.clone(), bytes_max).wait().unwrap();
        assert!(chunk.next > next, "a read at {next} came no further");
        for frame in &chunk.frames {
            let all = frame.events().filter(|event| event.seq >= next);
            read.events.extend(all.filter(|event| wanted.includes(&event.source)));
        }
        for gap in chunk.gaps {
            match read.gaps.last_mut() {
                Some(last)
                    if last.reason == gap.reason && last.range.last.next() == gap.range.first =>
                {
                    last.range.last = gap.range.last;
                }
                _ => read.gaps.push(gap),
            }
        }
        next = chunk.next;
    }
    read
}

/// The name of a destination.
pub fn destination(number: u64) -> DestinationId {
    DestinationId::new(format!("destination-{number}"))
}

/// A step of a destination that only moves its cursor.
pub fn settlement(destination: DestinationId, cursor: u64) -> Settlement {
    Settlement {
        reader: Reader::Destination(destination),
        cursor: Seq(cursor),
        opened: Vec::new(),
        closed: Vec::new(),
        attempts: Vec::new(),
        filtered: Vec::new(),
        waiting: None,
    }
}

/// So many events filtered for this reason.
pub fn filtered(reason: &str, count: u64) -> FilteredCount {
    FilteredCount { reason: reason.to_owned(), count }
}

/// A delivery that waits for its next attempt.
pub fn open_delivery(seq: u64, attempts: u32) -> OpenDelivery {
    OpenDelivery {
        seq: Seq(seq),
        kind: EventKind::Identify,
        identities: Identities { user: hash(seq), anonymous: hash(u64::MAX - seq) },
        attempts,
        first_attempt_at: (attempts > 0).then_some(Timestamp(1_700_000_000_000)),
        due: Timestamp(1_700_000_060_000),
        reason: if attempts > 0 { "timeout".to_owned() } else { String::new() },
        status: if attempts > 1 { 503 } else { 0 },
        is_shelved: false,
    }
}

/// An attempt with this fate.
pub fn attempt(destination: &DestinationId, seq: u64, number: u32, fate: Fate) -> AttemptRecord {
    let is_delivered = fate == Fate::Delivered;
    AttemptRecord {
        destination: destination.clone(),
        seq: Seq(seq),
        kind: EventKind::Track,
        whose: Identities::default(),
        received_at: None,
        number,
        at: Timestamp(1_700_000_000_000 + seq as i64),
        duration_us: 1500 + number,
        status: if is_delivered { 200 } else { 503 },
        fate,
        reason: if is_delivered { String::new() } else { "server_error".to_owned() },
        detail: if is_delivered { String::new() } else { format!("event {seq} was not taken") },
        trace: trace(seq, fate),
        replay: None,
    }
}

/// What an attempt went through; a few are alike in one thing or another.
fn trace(seq: u64, fate: Fate) -> Trace {
    if fate == Fate::Expired {
        return Trace::default();
    }
    let is_connected = !seq.is_multiple_of(3);
    let new = |us: u32| seq.is_multiple_of(10).then_some(us);
    let remote = match seq % 2 {
        0 => SocketAddr::from(([192, 0, 2, (seq % 5) as u8], 443)),
        _ => SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, seq as u16 % 5], 8080)),
    };
    Trace {
        phases: Phases {
            resolve_us: new(0),
            connect_us: new(1_200),
            tls_us: new(u32::MAX),
            first_byte_us: is_connected.then_some(seq as u32),
        },
        remote: is_connected.then_some(remote),
        answer: is_connected.then(|| answer(&format!("{fate:?} {}", seq % 2))),
    }
}

/// An answer that says this.
pub fn answer(body: &str) -> Arc<Excerpt> {
    let headers = [("content-type", "text/plain"), ("x-\"odd\"", "\u{fffd},"), ("x", "")];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Arc::new(Excerpt { headers: headers.map(own).to_vec(), body: body.to_owned() })
}
