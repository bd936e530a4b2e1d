//! Look-ups: what became of events, as people ask for it.
//!
//! In come questions: one event, one delivery, lists of deliveries by what they are about. Out go
//! answers put together of what the journal, the ledger and the schedules have and of what dispatchers
//! say of themselves. A delivery that nobody has come to is written down nowhere: there the catalog of
//! this moment decides what it will be. Each list takes a bounded time, and says where to go on.
//! Deliberately unknown here: HTTP, and who may see what.

mod status;
mod delivery;
mod events;
mod filter;
mod search;
mod walk;
mod open;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use domain::destination::Destination;
use domain::id::{DestinationId, SourceId};
use domain::workspace::Workspace;
use storage::{Frame, Snapshot, Store};

use crate::dispatch::Duty;
use crate::live::Gauges;

pub use delivery::{Asked, Blocker, Delivery};
pub use events::{EventListQuery, Found};
pub use filter::{CodeClass, DeliveryQuery, EventFilter, When};
pub use status::Status;
pub use walk::before_skip;

/// Answers the questions of one moment.
pub struct Lookup<'a> {
    store: &'a Store,
    gauges: &'a Gauges,
    /// The catalog of the moment.
    snapshot: Arc<Snapshot>,
    /// What destinations have to do, as far as it was asked for.
    duties: HashMap<DestinationId, Option<Arc<Duty>>>,
    /// The frames that were read last: what is looked up together often lies together.
    frames: VecDeque<Arc<Frame>>,
}

impl<'a> Lookup<'a> {
    /// Answers by what the catalog says now.
    pub fn new(store: &'a Store, gauges: &'a Gauges) -> Self {
        let snapshot = store.catalog.watch().borrow().clone();
        let (duties, frames) = (HashMap::new(), VecDeque::new());
        Self { store, gauges, snapshot, duties, frames }
    }

    fn workspace(&self) -> &Workspace {
        &self.snapshot.workspace
    }

    /// What a destination has to do, whether it is at work, away, or removed and may be put back; none
    /// where it is gone.
    fn duty(&mut self, id: &DestinationId) -> Option<Arc<Duty>> {
        if !self.duties.contains_key(id) {
            let removed = self.workspace().removed.iter().find(|one| one.destination.id == *id);
            let duty = Duty::known(&self.snapshot, id).or_else(|| removed.map(Duty::of_removed));
            self.duties.insert(id.clone(), duty.map(Arc::new));
        }
        self.duties.get(id).cloned().flatten()
    }

    /// Whether deliveries to a destination are made.
    fn is_at_work(&self, id: &DestinationId) -> bool {
        let own = self.workspace().destinations.iter().find(|one| one.id == *id);
        own.is_some_and(Destination::is_at_work)
    }

    /// Whether there is such a destination, if only one that may be put back.
    pub fn knows(&mut self, id: &DestinationId) -> bool {
        self.duty(id).is_some()
    }

    /// The destinations that get events of a source, and those that got them until they were removed.
    pub fn destinations_of(&self, source: &SourceId) -> Vec<DestinationId> {
        let workspace = self.workspace();
        let removed = workspace.removed.iter().flat_map(|one| &one.connections);
        let connections = workspace.connections.iter().chain(removed);
        let ours = connections.filter(|one| one.source == *source && one.enabled);
        let mut found: Vec<_> = ours.map(|one| one.destination.clone()).collect();
        found.sort();
        found.dedup();
        found
    }

    /// All destinations, with those that may be put back.
    fn destinations(&self) -> Vec<DestinationId> {
        let workspace = self.workspace();
        let removed = workspace.removed.iter().map(|one| &one.destination);
        workspace.destinations.iter().chain(removed).map(|one| one.id.clone()).collect()
    }
}
