//! Which calls are under way or have been stored lately, so that a resend is answered `ok` and not
//! stored again.
//!
//! A request claims its calls before it stores them. Whoever comes with one that is under way waits
//! for its end and then asks again: a refusal would send the client back with an event that is all
//! but stored. It holds no claim while it waits, so that two requests never wait for each other.
//!
//! What is stored is kept in memory: two generations of hashes, each as long as the window. When the young one has lasted
//! a window it becomes the old one, so a call is known for at least one window and at most two. A
//! generation that grows too large ends early, which is said in the log.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::event::CallHash;
use domain::id::SourceId;
use domain::limits;
use domain::time::Timestamp;
use smallvec::SmallVec;
use tokio::sync::Notify;

use crate::clock;

/// Parts with a lock each, so that gateway threads hardly meet.
const SHARDS: usize = 16;

/// The calls stored lately.
#[derive(Debug)]
pub struct Recent {
    window: Duration,
    seed: u64,
    shards: [Mutex<Shard>; SHARDS],
    /// Told whenever claims end.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Shard {
    under_way: Hashes,
    young: Hashes,
    old: Hashes,
    /// When the young generation began.
    since: Timestamp,
}

/// Keys that are hashes already, under a seed that nobody can choose them for.
type Hashes = HashSet<u128, BuildHasherDefault<Taken>>;

/// Takes the key itself for its hash.
#[derive(Debug, Default)]
struct Taken(u64);

impl Hasher for Taken {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The calls of one request; mostly one.
pub type Calls = SmallVec<[Call; 1]>;

/// A call of a source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Call(u128);

/// What comes of claiming a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claimed {
    /// It is new, and claimed now.
    New,
    /// It has been stored lately.
    Known,
    /// Somebody else has claimed it.
    UnderWay,
}

/// Calls that somebody has under way; given back when this is dropped.
#[derive(Debug)]
pub struct Claims<R: Deref<Target = Recent>> {
    recent: R,
    calls: Calls,
}

impl Recent {
    /// Nothing is known yet; a window of zero means that nothing is remembered.
    pub fn new(window: Duration) -> Self {
        let random = clock::random_bytes();
        let seed = random.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        Self { window, seed, shards: Default::default(), ended: Notify::new() }
    }

    /// The seed under which ids are to be hashed; clients cannot know it.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How long a call is known at least.
    pub fn window(&self) -> Duration {
        self.window
    }

    /// A source's call; the same id of another source is another call.
    pub fn call(&self, source: &SourceId, message: CallHash) -> Call {
        Call(message.0 ^ CallHash::of(source.as_str(), self.seed.rotate_left(32)).0)
    }

    /// No claims yet.
    pub fn claims(&self) -> Claims<&Self> {
        Claims { recent: self, calls: Calls::new() }
    }

    /// Waits until a call that somebody else has claimed may have ended.
    pub async fn wait_for(&self, call: Call) {
        let ended = self.ended.notified();
        // Asked after the wait has begun, so that an end in between is not missed.
        if self.with(call, |shard| shard.under_way.contains(&call.0)) {
            ended.await;
        }
    }

    /// Remembers a call that is stored; a claim on it ends.
    pub fn remember(&self, call: Call, now: Timestamp) {
        if self.window.is_zero() {
            return;
        }
        let is_early = self.with(call, |shard| {
            let is_full = shard.young.len() >= limits::RECENT_CALLS_MAX / SHARDS;
            let is_over = now.since(shard.since) >= self.window;
            if is_full || is_over {
                shard.old = std::mem::take(&mut shard.young);
                shard.since = now;
            }
            shard.under_way.remove(&call.0);
            shard.young.insert(call.0);
            is_full && !is_over
        });
        if is_early {
            tracing::debug!("more calls than are remembered: the window of duplicates is shorter");
        }
    }

    fn claim(&self, call: Call) -> Claimed {
        if self.window.is_zero() {
            return Claimed::New;
        }
        self.with(call, |shard| {
            if shard.is_known(call) {
                Claimed::Known
            } else if shard.under_way.insert(call.0) {
                Claimed::New
            } else {
                Claimed::UnderWay
            }
        })
    }

    #[cfg(test)]
    pub(super) fn knows(&self, call: Call) -> bool {
        self.with(call, |shard| shard.is_known(call))
    }

    fn with<T>(&self, call: Call, act: impl FnOnce(&mut Shard) -> T) -> T {
        let index = (call.0 >> 64) as usize % SHARDS;
        act(&mut self.shards[index].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    fn is_known(&self, call: Call) -> bool {
        self.young.contains(&call.0) || self.old.contains(&call.0)
    }
}

impl<R: Deref<Target = Recent>> Claims<R> {
    /// Takes over calls that were claimed.
    pub fn of(recent: R, calls: Calls) -> Self {
        Self { recent, calls }
    }

    /// Claims one more call, where it is new.
    pub fn claim(&mut self, call: Call) -> Claimed {
        let claimed = self.recent.claim(call);
        if claimed == Claimed::New {
            self.calls.push(call);
        }
        claimed
    }

    /// The calls, whose claims are now somebody else's to end.
    pub fn hand_over(mut self) -> Calls {
        std::mem::take(&mut self.calls)
    }

    /// Ends the claims as the calls are stored.
    pub fn confirm(mut self, now: Timestamp) {
        std::mem::take(&mut self.calls)
            .into_iter()
            .for_each(|call| self.recent.remember(call, now));
        self.recent.ended.notify_waiters();
    }
}

impl<R: Deref<Target = Recent>> Drop for Claims<R> {
    fn drop(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        for call in &self.calls {
            self.recent.with(*call, |shard| shard.under_way.remove(&call.0));
        }
        self.recent.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(3_600);
    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn call(recent: &Recent, source: &str, id: &str) -> Call {
        recent.call(&SourceId::new(source), CallHash::of(id, recent.seed()))
    }

    #[test]
    fn calls_are_known_for_a_window_per_source() {
        let recent = Recent::new(WINDOW);
        let [one, other] = ["a", "b"].map(|source| call(&recent, source, "m"));
        recent.remember(one, NOW);
        assert!(recent.knows(one) && !recent.knows(other));
        let turn = |at: Timestamp| {
            for number in 0..1_000 {
                recent.remember(call(&recent, "c", &number.to_string()), at);
            }
        };
        turn(NOW.plus(WINDOW));
        assert!(recent.knows(one), "it is in the old generation");
        turn(NOW.plus(WINDOW * 2));
        assert!(!recent.knows(one));
    }

    #[test]
    fn a_claim_ends_when_its_call_is_stored_or_given_up() {
        let recent = Recent::new(WINDOW);
        let call = call(&recent, "a", "m");
        let mut first = recent.claims();
        assert_eq!(first.claim(call), Claimed::New);
        assert_eq!(recent.claims().claim(call), Claimed::UnderWay);
        assert_eq!(first.claim(call), Claimed::UnderWay, "also where it is one's own");
        assert!(recent.wait_for(call).now_or_never().is_none());
        drop(first);
        assert!(recent.wait_for(call).now_or_never().is_some());
        let mut second = recent.claims();
        assert_eq!(second.claim(call), Claimed::New);
        let calls = second.hand_over();
        assert_eq!(recent.claims().claim(call), Claimed::UnderWay, "it is somebody else's now");
        Claims::of(&recent, calls).confirm(NOW);
        assert_eq!(recent.claims().claim(call), Claimed::Known);
        assert!(recent.wait_for(call).now_or_never().is_some());
    }

    #[test]
    fn whoever_waits_for_a_call_is_told_of_its_end() {
        let recent = Recent::new(WINDOW);
        let call = call(&recent, "a", "m");
        for is_stored in [false, true] {
            let mut claims = recent.claims();
            assert_eq!(claims.claim(call), Claimed::New);
            let mut wait = Box::pin(recent.wait_for(call));
            assert!(wait.as_mut().now_or_never().is_none());
            if is_stored {
                claims.confirm(NOW);
            } else {
                drop(claims);
            }
            assert!(wait.as_mut().now_or_never().is_some(), "{is_stored}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let recent = Recent::new(WINDOW);
        let count = limits::RECENT_CALLS_MAX * 3;
        for number in 0..count {
            recent.remember(
                Call((number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834)),
                NOW,
            );
        }
        let held = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len() + shard.under_way.len()
        };
        assert!(recent.shards.iter().map(held).sum::<usize>() <= 2 * limits::RECENT_CALLS_MAX);
    }

    #[test]
    fn a_window_of_zero_remembers_nothing() {
        let recent = Recent::new(Duration::ZERO);
        let call = call(&recent, "a", "m");
        recent.remember(call, NOW);
        assert!(!recent.knows(call));
        let mut claims = recent.claims();
        assert_eq!([claims.claim(call), claims.claim(call)], [Claimed::New; 2]);
    }
}
