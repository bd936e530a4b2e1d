//! Bounds of the admin API: what may be asked, and how much is answered.

use std::time::Duration;

/// Bytes of the body of an admin request. Source: axum's default, 2 MiB; a workspace of 5,000
/// destinations fits.
pub const ADMIN_BODY_BYTES_MAX: usize = 2 << 20;

/// Bytes of an `Idempotency-Key`. Source: chosen; Stripe allows as many.
pub const REPEAT_KEY_BYTES_MAX: usize = 255;

/// Answers that are kept for requests that come again. Source: chosen.
pub const REPEATS_MAX: usize = 1_000;

/// Bytes of such an answer; a longer one is not kept. Source: chosen.
pub const REPEAT_ANSWER_BYTES_MAX: usize = 64 << 10;

/// How long such an answer is kept. Source: chosen; Stripe keeps them as long.
pub const REPEAT_TIME_MAX: Duration = Duration::from_hours(24);

/// Bytes of an id that somebody gives to a new object. Source: chosen; three of them and their slashes
/// are a path that every proxy passes on, also where each byte is escaped.
pub const ID_BYTES_MAX: usize = 200;

/// Bytes of an id that is made of a name, before its number. Source: chosen.
pub const MADE_ID_BYTES_MAX: usize = 60;

/// Rows of one answer of the admin API. Source: chosen.
pub const ADMIN_ROWS_MAX: u32 = 500;

/// Attempts of one answer of the admin API that come with what endpoints answered. Source: chosen; a
/// delivery has fewer, and even the largest answers come to less than a megabyte.
pub const ADMIN_DETAILED_ROWS_MAX: u32 = 100;

/// How long an admin connection may take nothing of what is sent to it. Source: chosen; four heartbeats of
/// a viewer.
pub const ADMIN_SEND_TIME_MAX: Duration = Duration::from_secs(60);

/// Requests for a test at a time. Source: chosen; people look at each answer.
pub const TEST_REQUESTS_MAX: usize = 8;

/// Time that a request for a test may take, from connecting to the head of the answer. Source: chosen;
/// somebody waits for it.
pub const TEST_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes of a request's body that people see. Source: chosen; most events have less than 32 KiB.
pub const SHOWN_BODY_BYTES_MAX: usize = 64 << 10;
