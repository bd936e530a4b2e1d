//! Threads: each runs one room on a runtime of its own, so that rooms share nothing but the store.

use std::future::Future;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::shutdown::{Shutdown, Trigger};
use crate::{Controls, RunError};

/// The threads of one server.
pub struct Threads {
    controls: Controls,
    running: Vec<Running>,
}

struct Running {
    name: String,
    thread: JoinHandle<()>,
    result: oneshot::Receiver<Result<(), RunError>>,
}

/// Ends the server when it is dropped: a thread that panics must not leave a server behind that
/// looks well and does only part of its work.
struct EndsServer(Arc<Trigger>);

impl Drop for EndsServer {
    fn drop(&mut self) {
        self.0.drain();
    }
}

/// A runtime for one thread.
///
/// # Errors
/// Where the machine gives no more of what it needs.
pub fn runtime() -> Result<Runtime, RunError> {
    let built = Builder::new_current_thread().enable_all().build();
    built
        .map_err(|source| RunError::Machine { operation: "start a runtime", source: source.into() })
}

impl Threads {
    /// No threads yet.
    pub fn new(controls: Controls) -> Self {
        Self { controls, running: Vec::new() }
    }

    /// Asks the server to end.
    pub fn trigger(&self) -> Arc<Trigger> {
        self.controls.trigger.clone()
    }

    /// Starts a thread that does `work`; when that ends by itself or panics, the whole server ends.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start<F, W>(&mut self, name: String, work: F) -> Result<(), RunError>
    where
        F: FnOnce(Shutdown) -> W + Send + 'static,
        W: Future<Output = Result<(), RunError>>,
    {
        let (reply, result) = oneshot::channel();
        let controls = self.controls.clone();
        let body = move || {
            let Controls { trigger, shutdown, .. } = controls;
            let _ending = EndsServer(trigger);
            let done = runtime().and_then(|runtime| {
                LocalSet::new().block_on(&runtime, async { work(shutdown).await })
            });
            // Whoever waits for the result may be gone; the server ends all the same.
            let _ = reply.send(done);
        };
        let thread = std::thread::Builder::new().name(name.clone()).spawn(body);
        let thread = thread.map_err(|source| RunError::Machine {
            operation: "start a thread",
            source: source.into(),
        })?;
        self.running.push(Running { name, thread, result });
        Ok(())
    }

    /// Waits until all threads have ended; the first failure, where there is one.
    ///
    /// # Errors
    /// What a thread failed with.
    pub async fn join(self) -> Result<(), RunError> {
        let mut first = Ok(());
        for Running { name, thread, result } in self.running {
            let ended = result.await.unwrap_or_else(|_| {
                Err(RunError::Machine {
                    operation: "go on",
                    source: format!("thread {name} has panicked").into(),
                })
            });
            // The result is nearly the thread's last act, so this does not block; where it has
            // panicked, the result has said so.
            let _ = thread.join();
            first = first.and(ended);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_panics_ends_the_server_with_an_error() {
        let controls = Controls::new();
        let mut threads = Threads::new(controls.clone());
        let others = |mut shutdown: Shutdown| async move {
            shutdown.draining().await;
            Ok(())
        };
        threads.start("well".to_owned(), others).unwrap();
        threads.start("ill".to_owned(), |_| async { panic!("as a fault of ours would") }).unwrap();
        testkit::within("the end", controls.shutdown.clone().draining()).await;
        let error = threads.join().await.unwrap_err();
        assert_eq!(crate::terminal::chain(&error), "cannot go on: thread ill has panicked");
    }
}
