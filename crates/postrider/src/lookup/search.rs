//! Lists of deliveries, newest first.
//!
//! There are three ways to them. What was tried is found in the ledger, by its last attempt; what is
//! open in the schedules; and everything else by walking back through the events and working out what
//! became of each. Which way is taken follows from what is asked for alone, so that where a page ends
//! means the same to the next one: a place of the ledger, or of the journal.

use std::collections::HashSet;
use std::ops::Range;

use domain::id::{DestinationId, Seq};
use domain::limits;
use storage::{AttemptQuery, Depth, Fate, StorageError, StoredEvent, Wanted};
use tokio::time::Instant;

use super::{Asked, Delivery, DeliveryQuery, EventFilter, Found, Lookup, Status};

/// Deliveries that were found.
#[derive(Debug, Default)]
pub struct DeliveryPage {
    /// Newest first: by their last attempt, or by their event.
    pub deliveries: Vec<Delivery>,
    /// Where to go on with [`DeliveryQuery::older_than`]; none where there are no more. A page may have
    /// fewer than were asked for and still say where to go on: it took long enough.
    pub older_than: Option<u64>,
}

/// The way that a search takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// By what was tried, and led to this.
    Attempts(Option<Fate>),
    /// By what is open.
    Open,
    /// By events.
    Events,
}

impl DeliveryQuery {
    fn way(&self) -> Way {
        match self.status {
            _ if self.event.is_some() || self.of.is_narrow() => Way::Events,
            Some(Status::GaveUp | Status::Skipped) => Way::Attempts(Some(Fate::GaveUp)),
            Some(Status::Expired) => Way::Attempts(Some(Fate::Expired)),
            Some(Status::Delivered) if self.of.is_of_kind_alone() => {
                Way::Attempts(Some(Fate::Delivered))
            }
            Some(Status::Scheduled | Status::Waiting | Status::Sending) => Way::Open,
            None if self.is_of_attempts() => Way::Attempts(None),
            _ => Way::Events,
        }
    }
}

impl Lookup<'_> {
    /// Finds the newest deliveries that match.
    ///
    /// # Errors
    /// Where storage cannot be read.
    ///
    /// # Cancellation
    /// Nothing has been changed.
    pub async fn search(&mut self, query: &DeliveryQuery) -> Result<DeliveryPage, StorageError> {
        let deadline = Instant::now() + limits::LOOKUP_TIME_MAX;
        match query.way() {
            Way::Attempts(fate) => self.by_attempts(query, fate, deadline).await,
            Way::Open => self.by_open(query, deadline).await,
            Way::Events => {
                let mut range = Seq::FIRST..Seq(query.older_than.unwrap_or(u64::MAX));
                if let Some(event) = query.event {
                    range = range.start.max(event)..range.end.min(event.next());
                }
                self.by_events(query, range, deadline).await
            }
        }
    }

    /// Goes through the attempts: those that are the last of their deliveries.
    async fn by_attempts(
        &mut self,
        query: &DeliveryQuery,
        fate: Option<Fate>,
        deadline: Instant,
    ) -> Result<DeliveryPage, StorageError> {
        let mut page = DeliveryPage { deliveries: Vec::new(), older_than: query.older_than };
        loop {
            let found = self.store.ledger.attempts(attempts(query, fate, page.older_than)).await?;
            let mut seen = HashSet::new();
            let rows = found.attempts.into_iter().zip(found.places).filter(|(row, _)| {
                query.of.kind.is_none_or(|kind| kind == row.kind)
                    && seen.insert((row.destination.clone(), row.seq))
            });
            let rows: Vec<_> = rows.collect();
            let asked = |row: &storage::AttemptRecord| Asked {
                destination: row.destination.clone(),
                seq: row.seq,
                event: None,
            };
            let wanted: Vec<_> = rows.iter().map(|(row, _)| asked(row)).collect();
            let known = self.known(&wanted).await?;
            let newest = rows.iter().zip(wanted.into_iter().zip(known));
            let newest = newest.filter(|((row, _), (_, known))| known.last.as_ref() == Some(row));
            let (places, newest): (Vec<_>, Vec<_>) =
                newest.map(|((_, place), one)| (*place, one)).unzip();
            if self.take_in(&mut page, query, (places, newest)).await? {
                return Ok(page);
            }
            page.older_than = found.older_than;
            if page.older_than.is_none() || Instant::now() >= deadline {
                return Ok(page);
            }
        }
    }

    /// Adds the deliveries that match, each found at a place of the ledger; true where the page is full.
    async fn take_in(
        &mut self,
        page: &mut DeliveryPage,
        query: &DeliveryQuery,
        (places, rows): (Vec<u64>, Vec<(Asked, storage::DeliveryRecord)>),
    ) -> Result<bool, StorageError> {
        for (place, (asked, known)) in places.into_iter().zip(rows) {
            let mut asked = [asked];
            self.read_events(&mut asked).await?;
            let [asked] = asked;
            let found = self.put_together(vec![(asked, known)]).await?;
            page.deliveries.extend(found.into_iter().filter(|one| query.matches(one)));
            if page.deliveries.len() >= query.rows_max {
                page.older_than = Some(place);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Walks back through events, to all destinations that they are for or to the one asked for.
    pub(super) async fn by_events(
        &mut self,
        query: &DeliveryQuery,
        range: Range<Seq>,
        deadline: Instant,
    ) -> Result<DeliveryPage, StorageError> {
        let of = self.narrowed(query);
        let mut walk = self.walk((&of, query.when), range, query.rows_max).await?;
        let mut page = DeliveryPage::default();
        while let Some(events) = self.next_events(&mut walk).await? {
            let asked = |event| self.asked(query.destination.as_ref(), event);
            let asked = events.iter().flat_map(asked).collect();
            if self.take_in_events(&mut page, query, asked).await? {
                return Ok(page);
            }
            page.older_than = walk.left().map(|seq| seq.0);
            if Instant::now() >= deadline {
                return Ok(page);
            }
        }
        page.older_than = None;
        Ok(page)
    }

    /// Adds the deliveries of events that match, all of an event or none; true where the page is full.
    async fn take_in_events(
        &mut self,
        page: &mut DeliveryPage,
        query: &DeliveryQuery,
        mut asked: Vec<Asked>,
    ) -> Result<bool, StorageError> {
        while !asked.is_empty() {
            let mut end = asked.len().min(limits::LOOKUP_ROWS);
            let last = asked[end - 1].seq;
            end += asked[end..].iter().take_while(|one| one.seq == last).count();
            let rest = asked.split_off(end);
            let found = self.deliveries(std::mem::replace(&mut asked, rest)).await?;
            let mut found = found.into_iter().filter(|one| query.matches(one)).peekable();
            while let Some(one) = found.next() {
                let seq = one.seq;
                page.deliveries.push(one);
                let is_last_of_event = found.peek().is_none_or(|next| next.seq != seq);
                if is_last_of_event && page.deliveries.len() >= query.rows_max {
                    page.older_than = Some(seq.0);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The deliveries of an event, to all destinations that it is for or to one.
    pub(super) fn asked(&self, only: Option<&DestinationId>, event: &StoredEvent) -> Vec<Asked> {
        let to = match only {
            Some(one) => vec![one.clone()],
            None => self.destinations_of(&event.source),
        };
        let one = |destination| Asked { destination, seq: event.seq, event: Some(event.clone()) };
        to.into_iter().map(one).collect()
    }

    /// The events that are asked for; of a destination with one source, only of that.
    fn narrowed(&mut self, query: &DeliveryQuery) -> EventFilter {
        let mut of = query.of.clone();
        let duty = query.destination.as_ref().and_then(|id| self.duty(id));
        if let (None, Some(Wanted::Sources(sources))) = (&of.source, duty.map(|duty| duty.wanted()))
            && let [only] = &*sources
        {
            of.source = Some(only.clone());
        }
        of
    }

    /// All deliveries of an event: to the destinations it is for, and to those that have tried it.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn deliveries_of(
        &mut self,
        seq: Seq,
        found: &Found,
    ) -> Result<Vec<Delivery>, StorageError> {
        let tried = AttemptQuery {
            seq: Some(seq),
            rows_max: limits::ADMIN_ROWS_MAX,
            depth: Depth::Row,
            ..AttemptQuery::default()
        };
        let tried = self.store.ledger.attempts(tried).await?.attempts;
        let mut to: Vec<_> = tried.into_iter().map(|row| row.destination).collect();
        let event = match found {
            Found::Event(event) => Some(event.clone()),
            Found::Gone(_) | Found::Nothing => None,
        };
        to.extend(event.iter().flat_map(|event| self.destinations_of(&event.source)));
        to.sort();
        to.dedup();
        let one = |destination| Asked { destination, seq, event: event.clone() };
        self.deliveries(to.into_iter().map(one).collect()).await
    }
}

fn attempts(query: &DeliveryQuery, fate: Option<Fate>, older_than: Option<u64>) -> AttemptQuery {
    let skipped = || Some(domain::reason::Reason::Skipped.code().to_owned());
    AttemptQuery {
        destination: query.destination.clone(),
        seq: query.event,
        fate,
        issue: query.issue,
        reason: match query.status {
            Some(Status::Skipped) if query.reason.is_none() => skipped(),
            _ => query.reason.clone(),
        },
        status: query.code,
        from: query.when.from,
        to: query.when.to,
        older_than,
        rows_max: u32::try_from(limits::LOOKUP_ROWS).unwrap_or(u32::MAX),
        depth: Depth::Row,
    }
}
