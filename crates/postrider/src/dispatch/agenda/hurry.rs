//! What people and new settings change of an agenda: what goes sooner, and what does not go at all.

use std::time::Duration;

use domain::id::Seq;
use domain::time::Timestamp;
use storage::OpenDelivery;

use super::{Agenda, State};

impl Agenda {
    /// Makes the delivery ready that is due first, although its time has not come.
    pub fn hurry(&mut self) {
        if let Some((_, seq)) = self.due.pop_first() {
            self.set_ready(seq);
        }
    }

    /// Makes this delivery ready, if it waits for its time.
    pub fn hurry_this(&mut self, seq: Seq) {
        let due = self.deliveries.get(&seq).map(|delivery| (delivery.due, seq));
        if due.is_some_and(|due| self.due.remove(&due)) {
            self.set_ready(seq);
        }
    }

    /// Makes all deliveries ready that wait for their time.
    pub fn hurry_all(&mut self) {
        for (_, seq) in std::mem::take(&mut self.due) {
            self.set_ready(seq);
        }
    }

    /// The endpoint has answered as one that is there: what fails from now on fails anew.
    pub fn endpoint_answered(&mut self) {
        self.answers += 1;
    }

    /// Makes those ready that failed first between its last two answers, and wait for their time; and
    /// those that failed before this process began, of which that is not known.
    pub fn hurry_stopped(&mut self) {
        for (due, seq) in std::mem::take(&mut self.due) {
            let failed_after = self.deliveries.get(&seq).and_then(|delivery| delivery.failed_after);
            match failed_after.is_none_or(|answers| answers + 1 == self.answers) {
                true => self.set_ready(seq),
                false => _ = self.due.insert((due, seq)),
            }
        }
    }

    /// Lets no delivery wait longer than `wait` allows after so many attempts.
    pub fn hasten(&mut self, now: Timestamp, wait: impl Fn(u32) -> Duration) {
        for (due, seq) in std::mem::take(&mut self.due) {
            let attempts = self.deliveries.get(&seq).map_or(0, |delivery| delivery.attempts);
            let due = due.min(now.plus(wait(attempts)));
            self.due.insert((due, seq));
            if let Some(delivery) = self.deliveries.get_mut(&seq) {
                delivery.due = due;
            }
        }
    }

    /// Somebody does not want a delivery any more: it is finished, unless it is under way or not
    /// known here. Answers it as it was.
    pub fn skip(&mut self, seq: Seq) -> Option<OpenDelivery> {
        let delivery = self.deliveries.get(&seq)?;
        if delivery.state == State::Sending {
            return None;
        }
        let skipped = delivery.as_open(seq);
        self.due.remove(&(delivery.due, seq));
        self.turns.remove(seq);
        self.finish(seq);
        Some(skipped)
    }
}
