//! The pace of connections: how long each may take for what it is doing.
//!
//! A connection may be silent for long between requests, as SDKs keep theirs, but a head that has
//! begun must end soon. One look per interval at all connections of a thread costs a busy
//! connection no timer of its own.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Sending the head of a request; a new connection starts here.
    Head,
    /// Waiting for us: requests are being read and answered, which has limits of its own.
    Busy,
    /// Silent between two requests.
    Idle,
    /// The same where several requests may be under way: what comes then need not be a head.
    IdleAmongMany,
}

/// One connection's pace.
#[derive(Debug)]
pub struct Pace {
    phase: Cell<Phase>,
    /// When the phase began, in looks.
    since: Cell<u32>,
    looks: Rc<Cell<u32>>,
    /// Requests under way.
    requests: Cell<u32>,
    /// What it is doing where none is.
    idle: Cell<Phase>,
    /// Whether it has been told to make room.
    is_shed: Cell<bool>,
    overdue: Notify,
}

/// A request under way, until it is dropped.
#[derive(Debug)]
pub struct Busy(Rc<Pace>);

/// The connections of one thread.
pub struct Paces {
    interval: Duration,
    head_looks_max: u32,
    idle_looks_max: u32,
    looks: Rc<Cell<u32>>,
    next: Cell<u64>,
    /// Connections that make room and are still there.
    shed: Cell<usize>,
    paces: RefCell<HashMap<u64, Rc<Pace>>>,
}

/// A connection among the others, until it is dropped.
pub struct Place {
    paces: Rc<Paces>,
    number: u64,
    pace: Rc<Pace>,
}

impl Paces {
    /// No connections yet; `head` and `idle` are how long those phases may take.
    pub fn new(head: Duration, idle: Duration) -> Self {
        let interval = (head / 10).clamp(Duration::from_millis(10), Duration::from_secs(1));
        // A phase may begin right before a look, so that look does not count.
        let looks = |span: Duration| {
            let looks = span.as_micros() / interval.as_micros().max(1) + 1;
            u32::try_from(looks).unwrap_or(u32::MAX)
        };
        Self {
            interval,
            head_looks_max: looks(head),
            idle_looks_max: looks(idle),
            looks: Rc::default(),
            next: Cell::default(),
            shed: Cell::default(),
            paces: RefCell::default(),
        }
    }

    /// Takes in a new connection.
    pub fn enter(self: &Rc<Self>) -> Place {
        let number = self.next.replace(self.next.get() + 1);
        let pace = Rc::new(Pace {
            phase: Cell::new(Phase::Head),
            since: Cell::new(self.looks.get()),
            looks: self.looks.clone(),
            requests: Cell::new(0),
            idle: Cell::new(Phase::Idle),
            is_shed: Cell::new(false),
            overdue: Notify::new(),
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

    /// Ends connections that have been silent the longest, so that others find room; answers how
    /// many.
    pub fn shed(&self, count: usize) -> usize {
        let paces = self.paces.borrow();
        let is_silent = |pace: &Pace| pace.phase.get() != Phase::Busy && !pace.is_shed.get();
        let mut silent: Vec<_> = paces.iter().filter(|(_, pace)| is_silent(pace)).collect();
        // Of those that are silent since the same look, the one that came first.
        silent.sort_by_key(|(number, pace)| (pace.since.get(), **number));
        silent.truncate(count);
        self.shed.set(self.shed.get() + silent.len());
        for (_, pace) in &silent {
            pace.is_shed.set(true);
            pace.overdue.notify_one();
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
            let looks_max = match pace.phase.get() {
                Phase::Head => self.head_looks_max,
                Phase::Idle | Phase::IdleAmongMany => self.idle_looks_max,
                Phase::Busy => continue,
            };
            if self.looks.get().saturating_sub(pace.since.get()) > looks_max {
                pace.overdue.notify_one();
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
        if self.pace.is_shed.get() {
            self.paces.shed.set(self.paces.shed.get() - 1);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let left = self.0.requests.get() - 1;
        self.0.requests.set(left);
        if left == 0 {
            self.0.enter(self.0.idle.get());
        }
    }
}

impl Pace {
    /// A request's head is complete; it is answered when this is dropped.
    pub fn busy(self: &Rc<Self>) -> Busy {
        self.requests.set(self.requests.get() + 1);
        self.enter(Phase::Busy);
        Busy(self.clone())
    }

    /// Whether requests are under way.
    pub fn is_busy(&self) -> bool {
        self.requests.get() > 0
    }

    /// Several requests may be under way from now on.
    pub fn multiplex(&self) {
        self.idle.set(Phase::IdleAmongMany);
        self.enter(Phase::IdleAmongMany);
    }

    /// Waits until the connection has taken too long.
    pub async fn overdue(&self) {
        self.overdue.notified().await;
    }

    /// Bytes have come: in a silence they begin the next head.
    pub fn heard(&self) {
        match self.phase.get() {
            Phase::Idle => self.enter(Phase::Head),
            Phase::IdleAmongMany => self.enter(Phase::IdleAmongMany),
            Phase::Head | Phase::Busy => {}
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(self.looks.get());
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
    fn among_many_requests_no_head_is_waited_for() {
        let heard = |pace: &Rc<Pace>| {
            pace.multiplex();
            drop(pace.busy());
            pace.heard();
            vec![]
        };
        assert!(!told(heard, 61));
        assert!(told(heard, 62));
        let one_of_two = |pace: &Rc<Pace>| {
            pace.multiplex();
            drop(pace.busy());
            let rest = vec![pace.busy(), pace.busy()];
            rest.into_iter().take(1).collect()
        };
        assert!(!told(one_of_two, 1_000), "one is still under way");
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
