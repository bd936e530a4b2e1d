//! What a replay's dispatcher follows besides the catalog: whether the replay is still to be at work, and
//! how the destination's own flow fares, which goes first.

use std::sync::Arc;

use domain::delivery::flow::{Flow, Lead};
use domain::id::Seq;
use domain::limits;
use domain::replay::ReplayState;
use storage::{OpenReplay, OpenReplays, Replays, StorageError, Store};
use tokio::sync::watch;

use crate::clock;
use crate::live::DestinationGauge;
use crate::replay;

/// What a replay's dispatcher follows.
pub struct Follower {
    replay: OpenReplay,
    open: watch::Receiver<OpenReplays>,
    /// The destination's own.
    gauge: Arc<DestinationGauge>,
    lead: watch::Receiver<Option<Lead>>,
}

impl Follower {
    /// A follower for a replay to the destination that has this gauge.
    pub fn new(store: &Store, replay: OpenReplay, gauge: Arc<DestinationGauge>) -> Self {
        let lead = gauge.flow.watch();
        Self { replay, open: store.replays.open(), gauge, lead }
    }

    /// Whether the replay is still to be at work.
    pub fn is_at_work(&mut self) -> bool {
        replay::is_at_work(&self.open.borrow_and_update(), &self.replay)
    }

    /// Keeps a flow behind the destination's own.
    pub fn hold_back(&mut self, flow: &mut Flow) {
        if let Some(lead) = *self.lead.borrow_and_update() {
            flow.follow(lead);
        }
    }

    /// An attempt starts, which the destination's own flow counts.
    pub fn started(&self) {
        self.gauge.flow.start_beside();
    }

    /// The end of the replay's range.
    pub fn end(&self) -> Seq {
        self.replay.plan.scope.end
    }

    /// Says that the replay is done.
    ///
    /// # Errors
    /// Where storage has failed.
    pub async fn complete(&self, replays: &dyn Replays) -> Result<(), StorageError> {
        let id = self.replay.id;
        loop {
            match replays.turn(id, ReplayState::Done, clock::now()).await {
                Ok(_) => break,
                Err(error) if error.passes() => tokio::time::sleep(limits::STORAGE_REST).await,
                Err(failed) => return Err(failed),
            }
        }
        let destination = &self.replay.plan.destination;
        tracing::info!(%destination, replay = id.0, "a replay is done");
        Ok(())
    }

    /// Waits until something of it has changed; forever where nobody follows anything.
    ///
    /// # Cancellation
    /// No change is missed.
    pub async fn changed(own: &mut Option<Self>) {
        let Some(own) = own else { return std::future::pending().await };
        tokio::select! {
            Ok(()) = own.open.changed() => {}
            Ok(()) = own.lead.changed() => {}
            else => std::future::pending().await,
        }
    }
}
