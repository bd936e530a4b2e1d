//! The workspace: everything that people edit, as one value.

use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::destination::Destination;
use crate::source::Source;

/// All sources, destinations and connections; each list is sorted by id.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Workspace {
    /// What sends events.
    pub sources: Vec<Source>,
    /// Where deliveries go.
    pub destinations: Vec<Destination>,
    /// What joins them.
    pub connections: Vec<Connection>,
}
