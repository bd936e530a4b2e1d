//! One life: steps thrown by dice, and an end in which all is well.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::connection::Connection;
use domain::delivery::Policy as RetryPolicy;
use domain::delivery::flow::Bounds;
use domain::delivery::lanes::Order;
use domain::delivery::policy::Preset;
use domain::destination::Destination;
use domain::event::{EventKind, Identities, IdentityHash, NewEvent};
use domain::id::{ConnectionId, Seq, SourceId};
use domain::limits;
use storage::catalog::{Edit, Object};
use storage::{CatalogChange, StorageError, Store, memory};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::sleep;

use super::dice::Dice;
use super::endpoint::{Manner, Simulated};
use super::stores::{SlowJournal, SlowSchedule, Weather};
use super::truth::Truth;
use crate::dispatch::bystander::{Aside, Bystander};
use crate::dispatch::commons::Commons;
use crate::dispatch::dispatcher::Dispatcher;
use crate::dispatch::parts::{Parts, Policy, StartError};
use crate::dispatch::world::World;
use crate::live::{DestinationGauge, FirstLeft, Wish};
use crate::samples;
use crate::shutdown::{Shutdown, Trigger, shutdown};
use crate::spans::Tracer;

/// How long all is well before everything has to have arrived; longer than any wait.
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// No attempt takes longer.
const ATTEMPT_MAX: Duration = Duration::from_secs(10);

/// What happened in all lives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    events: u64,
    taken: u64,
    kills: u64,
    cuts: u64,
    ends: u64,
    edits: u64,
    wishes: u64,
}

/// Everything a dispatcher needs, which outlives it.
#[derive(Clone)]
struct Stage {
    store: Store,
    world: Simulated,
    gauge: Arc<DestinationGauge>,
    first_left: FirstLeft,
}

struct Life {
    dice: Dice,
    truth: Arc<Mutex<Truth>>,
    weather: Arc<Weather>,
    schedule: Arc<SlowSchedule>,
    stage: Stage,
    process: Process,
    destination: Destination,
    connection: Connection,
    sums: Sums,
}

/// A server, as far as one destination is concerned.
struct Process {
    trigger: Trigger,
    working: JoinHandle<Result<(), StorageError>>,
}

impl Sums {
    /// Adds another life's.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.taken += other.taken;
        self.kills += other.kills;
        self.cuts += other.cuts;
        self.ends += other.ends;
        self.edits += other.edits;
        self.wishes += other.wishes;
    }
}

/// Lives one life; answers what was not as it should be.
pub fn live(seed: u64) -> Result<Sums, String> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let mut life = Life::begin(seed).await;
        for _ in 0..20 + life.dice.roll(40) {
            life.step().await;
            if let Some(fault) = life.truth.lock().unwrap().fault() {
                return Err(fault.clone());
            }
        }
        life.come_to_rest().await
    })
}

impl Stage {
    fn parts(&self) -> Parts<Simulated> {
        let retry = RetryPolicy { age_max: WEEK * 500, ..RetryPolicy::of(Preset::Standard) };
        let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
        let bounds = Bounds { concurrency: 4, rate: None, stop_after: day, probe_wait: minute };
        let grace = ATTEMPT_MAX;
        Parts {
            id: samples::destination_id(),
            store: self.store.clone(),
            world: self.world.clone(),
            policy: Policy { retry, order: Order::Strict, bounds, grace },
            replay: None,
            gauge: self.gauge.clone(),
            lead: self.gauge.clone(),
            notices: Arc::default(),
            tracer: Tracer::default(),
            first_left: self.first_left.watch(),
            commons: Commons::of(limits::THREAD_ATTEMPTS_MAX, limits::THREAD_WINDOW_BYTES),
        }
    }

    fn aside(&self) -> Aside {
        Aside {
            id: samples::destination_id(),
            store: self.store.clone(),
            gauge: self.gauge.clone(),
            keep_removed: WEEK,
            first_left: self.first_left.watch(),
        }
    }

    /// Keeps somebody at work, as a crew does.
    async fn work(self, shutdown: Shutdown) -> Result<(), StorageError> {
        while !shutdown.is_draining() {
            match Dispatcher::start(self.parts()).await {
                Ok(dispatcher) => dispatcher.run(shutdown.clone()).await?,
                Err(StartError::NotAtWork) => {
                    Bystander::run(self.aside(), shutdown.clone()).await?;
                }
                Err(StartError::Storage(error)) => return Err(error),
                Err(StartError::Settings(why)) => panic!("{why}"),
            }
        }
        Ok(())
    }
}

impl Process {
    fn start(stage: &Stage) -> Self {
        let (trigger, shutdown) = shutdown();
        Self { trigger, working: tokio::task::spawn_local(stage.clone().work(shutdown)) }
    }
}

impl Life {
    async fn begin(seed: u64) -> Self {
        let truth = Arc::new(Mutex::new(Truth::new()));
        let weather = Arc::new(Weather::new(Dice::new(seed, 1)));
        let schedule = Arc::new(SlowSchedule::new(weather.clone(), truth.clone()));
        let memory = memory::open();
        let journal = SlowJournal { inner: memory.journal.clone(), weather: weather.clone() };
        let store = Store { journal: Arc::new(journal), schedule: schedule.clone(), ..memory };
        let destination = samples::destination(true);
        samples::connect(&store, destination.clone(), 1).await;
        let world = Simulated::new(Dice::new(seed, 2), truth.clone());
        let stage = Stage { store, world, gauge: Arc::default(), first_left: FirstLeft::default() };
        let (id, source) = (ConnectionId::new("c"), SourceId::new("s"));
        let connection = Connection::new(id, source, destination.id.clone(), Seq::FIRST);
        let dice = Dice::new(seed, 3);
        truth.lock().unwrap().ordered_by(Order::Strict);
        let (process, sums) = (Process::start(&stage), Sums::default());
        Self { dice, truth, weather, schedule, stage, process, destination, connection, sums }
    }

    async fn step(&mut self) {
        match self.dice.roll(100) {
            0..=29 => self.accept().await,
            30..=54 => self.wait().await,
            55..=63 => {
                let manners =
                    [Manner::Good, Manner::Moody, Manner::Moody, Manner::Dead, Manner::Gone];
                self.stage.world.behave(self.dice.pick(&manners));
            }
            64..=71 => self.wish(),
            72..=80 => self.edit().await,
            81..=84 => self.weather.refuse(self.dice.pick(&[0, 0, 10, 60])),
            85..=90 => self.kill().await,
            91..=93 => self.end().await,
            94..=95 => self.cut_power().await,
            96 => self.stage.world.jump(self.dice.pick(&[-90_000_i64, 3_600_000, 90_000_000])),
            97 => self.trim().await,
            _ => self.yield_often().await,
        }
    }

    /// Events come: a few of anybody, or many of one user.
    async fn accept(&mut self) {
        let one = self.dice.percent(10).then(|| self.identities());
        let count = if one.is_some() { 20 + self.dice.roll(40) } else { 1 + self.dice.roll(6) };
        let mut events = Vec::new();
        for _ in 0..count {
            let kind = self.dice.pick(&[EventKind::Track, EventKind::Page, EventKind::Identify]);
            let identities = one.unwrap_or_else(|| self.identities());
            let is_ours = !self.dice.percent(5);
            let seq = self.truth.lock().unwrap().accepted(kind, identities, is_ours);
            let mut event = samples::event(self.stage.world.now());
            event.source = SourceId::new(if is_ours { "s" } else { "other" });
            event.payload = Bytes::from(seq.0.to_string());
            events.push(NewEvent { kind, identities, ..event });
        }
        self.sums.events += count;
        self.stage.store.journal.append(events).unwrap().await.unwrap();
    }

    fn identities(&self) -> Identities {
        let name = |letter: char| match self.dice.roll(5) {
            0 => String::new(),
            number => format!("{letter}{number}"),
        };
        Identities {
            user: IdentityHash::of_user(&name('u')),
            anonymous: IdentityHash::of_anonymous(&name('a')),
        }
    }

    async fn wait(&self) {
        let most = self.dice.pick(&[5, 100, 3_000, 600_000, 30_000_000]);
        sleep(Duration::from_millis(self.dice.roll(most))).await;
    }

    async fn yield_often(&self) {
        for _ in 0..self.dice.roll(30) {
            tokio::task::yield_now().await;
        }
    }

    fn wish(&mut self) {
        self.sums.wishes += 1;
        let (events, _) = self.truth.lock().unwrap().counts();
        let wish = match events {
            1.. if self.dice.percent(60) => Wish::Skip(Seq(1 + self.dice.roll(events))),
            _ => Wish::TryNow,
        };
        if let Wish::Skip(seq) = wish {
            self.truth.lock().unwrap().skips(seq);
        }
        self.stage.gauge.wishes.make(wish);
    }

    /// Somebody changes a filter or a setting.
    async fn edit(&mut self) {
        self.sums.edits += 1;
        let (delivery, dice) = (&mut self.destination.delivery, &self.dice);
        match dice.roll(5) {
            0 => delivery.paused = !delivery.paused,
            1 => delivery.bounds.concurrency = std::num::NonZeroU32::new(1 + dice.roll(8) as u32),
            2 => delivery.retry.backoff_min_ms = Some(1 + dice.roll(60_000)),
            3 if dice.percent(15) => {
                let order = dice.pick(&[Order::Strict, Order::User, Order::Anonymous, Order::None]);
                delivery.order = Some(order);
                self.truth.lock().unwrap().ordered_by(order);
            }
            _ => {
                let all = [EventKind::Track, EventKind::Page, EventKind::Identify];
                let types: Vec<_> = all.into_iter().filter(|_| dice.percent(50)).collect();
                self.connection.filter.types = types.clone();
                self.truth.lock().unwrap().filtered_by(types);
            }
        }
        self.apply().await;
    }

    /// Puts the destination and its connection into the catalog as they are now.
    async fn apply(&self) {
        let catalog = &self.stage.store.catalog;
        let versions = catalog.watch().borrow().versions.clone();
        let put = |object: Object| {
            let expected = versions.get(&object.key()).copied().unwrap_or_default();
            CatalogChange { expected, edit: Edit::Put(object) }
        };
        let connection = put(Object::Connection(self.connection.clone()));
        let destination = put(Object::Destination(self.destination.clone()));
        catalog.apply(vec![connection, destination], Vec::new()).await.unwrap();
    }

    /// The process is gone at once, with what it had under way.
    async fn kill(&mut self) {
        self.sums.kills += 1;
        self.stop_at_once().await;
        self.schedule.killed(&self.dice);
        self.truth.lock().unwrap().interrupted();
        self.start_again().await;
    }

    async fn cut_power(&mut self) {
        self.sums.cuts += 1;
        self.stop_at_once().await;
        self.schedule.loses_power(&self.dice);
        self.start_again().await;
    }

    async fn stop_at_once(&mut self) {
        self.process.working.abort();
        if let Ok(Err(error)) = (&mut self.process.working).await {
            self.fail(format!("it had ended: {error}"));
        }
    }

    /// The process is asked to end, and does.
    async fn end(&mut self) {
        self.sums.ends += 1;
        self.process.trigger.drain();
        match (&mut self.process.working).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.fail(format!("it ended with {error}")),
            Err(error) => self.fail(format!("it ended with {error}")),
        }
        // What storage did not take while it ended is made again.
        if self.weather.is_bad() {
            self.truth.lock().unwrap().interrupted();
        }
        self.start_again().await;
    }

    async fn start_again(&mut self) {
        self.wait().await;
        self.stage.gauge = Arc::default();
        self.process = Process::start(&self.stage);
    }

    /// Retention takes the oldest events, whoever needs them.
    async fn trim(&self) {
        let (events, _) = self.truth.lock().unwrap().counts();
        let before = Seq(1 + self.dice.roll(events + 1));
        self.truth.lock().unwrap().trims(before);
        let left = self.stage.store.journal.trim(before).await.unwrap();
        if self.dice.percent(50) {
            self.stage.first_left.tell(left);
        }
    }

    fn fail(&self, what: String) {
        self.truth.lock().unwrap().fail(what);
    }

    /// All is well: everything has to arrive by itself.
    async fn come_to_rest(mut self) -> Result<Sums, String> {
        self.weather.refuse(0);
        self.stage.world.behave(Manner::Good);
        self.destination.delivery.paused = false;
        self.apply().await;
        // A failure that is still under way may stop the destination; only a wish helps after that.
        sleep(ATTEMPT_MAX).await;
        self.stage.gauge.wishes.make(Wish::TryNow);
        sleep(WEEK).await;
        self.end().await;
        let mut truth = self.truth.lock().unwrap();
        truth.comes_to_rest();
        self.sums.taken = truth.counts().1;
        truth.fault().map_or(Ok(self.sums), |fault| Err(fault.clone()))
    }
}
