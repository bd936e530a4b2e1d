//! What people and new settings change of an agenda: what goes sooner, and what does not go at all.

use std::time::Duration;

use domain::id::Seq;
use domain::time::Timestamp;
use storage::OpenDelivery;

use super::{Agenda, Cause, State};

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
            self.turns.ask_for(seq);
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

    /// Lets no delivery wait longer than `wait` allows after so many attempts, the last of which failed
    /// for this cause.
    pub fn hasten(&mut self, now: Timestamp, wait: impl Fn(u32, Cause) -> Duration) {
        for (due, seq) in std::mem::take(&mut self.due) {
            let Some(delivery) = self.deliveries.get_mut(&seq) else { continue };
            delivery.due = due.min(now.plus(wait(delivery.attempts, delivery.cause)));
            self.due.insert((delivery.due, seq));
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

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, agenda, event};
    use super::*;

    const FAILED: Cause = ("server_error", 503);

    #[test]
    fn an_endpoint_is_probed_with_what_somebody_asks_for() {
        let mut agenda = agenda();
        for seq in 1..=4 {
            agenda.offer(event(seq, &format!("u{seq}"), ""));
        }
        let far = NOW.plus(Duration::from_secs(3_600));
        for seq in 1..=3 {
            assert_eq!(agenda.take(NOW, 64).map(|going| going.seq), Some(Seq(seq)));
            agenda.retry(Seq(seq), far, FAILED);
        }
        let mut probe = |asked: &[u64]| {
            asked.iter().for_each(|seq| agenda.hurry_this(Seq(*seq)));
            let seq = agenda.take_probe(NOW, 1).map(|going| going.seq.0);
            seq.into_iter().for_each(|seq| agenda.retry(Seq(seq), far, FAILED));
            seq
        };
        assert_eq!(probe(&[3]), Some(3), "before the one that was never tried");
        assert_eq!([probe(&[]), probe(&[])], [Some(4), None]);
        // Also one that was tried so often that it is late.
        assert_eq!([probe(&[2]), probe(&[2]), probe(&[1, 2]), probe(&[])], [2, 2, 1, 2].map(Some));
    }

    #[test]
    fn an_event_that_is_read_again_counts_as_many_bytes_as_it_has() {
        let mut agenda = agenda();
        agenda.offer(event(1, "u", ""));
        let bytes = |agenda: &mut Agenda| {
            let going = agenda.take(NOW, 64).unwrap();
            agenda.retry(Seq(1), NOW, FAILED);
            agenda.wake(NOW);
            (going.event.is_some(), going.bytes)
        };
        assert_eq!([bytes(&mut agenda), bytes(&mut agenda)], [(true, 2), (false, 2)]);
        agenda.weighs(Seq(1), 7);
        assert_eq!(bytes(&mut agenda), (false, 7));
    }

    #[test]
    fn nothing_waits_longer_than_it_may_for_its_cause() {
        let mut agenda = agenda();
        for (seq, cause) in [(1, FAILED), (2, ("timeout", 0))] {
            agenda.offer(event(seq, &format!("u{seq}"), ""));
            agenda.take(NOW, 64).unwrap();
            agenda.retry(Seq(seq), NOW.plus(Duration::from_secs(3_600)), cause);
        }
        agenda.hasten(NOW, |attempts, (code, _)| {
            Duration::from_secs(if code == "timeout" { u64::from(attempts) } else { 9_000 })
        });
        let due: Vec<_> =
            agenda.due.iter().map(|(due, seq)| (due.since(NOW).as_secs(), seq.0)).collect();
        assert_eq!(due, [(1, 2), (3_600, 1)]);
    }
}
