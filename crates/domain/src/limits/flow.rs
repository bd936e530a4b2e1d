//! The bounds of the flow to one destination: how much is under way, and what an endpoint is taken for.

use std::time::Duration;

/// Bytes that an event is taken to have until it was read after a start. Source: chosen; larger than most,
/// so that the first attempts together stay near their bound.
pub const UNREAD_EVENT_BYTES: usize = 16 << 10;

/// Bytes of events under way to one destination at a time. Source: chosen; 64 attempts of 256 KiB.
pub const BYTES_UNDER_WAY_MAX: usize = 16 << 20;

/// Failures of an endpoint, one after the other, until its destination is holding. Source: chosen;
/// an endpoint that fails four of five answers has as many in a row once in 70,000 times.
pub const FAILURES_UNTIL_HOLDING: u32 = 50;

/// How many are enough where nothing was taken for [`SILENCE_UNTIL_HOLDING`]. Source: chosen.
pub const FAILURES_IN_SILENCE: u32 = 5;

/// How long an endpoint takes nothing until a few failures are enough. Source: chosen; at ten
/// attempts a second, one that fails every second answer is silent for that long once in 1,000.
pub const SILENCE_UNTIL_HOLDING: Duration = Duration::from_secs(1);

/// Wait before the first probe of an endpoint that takes nothing; doubles up to the longest one.
/// Source: chosen; a restart takes a few seconds.
pub const PROBE_WAIT_MIN: Duration = Duration::from_secs(1);

/// The longest wait between two probes. Source: chosen; how long it takes at most to notice that an
/// endpoint is back.
pub const PROBE_WAIT_MAX: Duration = Duration::from_secs(30);

/// Answers one after the other that say that an endpoint is gone, until its destination stops.
/// Source: chosen; one may be a mistake.
pub const GONE_ANSWERS_MAX: u32 = 5;

/// What is left of the attempts under way after a sign of trouble. Source: chosen; TCP halves,
/// later ones of its kind take 0.7.
pub const EASE_FACTOR: f64 = 0.7;

/// Attempts at least after which the limit of attempts under way is judged. Source: chosen.
pub const ROUND_ATTEMPTS_MIN: u32 = 10;

/// How many times longer than they once did attempts take where an endpoint has more to do than it
/// bears. Source: chosen.
pub const SLOW_FACTOR: f64 = 4.0;

/// What is quicker than this is never slow. Source: chosen.
pub const SLOW_ATTEMPT: Duration = Duration::from_millis(100);

/// Attempts of one destination under way at a time that may be set. Source: chosen; a connection
/// each, beside all others.
pub const CONCURRENCY_MAX: u32 = 10_000;

/// Attempts from which on a delivery's next ones are late: they have a share of their own, so that
/// what fails again and again does not stand in the way of what was never tried. Source: chosen.
pub const LATE_ATTEMPTS: u32 = 3;

/// Least difference to a clock that never jumps at which the time of day was set. Source: chosen; clocks
/// that are slewed differ by less between two turns.
pub const CLOCK_LEAP_LEAST: Duration = Duration::from_secs(10);

/// Times in which an endpoint took nothing that are told apart. Source: chosen; as many outages within
/// the life of one delivery are one.
pub const DOWNS_KEPT_MAX: usize = 32;
