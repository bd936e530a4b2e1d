//! Which calls are under way or have been stored lately, so that a resend is answered `ok` and not
//! stored again.
//!
//! A request claims its calls before it stores them. Whoever comes with one that is under way waits
//! for its end: a refusal would send the client back with an event that is all but stored. Where
//! the call is stored it is known to all who wait; where it is given up the claim passes to the one
//! who has waited longest, and nobody else is woken.
//!
//! A request keeps what it has claimed while it waits. All requests claim in one order, that of
//! their hashes, so each waits only for a call that stands behind all it holds: no ring of requests
//! can wait for each other, none gives anything back, and each asks once for each of its calls.
//!
//! What is stored is kept in memory: two generations of hashes, each as long as the window. When
//! the young one has lasted a window it becomes the old one, so a call is known for at least one
//! window and at most two, however little comes: whoever asks for a call moves time on. A generation
//! that grows too large ends early, which is said in the log.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::event::CallHash;
use domain::id::SourceId;
use domain::limits;
use domain::time::Timestamp;
use smallvec::SmallVec;
use tokio::sync::oneshot;

use crate::clock;

/// Parts with a lock each, so that gateway threads hardly meet.
const SHARDS: usize = 16;

/// The calls stored lately.
#[derive(Debug)]
pub struct Recent {
    window: Duration,
    seed: u64,
    shards: [Mutex<Shard>; SHARDS],
    /// When it was last said that the window is shorter.
    warned: Mutex<Option<Timestamp>>,
}

#[derive(Debug, Default)]
struct Shard {
    /// Each call with those who wait for its end.
    under_way: HashMap<u128, Line, BuildHasherDefault<Taken>>,
    young: Hashes,
    old: Hashes,
    /// When the young generation began.
    since: Timestamp,
}

/// Those who wait for the end of a claim, the longest wait first.
type Line = VecDeque<oneshot::Sender<End>>;

/// How a claim has ended for one who waited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The call is stored.
    Stored,
    /// The claim is theirs now.
    PassedOn,
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

/// The calls that a request asks for, each with its event's place in the request.
pub type Asked = SmallVec<[(Call, usize); 1]>;

/// Places of events in a request, in order.
pub type Places = SmallVec<[usize; 1]>;

/// A call of a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Call(u128);

/// What comes of claiming a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Claimed {
    /// It is new, and claimed now.
    New,
    /// It has been stored lately.
    Known,
}

/// What is known of a call at once.
enum Found<'r> {
    Claimed(Claimed),
    /// Somebody else has claimed it.
    UnderWay(Turn<'r>),
}

/// A place in the line of a call that is under way; given up when it is dropped.
struct Turn<'r> {
    recent: &'r Recent,
    call: Call,
    end: oneshot::Receiver<End>,
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
        Self { window, seed, shards: Default::default(), warned: Mutex::default() }
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

    /// Remembers a call that is stored; a claim on it ends.
    pub fn remember(&self, call: Call, now: Timestamp) {
        if self.window.is_zero() {
            return;
        }
        let (is_early, waiting) = self.with(call, |shard| {
            shard.move_on(self.window, now);
            let is_full = shard.young.len() >= limits::RECENT_CALLS_MAX / SHARDS;
            if is_full {
                shard.old = std::mem::take(&mut shard.young);
                shard.since = now;
            }
            shard.young.insert(call.0);
            (is_full, shard.under_way.remove(&call.0).unwrap_or_default())
        });
        for one in waiting {
            // Whoever does not wait any more need not know.
            let _ = one.send(End::Stored);
        }
        if is_early && self.is_to_be_said(now) {
            tracing::warn!(
                "more calls than are remembered: the window in which resends are told is shorter \
                 than intake.dedup_window"
            );
        }
    }

    /// Whether it is to be said now that the window is shorter.
    fn is_to_be_said(&self, now: Timestamp) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due =
            warned.is_none_or(|last| now.since(last) >= limits::SHORT_WINDOW_WARN_INTERVAL);
        if is_due {
            *warned = Some(now);
        }
        is_due
    }

    fn find(&self, call: Call, now: Timestamp) -> Found<'_> {
        self.with(call, |shard| {
            shard.move_on(self.window, now);
            if shard.is_known(call) {
                return Found::Claimed(Claimed::Known);
            }
            match shard.under_way.entry(call.0) {
                Entry::Vacant(place) => {
                    place.insert(Line::new());
                    Found::Claimed(Claimed::New)
                }
                Entry::Occupied(mut line) => {
                    let (told, end) = oneshot::channel();
                    line.get_mut().push_back(told);
                    Found::UnderWay(Turn { recent: self, call, end })
                }
            }
        })
    }

    /// Ends a claim whose call is not stored: it passes to whoever has waited longest.
    fn give_up(&self, call: Call) {
        while let Some(next) = self.with(call, |shard| shard.next_in_line(call)) {
            // One who does not wait any more is passed over.
            if next.send(End::PassedOn).is_ok() {
                return;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn knows(&self, call: Call, now: Timestamp) -> bool {
        self.with(call, |shard| {
            shard.move_on(self.window, now);
            shard.is_known(call)
        })
    }

    fn with<T>(&self, call: Call, act: impl FnOnce(&mut Shard) -> T) -> T {
        let index = (call.0 >> 64) as usize % SHARDS;
        act(&mut self.shards[index].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    /// Lets go of calls that have been known for long enough. Generations begin where the one before
    /// them has ended, whenever somebody asks.
    fn move_on(&mut self, window: Duration, now: Timestamp) {
        // A clock that was ahead must not keep a generation for as long.
        self.since = self.since.min(now);
        let passed = now.since(self.since);
        if passed >= window * 2 {
            (self.young, self.old, self.since) = (Hashes::default(), Hashes::default(), now);
        } else if passed >= window {
            self.old = std::mem::take(&mut self.young);
            self.since = self.since.plus(window);
        }
    }

    fn is_known(&self, call: Call) -> bool {
        self.young.contains(&call.0) || self.old.contains(&call.0)
    }

    /// Who is to have a claim next; where nobody waits the call is not under way any more.
    fn next_in_line(&mut self, call: Call) -> Option<oneshot::Sender<End>> {
        let Entry::Occupied(mut line) = self.under_way.entry(call.0) else { return None };
        let next = line.get_mut().pop_front();
        if next.is_none() {
            line.remove();
        }
        next
    }
}

impl Turn<'_> {
    async fn come(mut self) -> Claimed {
        match (&mut self.end).await {
            Ok(End::Stored) => Claimed::Known,
            // Nobody is forgotten who waits, so the other case is none.
            Ok(End::PassedOn) | Err(_) => Claimed::New,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.end.close();
        // The claim may have come just as its taker went.
        if self.end.try_recv() == Ok(End::PassedOn) {
            self.recent.give_up(self.call);
        }
    }
}

impl<R: Deref<Target = Recent>> Claims<R> {
    /// Takes over calls that were claimed.
    pub fn of(recent: R, calls: Calls) -> Self {
        Self { recent, calls }
    }

    /// Claims the calls of a request that are new, each once; returns the places of events that are
    /// stored already, or stand twice in the request. To be asked once: claims of several requests
    /// keep one order only so.
    ///
    /// # Cancellation
    /// What is claimed stays so until the claims are dropped.
    pub async fn claim_all(&mut self, mut asked: Asked, now: Timestamp) -> Places {
        let mut known = Places::new();
        if self.recent.window.is_zero() {
            return known;
        }
        asked.sort_unstable();
        let mut last = None;
        for (call, place) in asked {
            let stands_twice = last.replace(call) == Some(call);
            if stands_twice || self.claim(call, now).await == Claimed::Known {
                known.push(place);
            }
        }
        known.sort_unstable();
        known
    }

    async fn claim(&mut self, call: Call, now: Timestamp) -> Claimed {
        let claimed = match self.recent.find(call, now) {
            Found::Claimed(claimed) => claimed,
            Found::UnderWay(turn) => turn.come().await,
        };
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
    }
}

impl<R: Deref<Target = Recent>> Drop for Claims<R> {
    fn drop(&mut self) {
        self.calls.iter().for_each(|call| self.recent.give_up(*call));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(3_600);
    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn call(recent: &Recent, source: &str, id: &str) -> Call {
        recent.call(&SourceId::new(source), CallHash::of(id, recent.seed()))
    }

    #[test]
    fn calls_are_known_for_a_window_or_two_per_source() {
        let recent = Recent::new(WINDOW);
        let [one, other] = ["a", "b"].map(|source| call(&recent, source, "m"));
        recent.remember(one, NOW);
        assert!(recent.knows(one, NOW) && !recent.knows(other, NOW));
        assert!(recent.knows(one, NOW.plus(WINDOW)), "it is in the old generation");
        assert!(!recent.knows(one, NOW.plus(WINDOW * 2)), "though nothing else has come");
        let (late, last) = (NOW.plus(WINDOW * 5 / 2), NOW.plus(WINDOW * 9 / 2));
        recent.remember(one, late);
        assert!(recent.knows(one, late.plus(WINDOW)));
        assert!(!recent.knows(one, last), "generations end in time, whenever somebody asks");
        recent.remember(one, late.plus(WINDOW * 1_000));
        assert!(recent.knows(one, last), "the clock was ahead");
        assert!(!recent.knows(one, last.plus(WINDOW * 2)));
    }

    /// Claims at once; none where somebody has to be waited for.
    fn claim(claims: &mut Claims<&Recent>, call: Call) -> Option<Claimed> {
        claims.claim(call, NOW).now_or_never()
    }

    #[test]
    fn a_claim_ends_when_its_call_is_stored_or_given_up() {
        let recent = Recent::new(WINDOW);
        let call = call(&recent, "a", "m");
        let mut first = recent.claims();
        assert_eq!(claim(&mut first, call), Some(Claimed::New));
        assert_eq!(claim(&mut recent.claims(), call), None);
        drop(first);
        let mut second = recent.claims();
        assert_eq!(claim(&mut second, call), Some(Claimed::New));
        let calls = second.hand_over();
        assert_eq!(claim(&mut recent.claims(), call), None, "it is somebody else's now");
        Claims::of(&recent, calls).confirm(NOW);
        assert_eq!(claim(&mut recent.claims(), call), Some(Claimed::Known));
        assert!(recent.shards.iter().all(|shard| shard.lock().unwrap().under_way.is_empty()));
    }

    #[test]
    fn all_who_wait_for_a_call_know_it_once_it_is_stored() {
        let recent = Recent::new(WINDOW);
        let call = call(&recent, "a", "m");
        let [mut owner, mut one, mut other] = [(); 3].map(|()| recent.claims());
        assert_eq!(claim(&mut owner, call), Some(Claimed::New));
        let mut waits = [&mut one, &mut other].map(|claims| Box::pin(claims.claim(call, NOW)));
        assert!(waits.iter_mut().all(|wait| wait.as_mut().now_or_never().is_none()));
        owner.confirm(NOW);
        let ends = waits.each_mut().map(|wait| wait.as_mut().now_or_never());
        assert_eq!(ends, [Some(Claimed::Known); 2]);
    }

    #[test]
    fn a_claim_that_is_given_up_passes_to_the_longest_wait_alone() {
        let recent = Recent::new(WINDOW);
        let call = call(&recent, "a", "m");
        let mut all: Vec<_> = (0..4).map(|_| recent.claims()).collect();
        let mut waits: Vec<_> =
            all.iter_mut().map(|claims| Some(Box::pin(claims.claim(call, NOW)))).collect();
        let mut ask = |number: usize, act: fn(&mut Option<_>)| {
            act(&mut waits[number]);
            waits[number].as_mut().and_then(|wait| wait.as_mut().now_or_never())
        };
        let (stay, go) = (|_: &mut Option<_>| {}, |wait: &mut Option<_>| *wait = None);
        assert_eq!(ask(0, stay), Some(Claimed::New));
        assert_eq!([ask(1, stay), ask(2, stay), ask(3, stay)], [None; 3]);
        // One goes while it waits, and one after the claim has passed to it.
        ask(1, go);
        recent.give_up(call);
        assert_eq!(ask(3, stay), None, "another waits longer");
        ask(2, go);
        assert_eq!(ask(3, stay), Some(Claimed::New));
        assert_eq!(claim(&mut recent.claims(), call), None);
    }

    /// Counts how often a future is looked at.
    async fn counting<F: Future>(looks: &Cell<usize>, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| {
            looks.set(looks.get() + 1);
            future.as_mut().poll(context)
        })
        .await
    }

    #[tokio::test]
    async fn requests_that_share_calls_in_pairs_are_each_woken_once_for_each_twin() {
        const REQUESTS: usize = 60;
        let recent = &Recent::new(WINDOW);
        let (looks, stored) = (&Cell::new(0), &Cell::new(0));
        let requests = (0..REQUESTS).map(|own| async move {
            // Each two share one call that nobody else has, and each begins with another.
            let twins = (0..REQUESTS).map(|step| (own * 7 + step) % REQUESTS);
            let names = twins.map(|twin| format!("{}-{}", own.min(twin), own.max(twin)));
            let asked = names.enumerate().map(|(place, id)| (call(recent, "a", &id), place));
            let mut claims = recent.claims();
            let known = counting(looks, claims.claim_all(asked.collect(), NOW)).await;
            // Storing takes a while; every third request fails, and others store its calls.
            tokio::task::yield_now().await;
            if own % 3 != 0 {
                stored.set(stored.get() + REQUESTS - known.len());
                claims.confirm(NOW);
            }
        });
        testkit::within("the end of all", futures_util::future::join_all(requests)).await;
        // Every pair of requests of which one did not fail, and those without a twin.
        let pairs = |count: usize| count * (count + 1) / 2;
        assert_eq!(stored.get(), pairs(REQUESTS) - pairs(REQUESTS / 3));
        // Once to begin with, and once for each call that another one had first.
        let most = REQUESTS + pairs(REQUESTS - 1);
        assert!(looks.get() <= most, "looked {} times, {most} are enough", looks.get());
    }

    #[test]
    fn a_call_that_stands_twice_in_a_request_is_claimed_once() {
        let recent = Recent::new(WINDOW);
        let [one, other] = ["1", "2"].map(|id| call(&recent, "a", id));
        recent.remember(call(&recent, "a", "3"), NOW);
        let asked = [(other, 0), (one, 2), (other, 3), (call(&recent, "a", "3"), 4), (other, 5)];
        let mut claims = recent.claims();
        let known = claims.claim_all(Asked::from_slice(&asked), NOW).now_or_never().unwrap();
        assert_eq!((known.as_slice(), claims.calls.len()), (&[3, 4, 5][..], 2));
    }

    #[test]
    fn a_shorter_window_is_said_once_in_a_while() {
        let recent = Recent::new(WINDOW);
        let said = |seconds| recent.is_to_be_said(NOW.plus(Duration::from_secs(seconds)));
        assert_eq!(
            [said(0), said(1), said(59), said(60), said(61)],
            [true, false, false, true, false]
        );
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
        assert!(!recent.knows(call, NOW));
        let asked = || Asked::from_slice(&[(call, 0), (call, 1)]);
        for _ in 0..2 {
            let known = recent.claims().claim_all(asked(), NOW).now_or_never().unwrap();
            assert!(known.is_empty());
        }
    }
}
