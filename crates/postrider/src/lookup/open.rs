//! Lists of what is open: what dispatchers hold and have not written down, and what is written down.

use domain::id::{DestinationId, Seq};
use storage::{OpenQuery, Reader, StorageError, Tried};
use tokio::time::Instant;

use super::search::DeliveryPage;
use super::{Asked, Delivery, DeliveryQuery, Lookup, Status};

/// What was found of one destination.
#[derive(Default)]
struct Part {
    deliveries: Vec<Delivery>,
    /// Everything from here on was looked at.
    looked_to: Option<Seq>,
}

impl Lookup<'_> {
    /// Goes through what is open of each destination, and puts that together by event.
    pub(super) async fn by_open(
        &mut self,
        query: &DeliveryQuery,
        deadline: Instant,
    ) -> Result<DeliveryPage, StorageError> {
        let to = query.destination.clone().map_or_else(|| self.destinations(), |one| vec![one]);
        let (mut found, mut looked_to) = (Vec::new(), None);
        for destination in to {
            let readers = self.readers(&destination);
            for reader in readers {
                let part = self.open_of((&destination, &reader), query, deadline).await?;
                found.extend(part.deliveries);
                looked_to = looked_to.max(part.looked_to);
            }
        }
        found.retain(|one| looked_to.is_none_or(|looked_to| one.seq >= looked_to));
        found.sort_by(|one, other| {
            other.seq.cmp(&one.seq).then_with(|| one.destination.cmp(&other.destination))
        });
        // What was held a moment ago may have been written down meanwhile.
        found.dedup_by(|one, other| (one.seq, &one.destination) == (other.seq, &other.destination));
        if let Some(last) = query.rows_max.checked_sub(1).and_then(|last| found.get(last)) {
            let last = last.seq;
            found.retain(|one| one.seq >= last);
            looked_to = Some(last);
        }
        Ok(DeliveryPage { deliveries: found, older_than: looked_to.map(|seq| seq.0) })
    }

    /// A destination's own schedule, and those of the replays to it.
    fn readers(&self, destination: &DestinationId) -> Vec<Reader> {
        let open = self.store.replays.open().borrow().clone();
        let replays = open.iter().filter(|one| one.plan.destination == *destination);
        let replays = replays.map(|one| Reader::Replay(one.id));
        std::iter::once(Reader::from(destination)).chain(replays).collect()
    }

    async fn open_of(
        &mut self,
        (destination, reader): (&DestinationId, &Reader),
        query: &DeliveryQuery,
        deadline: Instant,
    ) -> Result<Part, StorageError> {
        let mut part = Part::default();
        if matches!(reader, Reader::Destination(_))
            && self.held(destination, query, (&mut part, deadline)).await?
        {
            return Ok(part);
        }
        let mut open = OpenQuery {
            reader: reader.clone(),
            before: query.older_than.map(Seq),
            tried: match query.status {
                Some(Status::Scheduled) => Some(Tried::Once),
                Some(Status::Waiting) => Some(Tried::Never),
                _ => None,
            },
            reason: query.reason.clone(),
            status: query.code,
            rows_max: u32::try_from(query.rows_max).unwrap_or(u32::MAX),
        };
        loop {
            let page = self.store.ledger.open_deliveries(open.clone()).await?;
            let asked = page.open.into_iter().map(|one| {
                let destination = destination.clone();
                Asked { destination, seq: one.seq, event: None }
            });
            let mut asked: Vec<_> = asked.collect();
            self.read_events(&mut asked).await?;
            let found = self.deliveries(asked).await?;
            part.deliveries.extend(found.into_iter().filter(|one| in_time(query, one)));
            let is_full = part.deliveries.len() >= query.rows_max || Instant::now() >= deadline;
            if page.before.is_none() || is_full {
                part.looked_to = page.before;
                return Ok(part);
            }
            open.before = page.before;
        }
    }

    /// What a dispatcher has read, and nobody has written down; true where there is more than fits.
    async fn held(
        &mut self,
        destination: &DestinationId,
        query: &DeliveryQuery,
        (part, deadline): (&mut Part, Instant),
    ) -> Result<bool, StorageError> {
        let read_from = self.gauges.find(&destination.into()).and_then(|one| one.read_from());
        let known = self.store.ledger.known(destination, Vec::new()).await?;
        let begun = known.cursor.or_else(|| self.duty(destination)?.since());
        let (Some(read_from), Some(cursor)) = (read_from, begun) else { return Ok(false) };
        let end = query.older_than.map_or(read_from, |seq| read_from.min(Seq(seq)));
        if cursor >= end {
            return Ok(false);
        }
        let own = DeliveryQuery { destination: Some(destination.clone()), ..query.clone() };
        let page = self.by_events(&own, cursor..end, deadline).await?;
        part.deliveries = page.deliveries;
        part.looked_to = page.older_than.map(Seq);
        Ok(part.looked_to.is_some())
    }
}

/// Whether an open delivery is asked for.
fn in_time(query: &DeliveryQuery, one: &Delivery) -> bool {
    let received_at = one.event.as_ref().map(|event| event.received_at);
    query.matches(one) && received_at.is_none_or(|at| query.when.includes(at))
}
