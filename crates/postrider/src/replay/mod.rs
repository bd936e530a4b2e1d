//! Replays: which events of the journal are delivered again, and how many that will be.
//!
//! In come a plan, the journal and what the ledger knows; out go events, each judged, and estimates. A
//! replay reads the journal as a destination does, with a cursor of its own, so whatever makes
//! deliveries safe and keeps their order is the same for both. Deliberately unknown here: how an
//! event is sent, and who asks for a replay.

mod rules;
mod picker;
mod places;
mod estimate;
mod recovery;

use domain::id::{DestinationId, ReplayId};
use domain::replay::ReplayState;
use storage::OpenReplay;

pub use estimate::{Estimate, Speed, estimate, lost_reason};
pub use picker::{Picker, Portion};
pub use places::fit;
pub use recovery::{Recovery, down_since, recover};

/// The replays of a destination that may be at work now: the oldest of those of a range, and beside
/// it the oldest of those of single events, which must not wait for days.
pub fn at_work<'a>(
    open: &'a [OpenReplay],
    destination: &DestinationId,
) -> impl Iterator<Item = &'a OpenReplay> {
    let running = |one: &&OpenReplay| {
        one.state == ReplayState::Running && one.plan.destination == *destination
    };
    let first = |of_range: bool| {
        open.iter().filter(running).find(|one| one.plan.scope.places.is_empty() == of_range)
    };
    first(true).into_iter().chain(first(false))
}

/// Whether a replay may be at work now.
pub fn is_at_work(open: &[OpenReplay], replay: &OpenReplay) -> bool {
    is_named(open, &replay.plan.destination, replay.id)
}

fn is_named(open: &[OpenReplay], destination: &DestinationId, id: ReplayId) -> bool {
    at_work(open, destination).any(|one| one.id == id)
}
