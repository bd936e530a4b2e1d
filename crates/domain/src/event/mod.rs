//! Events: what a call of an SDK becomes once it is accepted.
//!
//! In come a request body and what the gateway knows of the request; out go accepted events (their
//! bytes as they came, with the fields the gateway owes them spliced in) and rejections.
//! Deliberately unknown here: HTTP, write keys, and where events are stored.

pub mod json;
pub mod timestamp;
pub mod sanitize;
pub mod identity;
pub mod call;
pub mod intake;
pub mod fields;
pub mod gist;
pub mod library;
pub mod restriction;
pub mod pixel;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use self::call::CallHash;
pub use self::gist::{CallMark, Gist, NameHash};
pub use self::identity::{Identities, IdentityHash};
pub use self::library::Library;
pub use self::restriction::Restriction;

use crate::id::SourceId;
use crate::time::Timestamp;

/// What kind of call an event is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum EventKind {
    /// Any type without a name of its own here, or none at all; delivered like the others.
    Other = 0,
    /// Ties traits to a user.
    Identify = 1,
    /// Something a user did.
    Track = 2,
    /// A page was seen.
    Page = 3,
    /// A screen of an app was seen.
    Screen = 4,
    /// Ties a user to a group.
    Group = 5,
    /// Ties a new user id to a previous one.
    Alias = 6,
    /// Merges two identities.
    Merge = 7,
}

impl EventKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Other,
        Self::Identify,
        Self::Track,
        Self::Page,
        Self::Screen,
        Self::Group,
        Self::Alias,
        Self::Merge,
    ];

    /// The word for the kind, as in an event's `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Identify => "identify",
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
            Self::Merge => "merge",
        }
    }

    /// The kind with this word; `Other` for every other word.
    pub fn from_type(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Self::Other)
    }

    /// The kind with this stored code; `Other` for codes of a later version.
    pub fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or(Self::Other)
    }
}

/// An accepted event that has no place in the journal yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewEvent {
    /// Where it came from.
    pub source: SourceId,
    /// What kind of call it is.
    pub kind: EventKind,
    /// When the gateway received it.
    pub received_at: Timestamp,
    /// Whose it is, as far as order is concerned.
    pub identities: Identities,
    /// Whether it may itself say which destinations get it.
    pub restriction: Restriction,
    /// The JSON object to deliver.
    pub payload: Bytes,
}
