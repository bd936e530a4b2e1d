//! Series: how much happened when, minute by minute, for charts.
//!
//! Events and refusals are counted by source, attempts by destination, in the minute in which they came
//! or ended. How long things took is kept as a spread, of which any number can be put together: so the
//! percentiles of a day are those of its events, and never averages of percentiles. What replays do is
//! left out, as in [`crate::Totals`].

use std::collections::BTreeMap;

use domain::id::{DestinationId, Seq, SourceId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::{AttemptRecord, Fate};

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;

/// How often something took how long; a bucket is at most a quarter wider than its lower bound.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Spread(BTreeMap<u8, u64>);

/// What happened in a minute, or in several.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Happenings {
    /// Events stored.
    pub accepted: u64,
    /// Requests and events refused.
    pub rejected: u64,
    /// Deliveries that succeeded with the first attempt.
    pub delivered_first_try: u64,
    /// Deliveries that succeeded later.
    pub delivered_on_retry: u64,
    /// Deliveries given up.
    pub gave_up: u64,
    /// Deliveries whose event was gone.
    pub expired: u64,
    /// Attempts that failed.
    pub failed_attempts: u64,
    /// How long attempts took, in microseconds.
    pub took: Spread,
    /// How long after they were received events were delivered, in microseconds.
    pub until_delivered: Spread,
}

/// What a count belongs to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Whose {
    /// What a source sent; none where nobody knows whose it was.
    Source(Option<SourceId>),
    /// What was delivered to a destination.
    Destination(DestinationId),
}

/// What came in since the last step, for the series.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IntakeStep {
    /// Every event before this place is counted; none where no event was looked at.
    pub counted_to: Option<Seq>,
    /// When events of a source were received, to the minute, and how many.
    pub accepted: Vec<(SourceId, Timestamp, u64)>,
    /// The same of refusals.
    pub rejected: Vec<(Option<SourceId>, Timestamp, u64)>,
}

/// Which part of the series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesQuery {
    /// Whose.
    pub scope: Scope,
    /// From this time on, to the minute.
    pub from: Timestamp,
    /// Up to the minute before this time.
    pub to: Timestamp,
    /// Minutes of a point; points begin at multiples of it.
    pub bucket_minutes: u32,
}

/// Whose happenings are put together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Everybody's.
    All,
    /// Those of a source; of all sources, and of nobody known, where there is none.
    Intake(Option<SourceId>),
    /// Those of a destination; of all where there is none.
    Deliveries(Option<DestinationId>),
}

/// A point of a series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesPoint {
    /// When it begins.
    pub at: Timestamp,
    /// What happened.
    pub happenings: Happenings,
}

impl Spread {
    /// Notes that it took so long.
    pub fn note(&mut self, us: u64) {
        *self.0.entry(bucket(us)).or_default() += 1;
    }

    /// Takes in another one.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            *self.0.entry(*bucket).or_default() += count;
        }
    }

    /// How many were noted.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// How long this part of them took at most, from 0 to 1, in microseconds; none where there are
    /// none.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let rank = part.clamp(0.0, 1.0) * self.count() as f64;
        let mut before = 0.0;
        for (bucket, count) in &self.0 {
            let count = *count as f64;
            if before + count >= rank {
                let (low, high) = (lower(*bucket), lower(bucket.saturating_add(1)));
                return Some(low + (high - low) * ((rank - before) / count));
            }
            before += count;
        }
        None
    }

    /// As it is stored: for each bucket its number and how many are in it, seven bits a byte.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 3);
        for (bucket, count) in &self.0 {
            bytes.push(*bucket);
            let mut rest = *count;
            while rest >= 0x80 {
                bytes.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; of anything else as much as can be understood.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (mut spread, mut rest) = (Self::default(), bytes.iter());
        while let Some(bucket) = rest.next() {
            let (mut count, mut shift) = (0_u64, 0);
            for byte in rest.by_ref() {
                count |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            *spread.0.entry(*bucket).or_default() += count;
        }
        spread
    }
}

/// Four buckets for each doubling; those below four are exact.
fn bucket(us: u64) -> u8 {
    if us < 4 {
        return us as u8;
    }
    let exponent = us.ilog2();
    let quarter = (us >> (exponent - 2)) & 3;
    ((u64::from(exponent) - 1) * 4 + quarter) as u8
}

/// Where a bucket begins, in microseconds.
fn lower(bucket: u8) -> f64 {
    if bucket < 4 {
        return f64::from(bucket);
    }
    f64::from(4 + bucket % 4) * f64::from(bucket / 4 - 1).exp2()
}

impl Happenings {
    /// Counts an attempt.
    pub fn count(&mut self, attempt: &AttemptRecord) {
        match attempt.fate {
            Fate::Delivered if attempt.number > 1 => self.delivered_on_retry += 1,
            Fate::Delivered => self.delivered_first_try += 1,
            Fate::Retry => {}
            Fate::GaveUp => self.gave_up += 1,
            Fate::Expired => self.expired += 1,
        }
        // Where somebody let a delivery go, or its event was gone, no request was made.
        let was_made = attempt.status > 0 || attempt.duration_us > 0;
        if !was_made || attempt.fate == Fate::Expired {
            return;
        }
        self.took.note(attempt.duration_us.into());
        if attempt.fate != Fate::Delivered {
            self.failed_attempts += 1;
        } else if let Some(received_at) = attempt.received_at {
            let until = ended_at(attempt).since(received_at).as_micros();
            self.until_delivered.note(u64::try_from(until).unwrap_or(u64::MAX));
        }
    }

    /// Takes in others.
    pub fn merge(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.delivered_first_try += other.delivered_first_try;
        self.delivered_on_retry += other.delivered_on_retry;
        self.gave_up += other.gave_up;
        self.expired += other.expired;
        self.failed_attempts += other.failed_attempts;
        self.took.merge(&other.took);
        self.until_delivered.merge(&other.until_delivered);
    }
}

impl Scope {
    /// Whether it takes in what is counted for somebody.
    pub fn includes(&self, whose: &Whose) -> bool {
        match (self, whose) {
            (Self::All, _)
            | (Self::Intake(None), Whose::Source(_))
            | (Self::Deliveries(None), Whose::Destination(_)) => true,
            (Self::Intake(wanted), Whose::Source(id)) => wanted == id,
            (Self::Deliveries(wanted), Whose::Destination(id)) => wanted.as_ref() == Some(id),
            _ => false,
        }
    }
}

impl SeriesQuery {
    /// The minutes that are asked for: the first one, and the one after the last.
    pub fn minutes(&self) -> (i64, i64) {
        minutes(self.from, self.to)
    }
}

/// The first minute of a span, and the one after its last.
pub(crate) fn minutes(from: Timestamp, to: Timestamp) -> (i64, i64) {
    (minute(from), minute(Timestamp(to.0.saturating_add(MINUTE_MS - 1))))
}

/// Minutes of each destination, in order.
pub type DestinationSeries = BTreeMap<DestinationId, Vec<SeriesPoint>>;

/// Points in the making.
pub(crate) struct Points {
    bucket_minutes: i64,
    points: BTreeMap<i64, Happenings>,
}

impl Points {
    /// None yet.
    pub fn of(query: &SeriesQuery) -> Self {
        let bucket_minutes = i64::from(query.bucket_minutes.max(1));
        Self { bucket_minutes, points: BTreeMap::new() }
    }

    /// Takes in what happened in a minute.
    pub fn add(&mut self, minute: i64, happenings: &Happenings) {
        let bucket = minute.div_euclid(self.bucket_minutes);
        self.points.entry(bucket).or_default().merge(happenings);
    }

    /// All of them, in order.
    pub fn all(self) -> Vec<SeriesPoint> {
        let begin = |bucket: i64| Timestamp(bucket * self.bucket_minutes * MINUTE_MS);
        let point = |(bucket, happenings)| SeriesPoint { at: begin(bucket), happenings };
        self.points.into_iter().map(point).collect()
    }
}

impl SeriesPoint {
    /// What happened in one minute.
    pub(crate) fn of_minute(minute: i64, happenings: Happenings) -> Self {
        Self { at: Timestamp(minute * MINUTE_MS), happenings }
    }
}

/// The minute of a time.
pub(crate) fn minute(at: Timestamp) -> i64 {
    at.0.div_euclid(MINUTE_MS)
}

/// When an attempt ended.
pub(crate) fn ended_at(attempt: &AttemptRecord) -> Timestamp {
    Timestamp(attempt.at.0.saturating_add(i64::from(attempt.duration_us / 1_000)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spread(times: impl IntoIterator<Item = u64>) -> Spread {
        let mut spread = Spread::default();
        times.into_iter().for_each(|us| spread.note(us));
        spread
    }

    #[test]
    fn quantiles_are_near_what_they_stand_for() {
        let thousand = spread((1..=1_000).map(|ms| ms * 1_000));
        for (part, ms) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = thousand.quantile(part).unwrap() / 1_000.0;
            assert!((found / ms - 1.0).abs() < 0.06, "{part}: {found}");
        }
        assert_eq!(Spread::default().quantile(0.5), None);
        assert_eq!(spread([0]).quantile(0.5), Some(0.5));
        let two = spread([10, 10_000_000]);
        assert!(two.quantile(0.5).unwrap() < 13.0 && two.quantile(0.99).unwrap() > 8e6);
    }

    proptest! {
        #[test]
        fn a_time_lies_in_its_bucket(us in prop_oneof![0_u64..10_000, any::<u64>()]) {
            let own = bucket(us);
            prop_assert!(lower(own) <= us as f64);
            prop_assert!(own == u8::MAX || (us as f64) <= lower(own + 1), "{us}");
            prop_assert!(us < 4 || lower(own + 1) <= lower(own) * 1.25);
        }

        #[test]
        fn a_spread_is_read_as_it_was_written(
            times in prop::collection::vec(any::<u64>(), 0..50), more in 0_u64..1_000_000_000,
        ) {
            let mut one = spread(times.iter().copied());
            one.0.entry(7).and_modify(|count| *count += more);
            prop_assert_eq!(Spread::from_bytes(&one.to_bytes()), one.clone());
            let mut both = spread(times.iter().copied().take(20));
            both.merge(&spread(times.iter().copied().skip(20)));
            prop_assert_eq!(both, spread(times));
        }

        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            let _ = Spread::from_bytes(&bytes);
        }
    }
}
