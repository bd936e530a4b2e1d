//! Waiting for what may not be there: then for ever, so that others are waited for beside it. And for
//! storage to have room.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use domain::limits;
use domain::time::Timestamp;
use futures_util::future::{TryJoinAll, try_join_all};
use storage::{OpenDelivery, Reader, Receipt, Schedule, ScheduleState, ShelfLine, StorageError};

use crate::clock;

/// Waits for a receipt that may not be there, in which case it waits forever.
pub async fn pending<T: Unpin>(receipt: &mut Option<Receipt<T>>) -> Result<T, StorageError> {
    match receipt {
        Some(receipt) => receipt.await,
        None => std::future::pending().await,
    }
}

/// Waits until a replay of what was given up is made; forever where none is to be.
pub async fn recovered(recovering: &mut Option<Pin<Box<dyn Future<Output = ()>>>>) {
    match recovering {
        Some(recovering) => recovering.await,
        None => std::future::pending().await,
    }
}

/// Lines of shelved deliveries that the store is asked for.
pub type Asked = (Vec<ShelfLine>, TryJoinAll<Receipt<Vec<OpenDelivery>>>);

/// Lines that were asked for, and what the store has of each.
pub type Answered = (Vec<ShelfLine>, Result<Vec<Vec<OpenDelivery>>, StorageError>);

/// Asks the store for the first so many deliveries of each line.
pub fn ask(
    schedule: &dyn Schedule,
    reader: &Reader,
    lines: Vec<ShelfLine>,
    rows_max: u32,
) -> Asked {
    let receipts = lines.iter().map(|line| schedule.unshelve(reader, *line, rows_max));
    let receipts = try_join_all(receipts);
    (lines, receipts)
}

/// Waits for lines of shelved deliveries, forever where none were asked for.
pub async fn shelved(asked: &mut Option<Asked>) -> Answered {
    let Some((lines, receipts)) = asked else { return std::future::pending().await };
    let answer = receipts.await;
    let answered = (std::mem::take(lines), answer);
    *asked = None;
    answered
}

/// Waits for so long; forever where there is no end.
pub async fn sleep(span: Option<Duration>) {
    let Some(span) = span else { return std::future::pending().await };
    tokio::time::sleep(span).await;
}

/// Waits until a point in time.
pub async fn until(due: Option<Timestamp>) {
    let Some(due) = due else { return std::future::pending().await };
    tokio::time::sleep(due.since(clock::now())).await;
}

/// Loads a reader's state, as soon as storage has room for the question.
pub async fn load(
    schedule: &dyn Schedule,
    reader: &Reader,
) -> Result<Option<ScheduleState>, StorageError> {
    loop {
        match schedule.load(reader).await {
            Err(error) if error.passes() => tokio::time::sleep(limits::STORAGE_REST).await,
            loaded => return loaded,
        }
    }
}
