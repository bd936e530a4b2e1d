//! The way of one attempt: which step it is at, and how long the steps took.
//!
//! An attempt that runs out of time is told by the step it was at. Attempts that wait for the same
//! connection look at the same way.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use domain::delivery::Outcome;
use domain::delivery::trace::{Excerpt, Phases, Trace};

use super::Sent;

/// What an attempt waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Step {
    /// A place among the connections.
    #[default]
    Room,
    /// The addresses of the name.
    Resolve,
    /// A connection to one of them.
    Connect,
    /// TLS on it.
    Tls,
    /// The head of the answer.
    Answer,
}

/// When each step began; none where it was not reached, or not needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Begun {
    /// Finding the addresses of the name.
    pub resolve: Option<Instant>,
    /// Connecting.
    pub connect: Option<Instant>,
    /// Agreeing on TLS.
    pub tls: Option<Instant>,
    /// Sending the request.
    pub ask: Option<Instant>,
}

/// The way to a new connection.
#[derive(Default)]
pub struct Way {
    step: Cell<Step>,
    phases: Cell<Phases>,
    begun: Cell<Begun>,
    remote: Cell<Option<SocketAddr>>,
}

/// The way of one attempt.
#[derive(Default)]
pub struct Journey {
    /// What it waits for, where that is not on the way.
    own: Cell<Option<Step>>,
    /// Where a connection had to be made.
    way: RefCell<Option<Rc<Way>>>,
    remote: Cell<Option<SocketAddr>>,
    asked: Cell<Option<Instant>>,
    first_byte_us: Cell<Option<u32>>,
}

impl Way {
    /// Does a step, and notes how long it took, also where it failed.
    pub async fn take<T>(&self, step: Step, doing: impl Future<Output = T>) -> T {
        self.step.set(step);
        let start = Instant::now();
        let done = doing.await;
        let took = Some(micros(start, Instant::now()));
        let mut phases = self.phases.get();
        let mut begun = self.begun.get();
        match step {
            Step::Resolve => (begun.resolve, phases.resolve_us) = (Some(start), took),
            Step::Connect => (begun.connect, phases.connect_us) = (Some(start), took),
            Step::Tls => (begun.tls, phases.tls_us) = (Some(start), took),
            Step::Room | Step::Answer => {}
        }
        self.phases.set(phases);
        self.begun.set(begun);
        done
    }

    /// Notes where it led.
    pub fn reached(&self, remote: SocketAddr) {
        self.remote.set(Some(remote));
    }
}

impl Journey {
    /// A connection is made on this way.
    pub fn on(&self, way: &Rc<Way>) {
        self.own.set(None);
        *self.way.borrow_mut() = Some(way.clone());
    }

    /// It waits for a place on a connection that is there.
    pub fn queues(&self) {
        self.own.set(Some(Step::Room));
    }

    /// A request is sent now on a connection to there.
    pub fn asks(&self, remote: SocketAddr, now: Instant) {
        self.own.set(Some(Step::Answer));
        self.remote.set(Some(remote));
        self.asked.set(Some(now));
    }

    /// The head of the answer has come.
    pub fn answered(&self, now: Instant) {
        self.first_byte_us.set(self.asked.get().map(|asked| micros(asked, now)));
    }

    /// What it waits for.
    pub fn step(&self) -> Step {
        let way = self.way.borrow();
        let on_the_way = || way.as_ref().map_or(Step::Room, |way| way.step.get());
        self.own.get().unwrap_or_else(on_the_way)
    }

    /// All of it, for people.
    pub fn end(self, outcome: Outcome, answer: Option<Arc<Excerpt>>) -> Sent {
        let way = self.way.into_inner();
        let phases = way.as_ref().map(|way| way.phases.get()).unwrap_or_default();
        let begun = way.as_ref().map(|way| way.begun.get()).unwrap_or_default();
        let trace = Trace {
            phases: Phases { first_byte_us: self.first_byte_us.get(), ..phases },
            remote: self.remote.get().or_else(|| way.and_then(|way| way.remote.get())),
            answer,
        };
        Sent { outcome, trace, begun: Begun { ask: self.asked.get(), ..begun } }
    }
}

fn micros(from: Instant, to: Instant) -> u32 {
    u32::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn an_attempt_waits_for_what_it_came_to_last() {
        let (journey, way) = (Journey::default(), Rc::<Way>::default());
        assert_eq!(journey.step(), Step::Room);
        journey.on(&way);
        way.take(Step::Tls, async {}).now_or_never();
        assert_eq!(journey.step(), Step::Tls);
        journey.queues();
        assert_eq!(
            journey.step(),
            Step::Room,
            "the connection is there, and all its streams taken"
        );
        journey.asks((Ipv4Addr::LOCALHOST, 1).into(), Instant::now());
        assert_eq!(journey.step(), Step::Answer);
        journey.on(&way);
        assert_eq!(journey.step(), Step::Tls, "another connection is made");
    }
}
