//! Bounds of what people see: live rows, charts, events that they compose.

use std::time::Duration;

use super::ADMIN_CONNECTIONS_MAX;

/// Viewers of what happens, at a time; each has a connection to the admin listener. Source: chosen; a
/// fifth of [`ADMIN_CONNECTIONS_MAX`], so that viewers never keep others out.
pub const VIEWERS_MAX: usize = 100;

/// Rows a second that a viewer is shown. Source: chosen; nobody reads faster.
pub const LIVE_ROWS_PER_SECOND: u32 = 50;

/// What became of rows that a viewer was shown, a second. Source: chosen; each row at ten destinations.
pub const LIVE_UPDATES_PER_SECOND: u32 = 500;

/// Rows that are kept for viewers who come back, or are slow. Source: chosen; twenty seconds, about
/// 400 kB for each filter.
pub const LIVE_ROWS_KEPT: usize = 1_000;

/// How long rows are gathered before viewers get them. Source: chosen; eyes call it at once.
pub const LIVE_ROUND: Duration = Duration::from_millis(100);

/// Events of one round whose text is read to see whether they match. Source: chosen; a millisecond.
pub const LIVE_LOOKS_PER_ROUND: usize = 1_000;

/// Deliveries of one round whose event is looked up. Source: chosen; some may come from the disk.
pub const LIVE_FINDS_PER_ROUND: usize = 20;

/// Bytes of events that one round reads; beyond it the rest is passed over. Source: chosen; three
/// times what comes in at full load.
pub const LIVE_ROUND_BYTES_MAX: usize = 16 << 20;

/// How long rows are kept for viewers who have gone. Source: chosen; a browser comes back in seconds.
pub const LIVE_LINGER: Duration = Duration::from_secs(60);

/// Silence after which a viewer is told that there is nothing. Source: chosen; proxies end what is
/// silent for a minute.
pub const LIVE_HEARTBEAT: Duration = Duration::from_secs(15);

/// Attempts and rejections that wait to be shown; further ones are left out. Source: chosen; twice a
/// round at full load, about 6 MB.
pub const NOTICES_MAX: usize = 20_000;

/// Characters of a name or an id that a row shows. Source: chosen.
pub const LIVE_TEXT_CHARS_MAX: usize = 200;

/// Seconds that are known one by one. Source: chosen; an hour.
pub const SECONDS_KEPT: i64 = 3_600;

/// Sources and destinations whose seconds are known apart. Source: chosen; 64 MB where something
/// happens at each of them in every second.
pub const SECONDS_SERIES_MAX: usize = 256;

/// Points of one series. Source: chosen; an hour of seconds, the one that has begun and the one that ends
/// included.
pub const SERIES_POINTS_MAX: i64 = 3_602;

/// Bytes of events that are counted for charts in one go. Source: chosen; a second of full load, and
/// somebody who lags comes up.
pub const TALLY_BYTES_MAX: usize = 128 << 20;

/// Composed events that are taken at a time. Source: chosen; people look at each answer.
pub const COMPOSED_EVENTS_MAX: usize = 64;

const _: () = assert!(VIEWERS_MAX * 5 <= ADMIN_CONNECTIONS_MAX);
