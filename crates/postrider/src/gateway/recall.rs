//! Recalls the calls of the last window from the journal, after a start.
//!
//! The gateway serves meanwhile: a resend that comes before its call is recalled is stored again.

use std::sync::Arc;

use domain::event::CallHash;
use domain::id::Seq;
use domain::limits;
use domain::time::Timestamp;
use storage::{Chunk, Journal, StorageError, Wanted};

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
    let reader = Reader { journal: &*journal, shutdown };
    if recent.window().is_zero() {
        return Ok(());
    }
    let now = clock::now();
    let since = Timestamp(
        now.0.saturating_sub(i64::try_from(recent.window().as_millis()).unwrap_or(i64::MAX)),
    );
    let head = journal.head_now();
    let newest = Seq(head.0.saturating_sub(limits::RECENT_CALLS_MAX as u64)).max(Seq::FIRST);
    let mut from = reader.first_since(since, (newest, head)).await?;
    while from < head && !reader.shutdown.is_draining() {
        let chunk = reader.read(from, limits::READ_BYTES).await?;
        for event in chunk.frames.iter().flat_map(|frame| frame.events()) {
            if let Some(message) = CallHash::of_stored(&event.payload, recent.seed()) {
                recent.remember(recent.call(&event.source, message), now);
            }
        }
        from = chunk.next;
    }
    Ok(())
}

/// Reads the journal beside everybody else who reads it after a start.
struct Reader<'j> {
    journal: &'j dyn Journal,
    shutdown: Shutdown,
}

impl Reader<'_> {
    /// The first event received at `since` or later, by halving the range.
    async fn first_since(
        &self,
        since: Timestamp,
        (mut low, mut high): (Seq, Seq),
    ) -> Result<Seq, StorageError> {
        while low < high {
            let middle = Seq(low.0 + (high.0 - low.0) / 2);
            let chunk = self.read(middle, 1).await?;
            let mut events = chunk.frames.iter().flat_map(|frame| frame.events());
            match events.find(|event| event.seq >= middle) {
                Some(event) if event.received_at < since => low = event.seq.next(),
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// Reads events. What fails is tried again for a while: a resend of what was not recalled is
    /// delivered twice.
    async fn read(&self, from: Seq, bytes_max: usize) -> Result<Chunk, StorageError> {
        for _ in 1..limits::RECALL_TRIES_MAX {
            match self.journal.read(from, Wanted::All, bytes_max).await {
                Err(error) if !self.shutdown.is_draining() => {
                    tracing::debug!(%error, "reading what was stored lately is tried again");
                    self.pause().await;
                }
                answer => return answer,
            }
        }
        self.journal.read(from, Wanted::All, bytes_max).await
    }

    async fn pause(&self) {
        // Either way it is tried again, and given up where the server ends.
        let draining = self.shutdown.clone().drained();
        let _ = tokio::time::timeout(limits::RECALL_RETRY_PAUSE, draining).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use storage::memory;

    use super::*;
    use crate::moody::MoodyJournal;
    use crate::samples::append;
    use crate::shutdown::shutdown;

    fn reader(journal: &dyn Journal) -> Reader<'_> {
        // Nobody pulls the trigger, and nobody needs it.
        let (_trigger, shutdown) = shutdown();
        Reader { journal, shutdown }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_fails_is_tried_again_until_the_server_ends() {
        let store = memory::open();
        append(&store, Timestamp(10)).await;
        let crowded = |failures| MoodyJournal {
            inner: store.journal.clone(),
            failures: AtomicUsize::new(failures),
        };
        let read = |journal: MoodyJournal, shutdown| async move {
            let read = Reader { journal: &journal, shutdown }.read(Seq::FIRST, 1 << 20).await;
            (read.is_ok(), journal.failures.into_inner())
        };
        let tries = limits::RECALL_TRIES_MAX;
        let (trigger, shutdown) = shutdown();
        assert_eq!(read(crowded(tries - 1), shutdown.clone()).await, (true, 0));
        assert_eq!(read(crowded(tries + 1), shutdown.clone()).await, (false, 1));
        trigger.drain();
        assert_eq!(read(crowded(tries), shutdown).await, (false, tries - 1));
    }

    #[tokio::test]
    async fn the_first_event_of_the_window_is_found() {
        let store = memory::open();
        for at in [10, 20, 30, 40, 50] {
            append(&store, Timestamp(at)).await;
        }
        for (since, want) in [(0, 1), (10, 1), (11, 2), (35, 4), (50, 5), (51, 6)] {
            let range = (Seq(1), Seq(6));
            let found = reader(&*store.journal).first_since(Timestamp(since), range).await.unwrap();
            assert_eq!(found, Seq(want), "{since}");
        }
        store.journal.trim(Seq(4)).await.unwrap();
        let range = (Seq(1), Seq(6));
        let found = reader(&*store.journal).first_since(Timestamp(45), range).await.unwrap();
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
