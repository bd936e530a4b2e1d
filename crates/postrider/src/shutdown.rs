//! How the server ends: first it sends nothing more, then it takes nothing more; and where that takes
//! too long, it ends at once.
//!
//! Attempts that are under way may take as long as an endpoint likes. Until they have ended the
//! gateway goes on taking events, so that a restart costs senders no more than a moment. Both parts
//! share one time, which begins with the first: an end takes as long as the operator has said, and
//! not once more for each part.

use std::time::Duration;

use domain::limits;
use tokio::sync::watch;
use tokio::time::Instant;

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

/// The end, as far as it has come.
#[derive(Clone, Copy, Debug)]
struct End {
    stage: Stage,
    /// When it began; means nothing before.
    began: Instant,
    /// When its stage was reached.
    reached: Instant,
}

/// Asks the server to end; the other side of [`Shutdown`].
#[derive(Debug)]
pub struct Trigger(watch::Sender<End>);

/// Tells when to end; cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<End>);

/// A trigger and what it tells.
pub fn shutdown() -> (Trigger, Shutdown) {
    let now = Instant::now();
    let end = End { stage: Stage::Running, began: now, reached: now };
    let (sender, receiver) = watch::channel(end);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Asks once to drain, twice to end at once.
    pub fn pull(&self) {
        let next = |stage| if stage == Stage::Running { Stage::Draining } else { Stage::Now };
        self.0.send_modify(|end| end.reach(next(end.stage), Instant::now()));
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
        self.0.send_if_modified(|end| {
            let is_later = end.stage < new;
            end.reach(new, Instant::now());
            is_later
        });
    }
}

impl Shutdown {
    /// Waits until the server is to drain.
    pub async fn draining(&mut self) {
        self.reached(Stage::Draining).await;
    }

    /// As [`Self::draining`], for what outlives its caller.
    pub async fn drained(mut self) {
        self.draining().await;
    }

    /// Waits until the server is to take nothing more.
    pub async fn closing(&mut self) {
        self.reached(Stage::Closing).await;
    }

    /// Waits until the server is to end at once.
    pub async fn ending_now(&mut self) {
        self.reached(Stage::Now).await;
    }

    /// Waits until what is under way at this stage of the end has had its time: what is left of
    /// `grace`, which counts from when the end began; and where nothing is taken any more, a moment
    /// at least, however long sending took.
    pub fn overdue(&self, grace: Duration) -> impl Future<Output = ()> + use<> {
        let mut own = self.clone();
        async move {
            own.draining().await;
            let deadline = own.0.borrow().deadline(grace);
            tokio::time::sleep_until(deadline).await;
        }
    }

    /// Whether the server is to end.
    pub fn is_draining(&self) -> bool {
        self.0.borrow().stage >= Stage::Draining
    }

    async fn reached(&mut self, stage: Stage) {
        if self.0.wait_for(|end| end.stage >= stage).await.is_err() {
            // Whoever could pull the trigger is gone: nobody will ask any more.
            std::future::pending::<()>().await;
        }
    }
}

impl End {
    fn reach(&mut self, stage: Stage, now: Instant) {
        if self.stage >= stage {
            return;
        }
        if self.stage == Stage::Running {
            self.began = now;
        }
        (self.stage, self.reached) = (stage, now);
    }

    fn deadline(&self, grace: Duration) -> Instant {
        let whole = self.began + grace;
        match self.stage {
            Stage::Running | Stage::Draining => whole,
            Stage::Closing | Stage::Now => {
                whole.max(self.reached + grace.min(limits::CLOSE_TIME_MIN))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_the_end_share_one_time() {
        let start = Instant::now();
        let seconds = Duration::from_secs;
        let mut end = End { stage: Stage::Running, began: start, reached: start };
        end.reach(Stage::Draining, start + seconds(100));
        let left = |end: &End, grace| end.deadline(seconds(grace)).duration_since(start);
        assert_eq!(left(&end, 30), seconds(130));
        end.reach(Stage::Draining, start + seconds(105));
        assert_eq!(left(&end, 30), seconds(130), "it was asked already");

        let mut quick = end;
        quick.reach(Stage::Closing, start + seconds(110));
        assert_eq!(left(&quick, 30), seconds(130), "what sending has left");
        end.reach(Stage::Closing, start + seconds(130));
        assert_eq!(left(&end, 30), seconds(131), "a moment at least");
        assert_eq!(left(&end, 0), seconds(130), "none where none is wanted");
        end.reach(Stage::Draining, start + seconds(140));
        assert_eq!(left(&end, 30), seconds(131), "an end does not go back");
    }

    #[tokio::test]
    async fn nothing_is_overdue_before_the_end_has_begun() {
        use futures_util::FutureExt;
        let (trigger, shutdown) = shutdown();
        let mut overdue = Box::pin(shutdown.overdue(Duration::ZERO));
        assert!(overdue.as_mut().now_or_never().is_none());
        trigger.drain();
        testkit::within("the end of the time", overdue).await;
    }
}
