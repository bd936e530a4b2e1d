//! Look-ups beside a store without a server: events that are gone, much to look through, odd ids.

use bytes::Bytes;
use domain::delivery::Trace;
use domain::destination::Destination;
use domain::event::{EventKind, Identities, IdentityHash, NewEvent};
use domain::id::{ReplayId, Seq, SourceId};
use domain::reason::Reason;
use domain::replay::{Cause, Intent, Pace, ReplayPlan, Scope};
use domain::time::Timestamp;
use storage::{AttemptRecord, Fate, OpenDelivery, Reader, Settlement, Store, memory};

use super::{
    Asked, Blocker, DeliveryQuery, EventFilter, EventListQuery, Found, Lookup, Status, When,
};
use crate::live::Gauges;
use crate::samples::{self, connect, destination, destination_id};

/// An event of a user, named by its number.
fn event(user: &str, number: usize) -> NewEvent {
    let (user_hash, payload) = (
        IdentityHash::of_user(user),
        format!(
            r#"{{"type":"track","event":"e-{number}","userId":"{user}","messageId":"m-{number}"}}"#
        ),
    );
    NewEvent {
        identities: Identities { user: user_hash, anonymous: None },
        payload: Bytes::from(payload),
        ..samples::event(Timestamp(1_000 * number as i64))
    }
}

async fn append(store: &Store, events: Vec<NewEvent>) {
    store.journal.append(events).unwrap().await.unwrap();
}

fn attempt(seq: u64, fate: Fate) -> AttemptRecord {
    let is_delivered = fate == Fate::Delivered;
    AttemptRecord {
        destination: destination_id(),
        seq: Seq(seq),
        kind: EventKind::Track,
        whose: Identities::default(),
        received_at: None,
        number: 1,
        at: Timestamp(1_000_000 + seq as i64),
        duration_us: 7,
        status: if is_delivered { 200 } else { 503 },
        fate,
        reason: if is_delivered { String::new() } else { "server_error".to_owned() },
        detail: String::new(),
        trace: Trace::default(),
        replay: None,
    }
}

fn open(seq: u64, attempts: u32) -> OpenDelivery {
    OpenDelivery {
        seq: Seq(seq),
        kind: EventKind::Track,
        identities: Identities { user: IdentityHash::of_user("u"), anonymous: None },
        attempts,
        first_attempt_at: None,
        due: Timestamp(77),
        reason: if attempts > 0 { "server_error".to_owned() } else { String::new() },
        status: 0,
        is_shelved: attempts == 0,
    }
}

async fn settle(
    store: &Store,
    reader: Reader,
    (cursor, opened, attempts): (u64, Vec<OpenDelivery>, Vec<AttemptRecord>),
) {
    let (closed, filtered) = (Vec::new(), Vec::new());
    let cursor = Seq(cursor);
    let step = Settlement { reader, cursor, opened, closed, attempts, filtered, waiting: None };
    store.schedule.commit(step).await.unwrap();
}

/// A store with this destination, connected from the first event on.
async fn store_with(destination: Destination) -> Store {
    let store = memory::open();
    connect(&store, destination, 1).await;
    store
}

async fn status_of(store: &Store, seq: u64) -> Option<(Status, Option<Blocker>)> {
    let gauges = Gauges::default();
    let mut lookup = Lookup::new(store, &gauges);
    let seq = Seq(seq);
    let event = match lookup.event(seq).await.unwrap() {
        Found::Event(event) => Some(event),
        Found::Gone(_) | Found::Nothing => None,
    };
    let asked = Asked { destination: destination_id(), seq, event };
    let found = lookup.deliveries(vec![asked]).await.unwrap();
    found.into_iter().next().map(|one| (one.state.status, one.blocked_by))
}

#[tokio::test]
async fn a_destination_that_has_read_nothing_has_everything_queued() {
    let store = store_with(destination(true)).await;
    append(&store, vec![event("u", 1), event("u", 2)]).await;
    assert_eq!(status_of(&store, 1).await, Some((Status::Queued, None)));
    assert_eq!(status_of(&store, 3).await, None, "no event has come there");
    let gauges = Gauges::default();
    for status in [None, Some(Status::Queued)] {
        let query = DeliveryQuery { status, rows_max: 9, ..DeliveryQuery::default() };
        let page = Lookup::new(&store, &gauges).search(&query).await.unwrap();
        let seqs: Vec<_> = page.deliveries.iter().map(|one| one.seq.0).collect();
        assert_eq!((seqs, page.older_than), (vec![2, 1], None));
    }
    for status in [Status::Waiting, Status::Sending, Status::Delivered, Status::GaveUp] {
        let query = DeliveryQuery { status: Some(status), rows_max: 9, ..DeliveryQuery::default() };
        let page = Lookup::new(&store, &gauges).search(&query).await.unwrap();
        assert!(page.deliveries.is_empty() && page.older_than.is_none(), "{status:?}");
    }
}

#[tokio::test]
async fn what_is_written_down_is_shown_where_nobody_is_at_work() {
    let store = store_with(destination(false)).await;
    append(&store, (1..=5).map(|number| event("u", number)).collect()).await;
    let attempts = vec![attempt(1, Fate::Delivered), attempt(2, Fate::Retry)];
    let own = Reader::Destination(destination_id());
    settle(&store, own, (5, vec![open(2, 1), open(3, 0)], attempts)).await;
    let disabled = Some(Blocker::Disabled);
    assert_eq!(status_of(&store, 1).await, Some((Status::Delivered, None)));
    assert_eq!(status_of(&store, 2).await, Some((Status::Scheduled, disabled)));
    assert_eq!(status_of(&store, 3).await, Some((Status::Waiting, disabled)));
    assert_eq!(status_of(&store, 4).await, Some((Status::Unknown, None)), "no row of it");
    assert_eq!(status_of(&store, 5).await, Some((Status::Queued, disabled)));
}

#[tokio::test]
async fn events_that_are_gone_are_known_by_what_the_ledger_has() {
    let store = store_with(destination(true)).await;
    for number in 1..=4 {
        append(&store, vec![event("u", number)]).await;
    }
    let attempts = vec![attempt(1, Fate::Delivered), attempt(2, Fate::GaveUp)];
    settle(&store, Reader::Destination(destination_id()), (5, vec![], attempts)).await;
    store.journal.trim(Seq(4)).await.unwrap();
    let gauges = Gauges::default();
    let mut lookup = Lookup::new(&store, &gauges);
    let found = lookup.event(Seq(2)).await.unwrap();
    assert_eq!(found, Found::Gone(Reason::Trimmed));
    let of = lookup.deliveries_of(Seq(2), &found).await.unwrap();
    assert_eq!((of.len(), of[0].state.status, &of[0].event), (1, Status::GaveUp, &None));
    assert!(lookup.deliveries_of(Seq(3), &found).await.unwrap().is_empty());
    let query = |status, name: Option<&str>| DeliveryQuery {
        status: Some(status),
        of: EventFilter { name: name.map(str::to_owned), ..EventFilter::default() },
        rows_max: 9,
        ..DeliveryQuery::default()
    };
    for (query, count) in [
        (query(Status::GaveUp, None), 1),
        (query(Status::GaveUp, Some("e-2")), 0),
        (query(Status::Delivered, None), 1),
        (query(Status::Delivered, Some("e-1")), 0),
    ] {
        let page = lookup.search(&query).await.unwrap();
        assert_eq!(page.deliveries.len(), count, "{query:?}");
    }
    let all = EventListQuery { rows_max: 9, ..EventListQuery::default() };
    let list = lookup.events(&all).await.unwrap();
    assert_eq!(list.events.iter().map(|one| one.seq.0).collect::<Vec<_>>(), [4]);
}

#[tokio::test]
async fn what_a_replay_makes_again_is_shown_with_the_delivery() {
    let store = store_with(destination(true)).await;
    append(&store, vec![event("u", 1), event("v", 2)]).await;
    let failed = vec![attempt(1, Fate::GaveUp), attempt(2, Fate::GaveUp)];
    settle(&store, Reader::Destination(destination_id()), (3, vec![], failed)).await;
    let plan = ReplayPlan {
        destination: destination_id(),
        intent: Intent::RecoverFailed,
        cause: Cause::Asked,
        scope: Scope::between(Seq(1), Seq(3)),
        pace: Pace::default(),
    };
    let replay = store.replays.make(plan, None, Timestamp(0)).await.unwrap().id;
    let again = |seq, fate| AttemptRecord { replay: Some(replay), ..attempt(seq, fate) };
    let attempts = vec![again(1, Fate::Delivered), again(2, Fate::Retry)];
    settle(&store, Reader::Replay(replay), (3, vec![open(2, 1)], attempts)).await;
    assert_eq!(status_of(&store, 1).await, Some((Status::Delivered, None)));
    assert_eq!(status_of(&store, 2).await, Some((Status::Scheduled, None)));
    let gauges = Gauges::default();
    let find = async |status| {
        let query = DeliveryQuery { status: Some(status), rows_max: 9, ..DeliveryQuery::default() };
        let page = Lookup::new(&store, &gauges).search(&query).await.unwrap();
        page.deliveries.into_iter().map(|one| (one.seq.0, one.reader())).collect::<Vec<_>>()
    };
    assert_eq!(find(Status::Scheduled).await, [(2, Reader::Replay(ReplayId(1)))]);
    assert_eq!(find(Status::GaveUp).await, []);
}

#[tokio::test]
async fn a_user_with_many_events_is_gone_through_page_by_page() {
    let store = store_with(destination(true)).await;
    let (busy, other) = ("u", "v");
    for number in 0..300 {
        let user = if number % 3 == 0 { other } else { busy };
        append(&store, vec![event(user, number)]).await;
    }
    let gauges = Gauges::default();
    let mut query = EventListQuery {
        of: EventFilter { user: Some(busy.to_owned()), ..EventFilter::default() },
        rows_max: 70,
        ..EventListQuery::default()
    };
    let mut found = Vec::new();
    loop {
        let list = Lookup::new(&store, &gauges).events(&query).await.unwrap();
        assert!(list.events.len() <= 70);
        found.extend(list.events.iter().map(|one| one.seq.0));
        match list.older_than {
            Some(seq) => query.older_than = Some(seq),
            None => break,
        }
    }
    let expected: Vec<u64> =
        (0..300).rev().filter(|number| number % 3 != 0).map(|n| n + 1).collect();
    assert_eq!(found, expected);
    let of_time = EventListQuery {
        when: When { from: Some(Timestamp(10_000)), to: Some(Timestamp(14_000)) },
        older_than: None,
        ..query
    };
    let list = Lookup::new(&store, &gauges).events(&of_time).await.unwrap();
    assert_eq!(list.events.iter().map(|one| one.seq.0).collect::<Vec<_>>(), [14, 12, 11]);
}

#[tokio::test]
async fn neighbours_are_of_the_same_user_and_ids_may_be_of_any_size() {
    let store = store_with(destination(true)).await;
    let long = "x".repeat(1 << 20);
    for (user, number) in [("u", 1), (&long, 2), ("u", 3), (&long, 4), ("u", 5)] {
        append(&store, vec![event(user, number)]).await;
    }
    append(&store, vec![NewEvent { source: SourceId::new("s"), ..samples::event(Timestamp(6)) }])
        .await;
    let gauges = Gauges::default();
    let mut lookup = Lookup::new(&store, &gauges);
    for (seq, want) in [
        (1, [None, Some(3)]),
        (2, [None, Some(4)]),
        (3, [Some(1), Some(5)]),
        (5, [Some(3), None]),
        (6, [None, None]),
    ] {
        let Found::Event(event) = lookup.event(Seq(seq)).await.unwrap() else {
            panic!("it is there")
        };
        let found = lookup.neighbours(&event).await.unwrap();
        assert_eq!(found.map(|one| one.map(|one| one.seq.0)), want, "of {seq}");
    }
    let of = |id: &str| EventFilter { message_id: Some(id.to_owned()), ..EventFilter::default() };
    let newest = lookup.newest(&of("m-4")).await.unwrap();
    assert_eq!(newest.map(|event| event.seq), Some(Seq(4)));
    assert_eq!(lookup.newest(&of("m-9")).await.unwrap(), None);
}
