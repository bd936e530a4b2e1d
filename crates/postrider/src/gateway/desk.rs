//! The desk of one gateway thread: hands the requests of a moment to the journal together.
//!
//! Requests that are ready in the same turn of the thread's event loop become one batch, and the
//! journal's answer wakes the thread once for all of them. There is no timer: a lone request is
//! handed over at once.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use domain::event::NewEvent;
use domain::limits;
use futures_util::stream::{FuturesUnordered, StreamExt};
use storage::{Journal, StorageError};
use tokio::sync::{Notify, oneshot};

use super::Needs;
use super::recent::{Calls, Claims, Recent};
use crate::clock;
use crate::live::Gauges;
use crate::spans::{Arrival, Tracer};

type Reply = oneshot::Sender<Result<(), StorageError>>;

/// Collects what a thread's requests want stored.
pub struct Desk {
    journal: Arc<dyn Journal>,
    gauges: Arc<Gauges>,
    recent: Arc<Recent>,
    tracer: Tracer,
    pending: RefCell<Batch>,
    filled: Notify,
}

/// What goes to the journal together.
#[derive(Default)]
struct Batch {
    events: Vec<NewEvent>,
    /// Claimed; to be remembered once the events are stored.
    calls: Calls,
    replies: Vec<Reply>,
    /// How events came, where that is traced, with the place of the first one of each request.
    arrivals: Vec<(usize, Arrival)>,
    bytes: usize,
    /// What was full before this one began.
    full: Vec<Batch>,
}

impl Desk {
    /// A desk in front of the journal.
    pub fn new(needs: &Needs) -> Self {
        Self {
            journal: needs.store.journal.clone(),
            gauges: needs.gauges.clone(),
            recent: needs.recent.clone(),
            tracer: needs.tracer.clone(),
            pending: RefCell::default(),
            filled: Notify::new(),
        }
    }

    /// Stores the events of one request, all or none, and remembers their calls; returns when they
    /// are on disk.
    ///
    /// # Errors
    /// As the journal says; the claims have ended then.
    ///
    /// # Cancellation
    /// The events may be stored although nobody waits any more; the claims end when the journal has
    /// answered.
    pub async fn store(
        &self,
        events: Vec<NewEvent>,
        claims: Claims<&Recent>,
        arrival: Option<Arrival>,
    ) -> Result<(), StorageError> {
        let (reply, answer) = oneshot::channel();
        {
            let mut pending = self.pending.borrow_mut();
            let bytes = events.iter().map(|event| event.payload.len()).sum();
            pending.make_room(bytes);
            pending.bytes += bytes;
            let place = pending.events.len();
            pending.arrivals.extend(arrival.map(|arrival| (place, arrival)));
            pending.events.extend(events);
            pending.calls.extend(claims.hand_over());
            pending.replies.push(reply);
        }
        self.filled.notify_one();
        answer.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Hands batches over and passes answers on, until it is dropped.
    ///
    /// # Cancellation
    /// Requests whose answer has not come get `Closed`.
    pub async fn run(&self) {
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = self.filled.notified() => {
                    // Every request that is ready now gets its turn before the batch is closed.
                    tokio::task::yield_now().await;
                    let mut batch = self.pending.take();
                    let full = std::mem::take(&mut batch.full);
                    let receipts = full.into_iter().chain([batch]).map(|one| self.hand_over(one));
                    under_way.extend(receipts.flatten());
                }
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
            }
        }
    }

    fn hand_over(&self, batch: Batch) -> Option<impl Future<Output = ()> + use<>> {
        if batch.replies.is_empty() {
            return None;
        }
        let count = batch.events.len() as u64;
        let gauges = self.gauges.clone();
        let claims = Claims::of(self.recent.clone(), batch.calls);
        let traced = self.tracer.acceptance(&batch.events, batch.arrivals);
        let handed_over = Instant::now();
        match self.journal.append(batch.events) {
            Ok(receipt) => Some(async move {
                let stored = receipt.await;
                gauges.store_time.note(handed_over.elapsed());
                // Done here, as a caller may be gone before its answer comes, and send again.
                if stored.is_ok() {
                    gauges.accepted.fetch_add(count, Relaxed);
                    claims.confirm(clock::now());
                } else {
                    drop(claims);
                }
                answer_all(batch.replies, &stored.clone().map(|_| ()));
                if let (Some(traced), Ok(places)) = (traced, stored) {
                    traced.stored(places.first);
                }
            }),
            Err(error) => {
                drop(claims);
                answer_all(batch.replies, &Err(error));
                None
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let Batch { calls, full, .. } = self.pending.take();
        let all = full.into_iter().map(|batch| batch.calls).chain([calls]);
        all.for_each(|calls| drop(Claims::of(&*self.recent, calls)));
    }
}

impl Batch {
    /// Begins a new batch where this one cannot take so many bytes more.
    fn make_room(&mut self, bytes: usize) {
        if self.bytes > 0 && self.bytes + bytes > limits::BATCH_BYTES_MAX {
            let mut full = std::mem::take(self);
            self.full = std::mem::take(&mut full.full);
            self.full.push(full);
        }
    }
}

fn answer_all(replies: Vec<Reply>, answer: &Result<(), StorageError>) {
    for reply in replies {
        // Whoever does not wait any more does not need the answer.
        let _ = reply.send(answer.clone());
    }
}
