//! Tests of a dispatcher on the memory engine, where the journal has lost something.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::address::Egress;
use domain::delivery::flow::{Bounds, Mode};
use domain::delivery::lanes::Order;
use domain::delivery::policy::Preset;
use domain::delivery::{Policy, Trace};
use domain::event::{EventKind, Identities};
use domain::id::Seq;
use domain::limits;
use domain::time::Timestamp;
use domain::workspace::Removed;
use storage::catalog::{Edit, Object};
use storage::{
    AttemptQuery, AttemptRecord, CatalogChange, Fate, IssueQuery, OpenDelivery, Settlement, Store,
    WaitingBy, memory,
};
use tokio::task::LocalSet;

use super::{Crew, CrewSettings, Needs};
use crate::clock;
use crate::live::{Gauges, Wish};
use crate::moody::{MoodyJournal, MoodySchedule};
use crate::samples::{append, connect, destination, destination_id};
use crate::send::{Outlet, OutletSettings};
use crate::shutdown::{Shutdown, shutdown};
use crate::spans::Tracer;

const MINUTE: Duration = Duration::from_secs(60);

async fn three_events_of_which_two_are_gone() -> Store {
    let store = memory::open();
    for _ in 0..3 {
        append(&store, clock::now()).await;
    }
    store.journal.trim(Seq(3)).await.unwrap();
    store
}

fn crew(store: &Store, gauges: Arc<Gauges>) -> Crew {
    let nowhere: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let outlet = OutletSettings {
        name_servers: Vec::new(),
        egress: Arc::new(Egress::default()),
        timeout: Duration::from_secs(5),
        playground: nowhere,
        own: Vec::new(),
    };
    let settings = CrewSettings {
        retry: Policy { backoff_min: MINUTE, backoff_max: MINUTE, ..Policy::of(Preset::Standard) },
        order: Order::Strict,
        bounds: Bounds { concurrency: 4, rate: None, stop_after: MINUTE, probe_wait: MINUTE },
        grace: Duration::from_secs(5),
    };
    let needs = Needs {
        store: store.clone(),
        outlet: Rc::new(Outlet::new(outlet).unwrap()),
        settings,
        keep_removed: MINUTE,
        gauges,
        tracer: Tracer::default(),
        end: Box::new(|| {}),
    };
    Crew::new(needs, (0, 1))
}

/// Runs a crew until it has settled everything up to `cursor`; answers what is recorded.
async fn records(store: &Store, cursor: u64) -> Vec<(u64, Fate, String)> {
    let (trigger, shutdown): (_, Shutdown) = shutdown();
    let settled = async {
        loop {
            let state = store.schedule.load(&(&destination_id()).into()).await.unwrap();
            if state.is_some_and(|state| state.cursor >= Seq(cursor)) {
                break;
            }
            tokio::task::yield_now().await;
        }
        trigger.drain();
    };
    work(crew(store, Arc::default()), shutdown, settled).await;
    let query = AttemptQuery { rows_max: 100, ..AttemptQuery::default() };
    let attempts = store.ledger.attempts(query).await.unwrap().attempts;
    attempts.into_iter().rev().map(|one| (one.seq.0, one.fate, one.reason)).collect()
}

/// Runs a crew, and beside it somebody who watches and ends it.
async fn work(crew: Crew, shutdown: Shutdown, watched: impl Future<Output = ()>) {
    LocalSet::new()
        .run_until(async {
            let mut running = pin!(crew.run(shutdown));
            tokio::select! {
                ended = &mut running => panic!("it ended by itself: {ended:?}"),
                () = watched => {}
            }
            running.await.unwrap();
        })
        .await;
}

#[tokio::test]
async fn events_that_are_gone_before_they_were_delivered_are_recorded_as_expired() {
    let store = three_events_of_which_two_are_gone().await;
    connect(&store, destination(true), 1).await;
    let expired = |seq| (seq, Fate::Expired, "trimmed".to_owned());
    let blocked = (3, Fate::Retry, "blocked_address".to_owned());
    assert_eq!(records(&store, 4).await, [expired(1), expired(2), blocked]);
    assert_eq!(store.ledger.totals().await.unwrap()[0].expired, 2);
}

#[tokio::test]
async fn what_was_before_the_connection_is_not_missed() {
    let store = three_events_of_which_two_are_gone().await;
    connect(&store, destination(true), 3).await;
    assert_eq!(records(&store, 4).await, [(3, Fate::Retry, "blocked_address".to_owned())]);
}

#[tokio::test]
async fn a_dead_endpoint_costs_nothing_however_many_events_come() {
    let store = memory::open();
    connect(&store, destination(true), 1).await;
    let gauges = Arc::<Gauges>::default();
    let gauge = gauges.of(&destination_id());
    let probes = || match gauge.flow.glance()?.mode {
        Mode::Holding { probes, .. } => Some(probes),
        _ => None,
    };
    let (trigger, shutdown) = shutdown();
    let watched = async {
        append_many(&store, 60).await;
        until(|| probes().is_some()).await;
        append_many(&store, 500).await;
        gauge.wishes.make(Wish::TryNow);
        until(|| probes() > Some(0)).await;
        let looked_at = gauge.glance(Seq(0)).waiting;
        assert!(looked_at <= 100, "it has taken in {looked_at}");
        assert_eq!(gauge.glance(Seq(561)).waiting, 560);
        trigger.drain();
    };
    work(crew(&store, gauges.clone()), shutdown, watched).await;
}

/// What a crew makes of 560 events of which the first 400 go when `is_ready`, once it has committed that;
/// answers what waits, and what was expired.
async fn lose_400_of_560(
    store: &Store,
    gauges: Arc<Gauges>,
    is_ready: impl Fn() -> bool,
) -> (u64, u64) {
    let gauge = gauges.of(&destination_id());
    let (trigger, shutdown) = shutdown();
    let watched = async {
        append_many(store, 560).await;
        until(is_ready).await;
        let left = store.journal.trim(Seq(401)).await.unwrap();
        gauges.first_left.tell(left);
        let committed = async || {
            let progress = store.schedule.progress(&(&destination_id()).into()).await.unwrap();
            let totals = store.ledger.totals().await.unwrap();
            let has_come = progress.is_some_and(|progress| progress.cursor >= Seq(401));
            has_come && totals.first().is_some_and(|totals| totals.expired > 0)
        };
        for turn in 0.. {
            if committed().await {
                break;
            }
            assert!(turn < 1_000_000, "what is gone is not told");
            tokio::task::yield_now().await;
        }
        let waiting = gauge.glance(Seq(561)).waiting;
        trigger.drain();
        waiting
    };
    let mut waiting = 0;
    let watched = async { waiting = watched.await };
    work(crew(store, gauges.clone()), shutdown, watched).await;
    (waiting, store.ledger.totals().await.unwrap()[0].expired)
}

/// A store with a destination that is paused.
async fn paused() -> Store {
    let store = memory::open();
    let mut paused = destination(true);
    paused.delivery.paused = true;
    connect(&store, paused, 1).await;
    store
}

#[tokio::test]
async fn what_is_gone_counts_as_expired_at_once_where_the_endpoint_takes_nothing() {
    let store = memory::open();
    connect(&store, destination(true), 1).await;
    let gauges = Arc::<Gauges>::default();
    let gauge = gauges.of(&destination_id());
    let is_holding =
        || gauge.flow.glance().is_some_and(|flow| matches!(flow.mode, Mode::Holding { .. }));
    let (waiting, expired) = lose_400_of_560(&store, gauges.clone(), is_holding).await;
    assert_eq!(waiting + expired, 560);
    assert!(expired > 100, "{expired} have expired");
}

#[tokio::test]
async fn what_is_gone_counts_as_expired_at_once_where_the_destination_is_paused() {
    let store = paused().await;
    let gauges = Arc::<Gauges>::default();
    let gauge = gauges.of(&destination_id());
    // Deliveries that were begun: of two the events go.
    store.schedule.commit(begun(411, &[3, 5, 410])).await.unwrap();
    let told = lose_400_of_560(&store, gauges.clone(), || gauge.read_from().is_some()).await;
    assert_eq!(told, (151, 2));
    let state = store.schedule.load(&(&destination_id()).into()).await.unwrap().unwrap();
    assert_eq!(state.open.iter().map(|one| one.seq.0).collect::<Vec<_>>(), [410]);
    let query = IssueQuery { rows_max: 9, ..IssueQuery::default() };
    let issues = store.ledger.issues(query).await.unwrap();
    let shown: Vec<_> = issues.iter().map(|one| (one.reason.as_str(), one.waiting)).collect();
    assert_eq!(shown, [("trimmed", 0), ("server_error", 1)]);
}

#[tokio::test]
async fn what_is_gone_before_a_paused_destination_has_taken_it_is_passed() {
    let store = paused().await;
    let gauges = Arc::<Gauges>::default();
    let gauge = gauges.of(&destination_id());
    let told = lose_400_of_560(&store, gauges.clone(), || gauge.read_from().is_some()).await;
    assert_eq!(told, (160, 400));
}

#[tokio::test]
async fn a_destination_reads_no_further_than_there_is_need_for() {
    let store = memory::open();
    let mut slow = destination(true);
    slow.delivery.bounds.rate = NonZeroU32::new(1);
    connect(&store, slow, 1).await;
    append_many(&store, 600).await;
    let gauges = Arc::<Gauges>::default();
    let gauge = gauges.of(&destination_id());
    let (trigger, shutdown) = shutdown();
    let watched = async {
        until(|| gauge.read_from() > Some(Seq(1))).await;
        let enough = limits::READY_LEAST as u64 + 2 * 4;
        let read = gauge.read_from().unwrap().0;
        assert!(read <= enough + 5, "it has taken in {read}");
        trigger.drain();
    };
    work(crew(&store, gauges.clone()), shutdown, watched).await;
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_where_a_destination_is_paused_is_tried_again() {
    let store = paused().await;
    append_many(&store, 2).await;
    let journal = MoodyJournal { inner: store.journal.clone(), failures: 3.into() };
    let store = Store { journal: Arc::new(journal), ..store };
    let gauges = Arc::<Gauges>::default();
    let gauge = gauges.of(&destination_id());
    let (trigger, shutdown) = shutdown();
    let watched = async {
        while gauge.glance(Seq(3)).oldest_at.is_none() {
            tokio::time::advance(limits::STORAGE_REST).await;
        }
        trigger.drain();
    };
    work(crew(&store, gauges.clone()), shutdown, watched).await;
}

/// Runs a crew for a while, after which the schedule knows no destination any more.
async fn forget_all(store: &Store) {
    let (trigger, shutdown) = shutdown();
    let watched = async {
        for _ in 0..100 {
            tokio::time::advance(limits::STORAGE_REST).await;
        }
        trigger.drain();
    };
    work(crew(store, Arc::default()), shutdown, watched).await;
    assert_eq!(store.schedule.destinations().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_removed_destination_is_forgotten_as_soon_as_there_is_room_for_it() {
    let store = memory::open();
    let (destination, connections) = (destination(true), Vec::new());
    let removed = Removed { destination, connections, at: Timestamp(0) };
    let edit = Edit::Put(Object::Removed(removed));
    store.catalog.apply(vec![CatalogChange { expected: 0, edit }], Vec::new()).await.unwrap();
    store.schedule.commit(begun(5, &[])).await.unwrap();
    let schedule = MoodySchedule { inner: store.schedule.clone(), failures: 2.into() };
    let store = Store { schedule: Arc::new(schedule), ..store };
    forget_all(&store).await;
    assert!(store.catalog.watch().borrow().workspace.removed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_has_left_of_a_removed_destination_is_forgotten_at_the_start() {
    let store = memory::open();
    store.schedule.commit(begun(5, &[3])).await.unwrap();
    forget_all(&store).await;
    assert_eq!(store.schedule.load(&(&destination_id()).into()).await.unwrap(), None);
    let query = IssueQuery { rows_max: 9, ..IssueQuery::default() };
    let issues = store.ledger.issues(query).await.unwrap();
    assert!(issues.iter().all(|one| one.waiting == 0 && one.resolved_at.is_some()), "{issues:?}");
}

/// Deliveries that were begun and have failed, and a cursor behind them.
fn begun(cursor: u64, seqs: &[u64]) -> Settlement {
    let (reason, status) = ("server_error".to_owned(), 500);
    let open = |seq: &u64| OpenDelivery {
        seq: Seq(*seq),
        kind: EventKind::Track,
        identities: Identities::default(),
        attempts: 1,
        first_attempt_at: Some(Timestamp(1)),
        due: clock::now(),
        reason: reason.clone(),
        status,
        is_shelved: false,
    };
    let failed = |seq: &u64| AttemptRecord {
        destination: destination_id(),
        seq: Seq(*seq),
        kind: EventKind::Track,
        whose: Identities::default(),
        received_at: None,
        number: 1,
        at: Timestamp(1),
        duration_us: 1,
        status,
        fate: Fate::Retry,
        reason: reason.clone(),
        detail: String::new(),
        trace: Trace::default(),
        replay: None,
    };
    let count = seqs.len() as u64;
    Settlement {
        reader: (&destination_id()).into(),
        cursor: Seq(cursor),
        opened: seqs.iter().map(open).collect(),
        closed: Vec::new(),
        attempts: seqs.iter().map(failed).collect(),
        filtered: Vec::new(),
        waiting: Some(vec![WaitingBy { reason: reason.clone(), status, count }]),
    }
}

async fn append_many(store: &Store, count: u32) {
    for _ in 0..count {
        append(store, clock::now()).await;
    }
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}
