//! The schedule and the ledger as lists: a settlement changes both in one step.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::event::Identities;
use domain::id::{DestinationId, Seq};

use crate::ledger::{AttemptQuery, AttemptRecord, Depth, Ledger, RejectionRecord, Totals};
use crate::receipt::Receipt;
use crate::schedule::{OpenDelivery, Schedule, ScheduleState, Settlement, ShelfLine};

/// What is not finished and what happened.
#[derive(Default)]
pub struct MemoryHistory(Mutex<State>);

#[derive(Default)]
struct State {
    destinations: BTreeMap<DestinationId, Lines>,
    attempts: Vec<AttemptRecord>,
    rejections: Vec<RejectionRecord>,
    totals: BTreeMap<DestinationId, Totals>,
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
        super::lock(&self.0).destinations.remove(destination);
        Receipt::ready(Ok(()))
    }

    fn commit(&self, settlement: Settlement) -> Receipt<()> {
        let mut state = super::lock(&self.0);
        let Settlement { destination, cursor, opened, closed, attempts, filtered } = settlement;
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
        for attempt in attempts {
            state
                .totals
                .entry(attempt.destination.clone())
                .or_insert_with(|| Totals::zero(attempt.destination.clone()))
                .count(attempt.fate, attempt.number);
            state.attempts.push(attempt);
        }
        Receipt::ready(Ok(()))
    }
}

impl Ledger for MemoryHistory {
    fn reject(&self, rejections: Vec<RejectionRecord>) -> Receipt<()> {
        super::lock(&self.0).rejections.extend(rejections);
        Receipt::ready(Ok(()))
    }

    fn attempts(&self, query: AttemptQuery) -> Receipt<Vec<AttemptRecord>> {
        let state = super::lock(&self.0);
        let matching = state.attempts.iter().rev().filter(|attempt| query.matches(attempt));
        let found = matching.take(rows(query.rows_max)).cloned();
        Receipt::ready(Ok(found.map(|attempt| read_to(query.depth, attempt)).collect()))
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
