//! The contract Schedule: per destination the cursor and every delivery that is not finished; a replay
//! has the same of its own.
//!
//! - **S1** `commit` is atomic; a crash of the process loses none; a power cut may lose the newest
//!   commits as a whole, which costs duplicates, never a loss.
//! - **S2** The cursor never passes an event without a recorded outcome or an open delivery; an event
//!   that was filtered is counted in the settlement that passes it, once.
//! - **S3** A delivery is in exactly one state.

use domain::delivery::lanes::Order;
use domain::event::{EventKind, Identities, IdentityHash};
use domain::id::{DestinationId, ReplayId, Seq};
use domain::time::Timestamp;

use crate::issues::WaitingBy;
use crate::ledger::{AttemptRecord, FilteredCount};
use crate::receipt::Receipt;

/// What is not finished.
pub trait Schedule: Send + Sync + 'static {
    /// Loads a reader's state; none where it never had a commit.
    fn load(&self, reader: &Reader) -> Receipt<Option<ScheduleState>>;

    /// How far a reader has come; none where it never had a commit. Costs the same however many
    /// deliveries are open.
    fn progress(&self, reader: &Reader) -> Receipt<Option<Progress>>;

    /// Commits one settlement as a whole (S1), its attempts to the ledger in the same step.
    ///
    /// Settlements of one reader are carried out in the order they were handed over.
    fn commit(&self, settlement: Settlement) -> Receipt<()>;

    /// Reads the first shelved deliveries of a line, in order, at most `rows_max`; fewer where one of
    /// them has to wait for an earlier shelved one of its other lane. Nothing is changed: they are
    /// shelved until a commit says otherwise.
    fn unshelve(
        &self,
        reader: &Reader,
        line: ShelfLine,
        rows_max: u32,
    ) -> Receipt<Vec<OpenDelivery>>;

    /// The destinations that have had a commit and were not forgotten since, in no order.
    fn destinations(&self) -> Receipt<Vec<DestinationId>>;

    /// Forgets a destination: its cursor, and every delivery of it that is not finished. What
    /// happened there stays in the ledger.
    fn forget(&self, destination: &DestinationId) -> Receipt<()>;
}

/// Whose deliveries they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reader {
    /// A destination's own, of the events as they come.
    Destination(DestinationId),
    /// A replay's.
    Replay(ReplayId),
}

/// A line of shelved deliveries: those of one lane, or those that stand in none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShelfLine {
    /// Which identities make lanes.
    pub order: Order,
    /// The lane; none for the deliveries that stand in no lane by this order.
    pub identity: Option<IdentityHash>,
}

/// A reader's state as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScheduleState {
    /// Every event before it is finished or in `open`.
    pub cursor: Seq,
    /// Deliveries before the cursor that are neither finished nor shelved, in order.
    pub open: Vec<OpenDelivery>,
    /// How many are shelved of each pair of identities, in no order.
    pub shelved: Vec<(Identities, u64)>,
}

/// How far a reader has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Every event before it is finished or open.
    pub cursor: Seq,
    /// The first delivery that is not finished, shelved or not.
    pub first_open: Option<Seq>,
}

impl Progress {
    /// Every event before it is finished.
    pub fn first_unfinished(self) -> Seq {
        self.first_open.map_or(self.cursor, |open| open.min(self.cursor))
    }
}

impl ScheduleState {
    /// A state without deliveries.
    pub fn at(cursor: Seq) -> Self {
        Self { cursor, open: Vec::new(), shelved: Vec::new() }
    }
}

/// A delivery that is not finished.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenDelivery {
    /// Its event.
    pub seq: Seq,
    /// What kind of event.
    pub kind: EventKind,
    /// Whose event, so that lanes are rebuilt without reading the journal.
    pub identities: Identities,
    /// Attempts made so far; 0 while it waits for an earlier event.
    pub attempts: u32,
    /// When the first attempt was made.
    pub first_attempt_at: Option<Timestamp>,
    /// Not to be tried before.
    pub due: Timestamp,
    /// Code of the last attempt's reason; empty before the first attempt.
    pub reason: String,
    /// The endpoint's status then; 0 where none came.
    pub status: u16,
    /// Whether it waits in the store only, until its line is read.
    pub is_shelved: bool,
}

/// A step of one reader: what changed since the last one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settlement {
    /// Whose.
    pub reader: Reader,
    /// The new cursor; never moves back.
    pub cursor: Seq,
    /// Deliveries to store as open, new or changed.
    pub opened: Vec<OpenDelivery>,
    /// Deliveries that were open and are finished now.
    pub closed: Vec<Seq>,
    /// What happened meanwhile, in order, for the ledger.
    pub attempts: Vec<AttemptRecord>,
    /// Events the cursor passes that were filtered, by reason; counted for the destination or, where
    /// it is one, for the replay.
    pub filtered: Vec<FilteredCount>,
    /// How many deliveries of a destination wait after they failed in which way, all of them; none
    /// where that is as it was. What waits of a replay is no issue of the destination.
    pub waiting: Option<Vec<WaitingBy>>,
}

impl From<&DestinationId> for Reader {
    fn from(id: &DestinationId) -> Self {
        Self::Destination(id.clone())
    }
}
