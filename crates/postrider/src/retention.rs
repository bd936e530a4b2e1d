//! Retention: removes from the journal what is old and finished everywhere.
//!
//! An event that a destination still needs stays, however old it is.

use std::time::Duration;

use domain::id::Seq;
use domain::limits;
use storage::{StorageError, Store, Wanted};

use crate::clock;
use crate::shutdown::Shutdown;

/// Trims the journal now and then, until the server ends.
pub async fn run(store: Store, keep: Duration, mut shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(limits::RETENTION_INTERVAL) => {}
            () = shutdown.draining() => return,
        }
        if let Err(error) = trim(&store, keep).await {
            tracing::warn!(%error, "cannot trim the journal");
        }
    }
}

/// Removes everything before the first event that is young enough or still needed.
async fn trim(store: &Store, keep: Duration) -> Result<(), StorageError> {
    let needed = first_needed(store).await?;
    let mut from = Seq::FIRST;
    let mut before = None;
    loop {
        let chunk = store.journal.read(from, Wanted::All, 1).await?;
        let Some(frame) = chunk.frames.first() else { break };
        let old =
            frame.events().next().is_none_or(|event| clock::now().since(event.received_at) > keep);
        if !old || frame.last() >= needed || chunk.next <= from {
            break;
        }
        before = Some(frame.last().next());
        from = chunk.next;
    }
    match before {
        None => Ok(()),
        Some(before) => store.journal.trim(before).await.map(|_| ()),
    }
}

/// The first event that some destination has not finished.
async fn first_needed(store: &Store) -> Result<Seq, StorageError> {
    let snapshot = store.catalog.watch().borrow().clone();
    let mut needed = *store.journal.head().borrow();
    for destination in &snapshot.workspace.destinations {
        let since = snapshot
            .workspace
            .connections
            .iter()
            .filter(|connection| connection.destination == destination.id)
            .map(|connection| connection.since);
        let stored = store.schedule.load(&destination.id).await?;
        let first = match stored {
            Some(state) => {
                state.open.first().map_or(state.cursor, |open| open.seq.min(state.cursor))
            }
            None => since.min().unwrap_or(needed),
        };
        needed = needed.min(first);
    }
    Ok(needed)
}
