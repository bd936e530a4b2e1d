//! What a destination has to do: its settings, and whose events it gets.

use domain::connection::Connection;
use domain::destination::Destination;
use domain::id::{DestinationId, Seq};
use storage::{Snapshot, StoredEvent, Wanted};

/// An enabled destination and what is connected to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Duty {
    /// The destination.
    pub destination: Destination,
    /// Its enabled connections.
    pub connections: Vec<Connection>,
}

impl Duty {
    /// What the catalog says of a destination; none where it is gone or disabled.
    pub fn of(snapshot: &Snapshot, id: &DestinationId) -> Option<Self> {
        let workspace = &snapshot.workspace;
        let destination = workspace.destinations.iter().find(|one| one.id == *id && one.enabled)?;
        let ours = |one: &&Connection| one.destination == *id && one.enabled;
        let connections = workspace.connections.iter().filter(ours).cloned().collect();
        Some(Self { destination: destination.clone(), connections })
    }

    /// The first event that any connection lets pass.
    pub fn since(&self) -> Option<Seq> {
        self.connections.iter().map(|connection| connection.since).min()
    }

    /// The sources to read.
    pub fn wanted(&self) -> Wanted {
        let sources = self.connections.iter().map(|connection| connection.source.clone());
        Wanted::Sources(sources.collect())
    }

    /// Whether a connection lets the event pass.
    pub fn covers(&self, event: &StoredEvent) -> bool {
        let passes = |one: &Connection| one.source == event.source && event.seq >= one.since;
        self.connections.iter().any(passes)
    }
}
