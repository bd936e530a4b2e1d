//! Deliveries as people look at them: what the ledger and the schedules together know of each.
//!
//! A delivery that succeeded at once is one row of the ledger, one that nobody has come to is nothing
//! at all: so what is known of a delivery may be little, and what it means is for others to say.

use domain::id::{ReplayId, Seq};
use domain::reason::Reason;

use crate::ledger::{AttemptRecord, Fate};
use crate::schedule::{OpenDelivery, Reader};

/// What is known of one delivery.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeliveryRecord {
    /// The newest row of the ledger, whether of a replay or not.
    pub last: Option<AttemptRecord>,
    /// How many attempts the ledger has of it, those of replays included.
    pub attempts: u32,
    /// As the destination's own schedule has it, where it is not finished there.
    pub open: Option<OpenDelivery>,
    /// As a replay's has it, where it is not finished there; the newest replay's.
    pub replaying: Option<(ReplayId, OpenDelivery)>,
    /// The cursor of the destination's own schedule; none where it never had a commit.
    pub cursor: Option<Seq>,
}

/// Which open deliveries to list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenQuery {
    /// Whose.
    pub reader: Reader,
    /// Only of events before this place.
    pub before: Option<Seq>,
    /// Only those that were tried, or only those that were not.
    pub tried: Option<Tried>,
    /// Only those whose last attempt failed for this reason, by its code.
    pub reason: Option<String>,
    /// Only those whose last attempt came back with this status; 0 for none.
    pub status: Option<u16>,
    /// At most so many rows.
    pub rows_max: u32,
}

/// Whether a delivery that is open was tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tried {
    /// It was, and failed.
    Once,
    /// It waits for its first attempt.
    Never,
}

/// Open deliveries that were found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OpenPage {
    /// The newest event first.
    pub open: Vec<OpenDelivery>,
    /// Where to go on with [`OpenQuery::before`]; none where there are no more. A page may have fewer
    /// than were asked for, or none, and still say where to go on: enough was looked at.
    pub before: Option<Seq>,
}

impl OpenQuery {
    /// Whether a delivery is asked for.
    pub fn matches(&self, open: &OpenDelivery) -> bool {
        self.before.is_none_or(|before| open.seq < before)
            && self.tried.is_none_or(|tried| (tried == Tried::Once) == (open.attempts > 0))
            && self.reason.as_ref().is_none_or(|reason| *reason == open.reason)
            && self.status.is_none_or(|status| status == open.status)
    }
}

impl AttemptRecord {
    /// Whether a request was made, or tried to be made; not where the event was gone, or somebody
    /// let it go.
    pub fn is_made(&self) -> bool {
        let is_let_go = [Reason::Skipped, Reason::RemovedForGood]
            .iter()
            .any(|reason| reason.code() == self.reason);
        self.fate != Fate::Expired && !is_let_go
    }
}
