//! The bounds of the embedded engine and the defaults of its options.

use std::time::Duration;

/// How long the directory of a process that may be about to end is waited for. Source: chosen; such
/// a process holds it for a few milliseconds, and its child, before it becomes another program.
pub const LOCK_WAIT: Duration = Duration::from_secs(1);

/// How often it is looked at meanwhile. Source: chosen.
pub const LOCK_LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Bytes of events that may wait for the journal. Source: chosen; about a second at full load.
pub const INBOX_BYTES_MAX: usize = 64 << 20;

/// Bytes of the newest frames kept in memory. Source: chosen; some hundred milliseconds at full
/// load, far more than a destination that keeps up is behind.
pub const TAIL_BYTES_MAX: usize = 32 << 20;

/// Bytes of one frame, unless one batch alone is larger. Source: chosen; a commit of 4 MiB takes a
/// few milliseconds, and larger frames save nothing more.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// How long settlements wait for company. Source: chosen; a power cut costs so much in duplicates
/// anyway, and measured with 35,000 deliveries per second, 5 ms cost 2 µs more for each of them.
pub const SETTLE_LINGER: Duration = Duration::from_millis(8);

/// Rows of attempts kept. Source: chosen; about 550 MB on disk.
pub const LEDGER_ROWS_MAX: u64 = 10_000_000;

/// Rows of rejections of sources kept. Source: chosen.
pub const REJECTIONS_MAX: u64 = 100_000;

/// Rows of rejections of nobody known kept. Source: chosen; a week of one a minute.
pub const SOURCELESS_REJECTIONS_MAX: u64 = 10_000;

/// Records kept of what people changed, and as many of what they looked at. Source: chosen; years of
/// changes by people, and some 50 MB.
pub const AUDIT_RECORDS_MAX: u64 = 100_000;

/// How long such records are kept. Source: chosen; auditors ask for a year.
pub const AUDIT_AGE_MAX: Duration = Duration::from_secs(400 * 86_400);

/// Bytes of settlements and rejections that may wait. Source: chosen.
pub const STATE_INBOX_BYTES_MAX: usize = 32 << 20;

/// Bytes of settlements carried out in one transaction. Source: chosen.
pub const SETTLE_BYTES_MAX: usize = 4 << 20;

/// Threads that read the journal for lagging destinations. Source: chosen; reads are sequential
/// and mostly from the page cache.
pub const JOURNAL_READERS: usize = 2;

/// Reads and queries that may wait. Source: chosen; each is a small value.
pub const READ_JOBS_MAX: usize = 4096;

/// Rows that one read of the journal looks at. Source: chosen; keeps read transactions short, so
/// that the write-ahead log can start over.
pub const ROWS_PER_READ_MAX: usize = 4096;

/// Bytes written between two background checkpoints. Source: measured; while the database is synced,
/// commits wait, and at 15,000 events a second the slowest of 100 acknowledgements took 20 to 48 ms
/// with 16 MiB and 4 to 7 ms with 2 MiB. SQLite's own default is 4 MiB, but inline.
pub const CHECKPOINT_EVERY_BYTES: u64 = 2 << 20;

/// Size of a write-ahead log from which its writer helps, so that it can start over. Source:
/// chosen.
pub const WAL_BYTES_MAX: u64 = 64 << 20;

/// Bytes of a log that are written again at a time. Source: chosen; a large write.
pub const SETTLED_BYTES: usize = 1 << 20;

/// Frames and bytes removed in one transaction of a trim. Source: chosen; such a step takes about
/// as long as a commit of events.
pub const TRIM_FRAMES_PER_STEP: usize = 256;
/// See [`TRIM_FRAMES_PER_STEP`].
pub const TRIM_BYTES_PER_STEP: u64 = 8 << 20;

/// Unused pages of the journal below which none are given back to the file system: they are about
/// to be used again. Source: chosen.
pub const FREE_PAGES_MIN: u64 = 2048;

/// Pages given back in one step. Source: chosen; moves at most 2 MiB.
pub const VACUUM_PAGES_PER_STEP: u32 = 256;

/// How long to wait for a lock that another program holds on a file. Source: SQLite's customary
/// default.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Rows per block of the ledger's sparse index, as a power of two. Source: measured; a block is
/// scanned in about half a millisecond.
pub const BLOCK_BITS: u32 = 12;

/// Blocks that one search scans before it says where to go on. Source: measured; a tenth of a second.
pub const SCANNED_BLOCKS_MAX: usize = 64;

/// How much later it may be than the time that has passed says, for what is removed because of its age.
/// Source: chosen; clocks are set right by less, and an hour is short beside what is kept.
pub const CLOCK_SLACK: Duration = Duration::from_secs(3600);

/// Minutes that series go back. Source: chosen; a month.
pub const SERIES_MINUTES_MAX: i64 = 31 * 24 * 60;

/// Rows of minutes of destinations. Source: chosen; a hundred destinations for a week, 100 MB.
pub const SERIES_ROWS_MAX: u64 = 1_000_000;

/// Minutes that go at a time where there are too many rows. Source: chosen.
pub const SERIES_MINUTES_PER_STEP: usize = 16;

/// Open deliveries of a replay that has ended which go in one transaction. Source: chosen; a few
/// milliseconds, for which settlements wait.
pub const GIVEN_UP_PER_STEP: u32 = 1024;

/// Open deliveries that one search looks at before it says where to go on. Source: chosen; a few
/// milliseconds.
pub const SCANNED_OPEN_MAX: u32 = 16_384;

/// Answers kept of one destination, of those to what was delivered and of the others each. Source:
/// chosen; more kinds of answers than people look through.
pub const ANSWERS_MAX: usize = 128;

/// Answers kept of one such kind that are new in one commit. Source: chosen; each costs as much as
/// twenty rows, and commits come a hundred times a second at most.
pub const NEW_ANSWERS_PER_COMMIT_MAX: usize = 4;

/// Frames that a check reads in one step. Source: chosen; a step is short enough for the
/// write-ahead log of a running server to start over.
pub const CHECK_FRAMES_PER_STEP: u32 = 64;

/// Lines about the structure of one file that a check tells at most. Source: chosen.
pub const CHECK_LINES_MAX: u32 = 20;

/// Frames and bytes that a copy takes over in one step. Source: as [`CHECK_FRAMES_PER_STEP`].
pub const COPY_FRAMES_PER_STEP: u32 = 256;
/// See [`COPY_FRAMES_PER_STEP`].
pub const COPY_BYTES_PER_STEP: i64 = 16 << 20;

/// Places per block of the index, as a power of two. Source: chosen; some hundred blocks for ten
/// million events, of which a search for an id reads a kilobyte each, and a megabyte of memory for the
/// one that events come for.
pub const INDEX_BLOCK_BITS: u32 = 14;

/// How long the indexer waits for more, when there is something. Source: chosen; nobody notices, and
/// the journal's writer has to wake it less often.
pub const INDEX_LINGER: Duration = Duration::from_millis(20);

/// Wait before the indexer tries again what the disk had no room for. Source: chosen.
pub const INDEX_REST: Duration = Duration::from_secs(1);

/// Bytes of events that the indexer reads at once. Source: chosen; about a thousand events.
pub const INDEX_READ_BYTES: usize = 1 << 20;

/// Blocks that one search of the index looks into before it says where to go on. Source: measured; a
/// tenth of a second where all columns are read.
pub const INDEX_BLOCKS_MAX: usize = 1024;

/// Blocks without events that are removed when one is written. Source: chosen; more than come.
pub const INDEX_BLOCKS_TRIMMED: u32 = 16;

/// Blocks written between two checkpoints of the index. Source: chosen; a few megabytes.
pub const INDEX_BLOCKS_PER_CHECKPOINT: i64 = 8;
