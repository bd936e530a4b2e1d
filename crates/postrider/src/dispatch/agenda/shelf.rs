//! The shelf: deliveries that wait on disk only, behind an earlier one of their lanes.
//!
//! A lane that grows long, or whose first delivery fails, would fill the memory and stop everybody
//! else. So only its first deliveries are held; what comes behind them is put on the shelf, which is
//! in the store, and here only counted. Whoever shares an identity with one on the shelf goes there
//! too, so all of a lane's deliveries on the shelf come after those that are held. When few of a
//! lane are left, its next ones are asked for.

use std::collections::{BTreeSet, HashMap, VecDeque};

use domain::delivery::lanes::Order;
use domain::event::{Identities, IdentityHash};
use domain::id::Seq;
use domain::limits;
use storage::{OpenDelivery, ShelfLine};

/// Counts of what is on the shelf, and what is on its way there or back.
#[derive(Debug)]
pub struct Shelf {
    order: Order,
    lanes: HashMap<IdentityHash, u64>,
    /// Deliveries that stand in no lane, as those of another order than today's may.
    loose: u64,
    count: u64,
    /// Put there and not written down yet, in order.
    fresh: VecDeque<OpenDelivery>,
    /// Lines of which more may be held.
    wanted: BTreeSet<Option<IdentityHash>>,
    /// Lanes of which none was held at the start, which are asked for after those that are wanted since.
    of_start: BTreeSet<IdentityHash>,
    /// The same, of which nothing was written down when they were asked for.
    later: Vec<Option<IdentityHash>>,
    back: Back,
    /// Whether a step has deliveries for the shelf that is not committed.
    is_being_written: bool,
    /// Whether something was not written down when the store was asked last.
    was_unwritten: bool,
}

/// Whether what came back is written down as held. Until then the store would say it again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Back {
    /// It is, or nothing came back.
    Settled,
    /// No step has it yet.
    Unsaid,
    /// A step has it that is not committed.
    Said,
}

/// Whether the store had something of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Nothing,
    Something,
}

impl Shelf {
    /// A shelf that holds so many deliveries of each pair of identities.
    pub fn new(order: Order, stored: Vec<(Identities, u64)>) -> Self {
        let mut shelf = Self {
            order,
            lanes: HashMap::new(),
            loose: 0,
            count: 0,
            fresh: VecDeque::new(),
            wanted: BTreeSet::new(),
            of_start: BTreeSet::new(),
            later: Vec::new(),
            back: Back::Settled,
            is_being_written: false,
            was_unwritten: false,
        };
        for (identities, count) in stored {
            shelf.add(identities, count);
        }
        shelf.wanted.extend((shelf.loose > 0).then_some(None));
        shelf
    }

    /// Wants more of every lane of which none is held.
    pub fn want_where(&mut self, none_is_held: impl Fn(IdentityHash) -> bool) {
        let lanes = self.lanes.keys().copied().filter(|lane| none_is_held(*lane));
        self.of_start.extend(lanes);
    }

    /// Lanes that have a delivery on it.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Deliveries on it.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether some of it is about to be held, as soon as the store has answered.
    pub fn is_giving(&self) -> bool {
        !self.wanted.is_empty() || !self.of_start.is_empty() || self.back != Back::Settled
    }

    /// Deliveries that are not written down yet.
    pub fn unwritten(&self) -> usize {
        self.fresh.len()
    }

    /// Whether one of these identities has a delivery on it.
    pub fn holds(&self, identities: Identities) -> bool {
        self.count > 0 && self.lanes_of(identities).any(|lane| self.lanes.contains_key(&lane))
    }

    /// Puts a delivery there.
    pub fn put(&mut self, delivery: OpenDelivery) {
        self.add(delivery.identities, 1);
        self.fresh.push_back(delivery);
    }

    /// A step is taken: takes out what was put there before `cursor`, to be written down.
    pub fn step(&mut self, cursor: Seq) -> Vec<OpenDelivery> {
        if self.back == Back::Unsaid {
            self.back = Back::Said;
        }
        let count = self.fresh.iter().take_while(|delivery| delivery.seq < cursor).count();
        self.is_being_written = count > 0;
        self.fresh.drain(..count).collect()
    }

    /// Whether there is something to write down before `cursor`.
    pub fn any_before(&self, cursor: Seq) -> bool {
        self.fresh.front().is_some_and(|delivery| delivery.seq < cursor)
    }

    /// Few of a lane are held: more are wanted, where there are any.
    pub fn want(&mut self, lane: IdentityHash) {
        if self.lanes.contains_key(&lane) {
            self.of_start.remove(&lane);
            self.wanted.insert(Some(lane));
        }
    }

    /// The next lines to ask the store for, all at once; a commit has to say of what comes back that
    /// it is held, before it is asked again.
    pub fn next_lines(&mut self) -> Vec<ShelfLine> {
        if self.back != Back::Settled {
            return Vec::new();
        }
        self.was_unwritten = self.is_unwritten();
        let next = std::iter::from_fn(|| {
            self.wanted.pop_first().or_else(|| self.of_start.pop_first().map(Some))
        });
        let next = next.take(limits::LINES_AT_ONCE);
        next.map(|identity| ShelfLine { order: self.order, identity }).collect()
    }

    /// The store could not be asked.
    pub fn ask_again(&mut self, lines: Vec<ShelfLine>) {
        self.wanted.extend(lines.into_iter().map(|line| line.identity));
    }

    /// What the store had of a line is held now; `news` of it was not held by another line yet.
    pub fn came_back(&mut self, line: ShelfLine, news: &[OpenDelivery], back: Answer) {
        for delivery in news {
            self.remove(delivery.identities);
        }
        if !news.is_empty() {
            self.back = Back::Unsaid;
        }
        let is_more = match line.identity {
            Some(lane) => self.lanes.contains_key(&lane),
            None => self.loose > 0,
        };
        // Where one of its deliveries waits for an earlier one of another lane, that lane asks for it.
        match (is_more, back == Answer::Nothing && self.was_unwritten) {
            (true, true) if self.is_unwritten() => self.later.push(line.identity),
            (true, true) => _ = self.wanted.insert(line.identity),
            (true, false) if line.identity.is_none() => _ = self.wanted.insert(None),
            _ => {}
        }
    }

    fn is_unwritten(&self) -> bool {
        self.is_being_written || !self.fresh.is_empty()
    }

    /// The latest step is committed.
    pub fn settled(&mut self) {
        if self.back == Back::Said {
            self.back = Back::Settled;
        }
        self.is_being_written = false;
        self.wanted.extend(self.later.drain(..));
    }

    fn add(&mut self, identities: Identities, count: u64) {
        self.count += count;
        let lanes = self.order.identities(identities);
        if lanes == Identities::default() {
            self.loose += count;
        }
        for lane in lanes.iter() {
            *self.lanes.entry(lane).or_default() += count;
        }
    }

    fn remove(&mut self, identities: Identities) {
        self.count -= 1;
        let lanes = self.order.identities(identities);
        if lanes == Identities::default() {
            self.loose -= 1;
        }
        for lane in lanes.iter() {
            if let Some(count) = self.lanes.get_mut(&lane) {
                *count -= 1;
                if *count == 0 {
                    self.lanes.remove(&lane);
                }
            }
        }
    }

    fn lanes_of(&self, identities: Identities) -> impl Iterator<Item = IdentityHash> {
        self.order.identities(identities).iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_now_is_asked_for_before_what_a_start_wants() {
        let lane = |number: usize| IdentityHash::of_user(&format!("u{number}")).unwrap();
        let stored =
            (0..1_000).map(|number| (Identities { user: Some(lane(number)), anonymous: None }, 1));
        let mut shelf = Shelf::new(Order::Strict, stored.collect());
        shelf.want_where(|_| true);
        shelf.want(lane(7));
        assert_eq!(shelf.lanes(), 1_000);
        let asked = shelf.next_lines();
        assert_eq!((asked.len(), asked[0].identity), (limits::LINES_AT_ONCE, Some(lane(7))));
        assert!(shelf.is_giving(), "the others come later");
    }
}
