//! A sample: the events of some users in a hundred, always of the same ones.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Subject;
use super::path::{Path, pick};
use crate::event::json;
use crate::id::ConnectionId;

/// Users in a hundred whose events pass: 1 to 100.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Sample(u8);

/// The function never changes, as people rely on who is in.
const SEED: u64 = 3;

impl Sample {
    /// Users in a hundred; none where that is no share from 1 to 100.
    pub fn new(percent: u8) -> Option<Self> {
        (1..=100).contains(&percent).then_some(Self(percent))
    }

    /// Whether an event's user is in: by `userId`, else `anonymousId`, else `messageId`.
    ///
    /// `salt` draws other users for each connection, so that two samples are not of the same ones.
    pub(super) fn includes(self, event: &Subject<'_>, salt: &ConnectionId) -> bool {
        let identity = event.identities.user.or(event.identities.anonymous);
        let who = identity.map_or_else(|| of_call(event), |hash| hash.0.get());
        let draw = xxh3_64_with_seed(salt.as_str().as_bytes(), who.wrapping_add(SEED));
        draw % 100 < u64::from(self.0)
    }
}

/// Stands for the user of an event that has none.
fn of_call(event: &Subject<'_>) -> u64 {
    let path = Path::of_keys(&["messageId"]);
    let id = pick(event.text(), std::iter::once(&path))[0].and_then(json::string);
    xxh3_64_with_seed(id.unwrap_or_default().as_bytes(), SEED)
}

impl TryFrom<u8> for Sample {
    type Error = String;

    fn try_from(percent: u8) -> Result<Self, String> {
        Self::new(percent).ok_or_else(|| format!("{percent} is no share from 1 to 100"))
    }
}

impl From<Sample> for u8 {
    fn from(sample: Sample) -> Self {
        sample.0
    }
}
