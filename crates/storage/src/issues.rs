//! Issues: failures of one kind at one destination, as one thing to look at.
//!
//! A kind is a reason with a status. An issue counts what failed that way and whom it touched, and is
//! open until nothing waits because of it any more and the destination has delivered since; when it
//! comes again, it is open again. An endpoint may answer with any status, so a destination has a bounded
//! number of issues: beyond it those of one reason are told together, under status 0.
//!
//! Engines keep a [`Book`] per destination, and store what has changed in it with the attempts that
//! changed it.

use std::collections::BTreeSet;

use domain::id::{DestinationId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::{AttemptRecord, Fate};

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
    /// When it was resolved; none while it is open.
    pub resolved_at: Option<Timestamp>,
}

/// Whether an issue is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueState {
    /// It is not.
    Open,
    /// It is, as far as can be seen.
    Resolved,
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
    /// Only in this state.
    pub state: Option<IssueState>,
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
        }
    }

    /// Whether it is over.
    pub fn state(&self) -> IssueState {
        self.resolved_at.map_or(IssueState::Open, |_| IssueState::Resolved)
    }

    fn count(&mut self, attempt: &AttemptRecord) {
        let is_let_go = LET_GO.iter().any(|reason| reason.code() == attempt.reason);
        let is_failed = matches!(attempt.fate, Fate::Retry | Fate::GaveUp) && !is_let_go;
        self.failed += u64::from(is_failed);
        self.gave_up += u64::from(attempt.fate == Fate::GaveUp);
        self.expired += u64::from(attempt.fate == Fate::Expired);
        self.first_at = self.first_at.min(attempt.at);
        self.last_at = self.last_at.max(attempt.at);
        self.sample = attempt.seq;
        self.detail.clone_from(&attempt.detail);
        if is_let_go {
            self.resolved_at = Some(attempt.at);
        } else {
            self.reopened += u64::from(self.resolved_at.take().is_some());
        }
    }
}

impl IssueQuery {
    /// Whether an issue is asked for.
    pub fn matches(&self, issue: &Issue) -> bool {
        self.id.is_none_or(|wanted| wanted == issue.id)
            && self.destination.as_ref().is_none_or(|wanted| *wanted == issue.destination)
            && self.state.is_none_or(|wanted| wanted == issue.state())
    }
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
    /// Whether it is not stored as it is.
    pub is_changed: bool,
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
            issue.resolved_at.is_none() && issue.waiting == 0 && *last_failure < place
        };
        for entry in self.entries.iter_mut().filter(is_over) {
            entry.issue.resolved_at = Some(at);
            entry.is_changed = true;
        }
    }

    /// Nothing waits any more, and nothing will come.
    pub fn close(&mut self) {
        self.wait(&[]);
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
        });
        self.entries.len() - 1
    }
}
