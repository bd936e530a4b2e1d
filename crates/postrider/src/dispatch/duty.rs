//! What a destination has to do: its settings, whose events it gets, and which of them.
//!
//! One that is away has a duty, too: what it passes over.

use domain::connection::Connection;
use domain::destination::Destination;
use domain::filter::{Sieve, Verdict, decide};
use domain::id::{DestinationId, Seq};
use domain::workspace::Removed;
use storage::{Gap, SeqRange, Snapshot, StoredEvent, Wanted};

/// A destination and what is connected to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Duty {
    /// The destination.
    pub destination: Destination,
    /// Its enabled connections, each with its rules.
    connections: Vec<(Connection, Sieve)>,
}

impl Duty {
    /// What the catalog says of a destination at work; none where it is gone, disabled or paused.
    pub fn of(snapshot: &Snapshot, id: &DestinationId) -> Option<Self> {
        Self::known(snapshot, id).filter(|duty| duty.destination.is_at_work())
    }

    /// What the catalog says of a destination, at work or not; none where it is gone.
    pub fn known(snapshot: &Snapshot, id: &DestinationId) -> Option<Self> {
        let workspace = &snapshot.workspace;
        let is_it = |one: &&Destination| one.id == *id;
        workspace
            .destinations
            .iter()
            .find(is_it)
            .map(|destination| Self::new(destination, &workspace.connections))
    }

    /// What is left to do for a destination that was removed and may be put back.
    pub fn of_removed(removed: &Removed) -> Self {
        Self::new(&removed.destination, &removed.connections)
    }

    fn new(destination: &Destination, connections: &[Connection]) -> Self {
        let ours = |one: &&Connection| one.destination == destination.id && one.enabled;
        let with_rules = |one: &Connection| (one.clone(), Sieve::new(destination, one));
        Self {
            destination: destination.clone(),
            connections: connections.iter().filter(ours).map(with_rules).collect(),
        }
    }

    /// Whether the same events would be chosen by this one and another.
    pub fn chooses_as(&self, other: &Self) -> bool {
        self.connections == other.connections
            && self.destination.absences == other.destination.absences
    }

    /// The first event that any connection lets pass.
    pub fn since(&self) -> Option<Seq> {
        self.connections.iter().map(|(connection, _)| connection.since).min()
    }

    /// What of a gap would have been taken, if it were there.
    pub fn owed(&self, gaps: &[Gap]) -> Vec<Gap> {
        let absences = &self.destination.absences;
        let parts = gaps.iter().flat_map(|gap| {
            let outside = absences.outside(gap.range.first, gap.range.last);
            outside.into_iter().map(|(first, last)| Gap { range: SeqRange { first, last }, ..*gap })
        });
        parts.collect()
    }

    /// The sources to read.
    pub fn wanted(&self) -> Wanted {
        let sources = self.connections.iter().map(|(connection, _)| connection.source.clone());
        Wanted::Sources(sources.collect())
    }

    /// Judges an event; none where no connection covers it.
    ///
    /// Of several connections one that lets it pass is enough. What came while the destination was
    /// away does not pass.
    pub fn judge(&self, event: &StoredEvent) -> Option<Verdict> {
        let covers =
            |one: &&(Connection, Sieve)| one.0.source == event.source && event.seq >= one.0.since;
        let mut first = None;
        for (_, sieve) in self.connections.iter().filter(covers) {
            let verdict = decide(sieve, &event.subject());
            if verdict == Verdict::Passes {
                let away = self.destination.absences.at(event.seq);
                return Some(away.map_or(verdict, |away| Verdict::Filtered(away.reason())));
            }
            first = first.or(Some(verdict));
        }
        first
    }
}
