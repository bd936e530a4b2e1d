//! Connections: which source's events go to which destination.

use serde::{Deserialize, Serialize};

use crate::id::{ConnectionId, DestinationId, Seq, SourceId};

/// Joins a source to a destination.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Connection {
    /// Identifies it within the workspace.
    pub id: ConnectionId,
    /// Whose events.
    pub source: SourceId,
    /// Where they go.
    pub destination: DestinationId,
    /// Whether events pass.
    pub enabled: bool,
    /// The first event that passes: a connection applies from a place in the journal on, not from
    /// a wall-clock time.
    pub since: Seq,
}
