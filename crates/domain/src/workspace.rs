//! The workspace: everything that people edit, as one value.

use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::destination::Destination;
use crate::source::Source;
use crate::time::Timestamp;

/// All sources, destinations and connections; each list is sorted by id.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Workspace {
    /// What sends events.
    pub sources: Vec<Source>,
    /// Where deliveries go.
    pub destinations: Vec<Destination>,
    /// What joins them.
    pub connections: Vec<Connection>,
    /// Destinations that may be put back.
    #[serde(default)]
    pub removed: Vec<Removed>,
}

/// A destination that is not in the workspace any more, but waits to be put back for a while.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Removed {
    /// The destination, away since it was removed.
    pub destination: Destination,
    /// What was connected to it.
    pub connections: Vec<Connection>,
    /// When it was removed.
    pub at: Timestamp,
}
