//! The bounds of replays and their estimates.

use std::time::Duration;

/// A replay's part of the attempts that a destination may have under way, and of its rate, where it
/// names none of its own. Source: chosen; live deliveries keep the most of it.
pub const REPLAY_SHARE: u32 = 4;

/// Attempts that a replay starts in a second, at most, where nobody says how many. Source: measured;
/// beside more of them live deliveries to the same endpoint take longer.
pub const REPLAY_RATE: u32 = 1_000;

/// How long a replay's rate is saved up: so little that live deliveries find the endpoint free. Source:
/// measured; a hundredth of a second makes them take a third longer.
pub const REPLAY_SAVES: Duration = Duration::from_millis(1);

/// Attempts that are saved up beside that. Source: chosen; a timer may be two milliseconds late, which
/// would slow the replay down.
pub const REPLAY_SAVES_BESIDE: u32 = 2;

/// Events that a replay may list one by one. Source: chosen; a page of the dashboard has fifty.
pub const REPLAY_PLACES_MAX: usize = 1_000;

/// Replays that are not at their end. Source: chosen; each is looked at whenever one changes.
pub const REPLAYS_OPEN_MAX: usize = 100;

/// Replays that are listed after their end. Source: chosen.
pub const REPLAYS_ENDED_MAX: u32 = 1_000;

/// Failed deliveries that a replay asks the ledger for at once. Source: chosen; as many as are read
/// of the journal at once.
pub const REPLAY_FAILED_MAX: u32 = 1_000;

/// How long that answer is gone by. Source: chosen; as long as somebody who sends one of them again by hand
/// waits to see it, and long beside a reading.
pub const REPLAY_FAILED_AGE_MAX: Duration = Duration::from_secs(10);

/// How far the clocks of two events may have been apart, where places are found by a time. Source:
/// chosen; requests are read for a while before they are stored.
pub const RECEIVED_ORDER_SLACK: Duration = Duration::from_secs(600);

/// Time that an estimate of a replay takes; what is beyond is judged by what was seen. Source:
/// chosen; as long as somebody likes to wait.
pub const ESTIMATE_TIME_MAX: Duration = Duration::from_secs(3);

/// Users that an estimate tells apart. Source: chosen; 2 MB.
pub const ESTIMATE_USERS_MAX: usize = 100_000;

/// Latest deliveries from which an estimate takes how long one takes. Source: chosen.
pub const ESTIMATE_ATTEMPTS: u32 = 50;
