//! Why deliveries wait: how many failed in which way the last time they were tried.

use std::collections::BTreeMap;

use storage::WaitingBy;

/// A way to fail: code of the reason, empty before the first attempt, and the endpoint's status.
pub type Cause = (&'static str, u16);

/// Counts of deliveries by cause.
#[derive(Debug)]
pub struct Causes {
    counts: BTreeMap<Cause, u64>,
    /// Whether they are not written down as they are.
    is_news: bool,
}

impl Default for Causes {
    /// None waits; what is written down may be otherwise, from before a crash.
    fn default() -> Self {
        Self { counts: BTreeMap::new(), is_news: true }
    }
}

impl Causes {
    /// A delivery waits because of this.
    pub fn enter(&mut self, cause: Cause) {
        if !cause.0.is_empty() {
            *self.counts.entry(cause).or_default() += 1;
            self.is_news = true;
        }
    }

    /// A delivery does not wait because of this any more.
    pub fn leave(&mut self, cause: Cause) {
        let Some(count) = self.counts.get_mut(&cause) else { return };
        *count -= 1;
        if *count == 0 {
            self.counts.remove(&cause);
        }
        self.is_news = true;
    }

    /// All counts, to be written down; none where they are.
    pub fn take(&mut self) -> Option<Vec<WaitingBy>> {
        if !std::mem::take(&mut self.is_news) {
            return None;
        }
        let by = |(&(reason, status), &count): (&Cause, &u64)| WaitingBy {
            reason: reason.to_owned(),
            status,
            count,
        };
        Some(self.counts.iter().map(by).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(causes: &mut Causes) -> Option<Vec<(String, u16, u64)>> {
        let taken = causes.take()?;
        Some(taken.into_iter().map(|by| (by.reason, by.status, by.count)).collect())
    }

    #[test]
    fn counts_are_told_when_they_have_changed() {
        let mut causes = Causes::default();
        assert_eq!(shown(&mut causes), Some(vec![]), "the first time always");
        assert_eq!(shown(&mut causes), None);
        causes.enter(("", 0));
        assert_eq!(shown(&mut causes), None, "what was not tried has no cause");
        for cause in [("timeout", 0), ("server_error", 503), ("timeout", 0)] {
            causes.enter(cause);
        }
        let expected = [("server_error".to_owned(), 503, 1), ("timeout".to_owned(), 0, 2)];
        assert_eq!(shown(&mut causes), Some(expected.to_vec()));
        causes.leave(("timeout", 0));
        causes.leave(("server_error", 503));
        causes.leave(("", 0));
        assert_eq!(shown(&mut causes), Some(vec![("timeout".to_owned(), 0, 1)]));
    }
}
