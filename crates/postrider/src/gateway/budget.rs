//! The budget of bytes under way: bounds what all requests together may hold in memory, and what
//! those of one client may hold of it.
//!
//! Sites are told apart by a keyed hash into a fixed number of counts: nothing is looked up or
//! locked for a request, and nobody can choose whom to share a count with.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use domain::limits;
use domain::reason::Reason;

use crate::address::{Client, Site};

/// Bytes that all requests of the server share.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    used: AtomicUsize,
    sites: Box<[AtomicUsize]>,
    hasher: RandomState,
}

/// What is known of who sends a request before its body is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It has shown a write key.
    Keyed,
    /// The key can only be in the body.
    Keyless,
}

/// What one request has taken of the budget; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
    /// What its site may hold, and where that is counted; none for trusted servers, which speak for
    /// many clients.
    site: Option<(usize, usize)>,
}

impl Budget {
    /// A budget of which nothing is used.
    pub fn new(bytes_max: usize) -> Self {
        let sites = (0..limits::BUDGET_SITES).map(|_| AtomicUsize::new(0)).collect();
        Self { bytes_max, used: AtomicUsize::new(0), sites, hasher: RandomState::new() }
    }

    /// A share without bytes.
    pub fn share(self: &Arc<Self>, client: Client, standing: Standing) -> Share {
        let part = match standing {
            Standing::Keyed => limits::BUDGET_PART_OF_SITE,
            Standing::Keyless => limits::BUDGET_PART_OF_KEYLESS_SITE,
        };
        let place = |site: Site| self.hasher.hash_one(site) as usize % self.sites.len();
        let site = (!client.is_trusted).then(|| place(client.site()));
        Share {
            budget: self.clone(),
            bytes: 0,
            site: site.map(|place| (place, self.bytes_max / part)),
        }
    }
}

impl Share {
    /// Takes so many bytes more. A request that is the only one, of its site or of all, may take what
    /// it needs: how large one may be is not decided here.
    ///
    /// # Errors
    /// `Busy` where the budget, or its site's part of it, has not so many left; nothing is taken
    /// then.
    pub fn take(&mut self, bytes: usize) -> Result<(), (Reason, String)> {
        self.take_of_site(bytes)?;
        let before = self.budget.used.fetch_add(bytes, Relaxed);
        let is_alone = before <= self.bytes;
        self.bytes += bytes;
        if !is_alone && before.saturating_add(bytes) > self.budget.bytes_max {
            self.give_back(bytes);
            return Err((Reason::Busy, format!("{before} bytes of requests are under way")));
        }
        Ok(())
    }

    fn take_of_site(&self, bytes: usize) -> Result<(), (Reason, String)> {
        let Some((place, bytes_max)) = self.site else { return Ok(()) };
        let held = &self.budget.sites[place];
        let before = held.fetch_add(bytes, Relaxed);
        if before > self.bytes && before.saturating_add(bytes) > bytes_max {
            held.fetch_sub(bytes, Relaxed);
            let detail = format!("{before} bytes of requests of one address are under way");
            return Err((Reason::Busy, detail));
        }
        Ok(())
    }

    fn give_back(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.budget.used.fetch_sub(bytes, Relaxed);
        if let Some((place, _)) = self.site {
            self.budget.sites[place].fetch_sub(bytes, Relaxed);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn client(text: &str) -> Client {
        Client { address: text.parse().unwrap(), is_trusted: text.starts_with("10.") }
    }

    fn reason(taken: Result<(), (Reason, String)>) -> Option<Reason> {
        taken.err().map(|(reason, _)| reason)
    }

    fn used(budget: &Budget) -> (usize, usize) {
        let sites = budget.sites.iter().map(|held| held.load(Relaxed)).sum();
        (budget.used.load(Relaxed), sites)
    }

    #[test]
    fn shares_end_where_the_budget_does_and_come_back() {
        let budget = Arc::new(Budget::new(10));
        let [mut one, mut other] =
            [(); 2].map(|()| budget.share(client("10.0.0.1"), Standing::Keyed));
        assert!(one.take(6).is_ok() && other.take(4).is_ok());
        assert_eq!(reason(one.take(1)), Some(Reason::Busy));
        drop(other);
        assert!(one.take(4).is_ok());
        drop(one);
        assert_eq!(used(&budget), (0, 0));
    }

    #[test]
    fn a_request_that_is_the_only_one_may_take_more_than_there_is() {
        let budget = Arc::new(Budget::new(10));
        let [mut one, mut other] =
            [(); 2].map(|()| budget.share(client("10.0.0.1"), Standing::Keyed));
        assert!(one.take(6).is_ok() && one.take(20).is_ok());
        assert_eq!(reason(other.take(1)), Some(Reason::Busy));
        drop(one);
        assert!(other.take(20).is_ok());
    }

    #[test]
    fn one_client_holds_its_part_and_others_go_on() {
        let budget = Arc::new(Budget::new(64 * MIB));
        let share = |text, standing| budget.share(client(text), standing);
        for (standing, part) in [(Standing::Keyed, 8), (Standing::Keyless, 2)] {
            let mut held = Vec::new();
            for _ in 0..part {
                held.push(share("192.0.2.1", standing));
                assert_eq!(held.last_mut().map(|one| one.take(MIB)), Some(Ok(())));
            }
            let mut more = share("192.0.2.1", standing);
            assert_eq!(reason(more.take(1)), Some(Reason::Busy), "{standing:?}");
            assert_eq!(reason(held[0].take(1)), Some(Reason::Busy), "{standing:?}");
            assert_eq!(reason(share("192.0.2.2", standing).take(MIB)), None, "somebody else");
            drop(held);
            assert_eq!(reason(more.take(1)), None, "there is room again");
        }
        assert_eq!(used(&budget), (0, 0));
    }

    #[test]
    fn a_request_that_is_alone_may_be_of_any_size_and_trusted_servers_have_no_part() {
        let budget = Arc::new(Budget::new(64 * MIB));
        let mut alone = budget.share(client("192.0.2.1"), Standing::Keyless);
        assert_eq!([reason(alone.take(30 * MIB)), reason(alone.take(10 * MIB))], [None; 2]);
        let mut trusted = [(); 2].map(|()| budget.share(client("10.0.0.1"), Standing::Keyed));
        assert!(trusted.iter_mut().all(|share| share.take(12 * MIB).is_ok()));
        assert_eq!(reason(trusted[0].take(MIB)), Some(Reason::Busy), "all of it is used");
        assert_eq!(used(&budget), (64 * MIB, 40 * MIB), "what is refused is not held");
    }
}
