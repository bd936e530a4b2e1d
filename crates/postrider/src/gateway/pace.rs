//! The pace of connections: how long each may take for what it is doing.
//!
//! A connection may be silent for long between requests, as SDKs keep theirs, but a head that has
//! begun must end soon. One look per interval at all connections of a thread costs a busy
//! connection no timer of its own.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Sending the head of a request; a new connection starts here.
    Head,
    /// Waiting for us: a request is being read and answered, which has limits of its own.
    Busy,
    /// Silent between two requests.
    Idle,
}

/// One connection's pace.
#[derive(Debug)]
pub struct Pace {
    phase: Cell<Phase>,
    /// When the phase began, in looks.
    since: Cell<u32>,
    looks: Rc<Cell<u32>>,
    overdue: Notify,
}

/// The connections of one thread.
pub struct Paces {
    interval: Duration,
    head_looks_max: u32,
    idle_looks_max: u32,
    looks: Rc<Cell<u32>>,
    next: Cell<u64>,
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

    /// Ends connections that have been silent the longest, so that others find room.
    pub fn shed(&self, count: usize) {
        let paces = self.paces.borrow();
        let mut silent: Vec<_> =
            paces.values().filter(|pace| pace.phase.get() != Phase::Busy).collect();
        silent.sort_by_key(|pace| pace.since.get());
        for pace in silent.into_iter().take(count) {
            pace.overdue.notify_one();
        }
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        self.paces.borrow().len()
    }

    fn look(&self) {
        for pace in self.paces.borrow().values() {
            let looks_max = match pace.phase.get() {
                Phase::Head => self.head_looks_max,
                Phase::Idle => self.idle_looks_max,
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
    }
}

impl Pace {
    /// A request's head is complete.
    pub fn busy(&self) {
        self.enter(Phase::Busy);
    }

    /// A request is answered.
    pub fn idle(&self) {
        self.enter(Phase::Idle);
    }

    /// Waits until the connection has taken too long.
    pub async fn overdue(&self) {
        self.overdue.notified().await;
    }

    /// Bytes have come: in a silence they begin the next head.
    fn heard(&self) {
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(self.looks.get());
    }
}

/// A stream that tells its pace when bytes come.
pub struct Paced {
    stream: TcpStream,
    pace: Rc<Pace>,
}

impl Paced {
    /// The stream with its pace.
    pub fn new(stream: TcpStream, pace: Rc<Pace>) -> Self {
        Self { stream, pace }
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.pace.heard();
        }
        read
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Whether a connection in `phase` is told after so many looks of an interval of 1 s.
    fn told(phase: fn(&Pace), looks: u32) -> bool {
        let paces = Rc::new(Paces::new(Duration::from_secs(10), Duration::from_secs(60)));
        let place = paces.enter();
        phase(place.pace());
        paces.looks.set(looks);
        paces.look();
        place.pace().overdue().now_or_never().is_some()
    }

    #[test]
    fn heads_must_end_soon_and_silences_may_last() {
        assert!(!told(|_| {}, 11));
        assert!(told(|_| {}, 12), "a new connection sends its first head");
        assert!(!told(Pace::busy, 1_000), "requests under way have limits of their own");
        assert!(!told(Pace::idle, 61));
        assert!(told(Pace::idle, 62));
        assert!(told(|pace| (pace.idle(), pace.heard()).1, 12), "the next head has begun");
    }

    #[test]
    fn the_longest_silences_are_shed_first() {
        let paces = Rc::new(Paces::new(Duration::from_secs(10), Duration::from_secs(60)));
        let [busy, old, young] = [(); 3].map(|()| paces.enter());
        busy.pace().busy();
        old.pace().idle();
        paces.looks.set(5);
        young.pace().idle();
        paces.shed(1);
        let told = |place: &Place| place.pace().overdue().now_or_never().is_some();
        assert_eq!((told(&busy), told(&old), told(&young)), (false, true, false));
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
