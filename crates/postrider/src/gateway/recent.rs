//! Which calls have been stored lately, so that a resend is answered `ok` and not stored again.
//!
//! In memory: two generations of hashes, each as long as the window. When the young one has lasted
//! a window it becomes the old one, so a call is known for at least one window and at most two. A
//! generation that grows too large ends early, which is said in the log.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::event::CallHash;
use domain::id::SourceId;
use domain::limits;
use domain::time::Timestamp;
use smallvec::SmallVec;

use crate::clock;

/// Parts with a lock each, so that gateway threads hardly meet.
const SHARDS: usize = 16;

/// The calls stored lately.
#[derive(Debug)]
pub struct Recent {
    window: Duration,
    seed: u64,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
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

impl Recent {
    /// Nothing is known yet; a window of zero means that nothing is remembered.
    pub fn new(window: Duration) -> Self {
        let random = clock::random_bytes();
        let seed = random.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        Self { window, seed, shards: Default::default() }
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

    /// Whether a call has been stored lately.
    pub fn knows(&self, call: Call) -> bool {
        self.with(call, |shard| shard.young.contains(&call.0) || shard.old.contains(&call.0))
    }

    /// Remembers a call that is stored.
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
            shard.young.insert(call.0);
            is_full && !is_over
        });
        if is_early {
            tracing::debug!("more calls than are remembered: the window of duplicates is shorter");
        }
    }

    fn with<T>(&self, call: Call, act: impl FnOnce(&mut Shard) -> T) -> T {
        let index = (call.0 >> 64) as usize % SHARDS;
        act(&mut self.shards[index].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
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
            shard.young.len() + shard.old.len()
        };
        assert!(recent.shards.iter().map(held).sum::<usize>() <= 2 * limits::RECENT_CALLS_MAX);
    }

    #[test]
    fn a_window_of_zero_remembers_nothing() {
        let recent = Recent::new(Duration::ZERO);
        let call = call(&recent, "a", "m");
        recent.remember(call, NOW);
        assert!(!recent.knows(call));
    }
}
