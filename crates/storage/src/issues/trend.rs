//! Trends: how often an issue came in each of the last hours, kept with it in a few bytes.

use domain::limits::ISSUE_TREND_HOURS;
use domain::time::Timestamp;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Hours that are kept.
const HOURS: i64 = ISSUE_TREND_HOURS as i64;

/// Bytes of the stored form: the newest hour, and the count of each.
const BYTES: usize = 8 + 4 * ISSUE_TREND_HOURS;

/// Failures in each of the hours that end with the newest one that had any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trend {
    /// Hours since 1970.
    newest: i64,
    /// An hour's count is at its number modulo their number.
    counts: [u32; ISSUE_TREND_HOURS],
}

impl Trend {
    /// Counts a failure. One that lies further back than hours are kept is of a clock that was set
    /// back: the trend begins anew.
    pub fn count(&mut self, at: Timestamp) {
        let hour = hour_of(at);
        if hour <= self.newest.saturating_sub(HOURS) {
            *self = Self { newest: hour, ..Self::default() };
        }
        let first_new = self.newest.saturating_add(1).max(hour - HOURS + 1);
        for new in first_new..=hour {
            self.counts[slot(new)] = 0;
        }
        self.newest = self.newest.max(hour);
        let count = &mut self.counts[slot(hour)];
        *count = count.saturating_add(1);
    }

    /// When the first of the hours that end with the present one began, and how often the issue came
    /// in each.
    pub fn until(&self, now: Timestamp) -> (Timestamp, [u32; ISSUE_TREND_HOURS]) {
        let first = hour_of(now) - HOURS + 1;
        let kept = self.newest.saturating_sub(HOURS - 1)..=self.newest;
        let count = |hour: i64| if kept.contains(&hour) { self.counts[slot(hour)] } else { 0 };
        (Timestamp(first * HOUR_MS), std::array::from_fn(|index| count(first + index as i64)))
    }

    /// As it is stored.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let (newest, counts) = bytes.split_at_mut(8);
        newest.copy_from_slice(&self.newest.to_le_bytes());
        for (place, count) in counts.chunks_exact_mut(4).zip(self.counts) {
            place.copy_from_slice(&count.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; anything else is a trend of nothing.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let Some((newest, counts)) = bytes.split_first_chunk::<8>() else { return Self::default() };
        let mut trend = Self { newest: i64::from_le_bytes(*newest), ..Self::default() };
        for (count, stored) in trend.counts.iter_mut().zip(counts.as_chunks::<4>().0) {
            *count = u32::from_le_bytes(*stored);
        }
        trend
    }
}

fn hour_of(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

fn slot(hour: i64) -> usize {
    hour.rem_euclid(HOURS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp(hour * HOUR_MS + 1_234)
    }

    fn trend(hours: &[i64]) -> Trend {
        let mut trend = Trend::default();
        for hour in hours {
            trend.count(at(*hour));
        }
        trend
    }

    /// The hours in which it came, and how often, as they are seen in this hour.
    fn seen(trend: &Trend, now: i64) -> Vec<(i64, u32)> {
        let (since, counts) = trend.until(at(now));
        assert_eq!(since.0, (now - 23) * HOUR_MS);
        (now - 23..).zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn the_last_hours_are_counted_and_older_ones_forgotten() {
        let early = [500_000, 500_000, 500_003, 500_002];
        assert_eq!(seen(&trend(&early), 500_003), [(500_000, 2), (500_002, 1), (500_003, 1)]);
        assert_eq!(seen(&trend(&early), 500_024), [(500_002, 1), (500_003, 1)]);
        assert_eq!(seen(&trend(&early), 500_027), []);
        assert_eq!(seen(&trend(&early), 400_000), []);
        let later = trend(&[early.as_slice(), &[500_024]].concat());
        assert_eq!(seen(&later, 500_024), [(500_002, 1), (500_003, 1), (500_024, 1)]);
        let much_later = trend(&[early.as_slice(), &[600_000]].concat());
        assert_eq!(seen(&much_later, 600_000), [(600_000, 1)]);
    }

    #[test]
    fn a_clock_that_was_set_back_begins_anew() {
        let back = trend(&[900_000, 900_000, 500_000, 500_001]);
        assert_eq!(seen(&back, 500_001), [(500_000, 1), (500_001, 1)]);
    }

    #[test]
    fn what_is_stored_comes_back() {
        let one = trend(&[500_000, 500_020, 500_020]);
        assert_eq!(Trend::from_bytes(&one.to_bytes()), one);
        assert_eq!(Trend::from_bytes(b""), Trend::default());
        assert_eq!(seen(&Trend::from_bytes(&one.to_bytes()[..20]), 500_020), []);
    }
}
