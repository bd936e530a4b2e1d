//! X1, X3 and X4: every search finds exactly what the model finds, also over several blocks, page by page,
//! and what is counted is what the model counts.

use bytes::Bytes;
use domain::event::{
    CallMark, EventKind, Identities, IdentityHash, NameHash, NewEvent, Restriction,
};
use domain::id::{Seq, SourceId};
use domain::time::Timestamp;

use super::Subject;
use super::fixture::append;
use crate::{EventQuery, Seen, SourceCensus, Store, Toward, memory};

type Open<'a> = &'a dyn Fn() -> Subject;

const EVENTS: u64 = 36_000;
const EVERYWHERE: std::ops::Range<Seq> = Seq(0)..Seq(u64::MAX);

/// The `number`th event of a history of a few busy users and many others.
pub fn event(number: u64) -> NewEvent {
    let user = match number % 10 {
        0..4 => format!("busy-{}", number % 4),
        4 => "rare".repeat(usize::from(number == 20_004)),
        _ => format!("user-{number}"),
    };
    let anonymous =
        if number.is_multiple_of(3) { format!("device-{}", number / 30) } else { String::new() };
    let name = match number % 7 {
        0 => String::new(),
        1 => format!("only-{number}"),
        rest => format!("name-{rest}"),
    };
    let library = match number % 4 {
        0 => r#""library":{"version":"1.0"},"#.to_owned(),
        1 => String::new(),
        _ => format!(r#""library":{{"name":"sdk","version":"{}"}},"#, number % 80),
    };
    let payload = format!(
        r#"{{"messageId":"m-{number}","event":"{name}","userId":"{user}","anonymousId":"{anonymous}","context":{{{library}"a":1}}}}"#
    );
    NewEvent {
        source: SourceId::new(["app", "web", "server"][(number % 3) as usize]),
        kind: EventKind::ALL[(number % 5) as usize + 1],
        // In the order of acceptance, but for a few.
        received_at: Timestamp(1_700_000_000_000 + (number as i64 ^ 3) * 7),
        identities: Identities {
            user: IdentityHash::of_user(&user),
            anonymous: IdentityHash::of_anonymous(&anonymous),
        },
        restriction: Restriction::None,
        payload: Bytes::from(payload),
    }
}

/// Appends the events from `first` on, each at the place of its number where `first` is 1.
pub fn fill(store: &Store, numbers: std::ops::Range<u64>) {
    for first in numbers.clone().step_by(500) {
        append(store, (first..numbers.end.min(first + 500)).map(event).collect());
    }
}

/// Waits until everything is indexed.
pub fn wait_until_reached(store: &Store) {
    let (mut reached, head) = (store.index.reached(), *store.journal.head().borrow());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(reached.wait_for(|reached| *reached >= head)).unwrap();
}

/// All places that a query finds, page by page.
pub fn all(store: &Store, query: &EventQuery) -> Vec<u64> {
    let (mut query, mut found) = (query.clone(), Vec::new());
    loop {
        let page = store.index.search(query.clone()).wait().unwrap();
        assert!(page.places.len() <= query.rows_max, "{query:?}");
        found.extend(page.places.iter().map(|seq| seq.0));
        match page.rest {
            Some(rest) => query.places = rest,
            None => return found,
        }
    }
}

/// A query for the events of a user.
pub fn of_user(id: &str) -> EventQuery {
    let identities = IdentityHash::of_user(id).into_iter().collect();
    EventQuery { identities, ..EventQuery::of(EVERYWHERE, 97) }
}

fn queries() -> Vec<EventQuery> {
    let all = EventQuery::of(EVERYWHERE, 997);
    let source = |id: &str| Some(SourceId::new(id));
    let at = |number: i64| Some(Timestamp(1_700_000_000_000 + number * 7));
    let device = |number: u64| IdentityHash::of_anonymous(&format!("device-{number}"));
    let both = IdentityHash::of_user("rare").into_iter().chain(device(500)).collect();
    vec![
        EventQuery { rows_max: 9_999, ..all.clone() },
        EventQuery { source: source("web"), ..all.clone() },
        EventQuery { source: source("nobody"), ..all.clone() },
        EventQuery { kind: Some(EventKind::Page), source: source("app"), ..all.clone() },
        EventQuery { kind: Some(EventKind::Merge), ..all.clone() },
        EventQuery { name: NameHash::of("name-3"), rows_max: 3_000, ..all.clone() },
        EventQuery { name: NameHash::of("only-15"), ..all.clone() },
        EventQuery { name: NameHash::of("nobody's"), ..all.clone() },
        EventQuery { message: CallMark::of("m-16383"), ..all.clone() },
        EventQuery { message: CallMark::of("m-35999"), ..all.clone() },
        EventQuery { message: CallMark::of("m-x"), ..all.clone() },
        of_user("busy-2"),
        of_user("user-33337"),
        of_user("nobody"),
        EventQuery { identities: both, rows_max: 3, ..all.clone() },
        EventQuery {
            kind: Some(EventKind::Track),
            name: NameHash::of("name-2"),
            ..of_user("busy-1")
        },
        EventQuery { message: CallMark::of("m-41"), ..of_user("busy-1") },
        EventQuery { from: at(16_000), to: at(17_000), ..all.clone() },
        EventQuery { from: at(30_000), source: source("app"), ..all.clone() },
        EventQuery { to: at(20), ..all.clone() },
        EventQuery { places: Seq(16_384)..Seq(16_385), ..all.clone() },
        EventQuery { places: Seq(16_000)..Seq(33_000), source: source("server"), ..all.clone() },
        EventQuery { places: Seq(7)..Seq(7), ..all.clone() },
        EventQuery { places: Seq(9)..Seq(3), ..all.clone() },
        EventQuery { places: Seq(90_000)..Seq(90_009), ..all },
    ]
}

/// X1: by anything, in both directions.
pub fn x1_searches_find_what_the_model_finds(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let model = memory::open();
    for one in [&store, &model] {
        fill(one, 1..EVENTS);
    }
    wait_until_reached(&store);
    for query in queries() {
        for toward in [Toward::Older, Toward::Newer] {
            let query = EventQuery { toward, ..query.clone() };
            let at_once = EventQuery { rows_max: usize::MAX - 1, ..query.clone() };
            assert!(all(&store, &query) == all(&model, &at_once), "{query:?}");
        }
    }
    assert_eq!(all(&store, &of_user("rare")), [20_004]);
    let ask = |toward| EventQuery { toward, rows_max: 2, ..of_user("busy-1") };
    let first = |query: EventQuery| store.index.search(query).wait().unwrap();
    let older = first(EventQuery { places: Seq(0)..Seq(21), ..ask(Toward::Older) });
    assert_eq!((older.places, older.rest), (vec![Seq(13), Seq(1)], None));
    let newer = first(EventQuery { places: Seq(2)..Seq(99), ..ask(Toward::Newer) });
    assert_eq!((newer.places, newer.rest), (vec![Seq(13), Seq(21)], Some(Seq(22)..Seq(99))));
}

/// X3: what was trimmed goes, as new events come.
pub fn x3_what_was_trimmed_is_not_found_for_long(open: Open<'_>) {
    let Subject { store, _keep } = open();
    fill(&store, 1..20_000);
    let first = store.journal.trim(Seq(19_000)).wait().unwrap();
    fill(&store, 20_000..EVENTS);
    wait_until_reached(&store);
    let found = all(&store, &EventQuery::of(EVERYWHERE, 9_999));
    let oldest = found.last().copied();
    assert_eq!(found.first(), Some(&(EVENTS - 1)));
    // As far as a block, which goes as a whole.
    assert!(
        oldest.is_some_and(|oldest| oldest <= first.0 && first.0 - oldest < 1 << 14),
        "{oldest:?}"
    );
}

/// What is counted of a source.
pub fn census(store: &Store, source: &str) -> SourceCensus {
    store.index.census(&SourceId::new(source)).wait().unwrap()
}

/// How many events of the history are counted, by name and by SDK.
pub fn counted(store: &Store) -> (u64, u64) {
    let sum = |seen: &mut dyn Iterator<Item = Seen>| seen.map(|seen| seen.events).sum::<u64>();
    let of = |source| {
        let SourceCensus { names, other_names, sdks, other_sdks } = census(store, source);
        let names = &mut names.iter().map(|one| one.seen).chain(other_names);
        (sum(names), sum(&mut sdks.iter().map(|one| one.seen).chain(other_sdks)))
    };
    let [app, web, server] = ["app", "web", "server"].map(of);
    (app.0 + web.0 + server.0, app.1 + web.1 + server.1)
}

/// X4: each event once, by kind and name and by SDK, also where it was trimmed since.
pub fn x4_what_sources_send_is_counted(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let model = memory::open();
    for one in [&store, &model] {
        fill(one, 1..EVENTS);
    }
    wait_until_reached(&store);
    for source in ["app", "web", "server", "nobody"] {
        assert!(census(&store, source) == census(&model, source), "{source}");
    }
    assert_eq!(counted(&store), (EVENTS - 1, EVENTS - 1));
    let app = census(&store, "app");
    assert_eq!((app.names.len(), app.sdks.len()), (500, 32));
    assert_eq!(census(&store, "nobody"), SourceCensus::default());
    let expected = (1..EVENTS).map(event).filter(|one| {
        let text = String::from_utf8_lossy(&one.payload).into_owned();
        one.source.as_str() == "app"
            && one.kind == EventKind::Track
            && text.contains(r#""event":"name-3""#)
    });
    let expected: Vec<_> = expected.map(|one| one.received_at).collect();
    let found = app.names.iter().find(|one| one.kind == EventKind::Track && one.name == "name-3");
    let seen = found.unwrap().seen;
    assert_eq!(seen.events, expected.len() as u64);
    assert_eq!(Some(&seen.first_at), expected.iter().min());
    assert_eq!(Some(&seen.last_at), expected.iter().max());
    let silent = |one: &&crate::SdkCount| one.name.is_empty() && one.version.is_empty();
    assert_eq!(app.sdks.iter().find(silent).unwrap().seen.events, EVENTS / 12);
    store.journal.trim(Seq(30_000)).wait().unwrap();
    assert!(census(&store, "app") == app);
}
