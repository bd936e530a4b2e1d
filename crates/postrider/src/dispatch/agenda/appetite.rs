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
