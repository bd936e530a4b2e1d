//! Lanes: the ordered lines of the identities of one destination.
//!
//! A delivery stands in the lane of each of its identities, and may go when it is first in all of
//! them. So a login, where an event carries both the anonymous and the new user id, joins the two
//! lanes for a moment and keeps their order.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::event::{Identities, IdentityHash};
use crate::id::Seq;

/// Which identities make lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Both: events that share a `userId` or an `anonymousId` keep their order.
    #[default]
    Strict,
    /// Only `userId`.
    User,
    /// Only `anonymousId`.
    Anonymous,
    /// None: events go as soon as they can.
    None,
}

impl Order {
    /// All of them, in the order of the docs.
    pub const ALL: [Self; 4] = [Self::Strict, Self::User, Self::Anonymous, Self::None];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::User => "user",
            Self::Anonymous => "anonymous",
            Self::None => "none",
        }
    }

    /// The identities whose lanes an event stands in.
    #[must_use]
    pub fn identities(self, all: Identities) -> Identities {
        match self {
            Self::Strict => all,
            Self::User => Identities { anonymous: None, ..all },
            Self::Anonymous => Identities { user: None, ..all },
            Self::None => Identities::default(),
        }
    }
}

/// Deliveries that become free at once; mostly none or one.
pub type Freed = SmallVec<[Seq; 2]>;

/// All lanes of one destination.
#[derive(Debug, Default)]
pub struct Lanes {
    lanes: HashMap<IdentityHash, Lane>,
    /// How many of its lanes a waiting delivery is not yet first in.
    blocked: HashMap<Seq, u8>,
}

#[derive(Debug)]
struct Lane {
    first: Seq,
    rest: VecDeque<Seq>,
}

impl Lanes {
    /// Puts a delivery at the end of its lanes; true if it may go at once.
    ///
    /// Deliveries must be put in rising order.
    pub fn enter(&mut self, seq: Seq, identities: Identities) -> bool {
        let mut blocked = 0;
        for identity in identities.iter() {
            match self.lanes.entry(identity) {
                Entry::Vacant(lane) => {
                    lane.insert(Lane { first: seq, rest: VecDeque::new() });
                }
                Entry::Occupied(mut lane) => {
                    lane.get_mut().rest.push_back(seq);
                    blocked += 1;
                }
            }
        }
        if blocked > 0 {
            self.blocked.insert(seq, blocked);
        }
        blocked == 0
    }

    /// Takes a finished delivery out of its lanes; answers those that may go now.
    ///
    /// One that may not go yet can leave, too: those behind it go on waiting for those before it.
    pub fn leave(&mut self, seq: Seq, identities: Identities) -> Freed {
        let mut freed = Freed::new();
        for identity in identities.iter() {
            let Entry::Occupied(mut lane) = self.lanes.entry(identity) else { continue };
            if lane.get().first != seq {
                lane.get_mut().rest.retain(|other| *other != seq);
                self.blocked.remove(&seq);
                continue;
            }
            match lane.get_mut().rest.pop_front() {
                None => drop(lane.remove()),
                Some(next) => {
                    lane.get_mut().first = next;
                    if self.unblock(next) {
                        freed.push(next);
                    }
                }
            }
        }
        freed
    }

    /// The first delivery of a lane.
    pub fn first_of(&self, identity: IdentityHash) -> Option<Seq> {
        self.lanes.get(&identity).map(|lane| lane.first)
    }

    /// How many deliveries stand in a lane.
    pub fn len_of(&self, identity: IdentityHash) -> usize {
        self.lanes.get(&identity).map_or(0, |lane| lane.rest.len() + 1)
    }

    /// How many lanes hold a delivery.
    pub fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Whether no delivery is under way.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    fn unblock(&mut self, seq: Seq) -> bool {
        let Some(blocked) = self.blocked.get_mut(&seq) else { return false };
        *blocked -= 1;
        let free = *blocked == 0;
        if free {
            self.blocked.remove(&seq);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn who(user: &str, anonymous: &str) -> Identities {
        Identities {
            user: IdentityHash::of_user(user),
            anonymous: IdentityHash::of_anonymous(anonymous),
        }
    }

    #[test]
    fn strangers_do_not_wait_for_each_other() {
        let mut lanes = Lanes::default();
        assert!(lanes.enter(Seq(1), who("a", "")));
        assert!(lanes.enter(Seq(2), who("b", "")));
        assert!(lanes.enter(Seq(3), who("", "a")), "a user is no anonymous id");
        assert!(lanes.enter(Seq(4), who("", "")));
    }

    #[test]
    fn a_login_keeps_the_order_of_both_identities() {
        let mut lanes = Lanes::default();
        assert!(lanes.enter(Seq(1), who("", "x")));
        assert!(!lanes.enter(Seq(2), who("u", "x")), "the login waits for the anonymous event");
        assert!(!lanes.enter(Seq(3), who("u", "")), "the user waits for the login");
        assert_eq!(lanes.leave(Seq(1), who("", "x"))[..], [Seq(2)]);
        assert_eq!(lanes.leave(Seq(2), who("u", "x"))[..], [Seq(3)]);
        assert_eq!(lanes.leave(Seq(3), who("u", ""))[..], []);
        assert!(lanes.is_empty() && lanes.blocked.is_empty());
    }

    #[test]
    fn an_event_waits_for_both_of_its_identities() {
        let mut lanes = Lanes::default();
        assert!(lanes.enter(Seq(1), who("u", "")));
        assert!(lanes.enter(Seq(2), who("", "x")));
        assert!(!lanes.enter(Seq(3), who("u", "x")));
        assert_eq!(lanes.leave(Seq(2), who("", "x"))[..], []);
        assert_eq!(lanes.leave(Seq(1), who("u", ""))[..], [Seq(3)]);
    }

    #[test]
    fn one_that_leaves_before_its_turn_is_in_nobodys_way() {
        let mut lanes = Lanes::default();
        assert!(lanes.enter(Seq(1), who("u", "")));
        assert!(lanes.enter(Seq(2), who("", "x")));
        assert!(!lanes.enter(Seq(3), who("u", "x")));
        assert!(!lanes.enter(Seq(4), who("u", "")));
        assert!(!lanes.enter(Seq(5), who("", "x")));
        assert_eq!(lanes.leave(Seq(2), who("", "x"))[..], [], "3 is first of one lane now");
        assert_eq!(lanes.leave(Seq(3), who("u", "x"))[..], [Seq(5)]);
        assert_eq!(lanes.leave(Seq(1), who("u", ""))[..], [Seq(4)]);
        lanes.leave(Seq(4), who("u", ""));
        lanes.leave(Seq(5), who("", "x"));
        assert!(lanes.is_empty() && lanes.blocked.is_empty());
    }

    proptest! {
        /// Whatever finishes first, no delivery ever goes before an earlier one of its identities,
        /// and all of them go in the end.
        #[test]
        fn order_holds_and_nothing_is_stuck(
            events in prop::collection::vec((0_u8..4, 0_u8..4), 1..60),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 60),
        ) {
            let mut lanes = Lanes::default();
            let ids: Vec<_> = events.iter().map(|(user, anonymous)| {
                let text = |n: u8| if n == 0 { String::new() } else { n.to_string() };
                who(&text(*user), &text(*anonymous))
            }).collect();
            let mut free = BTreeSet::new();
            for (index, identities) in ids.iter().enumerate() {
                if lanes.enter(Seq(index as u64), *identities) {
                    free.insert(index);
                }
            }
            let mut done = BTreeSet::new();
            for pick in &picks[..events.len()] {
                let going: Vec<_> = free.iter().copied().collect();
                let index = *pick.get(&going);
                free.remove(&index);
                for earlier in (0..index).filter(|earlier| !done.contains(earlier)) {
                    let shared = ids[earlier].iter().any(|one| ids[index].iter().any(|two| one == two));
                    prop_assert!(!shared, "{index} went before {earlier}");
                }
                done.insert(index);
                for freed in lanes.leave(Seq(index as u64), ids[index]) {
                    free.insert(usize::try_from(freed.0).unwrap());
                }
            }
            prop_assert!(lanes.is_empty());
        }
    }
}
