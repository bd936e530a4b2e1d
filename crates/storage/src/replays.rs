//! The contract Replays: deliveries that are made again, each as a reader of the journal of its own.
//!
//! - **R1** A replay that was made is there after the process, with its state and its counts. As with
//!   S1, a power cut may lose the newest commits as a whole.
//! - **R2** What a replay counts changes with its cursor, in one commit; once it has ended, no
//!   settlement moves its cursor or opens a delivery.
//! - **R3** A number is never used twice, and an end is never taken back.

use std::sync::Arc;

use domain::id::{ReplayId, Seq};
use domain::replay::{ReplayPlan, ReplayState};
use domain::time::Timestamp;
use tokio::sync::watch;

use crate::ledger::FilteredCount;
use crate::receipt::Receipt;

/// Deliveries that are made again.
pub trait Replays: Send + Sync + 'static {
    /// Makes a replay that is running. `expected` is how many deliveries it is thought to make.
    fn make(&self, plan: ReplayPlan, expected: Option<u64>, at: Timestamp) -> Receipt<Replay>;

    /// Brings a replay that has not ended to another state; answers it as it is then, none where
    /// there is none. One that ends gives up its open deliveries.
    fn turn(&self, id: ReplayId, to: ReplayState, at: Timestamp) -> Receipt<Option<Replay>>;

    /// The newest replays, newest first, or the one with this number.
    fn list(&self, only: Option<ReplayId>, rows_max: u32) -> Receipt<Vec<Replay>>;

    /// Those that have not ended, oldest first; changes wake watchers.
    fn open(&self) -> watch::Receiver<OpenReplays>;
}

/// Replays that have not ended, oldest first.
pub type OpenReplays = Arc<[OpenReplay]>;

/// A replay that has not ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenReplay {
    /// Its number.
    pub id: ReplayId,
    /// How far it is.
    pub state: ReplayState,
    /// What was asked for.
    pub plan: Arc<ReplayPlan>,
}

/// A replay as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replay {
    /// Its number.
    pub id: ReplayId,
    /// How far it is.
    pub state: ReplayState,
    /// What was asked for.
    pub plan: Arc<ReplayPlan>,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How many deliveries it was thought to make; none where nobody could say.
    pub expected: Option<u64>,
    /// Every place of its range before this is finished, or open.
    pub cursor: Seq,
    /// What has become of its deliveries.
    pub counts: ReplayCounts,
}

/// What has become of the deliveries of a replay. A destination's own totals do not hold them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReplayCounts {
    /// Deliveries that succeeded.
    pub delivered: u64,
    /// Attempts that led to a retry.
    pub retries: u64,
    /// Deliveries given up.
    pub gave_up: u64,
    /// Deliveries whose event could not be read back.
    pub expired: u64,
    /// Events that were passed over, by reason, sorted by its code.
    pub passed: Vec<FilteredCount>,
}

impl Replay {
    /// The replay as others follow it.
    pub fn followed(&self) -> OpenReplay {
        OpenReplay { id: self.id, state: self.state, plan: Arc::clone(&self.plan) }
    }
}

impl ReplayCounts {
    /// Counts one more attempt with this fate.
    pub fn count(&mut self, fate: crate::Fate) {
        match fate {
            crate::Fate::Delivered => self.delivered += 1,
            crate::Fate::Retry => self.retries += 1,
            crate::Fate::GaveUp => self.gave_up += 1,
            crate::Fate::Expired => self.expired += 1,
        }
    }
}
