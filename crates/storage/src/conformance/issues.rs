//! Issues: what is counted with attempts, and when it is over.

use domain::event::Identities;
use domain::id::{DestinationId, ReplayId, Seq};
use domain::limits;
use domain::time::Timestamp;

use super::Subject;
use super::fixture::{attempt, destination, hash, settlement};
use crate::{
    AttemptQuery, AttemptRecord, Fate, Issue, IssueQuery, IssueState, Mark, Reader, Ruling,
    Settlement, Store, WaitingBy,
};

type Open<'a> = &'a dyn Fn() -> Subject;

/// An attempt of a user's event.
fn of_user(user: u64, attempt: AttemptRecord) -> AttemptRecord {
    let whose = Identities { user: hash(user), anonymous: hash(1_000_000 + attempt.seq.0) };
    AttemptRecord { whose, ..attempt }
}

fn of_kind(reason: &str, status: u16, attempt: AttemptRecord) -> AttemptRecord {
    AttemptRecord { reason: reason.to_owned(), status, ..attempt }
}

fn by(reason: &str, status: u16, count: u64) -> WaitingBy {
    WaitingBy { reason: reason.to_owned(), status, count }
}

fn settle(
    store: &Store,
    to: &DestinationId,
    attempts: Vec<AttemptRecord>,
    waiting: Option<Vec<WaitingBy>>,
) {
    let step = Settlement { attempts, waiting, ..settlement(to.clone(), 1) };
    store.schedule.commit(step).wait().unwrap();
}

/// Issues that match, the oldest first.
fn issues(store: &Store, query: IssueQuery) -> Vec<Issue> {
    let mut found = store.ledger.issues(IssueQuery { rows_max: 999, ..query }).wait().unwrap();
    found.sort_by_key(|issue| issue.id);
    found
}

fn of_states(states: &[IssueState]) -> IssueQuery {
    IssueQuery { states: states.to_vec(), ..IssueQuery::default() }
}

fn all(store: &Store) -> Vec<Issue> {
    issues(store, IssueQuery::default())
}

/// Each reason with each status at each destination is told apart, and counted with its attempts.
pub fn failures_of_one_kind_are_one_issue(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let (one, other) = (destination(1), destination(2));
    let late = of_kind("timeout", 0, attempt(&one, 9, 3, Fate::GaveUp));
    let attempts = vec![
        of_user(1, attempt(&one, 5, 1, Fate::Retry)),
        of_user(2, attempt(&one, 6, 1, Fate::Delivered)),
        of_user(1, attempt(&one, 7, 1, Fate::Retry)),
        of_user(3, late.clone()),
        of_user(2, attempt(&one, 4, 2, Fate::GaveUp)),
        of_kind("trimmed", 0, attempt(&one, 3, 0, Fate::Expired)),
        of_kind("skipped", 0, attempt(&one, 8, 1, Fate::GaveUp)),
    ];
    settle(&store, &one, attempts, Some(vec![by("server_error", 503, 2)]));
    settle(&store, &other, vec![of_user(1, attempt(&other, 5, 1, Fate::Retry))], None);
    let found = all(&store);
    let gist = |issue: &Issue| {
        let Issue { failed, gave_up, expired, waiting, users, sample, .. } = issue;
        let kind = format!("{} {} {}", issue.destination, issue.reason, issue.status);
        (kind, [*failed, *gave_up, *expired, *waiting, *users, sample.0])
    };
    let expected = [
        ("destination-1 server_error 503", [3, 1, 0, 2, 2, 4]),
        ("destination-1 timeout 0", [1, 1, 0, 0, 1, 9]),
        ("destination-1 trimmed 0", [0, 0, 1, 0, 0, 3]),
        ("destination-1 skipped 0", [0, 1, 0, 0, 0, 8]),
        ("destination-2 server_error 503", [1, 0, 0, 0, 1, 5]),
    ];
    let expected = expected.map(|(kind, counts)| (kind.to_owned(), counts));
    let shown: Vec<_> = found.iter().map(gist).collect();
    assert_eq!(shown[..3], expected[..3]);
    assert_eq!((&shown[3].0, &shown[3].1[..4]), (&expected[3].0, &expected[3].1[..4]));
    assert_eq!(shown[4], expected[4]);
    let first = &found[0];
    assert_eq!((first.first_at.0 % 100, first.last_at.0 % 100), (4, 7));
    assert_eq!(first.detail, "event 4 was not taken");
    let is_over = |issue: &Issue| issue.state() == IssueState::Resolved;
    assert_eq!(found.iter().map(is_over).collect::<Vec<_>>(), [false, false, false, true, false]);

    let of = |query: IssueQuery| issues(&store, query).len();
    assert_eq!(of(IssueQuery { destination: Some(other), ..IssueQuery::default() }), 1);
    assert_eq!(of(of_states(&[IssueState::Open])), 4);
    assert_eq!(of(of_states(&[IssueState::Resolved])), 1);
    assert_eq!(of(IssueQuery { id: Some(found[1].id), ..IssueQuery::default() }), 1);
    let newest = IssueQuery { rows_max: 2, ..IssueQuery::default() };
    let newest: Vec<_> = store.ledger.issues(newest).wait().unwrap();
    assert_eq!(newest.iter().map(|issue| issue.sample).collect::<Vec<_>>(), [Seq(9), Seq(8)]);
    let query = AttemptQuery { issue: Some(found[1].id), rows_max: 9, ..AttemptQuery::default() };
    assert_eq!(store.ledger.attempts(query).wait().unwrap().attempts, [late]);
}

/// It is over when nothing waits because of it and something was delivered after it; when it comes
/// again, it is open again. A destination that is forgotten has none that is open.
pub fn an_issue_is_open_until_nothing_waits_and_something_was_delivered(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let state = || {
        let issue = all(&store).pop().unwrap();
        (issue.state(), issue.waiting, issue.reopened)
    };
    let failing = |seq| vec![attempt(&one, seq, 1, Fate::Retry)];
    let delivered = |seq| vec![attempt(&one, seq, 2, Fate::Delivered)];
    let waiting = |count| Some(vec![by("server_error", 503, count), by("timeout", 0, 7)]);
    settle(&store, &one, [delivered(1), failing(2), failing(3)].concat(), waiting(2));
    assert_eq!(state(), (IssueState::Open, 2, 0));
    settle(&store, &one, delivered(4), None);
    assert_eq!(state(), (IssueState::Open, 2, 0), "two wait");
    settle(&store, &one, failing(2), Some(Vec::new()));
    assert_eq!(state(), (IssueState::Open, 0, 0), "nothing was delivered since");
    settle(&store, &one, delivered(3), None);
    assert_eq!(state(), (IssueState::Resolved, 0, 0));
    settle(&store, &one, [delivered(5), failing(6)].concat(), waiting(1));
    assert_eq!(state(), (IssueState::Open, 1, 1), "it has come again");
    settle(&store, &destination(2), vec![attempt(&destination(2), 9, 1, Fate::Delivered)], None);
    assert_eq!(state(), (IssueState::Open, 1, 1));
    let replay = Settlement {
        reader: Reader::Replay(ReplayId(1)),
        attempts: delivered(5),
        waiting: Some(Vec::new()),
        ..settlement(one.clone(), 1)
    };
    store.schedule.commit(replay).wait().unwrap();
    assert_eq!(state(), (IssueState::Open, 1, 1), "a replay says nothing of what waits");
    settle(&store, &one, delivered(6), Some(Vec::new()));
    assert_eq!(state(), (IssueState::Resolved, 0, 1));
    settle(&store, &one, failing(7), waiting(1));
    store.schedule.forget(&one).wait().unwrap();
    assert_eq!(state(), (IssueState::Resolved, 0, 2));
}

/// A delivery of another event does not end what lost events; ten quiet minutes before it do.
pub fn an_issue_that_lost_events_is_over_when_it_was_quiet(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let at = |minute: i64, attempt| AttemptRecord { at: Timestamp(minute * 60_000), ..attempt };
    let delivered = |minute| {
        settle(&store, &one, vec![at(minute, attempt(&one, 9, 1, Fate::Delivered))], None);
    };
    let states = || all(&store).iter().map(Issue::state).collect::<Vec<_>>();
    let (over, goes_on) = (IssueState::Resolved, IssueState::Open);
    let refused = at(100, attempt(&one, 1, 1, Fate::GaveUp));
    let trimmed = at(103, of_kind("trimmed", 0, attempt(&one, 2, 0, Fate::Expired)));
    let late = at(100, of_kind("timeout", 0, attempt(&one, 3, 1, Fate::Retry)));
    settle(&store, &one, vec![refused.clone(), trimmed, late], Some(Vec::new()));
    delivered(109);
    assert_eq!(states(), [goes_on, goes_on, over], "what lost nothing is over");
    delivered(110);
    assert_eq!(states(), [over, goes_on, over]);
    delivered(113);
    assert_eq!(states(), [over, over, over]);
    settle(&store, &one, vec![at(200, refused)], None);
    delivered(150);
    assert_eq!(states(), [over, over, over], "the clock was set back");
}

/// A user is one whatever the number of attempts; many are many.
pub fn users_are_counted_once_and_up_to_a_bound(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let failing = |seq, user| of_user(user, attempt(&one, seq, 1, Fate::Retry));
    let users = || all(&store)[0].users;
    for first in [0, 100, 50] {
        let attempts = (first..first + 100).map(|seq| failing(seq, seq / 2 + 1)).collect();
        settle(&store, &one, attempts, None);
    }
    assert_eq!(users(), 100);
    let nobody = AttemptRecord { whose: Identities::default(), ..failing(900, 1) };
    let anonymous = Identities { user: None, anonymous: hash(77_777) };
    let anonymous = AttemptRecord { whose: anonymous, ..failing(901, 1) };
    settle(&store, &one, vec![nobody, anonymous], None);
    assert_eq!(users(), 101, "whoever has no user id is told by the other one");
    let many = (0..limits::ISSUE_USERS_MAX + 50).map(|seq| failing(seq, seq + 1));
    settle(&store, &one, many.collect(), None);
    assert_eq!(users(), limits::ISSUE_USERS_MAX);
    settle(&store, &one, vec![failing(1, 99_999)], None);
    assert_eq!(users(), limits::ISSUE_USERS_MAX);
}

/// Whatever an endpoint answers, and what there is no room for is told together and found.
pub fn a_destination_has_a_bounded_number_of_issues(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let of_status = |status: u16| {
        of_kind("server_error", status, attempt(&one, u64::from(status), 1, Fate::Retry))
    };
    settle(&store, &one, (300..800).map(of_status).collect(), None);
    settle(&store, &one, vec![of_status(777)], Some(vec![by("server_error", 777, 1)]));
    let found = all(&store);
    assert_eq!(found.len(), limits::ISSUES_PER_DESTINATION_MAX + 1);
    let mixed = found.last().unwrap();
    let rest = 500 - limits::ISSUES_PER_DESTINATION_MAX as u64;
    assert_eq!((mixed.status, mixed.failed, mixed.waiting), (0, rest + 1, 1));
    for (status, count) in [(301, 1), (777, 2), (299, 0)] {
        let query = AttemptQuery { status: Some(status), rows_max: 9, ..AttemptQuery::default() };
        let page = store.ledger.attempts(query).wait().unwrap();
        assert_eq!(page.attempts.len(), count, "{status}");
    }
    let other = of_kind("timeout", 0, attempt(&one, 1, 1, Fate::Retry));
    settle(&store, &one, vec![other], None);
    assert_eq!(all(&store).len(), limits::ISSUES_PER_DESTINATION_MAX + 2, "one of its reason");
}

/// What somebody says, at the time `at`.
fn mark(ruling: Ruling, at: i64) -> Mark {
    let (by, note) = (format!("by-{at}"), "it's \"known\"; 名前 \u{1f41e}".to_owned());
    Mark { ruling, at: Timestamp(at), by, note }
}

/// What people say of an issue holds until it is taken back, or until it comes again after it was over;
/// an ignored one stays ignored.
pub fn an_issue_is_what_people_say_of_it_until_it_comes_again(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let failing = |seq| settle(&store, &one, vec![attempt(&one, seq, 1, Fate::Retry)], None);
    let over = |seq| {
        let delivered = vec![attempt(&one, seq, 2, Fate::Delivered)];
        settle(&store, &one, delivered, Some(Vec::new()));
    };
    let said = |mark: Option<Mark>| {
        let id = all(&store)[0].id;
        let marked = store.ledger.mark_issue(id, mark.clone()).wait().unwrap().unwrap();
        assert_eq!((&marked, &marked.mark), (&all(&store)[0], &mark));
    };
    let state = || {
        let issue = all(&store).pop().unwrap();
        (issue.state(), issue.reopened, issue.mark.map(|mark| mark.at.0))
    };
    failing(1);
    said(Some(mark(Ruling::Acknowledged, 5)));
    failing(2);
    assert_eq!(state(), (IssueState::Acknowledged, 0, Some(5)), "it goes on");
    said(Some(mark(Ruling::Acknowledged, 6)));
    over(1);
    assert_eq!(state(), (IssueState::Resolved, 0, Some(6)));
    failing(3);
    assert_eq!(state(), (IssueState::Open, 1, None), "it has come again");
    said(Some(mark(Ruling::Resolved, 7)));
    assert_eq!(state(), (IssueState::Resolved, 1, Some(7)));
    assert_eq!(all(&store)[0].over_since(), Some(Timestamp(7)));
    said(None);
    assert_eq!(state(), (IssueState::Open, 1, None), "taken back");
    said(Some(mark(Ruling::Resolved, 8)));
    failing(4);
    assert_eq!(state(), (IssueState::Open, 2, None), "and it was not over");
    said(Some(mark(Ruling::Ignored, 9)));
    over(5);
    failing(6);
    assert_eq!(state(), (IssueState::Ignored, 3, Some(9)));
    assert_eq!(all(&store)[0].failed, 5, "it is counted all the same");
    let of = |states: &[IssueState]| issues(&store, of_states(states)).len();
    assert_eq!(of(&[IssueState::Ignored]), 1);
    assert_eq!(of(&[IssueState::Open, IssueState::Acknowledged, IssueState::Resolved]), 0);
    store.schedule.forget(&one).wait().unwrap();
    assert_eq!(state(), (IssueState::Resolved, 3, None), "it will not come any more");
    assert_eq!(store.ledger.mark_issue(99, None).wait().unwrap(), None);
}

/// Attempts that fail are counted in their hours, and nothing else is.
pub fn an_issue_knows_how_often_it_came_in_each_hour(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let one = destination(1);
    let at = |hour: i64, attempt| AttemptRecord { at: Timestamp(hour * 3_600_000 + 7), ..attempt };
    let failing = |hour, seq| at(hour, attempt(&one, seq, 1, Fate::Retry));
    settle(&store, &one, vec![failing(500_000, 1), failing(500_001, 2)], None);
    settle(&store, &one, vec![failing(500_001, 3), failing(500_000, 4)], None);
    let delivered = at(500_001, attempt(&one, 5, 1, Fate::Delivered));
    let skipped = of_kind("skipped", 0, at(500_001, attempt(&one, 8, 1, Fate::GaveUp)));
    let expired = of_kind("trimmed", 0, at(500_001, attempt(&one, 9, 0, Fate::Expired)));
    settle(&store, &one, vec![delivered, skipped, expired], None);
    let trends: Vec<_> = all(&store)
        .iter()
        .map(|issue| {
            let (_, counts) = issue.trend.until(Timestamp(500_001 * 3_600_000));
            let [.., before, now] = counts;
            (issue.reason.clone(), before, now, counts.iter().sum::<u32>())
        })
        .collect();
    let expected = [("server_error", 2, 2, 4), ("skipped", 0, 0, 0), ("trimmed", 0, 1, 1)];
    assert_eq!(trends, expected.map(|(reason, a, b, all)| (reason.to_owned(), a, b, all)));
}
