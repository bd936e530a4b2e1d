//! What happened at one destination: rows for the ledger, and words for the log.
//!
//! Rows gather until a settlement takes them along; once that is committed, those who watch are told of
//! it. What is said in the log is what changes: when
//! deliveries begin to fail and when they succeed again, what is given up, what is gone for good.

use std::sync::Arc;
use std::time::Duration;

use domain::delivery::flow::Turn;
use domain::delivery::retry::Decision;
use domain::delivery::{Outcome, Trace};
use domain::event::{EventKind, Identities};
use domain::id::{DestinationId, ReplayId, Seq};
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use storage::{AttemptRecord, Fate, Gap, OpenDelivery};

use super::attempt::Attempt;
use crate::live::{FilteredSample, Notices, Settled, SettledAside};
use crate::replay::lost_reason;
use crate::send::Sent;
use crate::spans::{Attempted, Tracer};

/// What happened at one destination and is not settled.
pub struct Records {
    destination: DestinationId,
    /// The replay that it happens for.
    replay: Option<ReplayId>,
    rows: Vec<AttemptRecord>,
    /// Rows whose settlement is not committed yet, those handed over included.
    unsettled: usize,
    /// Up to here it is told what cannot be read any more.
    told_to: Seq,
    /// Whether the last thing said of the deliveries is that they fail.
    is_failing: bool,
    /// When it was last said that events are gone.
    gone_said_at: Option<Timestamp>,
    notices: Arc<Notices>,
    tracer: Tracer,
    /// What the rows do not say; gathered while somebody watches, and handed over with them.
    aside: SettledAside,
    handed_over: SettledAside,
}

impl Records {
    /// Nothing has happened yet.
    pub fn new(
        destination: DestinationId,
        replay: Option<ReplayId>,
        (notices, tracer): (Arc<Notices>, Tracer),
    ) -> Self {
        Self {
            notices,
            tracer,
            aside: SettledAside::default(),
            handed_over: SettledAside::default(),
            destination,
            replay,
            rows: Vec::new(),
            unsettled: 0,
            told_to: Seq(0),
            is_failing: false,
            gone_said_at: None,
        }
    }

    /// Whether nothing has happened since rows were last taken.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether more may happen before what did is settled.
    pub fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// How much more may happen before what did is settled.
    pub fn room(&self) -> usize {
        limits::UNSETTLED_ATTEMPTS_MAX.saturating_sub(self.unsettled)
    }

    /// Takes the rows, to be settled.
    pub fn take(&mut self) -> Vec<AttemptRecord> {
        self.handed_over = std::mem::take(&mut self.aside);
        std::mem::take(&mut self.rows)
    }

    /// The rows that were taken last are settled.
    pub fn settled(&mut self, attempts: Vec<AttemptRecord>) {
        self.unsettled -= attempts.len();
        let aside = std::mem::take(&mut self.handed_over);
        if self.notices.is_watched() {
            let destination = self.destination.clone();
            self.notices.settled(Settled { destination, attempts, aside });
        }
    }

    /// The rows that were taken last are settled, or are recorded anew.
    pub fn begin_anew(&mut self) {
        self.unsettled = self.rows.len();
        self.told_to = Seq(0);
    }

    /// An event was filtered.
    pub fn filtered(&mut self, sample: FilteredSample) {
        let filtered = &mut self.aside.filtered;
        if self.notices.is_watched() && filtered.len() < limits::UNSETTLED_ATTEMPTS_MAX {
            filtered.push(sample);
        }
    }

    /// An attempt was made.
    pub fn made(&mut self, attempt: &Attempt, decision: Decision, sent: &Sent) {
        let outcome = &sent.outcome;
        let fate = fate(decision);
        if let Decision::RetryAt(at) = decision
            && self.notices.is_watched()
        {
            self.aside.due.push((attempt.seq, at));
        }
        let reason = outcome.reason().map(Reason::code);
        let replay = self.replay.map(|id| id.0);
        self.tell(fate, outcome);
        if fate == Fate::GaveUp {
            tracing::warn!(
                destination = %self.destination, replay, event = attempt.seq.0,
                attempts = attempt.tries.count, reason, detail = outcome.detail,
                "gave up a delivery"
            );
        }
        self.trace(attempt, fate, sent);
        self.push(AttemptRecord {
            destination: self.destination.clone(),
            seq: attempt.seq,
            kind: attempt.kind,
            whose: attempt.identities,
            received_at: attempt.received_at,
            number: attempt.tries.count,
            at: attempt.at,
            duration_us: attempt.duration_us,
            status: outcome.status,
            fate,
            reason: reason.unwrap_or_default().to_owned(),
            detail: outcome.detail.clone(),
            trace: sent.trace.clone(),
            replay: self.replay,
        });
    }

    /// Tells telemetry of an attempt that is traced.
    fn trace(&self, attempt: &Attempt, fate: Fate, sent: &Sent) {
        let Some(traced) = attempt.traced else { return };
        let attempted = Attempted {
            destination: &self.destination,
            replay: self.replay,
            seq: attempt.seq,
            kind: attempt.kind,
            number: attempt.tries.count,
            duration: Duration::from_micros(attempt.duration_us.into()),
            fate,
            sent,
        };
        self.tracer.attempted(traced, &attempted);
    }

    /// An attempt found its event gone.
    pub fn lost(&mut self, attempt: &Attempt, reason: Reason) {
        let row = self.without_attempt(attempt.seq, reason, attempt.at);
        self.push(AttemptRecord {
            kind: attempt.kind,
            whose: attempt.identities,
            number: attempt.tries.count,
            duration_us: attempt.duration_us,
            ..row
        });
    }

    /// A delivery that was begun waits for an event that retention has taken away.
    pub fn trimmed(&mut self, open: &OpenDelivery, at: Timestamp) {
        self.tell_gone(Reason::Trimmed, (open.seq, open.seq), at);
        let row = self.without_attempt(open.seq, Reason::Trimmed, at);
        let (kind, whose, number) = (open.kind, open.identities, open.attempts);
        self.push(AttemptRecord { kind, whose, number, ..row });
    }

    /// Somebody skipped a delivery.
    pub fn skipped(&mut self, open: &OpenDelivery, at: Timestamp) {
        tracing::warn!(destination = %self.destination, event = open.seq.0, "skipped a delivery");
        self.let_go(open, Reason::Skipped, at);
    }

    /// Records what cannot be read any more, as far as it was not passed yet. What was read and could
    /// not be taken in at once is read again, and is told once all the same.
    pub fn expired(&mut self, gaps: &[Gap], from: Seq, at: Timestamp) {
        for gap in gaps {
            let (first, last) = (gap.range.first.max(from).max(self.told_to), gap.range.last);
            self.told_to = self.told_to.max(last.next());
            let count = (last.0 + 1).saturating_sub(first.0);
            if count == 0 {
                continue;
            }
            let reason = lost_reason(gap.reason);
            self.tell_gone(reason, (first, last), at);
            let single = count.min(limits::EXPIRED_RECORDS_MAX);
            for number in 0..single {
                let mut row = self.without_attempt(first.plus(number), reason, at);
                if number + 1 == single && single < count {
                    row.detail = format!("and all events up to {last}");
                }
                self.push(row);
            }
        }
    }

    /// Says what is gone, while it goes on now and then.
    fn tell_gone(&mut self, reason: Reason, (first, last): (Seq, Seq), at: Timestamp) {
        let is_due = |said: Timestamp| at.since(said) >= limits::LOSS_WARNING_INTERVAL || said > at;
        if reason == Reason::Trimmed && !self.gone_said_at.is_none_or(is_due) {
            return;
        }
        self.gone_said_at = Some(at);
        tracing::error!(
            destination = %self.destination, replay = self.replay.map(|id| id.0), first = first.0, last = last.0,
            reason = reason.code(), "stored events are gone and are not sent"
        );
    }

    /// Says how the destination fares from now on.
    pub fn turned(&self, turn: Turn, outcome: &Outcome) {
        let (destination, detail) = (&self.destination, &outcome.detail);
        let replay = self.replay.map(|id| id.0);
        let reason = outcome.reason().map(Reason::code);
        match turn {
            Turn::Holds => tracing::warn!(
                %destination, replay, reason, detail,
                "the endpoint takes nothing; it is probed"
            ),
            Turn::Stops => tracing::error!(
                %destination, replay, reason, detail,
                "the endpoint is not tried any more; its events are kept"
            ),
            Turn::Recovers { .. } => {
                tracing::info!(%destination, replay, "the endpoint takes deliveries again");
            }
        }
    }

    /// Says when deliveries begin to fail, and when they succeed again; not each of them.
    fn tell(&mut self, fate: Fate, outcome: &Outcome) {
        let (destination, replay) = (&self.destination, self.replay.map(|id| id.0));
        match fate {
            Fate::Retry if !self.is_failing => {
                let (reason, detail) = (outcome.reason().map(Reason::code), &outcome.detail);
                tracing::warn!(%destination, replay, reason, detail, "deliveries fail; trying again");
                self.is_failing = true;
            }
            Fate::Delivered if self.is_failing => {
                tracing::info!(%destination, replay, "deliveries succeed again");
                self.is_failing = false;
            }
            _ => {}
        }
    }

    /// A delivery is given up for good with its destination.
    pub fn removed(&mut self, open: &OpenDelivery, at: Timestamp) {
        self.let_go(open, Reason::RemovedForGood, at);
    }

    /// People gave up a delivery, not we.
    fn let_go(&mut self, open: &OpenDelivery, reason: Reason, at: Timestamp) {
        let row = self.without_attempt(open.seq, reason, at);
        let (kind, whose, number) = (open.kind, open.identities, open.attempts);
        self.push(AttemptRecord { kind, whose, number, fate: Fate::GaveUp, ..row });
    }

    /// The row of an event that is gone without an attempt.
    fn without_attempt(&self, seq: Seq, reason: Reason, at: Timestamp) -> AttemptRecord {
        AttemptRecord {
            destination: self.destination.clone(),
            seq,
            kind: EventKind::Other,
            whose: Identities::default(),
            received_at: None,
            number: 0,
            at,
            duration_us: 0,
            status: 0,
            fate: Fate::Expired,
            reason: reason.code().to_owned(),
            detail: reason.sentence().to_owned(),
            trace: Trace::default(),
            replay: self.replay,
        }
    }

    fn push(&mut self, row: AttemptRecord) {
        self.unsettled += 1;
        self.rows.push(row);
    }
}

/// What an attempt leads to.
fn fate(decision: Decision) -> Fate {
    match decision {
        Decision::Close => Fate::Delivered,
        Decision::GiveUp => Fate::GaveUp,
        Decision::RetryAt(_) => Fate::Retry,
    }
}

#[cfg(test)]
mod tests {
    use storage::{GapReason, SeqRange};

    use super::*;

    #[test]
    fn what_is_gone_is_told_once() {
        let mut records = Records::new(DestinationId::new("d"), None, Default::default());
        let gap = |first, last| Gap {
            range: SeqRange { first: Seq(first), last: Seq(last) },
            reason: GapReason::Quarantined,
        };
        records.expired(&[gap(1, 3), gap(7, 9)], Seq(2), Timestamp(0));
        records.expired(&[gap(7, 9)], Seq(5), Timestamp(0));
        records.expired(&[gap(7, 11)], Seq(8), Timestamp(0));
        let told: Vec<_> = records.take().iter().map(|row| row.seq.0).collect();
        assert_eq!(told, [2, 3, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn what_is_gone_counts_one_by_one_unless_it_is_too_much() {
        let gone = |count| {
            let mut records = Records::new(DestinationId::new("d"), None, Default::default());
            let range = SeqRange { first: Seq(1), last: Seq(count) };
            let gap = Gap { range, reason: GapReason::Trimmed };
            records.expired(&[gap], Seq(1), Timestamp(0));
            let rows = records.take();
            (rows.len(), rows.last().map(|row| row.detail.clone()).unwrap_or_default())
        };
        assert_eq!(gone(2_450), (2_450, Reason::Trimmed.sentence().to_owned()));
        assert_eq!(gone(1 << 40), (10_000, format!("and all events up to {}", 1_u64 << 40)));
    }
}
