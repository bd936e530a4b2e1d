//! The tail: the newest frames, kept in memory so that caught-up readers never touch the disk.
//!
//! In come frames that are durable already; out go shared frames. The tail is bounded by bytes and
//! forgets its oldest frames first; it always keeps the newest one. A reader that asks for an older
//! place is told so, and turns to the disk.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use domain::id::Seq;

use crate::frame::Frame;
use crate::journal::{Chunk, Wanted};

/// Frames that one read looks at under the lock, so that the writer never waits long.
const FRAMES_PER_READ_MAX: usize = 512;

/// What a frame costs beside its records.
const FRAME_OVERHEAD_BYTES: usize = 256;

/// The newest frames of a journal.
#[derive(Debug)]
pub struct Tail {
    bytes_max: usize,
    held: RwLock<Held>,
}

#[derive(Debug)]
struct Held {
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
    /// The place after the newest event.
    head: Seq,
}

impl Tail {
    /// An empty tail of a journal whose next event gets the place `head`.
    pub fn new(head: Seq, bytes_max: usize) -> Self {
        Self { bytes_max, held: RwLock::new(Held { frames: VecDeque::new(), bytes: 0, head }) }
    }

    /// Adds the newest frame; the oldest ones make room.
    pub fn push(&self, frame: Arc<Frame>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.head = frame.last().next();
        held.bytes += cost(&frame);
        held.frames.push_back(frame);
        while held.bytes > self.bytes_max && held.frames.len() > 1 {
            held.drop_oldest();
        }
    }

    /// Forgets the frames whose events all stand before `before`.
    pub fn trim(&self, before: Seq) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        while held.frames.front().is_some_and(|frame| frame.last() < before) {
            held.drop_oldest();
        }
    }

    /// Reads from `from` on; none where that place is older than what the tail holds.
    pub fn read(&self, from: Seq, wanted: &Wanted, bytes_max: usize) -> Option<Chunk> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let mut chunk = Chunk { frames: Vec::new(), gaps: Vec::new(), next: from };
        if from >= held.head {
            return Some(chunk);
        }
        held.frames.front().filter(|frame| frame.first() <= from)?;
        let start = held.frames.partition_point(|frame| frame.last() < from);
        let mut bytes = 0;
        for frame in held.frames.range(start..).take(FRAMES_PER_READ_MAX) {
            if wanted.touches(frame.sources()) {
                if !chunk.frames.is_empty() && bytes + frame.bytes_len() > bytes_max {
                    break;
                }
                bytes += frame.bytes_len();
                chunk.frames.push(Arc::clone(frame));
            }
            chunk.next = frame.last().next();
        }
        Some(chunk)
    }
}

impl Held {
    fn drop_oldest(&mut self) {
        if let Some(frame) = self.frames.pop_front() {
            self.bytes -= cost(&frame);
        }
    }
}

fn cost(frame: &Frame) -> usize {
    FRAME_OVERHEAD_BYTES + frame.bytes_len() + frame.bytes_len() / 12
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fixture::events;

    #[test]
    fn the_tail_is_bounded_and_tells_what_it_no_longer_holds() {
        let tail = Tail::new(Seq(1), 10_000);
        let mut next = Seq(1);
        for _ in 0..100 {
            let frame = Frame::encode(next, events("web", 10).iter());
            next = frame.last().next();
            tail.push(Arc::new(frame));
        }
        assert!(tail.held.read().unwrap().bytes <= 10_000);
        assert!(tail.read(Seq(1), &Wanted::All, 1).is_none());
        let newest = tail.read(Seq(1000), &Wanted::All, 1).unwrap();
        assert_eq!((newest.frames.len(), newest.next), (1, Seq(1001)));
        assert!(tail.read(Seq(1001), &Wanted::All, 1).unwrap().frames.is_empty());
    }

    #[test]
    fn the_newest_frame_stays_whatever_its_size() {
        let tail = Tail::new(Seq(1), 0);
        tail.push(Arc::new(Frame::encode(Seq(1), events("web", 10).iter())));
        assert_eq!(tail.read(Seq(5), &Wanted::All, 1).unwrap().frames.len(), 1);
        tail.trim(Seq(11));
        assert!(tail.read(Seq(5), &Wanted::All, 1).is_none());
    }
}
