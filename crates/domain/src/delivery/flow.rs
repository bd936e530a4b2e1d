//! The flow to one destination: how many attempts may be under way, and when the next may start.
//!
//! Four things narrow it, each for its own reason: the destination's own bounds (concurrency, rate,
//! bytes under way), what the endpoint asks for (`Retry-After`), what it can bear (the limit falls
//! with every sign of trouble and grows with every success), and whether it takes anything at all.
//! Where nothing is taken, the destination is *holding*: one attempt at a time probes the endpoint,
//! everything else waits, and nothing is given up. The first success ends that, and the limit
//! grows from 1 again, so that an endpoint that comes back is not run over by what has waited.
//!
//! An endpoint that says it is gone, or is down for very long, *stops* the destination: no more
//! probes until somebody wants it, and the backlog stays.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::downs::Downs;
use super::limit::{Limit, Sign};
use super::outcome::Outcome;
use super::policy::Class;
use super::retry::Endpoint;
use crate::limits;
use crate::reason::Reason;
use crate::time::Timestamp;

/// Bounds of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Attempts under way at most; at least 1.
    pub concurrency: u32,
    /// How fast attempts may start; any where there is none.
    pub rate: Option<Rate>,
    /// How long an endpoint may take nothing before the destination stops.
    pub stop_after: Duration,
    /// Wait before the first probe; doubles with every further one.
    pub probe_wait: Duration,
}

/// How fast attempts may start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Time that one attempt takes up; the next may start after it.
    pub interval: Duration,
    /// Attempts that may start at once after a while in which none has; at least 1.
    pub burst: u32,
}

/// What a destination's own settings say of its bounds; what is not there is the server's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnBounds {
    /// Attempts under way at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<NonZeroU32>,
    /// Attempts that may start in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<NonZeroU32>,
    /// Milliseconds after which the destination stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_after_ms: Option<u64>,
}

/// How a destination fares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Deliveries are made.
    Active,
    /// The endpoint takes nothing; it is probed.
    Holding {
        /// Since when.
        since: Timestamp,
        /// Why the last attempt failed.
        reason: Reason,
        /// Attempts made since.
        probes: u32,
        /// When the next probe may start.
        next: Timestamp,
    },
    /// The endpoint is not tried any more until somebody wants it.
    Stopped {
        /// Since when.
        since: Timestamp,
        /// Why the last attempt failed.
        reason: Reason,
    },
}

/// The flow to one destination.
#[derive(Clone, Debug)]
pub struct Flow {
    bounds: Bounds,
    mode: Mode,
    limit: Limit,
    /// Failures that say something of the endpoint, one after the other.
    failures: u32,
    /// When it last took something, or there was nothing known of it.
    taken_at: Timestamp,
    /// Whether it is not known yet if it takes anything: it took nothing last, before this flow began.
    is_unproven: bool,
    /// When it took nothing.
    downs: Downs,
    /// Answers one after the other that say that the endpoint is gone.
    gone: u32,
    /// What the endpoint asked for.
    not_before: Timestamp,
    /// Attempts that may start at once.
    tokens: f64,
    filled_at: Timestamp,
    under_way: u32,
    bytes_under_way: usize,
    /// What a flow that goes first has found; none for one that goes first itself.
    lead: Option<Lead>,
}

/// What a flow has found of its endpoint, for others to the same one that come after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lead {
    /// How the destination fares.
    pub mode: Mode,
    /// Attempts that may be under way.
    pub limit: u32,
    /// Before this the endpoint does not want to be asked.
    pub not_before: Timestamp,
    /// Whether it has nothing to find out with whether the endpoint takes something again.
    pub is_idle: bool,
}

/// An attempt that has ended, as a flow sees it.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// When it started.
    pub started_at: Timestamp,
    /// Bytes of its event.
    pub bytes: usize,
    /// What it meant.
    pub outcome: &'a Outcome,
}

/// What has changed in how a destination fares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It is holding from now on.
    Holds,
    /// It takes deliveries again.
    Recovers {
        /// When it had taken something before.
        since: Timestamp,
    },
    /// It has stopped.
    Stops,
}

impl Rate {
    /// So many in a second, all of them at once where none has started in it.
    pub fn bursting(per_second: NonZeroU32) -> Self {
        Self { interval: interval_of(per_second), burst: per_second.get() }
    }

    /// One after the other, with next to no time saved up, so that others find the endpoint free.
    pub fn spread(interval: Duration) -> Self {
        let interval = interval.max(Duration::from_nanos(1));
        let saved = limits::REPLAY_SAVES.as_nanos() / interval.as_nanos();
        let saved = u32::try_from(saved).unwrap_or(u32::MAX);
        Self { interval, burst: saved.saturating_add(limits::REPLAY_SAVES_BESIDE) }
    }

    /// Attempts that may start in a second.
    pub fn per_second(self) -> f64 {
        1.0 / self.interval.as_secs_f64()
    }
}

/// The time that one attempt takes up where so many may start in a second.
pub fn interval_of(per_second: NonZeroU32) -> Duration {
    (Duration::from_secs(1) / per_second.get()).max(Duration::from_nanos(1))
}

impl Bounds {
    /// These bounds with what a destination says of its own.
    #[must_use]
    pub fn with(self, own: OwnBounds) -> Self {
        Self {
            concurrency: own.concurrency.map_or(self.concurrency, NonZeroU32::get),
            rate: own.rate.map(Rate::bursting).or(self.rate),
            stop_after: own.stop_after_ms.map_or(self.stop_after, Duration::from_millis),
            probe_wait: self.probe_wait,
        }
    }
}

impl Lead {
    /// Whether those that come after it would wait for what nobody finds out.
    fn leaves_alone(self) -> bool {
        self.is_idle && matches!(self.mode, Mode::Holding { .. })
    }
}

impl Flow {
    /// A flow that nothing narrows but its bounds.
    pub fn new(bounds: Bounds, now: Timestamp) -> Self {
        Self {
            bounds,
            mode: Mode::Active,
            limit: Limit::new(bounds.concurrency),
            failures: 0,
            taken_at: now,
            is_unproven: false,
            downs: Downs::default(),
            gone: 0,
            not_before: Timestamp(i64::MIN),
            tokens: bounds.rate.map_or(0.0, |rate| f64::from(rate.burst)),
            filled_at: now,
            under_way: 0,
            bytes_under_way: 0,
            lead: None,
        }
    }

    /// Goes on where an earlier flow took nothing since then: until something is taken, nobody knows
    /// whether the endpoint does.
    pub fn go_on_from(&mut self, taken_at: Timestamp) {
        self.taken_at = taken_at;
        self.is_unproven = true;
        self.limit.start_slowly();
    }

    /// Goes no further than another flow to the same endpoint: not where that finds that nothing is
    /// taken, with no more attempts than that bears, and not before it was asked to wait for. Where the
    /// other one holds and has nothing to probe with, it goes on by itself, slowly at first.
    pub fn follow(&mut self, lead: Lead) {
        let went_alone = self.lead.is_some_and(Lead::leaves_alone);
        if lead.leaves_alone() && !went_alone {
            self.limit.start_slowly();
        }
        self.lead = Some(lead);
    }

    /// What it has found, for others that follow; whether there is anything left to find out with, it
    /// does not know.
    pub fn lead(&self, is_idle: bool) -> Lead {
        Lead { mode: self.mode, limit: self.limit(), not_before: self.not_before, is_idle }
    }

    /// How the destination fares.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether each attempt is a probe.
    pub fn is_probing(&self) -> bool {
        matches!(self.mode, Mode::Holding { .. })
    }

    /// Whether nothing is known against the endpoint: it is active, and took the last attempt.
    pub fn fares_well(&self) -> bool {
        self.mode == Mode::Active && self.failures == 0
    }

    /// What deliveries say of the endpoint to one that was first tried then.
    pub fn endpoint(&self, first_at: Timestamp) -> Endpoint {
        match self.mode {
            Mode::Active if !self.is_unproven => Endpoint::Up { down: self.downs.since(first_at) },
            _ => Endpoint::Down,
        }
    }

    /// How many attempts may be under way now.
    pub fn limit(&self) -> u32 {
        let most = match self.lead {
            Some(Lead { mode: Mode::Active, limit, .. }) => limit,
            Some(lead) if lead.leaves_alone() => u32::MAX,
            Some(_) => 0,
            None => u32::MAX,
        };
        let own = match self.mode {
            Mode::Active => self.limit.now(),
            Mode::Holding { .. } => 1,
            Mode::Stopped { .. } => 0,
        };
        own.min(most)
    }

    /// Before this the endpoint does not want to be asked.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Takes up new bounds, and tries again what had stopped, when the endpoint wants to be asked.
    pub fn rebind(&mut self, bounds: Bounds, now: Timestamp) {
        let before = std::mem::replace(&mut self.bounds, bounds);
        self.limit.rebind(bounds.concurrency);
        self.tokens = match (before.rate, bounds.rate) {
            (_, None) => 0.0,
            (Some(_), Some(rate)) => self.tokens.min(f64::from(rate.burst)),
            (None, Some(rate)) => f64::from(rate.burst),
        };
        self.probe_anew(now);
    }

    /// Somebody wants it, or it is another endpoint: it is tried at once, whatever was asked for.
    pub fn resume(&mut self, now: Timestamp) {
        self.not_before = self.not_before.min(now);
        self.probe_anew(now);
    }

    /// The time of day was set forward by so much: that has aged nothing.
    pub fn leap(&mut self, span: Duration, now: Timestamp) {
        self.downs.add(now.minus(span), now);
    }

    fn probe_anew(&mut self, now: Timestamp) {
        self.gone = 0;
        self.mode = match self.mode {
            Mode::Active => Mode::Active,
            Mode::Holding { since, reason, .. } => {
                Mode::Holding { since, reason, probes: 0, next: now }
            }
            Mode::Stopped { reason, .. } => {
                Mode::Holding { since: now, reason, probes: 0, next: now }
            }
        };
    }

    /// Whether an attempt may start now.
    pub fn is_open(&mut self, now: Timestamp) -> bool {
        self.under_way < self.limit()
            && self.bytes_under_way < limits::BYTES_UNDER_WAY_MAX
            && now >= self.asked_to_wait_until(now)
            && self.next_probe(now).is_none_or(|next| now >= next)
            && self.has_token(now)
    }

    /// When to ask again, where time alone opens the flow; none where an attempt has to end first.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        if self.under_way >= self.limit() || self.bytes_under_way >= limits::BYTES_UNDER_WAY_MAX {
            return None;
        }
        let token = self.next_token(now);
        let asked = self.asked_to_wait_until(now);
        Some(asked.max(token).max(self.next_probe(now).unwrap_or(now)))
    }

    /// Before this the endpoint wants no attempt, whoever was told so.
    fn asked_to_wait_until(&self, now: Timestamp) -> Timestamp {
        let asked = self.lead.map_or(self.not_before, |lead| self.not_before.max(lead.not_before));
        within(asked, now, Duration::from_secs(limits::RETRY_AFTER_SECONDS_MAX))
    }

    /// So many attempts have started that others make beside this flow, and its rate counts them; of
    /// many that nobody has counted for long, as many as may start at once.
    pub fn share(&mut self, attempts: u32) {
        if let Some(Rate { burst, .. }) = self.bounds.rate {
            self.tokens = (self.tokens - f64::from(attempts)).max(-f64::from(burst));
        }
    }

    /// An attempt starts.
    pub fn start(&mut self, bytes: usize) {
        self.under_way += 1;
        self.bytes_under_way += bytes;
        self.share(1);
    }

    /// An attempt has made nothing known of the endpoint.
    pub fn forget(&mut self, bytes: usize) {
        self.under_way = self.under_way.saturating_sub(1);
        self.bytes_under_way = self.bytes_under_way.saturating_sub(bytes);
    }

    /// An attempt has ended; answers what has changed by it.
    pub fn end(&mut self, ended: Ended<'_>, now: Timestamp) -> Option<Turn> {
        self.forget(ended.bytes);
        let class = Class::of(ended.outcome);
        if class == Some(Class::Unsendable) {
            // The endpoint was not asked.
            return None;
        }
        // Where it took the event, that says when to ask what became of it.
        if let Some(after) = ended.outcome.retry_after.filter(|_| class.is_some()) {
            self.not_before = self.not_before.max(now.plus(after.wait(now)));
        }
        let class = class.filter(|class| class.is_of_endpoint());
        self.limit.note(Sign::of(class, ended.outcome), ended.started_at, now);
        match class {
            // An endpoint that refuses an event is there all the same.
            None => self.succeeded(now),
            Some(class) => self.failed(class, ended, now),
        }
    }

    fn succeeded(&mut self, now: Timestamp) -> Option<Turn> {
        self.failures = 0;
        self.gone = 0;
        let since = std::mem::replace(&mut self.taken_at, now);
        let before = std::mem::replace(&mut self.mode, Mode::Active);
        if std::mem::take(&mut self.is_unproven) || before != Mode::Active {
            self.downs.add(since, now);
        }
        if before == Mode::Active {
            return None;
        }
        self.limit.start_slowly();
        Some(Turn::Recovers { since })
    }

    fn failed(&mut self, class: Class, ended: Ended<'_>, now: Timestamp) -> Option<Turn> {
        let reason = ended.outcome.reason()?;
        self.failures = self.failures.saturating_add(1);
        self.gone = if class == Class::Gone { self.gone + 1 } else { 0 };
        match self.mode {
            Mode::Stopped { .. } => None,
            _ if self.gone >= limits::GONE_ANSWERS_MAX => self.stop(reason, now),
            Mode::Active if !self.takes_nothing(now) => None,
            Mode::Active => {
                let next = now.plus(self.bounds.probe_wait);
                self.mode = Mode::Holding { since: now, reason, probes: 0, next };
                Some(Turn::Holds)
            }
            Mode::Holding { since, .. } if now.since(since) > self.bounds.stop_after => {
                self.stop(reason, now)
            }
            // What was under way when the holding began is no probe.
            Mode::Holding { next, .. } if ended.started_at < next => None,
            Mode::Holding { since, probes, .. } => {
                let probes = probes.saturating_add(1);
                let wait = self.bounds.probe_wait.saturating_mul(1 << probes.min(16));
                let next = now.plus(wait.min(limits::PROBE_WAIT_MAX));
                self.mode = Mode::Holding { since, reason, probes, next };
                None
            }
        }
    }

    /// Whether so much has failed that the endpoint, and not single events, is to blame. One that
    /// fails every second answer has many failures in a row now and then, but never for long.
    fn takes_nothing(&self, now: Timestamp) -> bool {
        let is_silent = now.since(self.taken_at) >= limits::SILENCE_UNTIL_HOLDING;
        self.failures >= limits::FAILURES_UNTIL_HOLDING
            || (is_silent && self.failures >= limits::FAILURES_IN_SILENCE)
    }

    fn stop(&mut self, reason: Reason, now: Timestamp) -> Option<Turn> {
        self.mode = Mode::Stopped { since: now, reason };
        Some(Turn::Stops)
    }

    fn next_probe(&self, now: Timestamp) -> Option<Timestamp> {
        let wait_max = self.bounds.probe_wait.max(limits::PROBE_WAIT_MAX);
        match self.mode {
            Mode::Holding { next, .. } => Some(within(next, now, wait_max)),
            Mode::Active | Mode::Stopped { .. } => None,
        }
    }

    fn has_token(&mut self, now: Timestamp) -> bool {
        let Some(rate) = self.bounds.rate else { return true };
        let earned = now.since(self.filled_at).as_secs_f64() * rate.per_second();
        self.tokens = (self.tokens + earned).min(f64::from(rate.burst));
        // Where the clock goes back, time goes on from there.
        self.filled_at = now;
        self.tokens >= 1.0
    }

    /// When the next attempt may start by the rate.
    fn next_token(&self, now: Timestamp) -> Timestamp {
        match self.bounds.rate {
            Some(rate) if self.tokens < 1.0 => {
                let wait = rate.interval.mul_f64(1.0 - self.tokens);
                self.filled_at.plus(wait + Duration::from_millis(1))
            }
            _ => now,
        }
    }
}

/// A time to wait for; one that lies further ahead than any wait lasts is of a clock that was put right
/// since, and has come.
fn within(at: Timestamp, now: Timestamp, wait_max: Duration) -> Timestamp {
    if at.since(now) > wait_max { now } else { at }
}

#[cfg(test)]
mod tests;
