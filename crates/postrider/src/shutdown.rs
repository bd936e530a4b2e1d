//! How the server ends: first it sends nothing more, then it takes nothing more; and where that takes
//! too long, it ends at once.
//!
//! Attempts that are under way may take as long as an endpoint likes. Until they have ended the
//! gateway goes on taking events, so that a restart costs senders no more than a moment.

use tokio::sync::watch;

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Stage {
    Running,
    /// Nothing more is sent.
    Draining,
    /// Nothing more is taken.
    Closing,
    Now,
}

/// Asks the server to end; the other side of [`Shutdown`].
#[derive(Debug)]
pub struct Trigger(watch::Sender<Stage>);

/// Tells when to end; cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Stage>);

/// A trigger and what it tells.
pub fn shutdown() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(Stage::Running);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Asks once to drain, twice to end at once.
    pub fn pull(&self) {
        self.0.send_modify(|stage| {
            *stage = if *stage == Stage::Running { Stage::Draining } else { Stage::Now };
        });
    }

    /// Asks to drain; does nothing where that was asked already.
    pub fn drain(&self) {
        self.reach(Stage::Draining);
    }

    /// Says that all is drained.
    pub(crate) fn close(&self) {
        self.reach(Stage::Closing);
    }

    fn reach(&self, new: Stage) {
        self.0.send_if_modified(|stage| {
            let is_later = *stage < new;
            *stage = new.max(*stage);
            is_later
        });
    }
}

impl Shutdown {
    /// Waits until the server is to drain.
    pub async fn draining(&mut self) {
        self.reached(Stage::Draining).await;
    }

    /// Waits until the server is to take nothing more.
    pub async fn closing(&mut self) {
        self.reached(Stage::Closing).await;
    }

    /// Waits until the server is to end at once.
    pub async fn ending_now(&mut self) {
        self.reached(Stage::Now).await;
    }

    /// Whether the server is to end.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Stage::Draining
    }

    async fn reached(&mut self, stage: Stage) {
        if self.0.wait_for(|current| *current >= stage).await.is_err() {
            // Whoever could pull the trigger is gone: nobody will ask any more.
            std::future::pending::<()>().await;
        }
    }
}
