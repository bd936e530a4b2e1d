//! How telemetry knows an event: the ids of its trace and of the spans in it, as W3C Trace Context
//! writes them.
//!
//! They derive from the event alone. So rooms that never meet write spans of one trace, and whether
//! an event is traced is the same answer wherever it is asked.

use std::fmt;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::id::Seq;
use crate::time::Timestamp;

/// A trace: of an event of ours, or one that a caller is in. Never 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceId(u128);

/// A span of a trace. Never 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SpanId(u64);

/// A span, and the trace that it is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
}

/// Which share of all events is traced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// The least number that the last bits of a traced event's trace make.
    least: u64,
}

/// The header that names the span which a request is made in. Source: W3C Trace Context.
pub const TRACEPARENT: &str = "traceparent";

/// The bits of a trace that are as good as random. Source: W3C Trace Context, level 2.
const RANDOM_BITS: u32 = 56;

/// Bytes of a `traceparent` of version 00. Source: W3C Trace Context.
const TRACEPARENT_BYTES: usize = 55;

impl TraceId {
    /// The trace of an event. Two servers may give events the same place, but hardly in the same
    /// millisecond.
    pub fn of(seq: Seq, received_at: Timestamp) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seq.0.to_le_bytes());
        bytes[8..].copy_from_slice(&received_at.0.to_le_bytes());
        Self(xxh3_128(&bytes).max(1))
    }

    /// The span of the event's acceptance, to which all others belong.
    pub fn acceptance(self) -> SpanId {
        SpanId(xxh3_64(&self.to_bytes()).max(1))
    }

    /// As it travels.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl SpanId {
    /// A span with this number.
    pub fn new(number: u64) -> Self {
        Self(number.max(1))
    }

    /// As it travels.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl TraceContext {
    /// Reads a `traceparent`; none where it is none. One of a later version is read as far as it is
    /// known.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let known = text.get(..TRACEPARENT_BYTES)?;
        let is_longer = text.get(TRACEPARENT_BYTES);
        let is_apart = [2, 35, 52].iter().all(|at| known[*at] == b'-');
        let version = hex(&known[..2])?;
        let is_version = match version {
            0 => is_longer.is_none(),
            0xff => false,
            _ => is_longer.is_none_or(|next| *next == b'-'),
        };
        hex(&known[53..])?;
        let (trace, span) = (hex(&known[3..35])?, hex(&known[36..52])?);
        let span = u64::try_from(span).ok()?;
        (is_apart && is_version && trace != 0 && span != 0)
            .then_some(Self { trace: TraceId(trace), span: SpanId(span) })
    }
}

impl fmt::Display for TraceContext {
    /// Writes a `traceparent` of a span that is recorded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace.0, self.span.0)
    }
}

impl Share {
    /// Millionths of a whole.
    pub const WHOLE: u32 = 1_000_000;

    /// So many millionths of all events.
    pub fn of_millionths(parts: u32) -> Self {
        let all = 1_u64 << RANDOM_BITS;
        let traced = u128::from(all) * u128::from(parts.min(Self::WHOLE)) / u128::from(Self::WHOLE);
        Self { least: all - u64::try_from(traced).unwrap_or(all) }
    }

    /// Whether an event with this trace is among them.
    pub fn holds(self, trace: TraceId) -> bool {
        let random = u128::from((1_u64 << RANDOM_BITS) - 1);
        trace.0 & random >= u128::from(self.least)
    }
}

/// The number that lower-case digits make; none where others are among them.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number: u128, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_read_or_is_none() {
        let check = |text: &str, is_read: bool| {
            assert_eq!(TraceContext::parse(text.as_bytes()).is_some(), is_read, "{text}");
        };
        check(KNOWN, true);
        check(&KNOWN.replace("-01", "-00"), true);
        check(&KNOWN.replacen("00", "cc", 1), true);
        check(&format!("{}-more", KNOWN.replacen("00", "cc", 1)), true);
        check(&format!("{}more", KNOWN.replacen("00", "cc", 1)), false);
        check(&format!("{KNOWN}-more"), false);
        check(&KNOWN.replacen("00", "ff", 1), false);
        check(&KNOWN.to_uppercase(), false);
        check(&KNOWN.replace('-', "_"), false);
        check(&KNOWN.replace("-01", "-0x"), false);
        check("00-00000000000000000000000000000000-b7ad6b7169203331-01", false);
        check("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false);
        check("", false);
    }

    #[test]
    fn an_event_is_known_by_the_same_ids_for_ever() {
        let trace = TraceId::of(Seq(7), Timestamp(1_764_030_890_123));
        let context = TraceContext { trace, span: trace.acceptance() };
        let wanted = "00-3b74a1a3e15ec21c8c5b5bb3856803ac-0b954989df119136-01";
        assert_eq!(context.to_string(), wanted);
    }

    #[test]
    fn a_share_is_kept_in_the_long_run_and_a_larger_one_holds_the_smaller() {
        let traces: Vec<_> = (0..100_000).map(|at| TraceId::of(Seq(at), Timestamp(5))).collect();
        let count = |parts| {
            let share = Share::of_millionths(parts);
            traces.iter().filter(|trace| share.holds(**trace)).count()
        };
        assert_eq!((count(0), count(Share::WHOLE), count(u32::MAX)), (0, 100_000, 100_000));
        assert!((900..1_100).contains(&count(10_000)), "{}", count(10_000));
        let (few, many) = (Share::of_millionths(10_000), Share::of_millionths(50_000));
        assert!(traces.iter().all(|trace| !few.holds(*trace) || many.holds(*trace)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_nothing_panics(
            seq: u64, at: i64, span: u64, noise in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let trace = TraceId::of(Seq(seq), Timestamp(at));
            let context = TraceContext { trace, span: SpanId::new(span) };
            prop_assert_eq!(TraceContext::parse(context.to_string().as_bytes()), Some(context));
            let _ = TraceContext::parse(&noise);
        }
    }
}
