//! What the state's writer is asked to do.

use domain::id::{DestinationId, ReplayId, Seq};
use domain::replay::{ReplayPlan, ReplayState};
use domain::time::Timestamp;

use crate::error::StorageError;
use crate::issues::{Issue, Mark};
use crate::ledger::RejectionRecord;
use crate::receipt::Reply;
use crate::replays::Replay;
use crate::schedule::{OpenDelivery, Progress, Reader, ScheduleState, Settlement, ShelfLine};
use crate::series::IntakeStep;

/// What the writer is asked to do.
pub enum Command {
    /// Commit a settlement.
    Settle {
        /// What changed.
        settlement: Settlement,
        /// Who waits for it.
        reply: Reply<()>,
    },
    /// Forget what is not finished of a destination.
    Forget {
        /// Whose.
        destination: DestinationId,
        /// Who waits for it.
        reply: Reply<()>,
    },
    /// Record rejections.
    Reject {
        /// In order.
        rejections: Vec<RejectionRecord>,
        /// Who waits for it.
        reply: Reply<()>,
    },
    /// Count what came in.
    Count {
        /// How much.
        step: IntakeStep,
        /// Who waits for it.
        reply: Reply<()>,
    },
    /// Write what is summed up, and go on.
    Flush(Then),
    /// Change what people change.
    Edit(Edit),
    /// Read something, as everything handed over before leaves it.
    Read(Read),
}

/// What comes after a flush.
pub type Then = Box<dyn FnOnce(Result<(), StorageError>) + Send + Sync>;

/// What people change.
pub enum Edit {
    /// A replay is made.
    Make {
        /// What is asked for.
        plan: Box<ReplayPlan>,
        /// Deliveries it is thought to make.
        expected: Option<u64>,
        /// When.
        at: Timestamp,
        /// Who waits for it.
        reply: Reply<Replay>,
    },
    /// A replay comes to another state.
    Turn {
        /// Which.
        id: ReplayId,
        /// To which.
        to: ReplayState,
        /// When.
        at: Timestamp,
        /// Who waits for it.
        reply: Reply<Option<Replay>>,
    },
    /// Somebody says what an issue is to be taken for, or takes it back.
    Mark {
        /// Which.
        id: u64,
        /// What is said.
        mark: Option<Mark>,
        /// Who waits for it.
        reply: Reply<Option<Issue>>,
    },
}

/// What of a schedule is read.
pub enum Read {
    /// Up to where events are counted.
    Counted {
        /// Who waits for it.
        reply: Reply<Option<Seq>>,
    },
    /// A reader's state.
    Load {
        /// Whose.
        reader: Reader,
        /// Who waits for it.
        reply: Reply<Option<ScheduleState>>,
    },
    /// How far a reader has come.
    Progress {
        /// Whose.
        reader: Reader,
        /// Who waits for it.
        reply: Reply<Option<Progress>>,
    },
    /// Which destinations have a cursor.
    Destinations {
        /// Who waits for it.
        reply: Reply<Vec<DestinationId>>,
    },
    /// The first shelved deliveries of a line.
    Unshelve {
        /// Whose.
        reader: Reader,
        /// Which line.
        line: ShelfLine,
        /// How many of them at most.
        rows_max: u32,
        /// Who waits for them.
        reply: Reply<Vec<OpenDelivery>>,
    },
    /// Replays.
    Replays {
        /// Only this one.
        only: Option<ReplayId>,
        /// How many of them at most.
        rows_max: u32,
        /// Who waits for them.
        reply: Reply<Vec<Replay>>,
    },
}
