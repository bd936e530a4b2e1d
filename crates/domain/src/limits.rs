//! Every bound that is not a setting, together, each with the source of its number.

mod account;
mod admin;
mod flow;
mod lookup;
mod replay;
mod spans;
mod viewing;

use std::time::Duration;

use crate::event::json::ScanLimits;
pub use account::*;
pub use admin::*;
pub use flow::*;
pub use lookup::*;
pub use replay::*;
pub use spans::*;
pub use viewing::*;

/// How deep and wide one event may be.
///
/// Source: chosen; RudderStack documents 200 levels, receivers' parsers stop at 64 to 128.
pub const EVENT_SCAN: ScanLimits = ScanLimits { depth_max: 100, keys_max: 10_000 };

/// What a stored event is scanned with when it is sent: bounds the recursion, and is never tighter
/// than intake was with what it added. Source: chosen; a stack of 127 frames.
pub const STORED_SCAN: ScanLimits = ScanLimits { depth_max: 127, keys_max: u32::MAX };

/// Events of one batch. Source: chosen; the largest SDK default is 250 (Go), Segment allows 2,500.
pub const BATCH_EVENTS_MAX: usize = 5_000;

/// Calls that are remembered to tell resends, twice at the most. Source: chosen; 555 events a second
/// for an hour, about 80 MB.
pub const RECENT_CALLS_MAX: usize = 2_000_000;

/// How often a read is tried before recalling what was stored lately is given up. Source: chosen; a
/// minute, in which everybody who reads after a start has had a turn.
pub const RECALL_TRIES_MAX: usize = 60;

/// How long such a read is left alone after it failed. Source: chosen.
pub const RECALL_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How often it is said that more calls come than are remembered. Source: chosen.
pub const SHORT_WINDOW_WARN_INTERVAL: Duration = Duration::from_secs(60);

/// Bytes of a `messageId` kept; a longer one is replaced. Source: chosen; UUIDs have 36.
pub const MESSAGE_ID_BYTES_MAX: usize = 1_024;

/// Bytes kept of a refused event, to show what it was. Source: chosen.
pub const REJECTION_SAMPLE_BYTES_MAX: usize = 512;

/// Bytes kept of the sentence that says why something was refused. Source: chosen.
pub const REJECTION_DETAIL_BYTES_MAX: usize = 300;

/// Rejections of one request that are recorded one by one. Source: chosen.
pub const REJECTIONS_PER_REQUEST_MAX: usize = 50;

/// How often a source's refusals for its rate are listed; a flood of them stays a count, as it would
/// push all other rejections out of the list. Source: chosen; 1,440 a day.
pub const RATE_REJECTION_INTERVAL: Duration = Duration::from_secs(60);

/// Events of a source's rate limit, a second or at once. Source: chosen; beyond what one server
/// takes, and an event still is a microsecond.
pub const RATE_EVENTS_MAX: u32 = 1_000_000;

/// Time for which a source may owe events that it has sent, where its burst takes no longer. Source:
/// chosen; SDKs give up soon, and a batch of 5,000 is paid in it at nine a second.
pub const RATE_DEBT_TIME_MAX: Duration = Duration::from_secs(600);

/// Causes of refusals of one source for one reason that are counted apart. Source: chosen; about 40 kB.
pub const REFUSAL_CAUSES_MAX: usize = 100;

/// How often refusals that anybody can repeat at will are listed, for each source and reason. Source:
/// chosen; 1,440 a day.
pub const REJECTION_INTERVAL: Duration = Duration::from_secs(60);

/// Such refusals that are listed at once before that. Source: chosen; enough to see what is wrong while
/// somebody tries to get it right.
pub const REJECTIONS_AT_ONCE_MAX: i64 = 10;

/// Bytes kept of the sentence that says why an attempt failed. Source: chosen.
pub const ATTEMPT_DETAIL_BYTES_MAX: usize = 300;

/// Unfinished deliveries of one destination that are kept in memory; when reached, reading stops
/// and the cursor stands still. Source: chosen; about 8 MB, and only where so many users fail.
pub const OPEN_DELIVERIES_MAX: usize = 50_000;

/// Deliveries of one lane that are kept in memory; the others wait on disk. Source: chosen; what one
/// user's line needs while the next ones are read.
pub const LANE_DELIVERIES_MAX: usize = 512;

/// The same for a lane whose first delivery has failed. Source: chosen.
pub const FAILING_LANE_DELIVERIES_MAX: usize = 16;

/// Lanes of one destination that go on on disk; when reached, reading stops and the cursor stands still.
/// Source: chosen; about 40 MB, and only where so many users wait behind one failing delivery.
pub const SHELVED_LANES_MAX: usize = 1_000_000;

/// Lanes whose next deliveries are read back from disk at once. Source: chosen; a commit of some
/// milliseconds comes between, and so does not hold up users who have one delivery each.
pub const LINES_AT_ONCE: usize = 64;

/// Deliveries read back of each of many lanes. Source: chosen; several, so that a lane is not asked
/// for again at once.
pub const LINE_DELIVERIES_LEAST: usize = 16;

/// Deliveries that are to wait on disk and are not written down yet; when reached, reading stops.
/// Source: chosen; what comes while an attempt takes long.
pub const UNWRITTEN_DELIVERIES_MAX: usize = 8_192;

/// Events of one destination read ahead and not yet settled. Source: measured; covers the settle
/// interval at 100,000 deliveries a second.
pub const WINDOW_EVENTS_MAX: usize = 2_048;

/// Deliveries that may go at once, beside twice as many as may be under way, from which on a
/// destination reads no further. Source: measured; covers a read from disk at 20,000 a second.
pub const READY_LEAST: usize = 256;

/// Deliveries that are read, at each probe of an endpoint that takes nothing, in search of one that was
/// never tried. Source: chosen; among so many there is one of another user, where there are others.
pub const SEARCHED_FOR_A_PROBE: u64 = 512;

/// Bytes of events read ahead for one destination. Source: chosen.
pub const WINDOW_BYTES_MAX: usize = 16 << 20;

/// Bytes of events that all destinations of a dispatch thread read ahead together; of these one may
/// have as many as it leaves. Source: chosen; four destinations that are behind read as far as they
/// may, and a hundred take no more memory than ten.
pub const THREAD_WINDOW_BYTES: usize = 64 << 20;

/// Bytes that each destination may read ahead, however many there are. Source: chosen; a hundred
/// events of 1 kB, more than may be under way.
pub const WINDOW_BYTES_LEAST: usize = 128 << 10;

/// Attempts of one destination that have ended and are not settled on disk yet; when reached,
/// sending pauses. This bounds the duplicates after a crash. Source: chosen.
pub const UNSETTLED_ATTEMPTS_MAX: usize = 1_024;

/// Events passed over before that alone is worth a commit. Source: chosen; reading so many again
/// takes a few milliseconds.
pub const PASSED_EVENTS_MAX: u64 = 4_096;

/// Events that a destination cannot get any more and that are recorded one by one; of a longer
/// range the rest is one record. Source: chosen; what a busy journal loses within a second, and less than
/// its deliveries would have left in the ledger.
pub const EXPIRED_RECORDS_MAX: u64 = 10_000;

/// Bytes asked for when a destination reads on. Source: chosen; about a thousand events.
pub const READ_BYTES: usize = 1 << 20;

/// Frames that a destination keeps which it has read again for single events of theirs. Source:
/// chosen; 4 MB each at most, and only while lines are read back from disk.
pub const KEPT_FRAMES_MAX: usize = 2;

/// Events that a destination reads again at the same time. Source: chosen; as many threads read the
/// journal, and attempts that start together mostly want the same frame.
pub const REREADS_MAX: usize = 2;

/// Wait before a stored event that could not be read is read again. Source: chosen.
pub const REREAD_WAIT: Duration = Duration::from_secs(5);

/// Bytes of a file with certificates or a key. Source: chosen; the list that browsers trust has
/// 220 kB.
pub const PEM_BYTES_MAX: u64 = 1 << 20;

/// Bytes of a query made from an event. Source: the longest request target the `http` crate takes.
pub const QUERY_BYTES_MAX: usize = 64 << 10;

/// Origins other than its own to which one destination keeps connections. Source: chosen; an event's
/// author can invent any number of subdomains.
pub const KEPT_ORIGINS_MAX: usize = 16;

/// Bytes of an answer's body that are read; what follows is cut off. Source: chosen.
pub const ANSWER_BODY_BYTES_MAX: usize = 16 << 10;

/// Pieces of an answer's body that are read; what follows is cut off. Source: chosen; a piece costs
/// a turn of the thread, and a body of 16 KiB may come in as many pieces as it has bytes.
pub const ANSWER_PIECES_MAX: usize = 128;

/// Time an answer's body may take once its head is there. Source: chosen.
pub const ANSWER_BODY_TIME_MAX: Duration = Duration::from_secs(2);

/// Bytes of an answer's head. Source: chosen; nginx and node stop at 8 to 16 KiB.
pub const ANSWER_HEAD_BYTES_MAX: usize = 64 << 10;

/// Headers that an event may bring along. Source: chosen; servers take about 100.
pub const OWN_HEADERS_MAX: usize = 1_000;

/// Bytes of a body that is written in one piece with its head. Source: chosen; nearly all events are
/// smaller, and the copy takes less than a tenth of a microsecond.
pub const JOINED_BODY_BYTES_MAX: usize = 4 << 10;

/// Headers of an answer. Source: chosen; endpoints send about 10.
pub const ANSWER_HEADERS_MAX: usize = 100;

/// Bytes of an answer that are asked for at a time. Source: chosen; answers of endpoints fit.
pub const ANSWER_READ_BYTES: usize = 4 << 10;

/// Room for so much of an answer is not kept for the next one. Source: chosen.
pub const ANSWER_ROOM_BYTES_KEPT: usize = 4 * ANSWER_READ_BYTES;

/// Bytes of a line between the chunks of an answer, and of all that stands behind the last one. Source:
/// chosen; lines hold a number and rarely anything else.
pub const ANSWER_LINE_BYTES_MAX: usize = 4 << 10;

/// Answers on the way to the answer (1xx) that are passed over. Source: chosen; servers send one.
pub const EARLY_ANSWERS_MAX: usize = 10;

/// Bytes of an answer's body that people see. Source: chosen; an error with its id.
pub const EXCERPT_BODY_BYTES_MAX: usize = 1 << 10;

/// Bytes of an answer's headers that people see. Source: chosen; usual answers have 300.
pub const EXCERPT_HEADERS_BYTES_MAX: usize = 4 << 10;

/// Bytes of one header that people see. Source: chosen.
pub const EXCERPT_VALUE_BYTES_MAX: usize = 256;

/// Bytes that a configured header's value must have for an answer to be searched for it; shorter ones are only
/// hidden where they are a whole value. Source: chosen; tokens have 16.
pub const SOUGHT_SECRET_BYTES_MIN: usize = 8;

/// Connections of one destination to one origin. Source: chosen; what HTTP/1.1 needs for as many attempts at a
/// time, four times the default of `delivery.concurrency`.
pub const ORIGIN_CONNECTIONS_MAX: usize = 256;

/// Connections to endpoints of one dispatch thread. Source: chosen; a sixteenth of the open files
/// that are asked for.
pub const THREAD_CONNECTIONS_MAX: usize = 4_096;

/// Attempts that the destinations of a dispatch thread may have under way together; half of them are
/// for destinations that have none. Source: chosen; a connection for each.
pub const THREAD_ATTEMPTS_MAX: usize = THREAD_CONNECTIONS_MAX;

/// Bytes of events a destination may start to send before others have their turn. Source: chosen; a
/// dozen events of 1 kB, a third of a millisecond's work.
pub const TURN_BYTES: i64 = 32 << 10;

/// Bytes that an attempt counts for besides those of its event. Source: chosen; small
/// events cost about as much as one of this size.
pub const TURN_ATTEMPT_BYTES: i64 = 2 << 10;

/// How long a kept connection may have been silent and still be used. Source: chosen; firewalls and
/// translators forget connections after 60 to 350 s, and do not tell.
pub const KEPT_CONNECTION_SILENCE_MAX: Duration = Duration::from_secs(60);

/// How often kept connections are looked through for those that the endpoint has closed. Source: chosen;
/// one that is about to be used is looked at anyway.
pub const KEPT_CONNECTION_LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// Time that a connection to an endpoint takes leave, once nobody uses it. Source: chosen; TLS says
/// goodbye, which an endpoint that reads no more would never take.
pub const CLOSE_TIME_MAX: Duration = Duration::from_secs(2);

/// Bytes that an endpoint may send ahead on one stream of HTTP/2. Source: RFC 9113's default; answers
/// are cut off long before.
pub const ANSWER_WINDOW_BYTES: u32 = 65_535;

/// Bytes that an endpoint may send ahead on one connection of HTTP/2. Source: chosen; sixteen streams
/// as far as they may.
pub const ANSWERS_WINDOW_BYTES: u32 = 1 << 20;

/// Time a name may take to resolve. Source: chosen; the resolver's own default.
pub const RESOLVE_TIME_MAX: Duration = Duration::from_secs(5);

/// Time one question to a name server may take; then the next one is asked, or the same once more.
/// Source: chosen; two of them fit into the whole time.
pub const NAME_SERVER_TIME_MAX: Duration = Duration::from_secs(2);

/// Addresses of one name that are considered. Source: chosen.
pub const ADDRESSES_MAX: usize = 16;

/// Time a connection to one address may take. Source: chosen; three lost SYNs need 7 s.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Time before the next address is tried beside one that has not answered. Source: RFC 8305, section 5.
pub const RACE_STAGGER: Duration = Duration::from_millis(250);

/// Time that agreeing on TLS may take. Source: chosen; two round trips, and a busy endpoint.
pub const TLS_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes of a request's head. Source: chosen; SDKs send less than 2 KiB.
pub const REQUEST_HEAD_BYTES_MAX: usize = 64 << 10;

/// Headers of a request. Source: hyper's own limit; SDKs send about 15.
pub const REQUEST_HEADERS_MAX: usize = 100;

/// Bytes of a chunked body that say nothing: what follows a size on its line, and headers after the
/// last chunk. Source: hyper's own limit for each of both.
pub const CHUNK_ASIDES_BYTES_MAX: usize = 16 << 10;

/// Room for what is read of a request at a time, where it does not say how long it is. Source:
/// chosen; a page of memory, and more than a request of one event.
pub const HELD_READ_BYTES: usize = 4 << 10;

/// Room for which none is made anew. Source: chosen; most of a head.
pub const LEAST_READ_BYTES: usize = 256;

/// Headers for which a silent connection keeps room. Source: chosen; twice as many as SDKs send.
pub const KEPT_HEADERS_ROOM: usize = 32;

/// Bytes of an answer for which a silent connection keeps room. Source: chosen; most take less.
pub const KEPT_ANSWER_BYTES: usize = 1 << 10;

/// Room for what is read at a time of a long body. Source: hyper's own limit was as much.
pub const BODY_READ_BYTES_MAX: usize = 64 << 10;

/// Bytes that a client whose request is refused may still send before its connection is closed.
/// Source: chosen; what fits into socket buffers.
pub const LINGER_BYTES_MAX: usize = 1 << 20;

/// Time that such a client has to read its answer. Source: chosen.
pub const LINGER_TIME_MAX: Duration = Duration::from_secs(1);

/// Time that a connection without a request has when the server ends: what a client has sent in the
/// same moment still arrives. Source: chosen; a round trip to the other side of the world.
pub const LEAVE_PATIENCE: Duration = Duration::from_millis(250);

/// Time that requests under way have at least once nothing is taken any more, unless an end is to
/// take none at all. Source: chosen; a sync and a round trip, and short beside any grace.
pub const CLOSE_TIME_MIN: Duration = Duration::from_secs(1);

/// Requests of one HTTP/2 connection at the same time. Source: RFC 9113 advises at least 100.
pub const HTTP2_STREAMS_MAX: u32 = 100;

/// Bytes of all headers of an HTTP/2 request. Source: as a head of HTTP/1.
pub const HTTP2_HEADERS_BYTES_MAX: u32 = 64 << 10;

/// Bytes that one header takes in memory besides its text. Source: measured; a place in a header map
/// with its share of the index.
pub const HEADER_BYTES: usize = 128;

/// Bytes of the heads of all requests under way on one HTTP/2 connection. Source: chosen; a hundred
/// with 16 KiB of cookies each.
pub const HTTP2_HEADS_BYTES_MAX: usize = 2 << 20;

/// Bytes of the heads of all HTTP/2 requests under way, of which one client has its part. Source:
/// chosen; 25,000 requests of browsers.
pub const HTTP2_ALL_HEADS_BYTES_MAX: usize = 64 << 20;

/// Frames of an HTTP/2 client, one after the other, that belong to no request. Source: chosen; a
/// ping every ten seconds for a day.
pub const HTTP2_IDLE_FRAMES_MAX: u32 = 10_000;

/// Bytes of answers that wait on one HTTP/2 connection. Source: chosen; answers are short.
pub const HTTP2_SEND_BYTES_MAX: usize = 64 << 10;

/// Bytes that an HTTP/2 client may send ahead, per request and per connection. Source: chosen; two
/// of the largest batches of browser SDKs.
pub const HTTP2_WINDOW_BYTES: u32 = 1 << 20;

/// Streams that an HTTP/2 client has opened and reset before anybody looked at them. Source: the
/// default of the h2 crate, made against rapid resets.
pub const HTTP2_PENDING_RESETS_MAX: usize = 20;

/// Streams reset for a client's mistakes before its connection ends at once. Source: the default of
/// the h2 crate.
pub const HTTP2_LOCAL_RESETS_MAX: usize = 1_024;

/// Streams reset for a client's mistakes before its connection ends in good order, with all other
/// requests on it answered. Source: chosen; as many may come before a client hears of it.
pub const HTTP2_MISTAKES_MAX: u32 = 512;

/// Bytes of a body that a gateway thread works on itself; a larger one is put aside. Source:
/// measured; a gateway thread scans so many in less than a millisecond.
pub const INLINE_BYTES_MAX: usize = 256 << 10;

/// Bytes of gzip that a gateway thread begins to inflate itself, up to [`INLINE_BYTES_MAX`] of what
/// comes of them. Source: chosen; text deflates four- to tenfold, so more give more than that.
pub const INLINE_PACKED_BYTES_MAX: usize = 64 << 10;

/// Time that work on a large body waits for its turn. Source: chosen; half of what the disk has.
pub const ASIDE_WAIT_MAX: Duration = Duration::from_secs(5);

/// Large bodies that wait for their turn. Source: chosen; more than are done in [`ASIDE_WAIT_MAX`].
pub const ASIDE_WAITING_MAX: usize = 1_024;

/// Large bodies of one client that wait for their turn. Source: chosen; a client that sends again
/// all that it kept while it was offline has fewer.
pub const ASIDE_WAITING_OF_SITE_MAX: usize = 128;

/// Counts of what each client holds of the budget for requests under way. Source: chosen; 32 KiB of
/// memory, and of a hundred clients at a time two rarely meet in one.
pub const BUDGET_SITES: usize = 4_096;

/// The budget for requests under way is so many times what one client may hold. Source: chosen.
pub const BUDGET_PART_OF_SITE: usize = 8;

/// The same for requests without a key in their head, which anybody can send. Source: chosen.
pub const BUDGET_PART_OF_KEYLESS_SITE: usize = 32;

/// Bytes of a body that must come in a second once its grace is over. Source: chosen; a tenth of
/// the slowest mobile networks.
pub const BODY_BYTES_PER_SECOND_MIN: u64 = 1 << 10;

/// Longest silence that what has come of a body earns it, where its grace is no longer. Source:
/// chosen; three packets lost in a row silence a connection for seven seconds.
pub const BODY_PATIENCE_MAX: Duration = Duration::from_secs(10);

/// Bytes that each byte of a gzip body may become, where that is more than
/// [`INFLATED_BYTES_FREE`]. Source: measured; 5,000 events of a kilobyte that differ in a counter
/// alone become 150 times as long, events padded with one letter 200 times, and nothing more than
/// 1,030 times.
pub const INFLATE_RATIO_MAX: usize = 400;

/// Bytes that a gzip body may become, however small it is. Source: chosen; they take less than a
/// millisecond.
pub const INFLATED_BYTES_FREE: usize = 1 << 20;

/// Bytes of a refused body that are still read before the refusal. Source: chosen; the Node SDK
/// sends batches of 10 MB and sends again what it could not finish.
pub const REFUSED_BODY_DRAIN_BYTES_MAX: usize = 64 << 20;

/// Bytes of events that one gateway thread hands to the journal at once, unless one request alone
/// is larger. Source: chosen; as much as the journal puts in a frame.
pub const BATCH_BYTES_MAX: usize = 4 << 20;

/// Time a request waits for the disk. Source: RudderStack's gateway answers 504 after 10 s.
pub const STORE_TIME_MAX: Duration = Duration::from_secs(10);

/// Silent connections that are closed at a time where room is wanted. Source: chosen.
pub const SHED_CONNECTIONS: usize = 16;

/// How often it is said that connections cannot be accepted. Source: chosen.
pub const ACCEPT_WARN_INTERVAL: Duration = Duration::from_secs(10);

/// Open files that are asked of the system at the start. Source: chosen; tens of thousands of
/// connections.
pub const OPEN_FILES_WANTED: u64 = 65_536;

/// Open files kept for storage, the dashboard, and connections to endpoints. Source: chosen.
pub const OPEN_FILES_RESERVED: u64 = 512;

/// Wait after a failed accept. Source: chosen.
pub const ACCEPT_REST: Duration = Duration::from_millis(50);

/// How often the free room of the disk is looked at. Source: chosen; a second of full load takes
/// 50 MB.
pub const DISK_INTERVAL: Duration = Duration::from_secs(1);

/// How often old events are removed. Source: chosen.
pub const RETENTION_INTERVAL: Duration = Duration::from_secs(60);

/// Frames of events that are looked at for their age before others have their turn. Source: chosen; a
/// fraction of a second.
pub const RETENTION_FRAMES_MAX: u32 = 4_096;

/// How often the size of the journal is looked at. Source: chosen; a second of full load is 50 MB.
pub const RETENTION_SIZE_INTERVAL: Duration = Duration::from_secs(1);

/// How often it is said, while it goes on, that events are lost which were still to be delivered.
/// Source: chosen.
pub const LOSS_WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Connections that may wait to be accepted. Source: chosen; the kernel caps it at somaxconn.
pub const LISTEN_BACKLOG: i32 = 4_096;

/// A second signal sooner than this is the first one again. Source: chosen.
pub const SECOND_SIGNAL_AFTER: Duration = Duration::from_millis(300);

/// How often a followed file is looked at. Source: chosen; changes apply within two seconds.
pub const FILE_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Playgrounds that keep requests at a time. Source: chosen.
pub const PLAYGROUNDS_MAX: usize = 16;

/// Requests a playground keeps. Source: chosen.
pub const PLAYGROUND_REQUESTS_MAX: usize = 200;

/// Bytes of a request's body that a playground keeps. Source: chosen.
pub const PLAYGROUND_BODY_BYTES_MAX: usize = 64 << 10;

/// Bytes of a request's headers that a playground keeps. Source: chosen.
pub const PLAYGROUND_HEADER_BYTES_MAX: usize = 16 << 10;

/// Bytes of a request that a playground takes at all. Source: chosen; more than any event.
pub const PLAYGROUND_REQUEST_BYTES_MAX: usize = 32 << 20;

/// Time open admin requests get when the server ends. Source: chosen.
pub const ADMIN_GRACE: Duration = Duration::from_millis(200);

/// Connections to the admin listener at the same time. Source: chosen; as many open files as are kept
/// for others than the gateway.
pub const ADMIN_CONNECTIONS_MAX: usize = 512;

/// Time until an admin request is being answered, its body included. Source: chosen; as long as a body
/// may take at the gateway.
pub const ADMIN_REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// Wait before storage that had no room is asked again. Source: chosen.
pub const STORAGE_REST: Duration = Duration::from_secs(1);

/// Longest `Retry-After` that is honoured, in seconds. Source: chosen.
pub const RETRY_AFTER_SECONDS_MAX: u64 = 3_600;

/// Bytes of a filter's condition. Source: chosen; a page of text.
pub const CONDITION_BYTES_MAX: usize = 4_096;

/// Levels of a condition. Source: chosen; people lose their way earlier.
pub const CONDITION_DEPTH_MAX: usize = 16;

/// Tests of a condition: paths that are looked up in each event. Source: chosen.
pub const CONDITION_TESTS_MAX: usize = 100;

/// Segments of a path in a condition. Source: chosen; events of SDKs have six levels.
pub const PATH_SEGMENTS_MAX: usize = 32;

/// Bytes that a regular expression may take once it is compiled. Source: chosen; matching takes no
/// longer than this times the text, and `\w{1,20}` takes half of it.
pub const PATTERN_BYTES_MAX: usize = 256 << 10;

/// Levels of groups in a regular expression. Source: chosen.
pub const PATTERN_DEPTH_MAX: u32 = 50;

/// Names of an allow or deny list. Source: chosen; catalogs of events have hundreds.
pub const FILTER_NAMES_MAX: usize = 1_000;

/// Issues of one destination that are told apart; of each reason that comes beyond them, one more.
/// Source: chosen; a handful is usual, and an endpoint may answer with 900 statuses.
pub const ISSUES_PER_DESTINATION_MAX: usize = 200;

/// Users that an issue counts. Source: chosen; beyond it the number matters less than that it is large.
pub const ISSUE_USERS_MAX: u64 = 1_000;

/// How long an issue by which events were lost has to be quiet until a delivery ends it. Source: chosen;
/// an endpoint that refuses one kind of event takes the others meanwhile.
pub const ISSUE_QUIET: Duration = Duration::from_mins(10);

/// Hours over which it is kept how often an issue came. Source: chosen; a day.
pub const ISSUE_TREND_HOURS: usize = 24;

/// Characters of what somebody notes about an issue. Source: chosen; a paragraph.
pub const ISSUE_NOTE_CHARS_MAX: usize = 500;

/// Deliveries of a removed destination that are given up in one step. Source: chosen; some
/// milliseconds of the state's writer.
pub const GIVEN_UP_AT_ONCE: u32 = 1_000;

/// Places that a restore passes over at least, so that none is used twice whatever was accepted after the
/// backup. Source: chosen; 100,000 events a second for four months.
pub const RESTORE_SKIP: u64 = 1 << 40;

/// How many times as many a restore passes over at most: how many is drawn, so that two restores of one
/// backup go on at different places, but for one time in so many. Source: chosen; a number of JavaScript,
/// which is exact up to 2^53, still takes 250 restores.
pub const RESTORE_SKIPS_MAX: u64 = 64;

const _: () = assert!(ASIDE_WAITING_OF_SITE_MAX < ASIDE_WAITING_MAX);
const _: () = assert!(BUDGET_PART_OF_SITE <= BUDGET_PART_OF_KEYLESS_SITE);
const _: () = assert!(WINDOW_EVENTS_MAX <= OPEN_DELIVERIES_MAX);
const _: () = assert!(WINDOW_BYTES_LEAST <= READ_BYTES && READ_BYTES <= WINDOW_BYTES_MAX);
const _: () = assert!(WINDOW_BYTES_MAX <= THREAD_WINDOW_BYTES);
const _: () = assert!(EVENT_SCAN.depth_max <= STORED_SCAN.depth_max);
const _: () = assert!((HTTP2_MISTAKES_MAX as usize) < HTTP2_LOCAL_RESETS_MAX);
