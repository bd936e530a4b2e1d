//! L1, without its clock: every search finds exactly what the model finds, also over many rows.

use domain::id::{DestinationId, ReplayId, Seq, SourceId};
use domain::replay::{Cause, Intent, Pace, ReplayPlan, Scope};
use domain::time::Timestamp;

use super::Subject;
use super::fixture::{attempt, destination, open_delivery, settlement};
use crate::{
    AttemptQuery, AttemptRecord, Depth, FailedQuery, Fate, IssueQuery, Known, Reader,
    RejectionQuery, RejectionRecord, Settlement, Store, memory,
};

type Open<'a> = &'a dyn Fn() -> Subject;

/// Destinations of the history.
pub const DESTINATIONS: u64 = 6;
const ROWS_PER_STEP: u64 = 5_000;
const STEPS: u64 = 40;

/// L1: a history with healthy, slow, dead, idle and replayed destinations.
pub fn l1_searches_find_what_the_model_finds(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let model = memory::open();
    for step in 0..STEPS {
        for to in 0..DESTINATIONS {
            let one = destination(to);
            let attempts = history(&one, to, step);
            let step = Settlement { attempts, ..settlement(one, 1) };
            model.schedule.commit(step.clone()).wait().unwrap();
            store.schedule.commit(step).wait().unwrap();
        }
    }
    for query in queries() {
        let found = store.ledger.attempts(query.clone()).wait().unwrap().attempts;
        let expected = model.ledger.attempts(query.clone()).wait().unwrap().attempts;
        assert!(found == expected, "{query:?} found {} rows", found.len());
    }
    let totals = |store: &Store| store.ledger.totals().wait().unwrap();
    assert_eq!(totals(&store), totals(&model));
}

/// What one destination does in one step; by its number it is of one kind or another.
pub fn history(one: &DestinationId, number: u64, step: u64) -> Vec<AttemptRecord> {
    let first = step * ROWS_PER_STEP / DESTINATIONS;
    let places = first..first + ROWS_PER_STEP / DESTINATIONS;
    match number {
        // Healthy; now and then an event needs a second attempt, and two are swapped.
        0 | 1 => places
            .flat_map(|seq| match seq % 50 {
                7 => vec![
                    attempt(one, seq, 1, Fate::Retry),
                    attempt(one, seq.saturating_sub(40), 2, Fate::Delivered),
                ],
                _ => vec![attempt(one, seq ^ 1, 1, Fate::Delivered)],
            })
            .collect(),
        // Far behind.
        2 => places.map(|seq| attempt(one, seq / 3, 1, Fate::Delivered)).collect(),
        // Dead.
        3 => places.map(|seq| attempt(one, seq % 20, 3, Fate::Retry)).collect(),
        // Idle, but for a few rows; some given up or expired.
        4 if step.is_multiple_of(10) => vec![
            attempt(one, first, 1, Fate::Delivered),
            attempt(one, first + 1, 9, Fate::GaveUp),
            attempt(one, first + 2, 0, Fate::Expired),
        ],
        4 => Vec::new(),
        // Everything is replayed again and again.
        _ => places.map(|seq| replayed(attempt(one, seq % 900, 1, Fate::Delivered))).collect(),
    }
}

fn replayed(attempt: AttemptRecord) -> AttemptRecord {
    AttemptRecord { replay: Some(ReplayId(3)), ..attempt }
}

/// L1: what was delivered and what is open, by any way, of any range.
pub fn what_is_known_is_what_the_model_knows(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let model = memory::open();
    for step in 0..6 {
        for to in 0..DESTINATIONS {
            let one = destination(to);
            let opened = (step * 40..step * 40 + 9).map(|seq| open_delivery(seq + to, 1)).collect();
            let attempts = history(&one, to, step);
            let step = Settlement { attempts, opened, ..settlement(one, 1) };
            model.schedule.commit(step.clone()).wait().unwrap();
            store.schedule.commit(step).wait().unwrap();
        }
    }
    for to in 0..=DESTINATIONS {
        for (first, count) in [(0, 60), (300, 900), (2_400, 200), (3_000, 3), (90_000, 5), (7, 0)] {
            let places: Vec<_> = (first..first + count).step_by(3).map(Seq).collect();
            let known = |store: &Store| {
                store.ledger.known(&destination(to), places.clone()).wait().unwrap()
            };
            assert_eq!(known(&store), known(&model), "{to} from {first}");
        }
    }
    let known = store.ledger.known(&destination(0), vec![Seq(0), Seq(1)]).wait().unwrap();
    let both = vec![Seq(0), Seq(1)];
    let expected = Known { delivered: both.clone(), open: both, cursor: Some(Seq(1)) };
    assert_eq!(known, expected);
}

/// A replay may be all that ever sent to a destination: what it delivered is known, and a cursor is not.
pub fn what_a_replay_delivered_is_known_without_a_cursor(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let (intent, cause) = (Intent::ReplayMissing, Cause::Asked);
    let (scope, pace) = (Scope::between(Seq(1), Seq(9)), Pace::default());
    let plan = ReplayPlan { destination: one.clone(), intent, cause, scope, pace };
    let replay = store.replays.make(plan, None, Timestamp(1)).wait().unwrap().id;
    let made = |seq, fate| AttemptRecord { replay: Some(replay), ..attempt(&one, seq, 1, fate) };
    let attempts = vec![made(2, Fate::Delivered), made(3, Fate::GaveUp), made(5, Fate::Delivered)];
    let reader = Reader::Replay(replay);
    let step = Settlement { reader, attempts, ..settlement(one.clone(), 6) };
    store.schedule.commit(step).wait().unwrap();
    let known = |places: &[u64]| {
        let places = places.iter().copied().map(Seq).collect();
        store.ledger.known(&one, places).wait().unwrap()
    };
    let delivered = vec![Seq(2), Seq(5)];
    assert_eq!(known(&[1, 2, 3, 5, 6]), Known { delivered, ..Known::default() });
    assert_eq!(known(&[]), Known::default());
}

/// What was under way when something was last taken, and failed after that, has failed since.
pub fn what_ended_since_is_found_whenever_it_began(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let gave_up = |seq, at, duration_us| AttemptRecord {
        at: Timestamp(at),
        duration_us,
        ..attempt(&one, seq, 1, Fate::GaveUp)
    };
    let attempts = vec![
        gave_up(1, 1_000, 9_999_000),
        gave_up(2, 1_000, 10_000_000),
        gave_up(3, 10_999, 999),
        gave_up(4, 10_999, 1_000),
        gave_up(5, 11_000, 0),
        gave_up(6, 0, 30_000_000),
    ];
    store.schedule.commit(Settlement { attempts, ..settlement(one.clone(), 9) }).wait().unwrap();
    let query = FailedQuery {
        destination: one,
        first: Seq(0),
        end: Seq(99),
        since: Some(Timestamp(11_000)),
        issue: None,
        rows_max: 9,
    };
    assert_eq!(store.ledger.failed(query).wait().unwrap(), [2, 4, 5, 6].map(Seq));
}

/// What was given up by one issue is found apart from what was given up by another.
pub fn what_was_given_up_by_an_issue_is_found(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let gave_up = |seq, status| AttemptRecord { status, ..attempt(&one, seq, 1, Fate::GaveUp) };
    let attempts = vec![gave_up(1, 500), gave_up(2, 400), gave_up(3, 500), gave_up(4, 400)];
    store.schedule.commit(Settlement { attempts, ..settlement(one.clone(), 1) }).wait().unwrap();
    let all = IssueQuery { rows_max: 9, ..IssueQuery::default() };
    let issues = store.ledger.issues(all).wait().unwrap();
    let failed = |issue| {
        let (destination, first, end) = (one.clone(), Seq(0), Seq(99));
        let query = FailedQuery { destination, first, end, since: None, issue, rows_max: 9 };
        store.ledger.failed(query).wait().unwrap()
    };
    let of = |status| issues.iter().find(|issue| issue.status == status).map(|issue| issue.id);
    assert_eq!(failed(of(500)), [Seq(1), Seq(3)]);
    assert_eq!(failed(of(400)), [Seq(2), Seq(4)]);
    assert_eq!(failed(Some(99)), []);
    assert_eq!(failed(None).len(), 4);
}

/// What was given up is found until a later attempt or a replay has delivered it; what was skipped is
/// not looked for.
pub fn what_was_given_up_is_found_until_it_is_made(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let (one, other) = (destination(1), destination(2));
    let failed = |first, end, since, rows_max| {
        let query = FailedQuery {
            destination: one.clone(),
            first: Seq(first),
            end: Seq(end),
            since,
            issue: None,
            rows_max,
        };
        let found = store.ledger.failed(query).wait().unwrap();
        found.iter().map(|seq| seq.0).collect::<Vec<_>>()
    };
    let commit = |attempts| {
        let step = Settlement { attempts, ..settlement(one.clone(), 1) };
        store.schedule.commit(step).wait().unwrap();
    };
    assert_eq!(failed(0, 99, None, 9), [] as [u64; 0]);
    let skipped = "skipped".to_owned();
    commit(vec![
        attempt(&one, 7, 2, Fate::GaveUp),
        attempt(&one, 5, 1, Fate::GaveUp),
        attempt(&one, 6, 1, Fate::Retry),
        attempt(&one, 8, 0, Fate::Expired),
        AttemptRecord { reason: skipped, ..attempt(&one, 9, 1, Fate::GaveUp) },
        attempt(&one, 10, 1, Fate::GaveUp),
        attempt(&one, 10, 1, Fate::GaveUp),
        attempt(&other, 11, 1, Fate::GaveUp),
        attempt(&one, 12, 1, Fate::GaveUp),
    ]);
    assert_eq!(failed(0, 99, None, 9), [5, 7, 10, 12]);
    assert_eq!(failed(6, 12, None, 9), [7, 10]);
    assert_eq!(failed(0, 99, None, 3), [5, 7, 10]);
    assert_eq!(failed(0, 99, Some(attempt(&one, 10, 1, Fate::GaveUp).at), 9), [10, 12]);
    commit(vec![
        replayed(attempt(&one, 5, 1, Fate::Delivered)),
        replayed(attempt(&one, 7, 1, Fate::GaveUp)),
        attempt(&one, 10, 2, Fate::Delivered),
        attempt(&other, 12, 2, Fate::Delivered),
    ]);
    assert_eq!(failed(0, 99, None, 9), [7, 12]);
    commit(vec![replayed(attempt(&one, 5, 1, Fate::GaveUp))]);
    assert_eq!(failed(0, 99, None, 9), [5, 7, 12], "it was given up once more");
}

fn queries() -> Vec<AttemptQuery> {
    let fates = [Fate::Delivered, Fate::Retry, Fate::GaveUp, Fate::Expired];
    let seqs = [0, 1, 7, 333, 835, 899, 2_000, 33_319, 40_000];
    let mut queries = Vec::new();
    for destination in std::iter::once(None).chain((0..=DESTINATIONS).map(Some)) {
        for fate in std::iter::once(None).chain(fates.map(Some)) {
            for (seq, rows_max) in std::iter::once(None)
                .chain(seqs.map(Some))
                .flat_map(|seq| [(seq, 3), (seq, 100)])
                .chain([(None, 20_000)])
            {
                queries.push(AttemptQuery {
                    destination: destination.map(super::fixture::destination),
                    seq: seq.map(Seq),
                    fate,
                    rows_max,
                    depth: if seq.is_some() { Depth::Answer } else { Depth::Row },
                    ..AttemptQuery::default()
                });
            }
        }
    }
    queries
}

/// L1: searches by issue, reason, status and time, a page after the other, find what the model finds.
pub fn l1_pages_follow_each_other_to_the_end(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let model = memory::open();
    for step in 0..6 {
        for to in 0..DESTINATIONS {
            let one = destination(to);
            let attempts = history(&one, to, step).into_iter().map(|attempt| AttemptRecord {
                status: attempt.status + u16::try_from(attempt.seq.0 % 3).unwrap(),
                reason: match attempt.fate {
                    Fate::Delivered => String::new(),
                    _ => format!("reason-{}", attempt.seq.0 % 2),
                },
                ..attempt
            });
            let step = Settlement { attempts: attempts.collect(), ..settlement(one, 1) };
            model.schedule.commit(step.clone()).wait().unwrap();
            store.schedule.commit(step).wait().unwrap();
        }
    }
    for query in paged_queries() {
        let (found, expected) = (pages(&store, &query), pages(&model, &query));
        assert!(found == expected, "{query:?} found {} and not {}", found.len(), expected.len());
    }
}

fn pages(store: &Store, query: &AttemptQuery) -> Vec<AttemptRecord> {
    let (mut all, mut query) = (Vec::new(), query.clone());
    loop {
        let page = store.ledger.attempts(query.clone()).wait().unwrap();
        assert!(page.attempts.len() <= query.rows_max as usize);
        all.extend(page.attempts);
        match page.older_than {
            Some(place) => query.older_than = Some(place),
            None => return all,
        }
    }
}

fn paged_queries() -> Vec<AttemptQuery> {
    let none = AttemptQuery { rows_max: 997, ..AttemptQuery::default() };
    let reason = |code: &str| Some(code.to_owned());
    let at = |seq: i64| Some(Timestamp(1_700_000_000_000 + seq));
    let to = |number| Some(destination(number));
    vec![
        AttemptQuery { reason: reason("reason-1"), ..none.clone() },
        AttemptQuery { reason: reason("reason-0"), destination: to(3), ..none.clone() },
        AttemptQuery { reason: reason("reason-0"), fate: Some(Fate::GaveUp), ..none.clone() },
        AttemptQuery { reason: reason("nobody's"), ..none.clone() },
        AttemptQuery { reason: reason("reason-1"), seq: Some(Seq(7)), ..none.clone() },
        AttemptQuery { status: Some(504), ..none.clone() },
        AttemptQuery { status: Some(201), destination: to(0), ..none.clone() },
        AttemptQuery { status: Some(202), rows_max: 5, ..none.clone() },
        AttemptQuery { status: Some(200), seq: Some(Seq(33)), ..none.clone() },
        AttemptQuery { issue: Some(1), ..none.clone() },
        AttemptQuery { issue: Some(3), fate: Some(Fate::Retry), ..none.clone() },
        AttemptQuery { from: at(900), to: at(2_000), ..none.clone() },
        AttemptQuery {
            from: at(2_000),
            fate: Some(Fate::Retry),
            destination: to(1),
            ..none.clone()
        },
        AttemptQuery { to: at(700), fate: Some(Fate::Delivered), ..none.clone() },
        AttemptQuery { from: at(90_000), ..none.clone() },
        AttemptQuery { from: at(10), to: at(15), reason: reason("reason-1"), ..none },
    ]
}

/// Newest first, and as many as asked for.
pub fn l1_rejections_come_newest_first(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let rejection = |number: i64| RejectionRecord {
        at: Timestamp(number),
        source: (number % 2 == 0).then(|| SourceId::new("web")),
        reason: "too_large".to_owned(),
        detail: format!("request {number} is too large"),
        sample: "{\"batch\":[".to_owned(),
    };
    store.ledger.reject(vec![rejection(1), rejection(2)]).wait().unwrap();
    store.ledger.reject(Vec::new()).wait().unwrap();
    store.ledger.reject(vec![rejection(3)]).wait().unwrap();
    let list = |query| store.ledger.rejections(query).wait().unwrap();
    let newest =
        |rows_max| list(RejectionQuery { rows_max, ..RejectionQuery::default() }).rejections;
    assert_eq!(newest(9), [rejection(3), rejection(2), rejection(1)]);
    assert_eq!(newest(1), [rejection(3), rejection(2)], "one of each kind");
    let strangers = (11..40).step_by(2).map(rejection).collect();
    store.ledger.reject(strangers).wait().unwrap();
    assert_eq!(newest(2), [rejection(39), rejection(37), rejection(2)], "known ones stay in sight");
}

/// Rejections are found by whose they are, why and when, page by page.
pub fn rejections_are_found_page_by_page(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let rejection = |number: i64| RejectionRecord {
        at: Timestamp(number),
        source: [None, Some(SourceId::new("web")), Some(SourceId::new("app"))]
            [(number % 3) as usize]
            .clone(),
        reason: format!("reason-{}", number % 4),
        detail: String::new(),
        sample: String::new(),
    };
    store.ledger.reject((1..50).map(rejection).collect()).wait().unwrap();
    let all = RejectionQuery { rows_max: 3, ..RejectionQuery::default() };
    let found = |query: &RejectionQuery| {
        let (mut query, mut found) = (query.clone(), Vec::new());
        loop {
            let page = store.ledger.rejections(query.clone()).wait().unwrap();
            assert!(page.rejections.len() <= 6, "three of each kind");
            assert!(page.rejections.is_sorted_by_key(|one| std::cmp::Reverse(one.at)));
            found.extend(page.rejections);
            match page.older_than {
                None => break,
                older_than => query.older_than = older_than,
            }
        }
        found.sort_by_key(|one| std::cmp::Reverse(one.at));
        found
    };
    for query in [
        all.clone(),
        RejectionQuery { source: Some(None), ..all.clone() },
        RejectionQuery { source: Some(Some(SourceId::new("app"))), ..all.clone() },
        RejectionQuery { source: Some(Some(SourceId::new("x"))), ..all.clone() },
        RejectionQuery { reason: Some("reason-2".to_owned()), ..all.clone() },
        RejectionQuery { from: Some(Timestamp(7)), to: Some(Timestamp(31)), ..all },
    ] {
        let expected = (1..50).rev().map(rejection).filter(|one| query.matches(one));
        assert_eq!(found(&query), expected.collect::<Vec<_>>(), "{query:?}");
    }
}

/// L1: what an attempt went through comes back as it was, and the answer only where it is asked for.
pub fn l1_a_trace_comes_back_and_its_answer_only_when_asked_for(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let attempts = vec![
        attempt(&one, 10, 1, Fate::Retry),
        attempt(&one, 20, 1, Fate::Delivered),
        attempt(&one, 21, 0, Fate::Expired),
        attempt(&one, 25, 1, Fate::Delivered),
    ];
    let step = Settlement { attempts: attempts.clone(), ..settlement(one, 30) };
    store.schedule.commit(step).wait().unwrap();
    for (depth, has_answer) in [(Depth::Answer, true), (Depth::Row, false)] {
        let query = AttemptQuery { rows_max: 9, depth, ..AttemptQuery::default() };
        let mut found = store.ledger.attempts(query).wait().unwrap().attempts;
        found.reverse();
        let expected = attempts.iter().cloned().map(|mut attempt| {
            attempt.trace.answer = attempt.trace.answer.filter(|_| has_answer);
            attempt
        });
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}
