//! The schedule and the ledger as lists: a settlement changes both in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use domain::event::Identities;
use domain::id::{DestinationId, Seq};
use domain::limits;

use crate::issues::{Book, Issue, IssueQuery, WaitingBy, has_issue};
use crate::ledger::{
    AttemptPage, AttemptQuery, AttemptRecord, Depth, Fate, Ledger, RejectionRecord, Totals,
};
use crate::receipt::Receipt;
use crate::schedule::{OpenDelivery, Schedule, ScheduleState, Settlement, ShelfLine};

/// What is not finished and what happened.
#[derive(Default)]
pub struct MemoryHistory(Mutex<State>);

#[derive(Default)]
struct State {
    destinations: BTreeMap<DestinationId, Lines>,
    /// With the issues they belong to.
    attempts: Vec<(AttemptRecord, Option<u64>)>,
    books: BTreeMap<DestinationId, MemoryBook>,
    rejections: Vec<RejectionRecord>,
    totals: BTreeMap<DestinationId, Totals>,
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
        ScheduleState {
            cursor: self.cursor,
            open: held.cloned().collect(),
            shelved,
            first_open: self.open.keys().next().copied(),
        }
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

impl State {
    /// Records an attempt, and counts it where it failed.
    fn record(&mut self, mut attempt: AttemptRecord) {
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
        attempt.whose = Identities::default();
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
}

impl Schedule for MemoryHistory {
    fn load(&self, destination: &DestinationId) -> Receipt<Option<ScheduleState>> {
        let state = super::lock(&self.0);
        let lines = state.destinations.get(destination);
        Receipt::ready(Ok(lines.map(Lines::state)))
    }

    fn unshelve(
        &self,
        destination: &DestinationId,
        line: ShelfLine,
        rows_max: u32,
    ) -> Receipt<Vec<OpenDelivery>> {
        let state = super::lock(&self.0);
        let lines = state.destinations.get(destination);
        Receipt::ready(Ok(lines.map_or_else(Vec::new, |lines| lines.line(line, rows(rows_max)))))
    }

    fn forget(&self, destination: &DestinationId) -> Receipt<()> {
        let mut state = super::lock(&self.0);
        state.destinations.remove(destination);
        if let Some(MemoryBook { book, .. }) = state.books.get_mut(destination) {
            book.close();
        }
        Receipt::ready(Ok(()))
    }

    fn commit(&self, settlement: Settlement) -> Receipt<()> {
        let mut state = super::lock(&self.0);
        let Settlement { destination, cursor, opened, closed, attempts, filtered, waiting } =
            settlement;
        let own = destination.clone();
        for count in &filtered {
            state
                .totals
                .entry(destination.clone())
                .or_insert_with(|| Totals::zero(destination.clone()))
                .add_filtered(count);
        }
        let lines = state
            .destinations
            .entry(destination)
            .or_insert_with(|| Lines { cursor, open: BTreeMap::new() });
        lines.cursor = lines.cursor.max(cursor);
        lines.open.extend(opened.into_iter().map(|delivery| (delivery.seq, delivery)));
        for seq in closed {
            lines.open.remove(&seq);
        }
        let count = attempts.len();
        for attempt in attempts {
            state
                .totals
                .entry(attempt.destination.clone())
                .or_insert_with(|| Totals::zero(attempt.destination.clone()))
                .count(attempt.fate, attempt.number);
            state.record(attempt);
        }
        let first = state.attempts.len() - count;
        state.settle_issues(&own, first, waiting.as_deref());
        Receipt::ready(Ok(()))
    }
}

impl Ledger for MemoryHistory {
    fn reject(&self, rejections: Vec<RejectionRecord>) -> Receipt<()> {
        super::lock(&self.0).rejections.extend(rejections);
        Receipt::ready(Ok(()))
    }

    fn attempts(&self, query: AttemptQuery) -> Receipt<AttemptPage> {
        let state = super::lock(&self.0);
        let end = query.older_than.map_or(state.attempts.len(), |place| {
            usize::try_from(place.saturating_sub(1)).unwrap_or(usize::MAX)
        });
        let numbered = (1_u64..).zip(state.attempts.iter().take(end)).collect::<Vec<_>>();
        let matching = numbered.into_iter().rev().filter(|(_, (attempt, issue))| {
            query.matches(attempt) && query.issue.is_none_or(|wanted| Some(wanted) == *issue)
        });
        let found: Vec<_> = matching.take(rows(query.rows_max)).collect();
        let is_full = found.len() == rows(query.rows_max);
        let older_than = found.last().map(|(place, _)| *place).filter(|_| is_full);
        let attempts = found.into_iter().map(|(_, (one, _))| read_to(query.depth, one.clone()));
        Receipt::ready(Ok(AttemptPage { attempts: attempts.collect(), older_than }))
    }

    fn issues(&self, query: IssueQuery) -> Receipt<Vec<Issue>> {
        let state = super::lock(&self.0);
        let all = state.books.values().flat_map(|own| &own.book.entries).map(|entry| &entry.issue);
        let mut found: Vec<_> = all.filter(|issue| query.matches(issue)).cloned().collect();
        found.sort_by_key(|issue| std::cmp::Reverse((issue.last_at, issue.id)));
        found.truncate(rows(query.rows_max));
        Receipt::ready(Ok(found))
    }

    fn rejections(&self, rows_max: u32) -> Receipt<Vec<RejectionRecord>> {
        let state = super::lock(&self.0);
        let newest = |is_known| {
            let of_kind = move |one: &&RejectionRecord| one.source.is_some() == is_known;
            state.rejections.iter().rev().filter(of_kind).take(rows(rows_max))
        };
        let mut found: Vec<_> = newest(true).chain(newest(false)).cloned().collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.at));
        Receipt::ready(Ok(found))
    }

    fn totals(&self) -> Receipt<Vec<Totals>> {
        Receipt::ready(Ok(super::lock(&self.0).totals.values().cloned().collect()))
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
