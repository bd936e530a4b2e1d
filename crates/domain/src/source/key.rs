//! Write keys: what a source is known by, for ever or until a time.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A key that SDKs send.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct WriteKey {
    /// Its text.
    pub key: String,
    /// When it ends; never where there is none.
    pub valid_until: Option<Timestamp>,
}

/// How a key is stored: one without an end as its text alone, as all once were.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Endless(String),
    Ending { key: String, valid_until: Timestamp },
}

impl WriteKey {
    /// A key that never ends.
    pub fn endless(key: impl Into<String>) -> Self {
        Self { key: key.into(), valid_until: None }
    }

    /// When it ended, where it has.
    pub fn ended(&self, now: Timestamp) -> Option<Timestamp> {
        self.valid_until.filter(|end| *end <= now)
    }

    /// Its last characters, by which people tell it from others.
    pub fn ending(&self) -> String {
        ending(&self.key)
    }
}

/// The last characters of a key; three, or half of a short one: too few to be of use to others.
pub fn ending(key: &str) -> String {
    let count = key.chars().count();
    key.chars().skip(count.saturating_sub(3).max(count / 2)).collect()
}

impl From<Stored> for WriteKey {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Endless(key) => Self::endless(key),
            Stored::Ending { key, valid_until } => Self { key, valid_until: Some(valid_until) },
        }
    }
}

impl From<WriteKey> for Stored {
    fn from(WriteKey { key, valid_until }: WriteKey) -> Self {
        match valid_until {
            None => Self::Endless(key),
            Some(valid_until) => Self::Ending { key, valid_until },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_valid_until_its_end_and_no_longer() {
        let check = |valid_until: Option<i64>, now: i64, ended: bool| {
            let key = WriteKey { key: "k".to_owned(), valid_until: valid_until.map(Timestamp) };
            assert_eq!(key.ended(Timestamp(now)).is_some(), ended, "{valid_until:?} at {now}");
        };
        check(None, i64::MAX, false);
        check(Some(1_000), 999, false);
        check(Some(1_000), 1_000, true);
        check(Some(1_000), 1_001, true);
        check(Some(i64::MAX), 1_000, false);
    }

    #[test]
    fn an_ending_gives_little_of_a_key_away() {
        let check = |key: &str, want: &str| assert_eq!(ending(key), want, "{key}");
        check("2bVZ8TkXqLmN4pRsUwYa1cEgHj", "gHj");
        check("key-é", "y-é");
        check("abc", "bc");
        check("a", "a");
        check("", "");
    }
}
