//! One destination's loop: read, send, decide, settle.
//!
//! At most one read and one settlement are under way at a time, so what happens meanwhile gathers
//! for the next one: under load both grow by themselves, and an idle destination answers at once.
//!
//! The catalog is looked at before events are passed over, so that a connection gets every event
//! that was accepted after it was made. New settings hold for every attempt that starts from then
//! on; attempts under way end as they began.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::lanes::Order;
use domain::delivery::retry::{self, Decision, RetryPolicy, Tries};
use domain::delivery::{Outcome, Trace};
use domain::destination::webhook::AttemptStamp;
use domain::event::EventKind;
use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use futures_util::stream::{FuturesUnordered, StreamExt};
use storage::{
    AttemptRecord, Chunk, Fate, FilteredCount, Frame, GapReason, Journal, Receipt, Schedule,
    ScheduleState, Settlement, Snapshot, StorageError, Store, StoredEvent, Wanted,
};
use tokio::sync::watch;

use super::agenda::{Agenda, Going, Step};
use super::duty::Duty;
use super::taken::{self, Taken};
use crate::clock::{self, Rest};
use crate::live::{DestinationGauge, FilteredSample};
use crate::send::{Outlet, Sender, Sent};
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
    /// Whose.
    pub id: DestinationId,
    pub store: Store,
    pub outlet: Rc<Outlet>,
    pub policy: Policy,
    pub gauge: Arc<DestinationGauge>,
}

/// The loop of one destination.
pub(super) struct Dispatcher {
    parts: Parts,
    catalog: watch::Receiver<Arc<Snapshot>>,
    duty: Duty,
    sender: Rc<Sender>,
    journal: Arc<dyn Journal>,
    schedule: Arc<dyn Schedule>,
    agenda: Agenda,
    /// Events read and not offered yet; chosen by the duty's connections, and read anew with them.
    read_ahead: VecDeque<Taken>,
    reading: Option<Receipt<Chunk>>,
    /// A read or a settlement has failed; the next try comes after this.
    rest: Option<Rest>,
    settling: Option<Receipt<()>>,
    /// What is being settled, until it is committed.
    unconfirmed: Option<Settlement>,
    attempts: FuturesUnordered<Pin<Box<dyn Future<Output = Attempt>>>>,
    records: Vec<AttemptRecord>,
    /// Attempts ended whose settlement is not committed yet.
    unsettled: usize,
    /// Whether the last thing said of the deliveries is that they fail.
    is_failing: bool,
}

/// Why a dispatcher cannot start.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// The destination has been removed or disabled.
    #[error("the destination is gone")]
    Gone,
    /// Its settings cannot be used.
    #[error("the settings cannot be used: {0}")]
    Settings(String),
    /// Its state cannot be loaded.
    #[error("the schedule cannot be loaded")]
    Storage(#[from] StorageError),
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
    Ended(Sent),
    /// The event is gone for good.
    Lost(Reason),
    /// The journal could not be read just now.
    Unread(StorageError),
}

impl Dispatcher {
    /// Loads the destination's state and makes its dispatcher.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let mut catalog = parts.store.catalog.watch();
        let duty = Duty::of(&catalog.borrow_and_update(), &parts.id).ok_or(StartError::Gone)?;
        let sender = Sender::new(&duty.destination, parts.outlet.clone());
        let sender = Rc::new(sender.map_err(StartError::Settings)?);
        let schedule = parts.store.schedule.clone();
        let stored = load(&*schedule, &parts.id).await?;
        let state = stored.unwrap_or_else(|| {
            let head = *parts.store.journal.head().borrow();
            ScheduleState { cursor: duty.since().unwrap_or(head), open: Vec::new() }
        });
        let mut dispatcher = Self {
            catalog,
            duty,
            sender,
            journal: parts.store.journal.clone(),
            schedule,
            agenda: Agenda::resume(parts.policy.order, state),
            read_ahead: VecDeque::new(),
            reading: None,
            rest: None,
            settling: None,
            unconfirmed: None,
            attempts: FuturesUnordered::new(),
            records: Vec::new(),
            unsettled: 0,
            is_failing: false,
            parts,
        };
        dispatcher.pass_what_is_not_owed();
        Ok(dispatcher)
    }

    /// Runs until the destination is gone or the server ends; finishes what is under way before it
    /// returns.
    ///
    /// # Errors
    /// Where storage has failed; nothing is lost, the next start goes on from the last settlement.
    ///
    /// # Cancellation
    /// Dropping it forgets attempts under way: their events are sent again at the next start.
    pub async fn run(mut self, mut shutdown: Shutdown) -> Result<(), StorageError> {
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
                answer = pending(&mut self.reading) => self.chunk(answer),
                _ = head.changed(), if self.reading.is_none() => {}
                () = until(due), if due.is_some() => {}
                () = clock::rested(&mut self.rest) => self.rest = None,
                changed = self.catalog.changed() => {
                    if changed.is_err() || !self.refresh() {
                        break;
                    }
                }
                () = shutdown.draining() => break,
            }
        }
        self.finish(shutdown).await
    }

    /// Takes up what the catalog says now; false where the destination is gone.
    fn refresh(&mut self) -> bool {
        let Some(duty) = Duty::of(&self.catalog.borrow_and_update(), &self.parts.id) else {
            return false;
        };
        if duty.destination != self.duty.destination {
            match Sender::new(&duty.destination, self.parts.outlet.clone()) {
                Ok(sender) => self.sender = Rc::new(sender),
                Err(reason) => {
                    tracing::error!(destination = %self.parts.id, reason, "settings not taken up");
                }
            }
        }
        if !duty.chooses_as(&self.duty) {
            // What was read was chosen by the old connections: it is read again by the new ones.
            self.read_ahead.clear();
            self.reading = None;
        }
        self.duty = duty;
        self.pass_what_is_not_owed();
        true
    }

    /// Events before every connection are not owed, and need not be there any more.
    fn pass_what_is_not_owed(&mut self) {
        if let Some(since) = self.duty.since() {
            self.agenda.pass(since);
        }
    }

    /// Offers what was read ahead, as far as there is room.
    fn fill(&mut self) {
        while self.agenda.has_room() {
            match self.read_ahead.pop_front() {
                Some(Taken::ToDeliver(event)) => self.agenda.offer(event),
                Some(Taken::Filtered(seq, reason)) => {
                    self.agenda.filter(seq, reason);
                    let at = clock::now();
                    self.parts.gauge.filtered.note(FilteredSample { seq, at, reason });
                }
                None => return,
            }
        }
    }

    /// Starts attempts, as many as may be under way.
    fn send(&mut self) {
        let room = |this: &Self| {
            this.attempts.len() < this.parts.policy.concurrency
                && this.unsettled < limits::UNSETTLED_ATTEMPTS_MAX
        };
        let now = clock::now();
        while self.agenda.is_ready() && room(self) {
            let Some(going) = self.agenda.take(now) else { return };
            let sender = self.sender.clone();
            let journal = self.journal.clone();
            self.attempts.push(Box::pin(attempt(sender, journal, going)));
        }
    }

    /// Hands what changed to the schedule, unless it is still busy with the last step.
    fn settle(&mut self) {
        if self.settling.is_some() || self.rest.is_some() {
            return;
        }
        if self.unconfirmed.is_none() {
            self.unconfirmed = self.settlement();
        }
        if let Some(settlement) = &self.unconfirmed {
            self.settling = Some(self.schedule.commit(settlement.clone()));
        }
    }

    /// What changed since the last settlement; none where nothing did.
    fn settlement(&mut self) -> Option<Settlement> {
        let step = self.agenda.step();
        if step.is_none() && self.records.is_empty() {
            return None;
        }
        let cursor = self.agenda.cursor();
        let step = step.unwrap_or_else(|| Step::without_news(cursor));
        let filtered = step
            .filtered
            .into_iter()
            .map(|(reason, count)| FilteredCount { reason: reason.to_owned(), count });
        Some(Settlement {
            destination: self.parts.id.clone(),
            cursor,
            opened: step.opened,
            closed: step.closed,
            attempts: std::mem::take(&mut self.records),
            filtered: filtered.collect(),
        })
    }

    /// The schedule has answered; what it had no room for is handed over again after a rest.
    fn settled(&mut self, answer: Result<(), StorageError>) -> Result<(), StorageError> {
        self.settling = None;
        match answer {
            Ok(()) => {
                let settled = self.unconfirmed.take();
                self.unsettled -= settled.map_or(0, |settlement| settlement.attempts.len());
                Ok(())
            }
            Err(error) if error.passes() => {
                self.rest_after(&error, "settle deliveries");
                Ok(())
            }
            Err(failed) => Err(failed),
        }
    }

    /// Rests before storage is asked again.
    fn rest_after(&mut self, error: &StorageError, what: &str) {
        let error = crate::terminal::chain(error);
        tracing::warn!(destination = %self.parts.id, error, "cannot {what}; trying again");
        self.rest = Some(clock::rest(limits::STORAGE_REST));
    }

    /// Reads on, where there is something to read and room for it.
    fn read(&mut self, head: Seq) {
        let from = self.agenda.read_from();
        let is_free = self.reading.is_none() && self.rest.is_none() && self.read_ahead.is_empty();
        if is_free && from < head && self.agenda.has_room() {
            let wanted = self.duty.wanted();
            self.reading = Some(self.journal.read(from, wanted, limits::READ_BYTES));
        }
    }

    /// Takes in what was read. A read that failed is tried again: only failed commits mean that
    /// storage is not to be trusted.
    fn chunk(&mut self, answer: Result<Chunk, StorageError>) {
        self.reading = None;
        let chunk = match answer {
            Ok(chunk) => chunk,
            Err(error) => return self.rest_after(&error, "read events"),
        };
        // Events accepted since a connection was made must not be passed over by the old ones.
        if self.catalog.has_changed().unwrap_or(false) {
            return;
        }
        self.expire(&chunk);
        for frame in &chunk.frames {
            self.take_in(frame);
        }
        if self.read_ahead.is_empty() {
            self.agenda.pass(chunk.next);
        }
    }

    /// Takes in the events of a frame that are ours; here and nowhere else they are filtered.
    fn take_in(&mut self, frame: &Frame) {
        self.read_ahead.extend(taken::of(frame, self.agenda.read_from(), &self.duty));
    }

    /// Records what cannot be read any more, as far as this destination has not passed it yet.
    fn expire(&mut self, chunk: &Chunk) {
        let from = self.agenda.read_from();
        for gap in &chunk.gaps {
            let (first, last) = (gap.range.first.max(from), gap.range.last);
            let count = (last.0 + 1).saturating_sub(first.0);
            if count == 0 {
                continue;
            }
            let reason = lost_reason(gap.reason);
            tracing::error!(
                destination = %self.parts.id, first = first.0, last = last.0,
                reason = reason.code(), "stored events are gone and are not sent"
            );
            let single = count.min(limits::EXPIRED_RECORDS_MAX);
            for number in 0..single {
                let is_rest = number + 1 == single && single < count;
                let rest = is_rest.then(|| format!("and all events up to {last}"));
                self.record_lost(first.plus(number), reason, rest);
            }
        }
    }

    fn record_lost(&mut self, seq: Seq, reason: Reason, detail: Option<String>) {
        self.unsettled += 1;
        self.records.push(AttemptRecord {
            destination: self.parts.id.clone(),
            seq,
            kind: EventKind::Other,
            number: 0,
            at: clock::now(),
            duration_us: 0,
            status: 0,
            fate: Fate::Expired,
            reason: reason.code().to_owned(),
            detail: detail.unwrap_or_else(|| reason.sentence().to_owned()),
            trace: Trace::default(),
        });
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
            AttemptResult::Ended(sent) => {
                let outcome = &sent.outcome;
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
                self.record(&attempt, fate, outcome.reason(), sent);
            }
            AttemptResult::Lost(reason) => {
                self.agenda.finish(attempt.seq);
                let outcome = Outcome::permanent(*reason, reason.sentence().to_owned());
                let sent = Sent { outcome, trace: Trace::default() };
                self.record(&attempt, Fate::Expired, Some(*reason), &sent);
            }
            AttemptResult::Unread(error) => {
                let error = crate::terminal::chain(error);
                tracing::warn!(event = attempt.seq.0, error, "cannot read a stored event");
                self.agenda.put_off(attempt.seq, now.plus(limits::REREAD_WAIT));
            }
        }
    }

    /// Says when deliveries begin to fail, and when they succeed again; not each of them.
    fn tell(&mut self, fate: Fate, reason: Option<Reason>, detail: &str) {
        let destination = &self.parts.id;
        match fate {
            Fate::Retry if !self.is_failing => {
                let reason = reason.map(Reason::code);
                tracing::warn!(%destination, reason, detail, "deliveries fail; trying again");
                self.is_failing = true;
            }
            Fate::Delivered if self.is_failing => {
                tracing::info!(%destination, "deliveries succeed again");
                self.is_failing = false;
            }
            _ => {}
        }
    }

    fn record(&mut self, attempt: &Attempt, fate: Fate, reason: Option<Reason>, sent: &Sent) {
        let Sent { outcome, trace } = sent;
        self.tell(fate, reason, &outcome.detail);
        if fate == Fate::GaveUp {
            tracing::warn!(
                destination = %self.parts.id, event = attempt.seq.0,
                attempts = attempt.tries.count, reason = reason.map(Reason::code),
                detail = outcome.detail, "gave up a delivery"
            );
        }
        self.unsettled += 1;
        self.records.push(AttemptRecord {
            destination: self.parts.id.clone(),
            seq: attempt.seq,
            kind: attempt.kind,
            number: attempt.tries.count,
            at: attempt.at,
            duration_us: attempt.duration_us,
            status: outcome.status,
            fate,
            reason: reason.map_or("", Reason::code).to_owned(),
            detail: outcome.detail.clone(),
            trace: trace.clone(),
        });
    }

    fn report(&self, head: Seq) {
        let (parked, next) = self.agenda.parked();
        let behind = head.0.saturating_sub(self.agenda.read_from().0);
        self.parts.gauge.report(behind + self.agenda.unfinished() as u64, parked as u64, next);
    }

    /// Lets attempts under way end, within the time that the end has, and settles for the last time.
    async fn finish(mut self, mut shutdown: Shutdown) -> Result<(), StorageError> {
        let mut overdue = pin!(shutdown.overdue(self.parts.policy.grace));
        while !self.attempts.is_empty() {
            self.settle();
            tokio::select! {
                Some(attempt) = self.attempts.next() => self.ended(attempt),
                answer = pending(&mut self.settling) => self.settled(answer)?,
                () = clock::rested(&mut self.rest) => self.rest = None,
                () = &mut overdue => break,
                () = shutdown.ending_now() => break,
            }
        }
        self.agenda.end();
        self.rest = None;
        loop {
            self.settle();
            if self.settling.is_none() {
                // Nothing is left, or storage has no room: then the rest is made again.
                return Ok(());
            }
            let answer = pending(&mut self.settling).await;
            self.settled(answer)?;
        }
    }
}

/// Loads a destination's state, as soon as storage has room for the question.
async fn load(
    schedule: &dyn Schedule,
    id: &DestinationId,
) -> Result<Option<ScheduleState>, StorageError> {
    loop {
        match schedule.load(id).await {
            Err(error) if error.passes() => tokio::time::sleep(limits::STORAGE_REST).await,
            loaded => return loaded,
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
    let stamp = AttemptStamp { number: going.tries.count, at };
    let result = match event {
        Ok(event) => AttemptResult::Ended(sender.send(&event.payload, stamp).await),
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
        let gap = chunk.gaps.iter().find(holds);
        AttemptResult::Lost(gap.map_or(Reason::Trimmed, |gap| lost_reason(gap.reason)))
    })
}

fn lost_reason(reason: GapReason) -> Reason {
    match reason {
        GapReason::Trimmed => Reason::Trimmed,
        GapReason::Quarantined => Reason::Quarantined,
    }
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
