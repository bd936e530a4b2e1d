//! Sources: what sends events.

use serde::{Deserialize, Serialize};

use crate::id::SourceId;

/// What sends events; known to the gateway by its write keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Identifies it within the workspace.
    pub id: SourceId,
    /// The name people gave it.
    pub name: String,
    /// The keys that SDKs send; not secret, but not guessable either.
    pub write_keys: Vec<String>,
    /// Whether its events are accepted; if not, the gateway answers `source is disabled`.
    pub enabled: bool,
}
