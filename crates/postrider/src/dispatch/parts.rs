//! What a dispatcher works with, whether it is a destination's own or that of a replay to it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::Policy as RetryPolicy;
use domain::delivery::flow::{Bounds, OwnBounds};
use domain::delivery::lanes::Order;
use domain::destination::webhook::Occasion;
use domain::id::{DestinationId, Seq};
use storage::{OpenReplay, Reader, StorageError, Store};
use tokio::sync::watch;

use super::commons::Commons;
use super::duty::Duty;
use super::records::Records;
use crate::live::{DestinationGauge, Notices};
use crate::spans::Tracer;

/// How deliveries are made, as far as a destination does not say otherwise.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What is done about failures.
    pub retry: RetryPolicy,
    /// Which events keep their order.
    pub order: Order,
    /// How much may be under way to a destination.
    pub bounds: Bounds,
    /// How long attempts under way may take when the server ends.
    pub grace: Duration,
}

/// What a dispatcher works with.
pub struct Parts<W> {
    /// Whose.
    pub id: DestinationId,
    /// The replay to it that this is the dispatcher of; none where it is the destination's own.
    pub replay: Option<OpenReplay>,
    pub store: Store,
    pub world: W,
    pub policy: Policy,
    pub gauge: Arc<DestinationGauge>,
    pub commons: Rc<Commons>,
    /// The destination's own gauge.
    pub lead: Arc<DestinationGauge>,
    /// Tells those who watch.
    pub notices: Arc<Notices>,
    /// What telemetry is told of attempts.
    pub tracer: Tracer,
    /// The first event that retention has left.
    pub first_left: watch::Receiver<Seq>,
}

/// Why a dispatcher cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The destination is paused, disabled or removed, or the replay is not to be at work.
    #[error("it is not to be at work")]
    NotAtWork,
    /// Its settings cannot be used.
    #[error("the settings cannot be used: {0}")]
    Settings(String),
    /// Its state cannot be loaded.
    #[error("the schedule cannot be loaded")]
    Storage(#[from] StorageError),
}

impl<W> Parts<W> {
    /// Whose deliveries these are.
    pub fn reader(&self) -> Reader {
        self.replay.as_ref().map_or_else(|| (&self.id).into(), |one| Reader::Replay(one.id))
    }

    /// Where what happens is written down.
    pub fn records(&self) -> Records {
        let replay = self.replay.as_ref().map(|one| one.id);
        let told = (self.notices.clone(), self.tracer.clone());
        Records::new(self.id.clone(), replay, told)
    }

    /// Where a reader begins that has no state yet, and was made when the journal stood at `head`.
    pub fn beginning(&self, duty: &Duty, head: Seq) -> Seq {
        match &self.replay {
            Some(replay) => replay.plan.scope.first,
            None => duty.since().unwrap_or(head),
        }
    }

    /// How much may be under way, where the destination says this of its own.
    pub fn bounds(&self, own: OwnBounds) -> Bounds {
        let whole = self.policy.bounds.with(own);
        self.replay.as_ref().map_or(whole, |replay| replay.plan.bounds(whole))
    }

    /// What attempts are made for.
    pub fn occasion(&self) -> Occasion {
        self.replay.as_ref().map_or(Occasion::Delivery, |replay| Occasion::Replay(replay.id))
    }
}
