//! Bounds of what people look up: lists, files, deliveries, and trials on stored events.

use std::time::Duration;

/// Rows of one answer of the admin API where nobody says how many. Source: chosen.
pub const ADMIN_ROWS: u32 = 50;

/// Rows of one file that the admin API writes of a list. Source: chosen; a spreadsheet takes a million,
/// and who wants all of them asks by time.
pub const EXPORT_ROWS_MAX: u32 = 100_000;

/// Time that one look-up of events or deliveries takes before it says where to go on. Source: chosen;
/// what follows takes little, and people notice more than a fifth of a second.
pub const LOOKUP_TIME_MAX: Duration = Duration::from_millis(150);

/// Events of one answer that come with all their deliveries. Source: chosen; each may have many.
pub const LANE_ROWS_MAX: u32 = 100;

/// Deliveries that a look-up finds out about in one go. Source: chosen; a page has about as many.
pub const LOOKUP_ROWS: usize = 64;

/// Wait for a dispatcher to say how deliveries stand. Source: chosen; it answers between two turns of
/// its loop, and what the store knows is shown without it.
pub const STANDING_WAIT: Duration = Duration::from_millis(100);

/// Characters of an event's name or id that are shown in lists. Source: chosen; longer ones are no
/// names.
pub const SHOWN_NAME_CHARS_MAX: usize = 512;

/// Names of a source's events that are counted each, those that came most; the others are counted
/// together. Source: chosen; a handful of dozens is usual, and more are ids that somebody takes for
/// names.
pub const SOURCE_NAMES_MAX: usize = 500;

/// SDKs of a source that are counted each, as versions apart; the others are counted together. Source:
/// chosen; an app has a few versions in the field.
pub const SOURCE_SDKS_MAX: usize = 32;

/// Characters of a name or of a version by which they are counted; what is longer is cut. Source: chosen.
pub const COUNTED_NAME_CHARS_MAX: usize = 200;

/// Filtered events of a destination that are shown. Source: chosen.
pub const FILTERED_SAMPLES_MAX: usize = 50;

/// Stored events that a filter is tried on. Source: chosen; a tenth of a second.
pub const TRIAL_EVENTS_MAX: u32 = 10_000;

/// Places of the journal that one trial looks at for events of its source. Source: chosen.
pub const TRIAL_PLACES_MAX: u64 = 200_000;

/// Places that a trial looks at in one go, before others get their turn. Source: chosen.
pub const TRIAL_STRIDE: u64 = 256;

/// Time that one trial takes. Source: chosen; as long as somebody likes to wait.
pub const TRIAL_TIME_MAX: Duration = Duration::from_secs(2);

/// Events shown for each verdict of a trial. Source: chosen.
pub const TRIAL_SAMPLES_MAX: usize = 20;

/// Characters of an event's name in a sample. Source: chosen.
pub const SAMPLE_NAME_CHARS_MAX: usize = 200;
