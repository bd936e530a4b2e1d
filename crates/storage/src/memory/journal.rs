//! The journal as a list of frames.

use std::sync::{Arc, Mutex};

use domain::event::NewEvent;
use domain::id::Seq;
use tokio::sync::watch;

use crate::error::StorageError;
use crate::frame::Frame;
use crate::journal::{Chunk, Gap, GapReason, Journal, SeqRange, Stock, Wanted};
use crate::receipt::Receipt;

/// Frames in order; those before the first one were trimmed.
pub struct MemoryJournal {
    frames: Mutex<Vec<Arc<Frame>>>,
    head: watch::Sender<Seq>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self { frames: Mutex::default(), head: watch::Sender::new(Seq::FIRST) }
    }
}

impl Journal for MemoryJournal {
    fn append(&self, events: Vec<NewEvent>) -> Result<Receipt<SeqRange>, StorageError> {
        let mut frames = super::lock(&self.frames);
        let first = *self.head.borrow();
        let frame = Frame::encode(first, events.iter());
        let range = SeqRange { first, last: frame.last() };
        if !events.is_empty() {
            frames.push(Arc::new(frame));
            self.head.send_replace(range.last.next());
        }
        Ok(Receipt::ready(Ok(range)))
    }

    fn read(&self, from: Seq, wanted: Wanted, bytes_max: usize) -> Receipt<Chunk> {
        let frames = super::lock(&self.frames);
        let mut chunk = Chunk { frames: Vec::new(), gaps: Vec::new(), next: from };
        let head = *self.head.borrow();
        let trimmed = frames.first().map_or(head, |frame| frame.first());
        if from < trimmed {
            let range = SeqRange { first: from, last: Seq(trimmed.0 - 1) };
            chunk.gaps.push(Gap { range, reason: GapReason::Trimmed });
            chunk.next = trimmed;
        }
        let mut bytes = 0;
        for frame in frames.iter().filter(|frame| frame.last() >= from) {
            if wanted.touches(frame.sources()) {
                if !chunk.frames.is_empty() && bytes + frame.bytes_len() > bytes_max {
                    break;
                }
                bytes += frame.bytes_len();
                chunk.frames.push(Arc::clone(frame));
            }
            chunk.next = frame.last().next();
        }
        Receipt::ready(Ok(chunk))
    }

    fn head(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }

    fn trim(&self, before: Seq) -> Receipt<Seq> {
        let mut frames = super::lock(&self.frames);
        frames.retain(|frame| frame.last() >= before);
        let first = frames.first().map_or(*self.head.borrow(), |frame| frame.first());
        Receipt::ready(Ok(first))
    }

    fn trim_to(&self, bytes_max: u64) -> Receipt<Seq> {
        let mut frames = super::lock(&self.frames);
        let mut bytes: u64 = frames.iter().map(|frame| frame.bytes_len() as u64).sum();
        while bytes > bytes_max && !frames.is_empty() {
            bytes -= frames.remove(0).bytes_len() as u64;
        }
        let first = frames.first().map_or(*self.head.borrow(), |frame| frame.first());
        Receipt::ready(Ok(first))
    }

    fn stock(&self) -> Receipt<Stock> {
        let frames = super::lock(&self.frames);
        let oldest = frames.first();
        Receipt::ready(Ok(Stock {
            first: oldest.map_or(*self.head.borrow(), |frame| frame.first()),
            oldest_at: oldest.and_then(|frame| Some(frame.events().next()?.received_at)),
            used_bytes: frames.iter().map(|frame| frame.bytes_len() as u64).sum(),
        }))
    }
}
