//! The pace of connections: how long each may take for what it is doing.
//!
//! A connection may be silent for long between requests, as SDKs keep theirs, but a head that has
//! begun must end soon, and nothing but a request counts as a sign of life. One look per interval
//! at all connections of a thread costs a busy connection no timer of its own.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use domain::limits;

/// One connection's pace. Times are counted in looks.
#[derive(Debug)]
pub struct Pace {
    looks: Rc<Cell<u32>>,
    /// Requests under way: they are being read and answered, which has limits of its own.
    requests: Cell<u32>,
    /// Since when a head has been coming; a new connection begins with one.
    head_since: Cell<Option<u32>>,
    /// Since when there has been no request.
    silent_since: Cell<u32>,
    verdict: Cell<Verdict>,
    /// Whoever waits for the verdict, which costs next to nothing each time it is asked for.
    waiting: RefCell<Waker>,
    /// Connections of the thread that make room and are still there.
    shed: Rc<Cell<usize>>,
}

/// Whether a connection may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Stays,
    /// It takes too long.
    Ends,
    /// It makes room for others.
    MakesRoom,
}

/// A request under way, until it is dropped.
#[derive(Debug)]
pub struct Busy(Rc<Pace>);

/// The connections of one thread.
pub struct Paces {
    interval: Duration,
    head_looks_max: u32,
    silent_looks_max: u32,
    looks: Rc<Cell<u32>>,
    next: Cell<u64>,
    shed: Rc<Cell<usize>>,
    paces: RefCell<HashMap<u64, Rc<Pace>>>,
}

/// A connection among the others, until it is dropped.
pub struct Place {
    paces: Rc<Paces>,
    number: u64,
    pace: Rc<Pace>,
}

impl Paces {
    /// No connections yet; `head` and `silence` are how long those may take.
    pub fn new(head: Duration, silence: Duration) -> Self {
        let interval = (head / 10).clamp(Duration::from_millis(10), Duration::from_secs(1));
        // Either may begin right before a look, so that look does not count.
        let looks = |span: Duration| {
            let looks = span.as_micros() / interval.as_micros().max(1) + 1;
            u32::try_from(looks).unwrap_or(u32::MAX)
        };
        Self {
            interval,
            head_looks_max: looks(head),
            silent_looks_max: looks(silence),
            looks: Rc::default(),
            next: Cell::default(),
            shed: Rc::default(),
            paces: RefCell::default(),
        }
    }

    /// Takes in a new connection.
    pub fn enter(self: &Rc<Self>) -> Place {
        let number = self.next.replace(self.next.get() + 1);
        let now = self.looks.get();
        let pace = Rc::new(Pace {
            looks: self.looks.clone(),
            requests: Cell::new(0),
            head_since: Cell::new(Some(now)),
            silent_since: Cell::new(now),
            verdict: Cell::new(Verdict::Stays),
            waiting: RefCell::new(Waker::noop().clone()),
            shed: self.shed.clone(),
        });
        self.paces.borrow_mut().insert(number, pace.clone());
        Place { paces: self.clone(), number, pace }
    }

    /// Looks at all connections every interval, and tells those that take too long.
    pub async fn watch(&self) {
        let start = Instant::now();
        loop {
            tokio::time::sleep(self.interval).await;
            // A thread that was held up makes up for the looks it missed.
            let passed = start.elapsed().as_micros() / self.interval.as_micros().max(1);
            self.looks.set(u32::try_from(passed).unwrap_or(u32::MAX));
            self.look();
        }
    }

    /// Ends all connections that have nothing to do, some time after the server's end began: a client
    /// that has not heard of it may have sent a request, but one that is silent, or does not say
    /// good-bye, must not hold the end up.
    pub async fn leave(&self) {
        loop {
            tokio::time::sleep(limits::LEAVE_PATIENCE).await;
            let may_end =
                |pace: &&Rc<Pace>| !pace.is_busy() && pace.verdict.get() == Verdict::Stays;
            for pace in self.paces.borrow().values().filter(may_end) {
                pace.tell(Verdict::Ends);
            }
        }
    }

    /// Ends connections that have been silent the longest, so that others find room; answers how
    /// many.
    pub fn shed(&self, count: usize) -> usize {
        let paces = self.paces.borrow();
        let is_silent = |pace: &Pace| !pace.is_busy() && pace.verdict.get() != Verdict::MakesRoom;
        let mut silent: Vec<_> = paces.iter().filter(|(_, pace)| is_silent(pace)).collect();
        // Of those that are silent since the same look, the one that came first.
        silent.sort_by_key(|(number, pace)| (pace.since(), **number));
        silent.truncate(count);
        self.shed.set(self.shed.get() + silent.len());
        for (_, pace) in &silent {
            pace.tell(Verdict::MakesRoom);
        }
        silent.len()
    }

    /// How many connections there are, without those that are about to make room: in a burst many
    /// more come before they are gone.
    pub fn count(&self) -> usize {
        self.paces.borrow().len() - self.shed.get()
    }

    fn look(&self) {
        for pace in self.paces.borrow().values() {
            let passed = |since: u32| self.looks.get().saturating_sub(since);
            let is_late = match pace.head_since.get() {
                Some(since) => passed(since) > self.head_looks_max,
                None => !pace.is_busy() && passed(pace.silent_since.get()) > self.silent_looks_max,
            };
            if is_late && pace.verdict.get() == Verdict::Stays {
                pace.tell(Verdict::Ends);
            }
        }
    }
}

impl Place {
    /// The connection's pace.
    pub fn pace(&self) -> &Rc<Pace> {
        &self.pace
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.paces.paces.borrow_mut().remove(&self.number);
        self.pace.forgive();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let left = self.0.requests.get() - 1;
        self.0.requests.set(left);
        if left == 0 {
            self.0.silent_since.set(self.0.looks.get());
        }
    }
}

impl Pace {
    /// A request's head is complete; it is answered when this is dropped.
    ///
    /// Whoever was told to end and sends a request all the same may go on.
    pub fn busy(self: &Rc<Self>) -> Busy {
        self.requests.set(self.requests.get() + 1);
        self.head_since.set(None);
        self.forgive();
        Busy(self.clone())
    }

    /// Whether requests are under way.
    pub fn is_busy(&self) -> bool {
        self.requests.get() > 0
    }

    /// Waits until the connection has to end.
    pub async fn overdue(&self) {
        poll_fn(|cx| self.poll_overdue(cx)).await;
    }

    fn poll_overdue(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.verdict.get() != Verdict::Stays {
            return Poll::Ready(());
        }
        self.waiting.borrow_mut().clone_from(cx.waker());
        Poll::Pending
    }

    /// Bytes have come where one request follows the other: in a silence they begin a head.
    pub fn heard(&self) {
        if !self.is_busy() {
            self.head_begun();
        }
    }

    /// A head has begun, if it had not.
    pub fn head_begun(&self) {
        if self.head_since.get().is_none() {
            self.head_since.set(Some(self.looks.get()));
        }
    }

    /// A head has ended, whatever comes of it.
    pub fn head_ended(&self) {
        self.head_since.set(None);
    }

    /// Since when it has done nothing but what it does now.
    fn since(&self) -> u32 {
        self.head_since.get().unwrap_or(self.silent_since.get())
    }

    fn tell(&self, verdict: Verdict) {
        self.verdict.set(verdict);
        self.waiting.borrow().wake_by_ref();
    }

    fn forgive(&self) {
        if self.verdict.replace(Verdict::Stays) == Verdict::MakesRoom {
            self.shed.set(self.shed.get() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Whether a connection is told after so many looks of an interval of 1 s, `doing` something.
    fn told(doing: fn(&Rc<Pace>) -> Vec<Busy>, looks: u32) -> bool {
        let paces = Rc::new(Paces::new(Duration::from_secs(10), Duration::from_secs(60)));
        let place = paces.enter();
        let _under_way = doing(place.pace());
        paces.looks.set(looks);
        paces.look();
        place.pace().overdue().now_or_never().is_some()
    }

    #[test]
    fn heads_must_end_soon_and_silences_may_last() {
        assert!(!told(|_| vec![], 11));
        assert!(told(|_| vec![], 12), "a new connection sends its first head");
        assert!(!told(|pace| vec![pace.busy()], 1_000), "requests have limits of their own");
        let after_one = |pace: &Rc<Pace>| {
            drop(pace.busy());
            vec![]
        };
        assert!(!told(after_one, 61));
        assert!(told(after_one, 62));
        let next_head = |pace: &Rc<Pace>| {
            drop(pace.busy());
            pace.heard();
            vec![]
        };
        assert!(told(next_head, 12), "the next head has begun");
    }

    #[test]
    fn among_many_requests_only_heads_and_requests_count() {
        let after_a_head = |pace: &Rc<Pace>| {
            drop(pace.busy());
            pace.head_begun();
            pace.head_ended();
            vec![]
        };
        assert!(!told(after_a_head, 61));
        assert!(told(after_a_head, 62), "a head of which nothing came is no sign of life");
        let within_a_head = |pace: &Rc<Pace>| {
            let busy = pace.busy();
            pace.head_begun();
            vec![busy]
        };
        assert!(told(within_a_head, 12), "whatever else is under way");
        let one_of_two = |pace: &Rc<Pace>| {
            drop(pace.busy());
            let rest = vec![pace.busy(), pace.busy()];
            rest.into_iter().take(1).collect()
        };
        assert!(!told(one_of_two, 1_000), "one is still under way");
    }

    #[test]
    fn a_request_that_comes_as_its_connection_is_told_to_end_is_served() {
        let paces = Rc::new(Paces::new(Duration::from_secs(10), Duration::from_secs(60)));
        let place = paces.enter();
        let told = || place.pace().overdue().now_or_never().is_some();
        assert_eq!((paces.shed(1), paces.count()), (1, 0));
        let busy = place.pace().busy();
        assert_eq!((told(), paces.count()), (false, 1), "it makes no room any more");
        drop(busy);
        assert!(!told());
        assert_eq!((paces.shed(1), told(), paces.count()), (1, true, 0));
        drop(place);
        assert_eq!(paces.count(), 0);
    }

    #[test]
    fn the_longest_silences_are_shed_first() {
        let paces = Rc::new(Paces::new(Duration::from_secs(10), Duration::from_secs(60)));
        let [busy, old, young] = [(); 3].map(|()| paces.enter());
        let _under_way = busy.pace().busy();
        drop(old.pace().busy());
        paces.looks.set(5);
        drop(young.pace().busy());
        assert_eq!(paces.shed(1), 1);
        let told = |place: &Place| place.pace().overdue().now_or_never().is_some();
        assert_eq!((told(&busy), told(&old), told(&young)), (false, true, false));
        let burst: Vec<_> = (0..50).map(|_| paces.enter()).collect();
        assert_eq!(paces.count(), 52, "the old one is on its way out");
        assert_eq!(paces.shed(20), 20);
        assert_eq!(paces.count(), 32);
        let told: Vec<_> = [&young].into_iter().chain(&burst).map(told).collect();
        assert!(told.iter().enumerate().all(|(at, told)| *told == (at < 20)), "{told:?}");
        assert_eq!(paces.shed(99), 31, "whoever is busy stays");
        drop(burst);
        assert_eq!(paces.count(), 1, "busy");
    }

    #[test]
    fn connections_that_end_are_forgotten() {
        let paces = Rc::new(Paces::new(Duration::from_secs(1), Duration::from_secs(1)));
        let place = paces.enter();
        assert_eq!(paces.count(), 1);
        drop(place);
        assert_eq!(paces.count(), 0);
    }
}
