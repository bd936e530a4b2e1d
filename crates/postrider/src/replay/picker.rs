//! The picker: reads on in the journal for a replay, and says of each event that is meant whether it
//! is to be sent.
//!
//! What failed is few, and the ledger knows where: nothing in between is read. For all else the
//! journal is read first, and the ledger is asked about what was read.

use std::sync::Arc;

use domain::filter::Verdict;
use domain::id::Seq;
use domain::limits;
use domain::reason::Reason;
use domain::replay::{Chooser, Intent, ReplayPlan};
use storage::{
    Chunk, FailedQuery, Gap, Known, SeqRange, Snapshot, StorageError, Store, StoredEvent,
};

use super::rules::Rules;

/// Reads on for one replay, by the connections of one moment.
pub struct Picker {
    store: Store,
    plan: Arc<ReplayPlan>,
    chooser: Chooser,
    rules: Rules,
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

/// The places that alone are looked at next, where the picker knows them.
struct Named {
    /// In order; all where there are none.
    places: Option<Vec<Seq>>,
    /// Up to where they are known.
    end: Seq,
}

impl Picker {
    /// A picker by what the catalog says now.
    pub fn new(store: &Store, snapshot: &Snapshot, plan: &Arc<ReplayPlan>) -> Self {
        Self {
            store: store.clone(),
            plan: plan.clone(),
            chooser: Chooser::new(plan.scope.clone()),
            rules: Rules::of(snapshot, &plan.destination),
        }
    }

    /// Reads from a place of the range on, about so many bytes.
    ///
    /// # Errors
    /// Where storage cannot be read.
    pub async fn read(&self, from: Seq, bytes_max: usize) -> Result<Portion, StorageError> {
        let named = self.named(from).await?;
        let start = match &named.places {
            None => from,
            Some(places) => match places.first() {
                Some(first) => *first,
                None => {
                    return Ok(Portion { picked: Vec::new(), gaps: Vec::new(), next: named.end });
                }
            },
        };
        let wanted = self.rules.wanted(self.plan.scope.source.as_ref());
        let chunk = self.store.journal.read(start, wanted, bytes_max).await?;
        let next = chunk.next.min(named.end);
        let mut picked = self.meant(&chunk, start..next, &named);
        self.judge(&mut picked).await?;
        Ok(Portion { picked, gaps: gaps(&chunk, start..next, &named), next })
    }

    async fn named(&self, from: Seq) -> Result<Named, StorageError> {
        let scope = &self.plan.scope;
        let listed = |seq: &Seq| scope.places.is_empty() || scope.places.contains(seq);
        if self.plan.intent == Intent::RecoverFailed {
            let rows_max = limits::REPLAY_FAILED_MAX;
            let mut failed = self.failed(from, rows_max).await?;
            let is_all = failed.len() < usize::try_from(rows_max).unwrap_or(usize::MAX);
            let end = failed.last().map_or(scope.end, |last| last.next());
            failed.retain(listed);
            return Ok(Named { places: Some(failed), end: if is_all { scope.end } else { end } });
        }
        let places = match scope.places.is_empty() {
            true => None,
            false => Some(scope.places.range(from..scope.end.max(from)).copied().collect()),
        };
        Ok(Named { places, end: scope.end })
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
        range: std::ops::Range<Seq>,
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
    fn has(&self, seq: Seq) -> bool {
        self.places.as_ref().is_none_or(|places| places.binary_search(&seq).is_ok())
    }
}

/// The parts of a chunk's gaps that are meant.
fn gaps(chunk: &Chunk, range: std::ops::Range<Seq>, named: &Named) -> Vec<Gap> {
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
