//! Deliveries put together: what is written down of each, what its dispatcher says, and what that comes
//! to.

use std::collections::BTreeMap;

use domain::delivery::flow::Mode;
use domain::event::{EventKind, Identities};
use domain::id::{DestinationId, Seq};
use domain::limits;
use storage::{DeliveryRecord, Reader, StorageError, StoredEvent};
use tokio::time::{Instant, timeout_at};

use super::status::{Facts, State};
use super::{Found, Lookup, Status};
use crate::live::Standing;

/// A delivery that somebody asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// To where.
    pub destination: DestinationId,
    /// Its event.
    pub seq: Seq,
    /// The same, where it can be read.
    pub event: Option<StoredEvent>,
}

/// A delivery as it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    /// To where.
    pub destination: DestinationId,
    /// Its event.
    pub seq: Seq,
    /// The same, where it can be read.
    pub event: Option<StoredEvent>,
    /// What it has come to.
    pub state: State,
    /// What is written down of it.
    pub known: DeliveryRecord,
    /// How it stands at whoever is at work for it, where that was said.
    pub standing: Option<Standing>,
    /// What keeps it, where something does.
    pub blocked_by: Option<Blocker>,
}

/// What keeps a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocker {
    /// An earlier event of the same user.
    Event(Seq),
    /// The destination is paused.
    Paused,
    /// The destination is disabled.
    Disabled,
    /// The destination is removed.
    Removed,
    /// The endpoint takes nothing, and is probed.
    Holding,
    /// The endpoint is not tried any more.
    Stopped,
}

impl Delivery {
    /// What kind of event, where that is known.
    pub fn kind(&self) -> Option<EventKind> {
        let of_last = self.known.last.as_ref().map(|last| last.kind);
        let of_event = self.event.as_ref().map(|event| event.kind);
        of_event.or(self.known.open.as_ref().map(|open| open.kind)).or(of_last)
    }

    /// Who is at work for it, as far as it is not finished.
    pub fn reader(&self) -> Reader {
        match (&self.known.open, &self.known.replaying) {
            (None, Some((id, _))) => Reader::Replay(*id),
            _ => Reader::from(&self.destination),
        }
    }

    /// Code of the reason why it is not delivered; none where there is none.
    pub fn reason(&self) -> Option<&str> {
        let of_last = self.known.last.as_ref().map(|last| last.reason.as_str());
        let of_filter = self.state.filtered.map(domain::reason::Reason::code);
        of_filter.or(of_last.filter(|reason| !reason.is_empty()))
    }
}

impl Lookup<'_> {
    /// Finds out about deliveries; those that there are not are left out.
    ///
    /// # Errors
    /// Where storage cannot be read.
    ///
    /// # Cancellation
    /// Nothing has been changed.
    pub async fn deliveries(&mut self, asked: Vec<Asked>) -> Result<Vec<Delivery>, StorageError> {
        let known = self.known(&asked).await?;
        self.put_together(asked.into_iter().zip(known).collect()).await
    }

    /// What is written down of deliveries.
    pub(super) async fn known(&self, of: &[Asked]) -> Result<Vec<DeliveryRecord>, StorageError> {
        let wanted = of.iter().map(|one| (one.destination.clone(), one.seq)).collect();
        self.store.ledger.deliveries(wanted).await
    }

    /// Works out what deliveries have come to, of which is known what is written down.
    pub(super) async fn put_together(
        &mut self,
        rows: Vec<(Asked, DeliveryRecord)>,
    ) -> Result<Vec<Delivery>, StorageError> {
        let standings = self.standings(&rows).await;
        let mut found = Vec::with_capacity(rows.len());
        for ((asked, known), standing) in rows.into_iter().zip(standings) {
            let Asked { destination, seq, event } = asked;
            let duty = self.duty(&destination);
            let verdict = event.as_ref().and_then(|event| duty?.judge(event));
            let facts = Facts { seq, known: &known, standing, verdict };
            if let Some(state) = facts.state() {
                let blocked_by = self.blocker(&destination, state);
                found.push(Delivery {
                    destination,
                    seq,
                    event,
                    state,
                    known,
                    standing,
                    blocked_by,
                });
            }
        }
        Ok(found)
    }

    /// Reads the events of deliveries, where they can be read.
    pub(super) async fn read_events(&mut self, of: &mut [Asked]) -> Result<(), StorageError> {
        for asked in of.iter_mut().filter(|one| one.event.is_none()) {
            if let Found::Event(event) = self.event(asked.seq).await? {
                asked.event = Some(event);
            }
        }
        Ok(())
    }

    /// What dispatchers say of deliveries that may not be finished.
    async fn standings(&self, rows: &[(Asked, DeliveryRecord)]) -> Vec<Option<Standing>> {
        let mut by_reader = BTreeMap::<Reader, Vec<(usize, Seq, Identities)>>::new();
        for (index, (asked, known)) in rows.iter().enumerate() {
            if !self.is_at_work(&asked.destination) {
                continue;
            }
            if let Some((reader, identities)) = unfinished(asked, known) {
                by_reader.entry(reader).or_default().push((index, asked.seq, identities));
            }
        }
        let mut answers = Vec::new();
        for (reader, of) in by_reader {
            let Some(gauge) = self.gauges.find(&reader) else { continue };
            let question = of.iter().map(|(_, seq, identities)| (*seq, *identities)).collect();
            answers.push((of, gauge.wishes.ask(question)));
        }
        let mut standings = vec![None; rows.len()];
        let deadline = Instant::now() + limits::STANDING_WAIT;
        for (of, answer) in answers {
            // One that says nothing in time is busy, or not at work any more.
            let Ok(Ok(said)) = timeout_at(deadline, answer).await else { continue };
            for ((index, ..), standing) in of.into_iter().zip(said) {
                standings[index] = Some(standing);
            }
        }
        standings
    }

    fn blocker(&self, id: &DestinationId, state: State) -> Option<Blocker> {
        if !state.status.is_unfinished() || state.status == Status::Sending {
            return None;
        }
        if let Some(first) = state.behind {
            return Some(Blocker::Event(first));
        }
        let workspace = self.workspace();
        let Some(destination) = workspace.destinations.iter().find(|one| one.id == *id) else {
            return Some(Blocker::Removed);
        };
        if !destination.enabled {
            return Some(Blocker::Disabled);
        }
        if destination.delivery.paused {
            return Some(Blocker::Paused);
        }
        match self.gauges.find(&id.into())?.flow.glance()?.mode {
            Mode::Active => None,
            Mode::Holding { .. } => Some(Blocker::Holding),
            Mode::Stopped { .. } => Some(Blocker::Stopped),
        }
    }
}

/// Who is at work for a delivery that may not be finished, and whose event it is.
fn unfinished(asked: &Asked, known: &DeliveryRecord) -> Option<(Reader, Identities)> {
    let own = || Reader::from(&asked.destination);
    if let Some(open) = &known.open {
        return Some((own(), open.identities));
    }
    if let Some((id, open)) = &known.replaying {
        return Some((Reader::Replay(*id), open.identities));
    }
    let is_ahead = known.cursor.is_none_or(|cursor| asked.seq >= cursor);
    asked.event.as_ref().filter(|_| is_ahead).map(|event| (own(), event.identities))
}
