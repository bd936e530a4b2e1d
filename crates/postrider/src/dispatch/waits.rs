//! Waiting for what may not be there: then for ever, so that others are waited for beside it. And for
//! storage to have room.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use domain::limits;
use domain::time::Timestamp;
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

/// Waits for a line of shelved deliveries, forever where none was asked for.
pub async fn shelved(
    asked: &mut Option<(ShelfLine, Receipt<Vec<OpenDelivery>>)>,
) -> (ShelfLine, Result<Vec<OpenDelivery>, StorageError>) {
    let Some((line, receipt)) = asked else { return std::future::pending().await };
    let answer = (*line, receipt.await);
    *asked = None;
    answer
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
