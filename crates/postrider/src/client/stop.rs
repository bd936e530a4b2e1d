//! Ctrl-C and SIGTERM, for commands that have something to say or to tidy up at their end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::Failure;

/// Takes the signals from the process; while it is there, they end nothing by themselves.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Listens from now on.
    ///
    /// # Errors
    /// Where signals cannot be listened to.
    pub fn new() -> Result<Self, Failure> {
        let failed = |error| Failure::new(format!("cannot listen to signals: {error}"), "");
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(Self { interrupt, terminate })
    }

    /// Waits for a signal.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// The same where there may be nobody who listens: then it waits forever.
    pub async fn of(stop: &mut Option<Self>) {
        match stop {
            Some(stop) => stop.told().await,
            None => std::future::pending().await,
        }
    }
}
