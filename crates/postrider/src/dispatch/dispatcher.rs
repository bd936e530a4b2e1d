//! One destination's loop: read, send, decide, settle.
//!
//! At most one read and one settlement are under way at a time, so what happens meanwhile gathers
//! for the next one: under load both grow by themselves, and an idle destination answers at once.
//!
//! The catalog is looked at before events are passed over, so that a connection gets every event
//! that was accepted after it was made. New settings hold for every attempt that starts from then
//! on; attempts under way end as they began.

mod leaps;
mod gone;
mod reading;
mod wishes;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::Policy as RetryPolicy;
use domain::delivery::flow::{Ended, Flow, Turn};
use domain::delivery::policy::Class;
use domain::delivery::retry::{self, Decision, Moment};
use domain::destination::Destination;
use domain::limits;
use domain::time::Timestamp;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use storage::{
    FilteredCount, Receipt, Schedule, ScheduleState, Settlement, Snapshot, StorageError,
};
use tokio::sync::watch;

use self::gone::Gone;
use self::leaps::Leaps;
use super::agenda::{Agenda, Step};
use super::attempt::{Attempt, AttemptResult, Errand, Rereader, attempt};
use super::commons::{Fares, Stake};
use super::duty::Duty;
use super::feed::Feed;
use super::follower::Follower;
use super::parts::{Parts, StartError};
use super::records::Records;
use super::taken::Taken;
use super::waits::{Answered, Asked, ask, load, pending, recovered, shelved, sleep};
use super::world::World;
use crate::clock::{self, Rest};
use crate::live::Left;
use crate::replay::{self, Recovery};
use crate::send::Sent;
use crate::shutdown::Shutdown;

/// The loop of one destination, or of one replay to it.
pub(super) struct Dispatcher<W: World> {
    parts: Parts<W>,
    catalog: watch::Receiver<Arc<Snapshot>>,
    duty: Duty,
    sender: Rc<W::Sender>,
    feed: Feed,
    /// What a replay follows; none for a destination's own dispatcher.
    follower: Option<Follower>,
    rereader: Rc<Rereader>,
    schedule: Arc<dyn Schedule>,
    agenda: Agenda,
    /// What is done about failures of this destination.
    retry: RetryPolicy,
    flow: Flow,
    leaps: Leaps,
    stake: Stake,
    /// Events read and not offered yet; chosen by the duty's connections, and read anew with them.
    read_ahead: VecDeque<Taken>,
    /// A read or a settlement has failed; the next try comes after this.
    rest: Option<Rest>,
    /// A line of shelved deliveries that the store is asked for.
    unshelving: Option<Asked>,
    settling: Option<Receipt<()>>,
    /// What is being settled, until it is committed.
    unconfirmed: Option<Settlement>,
    attempts: FuturesUnordered<Pin<Box<dyn Future<Output = Attempt>>>>,
    records: Records,
    /// Where this process began in the middle of an outage, for all that is known: when the destination
    /// had taken something last.
    down_since: Option<Timestamp>,
    /// What a recovered destination still has to get, as soon as so many settlements are committed.
    owed: Option<(Recovery, u8)>,
    recovering: Option<Pin<Box<dyn Future<Output = ()>>>>,
    gone: Gone,
}

impl<W: World> Dispatcher<W> {
    /// Loads the destination's state and makes its dispatcher.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(parts: Parts<W>) -> Result<Self, StartError> {
        // Before the catalog: what is connected later begins at this place, or behind it.
        let head = parts.store.journal.head_now();
        let mut catalog = parts.store.catalog.watch();
        let duty =
            Duty::of(&catalog.borrow_and_update(), &parts.id).ok_or(StartError::NotAtWork)?;
        let sender = parts.world.sender(&duty.destination).map_err(StartError::Settings)?;
        let stored = load(&*parts.store.schedule, &parts.reader()).await?;
        let state = stored.unwrap_or_else(|| ScheduleState::at(parts.beginning(&duty, head)));
        let feed = Feed::new(&parts.store, &catalog.borrow(), parts.replay.as_ref());
        let follow = |replay| Follower::new(&parts.store, replay, parts.lead.clone());
        let follower = parts.replay.clone().map(follow);
        let own = &duty.destination.delivery;
        let mut flow = Flow::new(parts.bounds(own.bounds), parts.world.now());
        let has_failed = state.open.iter().any(|one| !one.reason.is_empty());
        let down_since = match has_failed || own.auto_replay {
            true => replay::down_since(&*parts.store.ledger, &parts.id).await,
            false => None,
        };
        if let Some(taken_at) = down_since.filter(|_| has_failed) {
            flow.go_on_from(taken_at);
        }
        let down_since = down_since.filter(|_| own.auto_replay && parts.replay.is_none());
        let agenda = Agenda::resume(own.order.unwrap_or(parts.policy.order), state);
        let mut dispatcher = Self {
            retry: parts.policy.retry.with(&own.retry),
            flow,
            leaps: Leaps::new(parts.world.now()),
            stake: Stake::in_commons(&parts.commons),
            catalog,
            duty,
            sender: Rc::new(sender),
            feed,
            follower,
            rereader: Rc::new(Rereader::new(parts.store.journal.clone())),
            schedule: parts.store.schedule.clone(),
            agenda,
            read_ahead: VecDeque::new(),
            rest: None,
            unshelving: None,
            settling: None,
            unconfirmed: None,
            attempts: FuturesUnordered::new(),
            records: parts.records(),
            down_since,
            owed: None,
            recovering: None,
            gone: Gone::new(parts.first_left.clone()),
            parts,
        };
        dispatcher.pass_what_is_not_owed();
        // What it waits for may have been decided by other settings, or another clock.
        dispatcher.hasten();
        if !dispatcher.follow() {
            return Err(StartError::NotAtWork);
        }
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
        let mut head = self.parts.store.journal.head();
        let gauge = self.parts.gauge.clone();
        // What was asked for while there was no dispatcher comes before any attempt.
        if let Some(asked) = gauge.wishes.next().now_or_never() {
            self.grant(asked);
        }
        loop {
            let now = self.parts.world.now();
            self.notice_leap(now);
            self.wake(now);
            self.expire(now);
            self.fill(now);
            self.send(now);
            if self.attempts.is_empty() {
                self.rereader.forget();
            }
            self.make_room(now);
            self.settle();
            if self.is_over()
                && let Some(follower) = &self.follower
            {
                return follower.complete(&*self.parts.store.replays).await;
            }
            self.unshelve();
            self.read(*head.borrow_and_update(), now);
            self.report();
            let due = self.next_look(now).map(|due| due.since(self.parts.world.now()));
            tokio::select! {
                Some(attempt) = self.attempts.next(), if !self.attempts.is_empty() => {
                    self.ended(attempt);
                    self.ended_meanwhile();
                }
                answer = pending(&mut self.settling) => self.settled(answer)?,
                answer = self.feed.found() => self.found(answer),
                () = self.gone.more() => {}
                answer = shelved(&mut self.unshelving) => self.unshelved(answer),
                () = self.stake.turn() => {}
                _ = head.changed(), if self.follows_head(now) => {}
                () = sleep(due), if due.is_some() => {}
                () = clock::rested(&mut self.rest) => self.rest = None,
                () = Follower::changed(&mut self.follower) => {
                    if !self.follow() {
                        break;
                    }
                }
                () = recovered(&mut self.recovering) => self.recovering = None,
                asked = gauge.wishes.next() => self.grant(asked),
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

    /// Comes after the destination's own flow; false where the replay is not to be at work any more.
    fn follow(&mut self) -> bool {
        let Some(follower) = &mut self.follower else { return true };
        follower.hold_back(&mut self.flow);
        follower.is_at_work()
    }

    /// Whether new events are wanted as they come.
    fn follows_head(&self, now: Timestamp) -> bool {
        self.follower.is_none() && !self.feed.is_reading() && self.wants_more(now)
    }

    /// Whether a replay has come to the end of its range.
    fn is_read_out(&self) -> bool {
        let end = self.follower.as_ref().map(Follower::end);
        end.is_some_and(|end| self.agenda.read_from() >= end)
    }

    /// Whether a replay has nothing left to do, and all of it is written down.
    fn is_over(&self) -> bool {
        let is_written = self.settling.is_none() && self.unconfirmed.is_none();
        self.is_read_out() && is_written && self.rest.is_none() && self.agenda.unfinished() == 0
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
            || self.flow.is_probing() && self.agenda.next_due().is_some()
            || self.agenda.is_put_off(self.outlook(now))
            || !self.has_room();
        let opens = self.flow.opens_at(now).filter(|at| is_waiting && *at > now);
        opens.into_iter().chain(self.agenda.next_due()).min()
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
        let is_renamed =
            Destination { name: self.duty.destination.name.clone(), ..duty.destination.clone() }
                == self.duty.destination;
        if !is_renamed {
            self.retry = self.parts.policy.retry.with(&own.retry);
            let now = self.parts.world.now();
            self.flow.rebind(self.parts.bounds(own.bounds), now);
            if duty.destination.settings != self.duty.destination.settings {
                self.flow.resume(now);
            }
            // What waits by the old settings waits no longer than it would by the new ones.
            self.agenda.hasten(now, |attempts, _| self.retry.backoff(attempts));
            match self.parts.world.sender(&duty.destination) {
                Ok(sender) => self.sender = Rc::new(sender),
                Err(reason) => {
                    tracing::error!(destination = %self.parts.id, reason, "settings not taken up");
                }
            }
        }
        if !duty.chooses_as(&self.duty) {
            // What was read was chosen by the old connections: it is read again by the new ones.
            self.read_ahead.clear();
            self.feed.choose_anew(&self.catalog.borrow());
        }
        self.duty = duty;
        self.pass_what_is_not_owed();
        true
    }

    /// Events before every connection are not owed, and need not be there any more.
    fn pass_what_is_not_owed(&mut self) {
        if self.parts.replay.is_none()
            && let Some(since) = self.duty.since()
        {
            self.agenda.pass(since);
        }
    }

    /// Starts attempts, as many as may be under way.
    fn send(&mut self, now: Timestamp) {
        if self.follower.is_none() {
            self.flow.share(self.parts.gauge.flow.take_beside());
        }
        while self.agenda.is_ready(self.flow.limit())
            && self.records.has_room()
            && self.flow.is_open(now)
            && self.stake.may_start()
        {
            let limit = self.flow.limit();
            let going = match self.flow.is_probing() {
                true => self.agenda.take_probe(now, limit),
                false => self.agenda.take(now, limit),
            };
            let Some(going) = going else { break };
            self.flow.start(going.bytes);
            self.stake.start(going.bytes);
            if let Some(follower) = &self.follower {
                follower.started();
            }
            let (sender, rereader) = (self.sender.clone(), self.rereader.clone());
            let (occasion, tracer) = (self.parts.occasion(), self.parts.tracer.clone());
            let errand = Errand { occasion, at: now, tracer };
            self.attempts.push(Box::pin(attempt(sender, rereader, going, errand)));
        }
        self.stake.pause(match self.flow.fares_well() {
            true => Fares::Well,
            false => Fares::Badly,
        });
    }

    /// Hands what changed to the schedule, unless it is still busy with the last step.
    fn settle(&mut self) {
        if self.settling.is_some() || self.rest.is_some() {
            return;
        }
        if self.is_read_out() {
            self.agenda.end();
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
            reader: self.parts.reader(),
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
                self.records.settled(settled.map_or_else(Vec::new, |one| one.attempts));
                self.recover();
                Ok(())
            }
            Err(error) if error.passes() => {
                self.rest_after(&error, "settle deliveries");
                Ok(())
            }
            Err(failed) => Err(failed),
        }
    }

    /// Sees to it that what was given up is replayed, when all of it is written down.
    fn recover(&mut self) {
        let Some((recovery, left)) = self.owed.take() else { return };
        if left > 1 {
            self.owed = Some((recovery, left - 1));
        } else {
            let store = self.parts.store.clone();
            self.recovering = Some(Box::pin(replay::recover(store, recovery)));
        }
    }

    /// Makes the replay that a recovery owes, before the end forgets of it.
    async fn make_what_is_owed(&mut self) {
        if let Some(recovering) = self.recovering.take() {
            let _ = tokio::time::timeout(limits::STORAGE_REST, recovering).await;
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
            && let Some((lines, count)) = self.agenda.next_lines()
        {
            self.unshelving = Some(ask(&*self.schedule, &self.parts.reader(), lines, count));
        }
    }

    fn unshelved(&mut self, (lines, answer): Answered) {
        match answer {
            Ok(back) => {
                self.agenda.unshelve(lines.into_iter().zip(back));
                self.gone.look_again();
            }
            Err(error) => {
                self.agenda.ask_again(lines);
                self.rest_after(&error, "read what waits on disk");
            }
        }
    }

    fn ended_meanwhile(&mut self) {
        while let Some(Some(attempt)) = self.attempts.next().now_or_never() {
            self.ended(attempt);
        }
    }

    /// Decides what comes of an attempt.
    fn ended(&mut self, attempt: Attempt) {
        let now = self.parts.world.now();
        self.stake.end();
        if let Some(bytes) = attempt.read_bytes.filter(|bytes| *bytes != attempt.bytes) {
            self.agenda.weighs(attempt.seq, bytes);
        }
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
        let class = Class::of(outcome);
        let earlier = match Class::is_answer(class) {
            true => {
                self.agenda.endpoint_answered();
                self.down_since.take()
            }
            false => None,
        };
        let work = &self.parts.gauge.work;
        work.ended(class, Duration::from_micros(attempt.duration_us.into()));
        let endpoint = self.flow.endpoint(attempt.tries.first_at);
        let jitter = self.parts.world.jitter();
        let moment = Moment { now, jitter, endpoint };
        let decision = retry::decide(&self.retry, attempt.tries, outcome, moment);
        match (decision, outcome.reason()) {
            (Decision::RetryAt(at), Some(reason)) => {
                self.agenda.retry(attempt.seq, at, (reason.code(), outcome.status));
            }
            _ => self.agenda.finish(attempt.seq),
        }
        if let (Decision::Close, Some(received_at)) = (decision, attempt.received_at) {
            work.delivered(now.since(received_at));
        }
        self.records.made(attempt, decision, sent);
        if let Some(turn) = turn {
            self.records.turned(turn, outcome);
        }
        match turn {
            Some(Turn::Recovers { since }) => {
                // What failed before the outage, beside others that were taken, failed by itself: it
                // keeps its time, or it would bring the next one about.
                self.agenda.hurry_stopped();
                self.owe(earlier.unwrap_or(since));
            }
            Some(Turn::Holds | Turn::Stops) => self.agenda.forget_waiting(),
            None => earlier.into_iter().for_each(|since| self.owe(since)),
        }
    }

    /// Where the settings want that, what was given up since then is to be replayed.
    fn owe(&mut self, since: Timestamp) {
        if self.parts.replay.is_none() && self.duty.destination.delivery.auto_replay {
            let (destination, end) = (self.parts.id.clone(), self.agenda.read_from());
            // What was given up last is in the settlement after the one that is under way.
            let settlements = 1 + u8::from(self.settling.is_some());
            self.owed = Some((Recovery { destination, since, end }, settlements));
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
        gauge.flow.report(&self.flow, self.agenda.unfinished() == 0);
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
        loop {
            self.rest = None;
            self.settle();
            if self.settling.is_none() {
                self.make_what_is_owed().await;
                return Ok(());
            }
            let answer = pending(&mut self.settling).await;
            self.settled(answer)?;
            // It may have room later; a server that ends does not wait, and all is made again.
            if self.rest.is_some() {
                tokio::select! {
                    () = clock::rested(&mut self.rest) => {}
                    () = shutdown.draining() => return Ok(()),
                }
            }
        }
    }
}
