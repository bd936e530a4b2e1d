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

use domain::delivery::Policy as RetryPolicy;
use domain::delivery::flow::{Bounds, Ended, Flow, Mode, Turn};
use domain::delivery::lanes::Order;
use domain::delivery::policy::Class;
use domain::delivery::retry::{self, Decision, Moment};
use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::time::Timestamp;
use futures_util::stream::{FuturesUnordered, StreamExt};
use storage::{
    Chunk, Fate, FilteredCount, Frame, Journal, OpenDelivery, Receipt, Schedule, ScheduleState,
    Settlement, ShelfLine, Snapshot, StorageError, Store,
};
use tokio::sync::watch;

use super::agenda::{Agenda, Step};
use super::attempt::{Attempt, AttemptResult, Rereader, attempt};
use super::commons::{Commons, Stake};
use super::duty::Duty;
use super::records::Records;
use super::taken::{self, Taken};
use crate::clock::{self, Rest};
use crate::live::{DestinationGauge, FilteredSample, Left, Wish};
use crate::send::{Outlet, Sender, Sent};
use crate::shutdown::Shutdown;

/// How deliveries are made, as far as a destination does not say otherwise.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What is done about failures.
    pub retry: RetryPolicy,
    /// Which events keep their order.
    pub order: Order,
    /// How much may be under way to a destination.
    pub bounds: Bounds,
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
    pub commons: Rc<Commons>,
}

/// The loop of one destination.
pub(super) struct Dispatcher {
    parts: Parts,
    catalog: watch::Receiver<Arc<Snapshot>>,
    duty: Duty,
    sender: Rc<Sender>,
    journal: Arc<dyn Journal>,
    rereader: Rc<Rereader>,
    schedule: Arc<dyn Schedule>,
    agenda: Agenda,
    /// What is done about failures of this destination.
    retry: RetryPolicy,
    flow: Flow,
    stake: Stake,
    /// Events read and not offered yet; chosen by the duty's connections, and read anew with them.
    read_ahead: VecDeque<Taken>,
    reading: Option<Receipt<Chunk>>,
    /// A read or a settlement has failed; the next try comes after this.
    rest: Option<Rest>,
    /// A line of shelved deliveries that the store is asked for.
    unshelving: Option<(ShelfLine, Receipt<Vec<OpenDelivery>>)>,
    settling: Option<Receipt<()>>,
    /// What is being settled, until it is committed.
    unconfirmed: Option<Settlement>,
    attempts: FuturesUnordered<Pin<Box<dyn Future<Output = Attempt>>>>,
    records: Records,
}

/// Why a dispatcher cannot start.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// The destination is paused, disabled or removed.
    #[error("the destination is not at work")]
    NotAtWork,
    /// Its settings cannot be used.
    #[error("the settings cannot be used: {0}")]
    Settings(String),
    /// Its state cannot be loaded.
    #[error("the schedule cannot be loaded")]
    Storage(#[from] StorageError),
}

impl Dispatcher {
    /// Loads the destination's state and makes its dispatcher.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let mut catalog = parts.store.catalog.watch();
        let duty =
            Duty::of(&catalog.borrow_and_update(), &parts.id).ok_or(StartError::NotAtWork)?;
        let sender = Sender::new(&duty.destination, parts.outlet.clone());
        let sender = Rc::new(sender.map_err(StartError::Settings)?);
        let schedule = parts.store.schedule.clone();
        let stored = load(&*schedule, &parts.id).await?;
        let state = stored.unwrap_or_else(|| {
            let head = *parts.store.journal.head().borrow();
            ScheduleState::at(duty.since().unwrap_or(head))
        });
        let own = &duty.destination.delivery;
        let order = own.order.unwrap_or(parts.policy.order);
        let mut dispatcher = Self {
            retry: parts.policy.retry.with(&own.retry),
            flow: Flow::new(parts.policy.bounds.with(own.bounds), clock::now()),
            stake: Stake::in_commons(&parts.commons),
            catalog,
            duty,
            sender,
            journal: parts.store.journal.clone(),
            rereader: Rc::new(Rereader::new(parts.store.journal.clone())),
            schedule,
            agenda: Agenda::resume(order, state),
            read_ahead: VecDeque::new(),
            reading: None,
            rest: None,
            unshelving: None,
            settling: None,
            unconfirmed: None,
            attempts: FuturesUnordered::new(),
            records: Records::new(parts.id.clone()),
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
        let gauge = self.parts.gauge.clone();
        loop {
            let now = clock::now();
            self.wake(now);
            self.fill();
            self.send(now);
            if self.attempts.is_empty() {
                self.rereader.forget();
            }
            self.settle();
            self.unshelve();
            self.read(*head.borrow_and_update());
            self.report();
            let due = self.next_look(now);
            tokio::select! {
                Some(attempt) = self.attempts.next(), if !self.attempts.is_empty() => {
                    self.ended(attempt);
                    self.ended_meanwhile();
                }
                answer = pending(&mut self.settling) => self.settled(answer)?,
                answer = pending(&mut self.reading) => self.chunk(answer),
                answer = shelved(&mut self.unshelving) => self.unshelved(answer),
                () = self.stake.turn() => {}
                _ = head.changed(), if self.reading.is_none() && self.wants_more() => {}
                () = until(due), if due.is_some() => {}
                () = clock::rested(&mut self.rest) => self.rest = None,
                wishes = gauge.wishes.next() => self.grant(wishes),
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

    /// Makes those ready whose time has come, and one more where the endpoint may be probed.
    fn wake(&mut self, now: Timestamp) {
        self.agenda.wake(now);
        if self.flow.is_probing()
            && !self.agenda.is_ready(self.flow.limit())
            && self.flow.is_open(now)
        {
            self.agenda.hurry();
        }
    }

    /// When there is something to do by time alone.
    fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        let is_waiting = self.agenda.is_ready(self.flow.limit())
            || self.flow.is_probing() && self.agenda.next_due().is_some();
        let opens = self.flow.opens_at(now).filter(|at| is_waiting && *at > now);
        opens.into_iter().chain(self.agenda.next_due()).min()
    }

    /// Does what people ask for.
    fn grant(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            match wish {
                Wish::TryNow => {
                    tracing::info!(destination = %self.parts.id, "all that waits is tried now");
                    self.flow.resume(clock::now());
                    self.agenda.hurry_all();
                }
                Wish::Skip(seq) => self.skip(seq),
            }
        }
    }

    fn skip(&mut self, seq: Seq) {
        if let Some(skipped) = self.agenda.skip(seq) {
            self.records.skipped(&skipped);
        }
    }

    /// Takes up what the catalog says now; false where the destination is gone, or its order is
    /// another one, so that it has to begin anew.
    fn refresh(&mut self) -> bool {
        let Some(duty) = Duty::of(&self.catalog.borrow_and_update(), &self.parts.id) else {
            return false;
        };
        let (own, before) = (&duty.destination.delivery, &self.duty.destination.delivery);
        if own.order != before.order {
            return false;
        }
        if duty.destination != self.duty.destination {
            self.retry = self.parts.policy.retry.with(&own.retry);
            let now = clock::now();
            self.flow.rebind(self.parts.policy.bounds.with(own.bounds), now);
            // What waits by the old settings waits no longer than it would by the new ones.
            self.agenda.hasten(now, |attempts| self.retry.backoff(attempts));
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

    /// Whether events are read on. Where the endpoint takes nothing they stay where they are, as long
    /// as there is something to probe it with: so a dead endpoint costs nothing, however many come.
    fn wants_more(&self) -> bool {
        let is_at_rest = self.flow.mode() != Mode::Active && self.agenda.unfinished() > 0;
        self.agenda.has_room() && self.stake.window() > 0 && !is_at_rest
    }

    /// Offers what was read ahead, as far as there is room.
    fn fill(&mut self) {
        self.stake.hold(self.agenda.held_bytes());
        while self.wants_more() {
            match self.read_ahead.pop_front() {
                Some(Taken::ToDeliver(event)) => self.agenda.offer(event),
                Some(Taken::Filtered(seq, reason)) => {
                    self.agenda.filter(seq, reason);
                    let at = clock::now();
                    self.parts.gauge.filtered.note(FilteredSample { seq, at, reason });
                }
                None => break,
            }
            self.stake.hold(self.agenda.held_bytes());
        }
    }

    /// Starts attempts, as many as may be under way.
    fn send(&mut self, now: Timestamp) {
        while self.agenda.is_ready(self.flow.limit())
            && self.records.has_room()
            && self.flow.is_open(now)
            && self.stake.may_start()
        {
            let Some(going) = self.agenda.take(now, self.flow.limit()) else { break };
            self.flow.start(going.bytes());
            self.stake.start(going.bytes());
            let sender = self.sender.clone();
            let rereader = self.rereader.clone();
            self.attempts.push(Box::pin(attempt(sender, rereader, going)));
        }
        self.stake.pause();
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
            attempts: self.records.take(),
            filtered: filtered.collect(),
            waiting: self.agenda.take_waiting(),
        })
    }

    /// The schedule has answered; what it had no room for is handed over again after a rest.
    fn settled(&mut self, answer: Result<(), StorageError>) -> Result<(), StorageError> {
        self.settling = None;
        match answer {
            Ok(()) => {
                let settled = self.unconfirmed.take();
                self.agenda.settled();
                self.records.settled(settled.map_or(0, |settlement| settlement.attempts.len()));
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

    /// Asks for shelved deliveries of lanes that have few others left.
    fn unshelve(&mut self) {
        if self.unshelving.is_none()
            && self.rest.is_none()
            && let Some((line, count)) = self.agenda.next_line()
        {
            let receipt = self.schedule.unshelve(&self.parts.id, line, count);
            self.unshelving = Some((line, receipt));
        }
    }

    fn unshelved(&mut self, answer: (ShelfLine, Result<Vec<OpenDelivery>, StorageError>)) {
        match answer {
            (line, Ok(back)) => self.agenda.unshelve(line, back),
            (line, Err(error)) => {
                self.agenda.ask_again(line);
                self.rest_after(&error, "read what waits on disk");
            }
        }
    }

    /// Reads on, where there is something to read and room for it.
    fn read(&mut self, head: Seq) {
        let from = self.agenda.read_from();
        let is_free = self.reading.is_none() && self.rest.is_none() && self.read_ahead.is_empty();
        if is_free && from < head && self.wants_more() {
            let wanted = self.duty.wanted();
            let bytes = self.stake.window().clamp(limits::WINDOW_BYTES_LEAST, limits::READ_BYTES);
            self.reading = Some(self.journal.read(from, wanted, bytes));
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
        self.records.expired(&self.duty.owed(&chunk.gaps), self.agenda.read_from());
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

    fn ended_meanwhile(&mut self) {
        while let Some(Some(attempt)) = futures_util::FutureExt::now_or_never(self.attempts.next())
        {
            self.ended(attempt);
        }
    }

    /// Decides what comes of an attempt.
    fn ended(&mut self, attempt: Attempt) {
        let now = clock::now();
        self.stake.end();
        match &attempt.result {
            AttemptResult::Ended(sent) => self.judge(&attempt, sent, now),
            AttemptResult::Lost(reason) => {
                self.flow.forget(attempt.bytes);
                self.agenda.finish(attempt.seq);
                self.records.lost(&attempt, *reason);
            }
            AttemptResult::Unread(error) => {
                self.flow.forget(attempt.bytes);
                let error = crate::terminal::chain(error);
                tracing::warn!(event = attempt.seq.0, error, "cannot read a stored event");
                self.agenda.put_off(attempt.seq, now.plus(limits::REREAD_WAIT));
            }
        }
    }

    /// Decides what comes of an attempt that was made.
    fn judge(&mut self, attempt: &Attempt, sent: &Sent, now: Timestamp) {
        let outcome = &sent.outcome;
        let ended = Ended { started_at: attempt.at, bytes: attempt.bytes, outcome };
        let turn = self.flow.end(ended, now);
        let work = &self.parts.gauge.work;
        work.ended(Class::of(outcome), Duration::from_micros(attempt.duration_us.into()));
        let moment = Moment { now, jitter: clock::jitter(), endpoint: self.flow.endpoint() };
        let decision = retry::decide(&self.retry, attempt.tries, outcome, moment);
        let fate = match decision {
            Decision::Close => Fate::Delivered,
            Decision::GiveUp => Fate::GaveUp,
            Decision::RetryAt(_) => Fate::Retry,
        };
        match (decision, outcome.reason()) {
            (Decision::RetryAt(at), Some(reason)) => {
                self.agenda.retry(attempt.seq, at, (reason.code(), outcome.status));
            }
            _ => self.agenda.finish(attempt.seq),
        }
        if let (Fate::Delivered, Some(received_at)) = (fate, attempt.received_at) {
            work.delivered(now.since(received_at));
        }
        self.records.made(attempt, fate, sent);
        if let Some(turn) = turn {
            self.records.turned(turn, outcome);
        }
        if turn == Some(Turn::Recovers) {
            self.agenda.hurry_all();
        }
    }

    fn report(&self) {
        let (parked, next) = self.agenda.parked();
        let gauge = &self.parts.gauge;
        let left = Left {
            read_from: self.agenda.read_from(),
            gets_until: None,
            unfinished: self.agenda.unfinished(),
            retrying: parked as u64,
            next_retry_at: next,
            oldest_at: self.agenda.oldest_at(),
        };
        gauge.report(left);
        gauge.flow.report(&self.flow);
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
pub(super) async fn load(
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

/// Waits for a receipt that may not be there, in which case it waits forever.
async fn pending<T: Unpin>(receipt: &mut Option<Receipt<T>>) -> Result<T, StorageError> {
    match receipt {
        Some(receipt) => receipt.await,
        None => std::future::pending().await,
    }
}

/// Waits for a line of shelved deliveries, forever where none was asked for.
async fn shelved(
    asked: &mut Option<(ShelfLine, Receipt<Vec<OpenDelivery>>)>,
) -> (ShelfLine, Result<Vec<OpenDelivery>, StorageError>) {
    let Some((line, receipt)) = asked else { return std::future::pending().await };
    let answer = (*line, receipt.await);
    *asked = None;
    answer
}

/// Waits until a point in time.
pub(super) async fn until(due: Option<Timestamp>) {
    let Some(due) = due else { return std::future::pending().await };
    tokio::time::sleep(due.since(clock::now())).await;
}
