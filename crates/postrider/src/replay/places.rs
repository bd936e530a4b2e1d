//! Places by time: where in the journal a replay begins and ends.
//!
//! Events stand in the order in which they were stored, which is nearly that in which they were
//! received; so a search finds a place before which nothing is late enough, with some slack, and the
//! replay looks at the time of each event anyway.

use domain::id::Seq;
use domain::limits;
use domain::replay::Scope;
use domain::time::Timestamp;
use storage::{Journal, StorageError, Wanted};

/// Narrows a scope down to what is stored.
///
/// # Errors
/// Where the journal cannot be read.
pub async fn fit(journal: &dyn Journal, scope: &mut Scope) -> Result<(), StorageError> {
    let head = journal.head_now();
    let stored = first_stored(journal, head).await?;
    scope.first = scope.first.max(stored);
    scope.end = scope.end.min(head);
    if let (Some(first), Some(last)) = (scope.places.first(), scope.places.last()) {
        (scope.first, scope.end) = (scope.first.max(*first), scope.end.min(last.next()));
    }
    let slack = i64::try_from(limits::RECEIVED_ORDER_SLACK.as_millis()).unwrap_or(i64::MAX);
    if let Some(from) = scope.received_from {
        let (first, _) =
            around(journal, stored..head, Timestamp(from.0.saturating_sub(slack))).await?;
        scope.first = scope.first.max(first);
    }
    if let Some(until) = scope.received_until {
        let (_, end) =
            around(journal, stored..head, Timestamp(until.0.saturating_add(slack))).await?;
        scope.end = scope.end.min(end);
    }
    Ok(())
}

/// The place of the first event that is still stored; `head` where there is none.
async fn first_stored(journal: &dyn Journal, head: Seq) -> Result<Seq, StorageError> {
    if head == Seq::FIRST {
        return Ok(head);
    }
    let chunk = journal.read(Seq::FIRST, Wanted::All, 1).await?;
    Ok(chunk.frames.first().map_or(chunk.next, |frame| frame.first()))
}

/// A place before which everything was received before a time, and one from which on everything was
/// received then or later. They are the same, unless what lies between cannot be read.
async fn around(
    journal: &dyn Journal,
    range: std::ops::Range<Seq>,
    at: Timestamp,
) -> Result<(Seq, Seq), StorageError> {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = Seq(low.0 + (high.0 - low.0) / 2);
        let chunk = journal.read(middle, Wanted::All, 1).await?;
        let Some(frame) = chunk.frames.first() else { break };
        let received_at = frame.events().next().map(|event| event.received_at);
        if received_at.is_some_and(|received_at| received_at >= at) {
            high = middle;
        } else {
            low = frame.last().next();
        }
    }
    Ok((low, high.max(low)))
}

#[cfg(test)]
mod tests {
    use storage::memory;

    use super::*;
    use crate::samples::append;

    const MINUTE: i64 = 60_000;

    /// Fits a scope to events that were received a minute after each other.
    async fn fitted(change: impl FnOnce(&mut Scope)) -> (u64, u64) {
        let store = memory::open();
        for minute in 0..100 {
            append(&store, Timestamp(minute * MINUTE)).await;
        }
        store.journal.trim(Seq(11)).await.unwrap();
        let mut scope = Scope::between(Seq(1), Seq(1_000));
        change(&mut scope);
        fit(&*store.journal, &mut scope).await.unwrap();
        (scope.first.0, scope.end.0)
    }

    #[tokio::test]
    async fn a_scope_is_narrowed_down_to_what_is_stored() {
        assert_eq!(fitted(|_| {}).await, (11, 101));
        assert_eq!(fitted(|scope| scope.first = Seq(50)).await, (50, 101));
        assert_eq!(fitted(|scope| scope.end = Seq(50)).await, (11, 50));
        assert_eq!(fitted(|scope| scope.places = [Seq(20), Seq(30)].into()).await, (20, 31));
        let store = memory::open();
        let mut scope = Scope::between(Seq(1), Seq(1_000));
        fit(&*store.journal, &mut scope).await.unwrap();
        assert!(scope.is_empty());
    }

    #[tokio::test]
    async fn times_become_places_with_some_slack() {
        let from = |minute: i64| {
            move |scope: &mut Scope| {
                scope.received_from = Some(Timestamp(minute * MINUTE));
            }
        };
        let until = |minute: i64| {
            move |scope: &mut Scope| {
                scope.received_until = Some(Timestamp(minute * MINUTE));
            }
        };
        assert_eq!(fitted(from(50)).await, (41, 101));
        assert_eq!(fitted(from(5)).await, (11, 101));
        assert_eq!(fitted(from(500)).await, (101, 101));
        assert_eq!(fitted(until(50)).await, (11, 61));
        assert_eq!(fitted(until(500)).await, (11, 101));
        assert_eq!(fitted(until(-50)).await, (11, 11));
    }
}
