//! What a delivery has come to, worked out of what is known of it.

use std::fmt;

use domain::filter::Verdict;
use domain::id::Seq;
use domain::reason::Reason;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{AttemptRecord, DeliveryRecord, Fate, OpenDelivery};

use crate::live::Standing;

/// What a delivery has come to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its turn has not come.
    Queued,
    /// An earlier event of the same user comes first.
    Waiting,
    /// It has failed, and is tried again.
    Scheduled,
    /// An attempt is under way, or has ended and is being written down.
    Sending,
    /// The endpoint has taken it.
    Delivered,
    /// It has failed, and is not tried again.
    GaveUp,
    /// Somebody has given it up.
    Skipped,
    /// Its event was gone before it was delivered.
    Expired,
    /// The destination does not get this event.
    Filtered,
    /// Nothing is kept of it any more.
    Unknown,
}

/// What a delivery has come to, with what belongs to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// What.
    pub status: Status,
    /// Why it is filtered.
    pub filtered: Option<Reason>,
    /// When it is tried again.
    pub next_try_at: Option<Timestamp>,
    /// The first of the line that it waits in.
    pub behind: Option<Seq>,
}

impl Status {
    /// Whether it is still to be delivered.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Queued | Self::Waiting | Self::Scheduled | Self::Sending)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl State {
    fn of(status: Status) -> Self {
        Self { status, filtered: None, next_try_at: None, behind: None }
    }

    fn filtered(reason: Reason) -> Self {
        Self { filtered: Some(reason), ..Self::of(Status::Filtered) }
    }

    fn scheduled(at: Timestamp) -> Self {
        Self { next_try_at: Some(at), ..Self::of(Status::Scheduled) }
    }

    fn waiting(behind: Option<Seq>) -> Self {
        Self { behind, ..Self::of(Status::Waiting) }
    }
}

/// What is known of a delivery.
pub struct Facts<'a> {
    /// Its event.
    pub seq: Seq,
    /// What is written down.
    pub known: &'a DeliveryRecord,
    /// What its dispatcher says, where it does.
    pub standing: Option<Standing>,
    /// What the destination's connections say of the event; none where none covers it, or the event
    /// is gone.
    pub verdict: Option<Verdict>,
}

impl Facts<'_> {
    /// What the delivery has come to; none where there is no such delivery.
    pub fn state(&self) -> Option<State> {
        let known = self.known;
        let replaying = known.replaying.as_ref().map(|(_, open)| open);
        if let Some(open) = known.open.as_ref().or(replaying) {
            return Some(self.unfinished(open));
        }
        match &known.last {
            Some(last) if last.fate != Fate::Retry => Some(State::of(ended(last))),
            Some(_) if !self.is_ahead() => Some(State::of(Status::GaveUp)),
            None if !self.is_ahead() => self.passed(),
            _ => self.ahead(),
        }
    }

    /// Whether the schedule has not come to it yet, as far as is written down.
    pub fn is_ahead(&self) -> bool {
        self.known.cursor.is_none_or(|cursor| self.seq >= cursor)
    }

    /// One that is written down as open.
    fn unfinished(&self, open: &OpenDelivery) -> State {
        match self.standing {
            Some(Standing::Sending) => State::of(Status::Sending),
            Some(Standing::Parked { due }) => State::scheduled(due),
            Some(Standing::Waiting { behind }) => State::waiting(Some(behind)),
            Some(Standing::Ready) if open.attempts == 0 => State::of(Status::Queued),
            Some(Standing::Apart { behind }) if open.attempts == 0 => State::waiting(behind),
            _ if open.attempts == 0 => State::waiting(None),
            _ => State::scheduled(open.due),
        }
    }

    /// One that nothing is written down of, where the schedule has not come to.
    fn ahead(&self) -> Option<State> {
        let by_rules = match self.verdict {
            Some(Verdict::Filtered(reason)) => Some(State::filtered(reason)),
            _ => None,
        };
        Some(match self.standing {
            Some(Standing::Sending) => State::of(Status::Sending),
            // It has failed a moment ago; what is not written down yet has not happened.
            Some(Standing::Parked { .. }) if self.known.last.is_none() => {
                State::of(Status::Sending)
            }
            Some(Standing::Parked { due }) => State::scheduled(due),
            Some(Standing::Waiting { behind }) => State::waiting(Some(behind)),
            Some(Standing::Ready) => State::of(Status::Queued),
            Some(Standing::Apart { .. }) if by_rules.is_some() => return by_rules,
            Some(Standing::Apart { behind: Some(first) }) => State::waiting(Some(first)),
            Some(Standing::Apart { behind: None }) => {
                self.verdict.map(|_| State::of(Status::Sending))?
            }
            Some(Standing::Unread) | None => {
                return by_rules.or(self.verdict.map(|_| State::of(Status::Queued)));
            }
        })
    }

    /// One that the schedule has passed, and the ledger has nothing of.
    fn passed(&self) -> Option<State> {
        Some(match self.verdict? {
            Verdict::Filtered(reason) => State::filtered(reason),
            Verdict::Passes => State::of(Status::Unknown),
        })
    }
}

fn ended(last: &AttemptRecord) -> Status {
    match last.fate {
        Fate::Delivered => Status::Delivered,
        Fate::Expired => Status::Expired,
        _ if last.reason == Reason::Skipped.code() => Status::Skipped,
        _ => Status::GaveUp,
    }
}

#[cfg(test)]
mod tests {
    use domain::delivery::Trace;
    use domain::event::{EventKind, Identities};
    use domain::id::{DestinationId, ReplayId};

    use super::*;

    const SOON: Timestamp = Timestamp(9);

    fn last(fate: Fate, reason: &str) -> Option<AttemptRecord> {
        Some(AttemptRecord {
            destination: DestinationId::new("d"),
            seq: Seq(7),
            kind: EventKind::Track,
            whose: Identities::default(),
            received_at: None,
            number: 1,
            at: Timestamp(1),
            duration_us: 1,
            status: 200,
            fate,
            reason: reason.to_owned(),
            detail: String::new(),
            trace: Trace::default(),
            replay: None,
        })
    }

    fn open(attempts: u32) -> OpenDelivery {
        OpenDelivery {
            seq: Seq(7),
            kind: EventKind::Track,
            identities: Identities::default(),
            attempts,
            first_attempt_at: None,
            due: SOON,
            reason: String::new(),
            status: 0,
            is_shelved: false,
        }
    }

    /// Cursors that have come to event 7, and that have not.
    const AHEAD: Seq = Seq(7);
    const PASSED: Seq = Seq(8);

    /// What event 7 has come to.
    fn state(
        cursor: Seq,
        known: DeliveryRecord,
        standing: Option<Standing>,
        verdict: Option<Verdict>,
    ) -> Option<State> {
        let known = DeliveryRecord { cursor: Some(cursor), ..known };
        Facts { seq: Seq(7), known: &known, standing, verdict }.state()
    }

    #[test]
    fn what_is_finished_is_told_by_its_last_row() {
        for (fate, reason, want) in [
            (Fate::Delivered, "", Status::Delivered),
            (Fate::GaveUp, "client_error", Status::GaveUp),
            (Fate::GaveUp, "skipped", Status::Skipped),
            (Fate::GaveUp, "removed_for_good", Status::GaveUp),
            (Fate::Expired, "trimmed", Status::Expired),
            (Fate::Retry, "timeout", Status::GaveUp),
        ] {
            let known = DeliveryRecord { last: last(fate, reason), ..DeliveryRecord::default() };
            let found = state(PASSED, known, None, Some(Verdict::Passes));
            assert_eq!(found, Some(State::of(want)), "{fate:?} {reason}");
        }
    }

    #[test]
    fn what_is_open_is_told_by_its_dispatcher_and_without_it_by_the_schedule() {
        let behind = Seq(3);
        let (waiting, waiting_on_it) = (State::waiting(None), State::waiting(Some(behind)));
        let scheduled = State::scheduled(SOON);
        for (attempts, standing, want) in [
            (0, None, waiting),
            (2, None, scheduled),
            (2, Some(Standing::Sending), State::of(Status::Sending)),
            (0, Some(Standing::Ready), State::of(Status::Queued)),
            (2, Some(Standing::Ready), scheduled),
            (2, Some(Standing::Parked { due: Timestamp(5) }), State::scheduled(Timestamp(5))),
            (0, Some(Standing::Waiting { behind }), waiting_on_it),
            (0, Some(Standing::Apart { behind: Some(behind) }), waiting_on_it),
            (2, Some(Standing::Apart { behind: None }), scheduled),
        ] {
            let known = DeliveryRecord { open: Some(open(attempts)), ..DeliveryRecord::default() };
            assert_eq!(state(PASSED, known, standing, None), Some(want), "{attempts} {standing:?}");
        }
        let known = DeliveryRecord {
            last: last(Fate::GaveUp, "client_error"),
            replaying: Some((ReplayId(1), open(1))),
            ..DeliveryRecord::default()
        };
        assert_eq!(state(PASSED, known, None, None), Some(scheduled), "a replay makes it again");
    }

    #[test]
    fn what_nothing_is_written_of_is_told_by_the_dispatcher_and_the_rules() {
        let filtered = Verdict::Filtered(Reason::FilteredType);
        let by_rules = Some(State::filtered(Reason::FilteredType));
        let only = |status| Some(State::of(status));
        let (passes, apart) = (Some(Verdict::Passes), Some(Standing::Apart { behind: None }));
        for (cursor, standing, verdict, want) in [
            (AHEAD, None, None, None),
            (AHEAD, None, passes, only(Status::Queued)),
            (AHEAD, None, Some(filtered), by_rules),
            (AHEAD, Some(Standing::Unread), passes, only(Status::Queued)),
            (AHEAD, Some(Standing::Unread), Some(filtered), by_rules),
            (AHEAD, Some(Standing::Ready), passes, only(Status::Queued)),
            (AHEAD, Some(Standing::Sending), passes, only(Status::Sending)),
            (AHEAD, Some(Standing::Parked { due: SOON }), passes, only(Status::Sending)),
            (AHEAD, apart, Some(filtered), by_rules),
            (AHEAD, apart, passes, only(Status::Sending)),
            (AHEAD, apart, None, None),
            (PASSED, None, passes, only(Status::Unknown)),
            (PASSED, None, Some(filtered), by_rules),
            (PASSED, None, None, None),
        ] {
            let found = state(cursor, DeliveryRecord::default(), standing, verdict);
            assert_eq!(found, want, "{cursor} {standing:?} {verdict:?}");
        }
        let known = DeliveryRecord { last: last(Fate::Retry, "x"), ..DeliveryRecord::default() };
        let found = state(AHEAD, known, Some(Standing::Parked { due: SOON }), passes);
        assert_eq!(found, Some(State::scheduled(SOON)), "its failure is not settled yet");
    }
}
