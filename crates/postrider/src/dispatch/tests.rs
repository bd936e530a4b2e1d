//! Tests of a dispatcher on the memory engine, where the journal has lost something.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::address::Egress;
use domain::delivery::Policy;
use domain::delivery::flow::Bounds;
use domain::delivery::lanes::Order;
use domain::delivery::policy::Preset;
use domain::id::Seq;
use storage::{AttemptQuery, Fate, Store, memory};
use tokio::task::LocalSet;

use super::{Crew, CrewSettings, Needs};
use crate::clock;
use crate::live::Gauges;
use crate::samples::{append, connect, destination, destination_id};
use crate::send::{Outlet, OutletSettings};
use crate::shutdown::{Shutdown, shutdown};

const MINUTE: Duration = Duration::from_secs(60);

async fn three_events_of_which_two_are_gone() -> Store {
    let store = memory::open();
    for _ in 0..3 {
        append(&store, clock::now()).await;
    }
    store.journal.trim(Seq(3)).await.unwrap();
    store
}

fn crew(store: &Store) -> Crew {
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
        gauges: Arc::new(Gauges::default()),
        end: Box::new(|| {}),
    };
    Crew::new(needs, (0, 1))
}

/// Runs a crew until it has settled everything up to `cursor`; answers what is recorded.
async fn records(store: &Store, cursor: u64) -> Vec<(u64, Fate, String)> {
    let (trigger, shutdown): (_, Shutdown) = shutdown();
    let settled = async {
        loop {
            let state = store.schedule.load(&destination_id()).await.unwrap();
            if state.is_some_and(|state| state.cursor >= Seq(cursor)) {
                break;
            }
            tokio::task::yield_now().await;
        }
        trigger.drain();
    };
    let crew = crew(store);
    LocalSet::new()
        .run_until(async {
            let (ran, ()) = tokio::join!(crew.run(shutdown), settled);
            ran.unwrap();
        })
        .await;
    let query = AttemptQuery { rows_max: 100, ..AttemptQuery::default() };
    let attempts = store.ledger.attempts(query).await.unwrap();
    attempts.into_iter().rev().map(|one| (one.seq.0, one.fate, one.reason)).collect()
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
