//! What a destination has to do: its settings, whose events it gets, and which of them.

use domain::connection::Connection;
use domain::destination::Destination;
use domain::filter::{Sieve, Verdict, decide};
use domain::id::{DestinationId, Seq};
use storage::{Snapshot, StoredEvent, Wanted};

/// An enabled destination and what is connected to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Duty {
    /// The destination.
    pub destination: Destination,
    /// Its enabled connections, each with its rules.
    connections: Vec<(Connection, Sieve)>,
}

impl Duty {
    /// What the catalog says of a destination; none where it is gone, disabled or paused.
    pub fn of(snapshot: &Snapshot, id: &DestinationId) -> Option<Self> {
        let workspace = &snapshot.workspace;
        let is_at_work = |one: &&Destination| one.id == *id && one.is_at_work();
        let destination = workspace.destinations.iter().find(is_at_work)?;
        let ours = |one: &&Connection| one.destination == *id && one.enabled;
        let connections = workspace.connections.iter().filter(ours);
        let with_rules = |one: &Connection| (one.clone(), Sieve::new(destination, one));
        Some(Self {
            destination: destination.clone(),
            connections: connections.map(with_rules).collect(),
        })
    }

    /// Whether the same events would be chosen by this one and another.
    pub fn chooses_as(&self, other: &Self) -> bool {
        self.connections == other.connections
    }

    /// The first event that any connection lets pass.
    pub fn since(&self) -> Option<Seq> {
        self.connections.iter().map(|(connection, _)| connection.since).min()
    }

    /// The sources to read.
    pub fn wanted(&self) -> Wanted {
        let sources = self.connections.iter().map(|(connection, _)| connection.source.clone());
        Wanted::Sources(sources.collect())
    }

    /// Judges an event; none where no connection covers it.
    ///
    /// Of several connections one that lets it pass is enough.
    pub fn judge(&self, event: &StoredEvent) -> Option<Verdict> {
        let covers =
            |one: &&(Connection, Sieve)| one.0.source == event.source && event.seq >= one.0.since;
        let mut first = None;
        for (_, sieve) in self.connections.iter().filter(covers) {
            let verdict = decide(sieve, &event.subject());
            if verdict == Verdict::Passes {
                return Some(verdict);
            }
            first = first.or(Some(verdict));
        }
        first
    }
}
