//! Work on large bodies, put aside: it holds up no other connection of its gateway thread.
//!
//! Clients take turns: of each one piece of work at most stands in the line for a thread, what else
//! it has sent waits behind that. So whoever sends much waits for his own work, and all others for
//! one piece of it.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::limits;
use domain::reason::Reason;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::address::Site;

/// Threads that work on large bodies, shared by all gateway threads.
#[derive(Debug)]
pub struct Aside {
    threads: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
    wait_max: Duration,
}

/// The work that has no thread yet.
#[derive(Debug, Default)]
struct Waiting {
    count: usize,
    sites: HashMap<Site, Own>,
}

/// What one client has waiting.
#[derive(Debug)]
struct Own {
    count: usize,
    /// Held by whose turn it is to stand in the line for a thread.
    turn: Arc<Semaphore>,
}

/// A place among the work that waits, until it is dropped.
struct Place<'a> {
    aside: &'a Aside,
    site: Site,
    turn: Arc<Semaphore>,
}

impl Aside {
    /// At most so many threads, one at least. They are started when they are wanted, and end when
    /// they have not been wanted for a while.
    pub fn new(threads_max: usize) -> Self {
        let threads = Arc::new(Semaphore::new(threads_max.max(1)));
        Self { threads, waiting: Mutex::default(), wait_max: limits::ASIDE_WAIT_MAX }
    }

    /// Does work on so many bytes of a client: at once where they are few, which costs nothing
    /// more; else aside.
    ///
    /// # Errors
    /// As [`Self::put`].
    ///
    /// # Cancellation
    /// As [`Self::put`].
    pub async fn work<T: Send + 'static>(
        &self,
        site: Site,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, (Reason, String)> {
        if bytes <= limits::INLINE_BYTES_MAX { Ok(work()) } else { self.put(site, work).await }
    }

    /// Does work of a client on a thread aside, as soon as it is its turn.
    ///
    /// # Errors
    /// `Busy` where too much waits already, or its turn does not come in time; `ShuttingDown` where
    /// the server ends first.
    ///
    /// # Cancellation
    /// Work that has begun goes on to its end, and takes its thread until then.
    pub async fn put<T: Send + 'static>(
        &self,
        site: Site,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, (Reason, String)> {
        let thread = self.thread(site).await?;
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

    async fn thread(&self, site: Site) -> Result<OwnedSemaphorePermit, (Reason, String)> {
        let place = self.enter(site)?;
        let thread = async {
            let _turn = place.turn.acquire().await;
            self.threads.clone().acquire_owned().await
        };
        match tokio::time::timeout(self.wait_max, thread).await {
            Ok(thread) => thread.map_err(|error| ends(&error)),
            Err(_) => Err(busy(format!("no thread within {:?}", self.wait_max))),
        }
    }

    fn enter(&self, site: Site) -> Result<Place<'_>, (Reason, String)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let of_site = waiting.sites.get(&site).map_or(0, |own| own.count);
        if of_site >= limits::ASIDE_WAITING_OF_SITE_MAX {
            return Err(busy(format!("{of_site} large bodies of one address are waiting")));
        }
        if waiting.count >= limits::ASIDE_WAITING_MAX {
            return Err(busy(format!("{} large bodies are waiting", waiting.count)));
        }
        waiting.count += 1;
        let new = || Own { count: 0, turn: Arc::new(Semaphore::new(1)) };
        let own = waiting.sites.entry(site).or_insert_with(new);
        own.count += 1;
        Ok(Place { aside: self, site, turn: own.turn.clone() })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.aside.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.count -= 1;
        if let Some(own) = waiting.sites.get_mut(&self.site) {
            own.count -= 1;
            if own.count == 0 {
                waiting.sites.remove(&self.site);
            }
        }
    }
}

fn busy(detail: String) -> (Reason, String) {
    (Reason::Busy, detail)
}

fn ends(error: &dyn std::error::Error) -> (Reason, String) {
    (Reason::ShuttingDown, error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};

    use futures_util::FutureExt;

    use super::*;

    const LARGE: usize = limits::INLINE_BYTES_MAX + 1;

    fn site(number: u32) -> Site {
        Site::of(std::net::Ipv4Addr::from_bits(number).into())
    }

    #[tokio::test]
    async fn only_large_work_is_put_aside() {
        let aside = Aside::new(1);
        let place = async |bytes| -> ThreadId {
            aside.work(site(1), bytes, || thread::current().id()).await.unwrap()
        };
        assert_eq!(place(LARGE - 1).await, thread::current().id());
        assert_ne!(place(LARGE).await, thread::current().id());
    }

    #[tokio::test]
    async fn no_more_is_under_way_than_there_are_threads() {
        let aside = Aside::new(1);
        let (go, wait) = mpsc::channel::<()>();
        let mut first = Box::pin(aside.put(site(1), move || wait.recv()));
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = Box::pin(aside.put(site(1), || ()));
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(aside.threads.available_permits(), 0);
        // The first one still has its thread when nobody waits for it any more.
        drop(first);
        assert!(second.as_mut().now_or_never().is_none());
        go.send(()).unwrap();
        second.await.unwrap();
        assert_eq!(aside.threads.available_permits(), 1);
        assert!(aside.waiting.lock().unwrap().sites.is_empty(), "nobody is remembered");
    }

    #[tokio::test]
    async fn clients_take_turns_however_much_one_of_them_sends() {
        let aside = Aside::new(1);
        let (go, wait) = mpsc::channel::<()>();
        let (done, order) = mpsc::channel();
        let mut begun = Box::pin(aside.put(site(1), move || wait.recv().unwrap()));
        assert!(begun.as_mut().now_or_never().is_none());
        let note = |number: u32| {
            let done = done.clone();
            Box::pin(aside.put(site(number), move || done.send(number).unwrap()))
        };
        let mut all: Vec<_> = [1, 1, 1, 1, 2, 2, 3].map(note).into();
        assert!(all.iter_mut().all(|work| work.as_mut().now_or_never().is_none()));
        // Whoever goes while he waits leaves the turn to the others.
        drop(all.remove(1));
        go.send(()).unwrap();
        begun.await.unwrap();
        futures_util::future::join_all(all).await;
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [1, 2, 3, 1, 2, 1]);
    }

    #[tokio::test]
    async fn what_waits_is_bounded_in_number_and_time() {
        let aside = Aside { wait_max: Duration::from_millis(200), ..Aside::new(1) };
        let thread = aside.threads.clone().acquire_owned().await.unwrap();
        let mut all: Vec<_> = (0..limits::ASIDE_WAITING_MAX)
            .map(|number| number / limits::ASIDE_WAITING_OF_SITE_MAX)
            .map(|number| Box::pin(aside.put(site(u32::try_from(number).unwrap()), || ())))
            .collect();
        let refusal = |work: Option<Result<(), (Reason, String)>>| work.and_then(Result::err);
        let mut begin = |number: usize| refusal(all[number].as_mut().now_or_never());
        for number in 0..limits::ASIDE_WAITING_OF_SITE_MAX {
            assert_eq!(begin(number), None);
        }
        let more = refusal(aside.put(site(0), || ()).now_or_never()).unwrap();
        assert_eq!(more.0, Reason::Busy, "so many of one client: {}", more.1);
        for number in limits::ASIDE_WAITING_OF_SITE_MAX..limits::ASIDE_WAITING_MAX {
            assert_eq!(begin(number), None, "others have room");
        }
        let more = refusal(aside.put(site(9_999), || ()).now_or_never()).unwrap();
        assert_eq!(more.0, Reason::Busy, "so many of all: {}", more.1);
        for late in futures_util::future::join_all(all).await {
            assert_eq!(late.unwrap_err().0, Reason::Busy);
        }
        drop(thread);
        assert_eq!(aside.put(site(0), || ()).now_or_never(), None);
        assert!(aside.waiting.lock().unwrap().sites.is_empty(), "it has had its turn at once");
    }
}
