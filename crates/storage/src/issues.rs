//! Issues: failures of one kind at one destination, as one thing to look at.
//!
//! A kind is a reason with a status. An issue counts what failed that way and whom it touched, and is
//! open until nothing waits because of it any more and the destination has delivered since: where events
//! were lost by it, it must have been quiet for a while, as a delivery of another event says nothing of
//! the kind that fails. When it comes again, it is open again. An endpoint may answer with any status, so
//! a destination has a bounded number of issues: beyond it those of one reason are told together, under
//! status 0.
//!
//! People may say of an issue what it is to be taken for ([`Mark`]); how it came in the last hours is
//! its [`Trend`].
//!
//! Engines keep a [`Book`] per destination, and store what has changed in it with the attempts that
//! changed it.

mod mark;
mod trend;

use std::collections::BTreeSet;

use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::{AttemptRecord, Fate};
pub use mark::{Mark, Ruling};
pub use trend::Trend;

/// Failures of one kind at one destination.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issue {
    /// Names it; never used twice.
    pub id: u64,
    /// Where.
    pub destination: DestinationId,
    /// Code of the reason.
    pub reason: String,
    /// The endpoint's status; 0 where none came, or where several are told together.
    pub status: u16,
    /// When the first and the latest attempt of it began.
    pub first_at: Timestamp,
    /// See above.
    pub last_at: Timestamp,
    /// Attempts that failed.
    pub failed: u64,
    /// Deliveries given up.
    pub gave_up: u64,
    /// Deliveries whose event was gone.
    pub expired: u64,
    /// Deliveries that failed this way the last time they were tried, and wait.
    pub waiting: u64,
    /// Users whose events were touched; exact below [`limits::ISSUE_USERS_MAX`], which is the most.
    pub users: u64,
    /// The latest event, and what was said of it.
    pub sample: Seq,
    /// See above.
    pub detail: String,
    /// How often it came again after it was resolved.
    pub reopened: u64,
    /// When it was over by itself; none while it is not.
    pub resolved_at: Option<Timestamp>,
    /// How often it came in the last hours.
    pub trend: Trend,
    /// What somebody said of it.
    pub mark: Option<Mark>,
}

/// How an issue stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum IssueState {
    /// It goes on, and nobody has said anything of it.
    Open = 0,
    /// It goes on, and somebody knows of it.
    Acknowledged = 1,
    /// It is over, as far as can be seen or as somebody said.
    Resolved = 2,
    /// Nobody is to be troubled by it.
    Ignored = 3,
}

/// Reasons of deliveries that people let go: nothing failed, and nothing is to be done.
const LET_GO: [Reason; 2] = [Reason::Skipped, Reason::RemovedForGood];

/// Which issues to list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IssueQuery {
    /// Only this one.
    pub id: Option<u64>,
    /// Only of this destination.
    pub destination: Option<DestinationId>,
    /// Only in one of these states; in any where there are none.
    pub states: Vec<IssueState>,
    /// At most so many, those that came last.
    pub rows_max: u32,
}

/// How many deliveries wait after they failed in one way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingBy {
    /// Code of the reason.
    pub reason: String,
    /// The endpoint's status; 0 where none came.
    pub status: u16,
    /// How many.
    pub count: u64,
}

impl Issue {
    /// An issue that nothing is counted of yet.
    fn new(attempt: &AttemptRecord, status: u16) -> Self {
        Self {
            id: 0,
            destination: attempt.destination.clone(),
            reason: attempt.reason.clone(),
            status,
            first_at: attempt.at,
            last_at: attempt.at,
            failed: 0,
            gave_up: 0,
            expired: 0,
            waiting: 0,
            users: 0,
            sample: attempt.seq,
            detail: String::new(),
            reopened: 0,
            resolved_at: None,
            trend: Trend::default(),
            mark: None,
        }
    }

    /// How it stands.
    pub fn state(&self) -> IssueState {
        match (self.ruling(), self.resolved_at) {
            (Some(Ruling::Ignored), _) => IssueState::Ignored,
            (Some(Ruling::Resolved), _) | (_, Some(_)) => IssueState::Resolved,
            (Some(Ruling::Acknowledged), None) => IssueState::Acknowledged,
            (None, None) => IssueState::Open,
        }
    }

    /// Since when it is over, by itself or because somebody said so.
    pub fn over_since(&self) -> Option<Timestamp> {
        let said = self.mark.as_ref().filter(|mark| mark.ruling == Ruling::Resolved);
        self.resolved_at.or(said.map(|mark| mark.at))
    }

    /// Whether it is over when something is delivered at this time, which is after its latest failure.
    fn is_over_by(&self, at: Timestamp) -> bool {
        let has_lost = self.gave_up > 0 || self.expired > 0;
        // Both ways, so that a clock that was set back does not hold it open.
        let quiet_ms = at.0.abs_diff(self.last_at.0);
        self.waiting == 0 && (!has_lost || quiet_ms >= limits::ISSUE_QUIET.as_millis() as u64)
    }

    fn ruling(&self) -> Option<Ruling> {
        self.mark.as_ref().map(|mark| mark.ruling)
    }

    fn count(&mut self, attempt: &AttemptRecord) {
        let is_failed = matches!(attempt.fate, Fate::Retry | Fate::GaveUp) && !is_let_go(attempt);
        self.failed += u64::from(is_failed);
        self.gave_up += u64::from(attempt.fate == Fate::GaveUp);
        self.expired += u64::from(attempt.fate == Fate::Expired);
        self.first_at = self.first_at.min(attempt.at);
        self.last_at = self.last_at.max(attempt.at);
        self.sample = attempt.seq;
        self.detail.clone_from(&attempt.detail);
        if is_failed || attempt.fate == Fate::Expired {
            self.trend.count(attempt.at);
        }
    }

    /// It has come again, if it was over; whether that took back what somebody said of it.
    fn come_again(&mut self) -> bool {
        let was_over = self.over_since().is_some();
        self.resolved_at = None;
        self.reopened += u64::from(was_over);
        let is_spent = was_over && self.ruling().is_some_and(|ruling| ruling != Ruling::Ignored);
        if is_spent {
            self.mark = None;
        }
        is_spent
    }
}

impl IssueQuery {
    /// Whether an issue is asked for.
    pub fn matches(&self, issue: &Issue) -> bool {
        self.id.is_none_or(|wanted| wanted == issue.id)
            && self.destination.as_ref().is_none_or(|wanted| *wanted == issue.destination)
            && (self.states.is_empty() || self.states.contains(&issue.state()))
    }
}

/// Whether people let a delivery go.
fn is_let_go(attempt: &AttemptRecord) -> bool {
    LET_GO.iter().any(|reason| reason.code() == attempt.reason)
}

/// Whether an attempt belongs to an issue.
pub fn has_issue(attempt: &AttemptRecord) -> bool {
    attempt.fate != Fate::Delivered
}

/// The issues of one destination, with what an engine needs to keep them.
#[derive(Debug, Default)]
pub struct Book {
    /// In the order they came.
    pub entries: Vec<Entry>,
    /// The latest delivery, by its place in the ledger.
    success: Option<(u64, Timestamp)>,
}

/// An issue on its way to be stored.
#[derive(Debug)]
pub struct Entry {
    /// As it is now.
    pub issue: Issue,
    /// Whether issues of its reason that there is no room for are told here.
    pub is_mixed: bool,
    /// The latest failure, by its place in the ledger.
    pub last_failure: u64,
    /// Users touched since it was stored, as far as they may count.
    pub touched: BTreeSet<u64>,
    /// Whether it is not stored as it is, but for its mark.
    pub is_changed: bool,
    /// Whether its mark is not.
    pub is_mark_changed: bool,
}

impl Entry {
    /// Whether it is kept when its last attempt, written before this place, is gone.
    pub fn outlives(&self, first: u64) -> bool {
        self.last_failure >= first
            || self.issue.waiting > 0
            || self.issue.state() == IssueState::Ignored
    }
}

impl Book {
    /// A book as it was stored.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self { entries, success: None }
    }

    /// Counts a failure, which has this place in the ledger; the entry it belongs to.
    pub fn failed(&mut self, place: u64, attempt: &AttemptRecord) -> &mut Entry {
        let index = self.place(attempt);
        let entry = &mut self.entries[index];
        entry.issue.count(attempt);
        match is_let_go(attempt) {
            true => entry.issue.resolved_at = Some(attempt.at),
            false => entry.is_mark_changed |= entry.issue.come_again(),
        }
        entry.last_failure = place;
        entry.is_changed = true;
        if entry.issue.users < limits::ISSUE_USERS_MAX {
            let person = attempt.whose.user.or(attempt.whose.anonymous);
            entry.touched.extend(person.map(|hash| hash.0.get()));
        }
        entry
    }

    /// Notes the latest delivery, which has this place in the ledger.
    pub fn delivered(&mut self, place: u64, at: Timestamp) {
        self.success = Some((place, at));
    }

    /// Takes over how many deliveries wait in which way; of what is not listed none do.
    pub fn wait(&mut self, waiting: &[WaitingBy]) {
        let mut counts = vec![0; self.entries.len()];
        for by in waiting {
            if let Some(index) = self.find(&by.reason, by.status) {
                counts[index] += by.count;
            }
        }
        for (entry, count) in self.entries.iter_mut().zip(counts) {
            entry.is_changed |= entry.issue.waiting != count;
            entry.issue.waiting = count;
        }
    }

    /// Resolves what is over.
    pub fn resolve(&mut self) {
        let Some((place, at)) = self.success else { return };
        let is_over = |entry: &&mut Entry| {
            let Entry { issue, last_failure, .. } = entry;
            issue.resolved_at.is_none() && *last_failure < place && issue.is_over_by(at)
        };
        for entry in self.entries.iter_mut().filter(is_over) {
            entry.issue.resolved_at = Some(at);
            entry.is_changed = true;
        }
    }

    /// Takes over what somebody says of an issue, or that it is taken back; none where there is no
    /// such issue here.
    pub fn mark(&mut self, id: u64, mark: Option<Mark>) -> Option<&mut Entry> {
        let entry = self.entries.iter_mut().find(|entry| entry.issue.id == id)?;
        entry.issue.mark = mark;
        entry.is_mark_changed = true;
        Some(entry)
    }

    /// Nothing waits any more, and nothing will come that could trouble anybody.
    pub fn close(&mut self) {
        self.wait(&[]);
        let is_ignored = |entry: &&mut Entry| entry.issue.state() == IssueState::Ignored;
        for entry in self.entries.iter_mut().filter(is_ignored) {
            (entry.issue.mark, entry.is_mark_changed) = (None, true);
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.issue.resolved_at.is_none()) {
            entry.issue.resolved_at = Some(entry.issue.last_at);
            entry.is_changed = true;
        }
    }

    /// Whether any issue is open.
    pub fn any_open(&self) -> bool {
        self.entries.iter().any(|entry| entry.issue.resolved_at.is_none())
    }

    fn find(&self, reason: &str, status: u16) -> Option<usize> {
        let of = |status: u16, is_mixed: bool| {
            self.entries.iter().position(|entry| {
                entry.issue.reason == reason
                    && entry.issue.status == status
                    && (entry.is_mixed || !is_mixed)
            })
        };
        of(status, false).or_else(|| of(0, true))
    }

    fn place(&mut self, attempt: &AttemptRecord) -> usize {
        if let Some(index) = self.find(&attempt.reason, attempt.status) {
            return index;
        }
        let is_mixed = self.entries.len() >= limits::ISSUES_PER_DESTINATION_MAX;
        let status = if is_mixed { 0 } else { attempt.status };
        let same = |entry: &Entry| entry.issue.reason == attempt.reason && entry.issue.status == 0;
        if let (true, Some(index)) = (is_mixed, self.entries.iter().position(same)) {
            self.entries[index].is_mixed = true;
            return index;
        }
        self.entries.push(Entry {
            issue: Issue::new(attempt, status),
            is_mixed,
            last_failure: 0,
            touched: BTreeSet::new(),
            is_changed: true,
            is_mark_changed: false,
        });
        self.entries.len() - 1
    }
}
