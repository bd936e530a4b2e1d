//! Recovery: a destination that takes deliveries again gets what was given up meanwhile, where its
//! settings want that.

use domain::id::{DestinationId, Seq};
use domain::replay::{Cause, Intent, Pace, ReplayPlan, Scope};
use domain::time::Timestamp;
use storage::{AttemptQuery, FailedQuery, Fate, Ledger, StorageError, Store};

use crate::clock;

/// What to recover.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// Of which destination.
    pub destination: DestinationId,
    /// What was given up from then on.
    pub since: Timestamp,
    /// Of events before this place.
    pub end: Seq,
}

/// Makes a replay of what was given up, if anything was.
pub async fn recover(store: Store, recovery: Recovery) {
    let destination = recovery.destination.clone();
    match make(&store, recovery).await {
        Ok(Some(replay)) => {
            tracing::info!(%destination, replay, "what was given up meanwhile is replayed");
        }
        Ok(None) => {}
        Err(error) => {
            let error = crate::terminal::chain(&error);
            tracing::error!(%destination, error, "cannot replay what was given up meanwhile");
        }
    }
}

/// When a destination had taken something last, where what it did last was a failure; none where that
/// was none, it did nothing, or that cannot be known. Where it never took anything, that is the
/// beginning of time.
pub async fn down_since(ledger: &dyn Ledger, destination: &DestinationId) -> Option<Timestamp> {
    match find_down_since(ledger, destination).await {
        Ok(since) => since,
        Err(error) => {
            let error = crate::terminal::chain(&error);
            tracing::warn!(%destination, error, "cannot tell since when a destination is down");
            None
        }
    }
}

async fn find_down_since(
    ledger: &dyn Ledger,
    destination: &DestinationId,
) -> Result<Option<Timestamp>, StorageError> {
    let latest = |fate| {
        let destination = Some(destination.clone());
        ledger.attempts(AttemptQuery { destination, fate, rows_max: 1, ..AttemptQuery::default() })
    };
    let last = latest(None).await?;
    if last.attempts.first().is_none_or(|last| last.fate == Fate::Delivered) {
        return Ok(None);
    }
    let taken = latest(Some(Fate::Delivered)).await?;
    Ok(Some(taken.attempts.first().map_or(Timestamp(0), |taken| taken.at)))
}

async fn make(store: &Store, recovery: Recovery) -> Result<Option<u64>, StorageError> {
    let Recovery { destination, since, end } = recovery;
    let query = FailedQuery {
        destination: destination.clone(),
        first: Seq::FIRST,
        end,
        since: Some(since),
        issue: None,
        rows_max: domain::limits::REPLAY_FAILED_MAX,
    };
    let failed = store.ledger.failed(query).await?;
    let Some(first) = failed.first() else { return Ok(None) };
    let scope = Scope { failed_since: Some(since), ..Scope::between(*first, end) };
    let (intent, cause, pace) = (Intent::RecoverFailed, Cause::Recovered, Pace::default());
    let plan = ReplayPlan { destination, intent, cause, scope, pace };
    let replay = store.replays.make(plan, Some(failed.len() as u64), clock::now()).await?;
    Ok(Some(replay.id.0))
}

#[cfg(test)]
mod tests {
    use storage::embedded::{self, Options};

    use super::*;
    use crate::samples::destination_id;

    #[tokio::test]
    async fn where_it_cannot_be_known_since_when_it_is_down_it_goes_on_as_if_it_were_not() {
        let dir = tempfile::tempdir().unwrap();
        let (store, engine) = embedded::open(dir.path(), Options::default()).unwrap();
        engine.close().unwrap();
        assert_eq!(down_since(&*store.ledger, &destination_id()).await, None);
    }
}
