//! What a destination takes in of a frame: its own events, each judged by its connections.

use domain::filter::Verdict;
use domain::id::Seq;
use domain::reason::Reason;
use storage::{Frame, Gap, StoredEvent};

use super::duty::Duty;

/// An event that was read, and judged.
pub enum Taken {
    /// It is delivered.
    ToDeliver(StoredEvent),
    /// It is not, for this reason.
    Filtered(Seq, Reason),
    /// Events that cannot be read any more.
    Gone(Gap),
}

/// The events of a frame from a place on that a destination's connections cover.
pub fn of(frame: &Frame, from: Seq, duty: &Duty) -> Vec<Taken> {
    let mut bytes = 0;
    let judged = frame.events().filter(|event| event.seq >= from).filter_map(|event| {
        Some(match duty.judge(&event)? {
            Verdict::Filtered(reason) => Taken::Filtered(event.seq, reason),
            Verdict::Passes => {
                bytes += event.payload.len();
                Taken::ToDeliver(event)
            }
        })
    });
    let mut taken: Vec<_> = judged.collect();
    // A few events must not keep a whole frame in memory for as long as they wait.
    if bytes < frame.bytes_len() / 4 {
        taken.iter_mut().for_each(Taken::own_bytes);
    }
    taken
}

impl Taken {
    /// Its place, or the first one.
    pub fn first(&self) -> Seq {
        match self {
            Self::ToDeliver(event) => event.seq,
            Self::Filtered(seq, _) => *seq,
            Self::Gone(gap) => gap.range.first,
        }
    }

    fn own_bytes(&mut self) {
        if let Self::ToDeliver(event) = self {
            event.own_bytes();
        }
    }
}
