//! The alarm: how the rest of the process learns that a store has failed.

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
