//! Receipts: the answer to something handed to an engine, when it comes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::StorageError;

/// A future answer of an engine.
///
/// What was handed in is carried out whether or not the receipt is awaited.
///
/// # Cancellation
/// Dropping a receipt forgets the answer only; the operation itself goes on.
#[must_use = "the operation may fail; await its receipt"]
pub struct Receipt<T>(State<T>);

enum State<T> {
    Ready(Option<Result<T, StorageError>>),
    Waiting(oneshot::Receiver<Result<T, StorageError>>),
}

/// The engine's side of a receipt.
pub type Reply<T> = oneshot::Sender<Result<T, StorageError>>;

impl<T> Receipt<T> {
    /// A receipt that already has its answer.
    pub fn ready(answer: Result<T, StorageError>) -> Self {
        Self(State::Ready(Some(answer)))
    }

    /// A receipt and the reply that will fill it.
    pub fn pair() -> (Reply<T>, Self) {
        let (reply, receiver) = oneshot::channel();
        (reply, Self(State::Waiting(receiver)))
    }

    /// Waits for the answer on a thread that may block.
    ///
    /// # Errors
    /// As the operation says; [`StorageError::Closed`] where the engine has ended.
    ///
    /// # Panics
    /// When called within an async runtime, as `tokio::sync::oneshot` does.
    pub fn wait(self) -> Result<T, StorageError> {
        match self.0 {
            State::Ready(answer) => answer.unwrap_or(Err(StorageError::Closed)),
            State::Waiting(receiver) => {
                receiver.blocking_recv().unwrap_or(Err(StorageError::Closed))
            }
        }
    }
}

impl<T: Unpin> Future for Receipt<T> {
    type Output = Result<T, StorageError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().0 {
            State::Ready(answer) => Poll::Ready(answer.take().unwrap_or(Err(StorageError::Closed))),
            State::Waiting(receiver) => Pin::new(receiver)
                .poll(cx)
                .map(|answer| answer.unwrap_or(Err(StorageError::Closed))),
        }
    }
}
