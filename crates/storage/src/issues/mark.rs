//! Marks: what people say of an issue, which decides how it is seen and nothing of what is delivered.

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What somebody said of an issue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// What it is to be taken for.
    pub ruling: Ruling,
    /// When it was said.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, in their words; empty where they said nothing.
    pub note: String,
}

/// What an issue is to be taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Ruling {
    /// Somebody knows of it: until it comes again after it was over.
    Acknowledged = 1,
    /// It is over: until it comes again.
    Resolved = 2,
    /// Nobody is to be troubled by it, however often it comes.
    Ignored = 3,
}

impl Ruling {
    /// The ruling with this stored code.
    pub fn from_code(code: u8) -> Option<Self> {
        let all = [Self::Acknowledged, Self::Resolved, Self::Ignored];
        all.into_iter().find(|ruling| *ruling as u8 == code)
    }
}
