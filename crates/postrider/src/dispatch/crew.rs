//! The crew: starts a dispatcher for every destination, and renews it when its settings change.
//!
//! Each dispatch thread runs one crew for its share of the destinations. A changed destination's
//! dispatcher finishes what is under way before the new one starts, so two never work at a time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use domain::connection::Connection;
use domain::destination::Destination;
use domain::id::DestinationId;
use storage::{Snapshot, StorageError, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::dispatcher::{Dispatcher, Parts, Policy};
use crate::live::Gauges;
use crate::send::{Outlet, Sender};
use crate::shutdown::Shutdown;

/// How all dispatchers work.
pub type CrewSettings = Policy;

/// What a crew works with.
pub struct Needs {
    /// Where events are read and settlements go.
    pub store: Store,
    /// What all senders share.
    pub outlet: Rc<Outlet>,
    /// How deliveries are made.
    pub settings: CrewSettings,
    /// What people see of each destination.
    pub gauges: Arc<Gauges>,
}

/// The dispatchers of one thread.
pub struct Crew {
    needs: Needs,
    /// Which share of the destinations: `index` of `count`.
    share: (usize, usize),
    working: HashMap<DestinationId, Working>,
    tasks: JoinSet<(DestinationId, Result<(), StorageError>)>,
}

/// A destination whose dispatcher is at work.
struct Working {
    /// What it was started with.
    duty: Duty,
    stop: watch::Sender<bool>,
}

/// A destination and what is connected to it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Duty {
    destination: Destination,
    connections: Vec<Connection>,
}

impl Crew {
    /// A crew for share `share.0` of `share.1`.
    pub fn new(needs: Needs, share: (usize, usize)) -> Self {
        Self { needs, share, working: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Runs until the server ends; returns when every dispatcher has settled.
    ///
    /// # Errors
    /// Where storage failed; the server must end then.
    pub async fn run(mut self, mut shutdown: Shutdown) -> Result<(), StorageError> {
        let mut catalog = self.needs.store.catalog.watch();
        loop {
            let snapshot = catalog.borrow_and_update().clone();
            self.assign(&snapshot, &shutdown);
            tokio::select! {
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    self.ended(ended)?;
                }
                _ = catalog.changed() => {}
                () = shutdown.draining() => break,
            }
        }
        while let Some(ended) = self.tasks.join_next().await {
            self.ended(ended)?;
        }
        Ok(())
    }

    /// Starts what is missing, and stops what has changed; that starts again when it has ended.
    fn assign(&mut self, snapshot: &Snapshot, shutdown: &Shutdown) {
        let duties = duties(snapshot, |id| self.is_ours(id));
        for (id, working) in &self.working {
            if duties.get(id) != Some(&working.duty) {
                let _ = working.stop.send(true);
            }
        }
        for (id, duty) in duties {
            if !self.working.contains_key(&id) {
                self.start(id, duty, shutdown.clone());
            }
        }
    }

    fn is_ours(&self, id: &DestinationId) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish() % self.share.1 as u64 == self.share.0 as u64
    }

    fn start(&mut self, id: DestinationId, duty: Duty, shutdown: Shutdown) {
        let sender = match Sender::new(&duty.destination, self.needs.outlet.clone()) {
            Ok(sender) => Rc::new(sender),
            Err(reason) => {
                tracing::error!(destination = %id, reason, "destination cannot be used");
                return;
            }
        };
        let (stop, stopped) = watch::channel(false);
        let parts = Parts {
            destination: duty.destination.clone(),
            connections: duty.connections.clone(),
            sender,
            store: self.needs.store.clone(),
            policy: self.needs.settings,
            gauge: self.needs.gauges.of(&id),
        };
        self.tasks.spawn_local(async move {
            let id = parts.destination.id.clone();
            let result = match Dispatcher::start(parts).await {
                Ok(dispatcher) => dispatcher.run(stopped, shutdown).await,
                Err(error) => Err(error),
            };
            (id, result)
        });
        self.working.insert(id, Working { duty, stop });
    }

    fn ended(
        &mut self,
        ended: Result<(DestinationId, Result<(), StorageError>), tokio::task::JoinError>,
    ) -> Result<(), StorageError> {
        match ended {
            Ok((id, result)) => {
                self.working.remove(&id);
                result
            }
            Err(error) => {
                // A panic is a fault of ours: its destination stands still until the next start,
                // and everybody else goes on.
                tracing::error!(%error, "a dispatcher ended unexpectedly");
                Ok(())
            }
        }
    }
}

/// The enabled destinations that are ours, each with its enabled connections of enabled kinds.
fn duties(
    snapshot: &Snapshot,
    is_ours: impl Fn(&DestinationId) -> bool,
) -> HashMap<DestinationId, Duty> {
    let workspace = &snapshot.workspace;
    let enabled = workspace.destinations.iter().filter(|one| one.enabled && is_ours(&one.id));
    let duty = |destination: &Destination| {
        let own = |connection: &&Connection| connection.destination == destination.id;
        let connections = workspace.connections.iter().filter(own).cloned().collect();
        (destination.id.clone(), Duty { destination: destination.clone(), connections })
    };
    enabled.map(duty).collect()
}
