//! A show: what one filter lets through of a round, no more than somebody can read.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use domain::event::{EventKind, Gist, Identities};
use domain::id::{DestinationId, ReplayId, Seq};
use domain::limits;
use domain::time::Timestamp;
use storage::{RejectionRecord, StoredEvent};
use tokio::time::Instant;

use super::Channel;
use super::allowance::{Allowance, evenly};
use super::filter::{Filter, Status};
use super::row::{self, Face};
use crate::live::{FilteredSample, Settled, SettledAside};

/// How often it is said how much is shown.
const WINDOW: Duration = Duration::from_secs(1);

/// One filter's part of the scribe's work.
pub struct Show {
    pub channel: Arc<Channel>,
    /// What was shown lately, in order, so that its deliveries follow.
    faces: VecDeque<(Seq, Face)>,
    rows: Allowance,
    updates: Allowance,
    window: Window,
    /// What this round shows.
    page: Vec<String>,
    /// Updates of this round that had no room.
    missed: u64,
    /// Since when nobody watches.
    pub empty_since: Option<Instant>,
}

/// How much was shown since when.
struct Window {
    since: Instant,
    shown: u64,
    of: u64,
    /// Whether the last thing said is that not all is shown.
    was_sampled: bool,
}

/// Something that became of a delivery.
pub struct Happened<'a> {
    pub seq: Seq,
    pub destination: &'a DestinationId,
    pub status: Status,
    /// 0 where no answer came.
    pub http_status: u16,
    /// Empty where there is none.
    pub reason: &'a str,
    pub attempt: u32,
    pub at: Timestamp,
    pub duration_us: u32,
    pub replay: Option<ReplayId>,
    /// None where only the event knows.
    pub kind: Option<EventKind>,
    /// None where only the event knows.
    pub whose: Option<Identities>,
    aside: &'a SettledAside,
}

impl<'a> Happened<'a> {
    /// Everything that became of deliveries in a settlement.
    pub fn all(settled: &'a Settled) -> impl Iterator<Item = Self> {
        let Settled { destination, attempts, aside } = settled;
        let attempts = attempts.iter().map(move |one| Self {
            seq: one.seq,
            destination,
            status: Status::of(one.fate, &one.reason),
            http_status: one.status,
            reason: &one.reason,
            attempt: one.number,
            at: one.at,
            duration_us: one.duration_us,
            replay: one.replay,
            // Without an attempt the event was not looked at.
            kind: Some(one.kind).filter(|_| one.number > 0),
            whose: Some(one.whose).filter(|_| one.number > 0),
            aside,
        });
        attempts.chain(aside.filtered.iter().map(move |one| Self::filtered(settled, one)))
    }

    fn filtered(settled: &'a Settled, sample: &FilteredSample) -> Self {
        Self {
            seq: sample.seq,
            destination: &settled.destination,
            status: Status::Filtered,
            http_status: 0,
            reason: sample.reason.code(),
            attempt: 0,
            at: sample.at,
            duration_us: 0,
            replay: None,
            kind: None,
            whose: None,
            aside: &settled.aside,
        }
    }

    /// When it is tried again.
    pub fn next_try_at(&self) -> Option<Timestamp> {
        self.aside.due_of(self.seq).filter(|_| self.status == Status::Scheduled)
    }
}

impl Show {
    /// A show that has shown nothing yet.
    pub fn new(channel: Arc<Channel>, now: Instant) -> Self {
        Self {
            channel,
            faces: VecDeque::new(),
            rows: Allowance::new(limits::LIVE_ROWS_PER_SECOND, now),
            updates: Allowance::new(limits::LIVE_UPDATES_PER_SECOND, now),
            window: Window { since: now, shown: 0, of: 0, was_sampled: false },
            page: Vec::new(),
            missed: 0,
            empty_since: None,
        }
    }

    /// What it lets through.
    pub fn filter(&self) -> &Filter {
        &self.channel.filter
    }

    /// Shows events; reads the text of so many at most to see whether they match. Answers how many
    /// it has read for that.
    pub fn events(&mut self, events: &[StoredEvent], looks: usize, now: Instant) -> usize {
        let filter = &self.channel.filter;
        let is_ours =
            |event: &&StoredEvent| event.seq >= self.channel.since && filter.admits_event(event);
        let fitting: Vec<_> = events.iter().filter(is_ours).collect();
        let count = fitting.len();
        let (looked, matching) = match filter.reads_text() {
            false => (count, fitting),
            true => {
                let looked = evenly(fitting, looks);
                let is_named = |event: &&StoredEvent| filter.admits_gist(&gist(event));
                (looked.len(), looked.into_iter().filter(is_named).collect())
            }
        };
        let chosen = self.choose(matching, (looked, count), now);
        for event in chosen {
            let face = Face::new(event, &gist(event));
            self.page.push(row::event(event, &face));
            self.remember(event.seq, face);
        }
        if self.filter().reads_text() { looked } else { 0 }
    }

    /// Shows refusals.
    pub fn rejected(&mut self, rejected: &[RejectionRecord], now: Instant) {
        let filter = &self.channel.filter;
        let ours: Vec<_> = rejected.iter().filter(|one| filter.admits_rejection(one)).collect();
        let count = ours.len();
        let chosen = self.choose(ours, (count, count), now);
        self.page.extend(chosen.into_iter().map(row::rejected));
    }

    /// Shows what became of events that were shown.
    pub fn follow(&mut self, happened: &[Happened<'_>], now: Instant) {
        let mut left = self.updates.left(now);
        let before = left;
        for one in happened {
            let Some(face) = self.face(one.seq) else { continue };
            if left == 0 {
                self.missed += 1;
                continue;
            }
            left -= 1;
            let row = row::delivery(one, Some(face));
            self.page.push(row);
        }
        self.updates.take(before - left);
    }

    /// Which of these deliveries may be shown, so many at most, and how many there are.
    pub fn candidates<'h, 'a>(
        &self,
        happened: &'h [Happened<'a>],
        most: usize,
    ) -> (Vec<&'h Happened<'a>>, usize) {
        let filter = self.filter();
        let fitting: Vec<_> = happened.iter().filter(|one| filter.admits_delivery(one)).collect();
        let count = fitting.len();
        (evenly(fitting, most), count)
    }

    /// Shows some of the candidates, each with its event where that was found.
    pub fn deliveries(
        &mut self,
        found: Vec<(&Happened<'_>, Option<StoredEvent>)>,
        count: usize,
        now: Instant,
    ) {
        let (looked, filter) = (found.len(), &self.channel.filter);
        let matches = |event: &StoredEvent| {
            filter.admits_event(event) && (!filter.reads_text() || filter.admits_gist(&gist(event)))
        };
        let is_ours = |event: &Option<StoredEvent>| match event {
            Some(event) => matches(event),
            None => !filter.needs_event(),
        };
        let ours = found.into_iter().filter(|(_, event)| is_ours(event)).collect();
        for (happened, event) in self.choose(ours, (looked, count), now) {
            let face = event.map(|event| Face::new(&event, &gist(&event)));
            self.page.push(row::delivery(happened, face.as_ref()));
        }
    }

    /// So many rows were left out before anybody could choose; nobody knows how many where that is
    /// none.
    pub fn miss(&mut self, rows: Option<u64>) {
        self.page.push(row::missed(rows));
    }

    /// Ends the round: viewers get what there is to see.
    pub fn publish(&mut self, now: Instant) {
        if self.missed > 0 {
            let missed = std::mem::take(&mut self.missed);
            self.miss(Some(missed));
        }
        self.page.extend(self.window.end(now));
        self.channel.push(std::mem::take(&mut self.page));
    }

    /// Chooses as many as may be shown, and counts how many there were: all that were looked at, and as
    /// many of the others.
    fn choose<T>(&mut self, ours: Vec<T>, (looked, count): (usize, usize), now: Instant) -> Vec<T> {
        let of = (ours.len() * count).checked_div(looked).unwrap_or(0);
        let chosen = evenly(ours, self.rows.left(now));
        self.rows.take(chosen.len());
        self.window.shown += chosen.len() as u64;
        self.window.of += of as u64;
        chosen
    }

    fn remember(&mut self, seq: Seq, face: Face) {
        if self.faces.len() == limits::LIVE_ROWS_KEPT {
            self.faces.pop_front();
        }
        self.faces.push_back((seq, face));
    }

    fn face(&self, seq: Seq) -> Option<&Face> {
        let place = self.faces.binary_search_by_key(&seq, |(own, _)| *own).ok()?;
        self.faces.get(place).map(|(_, face)| face)
    }
}

impl Window {
    /// What there is to say at the end of a window.
    fn end(&mut self, now: Instant) -> Option<String> {
        if now.saturating_duration_since(self.since) < WINDOW {
            return None;
        }
        let (shown, of, was_sampled) = (self.shown, self.of, self.was_sampled);
        *self = Self { since: now, shown: 0, of: 0, was_sampled: shown < of };
        (shown < of || was_sampled).then(|| row::sampled(shown, of))
    }
}

fn gist(event: &StoredEvent) -> Gist<'_> {
    Gist::of(event.kind, &event.payload)
}
