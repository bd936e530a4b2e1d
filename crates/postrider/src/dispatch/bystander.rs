//! The bystander: stands in for the dispatcher of a destination that is paused, disabled or removed.
//!
//! It sends nothing, and moves the cursor up to the first event that waits: what was filtered, and
//! what came while the destination was away, is passed and counted as it comes. So nothing of that
//! is kept for the destination, while what came before waits as it did.
//!
//! A removed destination waits to be put back for a while. When that is over, what waited for it is
//! given up: deliveries that were begun with a row each, the others with a count. Then it is
//! forgotten, by the catalog first: a crash in between leaves a cursor that nobody needs, which the crew
//! forgets at the next start, where the other way round all that was ever delivered would count as given
//! up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::lanes::Order;
use domain::filter::Verdict;
use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use domain::workspace::Removed;
use storage::catalog::{Edit, ObjectKey, ObjectKind};
use storage::{
    CatalogChange, Chunk, FilteredCount, OpenDelivery, Reader, ScheduleState, Settlement,
    ShelfLine, Snapshot, StorageError, Store, WaitingBy,
};
use tokio::sync::watch;

use super::duty::Duty;
use super::records::Records;
use super::waits::{load, until};
use crate::clock;
use crate::live::{DestinationGauge, FilteredSample, Left};
use crate::shutdown::Shutdown;

/// What a bystander works with.
pub(super) struct Aside {
    /// Whose.
    pub id: DestinationId,
    pub store: Store,
    pub gauge: Arc<DestinationGauge>,
    /// How long a removed destination may be put back.
    pub keep_removed: Duration,
    /// The first event that retention has left.
    pub first_left: watch::Receiver<Seq>,
}

/// The loop of a destination that is not at work.
pub(super) struct Bystander {
    aside: Aside,
    catalog: watch::Receiver<Arc<Snapshot>>,
    duty: Duty,
    /// When it is forgotten; none where it is not removed.
    ends_at: Option<Timestamp>,
    cursor: Seq,
    /// Deliveries that were begun and are not finished.
    begun: u64,
    /// When the event of the first of these was received, or first tried.
    begun_at: Option<Timestamp>,
    /// When the event at the cursor was received, where it waits and can be read.
    waiting_since: Option<Timestamp>,
    /// Whether the event at the cursor waits.
    is_waiting: bool,
    /// Deliveries before this one whose events are gone were let go.
    expired_to: Seq,
    /// What happened and is not settled.
    records: Records,
}

/// Why it cannot go on at the moment.
enum Trouble {
    /// The same may succeed later. Of reads that is always hoped: only failed changes mean that storage
    /// is not to be trusted.
    Passes(StorageError),
    /// Storage has failed.
    Lasts(StorageError),
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        match error.passes() {
            true => Self::Passes(error),
            false => Self::Lasts(error),
        }
    }
}

/// What a chunk holds for a destination that takes nothing.
struct Passed {
    /// Up to where it is passed.
    next: Seq,
    /// What was counted, by reason.
    counts: BTreeMap<&'static str, u64>,
    /// Whether what comes next waits.
    is_waiting: bool,
    /// When that was received.
    waiting_since: Option<Timestamp>,
}

impl Bystander {
    /// Stands by until the destination is at work or forgotten, or the server ends.
    ///
    /// # Errors
    /// Where storage has failed; the next start goes on from the last settlement.
    pub async fn run(aside: Aside, mut shutdown: Shutdown) -> Result<(), StorageError> {
        let Some(mut own) = Self::start(aside).await? else { return Ok(()) };
        let mut head = own.aside.store.journal.head();
        loop {
            // Copied out: whoever waits with a loan of the head keeps the journal from going on.
            let seen = *head.borrow_and_update();
            let result = match own.ends_at {
                Some(end) if end <= clock::now() => own.forget(&shutdown).await,
                _ => own.pass(seen).await,
            };
            own.report();
            let is_behind = !own.is_waiting && own.cursor < *head.borrow();
            let look_at = match result {
                Err(Trouble::Lasts(error)) => return Err(error),
                Err(Trouble::Passes(error)) => Some(own.rest_after(&error)),
                Ok(()) if is_behind => Some(clock::now()),
                Ok(()) => own.ends_at,
            };
            tokio::select! {
                biased;
                () = shutdown.draining() => return Ok(()),
                changed = own.catalog.changed() => {
                    if changed.is_err() || !own.refresh() {
                        return Ok(());
                    }
                }
                () = until(look_at), if look_at.is_some() => {}
                _ = head.changed(), if !own.is_waiting => {}
                Ok(()) = own.aside.first_left.changed() => {}
            }
        }
    }

    /// Takes up where the destination stands; none where there is nothing to stand by for.
    async fn start(aside: Aside) -> Result<Option<Self>, StorageError> {
        // Before the catalog: what is connected later begins at this place, or behind it.
        let head = aside.store.journal.head_now();
        let mut catalog = aside.store.catalog.watch();
        let snapshot = catalog.borrow_and_update().clone();
        let Some((duty, ends_at)) = aside.duty(&snapshot) else { return Ok(None) };
        let stored = load(&*aside.store.schedule, &(&aside.id).into()).await?;
        let begins = || ScheduleState::at(duty.since().unwrap_or(head));
        let state = stored.unwrap_or_else(begins);
        let shelved = state.shelved.iter().map(|(_, count)| count);
        let begun = state.open.len() as u64 + shelved.sum::<u64>();
        let cursor = state.cursor.max(duty.since().unwrap_or(state.cursor));
        let first = state.open.first();
        let begun_at = first.map(|first| first.first_attempt_at.unwrap_or(first.due));
        let (is_waiting, waiting_since) = (false, None);
        let records = Records::new(aside.id.clone(), None, Default::default());
        let place = Self {
            records,
            expired_to: Seq::FIRST,
            aside,
            catalog,
            duty,
            ends_at,
            cursor,
            begun,
            begun_at,
            waiting_since,
            is_waiting,
        };
        Ok(Some(place))
    }

    /// Takes up what the catalog says now; false where somebody else is needed, or nobody.
    fn refresh(&mut self) -> bool {
        let snapshot = self.catalog.borrow_and_update().clone();
        let Some((duty, ends_at)) = self.aside.duty(&snapshot) else { return false };
        self.is_waiting = false;
        (self.duty, self.ends_at) = (duty, ends_at);
        true
    }

    /// Passes what does not wait, or is gone, as far as one read goes.
    async fn pass(&mut self, head: Seq) -> Result<(), Trouble> {
        let first_left = *self.aside.first_left.borrow_and_update();
        self.expire(first_left).await?;
        self.is_waiting &= self.cursor >= first_left;
        if self.is_waiting || self.cursor >= head {
            return Ok(());
        }
        let chunk = self.read().await?;
        // Events accepted since it was put to work must not be passed over.
        if self.catalog.has_changed().unwrap_or(false) {
            return Ok(());
        }
        let passed = self.look_through(&chunk, None);
        self.is_waiting = passed.is_waiting;
        self.waiting_since = passed.waiting_since;
        self.tell_gaps(&chunk, passed.next);
        Ok(self.settle(passed).await?)
    }

    /// Records what is gone of what waited before `end`.
    fn tell_gaps(&mut self, chunk: &Chunk, end: Seq) {
        let mut gaps = self.duty.owed(&chunk.gaps);
        gaps.retain(|gap| gap.range.first < end);
        self.records.expired(&gaps, self.cursor, clock::now());
    }

    /// Lets go of deliveries that were begun and whose events are gone.
    async fn expire(&mut self, first_left: Seq) -> Result<(), Trouble> {
        if self.begun > 0 && self.expired_to < first_left {
            let progress = self.aside.store.schedule.progress(&self.reader()).await;
            let progress = progress.map_err(Trouble::Passes)?;
            let first = progress.and_then(|progress| progress.first_open);
            if first.is_some_and(|first| first < first_left) {
                while self.expire_shelved(first_left).await? {}
                self.expire_open(first_left).await?;
            }
        }
        self.expired_to = first_left;
        Ok(())
    }

    /// Lets go of some that are shelved; whether there were any.
    async fn expire_shelved(&mut self, first_left: Seq) -> Result<bool, Trouble> {
        let mut gone = self.shelved().await?;
        gone.retain(|one| one.seq < first_left);
        self.lose(&gone, None).await?;
        Ok(!gone.is_empty())
    }

    async fn expire_open(&mut self, first_left: Seq) -> Result<(), Trouble> {
        let mut open = self.open().await?;
        let left = open.split_off(open.partition_point(|one| one.seq < first_left));
        let waiting = waiting(&left);
        for gone in open.chunks(limits::GIVEN_UP_AT_ONCE as usize) {
            self.lose(gone, Some(waiting.clone())).await?;
        }
        Ok(())
    }

    /// Closes deliveries whose events are gone; `waiting` is what is left after that, where it is less.
    async fn lose(
        &mut self,
        gone: &[OpenDelivery],
        waiting: Option<Vec<WaitingBy>>,
    ) -> Result<(), StorageError> {
        if gone.is_empty() {
            return Ok(());
        }
        gone.iter().for_each(|one| self.records.trimmed(one, clock::now()));
        let closed = gone.iter().map(|one| one.seq).collect();
        self.commit(Settlement { closed, waiting, ..self.step(self.cursor) }).await?;
        self.begun = self.begun.saturating_sub(gone.len() as u64);
        Ok(())
    }

    /// The first deliveries that are shelved.
    async fn shelved(&self) -> Result<Vec<OpenDelivery>, Trouble> {
        let line = ShelfLine { order: Order::None, identity: None };
        let most = limits::GIVEN_UP_AT_ONCE;
        let shelved = self.aside.store.schedule.unshelve(&self.reader(), line, most).await;
        shelved.map_err(Trouble::Passes)
    }

    /// All deliveries that are open and not shelved.
    async fn open(&self) -> Result<Vec<OpenDelivery>, StorageError> {
        let state = self.aside.store.schedule.load(&self.reader()).await?;
        Ok(state.map(|state| state.open).unwrap_or_default())
    }

    fn reader(&self) -> Reader {
        (&self.aside.id).into()
    }

    async fn read(&self) -> Result<Chunk, Trouble> {
        let journal = &self.aside.store.journal;
        let chunk = journal.read(self.cursor, self.duty.wanted(), limits::READ_BYTES).await;
        chunk.map_err(Trouble::Passes)
    }

    /// Looks through a chunk up to the first event that waits; where those are `given_up`, none does.
    fn look_through(&self, chunk: &Chunk, given_up: Option<Reason>) -> Passed {
        let mut passed = Passed {
            next: chunk.next,
            counts: BTreeMap::new(),
            is_waiting: false,
            waiting_since: None,
        };
        for event in chunk.frames.iter().flat_map(|frame| frame.events()) {
            if event.seq < self.cursor {
                continue;
            }
            let reason = match self.duty.judge(&event) {
                None => continue,
                Some(Verdict::Filtered(reason)) => reason,
                Some(Verdict::Passes) => match given_up {
                    Some(reason) => reason,
                    None => {
                        (passed.next, passed.is_waiting) = (event.seq, true);
                        passed.waiting_since = Some(event.received_at);
                        break;
                    }
                },
            };
            *passed.counts.entry(reason.code()).or_default() += 1;
            let at = clock::now();
            self.aside.gauge.filtered.note(FilteredSample { seq: event.seq, at, reason });
        }
        passed
    }

    /// Moves the cursor, and counts what it passes.
    async fn settle(&mut self, passed: Passed) -> Result<(), StorageError> {
        if passed.next <= self.cursor {
            return Ok(());
        }
        let count = |(reason, count): (&str, u64)| FilteredCount { reason: reason.into(), count };
        let filtered = passed.counts.into_iter().map(|(reason, own)| count((reason, own)));
        let step = Settlement { filtered: filtered.collect(), ..self.step(passed.next) };
        self.commit(step).await?;
        self.cursor = passed.next;
        Ok(())
    }

    /// Commits a step with what was recorded; where that fails, both are to be made anew.
    async fn commit(&mut self, step: Settlement) -> Result<(), StorageError> {
        let step = Settlement { attempts: self.records.take(), ..step };
        let answer = self.aside.store.schedule.commit(step).await;
        self.records.begin_anew();
        answer
    }

    fn step(&self, cursor: Seq) -> Settlement {
        Settlement {
            reader: self.reader(),
            cursor,
            opened: Vec::new(),
            closed: Vec::new(),
            attempts: Vec::new(),
            filtered: Vec::new(),
            waiting: None,
        }
    }

    /// Gives up what waits, and lets the destination go.
    async fn forget(&mut self, shutdown: &Shutdown) -> Result<(), Trouble> {
        let absence = self.duty.destination.absences.current();
        let end = absence.map_or(self.cursor, |absence| absence.from);
        while self.cursor < end && self.may_go_on(shutdown) {
            let chunk = self.read().await?;
            let passed = self.look_through(&chunk, Some(Reason::RemovedForGood));
            self.tell_gaps(&chunk, passed.next);
            self.settle(passed).await?;
        }
        while self.may_go_on(shutdown) && self.give_up_some().await? {}
        if !self.may_go_on(shutdown) {
            return Ok(());
        }
        let key = ObjectKey { kind: ObjectKind::Removed, id: self.aside.id.as_str().to_owned() };
        let expected = self.catalog.borrow().versions.get(&key).copied().unwrap_or(0);
        let change = CatalogChange { expected, edit: Edit::Remove(key) };
        match self.aside.store.catalog.apply(vec![change], Vec::new()).await {
            Ok(_) => Ok(self.forget_deliveries(shutdown).await?),
            // Whoever has changed it in between wakes this loop.
            Err(StorageError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets go of what the schedule knows, as soon as there is room for that; the next start does where
    /// the server ends before.
    async fn forget_deliveries(&self, shutdown: &Shutdown) -> Result<(), StorageError> {
        let mut shutdown = shutdown.clone();
        loop {
            match self.aside.store.schedule.forget(&self.aside.id).await {
                Err(error) if error.passes() => {
                    tokio::select! {
                        () = until(Some(self.rest_after(&error))) => {}
                        () = shutdown.draining() => return Ok(()),
                    }
                }
                forgotten => return forgotten,
            }
        }
    }

    /// Whether nobody has put it back meanwhile, and the server goes on.
    fn may_go_on(&self, shutdown: &Shutdown) -> bool {
        !self.catalog.has_changed().unwrap_or(true) && !shutdown.is_draining()
    }

    /// Gives up some deliveries that were begun; whether there were any.
    async fn give_up_some(&mut self) -> Result<bool, Trouble> {
        let mut open = self.shelved().await?;
        if open.is_empty() {
            open = self.open().await?;
            open.truncate(limits::GIVEN_UP_AT_ONCE as usize);
        }
        open.iter().for_each(|one| self.records.removed(one, clock::now()));
        let closed = open.iter().map(|one| one.seq).collect();
        self.commit(Settlement { closed, ..self.step(self.cursor) }).await?;
        self.begun = self.begun.saturating_sub(open.len() as u64);
        Ok(!open.is_empty())
    }

    fn rest_after(&self, error: &StorageError) -> Timestamp {
        let error = crate::terminal::chain(error);
        tracing::warn!(destination = %self.aside.id, error, "cannot pass events; trying again");
        clock::now().plus(limits::STORAGE_REST)
    }

    /// Says what waits: what was begun, and what comes before the absence, if there is one.
    fn report(&self) {
        let absence = self.duty.destination.absences.current();
        self.aside.gauge.report(Left {
            read_from: self.cursor,
            gets_until: absence.map(|absence| absence.from),
            unfinished: self.begun,
            retrying: 0,
            next_retry_at: None,
            oldest_at: self.begun_at.or(self.waiting_since),
        });
    }
}

/// How many wait after they failed in which way.
fn waiting(open: &[OpenDelivery]) -> Vec<WaitingBy> {
    let mut counts = BTreeMap::<(&str, u16), u64>::new();
    for one in open.iter().filter(|one| !one.reason.is_empty()) {
        *counts.entry((&one.reason, one.status)).or_default() += 1;
    }
    let by = |((reason, status), count): ((&str, u16), u64)| WaitingBy {
        reason: reason.to_owned(),
        status,
        count,
    };
    counts.into_iter().map(by).collect()
}

impl Aside {
    /// What the catalog says of the destination, and when it is forgotten; none where it is at work
    /// or gone.
    fn duty(&self, snapshot: &Snapshot) -> Option<(Duty, Option<Timestamp>)> {
        let removed = &snapshot.workspace.removed;
        let is_it = |one: &&Removed| one.destination.id == self.id;
        if let Some(removed) = removed.iter().find(is_it) {
            return Some((Duty::of_removed(removed), Some(removed.at.plus(self.keep_removed))));
        }
        let duty = Duty::known(snapshot, &self.id)?;
        (!duty.destination.is_at_work()).then_some((duty, None))
    }
}
