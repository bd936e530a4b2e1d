//! A journal and a schedule over the memory engine that are slow, refuse now and then, and forget
//! what a power cut may take.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::event::NewEvent;
use domain::id::{DestinationId, Seq};
use storage::{
    Chunk, Journal, OpenDelivery, Progress, Reader, Receipt, Schedule, ScheduleState, SeqRange,
    Settlement, ShelfLine, Stock, StorageError, Wanted, memory,
};
use tokio::sync::watch;

use super::dice::Dice;
use super::truth::Truth;

/// How storage behaves.
pub struct Weather {
    dice: Mutex<Dice>,
    /// How many of a hundred operations are refused for now.
    refusals: AtomicU64,
}

/// A slow journal.
pub struct SlowJournal {
    pub inner: Arc<dyn Journal>,
    pub weather: Arc<Weather>,
}

/// A slow schedule, which remembers all commits.
pub struct SlowSchedule {
    weather: Arc<Weather>,
    inner: Arc<Mutex<Commits>>,
}

struct Commits {
    schedule: Arc<dyn Schedule>,
    done: Vec<Settlement>,
    /// Handed over and not carried out.
    waiting: Option<Settlement>,
    truth: Arc<Mutex<Truth>>,
}

impl Weather {
    /// Good weather.
    pub fn new(dice: Dice) -> Self {
        Self { dice: Mutex::new(dice), refusals: AtomicU64::new(0) }
    }

    /// From now on so many of a hundred operations are refused.
    pub fn refuse(&self, percent: u64) {
        self.refusals.store(percent, Relaxed);
    }

    /// Whether operations may be refused.
    pub fn is_bad(&self) -> bool {
        self.refusals.load(Relaxed) > 0
    }

    /// Takes its time for an operation; an error where that is refused.
    async fn pass(&self, operation: &'static str) -> Result<(), StorageError> {
        let (millis, is_refused) = {
            let dice = self.dice.lock().unwrap();
            (dice.pick(&[0, 0, 1, 8, 40]), dice.percent(self.refusals.load(Relaxed)))
        };
        tokio::time::sleep(Duration::from_millis(millis)).await;
        if is_refused { Err(StorageError::Busy { operation }) } else { Ok(()) }
    }

    /// Answers later.
    fn later<T: Unpin + 'static>(
        self: &Arc<Self>,
        operation: &'static str,
        answer: impl FnOnce() -> Receipt<T> + 'static,
    ) -> Receipt<T> {
        let (reply, receipt) = Receipt::pair();
        let weather = self.clone();
        tokio::task::spawn_local(async move {
            let answer = match weather.pass(operation).await {
                Ok(()) => answer().await,
                Err(error) => Err(error),
            };
            // Whoever asked may be gone.
            let _ = reply.send(answer);
        });
        receipt
    }
}

impl Journal for SlowJournal {
    fn append(&self, events: Vec<NewEvent>) -> Result<Receipt<SeqRange>, StorageError> {
        self.inner.append(events)
    }

    fn read(&self, from: Seq, wanted: Wanted, bytes_max: usize) -> Receipt<Chunk> {
        let inner = self.inner.clone();
        self.weather.later("reading events back", move || inner.read(from, wanted, bytes_max))
    }

    fn head(&self) -> watch::Receiver<Seq> {
        self.inner.head()
    }

    fn trim(&self, before: Seq) -> Receipt<Seq> {
        self.inner.trim(before)
    }

    fn trim_to(&self, bytes_max: u64) -> Receipt<Seq> {
        self.inner.trim_to(bytes_max)
    }

    fn stock(&self) -> Receipt<Stock> {
        self.inner.stock()
    }
}

impl SlowSchedule {
    /// An empty schedule, whose commits are told to the truth.
    pub fn new(weather: Arc<Weather>, truth: Arc<Mutex<Truth>>) -> Self {
        let (schedule, done, waiting) = (memory::open().schedule, Vec::new(), None);
        let inner = Commits { schedule, done, waiting, truth };
        Self { weather, inner: Arc::new(Mutex::new(inner)) }
    }

    /// The process is killed: a commit that waits is carried out, or not.
    pub fn killed(&self, dice: &Dice) {
        let mut inner = self.inner.lock().unwrap();
        let waiting = inner.waiting.take();
        if let Some(settlement) = waiting.filter(|_| dice.percent(50)) {
            inner.carry_out(settlement);
        }
    }

    /// The power is cut: some of the newest commits are gone as a whole.
    pub fn loses_power(&self, dice: &Dice) {
        self.killed(dice);
        let mut inner = self.inner.lock().unwrap();
        let mut done = std::mem::take(&mut inner.done);
        done.truncate(done.len() - dice.roll(done.len().min(5) as u64 + 1) as usize);
        inner.schedule = memory::open().schedule;
        inner.truth.lock().unwrap().forgot_commits();
        done.into_iter().for_each(|settlement| inner.carry_out(settlement));
    }
}

impl Schedule for SlowSchedule {
    fn load(&self, reader: &Reader) -> Receipt<Option<ScheduleState>> {
        let (inner, reader) = (self.inner.clone(), reader.clone());
        let load = move || inner.lock().unwrap().schedule.load(&reader);
        self.weather.later("loading a schedule", load)
    }

    fn progress(&self, reader: &Reader) -> Receipt<Option<Progress>> {
        let (inner, reader) = (self.inner.clone(), reader.clone());
        let progress = move || inner.lock().unwrap().schedule.progress(&reader);
        self.weather.later("reading how far a schedule is", progress)
    }

    fn commit(&self, settlement: Settlement) -> Receipt<()> {
        let mut commits = self.inner.lock().unwrap();
        if commits.waiting.replace(settlement).is_some() {
            commits.fail("two settlements at a time");
        }
        let inner = self.inner.clone();
        let weather = self.weather.clone();
        let (reply, receipt) = Receipt::pair();
        tokio::task::spawn_local(async move {
            let passed = weather.pass("committing settlements").await;
            // Nobody waits for it where the process has been killed meanwhile.
            if !reply.is_closed() {
                let mut inner = inner.lock().unwrap();
                if let Some(settlement) = inner.waiting.take().filter(|_| passed.is_ok()) {
                    inner.carry_out(settlement);
                }
                let _ = reply.send(passed);
            }
        });
        receipt
    }

    fn unshelve(
        &self,
        reader: &Reader,
        line: ShelfLine,
        rows_max: u32,
    ) -> Receipt<Vec<OpenDelivery>> {
        let (inner, reader) = (self.inner.clone(), reader.clone());
        let unshelve = move || inner.lock().unwrap().schedule.unshelve(&reader, line, rows_max);
        self.weather.later("reading a line", unshelve)
    }

    fn destinations(&self) -> Receipt<Vec<DestinationId>> {
        self.inner.lock().unwrap().schedule.destinations()
    }

    fn forget(&self, destination: &DestinationId) -> Receipt<()> {
        self.inner.lock().unwrap().schedule.forget(destination)
    }
}

impl Commits {
    fn carry_out(&mut self, settlement: Settlement) {
        self.truth.lock().unwrap().settles(&settlement);
        // The memory engine is done when the call returns.
        drop(self.schedule.commit(settlement.clone()));
        self.done.push(settlement);
    }

    fn fail(&self, what: &str) {
        self.truth.lock().unwrap().fail(what.to_owned());
    }
}
