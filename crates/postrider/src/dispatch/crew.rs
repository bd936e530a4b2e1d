//! The crew: keeps a dispatcher at work for every destination of its share, or a bystander for one
//! that is not at work.
//!
//! Each dispatch thread runs one crew. A destination that is removed or disabled finishes what is
//! under way before anybody else takes over, so no two ever work for one at a time.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::id::DestinationId;
use domain::limits;
use storage::{Snapshot, StorageError, Store};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::bystander::{Aside, Bystander};
use super::commons::Commons;
use super::dispatcher::{Dispatcher, Parts, Policy, StartError};
use crate::live::Gauges;
use crate::send::Outlet;
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
    /// How long a removed destination may be put back.
    pub keep_removed: Duration,
    /// What people see of each destination.
    pub gauges: Arc<Gauges>,
    /// Asks the server to end.
    pub end: Box<dyn Fn()>,
}

/// The dispatchers of one thread.
pub struct Crew {
    needs: Needs,
    /// What its dispatchers share.
    commons: Rc<Commons>,
    /// Which share of the destinations: `index` of `count`.
    share: (usize, usize),
    working: HashSet<DestinationId>,
    tasks: JoinSet<(DestinationId, Result<(), StorageError>)>,
}

impl Crew {
    /// A crew for share `share.0` of `share.1`.
    pub fn new(needs: Needs, share: (usize, usize)) -> Self {
        let commons = Commons::of(limits::THREAD_ATTEMPTS_MAX, limits::THREAD_WINDOW_BYTES);
        Self { needs, commons, share, working: HashSet::new(), tasks: JoinSet::new() }
    }

    /// Runs until the server ends; returns when every dispatcher has settled.
    ///
    /// # Errors
    /// Where storage failed; the server must end then.
    pub async fn run(mut self, mut shutdown: Shutdown) -> Result<(), StorageError> {
        let mut catalog = self.needs.store.catalog.watch();
        let mut failed = Ok(());
        // After a failure the others settle what they can: the failure is that of one file.
        while failed.is_ok() {
            let snapshot = catalog.borrow_and_update().clone();
            self.assign(&snapshot, &shutdown);
            tokio::select! {
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    failed = self.ended(ended);
                }
                _ = catalog.changed() => {}
                () = shutdown.draining() => break,
            }
        }
        if failed.is_err() {
            (self.needs.end)();
        }
        while let Some(ended) = self.tasks.join_next().await {
            failed = failed.and(self.ended(ended));
        }
        failed
    }

    /// Starts what is missing; what is there follows the catalog by itself.
    fn assign(&mut self, snapshot: &Snapshot, shutdown: &Shutdown) {
        let removed = snapshot.workspace.removed.iter().map(|removed| &removed.destination);
        for id in snapshot.workspace.destinations.iter().chain(removed).map(|one| &one.id) {
            if self.is_ours(id) && self.working.insert(id.clone()) {
                self.start(id.clone(), shutdown.clone());
            }
        }
    }

    fn is_ours(&self, id: &DestinationId) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish() % self.share.1 as u64 == self.share.0 as u64
    }

    fn start(&mut self, id: DestinationId, shutdown: Shutdown) {
        let parts = Parts {
            id: id.clone(),
            store: self.needs.store.clone(),
            outlet: self.needs.outlet.clone(),
            policy: self.needs.settings.clone(),
            gauge: self.needs.gauges.of(&id),
            commons: self.commons.clone(),
        };
        let aside = Aside {
            id: id.clone(),
            store: self.needs.store.clone(),
            gauge: self.needs.gauges.of(&id),
            keep_removed: self.needs.keep_removed,
        };
        let mut catalog = self.needs.store.catalog.watch();
        catalog.mark_unchanged();
        self.tasks.spawn_local(async move {
            let result = match Dispatcher::start(parts).await {
                Ok(dispatcher) => dispatcher.run(shutdown.clone()).await,
                Err(StartError::NotAtWork) => Bystander::run(aside, shutdown).await,
                Err(StartError::Storage(error)) => Err(error),
                Err(StartError::Settings(reason)) => {
                    tracing::error!(destination = %id, reason, "destination cannot be used");
                    change(&mut catalog, shutdown).await;
                    Ok(())
                }
            };
            (id, result)
        });
    }

    fn ended(
        &mut self,
        ended: Result<(DestinationId, Result<(), StorageError>), JoinError>,
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

/// Waits until the catalog changes or the server ends.
async fn change(catalog: &mut watch::Receiver<Arc<Snapshot>>, mut shutdown: Shutdown) {
    tokio::select! {
        _ = catalog.changed() => {}
        () = shutdown.draining() => {}
    }
}
