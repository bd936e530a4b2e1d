//! The schedule, the ledger and the replays as lists: a settlement changes all in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use domain::event::Identities;
use domain::id::{DestinationId, ReplayId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::replay::{ReplayPlan, ReplayState};
use domain::time::Timestamp;
use tokio::sync::watch;

use crate::deliveries::{DeliveryRecord, OpenPage, OpenQuery};
use crate::issues::{Book, Issue, IssueQuery, Mark, WaitingBy, has_issue};
use crate::ledger::{
    AttemptPage, AttemptQuery, AttemptRecord, Depth, FailedQuery, Fate, FilteredCount, Known,
    Ledger, RejectionCursor, RejectionPage, RejectionQuery, RejectionRecord, Totals, add_count,
    rejections_left,
};
use crate::receipt::Receipt;
use crate::replays::{OpenReplays, Replay, ReplayCounts, Replays};
use crate::schedule::{
    OpenDelivery, Progress, Reader, Schedule, ScheduleState, Settlement, ShelfLine,
};
use crate::series::{
    self, DestinationSeries, Happenings, IntakeStep, Points, SeriesPoint, SeriesQuery, Whose,
    ended_at, minute,
};

/// What is not finished and what happened.
pub struct MemoryHistory {
    state: Mutex<State>,
    open: watch::Sender<OpenReplays>,
}

#[derive(Default)]
struct State {
    readers: BTreeMap<Reader, Lines>,
    replays: BTreeMap<ReplayId, Replay>,
    /// With the issues they belong to.
    attempts: Vec<(AttemptRecord, Option<u64>)>,
    books: BTreeMap<DestinationId, MemoryBook>,
    rejections: Vec<RejectionRecord>,
    totals: BTreeMap<DestinationId, Totals>,
    minutes: BTreeMap<(Whose, i64), Happenings>,
    events_counted_to: Option<Seq>,
}

/// The issues of a destination, and whom each touched.
#[derive(Default)]
struct MemoryBook {
    book: Book,
    users: BTreeMap<u64, BTreeSet<u64>>,
}

struct Lines {
    cursor: Seq,
    open: BTreeMap<Seq, OpenDelivery>,
}

impl Lines {
    fn state(&self) -> ScheduleState {
        let mut shelved: Vec<(Identities, u64)> = Vec::new();
        for delivery in self.shelved() {
            match shelved.iter_mut().find(|(of, _)| *of == delivery.identities) {
                Some((_, count)) => *count += 1,
                None => shelved.push((delivery.identities, 1)),
            }
        }
        let held = self.open.values().filter(|delivery| !delivery.is_shelved);
        ScheduleState { cursor: self.cursor, open: held.cloned().collect(), shelved }
    }

    fn progress(&self) -> Progress {
        Progress { cursor: self.cursor, first_open: self.open.keys().next().copied() }
    }

    fn shelved(&self) -> impl Iterator<Item = &OpenDelivery> {
        self.open.values().filter(|delivery| delivery.is_shelved)
    }

    fn line(&self, line: ShelfLine, rows_max: usize) -> Vec<OpenDelivery> {
        let mut found = Vec::new();
        let mut others = Vec::new();
        for delivery in self.shelved() {
            let lanes: Vec<_> = line.order.identities(delivery.identities).iter().collect();
            let is_ours = line.identity.map_or(lanes.is_empty(), |lane| lanes.contains(&lane));
            if !is_ours {
                others.extend(lanes);
            } else if found.len() == rows_max || lanes.iter().any(|lane| others.contains(lane)) {
                break;
            } else {
                found.push(delivery.clone());
            }
        }
        found
    }
}

impl Default for MemoryHistory {
    fn default() -> Self {
        Self { state: Mutex::default(), open: watch::Sender::new(Arc::from([])) }
    }
}

impl State {
    /// Whether a reader may still change its lines.
    fn is_at_work(&self, reader: &Reader) -> bool {
        match reader {
            Reader::Destination(_) => true,
            Reader::Replay(id) => self.replays.get(id).is_some_and(|one| one.state.is_open()),
        }
    }

    fn count_filtered(&mut self, reader: &Reader, counts: &[FilteredCount]) {
        for count in counts {
            match reader {
                Reader::Destination(id) => self.totals(id).add_filtered(count),
                Reader::Replay(id) => {
                    let Some(replay) = self.replays.get_mut(id) else { continue };
                    add_count(&mut replay.counts.passed, count);
                }
            }
        }
    }

    /// Records an attempt, and counts it.
    fn record(&mut self, attempt: AttemptRecord) {
        match attempt.replay {
            None => {
                self.totals(&attempt.destination).count(attempt.fate, attempt.number);
                let whose = Whose::Destination(attempt.destination.clone());
                self.minute(whose, ended_at(&attempt)).count(&attempt);
            }
            Some(id) => {
                if let Some(replay) = self.replays.get_mut(&id) {
                    replay.counts.count(attempt.fate);
                }
            }
        }
        self.note(attempt);
    }

    fn minute(&mut self, whose: Whose, at: Timestamp) -> &mut Happenings {
        self.minutes.entry((whose, minute(at))).or_default()
    }

    /// Keeps an attempt, with the issue that it belongs to.
    fn note(&mut self, mut attempt: AttemptRecord) {
        let place = self.attempts.len() as u64 + 1;
        let mut issue = None;
        if has_issue(&attempt) {
            let books = self.books.values();
            let next = 1 + books.map(|own| own.book.entries.len() as u64).sum::<u64>();
            let own = self.books.entry(attempt.destination.clone()).or_default();
            let entry = own.book.failed(place, &attempt);
            if entry.issue.id == 0 {
                entry.issue.id = next;
            }
            issue = Some(entry.issue.id);
            let users = own.users.entry(entry.issue.id).or_default();
            users.append(&mut entry.touched);
            entry.issue.users = (users.len() as u64).min(limits::ISSUE_USERS_MAX);
        }
        (attempt.whose, attempt.received_at) = (Identities::default(), None);
        self.attempts.push((attempt, issue));
    }

    fn settle_issues(
        &mut self,
        destination: &DestinationId,
        first: usize,
        waiting: Option<&[WaitingBy]>,
    ) {
        let Some(MemoryBook { book, .. }) = self.books.get_mut(destination) else { return };
        let settled = (1_u64..).zip(&self.attempts).skip(first);
        for (place, (attempt, _)) in settled {
            if attempt.fate == Fate::Delivered && attempt.destination == *destination {
                book.delivered(place, attempt.at);
            }
        }
        if let Some(waiting) = waiting {
            book.wait(waiting);
        }
        book.resolve();
    }

    fn totals(&mut self, id: &DestinationId) -> &mut Totals {
        self.totals.entry(id.clone()).or_insert_with(|| Totals::zero(id.clone()))
    }

    fn open_replays(&self) -> OpenReplays {
        let open = self.replays.values().filter(|one| one.state.is_open());
        open.map(Replay::followed).collect()
    }

    fn with_cursor(&self, replay: &Replay) -> Replay {
        let lines = self.readers.get(&Reader::Replay(replay.id));
        let cursor = lines.map_or(replay.cursor, |lines| lines.cursor);
        Replay { cursor, ..replay.clone() }
    }

    fn delivery(&self, destination: &DestinationId, seq: Seq) -> DeliveryRecord {
        let is_it = |one: &&AttemptRecord| (&one.destination, one.seq) == (destination, seq);
        let rows = || self.attempts.iter().map(|(attempt, _)| attempt).filter(is_it);
        let own = self.readers.get(&destination.into());
        let open_in = |lines: &Lines| lines.open.get(&seq).cloned();
        let open_of = |replay: &Replay| {
            Some((replay.id, self.readers.get(&Reader::Replay(replay.id)).and_then(open_in)?))
        };
        let replays = self.replays.values().rev().filter(|one| one.state.is_open());
        let mut replays = replays.filter(|one| one.plan.destination == *destination);
        DeliveryRecord {
            last: rows().next_back().cloned().map(|row| read_to(Depth::Row, row)),
            attempts: rows().filter(|row| row.is_made()).count() as u32,
            open: own.and_then(open_in),
            replaying: replays.find_map(open_of),
            cursor: own.map(|lines| lines.cursor),
        }
    }

    /// Whether a delivery that was given up has been made since.
    fn is_recovered(&self, at: usize, failed: &AttemptRecord) -> bool {
        self.attempts.iter().skip(at).any(|(later, _)| {
            (later.seq, &later.destination) == (failed.seq, &failed.destination)
                && later.fate == Fate::Delivered
                && (later.number > 1 || later.replay.is_some())
        })
    }
}

impl Schedule for MemoryHistory {
    fn load(&self, reader: &Reader) -> Receipt<Option<ScheduleState>> {
        let state = super::lock(&self.state);
        Receipt::ready(Ok(state.readers.get(reader).map(Lines::state)))
    }

    fn progress(&self, reader: &Reader) -> Receipt<Option<Progress>> {
        let state = super::lock(&self.state);
        Receipt::ready(Ok(state.readers.get(reader).map(Lines::progress)))
    }

    fn unshelve(
        &self,
        reader: &Reader,
        line: ShelfLine,
        rows_max: u32,
    ) -> Receipt<Vec<OpenDelivery>> {
        let state = super::lock(&self.state);
        let lines = state.readers.get(reader);
        Receipt::ready(Ok(lines.map_or_else(Vec::new, |lines| lines.line(line, rows(rows_max)))))
    }

    fn destinations(&self) -> Receipt<Vec<DestinationId>> {
        let state = super::lock(&self.state);
        let own = |reader: &Reader| match reader {
            Reader::Destination(id) => Some(id.clone()),
            Reader::Replay(_) => None,
        };
        Receipt::ready(Ok(state.readers.keys().filter_map(own).collect()))
    }

    fn forget(&self, destination: &DestinationId) -> Receipt<()> {
        let mut state = super::lock(&self.state);
        state.readers.remove(&destination.into());
        if let Some(MemoryBook { book, .. }) = state.books.get_mut(destination) {
            book.close();
        }
        Receipt::ready(Ok(()))
    }

    fn commit(&self, settlement: Settlement) -> Receipt<()> {
        let mut state = super::lock(&self.state);
        let Settlement { reader, cursor, opened, closed, attempts, filtered, waiting } = settlement;
        let own = match &reader {
            Reader::Destination(id) => Some(id.clone()),
            Reader::Replay(_) => attempts.first().map(|attempt| attempt.destination.clone()),
        };
        let waiting = waiting.filter(|_| matches!(reader, Reader::Destination(_)));
        if state.is_at_work(&reader) {
            state.count_filtered(&reader, &filtered);
            let lines = state
                .readers
                .entry(reader)
                .or_insert_with(|| Lines { cursor, open: BTreeMap::new() });
            lines.cursor = lines.cursor.max(cursor);
            lines.open.extend(opened.into_iter().map(|delivery| (delivery.seq, delivery)));
            for seq in closed {
                lines.open.remove(&seq);
            }
        }
        let count = attempts.len();
        for attempt in attempts {
            state.record(attempt);
        }
        let first = state.attempts.len() - count;
        if let Some(own) = own {
            state.settle_issues(&own, first, waiting.as_deref());
        }
        Receipt::ready(Ok(()))
    }
}

impl Replays for MemoryHistory {
    fn make(&self, plan: ReplayPlan, expected: Option<u64>, at: Timestamp) -> Receipt<Replay> {
        let mut state = super::lock(&self.state);
        let id = ReplayId(state.replays.len() as u64 + 1);
        let replay = Replay {
            id,
            state: ReplayState::Running,
            cursor: plan.scope.first,
            plan: Arc::new(plan),
            made_at: at,
            ended_at: None,
            expected,
            counts: ReplayCounts::default(),
        };
        state.replays.insert(id, replay.clone());
        self.open.send_replace(state.open_replays());
        Receipt::ready(Ok(replay))
    }

    fn turn(&self, id: ReplayId, to: ReplayState, at: Timestamp) -> Receipt<Option<Replay>> {
        let mut state = super::lock(&self.state);
        let Some(replay) = state.replays.get_mut(&id) else { return Receipt::ready(Ok(None)) };
        if replay.state.is_open() {
            replay.state = to;
            replay.ended_at = (!to.is_open()).then_some(at);
        }
        let is_ended = !replay.state.is_open();
        if is_ended && let Some(lines) = state.readers.get_mut(&Reader::Replay(id)) {
            lines.open.clear();
        }
        self.open.send_replace(state.open_replays());
        let replay = state.replays.get(&id).map(|replay| state.with_cursor(replay));
        Receipt::ready(Ok(replay))
    }

    fn list(&self, only: Option<ReplayId>, rows_max: u32) -> Receipt<Vec<Replay>> {
        let state = super::lock(&self.state);
        let wanted = state.replays.values().rev();
        let wanted = wanted.filter(|one| only.is_none_or(|only| only == one.id));
        let found = wanted.take(rows(rows_max)).map(|replay| state.with_cursor(replay));
        Receipt::ready(Ok(found.collect()))
    }

    fn open(&self) -> watch::Receiver<OpenReplays> {
        self.open.subscribe()
    }
}

impl Ledger for MemoryHistory {
    fn reject(&self, rejections: Vec<RejectionRecord>) -> Receipt<()> {
        super::lock(&self.state).rejections.extend(rejections);
        Receipt::ready(Ok(()))
    }

    fn attempts(&self, query: AttemptQuery) -> Receipt<AttemptPage> {
        let state = super::lock(&self.state);
        let end = query.older_than.map_or(state.attempts.len(), |place| {
            usize::try_from(place.saturating_sub(1)).unwrap_or(usize::MAX)
        });
        let numbered = (1_u64..).zip(state.attempts.iter().take(end)).collect::<Vec<_>>();
        let matching = numbered.into_iter().rev().filter(|(_, (attempt, issue))| {
            query.matches(attempt) && query.issue.is_none_or(|wanted| Some(wanted) == *issue)
        });
        let found: Vec<_> = matching.take(rows(query.rows_max)).collect();
        let is_full = found.len() == rows(query.rows_max);
        let places: Vec<_> = found.iter().map(|(place, _)| *place).collect();
        let older_than = places.last().copied().filter(|_| is_full);
        let attempts = found.into_iter().map(|(_, (one, _))| read_to(query.depth, one.clone()));
        Receipt::ready(Ok(AttemptPage { attempts: attempts.collect(), places, older_than }))
    }

    fn issues(&self, query: IssueQuery) -> Receipt<Vec<Issue>> {
        let state = super::lock(&self.state);
        let all = state.books.values().flat_map(|own| &own.book.entries).map(|entry| &entry.issue);
        let mut found: Vec<_> = all.filter(|issue| query.matches(issue)).cloned().collect();
        found.sort_by_key(|issue| std::cmp::Reverse((issue.last_at, issue.id)));
        found.truncate(rows(query.rows_max));
        Receipt::ready(Ok(found))
    }

    fn mark_issue(&self, id: u64, mark: Option<Mark>) -> Receipt<Option<Issue>> {
        let mut state = super::lock(&self.state);
        let mut books = state.books.values_mut();
        let marked = books.find_map(|own| own.book.mark(id, mark.clone()));
        Receipt::ready(Ok(marked.map(|entry| entry.issue.clone())))
    }

    fn rejections(&self, query: RejectionQuery) -> Receipt<RejectionPage> {
        let state = super::lock(&self.state);
        let before = query.older_than.unwrap_or(RejectionCursor::NEWEST);
        let newest = |is_known, before| {
            let of_kind = |one: &&RejectionRecord| one.source.is_some() == is_known;
            let all = (1_u64..).zip(state.rejections.iter().filter(of_kind)).collect::<Vec<_>>();
            let wanted = all.into_iter().rev().filter(|(place, _)| *place < before);
            let wanted = wanted.filter(|(_, one)| query.matches(one));
            wanted.take(rows(query.rows_max)).collect::<Vec<_>>()
        };
        let (known, strange) = (newest(true, before.known), newest(false, before.strange));
        let older_than = rejections_left(
            &query,
            [&known, &strange].map(|found| (found.len(), found.last().map(|(place, _)| *place))),
        );
        let mut rejections: Vec<_> =
            known.into_iter().chain(strange).map(|(_, one)| one.clone()).collect();
        rejections.sort_by_key(|one| std::cmp::Reverse(one.at));
        Receipt::ready(Ok(RejectionPage { rejections, older_than }))
    }

    fn totals(&self) -> Receipt<Vec<Totals>> {
        Receipt::ready(Ok(super::lock(&self.state).totals.values().cloned().collect()))
    }

    fn count(&self, step: IntakeStep) -> Receipt<()> {
        let mut state = super::lock(&self.state);
        for (source, at, count) in step.accepted {
            state.minute(Whose::Source(Some(source)), at).accepted += count;
        }
        for (source, at, count) in step.rejected {
            state.minute(Whose::Source(source), at).rejected += count;
        }
        state.events_counted_to = step.counted_to.or(state.events_counted_to);
        Receipt::ready(Ok(()))
    }

    fn events_counted_to(&self) -> Receipt<Option<Seq>> {
        Receipt::ready(Ok(super::lock(&self.state).events_counted_to))
    }

    fn series(&self, query: SeriesQuery) -> Receipt<Vec<SeriesPoint>> {
        let state = super::lock(&self.state);
        let ((from, to), mut points) = (query.minutes(), Points::of(&query));
        for ((whose, minute), happenings) in &state.minutes {
            if (from..to).contains(minute) && query.scope.includes(whose) {
                points.add(*minute, happenings);
            }
        }
        Receipt::ready(Ok(points.all()))
    }

    fn series_by_destination(&self, from: Timestamp, to: Timestamp) -> Receipt<DestinationSeries> {
        let (state, (from, to)) = (super::lock(&self.state), series::minutes(from, to));
        let mut found = DestinationSeries::new();
        for ((whose, minute), happenings) in &state.minutes {
            if let Whose::Destination(id) = whose
                && (from..to).contains(minute)
            {
                let point = SeriesPoint::of_minute(*minute, happenings.clone());
                found.entry(id.clone()).or_default().push(point);
            }
        }
        Receipt::ready(Ok(found))
    }

    fn known(&self, destination: &DestinationId, places: Vec<Seq>) -> Receipt<Known> {
        let state = super::lock(&self.state);
        let is_delivered = |seq: &Seq| {
            state.attempts.iter().any(|(one, _)| {
                (one.seq, &one.destination, one.fate) == (*seq, destination, Fate::Delivered)
            })
        };
        let lines = state.readers.get(&destination.into());
        let is_open = |seq: &Seq| lines.is_some_and(|lines| lines.open.contains_key(seq));
        let delivered = places.iter().copied().filter(is_delivered).collect();
        let open = places.iter().copied().filter(is_open).collect();
        let cursor = lines.map(|lines| lines.cursor);
        Receipt::ready(Ok(Known { delivered, open, cursor }))
    }

    fn deliveries(&self, wanted: Vec<(DestinationId, Seq)>) -> Receipt<Vec<DeliveryRecord>> {
        let state = super::lock(&self.state);
        let known = wanted.iter().map(|(destination, seq)| state.delivery(destination, *seq));
        Receipt::ready(Ok(known.collect()))
    }

    fn open_deliveries(&self, query: OpenQuery) -> Receipt<OpenPage> {
        let state = super::lock(&self.state);
        let lines = state.readers.get(&query.reader);
        let all = lines.into_iter().flat_map(|lines| lines.open.values().rev());
        let matching = all.filter(|open| query.matches(open)).cloned();
        let open: Vec<_> = matching.take(rows(query.rows_max)).collect();
        let is_full = open.len() == rows(query.rows_max);
        let before = open.last().map(|last| last.seq).filter(|_| is_full);
        Receipt::ready(Ok(OpenPage { open, before }))
    }

    fn failed(&self, query: FailedQuery) -> Receipt<Vec<Seq>> {
        let state = super::lock(&self.state);
        let is_wanted = |(at, (one, issue)): &(usize, &(AttemptRecord, Option<u64>))| {
            one.destination == query.destination
                && one.fate == Fate::GaveUp
                && one.reason != Reason::Skipped.code()
                && (query.first..query.end).contains(&one.seq)
                && query.since.is_none_or(|since| ended_at(one) >= since)
                && query.issue.is_none_or(|wanted| Some(wanted) == *issue)
                && !state.is_recovered(*at, one)
        };
        let found =
            state.attempts.iter().enumerate().filter(is_wanted).map(|(_, (one, _))| one.seq);
        let found: BTreeSet<Seq> = found.collect();
        Receipt::ready(Ok(found.into_iter().take(rows(query.rows_max)).collect()))
    }
}

/// An attempt as far as it is asked for.
fn read_to(depth: Depth, mut attempt: AttemptRecord) -> AttemptRecord {
    if depth == Depth::Row {
        attempt.trace.answer = None;
    }
    attempt
}

fn rows(rows_max: u32) -> usize {
    usize::try_from(rows_max).unwrap_or(usize::MAX)
}
