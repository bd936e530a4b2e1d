//! The contract Ledger: the history that people look at and search.
//!
//! - **L1** Queries answer in < 200 ms over 10 M rows and never slow intake.
//! - **L2** Series count every settled attempt and every step of intake once; a crash of the process
//!   loses of the last second how long deliveries took, and nothing else.
//!
//! What endpoints answered is kept as far as it goes: answers that are alike once, and of each
//! destination a bounded number, those that came last. The others' attempts have none.
//!
//! Attempts come in with a schedule's settlement, so the two never disagree; rejections come from
//! the gateway.

use domain::delivery::Trace;
use domain::event::{EventKind, Identities};
use domain::id::{DestinationId, ReplayId, Seq, SourceId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deliveries::{DeliveryRecord, OpenPage, OpenQuery};
use crate::issues::{Issue, IssueQuery, Mark};
use crate::receipt::Receipt;
use crate::series::{DestinationSeries, IntakeStep, SeriesPoint, SeriesQuery};

/// What happened.
pub trait Ledger: Send + Sync + 'static {
    /// Records rejections; best effort towards the caller, durable as the schedule is.
    fn reject(&self, rejections: Vec<RejectionRecord>) -> Receipt<()>;

    /// The newest attempts that match, newest first. A search that would have to look at too much
    /// ends early, and says where to go on.
    fn attempts(&self, query: AttemptQuery) -> Receipt<AttemptPage>;

    /// The issues that match, those that came last first; counted with the attempts.
    fn issues(&self, query: IssueQuery) -> Receipt<Vec<Issue>>;

    /// Writes down what somebody says of an issue, or takes it back where that is none; the issue as it
    /// is then, none where there is none with this number.
    fn mark_issue(&self, id: u64, mark: Option<Mark>) -> Receipt<Option<Issue>>;

    /// The newest rejections that match, newest first: so many of sources at most, and so many of nobody
    /// known. Strangers can make any number of the latter, which must not hide the former.
    fn rejections(&self, query: RejectionQuery) -> Receipt<RejectionPage>;

    /// Counts per destination since the beginning; kept as counters, no scan.
    fn totals(&self) -> Receipt<Vec<Totals>>;

    /// Counts what came in, for the series (L2).
    fn count(&self, step: IntakeStep) -> Receipt<()>;

    /// Up to where events are counted; none where none ever were.
    fn events_counted_to(&self) -> Receipt<Option<Seq>>;

    /// How much happened when, in order; what is not there is nothing. Everything that was settled or
    /// counted before is in it (L2). Minutes are kept for a month, and fewer where there are very many.
    fn series(&self, query: SeriesQuery) -> Receipt<Vec<SeriesPoint>>;

    /// The same of every destination to which something happened in these minutes, minute by minute:
    /// one question where a table has a row for each.
    fn series_by_destination(&self, from: Timestamp, to: Timestamp) -> Receipt<DestinationSeries>;

    /// What is known of a destination's deliveries of these events, which are in order and lie close
    /// together: a search looks at whatever lies between the first and the last.
    fn known(&self, destination: &DestinationId, places: Vec<Seq>) -> Receipt<Known>;

    /// What is known of each of these deliveries, in the order asked for. A replay's count for the
    /// delivery that it makes again. To be asked for a page of them: those that succeeded at once are
    /// searched for among as many rows as may be theirs.
    fn deliveries(&self, wanted: Vec<(DestinationId, Seq)>) -> Receipt<Vec<DeliveryRecord>>;

    /// Deliveries that a reader's schedule has as open, those of the newest events first.
    fn open_deliveries(&self, query: OpenQuery) -> Receipt<OpenPage>;

    /// The events whose deliveries were given up and not made since, neither by a later attempt nor by
    /// a replay, in order. What somebody skipped is not among them.
    fn failed(&self, query: FailedQuery) -> Receipt<Vec<Seq>>;
}

/// What is known of deliveries of some events, all in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// Those that were delivered, as far as the ledger goes back.
    pub delivered: Vec<Seq>,
    /// Those that the destination's own schedule has as open.
    pub open: Vec<Seq>,
    /// The cursor of that schedule; none where it never had a commit.
    pub cursor: Option<Seq>,
}

/// Which deliveries that were given up to list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FailedQuery {
    /// Of this destination.
    pub destination: DestinationId,
    /// Only of events from this place on.
    pub first: Seq,
    /// Only of events before this place.
    pub end: Seq,
    /// Only those whose last attempt ended then or later, to the millisecond.
    pub since: Option<Timestamp>,
    /// Only those whose last attempt belongs to this issue.
    pub issue: Option<u64>,
    /// At most so many.
    pub rows_max: u32,
}

/// What an attempt led to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Fate {
    /// The endpoint took the event.
    Delivered = 1,
    /// It will be tried again.
    Retry = 2,
    /// It will not be tried again.
    GaveUp = 3,
    /// The event could not be read back: trimmed or quarantined before it was delivered.
    Expired = 4,
}

impl Fate {
    /// The fate with this stored code.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Delivered, Self::Retry, Self::GaveUp, Self::Expired]
            .into_iter()
            .find(|fate| *fate as u8 == code)
    }
}

/// One attempt of a delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttemptRecord {
    /// Where it went.
    pub destination: DestinationId,
    /// The event.
    pub seq: Seq,
    /// What kind of event.
    pub kind: EventKind,
    /// Whose event; the ledger counts them for issues, and keeps them not.
    pub whose: Identities,
    /// When its event was received, where that is known; counted in series, and not kept.
    pub received_at: Option<Timestamp>,
    /// Which attempt of the delivery, from 1; 0 where none was made.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_us: u32,
    /// The endpoint's status; 0 where none came.
    pub status: u16,
    /// What it led to.
    pub fate: Fate,
    /// Code of the reason; empty for a delivered one.
    pub reason: String,
    /// One sentence for people, for what was not delivered; empty otherwise, bounded.
    pub detail: String,
    /// What it went through.
    pub trace: Trace,
    /// The replay that it was made for.
    pub replay: Option<ReplayId>,
}

/// Which attempts to list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AttemptQuery {
    /// Only of this destination.
    pub destination: Option<DestinationId>,
    /// Only of this event.
    pub seq: Option<Seq>,
    /// Only with this fate.
    pub fate: Option<Fate>,
    /// Only of this issue.
    pub issue: Option<u64>,
    /// Only with this reason, by its code.
    pub reason: Option<String>,
    /// Only with this status; 0 for none.
    pub status: Option<u16>,
    /// Only those that began then or later.
    pub from: Option<Timestamp>,
    /// Only those that began before.
    pub to: Option<Timestamp>,
    /// Only those before this place of the ledger, as a page says where it ends.
    pub older_than: Option<u64>,
    /// At most so many rows.
    pub rows_max: u32,
    /// How much of each.
    pub depth: Depth,
}

/// Attempts that were found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AttemptPage {
    /// Newest first.
    pub attempts: Vec<AttemptRecord>,
    /// The place of each in the ledger, to go on from any of them.
    pub places: Vec<u64>,
    /// Where to go on with [`AttemptQuery::older_than`]; none where there are no more.
    pub older_than: Option<u64>,
}

/// How much of an attempt is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Depth {
    /// All but what the endpoint answered.
    #[default]
    Row,
    /// What the endpoint answered, too.
    Answer,
}

impl AttemptQuery {
    /// Whether an attempt is asked for, as far as it says so itself.
    pub fn matches(&self, attempt: &AttemptRecord) -> bool {
        self.reason.as_ref().is_none_or(|wanted| *wanted == attempt.reason)
            && self.status.is_none_or(|wanted| wanted == attempt.status)
            && self.from.is_none_or(|from| from <= attempt.at)
            && self.to.is_none_or(|to| attempt.at < to)
            && self.destination.as_ref().is_none_or(|wanted| *wanted == attempt.destination)
            && self.seq.is_none_or(|wanted| wanted == attempt.seq)
            && self.fate.is_none_or(|wanted| wanted == attempt.fate)
    }
}

/// A request or event refused at intake.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RejectionRecord {
    /// When.
    pub at: Timestamp,
    /// Whose, where the write key was known.
    pub source: Option<SourceId>,
    /// Code of the reason.
    pub reason: String,
    /// One sentence for people.
    pub detail: String,
    /// The beginning of what was refused, bounded.
    pub sample: String,
}

/// Which rejections to list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RejectionQuery {
    /// Only of this source, or only of nobody known.
    pub source: Option<Option<SourceId>>,
    /// Only with this reason, by its code.
    pub reason: Option<String>,
    /// Only from this time on.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub to: Option<Timestamp>,
    /// Only those before these places.
    pub older_than: Option<RejectionCursor>,
    /// At most so many of sources, and as many of nobody known.
    pub rows_max: u32,
}

/// Where a page of rejections ends: among those of sources, and among those of nobody known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RejectionCursor {
    /// A place among those of sources.
    pub known: u64,
    /// A place among those of nobody known.
    pub strange: u64,
}

/// Rejections that were found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RejectionPage {
    /// Newest first.
    pub rejections: Vec<RejectionRecord>,
    /// Where to go on with [`RejectionQuery::older_than`]; none where there are no more.
    pub older_than: Option<RejectionCursor>,
}

impl RejectionQuery {
    /// Whether a rejection is asked for.
    pub fn matches(&self, one: &RejectionRecord) -> bool {
        self.source.as_ref().is_none_or(|source| *source == one.source)
            && self.reason.as_ref().is_none_or(|reason| *reason == one.reason)
            && self.from.is_none_or(|from| from <= one.at)
            && self.to.is_none_or(|to| one.at < to)
    }
}

impl RejectionCursor {
    /// Before which everything comes.
    pub const NEWEST: Self = Self { known: u64::MAX, strange: u64::MAX };
}

/// How many events were filtered for one reason.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct FilteredCount {
    /// Code of the reason.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// Counts of one destination since the beginning, without what replays did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Totals {
    /// Whose.
    pub destination: DestinationId,
    /// Deliveries that succeeded with the first attempt.
    pub delivered_first_try: u64,
    /// Deliveries that succeeded later.
    pub delivered_on_retry: u64,
    /// Attempts that led to a retry.
    pub retries: u64,
    /// Deliveries given up.
    pub gave_up: u64,
    /// Deliveries whose event could not be read back.
    pub expired: u64,
    /// Events that were filtered, by reason, sorted by its code.
    pub filtered: Vec<FilteredCount>,
}

impl Totals {
    /// Counts of a destination that has none yet.
    pub fn zero(destination: DestinationId) -> Self {
        Self {
            destination,
            delivered_first_try: 0,
            delivered_on_retry: 0,
            retries: 0,
            gave_up: 0,
            expired: 0,
            filtered: Vec::new(),
        }
    }

    /// Adds events that were filtered.
    pub fn add_filtered(&mut self, more: &FilteredCount) {
        add_count(&mut self.filtered, more);
    }

    /// Counts one more attempt with this fate and number.
    pub fn count(&mut self, fate: Fate, number: u32) {
        match fate {
            Fate::Delivered if number > 1 => self.delivered_on_retry += 1,
            Fate::Delivered => self.delivered_first_try += 1,
            Fate::Retry => self.retries += 1,
            Fate::GaveUp => self.gave_up += 1,
            Fate::Expired => self.expired += 1,
        }
    }
}

/// Where to go on after a page with so many of sources and so many of nobody known, the last of each at
/// these places; none where neither list was full.
pub(crate) fn rejections_left(
    query: &RejectionQuery,
    found: [(usize, Option<u64>); 2],
) -> Option<RejectionCursor> {
    let before = query.older_than.unwrap_or(RejectionCursor::NEWEST);
    let [known, strange] = found;
    let rows_max = usize::try_from(query.rows_max).unwrap_or(usize::MAX);
    // A list that was not full is at its end: place 0 has nothing before it.
    let next = |(count, last): (usize, Option<u64>), before: u64| match count >= rows_max {
        true => last.unwrap_or(before),
        false => 0,
    };
    let left = RejectionCursor {
        known: next(known, before.known),
        strange: next(strange, before.strange),
    };
    (left != RejectionCursor { known: 0, strange: 0 }).then_some(left)
}

/// Adds a count to those of other reasons, which are sorted.
pub(crate) fn add_count(counts: &mut Vec<FilteredCount>, more: &FilteredCount) {
    match counts.binary_search_by(|known| known.reason.cmp(&more.reason)) {
        Ok(place) => counts[place].count += more.count,
        Err(place) => counts.insert(place, more.clone()),
    }
}
