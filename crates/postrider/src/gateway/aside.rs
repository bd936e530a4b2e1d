//! Work on large bodies, put aside: it holds up no other connection of its gateway thread.

use std::panic::resume_unwind;
use std::sync::Arc;

use domain::limits;
use domain::reason::Reason;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Threads that work on large bodies, shared by all gateway threads.
#[derive(Debug)]
pub struct Aside {
    threads: Arc<Semaphore>,
}

impl Aside {
    /// At most so many threads, one at least. They are started when they are wanted, and end when
    /// they have not been wanted for a while.
    pub fn new(threads_max: usize) -> Self {
        Self { threads: Arc::new(Semaphore::new(threads_max.max(1))) }
    }

    /// Does work on so many bytes: at once where they are few, which costs nothing more; else on a
    /// thread aside, as soon as one is free, in the order in which it was asked for.
    ///
    /// # Errors
    /// `ShuttingDown` where the server ends first.
    ///
    /// # Cancellation
    /// Work that has begun goes on to its end, and takes its thread until then.
    pub async fn work<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, (Reason, String)> {
        if bytes <= limits::INLINE_BYTES_MAX {
            return Ok(work());
        }
        let ends = |error: &dyn std::error::Error| (Reason::ShuttingDown, error.to_string());
        let thread = self.threads.clone().acquire_owned().await.map_err(|error| ends(&error))?;
        let working = spawn_blocking(move || {
            let done = work();
            drop(thread);
            done
        });
        working.await.map_err(|error| match error.try_into_panic() {
            // As if the work had been done here.
            Ok(panic) => resume_unwind(panic),
            Err(error) => ends(&error),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};

    use futures_util::FutureExt;

    use super::*;

    const LARGE: usize = limits::INLINE_BYTES_MAX + 1;

    #[tokio::test]
    async fn only_large_work_is_put_aside() {
        let aside = Aside::new(1);
        let place = async |bytes| -> ThreadId {
            aside.work(bytes, || thread::current().id()).await.unwrap()
        };
        assert_eq!(place(LARGE - 1).await, thread::current().id());
        assert_ne!(place(LARGE).await, thread::current().id());
    }

    #[tokio::test]
    async fn no_more_is_under_way_than_there_are_threads() {
        let aside = Aside::new(1);
        let (go, wait) = mpsc::channel::<()>();
        let mut first = Box::pin(aside.work(LARGE, move || wait.recv()));
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = Box::pin(aside.work(LARGE, || ()));
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(aside.threads.available_permits(), 0);
        // The first one still has its thread when nobody waits for it any more.
        drop(first);
        assert!(second.as_mut().now_or_never().is_none());
        go.send(()).unwrap();
        second.await.unwrap();
        assert_eq!(aside.threads.available_permits(), 1);
    }
}
