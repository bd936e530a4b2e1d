//! Leaps of the time of day: what waits must not wait for a date that was wrong, and what is tried must
//! not be old by one.

use std::time::Duration;

use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use tokio::time::Instant;

use super::Dispatcher;
use crate::dispatch::world::World;

/// Compares the time of day with a clock that never jumps.
#[derive(Debug)]
pub(super) struct Leaps {
    wall: Timestamp,
    steady: Instant,
}

/// How the time of day was set since the last look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leap {
    Ahead(Duration),
    Back,
}

impl Leaps {
    /// Begins with this time of day.
    pub(super) fn new(wall: Timestamp) -> Self {
        Self { wall, steady: Instant::now() }
    }

    fn look(&mut self, wall: Timestamp, steady: Instant) -> Option<Leap> {
        let expected = self.wall.plus(steady.saturating_duration_since(self.steady));
        *self = Self { wall, steady };
        let (ahead, back) = (wall.since(expected), expected.since(wall));
        if ahead >= limits::CLOCK_LEAP_LEAST {
            return Some(Leap::Ahead(ahead));
        }
        (back >= limits::CLOCK_LEAP_LEAST).then_some(Leap::Back)
    }
}

impl<W: World> Dispatcher<W> {
    /// Looks whether the clock was set.
    pub(super) fn notice_leap(&mut self, now: Timestamp) {
        match self.leaps.look(now, Instant::now()) {
            None => {}
            Some(Leap::Ahead(span)) => self.flow.leap(span, now),
            Some(Leap::Back) => self.hasten(),
        }
    }

    /// Lets nothing wait longer than it could from now on by the settings.
    pub(super) fn hasten(&mut self) {
        let now = self.parts.world.now();
        self.agenda.hasten(now, |attempts, (code, status)| {
            // What it was tried for is known, or it does not wait.
            Reason::from_code(code)
                .map_or(Duration::MAX, |reason| self.retry.wait_max(attempts, reason, status))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_a_steady_clock_is_a_leap() {
        let (start, steady) = (Timestamp(1_700_000_000_000), Instant::now());
        let day = Duration::from_secs(86_400);
        let mut leaps = Leaps { wall: start, steady };
        let mut look = |wall, passed| leaps.look(wall, steady + passed);
        assert_eq!(look(start.plus(day), day), None, "a day has gone by");
        assert_eq!(look(start.plus(day * 3), day), Some(Leap::Ahead(day * 2)));
        assert_eq!(look(start.plus(day * 4), day * 2), None, "it goes on from there");
        assert_eq!(look(start.plus(day), day * 2), Some(Leap::Back));
        let little = limits::CLOCK_LEAP_LEAST - Duration::from_millis(1);
        assert_eq!(look(start.plus(day + little), day * 2), None, "it was slewed");
    }
}
