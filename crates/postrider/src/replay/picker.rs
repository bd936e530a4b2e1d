//! The picker: reads on in the journal for a replay, and says of each event that is meant whether it
//! is to be sent.
//!
//! What failed is few, and the ledger knows where: nothing in between is read. For all else the
//! journal is read first, and the ledger is asked about what was read.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use domain::filter::Verdict;
use domain::id::Seq;
use domain::limits;
use domain::reason::Reason;
use domain::replay::{Chooser, Intent, ReplayPlan};
use storage::{
    Chunk, FailedQuery, Gap, Known, SeqRange, Snapshot, StorageError, Store, StoredEvent,
};
use tokio::sync::Mutex;

use super::rules::Rules;

/// Reads on for one replay, by the connections of one moment.
pub struct Picker {
    store: Store,
    plan: Arc<ReplayPlan>,
    chooser: Chooser,
    rules: Rules,
    /// What the ledger named last, until all of it is read: to ask costs as much for a few as for many.
    named: Mutex<Arc<Named>>,
}

/// What was read.
#[derive(Debug)]
pub struct Portion {
    /// The events that are meant, in order, each judged.
    pub picked: Vec<(StoredEvent, Verdict)>,
    /// Places that are meant and cannot be read any more.
    pub gaps: Vec<Gap>,
    /// Where to go on; never beyond the end of the range.
    pub next: Seq,
}

/// The places that alone are looked at, where the picker knows them; at first it knows none.
struct Named {
    /// In order; all where there are none.
    places: Option<Vec<Seq>>,
    /// From where on, and up to where, they are known.
    known: Range<Seq>,
    /// When that was; none where it does not change.
    asked: Option<Instant>,
}

impl Picker {
    /// A picker by what the catalog says now.
    pub fn new(store: &Store, snapshot: &Snapshot, plan: &Arc<ReplayPlan>) -> Self {
        Self {
            store: store.clone(),
            plan: plan.clone(),
            chooser: Chooser::new(plan.scope.clone()),
            rules: Rules::of(snapshot, &plan.destination),
            named: Mutex::new(Arc::new(Named::NONE)),
        }
    }

    /// Reads from a place of the range on, about so many bytes.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn read(&self, from: Seq, bytes_max: usize) -> Result<Portion, StorageError> {
        let (named, start) = self.named(from).await?;
        let Some(start) = start else {
            let next = named.known.end;
            return Ok(Portion { picked: Vec::new(), gaps: Vec::new(), next });
        };
        let wanted = self.rules.wanted(self.plan.scope.source.as_ref());
        let chunk = self.store.journal.read(start, wanted, bytes_max).await?;
        let next = chunk.next.min(named.known.end);
        let mut picked = self.meant(&chunk, start..next, &named);
        self.judge(&mut picked).await?;
        Ok(Portion { picked, gaps: gaps(&chunk, start..next, &named), next })
    }

    /// The places to look at, and the first from here on; none where there is none.
    async fn named(&self, from: Seq) -> Result<(Arc<Named>, Option<Seq>), StorageError> {
        let mut named = self.named.lock().await;
        if !named.is_known(from, Instant::now()) {
            *named = Arc::new(self.ask(from).await?);
        }
        Ok((named.clone(), named.first(from)))
    }

    async fn ask(&self, from: Seq) -> Result<Named, StorageError> {
        let scope = &self.plan.scope;
        if self.plan.intent == Intent::RecoverFailed {
            let rows_max = limits::REPLAY_FAILED_MAX;
            let mut failed = self.failed(from, rows_max).await?;
            let asked = Some(Instant::now());
            let is_all = failed.len() < usize::try_from(rows_max).unwrap_or(usize::MAX);
            let end = failed.last().filter(|_| !is_all).map_or(scope.end, |last| last.next());
            failed.retain(|seq| scope.places.is_empty() || scope.places.contains(seq));
            return Ok(Named { places: Some(failed), known: from..end, asked });
        }
        let places = match scope.places.is_empty() {
            true => None,
            false => Some(scope.places.range(from..scope.end.max(from)).copied().collect()),
        };
        Ok(Named { places, known: from..scope.end, asked: None })
    }

    async fn failed(&self, from: Seq, rows_max: u32) -> Result<Vec<Seq>, StorageError> {
        let query = FailedQuery {
            destination: self.plan.destination.clone(),
            first: from,
            end: self.plan.scope.end,
            since: self.plan.scope.failed_since,
            issue: self.plan.scope.issue,
            rows_max,
        };
        self.store.ledger.failed(query).await
    }

    /// The events of a chunk that are meant, as the connections judge them.
    fn meant(
        &self,
        chunk: &Chunk,
        range: Range<Seq>,
        named: &Named,
    ) -> Vec<(StoredEvent, Verdict)> {
        let events = chunk.frames.iter().flat_map(|frame| frame.events());
        let meant = events.filter(|event| {
            range.contains(&event.seq)
                && named.has(event.seq)
                && self.chooser.wants(
                    (event.seq, event.received_at),
                    &event.source,
                    &event.subject(),
                )
        });
        let judged = meant.filter_map(|event| Some((self.rules.judge(&event)?, event)));
        let own = judged.map(|(verdict, mut event)| {
            // A few events must not keep whole frames in memory for as long as they wait.
            event.own_bytes();
            (event, verdict)
        });
        own.collect()
    }

    /// Leaves out what needs no delivery, by what the ledger knows.
    async fn judge(&self, picked: &mut [(StoredEvent, Verdict)]) -> Result<(), StorageError> {
        if self.plan.intent == Intent::RecoverFailed || picked.is_empty() {
            return Ok(());
        }
        let places = picked.iter().map(|(event, _)| event.seq).collect();
        let known = self.store.ledger.known(&self.plan.destination, places).await?;
        for (event, verdict) in picked.iter_mut().filter(|(_, own)| *own == Verdict::Passes) {
            if let Some(reason) = self.objection(event, &known) {
                *verdict = Verdict::Filtered(reason);
            }
        }
        Ok(())
    }

    fn objection(&self, event: &StoredEvent, known: &Known) -> Option<Reason> {
        let is_among = |places: &[Seq]| places.binary_search(&event.seq).is_ok();
        let is_ahead = known.cursor.is_none_or(|cursor| event.seq >= cursor);
        if is_among(&known.open) || is_ahead && self.rules.cover(event) {
            return Some(Reason::StillOpen);
        }
        let skips_delivered = self.plan.intent == Intent::ReplayMissing;
        (skips_delivered && is_among(&known.delivered)).then_some(Reason::AlreadyDelivered)
    }
}

impl Named {
    const NONE: Self = Self { places: None, known: Seq(0)..Seq(0), asked: None };

    /// Whether what comes from here on is known, and was not asked for long ago: somebody may have sent
    /// it again meanwhile.
    fn is_known(&self, from: Seq, now: Instant) -> bool {
        let is_old = |asked| now.saturating_duration_since(asked) >= limits::REPLAY_FAILED_AGE_MAX;
        self.known.contains(&from) && !self.asked.is_some_and(is_old)
    }

    /// The first place from here on that is to be looked at; none where there is none any more.
    fn first(&self, from: Seq) -> Option<Seq> {
        let Some(places) = &self.places else { return Some(from) };
        places.get(places.partition_point(|place| *place < from)).copied()
    }

    fn has(&self, seq: Seq) -> bool {
        self.places.as_ref().is_none_or(|places| places.binary_search(&seq).is_ok())
    }
}

/// The parts of a chunk's gaps that are meant.
fn gaps(chunk: &Chunk, range: Range<Seq>, named: &Named) -> Vec<Gap> {
    let clipped = chunk.gaps.iter().filter_map(|gap| {
        let first = gap.range.first.max(range.start);
        let last = gap.range.last.min(Seq(range.end.0.saturating_sub(1)));
        (first <= last).then_some(Gap { range: SeqRange { first, last }, ..*gap })
    });
    let Some(places) = &named.places else { return clipped.collect() };
    let single = |gap: Gap| {
        let inside = move |seq: &&Seq| (gap.range.first..=gap.range.last).contains(*seq);
        let one = move |seq: &Seq| Gap { range: SeqRange { first: *seq, last: *seq }, ..gap };
        places.iter().filter(inside).map(one)
    };
    clipped.flat_map(single).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_ledger_named_is_looked_through_until_it_is_used_up() {
        let places = Some(vec![Seq(3), Seq(9)]);
        let now = Instant::now();
        let named = Named { places, known: Seq(2)..Seq(20), asked: Some(now) };
        let first = |from: u64| {
            let is_known = named.is_known(Seq(from), now);
            is_known.then(|| named.first(Seq(from)).map(|place| place.0))
        };
        let all = [1, 2, 3, 4, 9, 10, 19, 20].map(first);
        let third = Some(Some(3));
        let ninth = Some(Some(9));
        assert_eq!(all, [None, third, third, ninth, ninth, Some(None), Some(None), None]);
        let late = now + limits::REPLAY_FAILED_AGE_MAX;
        assert!(!named.is_known(Seq(3), late), "somebody may have sent them again");
        let all_of_them = Named { places: None, asked: None, ..named };
        assert!(all_of_them.is_known(Seq(3), late));
        assert_eq!(all_of_them.first(Seq(7)), Some(Seq(7)));
    }
}
