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
            Some(state) => state.first_open.map_or(state.cursor, |open| open.min(state.cursor)),
            None => since.min().unwrap_or(needed),
        };
        needed = needed.min(first);
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use domain::event::{EventKind, Identities};
    use domain::time::Timestamp;
    use storage::{OpenDelivery, Settlement, memory};

    use super::*;
    use crate::samples::{append, connect, destination, destination_id};

    const KEEP: Duration = Duration::from_secs(3_600);

    /// A journal with five old events and one of now.
    async fn store() -> Store {
        let store = memory::open();
        for received_at in [Timestamp(0); 5].into_iter().chain([clock::now()]) {
            append(&store, received_at).await;
        }
        store
    }

    async fn settle(store: &Store, cursor: u64, open: Option<u64>) {
        let open = open.map(|seq| OpenDelivery {
            seq: Seq(seq),
            kind: EventKind::Track,
            identities: Identities::default(),
            attempts: 1,
            first_attempt_at: None,
            due: Timestamp(0),
            reason: String::new(),
            is_shelved: false,
        });
        let settlement = Settlement {
            destination: destination_id(),
            cursor: Seq(cursor),
            opened: open.into_iter().collect(),
            closed: Vec::new(),
            attempts: Vec::new(),
            filtered: Vec::new(),
        };
        store.schedule.commit(settlement).await.unwrap();
    }

    /// The first event left after a trim.
    async fn first_left(store: &Store) -> u64 {
        trim(store, KEEP).await.unwrap();
        let chunk = store.journal.read(Seq::FIRST, Wanted::All, 1).await.unwrap();
        chunk.frames.first().map_or(0, |frame| frame.first().0)
    }

    #[tokio::test]
    async fn old_events_go_and_young_ones_stay() {
        assert_eq!(first_left(&store().await).await, 6);
    }

    #[tokio::test]
    async fn what_a_destination_still_needs_stays_however_old_it_is() {
        for enabled in [true, false] {
            let store = store().await;
            connect(&store, destination(enabled), 1).await;
            assert_eq!(first_left(&store).await, 1, "nothing is delivered yet");
            settle(&store, 5, Some(3)).await;
            assert_eq!(first_left(&store).await, 3, "one delivery is open");
        }
        let store = store().await;
        connect(&store, destination(true), 1).await;
        settle(&store, 5, None).await;
        assert_eq!(first_left(&store).await, 5, "everything before the cursor is done");
    }
}
