//! Recalls the calls of the last window from the journal, after a start.
//!
//! The gateway serves meanwhile: a resend that comes before its call is recalled is stored again.

use std::sync::Arc;

use domain::event::CallHash;
use domain::id::Seq;
use domain::limits;
use domain::time::Timestamp;
use storage::{Journal, StorageError, Wanted};

use super::recent::Recent;
use crate::clock;
use crate::shutdown::Shutdown;

/// Recalls what was stored within the window; ends early where the server does.
///
/// # Errors
/// As the journal says; what was recalled until then stays.
pub async fn recall(
    journal: Arc<dyn Journal>,
    recent: Arc<Recent>,
    shutdown: Shutdown,
) -> Result<(), StorageError> {
    if recent.window().is_zero() {
        return Ok(());
    }
    let now = clock::now();
    let since = Timestamp(
        now.0.saturating_sub(i64::try_from(recent.window().as_millis()).unwrap_or(i64::MAX)),
    );
    let head = journal.head_now();
    let newest = Seq(head.0.saturating_sub(limits::RECENT_CALLS_MAX as u64)).max(Seq::FIRST);
    let mut from = first_since(&*journal, since, (newest, head)).await?;
    while from < head && !shutdown.is_draining() {
        let chunk = journal.read(from, Wanted::All, limits::READ_BYTES).await?;
        for event in chunk.frames.iter().flat_map(|frame| frame.events()) {
            if let Some(message) = CallHash::of_stored(&event.payload, recent.seed()) {
                recent.remember(recent.call(&event.source, message), now);
            }
        }
        from = chunk.next;
    }
    Ok(())
}

/// The first event received at `since` or later, by halving the range.
async fn first_since(
    journal: &dyn Journal,
    since: Timestamp,
    (mut low, mut high): (Seq, Seq),
) -> Result<Seq, StorageError> {
    while low < high {
        let middle = Seq(low.0 + (high.0 - low.0) / 2);
        let chunk = journal.read(middle, Wanted::All, 1).await?;
        let found =
            chunk.frames.first().and_then(|frame| frame.events().find(|event| event.seq >= middle));
        match found {
            Some(event) if event.received_at < since => low = event.seq.next(),
            _ => high = middle,
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use storage::memory;

    use super::*;
    use crate::samples::append;
    use crate::shutdown::shutdown;

    #[tokio::test]
    async fn the_first_event_of_the_window_is_found() {
        let store = memory::open();
        for at in [10, 20, 30, 40, 50] {
            append(&store, Timestamp(at)).await;
        }
        for (since, want) in [(0, 1), (10, 1), (11, 2), (35, 4), (50, 5), (51, 6)] {
            let range = (Seq(1), Seq(6));
            let found = first_since(&*store.journal, Timestamp(since), range).await.unwrap();
            assert_eq!(found, Seq(want), "{since}");
        }
        store.journal.trim(Seq(4)).await.unwrap();
        let range = (Seq(1), Seq(6));
        let found = first_since(&*store.journal, Timestamp(45), range).await.unwrap();
        assert_eq!(found, Seq(5), "trimmed places are passed over");
    }

    #[tokio::test]
    async fn only_the_calls_of_the_window_are_recalled() {
        let store = memory::open();
        for (id, at) in [("old", Timestamp(0)), ("young", clock::now())] {
            let mut event = crate::samples::event(at);
            event.payload = format!(r#"{{"messageId":"{id}"}}"#).into();
            store.journal.append(vec![event]).unwrap().await.unwrap();
        }
        let recent = Arc::new(Recent::new(Duration::from_secs(60)));
        let (_trigger, shutdown) = shutdown();
        recall(store.journal.clone(), recent.clone(), shutdown).await.unwrap();
        let knows = |id| {
            let message = CallHash::of(id, recent.seed());
            recent.knows(recent.call(&domain::id::SourceId::new("s"), message), clock::now())
        };
        assert_eq!((knows("old"), knows("young")), (false, true));
    }
}
