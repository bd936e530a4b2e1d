//! The crew: keeps a dispatcher at work for every destination of its share and for each replay to
//! it, or a bystander for a destination that is not at work.
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
use storage::{OpenReplay, Reader, Snapshot, StorageError, Store};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::bystander::{Aside, Bystander};
use super::commons::Commons;
use super::dispatcher::Dispatcher;
use super::parts::{Parts, Policy, StartError};
use super::world::Outside;
use crate::live::Gauges;
use crate::replay;
use crate::send::Outlet;
use crate::shutdown::Shutdown;
use crate::spans::Tracer;

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
    /// What telemetry is told of attempts.
    pub tracer: Tracer,
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
    working: HashSet<Reader>,
    tasks: JoinSet<(Reader, Result<(), StorageError>)>,
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
        let mut replays = self.needs.store.replays.open();
        let mut failed = self.forget_strangers().await;
        // After a failure the others settle what they can: the failure is that of one file.
        while failed.is_ok() {
            let snapshot = catalog.borrow_and_update().clone();
            let open = replays.borrow_and_update().clone();
            self.assign(&snapshot, &open, &shutdown);
            tokio::select! {
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    failed = self.ended(ended);
                }
                _ = catalog.changed() => {}
                Ok(()) = replays.changed() => {}
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

    /// Lets go of destinations that the catalog has forgotten and the schedule has not.
    async fn forget_strangers(&self) -> Result<(), StorageError> {
        let schedule = &self.needs.store.schedule;
        let known = match schedule.destinations().await {
            Ok(known) => known,
            Err(error) => return left_for_later(error),
        };
        let snapshot = self.needs.store.catalog.watch().borrow().clone();
        let workspace = &snapshot.workspace;
        let is_stranger = |id: &DestinationId| {
            let mut removed = workspace.removed.iter().map(|one| &one.destination);
            !removed.any(|one| one.id == *id)
                && !workspace.destinations.iter().any(|one| one.id == *id)
        };
        for id in known.iter().filter(|id| self.is_ours(id) && is_stranger(id)) {
            schedule.forget(id).await.or_else(left_for_later)?;
        }
        Ok(())
    }

    /// Starts what is missing; what is there follows the catalog by itself.
    fn assign(&mut self, snapshot: &Snapshot, open: &[OpenReplay], shutdown: &Shutdown) {
        let workspace = &snapshot.workspace;
        let removed = workspace.removed.iter().map(|removed| &removed.destination);
        for destination in workspace.destinations.iter().chain(removed) {
            let id = &destination.id;
            if self.is_ours(id) {
                self.start(id, None, shutdown);
            }
        }
        for destination in workspace.destinations.iter().filter(|one| one.is_at_work()) {
            let id = &destination.id;
            let ours = if self.is_ours(id) { open } else { &[] };
            for replay in replay::at_work(ours, id) {
                self.start(id, Some(replay), shutdown);
            }
        }
    }

    fn is_ours(&self, id: &DestinationId) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish() % self.share.1 as u64 == self.share.0 as u64
    }

    /// Starts a destination's dispatcher or that of a replay to it, unless it is at work.
    fn start(&mut self, id: &DestinationId, replay: Option<&OpenReplay>, shutdown: &Shutdown) {
        let reader = replay.map_or_else(|| id.into(), |replay| Reader::Replay(replay.id));
        if !self.working.insert(reader.clone()) {
            return;
        }
        let gauges = &self.needs.gauges;
        let parts = Parts {
            id: id.clone(),
            replay: replay.cloned(),
            store: self.needs.store.clone(),
            world: Outside::new(self.needs.outlet.clone()),
            policy: self.needs.settings.clone(),
            gauge: gauges.of_reader(&reader),
            lead: gauges.of(id),
            notices: gauges.notices.clone(),
            commons: self.commons.clone(),
            tracer: self.needs.tracer.clone(),
            first_left: gauges.first_left.watch(),
        };
        let aside = replay.is_none().then(|| Aside {
            id: id.clone(),
            store: self.needs.store.clone(),
            gauge: gauges.of(id),
            keep_removed: self.needs.keep_removed,
            first_left: gauges.first_left.watch(),
        });
        let (id, shutdown) = (id.clone(), shutdown.clone());
        let mut catalog = self.needs.store.catalog.watch();
        catalog.mark_unchanged();
        self.tasks.spawn_local(async move {
            let result = match Dispatcher::start(parts).await {
                Ok(dispatcher) => dispatcher.run(shutdown.clone()).await,
                Err(StartError::NotAtWork) => match aside {
                    Some(aside) => Bystander::run(aside, shutdown).await,
                    None => Ok(()),
                },
                Err(StartError::Storage(error)) => Err(error),
                Err(StartError::Settings(reason)) => {
                    tracing::error!(destination = %id, reason, "destination cannot be used");
                    change(&mut catalog, shutdown).await;
                    Ok(())
                }
            };
            (reader, result)
        });
    }

    fn ended(
        &mut self,
        ended: Result<(Reader, Result<(), StorageError>), JoinError>,
    ) -> Result<(), StorageError> {
        match ended {
            Ok((reader, result)) => {
                self.working.remove(&reader);
                if matches!(reader, Reader::Replay(_)) {
                    self.needs.gauges.forget(&reader);
                }
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

/// Leaves it to the next start where it could not be done for now.
fn left_for_later(error: StorageError) -> Result<(), StorageError> {
    if !error.passes() {
        return Err(error);
    }
    let error = crate::terminal::chain(&error);
    tracing::warn!(
        error,
        "cannot forget what is left of removed destinations; the next start does"
    );
    Ok(())
}

/// Waits until the catalog changes or the server ends.
async fn change(catalog: &mut watch::Receiver<Arc<Snapshot>>, mut shutdown: Shutdown) {
    tokio::select! {
        _ = catalog.changed() => {}
        () = shutdown.draining() => {}
    }
}
