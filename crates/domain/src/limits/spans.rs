//! Bounds of what telemetry tells of events.

use std::time::Duration;

/// Spans that wait to be sent; further ones are dropped. Source: chosen; a few seconds of full load at
/// the default share, about 4 MB.
pub const SPANS_WAITING_MAX: usize = 8_192;

/// Spans of one request to the collector. Source: chosen; the default of OpenTelemetry's libraries.
pub const SPANS_PER_REQUEST_MAX: usize = 512;

/// How long spans gather before they are sent. Source: chosen; a request a second costs nothing.
pub const SPANS_LINGER: Duration = Duration::from_secs(1);

/// How often it is looked for more of them meanwhile. Source: chosen; what comes between two looks at
/// full load, all of it traced, has room.
pub const SPANS_LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Longest wait for the collector's answer. Source: the default of OpenTelemetry's exporters.
pub const SPANS_REQUEST_TIME_MAX: Duration = Duration::from_secs(10);

/// How often the same spans are sent, where the collector does not take them. Source: chosen; two
/// minutes with the waits between.
pub const SPANS_TRIES_MAX: u32 = 8;

/// Wait after the first request that failed; each further one doubles. Source: chosen.
pub const SPANS_WAIT_MIN: Duration = Duration::from_secs(1);

/// Longest such wait, whatever the collector asks for. Source: chosen.
pub const SPANS_WAIT_MAX: Duration = Duration::from_secs(30);

/// How often it is said that spans cannot be sent. Source: chosen.
pub const SPANS_WARN_INTERVAL: Duration = Duration::from_secs(60);

/// Time for the last spans of a server that ends. Source: chosen; telemetry is not worth more of it.
pub const SPANS_LEAVE_TIME_MAX: Duration = Duration::from_secs(2);

/// Bytes of the name that a server has in telemetry. Source: chosen.
pub const SERVICE_NAME_BYTES_MAX: usize = 255;
