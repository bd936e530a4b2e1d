//! Shows in front of viewers: what is shown of what happens, and what is said of the rest.

use std::time::Duration;

use bytes::Bytes;
use domain::event::{EventKind, Identities, NewEvent, Restriction};
use domain::id::{DestinationId, SourceId};
use domain::reason::Reason;
use domain::time::Timestamp;
use futures_util::FutureExt;
use storage::{AttemptRecord, Fate, Store, memory};
use testkit::Row;

use super::*;
use crate::live::{FilteredSample, Settled, SettledAside};

/// Somebody who writes, and what is written from.
struct Stage {
    store: Store,
    notices: Arc<Notices>,
    viewing: Arc<Viewing>,
    scribe: Scribe,
}

impl Stage {
    fn new() -> Self {
        let (store, notices) = (memory::open(), Arc::<Notices>::default());
        let (viewing, scribe) = viewing(&store, notices.clone());
        Self { store, notices, viewing, scribe }
    }

    async fn append(&self, events: Vec<NewEvent>) {
        self.store.journal.append(events).unwrap().await.unwrap();
    }

    fn open(&self, filter: Filter) -> Viewer {
        self.viewing.open(filter, None).expect("room")
    }
}

fn event(kind: EventKind, source: &str, name: &str, (user, anonymous): (&str, &str)) -> NewEvent {
    let payload = format!(r#"{{"event":"{name}","userId":"{user}","anonymousId":"{anonymous}"}}"#);
    let (user, anonymous) = (Identities::named(user).user, Identities::named(anonymous).anonymous);
    NewEvent {
        source: SourceId::new(source),
        kind,
        received_at: Timestamp(1),
        identities: Identities { user, anonymous },
        restriction: Restriction::None,
        payload: Bytes::from(payload),
    }
}

fn track(name: &str, user: &str) -> NewEvent {
    event(EventKind::Track, "web", name, (user, ""))
}

/// What a viewer gets without waiting.
fn rows(viewer: &mut Viewer) -> Vec<Row> {
    let mut rows = Vec::new();
    while let Some(text) = viewer.wait().now_or_never() {
        rows.extend(text.split("\n\n").map(Row::parse).filter(|row| !row.name.is_empty()));
    }
    rows
}

/// The members of the rows with this name.
fn members(rows: &[Row], name: &str, member: &str) -> Vec<serde_json::Value> {
    let ours = rows.iter().filter(|row| row.name == name);
    ours.map(|row| row.data[member].clone()).collect()
}

fn settled(seq: u64, fate: Fate, whose: Identities) -> Settled {
    let destination = DestinationId::new("hooks");
    let attempt = AttemptRecord {
        destination: destination.clone(),
        seq: Seq(seq),
        kind: EventKind::Track,
        whose,
        received_at: None,
        number: 1,
        at: Timestamp(2),
        duration_us: 7,
        status: 200,
        fate,
        reason: String::new(),
        detail: String::new(),
        trace: domain::delivery::Trace::default(),
        replay: None,
    };
    let due = vec![(Seq(seq), Timestamp(3))];
    let aside = SettledAside { due, filtered: Vec::new() };
    Settled { destination, attempts: vec![attempt], aside }
}

fn named(name: &str) -> Filter {
    Filter { name: Some(name.to_owned()), ..Filter::default() }
}

fn of_hooks(statuses: impl IntoIterator<Item = Status>) -> Filter {
    let destination = Some(DestinationId::new("hooks"));
    Filter { destination, statuses: statuses.into_iter().collect(), ..Filter::default() }
}

#[tokio::test]
async fn a_viewer_sees_what_is_asked_for_and_nothing_else() {
    let mut stage = Stage::new();
    let all = Filter::default;
    let some = |text: &str| Some(text.to_owned());
    let filters = [
        (all(), "Paid|paid late|Seen|Home"),
        (Filter { source: Some(SourceId::new("app")), ..all() }, "Home"),
        (Filter { kinds: [EventKind::Screen, EventKind::Page].into(), ..all() }, "Home"),
        (named("Paid"), "Paid"),
        (Filter { text: some("paid"), ..all() }, "Paid|paid late"),
        (Filter { user: some("u1"), ..all() }, "Paid|Home"),
        (Filter { user: some(" a2 "), ..all() }, "paid late"),
        (Filter { statuses: [Status::Accepted].into(), name: some("Seen"), ..all() }, "Seen"),
        (Filter { statuses: [Status::Rejected].into(), ..all() }, ""),
        (of_hooks([]), ""),
        (named("Nothing"), ""),
    ];
    let mut viewers: Vec<_> =
        filters.map(|(filter, want)| (stage.open(filter.clone()), filter, want)).into();
    let late = event(EventKind::Track, "web", "paid late", ("u2", "a2"));
    let home = event(EventKind::Screen, "app", "Home", ("u1", ""));
    let home = NewEvent { payload: Bytes::from_static(br#"{"name":"Home"}"#), ..home };
    stage.append(vec![track("Paid", "u1"), late, track("Seen", "u3"), home]).await;
    stage.scribe.round().await;
    for (viewer, filter, want) in &mut viewers {
        let names = members(&rows(viewer), "event", "name");
        let names: Vec<_> = names.iter().filter_map(|name| name.as_str()).collect();
        assert_eq!(names.join("|"), *want, "{filter:?}");
    }
}

#[tokio::test]
async fn what_happened_before_is_not_shown() {
    let mut stage = Stage::new();
    stage.append(vec![track("before", "u")]).await;
    let mut early = stage.open(Filter::default());
    stage.append(vec![track("one", "u")]).await;
    let mut late = stage.open(Filter { source: Some(SourceId::new("web")), ..Filter::default() });
    stage.append(vec![track("two", "u")]).await;
    stage.scribe.round().await;
    assert_eq!(members(&rows(&mut early), "event", "name"), ["one", "two"]);
    assert_eq!(members(&rows(&mut late), "event", "name"), ["two"]);
    stage.scribe.round().await;
    assert_eq!(rows(&mut early), [], "nothing is shown twice");
}

#[tokio::test(start_paused = true)]
async fn of_a_burst_some_are_shown_and_it_is_said_how_many_there_were() {
    let mut stage = Stage::new();
    let mut viewer = stage.open(Filter::default());
    for _ in 0..10 {
        stage.append((0..5_000).map(|_| track("x", "u")).collect()).await;
    }
    stage.scribe.round().await;
    let seqs: Vec<_> = members(&rows(&mut viewer), "event", "seq");
    let seqs: Vec<_> = seqs.iter().filter_map(serde_json::Value::as_u64).collect();
    assert_eq!(seqs.len(), 50);
    assert!(seqs.windows(2).all(|two| two[1] - two[0] == 1_000), "from all over: {seqs:?}");
    tokio::time::advance(Duration::from_secs(1)).await;
    stage.append(vec![track("y", "u")]).await;
    stage.scribe.round().await;
    let said = rows(&mut viewer);
    assert_eq!(members(&said, "event", "name"), ["y"], "there is room again");
    assert_eq!(members(&said, "sampled", "shown"), [51]);
    assert_eq!(members(&said, "sampled", "of"), [50_001]);
    tokio::time::advance(Duration::from_secs(1)).await;
    stage.append(vec![track("z", "u")]).await;
    stage.scribe.round().await;
    let said = rows(&mut viewer);
    let both = ["shown", "of"].map(|member| members(&said, "sampled", member));
    assert_eq!(both, [[1], [1]], "and all is shown again");
    tokio::time::advance(Duration::from_secs(1)).await;
    stage.scribe.round().await;
    assert_eq!(rows(&mut viewer), [], "which is said once");
}

#[tokio::test(start_paused = true)]
async fn a_search_by_name_looks_at_some_of_a_burst_and_tells_how_many_there_may_be() {
    let mut stage = Stage::new();
    let mut viewer = stage.open(named("rare"));
    let name = |number| if number % 100 == 0 { "rare" } else { "usual" };
    stage.append((0..100).map(|number| track(name(number), "u")).collect()).await;
    stage.scribe.round().await;
    assert_eq!(members(&rows(&mut viewer), "event", "seq"), [1], "of a few, each is looked at");
    for _ in 0..8 {
        stage.append((0..5_000).map(|_| track("rare", "u")).collect()).await;
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    stage.scribe.round().await;
    let said = rows(&mut viewer);
    assert_eq!(members(&said, "event", "seq").len(), 50);
    assert_eq!(members(&said, "sampled", "of"), [40_001]);
}

#[tokio::test]
async fn what_becomes_of_a_shown_event_follows_it() {
    let mut stage = Stage::new();
    let mut all = stage.open(Filter::default());
    let mut one = stage.open(named("Paid"));
    stage.append(vec![track("Paid", "u1"), track("Seen", "u2")]).await;
    stage.scribe.round().await;
    for seq in [1, 2, 9] {
        stage.notices.settled(settled(seq, Fate::Retry, Identities::default()));
    }
    stage.scribe.round().await;
    assert_eq!(members(&rows(&mut all), "delivery", "seq"), [1, 2]);
    let said = rows(&mut one);
    assert_eq!(members(&said, "delivery", "name"), ["Paid"]);
    assert_eq!(members(&said, "delivery", "next_try_at"), ["1970-01-01T00:00:00.003Z"]);
}

#[tokio::test]
async fn a_delivery_is_told_in_the_round_of_its_event() {
    let mut stage = Stage::new();
    let mut viewer = stage.open(Filter::default());
    stage.append(vec![track("Paid", "u1")]).await;
    stage.notices.settled(settled(1, Fate::Delivered, Identities::default()));
    stage.scribe.round().await;
    let names: Vec<_> = rows(&mut viewer).into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["event", "delivery"]);
}

#[tokio::test]
async fn deliveries_that_are_asked_for_come_with_their_events() {
    let mut stage = Stage::new();
    let named = |user: &str| Filter { user: Some(user.to_owned()), ..of_hooks([]) };
    stage.append(vec![track("Paid", "u1"), track("Seen", "u2")]).await;
    let mut viewers = [
        (of_hooks([]), vec!["Paid", "Seen", "Paid"]),
        (of_hooks([Status::Filtered]), vec!["Paid"]),
        (of_hooks(Status::FAILED), vec!["Seen"]),
        (named("u2"), vec!["Seen"]),
        (Filter { text: Some("paid".to_owned()), ..of_hooks([]) }, vec!["Paid", "Paid"]),
        (Filter { source: Some(SourceId::new("app")), ..of_hooks([]) }, vec![]),
        (Filter { destination: Some(DestinationId::new("other")), ..Filter::default() }, vec![]),
    ]
    .map(|(filter, want)| (stage.open(filter), want));
    stage.notices.settled(settled(1, Fate::Delivered, Identities::named("u1")));
    let mut second = settled(2, Fate::GaveUp, Identities::named("u2"));
    let (at, reason) = (Timestamp(4), Reason::FilteredType);
    second.aside.filtered = vec![FilteredSample { seq: Seq(1), at, reason }];
    stage.notices.settled(second);
    stage.scribe.round().await;
    for (viewer, want) in &mut viewers {
        assert_eq!(members(&rows(viewer), "delivery", "name"), *want);
    }
}

#[tokio::test]
async fn who_is_too_slow_is_told_what_was_missed() {
    let mut stage = Stage::new();
    let mut viewer = stage.open(of_hooks([]));
    let channel = viewer_channel(&stage);
    channel.push((0..limits::LIVE_ROWS_KEPT + 7).map(|_| "data: 1\n\n".to_owned()).collect());
    let said = rows(&mut viewer);
    assert_eq!((said.len(), &said[0].data), (1, &serde_json::json!({"rows": 7})));
    let many = Settled { attempts: Vec::new(), ..settled(1, Fate::Retry, Identities::default()) };
    let sample = FilteredSample { seq: Seq(1), at: Timestamp(1), reason: Reason::FilteredType };
    let filtered = vec![sample; limits::NOTICES_MAX + 1];
    stage.notices.settled(Settled { aside: SettledAside { filtered, due: Vec::new() }, ..many });
    stage.scribe.round().await;
    assert_eq!(members(&rows(&mut viewer), "missed", "rows"), [limits::NOTICES_MAX + 1]);
}

fn viewer_channel(stage: &Stage) -> Arc<Channel> {
    stage.viewing.lock()[0].clone()
}

#[tokio::test]
async fn there_is_room_for_so_many_viewers_and_those_who_have_gone_take_none() {
    let stage = Stage::new();
    let one = |number: usize| stage.viewing.open(named(&number.to_string()), None);
    let viewers: Vec<_> = (0..limits::VIEWERS_MAX - 1).map(|number| one(number % 90)).collect();
    let last = one(7);
    assert!(viewers.iter().all(Option::is_some) && last.is_some());
    assert!(one(7).is_none(), "also of a filter that is there");
    drop(last);
    assert!(one(7).is_some());
    drop(viewers);
    for number in 0..1_000 {
        assert!(one(number).is_some());
    }
    assert!(stage.viewing.lock().len() <= limits::VIEWERS_MAX, "who comes and goes leaves nothing");
}

/// Lets time pass, in which everybody does what they do.
async fn pass(span: Duration) {
    let step = Duration::from_millis(100);
    for _ in 0..span.as_millis() / step.as_millis() {
        tokio::time::advance(step).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_last_viewer_has_gone_nothing_is_told_any_more() {
    let Stage { store, notices, viewing, scribe } = Stage::new();
    let (trigger, shutdown) = crate::shutdown::shutdown();
    let running = tokio::spawn(scribe.run(shutdown));
    assert!(!notices.is_watched());
    for name in ["one", "two"] {
        let mut viewer = viewing.open(Filter::default(), None).expect("room");
        assert!(notices.is_watched());
        store.journal.append(vec![track(name, "u")]).unwrap().await.unwrap();
        let mut text = String::new();
        while !text.contains("\"name\"") {
            text = testkit::within("a row", viewer.wait()).await;
        }
        assert!(text.contains(&format!("\"name\":\"{name}\"")), "{text}");
        drop(viewer);
        pass(limits::LIVE_LINGER - Duration::from_secs(5)).await;
        assert!(notices.is_watched(), "who comes back finds what happened meanwhile");
        pass(Duration::from_secs(10)).await;
        assert!(!notices.is_watched() && viewing.lock().is_empty());
    }
    trigger.drain();
    testkit::within("the scribe's end", running).await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_beats() {
    let stage = Stage::new();
    let mut viewer = stage.open(Filter::default());
    assert_eq!(viewer.wait().await, "retry: 2000\n\n");
    let start = tokio::time::Instant::now();
    assert_eq!(viewer.wait().await, ":\n\n");
    assert_eq!(start.elapsed(), limits::LIVE_HEARTBEAT);
}
