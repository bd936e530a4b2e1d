//! The alarm: how the rest of the process learns that a store has failed.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::StorageError;

/// Keeps the first failure and shows it to watchers.
#[derive(Clone)]
pub struct Alarm(watch::Sender<Option<StorageError>>);

impl Alarm {
    /// An alarm that has not been raised.
    pub fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Shows a failure to the watchers; only the first one counts.
    pub fn raise(&self, failure: StorageError) {
        self.0.send_if_modified(|first| {
            let raised = first.is_none();
            first.get_or_insert(failure);
            raised
        });
    }

    /// The failure, once there is one.
    pub fn watch(&self) -> watch::Receiver<Option<StorageError>> {
        self.0.subscribe()
    }
}

/// Raises the alarm when its thread ends by a panic, which would leave callers without answers.
pub struct RaisesOnPanic(pub Alarm);

impl Drop for RaisesOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let thread = std::thread::current().name().unwrap_or_default().to_owned();
            self.0.raise(StorageError::Failed {
                operation: "running its threads",
                source: Arc::from(Box::from(format!("{thread} has panicked"))),
            });
        }
    }
}
