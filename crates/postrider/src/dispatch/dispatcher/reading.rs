//! How a dispatcher comes to its events: whether it reads on, and what becomes of what was read.

use domain::delivery::flow::Mode;
use domain::id::Seq;
use domain::limits;
use domain::time::Timestamp;
use storage::StorageError;

use super::Dispatcher;
use crate::dispatch::agenda::Outlook;
use crate::dispatch::feed::{self, Found};
use crate::dispatch::taken::{self, Taken};
use crate::dispatch::world::World;
use crate::live::FilteredSample;

impl<W: World> Dispatcher<W> {
    /// Whether events are read on.
    pub(super) fn wants_more(&self, now: Timestamp) -> bool {
        self.has_room() && self.agenda.wants_more(self.outlook(now))
    }

    pub(super) fn has_room(&self) -> bool {
        self.agenda.has_room() && self.stake.window() > 0
    }

    pub(super) fn outlook(&self, now: Timestamp) -> Outlook {
        Outlook {
            is_active: self.flow.mode() == Mode::Active,
            is_open: self.flow.opens_at(now).is_some_and(|at| at <= now),
            limit: self.flow.limit(),
        }
    }

    /// Has written down what fills the room and may not go, where others behind it might.
    pub(super) fn make_room(&mut self, now: Timestamp) {
        let Outlook { is_active, is_open, .. } = self.outlook(now);
        let is_stuck = !self.has_room() && self.agenda.untried() == 0 && is_active && is_open;
        if is_stuck && self.agenda.is_crammed(self.attempts.len()) {
            self.agenda.make_room();
        }
    }

    /// Offers what was read ahead, as far as there is room; what is gone takes none.
    pub(super) fn fill(&mut self, now: Timestamp) {
        self.stake.hold(self.agenda.held_bytes());
        while self.wants_more(now) || matches!(self.read_ahead.front(), Some(Taken::Gone(_))) {
            match self.read_ahead.pop_front() {
                Some(Taken::ToDeliver(event)) => self.agenda.offer(event),
                Some(Taken::Filtered(seq, reason)) => {
                    self.agenda.filter(seq, reason);
                    let sample = FilteredSample { seq, at: now, reason };
                    self.parts.gauge.filtered.note(sample);
                    self.records.filtered(sample);
                }
                Some(Taken::Gone(gap)) => {
                    self.records.expired(&[gap], self.agenda.read_from(), now);
                    self.agenda.expire(gap.range.last);
                }
                None => break,
            }
            self.stake.hold(self.agenda.held_bytes());
        }
    }

    /// Reads on, where there is something to read and room for it, or as far as a gap goes.
    pub(super) fn read(&mut self, head: Seq, now: Timestamp) {
        if self.rest.is_some() {
            return;
        }
        let from = self.agenda.read_from();
        let wants_more = self.wants_more(now);
        if !wants_more && self.is_at_gap() {
            // It stood where the gap is now.
            self.read_ahead.clear();
            self.feed.read(from, self.duty.wanted(), 1);
        }
        let is_free = !self.feed.is_reading() && self.read_ahead.is_empty();
        if is_free && from < self.feed.end(head) && wants_more {
            let bytes = self.stake.window().clamp(limits::WINDOW_BYTES_LEAST, limits::READ_BYTES);
            self.feed.read(from, self.duty.wanted(), bytes);
        }
    }

    /// Takes in what was read. A read that failed is tried again: only failed commits mean that
    /// storage is not to be trusted.
    pub(super) fn found(&mut self, answer: Result<Found, StorageError>) {
        let found = match answer {
            Ok(found) => found,
            Err(error) => {
                self.gone.was_not_read();
                return self.rest_after(&error, "read events");
            }
        };
        // Events accepted since a connection was made must not be passed over by the old ones.
        if self.catalog.has_changed().unwrap_or(false) {
            self.gone.was_not_read();
            return;
        }
        let from = self.agenda.read_from();
        let (next, gaps) = match found {
            Found::Chunk(chunk) => {
                // Here and nowhere else they are filtered.
                for frame in &chunk.frames {
                    self.read_ahead.extend(taken::of(frame, from, &self.duty));
                }
                (chunk.next, self.duty.owed(&chunk.gaps))
            }
            Found::Portion(mut portion) => {
                let passed = (portion.next, std::mem::take(&mut portion.gaps));
                self.read_ahead.extend(feed::taken(portion));
                passed
            }
        };
        if !gaps.is_empty() {
            self.read_ahead.extend(gaps.into_iter().map(Taken::Gone));
            self.read_ahead.make_contiguous().sort_by_key(Taken::first);
        }
        self.agenda.pass(self.read_ahead.front().map_or(next, Taken::first));
    }
}
