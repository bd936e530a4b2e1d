//! One destination's loop: read, send, decide, settle.
//!
//! At most one read and one settlement are under way at a time, so what happens meanwhile gathers
//! for the next one: under load both grow by themselves, and an idle destination answers at once.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::connection::Connection;
use domain::delivery::lanes::Order;
use domain::delivery::retry::{self, Decision, RetryPolicy, Tries};
use domain::destination::Destination;
use domain::event::EventKind;
use domain::id::Seq;
use domain::reason::Reason;
use domain::time::Timestamp;
use domain::{delivery::Outcome, limits};
use futures_util::stream::{FuturesUnordered, StreamExt};
use storage::{
    AttemptRecord, Chunk, Fate, GapReason, Journal, Receipt, Schedule, ScheduleState, Settlement,
    StorageError, Store, StoredEvent, Wanted,
};
use tokio::sync::watch;

use super::agenda::{Agenda, Going};
use crate::clock;
use crate::live::DestinationGauge;
use crate::send::Sender;
use crate::shutdown::Shutdown;

/// How deliveries are made; the same for all destinations.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// When to try again.
    pub retry: RetryPolicy,
    /// Which events keep their order.
    pub order: Order,
    /// Attempts under way at a time, per destination.
    pub concurrency: usize,
    /// How long attempts under way may take when the server ends.
    pub grace: Duration,
}

/// What a dispatcher works with.
pub(super) struct Parts {
    pub destination: Destination,
    pub connections: Vec<Connection>,
    pub sender: Rc<Sender>,
    pub store: Store,
    pub policy: Policy,
    pub gauge: Arc<DestinationGauge>,
}

/// The loop of one destination.
pub(super) struct Dispatcher {
    parts: Parts,
    journal: Arc<dyn Journal>,
    schedule: Arc<dyn Schedule>,
    wanted: Wanted,
    agenda: Agenda,
    /// Events read and not offered yet.
    read_ahead: VecDeque<StoredEvent>,
    reading: Option<Receipt<Chunk>>,
    settling: Option<Receipt<()>>,
    attempts: FuturesUnordered<Pin<Box<dyn Future<Output = Attempt>>>>,
    records: Vec<AttemptRecord>,
    /// Attempts ended whose settlement is not committed yet.
    unsettled: usize,
    settling_count: usize,
}

/// An attempt that has ended.
struct Attempt {
    seq: Seq,
    kind: EventKind,
    tries: Tries,
    at: Timestamp,
    duration_us: u32,
    result: AttemptResult,
}

enum AttemptResult {
    Ended(Outcome),
    /// The event is gone for good.
    Lost(Reason),
    /// The journal could not be read just now.
    Unread(StorageError),
}

impl Dispatcher {
    /// Loads the destination's state and makes its dispatcher.
    ///
    /// # Errors
    /// As the schedule says.
    pub async fn start(parts: Parts) -> Result<Self, StorageError> {
        let schedule = parts.store.schedule.clone();
        let stored = schedule.load(&parts.destination.id).await?;
        let since = parts.connections.iter().map(|connection| connection.since).min();
        let first = since.unwrap_or_else(|| *parts.store.journal.head().borrow());
        let state = stored.unwrap_or(ScheduleState { cursor: first, open: Vec::new() });
        let sources = parts.connections.iter().map(|connection| connection.source.clone());
        Ok(Self {
            journal: parts.store.journal.clone(),
            schedule,
            wanted: Wanted::Sources(sources.collect()),
            agenda: Agenda::resume(parts.policy.order, state),
            read_ahead: VecDeque::new(),
            reading: None,
            settling: None,
            attempts: FuturesUnordered::new(),
            records: Vec::new(),
            unsettled: 0,
            settling_count: 0,
            parts,
        })
    }

    /// Runs until `stop` changes or the server ends; finishes what is under way before it returns.
    ///
    /// # Errors
    /// Where storage failed; nothing is lost, the next start goes on from the last settlement.
    ///
    /// # Cancellation
    /// Dropping it forgets attempts under way: their events are sent again at the next start.
    pub async fn run(
        mut self,
        mut stop: watch::Receiver<bool>,
        mut shutdown: Shutdown,
    ) -> Result<(), StorageError> {
        let mut head = self.journal.head();
        loop {
            self.agenda.wake(clock::now());
            self.fill();
            self.send();
            self.settle();
            self.read(*head.borrow_and_update());
            self.report(*head.borrow());
            let due = self.agenda.next_due();
            tokio::select! {
                Some(attempt) = self.attempts.next(), if !self.attempts.is_empty() => {
                    self.ended(attempt);
                    self.ended_meanwhile();
                }
                answer = pending(&mut self.settling) => self.settled(answer)?,
                answer = pending(&mut self.reading) => self.chunk(answer?),
                _ = head.changed(), if self.reading.is_none() => {}
                () = until(due), if due.is_some() => {}
                _ = stop.changed() => break,
                () = shutdown.draining() => break,
            }
        }
        self.finish(shutdown).await
    }

    /// Offers what was read ahead, as far as there is room.
    fn fill(&mut self) {
        while self.agenda.has_room() {
            let Some(event) = self.read_ahead.pop_front() else { return };
            if self.connects(&event) {
                self.agenda.offer(event);
            } else {
                self.agenda.pass(event.seq.next());
            }
        }
    }

    fn connects(&self, event: &StoredEvent) -> bool {
        let passes = |connection: &Connection| {
            connection.enabled && connection.source == event.source && event.seq >= connection.since
        };
        self.parts.connections.iter().any(passes)
    }

    /// Starts attempts, as many as may be under way.
    fn send(&mut self) {
        let room = |this: &Self| {
            this.attempts.len() < this.parts.policy.concurrency
                && this.unsettled < limits::UNSETTLED_ATTEMPTS_MAX
        };
        while self.agenda.is_ready() && room(self) {
            let Some(going) = self.agenda.take(clock::now()) else { return };
            let sender = self.parts.sender.clone();
            let journal = self.journal.clone();
            self.attempts.push(Box::pin(attempt(sender, journal, going)));
        }
    }

    /// Hands what changed to the schedule, unless it is still busy with the last step.
    fn settle(&mut self) {
        if self.settling.is_some() {
            return;
        }
        let step = self.agenda.step();
        if step.is_none() && self.records.is_empty() {
            return;
        }
        let (opened, closed) = step.map_or_else(Default::default, |s| (s.opened, s.closed));
        let settlement = Settlement {
            destination: self.parts.destination.id.clone(),
            cursor: self.agenda.cursor(),
            opened,
            closed,
            attempts: std::mem::take(&mut self.records),
        };
        self.settling_count = settlement.attempts.len();
        self.settling = Some(self.schedule.commit(settlement));
    }

    fn settled(&mut self, answer: Result<(), StorageError>) -> Result<(), StorageError> {
        self.settling = None;
        self.unsettled -= self.settling_count;
        answer
    }

    /// Reads on, where there is something to read and room for it.
    fn read(&mut self, head: Seq) {
        let from = self.agenda.read_from();
        if self.reading.is_none()
            && self.read_ahead.is_empty()
            && from < head
            && self.agenda.has_room()
        {
            let wanted = self.wanted.clone();
            self.reading = Some(self.journal.read(from, wanted, limits::READ_BYTES));
        }
    }

    fn chunk(&mut self, chunk: Chunk) {
        self.reading = None;
        let from = self.agenda.read_from();
        for gap in &chunk.gaps {
            if gap.reason == GapReason::Quarantined {
                tracing::error!(
                    destination = %self.parts.destination.id,
                    first = gap.range.first.0, last = gap.range.last.0,
                    "stored events are damaged and are not sent"
                );
            }
        }
        let events = chunk.frames.iter().flat_map(|frame| frame.events());
        self.read_ahead.extend(events.filter(|event| event.seq >= from));
        if self.read_ahead.is_empty() {
            self.agenda.pass(chunk.next);
        }
    }

    fn ended_meanwhile(&mut self) {
        while let Some(Some(attempt)) = futures_util::FutureExt::now_or_never(self.attempts.next())
        {
            self.ended(attempt);
        }
    }

    /// Decides what comes of an attempt.
    fn ended(&mut self, attempt: Attempt) {
        let now = clock::now();
        match &attempt.result {
            AttemptResult::Ended(outcome) => {
                let jitter = clock::jitter();
                let policy = &self.parts.policy.retry;
                let decision = retry::decide(policy, attempt.tries, outcome, now, jitter);
                let fate = match decision {
                    Decision::Close => Fate::Delivered,
                    Decision::GiveUp => Fate::GaveUp,
                    Decision::RetryAt(_) => Fate::Retry,
                };
                match (decision, outcome.reason()) {
                    (Decision::RetryAt(at), Some(reason)) => {
                        self.agenda.retry(attempt.seq, at, reason);
                    }
                    _ => self.agenda.finish(attempt.seq),
                }
                self.record(&attempt, fate, outcome.reason(), outcome);
            }
            AttemptResult::Lost(reason) => {
                self.agenda.finish(attempt.seq);
                let outcome = Outcome::permanent(*reason, reason.sentence().to_owned());
                self.record(&attempt, Fate::Expired, Some(*reason), &outcome);
            }
            AttemptResult::Unread(error) => {
                tracing::warn!(event = attempt.seq.0, %error, "cannot read a stored event");
                let at = now.plus(limits::REREAD_WAIT);
                self.agenda.retry(attempt.seq, at, Reason::StorageFull);
            }
        }
    }

    fn record(&mut self, attempt: &Attempt, fate: Fate, reason: Option<Reason>, outcome: &Outcome) {
        self.parts.gauge.count(fate, attempt.tries.count);
        if fate == Fate::GaveUp {
            tracing::warn!(
                destination = %self.parts.destination.id, event = attempt.seq.0,
                attempts = attempt.tries.count, reason = reason.map(Reason::code),
                detail = outcome.detail, "gave up a delivery"
            );
        }
        self.unsettled += 1;
        self.records.push(AttemptRecord {
            destination: self.parts.destination.id.clone(),
            seq: attempt.seq,
            kind: attempt.kind,
            number: attempt.tries.count,
            at: attempt.at,
            duration_us: attempt.duration_us,
            status: outcome.status,
            fate,
            reason: reason.map_or("", Reason::code).to_owned(),
            detail: outcome.detail.clone(),
        });
    }

    fn report(&self, head: Seq) {
        let (parked, next) = self.agenda.parked();
        let behind = head.0.saturating_sub(self.agenda.read_from().0);
        self.parts.gauge.report(behind + self.agenda.unfinished() as u64, parked as u64, next);
    }

    /// Lets attempts under way end, within the grace period, and settles for the last time.
    async fn finish(mut self, mut shutdown: Shutdown) -> Result<(), StorageError> {
        let grace = tokio::time::sleep(self.parts.policy.grace);
        tokio::pin!(grace);
        while !self.attempts.is_empty() {
            self.settle();
            tokio::select! {
                Some(attempt) = self.attempts.next() => self.ended(attempt),
                answer = pending(&mut self.settling) => self.settled(answer)?,
                () = &mut grace => break,
                () = shutdown.ending_now() => break,
            }
        }
        if let Some(settling) = self.settling.take() {
            settling.await?;
        }
        self.settle();
        match self.settling.take() {
            Some(settling) => settling.await,
            None => Ok(()),
        }
    }
}

/// Makes one attempt: reads the event again where it is not at hand, and sends it.
async fn attempt(sender: Rc<Sender>, journal: Arc<dyn Journal>, going: Going) -> Attempt {
    let at = clock::now();
    let start = clock::Stopwatch::start();
    let event = match going.event {
        Some(event) => Ok(event),
        None => reread(&*journal, going.seq).await,
    };
    let result = match event {
        Ok(event) => AttemptResult::Ended(sender.send(&event.payload).await),
        Err(lost_or_unread) => lost_or_unread,
    };
    Attempt {
        seq: going.seq,
        kind: going.kind,
        tries: going.tries,
        at,
        duration_us: start.micros(),
        result,
    }
}

async fn reread(journal: &dyn Journal, seq: Seq) -> Result<StoredEvent, AttemptResult> {
    let chunk = journal.read(seq, Wanted::All, 1).await.map_err(AttemptResult::Unread)?;
    let found = chunk.frames.first().and_then(|frame| frame.event(seq));
    found.ok_or_else(|| {
        let holds = |gap: &&storage::Gap| gap.range.first <= seq && seq <= gap.range.last;
        match chunk.gaps.iter().find(holds).map(|gap| gap.reason) {
            Some(GapReason::Quarantined) => AttemptResult::Lost(Reason::Quarantined),
            _ => AttemptResult::Lost(Reason::Trimmed),
        }
    })
}

/// Waits for a receipt that may not be there, in which case it waits forever.
async fn pending<T: Unpin>(receipt: &mut Option<Receipt<T>>) -> Result<T, StorageError> {
    match receipt {
        Some(receipt) => receipt.await,
        None => std::future::pending().await,
    }
}

/// Waits until a point in time.
async fn until(due: Option<Timestamp>) {
    let Some(due) = due else { return std::future::pending().await };
    tokio::time::sleep(due.since(clock::now())).await;
}
