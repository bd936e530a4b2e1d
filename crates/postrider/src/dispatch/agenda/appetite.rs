//! Whether events are read on: as far as there is need for, and no further.
//!
//! What is read before its turn makes lines longer than may be held; what is beyond that goes to the
//! shelf, and costs more there than a delivery does. So events stay in the journal where enough may go
//! already, where none may start whoever it is, where the shelf is about to give some, and where the
//! endpoint takes nothing. They are read on where an attempt could start for somebody whom none of those
//! that wait stands for.

use domain::limits;

use super::Agenda;

/// How the flow stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outlook {
    /// Whether the endpoint is taken to take deliveries; otherwise it is probed, or left alone.
    pub is_active: bool,
    /// Whether an attempt may start now.
    pub is_open: bool,
    /// Attempts that may be under way.
    pub limit: u32,
}

impl Agenda {
    /// Whether more events are wanted, if there is room for them.
    pub fn wants_more(&self, outlook: Outlook) -> bool {
        match outlook.is_active {
            true => !self.is_put_off(outlook) && self.untried() < enough(outlook),
            false => self.untried() == 0 && self.may_search(),
        }
    }

    /// Whether the flow has to open before it is known if more are wanted.
    pub fn is_put_off(&self, outlook: Outlook) -> bool {
        let holds_enough = self.deliveries.len() >= enough(outlook);
        let shelf_gives = !self.deliveries.is_empty() && self.shelf.is_giving();
        (!outlook.is_open && holds_enough) || shelf_gives
    }

    /// An endpoint that takes nothing is probed with what was never tried, and of some users it may
    /// take events: so one is looked for, with each probe a little further.
    fn may_search(&self) -> bool {
        let unfinished = self.unfinished();
        unfinished == 0 || unfinished < self.probed_with + limits::SEARCHED_FOR_A_PROBE
    }
}

/// Deliveries that may go, from which on no more are wanted.
fn enough(outlook: Outlook) -> usize {
    limits::READY_LEAST + 2 * outlook.limit as usize
}

#[cfg(test)]
mod tests {
    use domain::id::Seq;

    use super::super::tests::{NOW, agenda, event};
    use super::*;

    /// Offers events of one user as long as more are wanted; answers how many were.
    fn feed(agenda: &mut Agenda, outlook: Outlook) -> u64 {
        let first = agenda.read_from().0;
        while agenda.has_room() && agenda.wants_more(outlook) {
            agenda.offer(event(agenda.read_from().0, "u", ""));
        }
        agenda.read_from().0 - first
    }

    #[test]
    fn where_no_attempt_may_start_no_more_is_read_than_is_soon_needed() {
        let mut agenda = agenda();
        let closed = Outlook { is_active: true, is_open: false, limit: 64 };
        let enough = limits::READY_LEAST as u64 + 2 * 64;
        assert_eq!(feed(&mut agenda, closed), enough);
        assert!(agenda.is_put_off(closed));
        let open = Outlook { is_open: true, ..closed };
        assert!(!agenda.is_put_off(open));
        assert!(feed(&mut agenda, open) > enough, "there may be somebody else");
    }

    #[test]
    fn one_to_probe_with_is_looked_for_a_little_further_with_each_probe() {
        let mut agenda = agenda();
        let holding = Outlook { is_active: false, is_open: true, limit: 1 };
        assert_eq!(feed(&mut agenda, holding), 1);
        for probe in 0..3 {
            let seq = agenda.take_probe(NOW, 1).map(|going| going.seq);
            assert_eq!(seq, Some(Seq(1)), "it is the only one that may go");
            agenda.retry(Seq(1), NOW, ("server_error", 503));
            agenda.wake(NOW);
            assert_eq!(feed(&mut agenda, holding), limits::SEARCHED_FOR_A_PROBE, "{probe}");
        }
        assert_eq!(agenda.take(NOW, 1).map(|going| going.seq), Some(Seq(1)));
        agenda.retry(Seq(1), NOW, ("server_error", 503));
        agenda.wake(NOW);
        assert_eq!(feed(&mut agenda, holding), 0, "the next outage has had no probe");
    }
}
