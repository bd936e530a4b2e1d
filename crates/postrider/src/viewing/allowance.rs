//! So much a second, and a second's worth at once; and how to choose when there is more.

use tokio::time::Instant;

/// What may be used of something that comes back steadily.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    /// A second's worth, to begin with.
    pub fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, left: per_second, at: now }
    }

    /// How much there is.
    pub fn left(&mut self, now: Instant) -> usize {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + since * self.per_second).min(self.per_second);
        self.at = now;
        self.left as usize
    }

    /// Uses some of what there is.
    pub fn take(&mut self, count: usize) {
        self.left = (self.left - count as f64).max(0.0);
    }
}

/// At most `most` of them, as far apart as they can be.
pub fn evenly<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let count = all.len();
    if count <= most {
        return all;
    }
    let is_chosen = |at: usize| at * most / count != (at + 1) * most / count;
    all.into_iter().enumerate().filter(|(at, _)| is_chosen(*at)).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_brings_back_what_a_second_may_take() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut rows = Allowance::new(50, start);
        assert_eq!(rows.left(start), 50);
        rows.take(50);
        assert_eq!((rows.left(start), rows.left(at(100))), (0, 5));
        rows.take(4);
        assert_eq!((rows.left(at(200)), rows.left(at(100_000))), (6, 50), "and no more");
        rows.take(70);
        assert_eq!(rows.left(at(100_000)), 0);
    }

    #[test]
    fn as_many_as_wanted_are_chosen_from_all_over() {
        for count in 0..40_usize {
            for most in 0..40 {
                let chosen = evenly((0..count).collect(), most);
                assert_eq!(chosen.len(), count.min(most), "{most} of {count}");
                let widest = chosen.windows(2).map(|two| two[1] - two[0]).max().unwrap_or(0);
                assert!(
                    most == 0 || widest <= count.div_ceil(most),
                    "{most} of {count}: {chosen:?}"
                );
            }
        }
    }
}
