//! Tests of a dispatcher on the memory engine, where the journal has lost something.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::address::Egress;
use domain::delivery::Policy;
use domain::delivery::flow::{Bounds, Mode};
use domain::delivery::lanes::Order;
use domain::delivery::policy::Preset;
use domain::id::Seq;
use domain::limits;
use storage::{AttemptQuery, Fate, Store, memory};
use tokio::task::LocalSet;

use super::{Crew, CrewSettings, Needs};
use crate::clock;
use crate::live::{Gauges, Wish};
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
            let (ran, ()) = tokio::join!(crew.run(shutdown), watched);
            ran.unwrap();
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
