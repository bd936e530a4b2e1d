//! What a destination's connections let pass, from whatever place they apply on.

use domain::connection::Connection;
use domain::destination::Destination;
use domain::filter::{Sieve, Verdict, decide};
use domain::id::{DestinationId, Seq, SourceId};
use storage::{Snapshot, StoredEvent, Wanted};

/// The rules of a destination's enabled connections.
#[derive(Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    source: SourceId,
    /// From which place on the destination gets events by itself.
    since: Seq,
    sieve: Sieve,
}

impl Rules {
    /// What the catalog says; no rule, by which nothing passes, where the destination is not there.
    pub fn of(snapshot: &Snapshot, id: &DestinationId) -> Self {
        let workspace = &snapshot.workspace;
        let destination = workspace.destinations.iter().find(|one| one.id == *id);
        let rule = |destination: &Destination, one: &Connection| Rule {
            source: one.source.clone(),
            since: one.since,
            sieve: Sieve::new(destination, one),
        };
        let ours = |one: &&Connection| one.destination == *id && one.enabled;
        let ours = workspace.connections.iter().filter(ours);
        Self(ours.filter_map(|one| Some(rule(destination?, one))).collect())
    }

    /// The sources to read, or the only one of them.
    pub fn wanted(&self, only: Option<&SourceId>) -> Wanted {
        let sources = self.0.iter().map(|rule| &rule.source);
        let wanted = sources.filter(|source| only.is_none_or(|only| only == *source));
        Wanted::Sources(wanted.cloned().collect())
    }

    /// Judges an event; none where it is of no source of ours.
    pub fn judge(&self, event: &StoredEvent) -> Option<Verdict> {
        let mut first = None;
        for rule in self.0.iter().filter(|rule| rule.source == event.source) {
            let verdict = decide(&rule.sieve, &event.subject());
            if verdict == Verdict::Passes {
                return Some(verdict);
            }
            first = first.or(Some(verdict));
        }
        first
    }

    /// Whether the destination gets an event by itself when it comes to it.
    pub fn cover(&self, event: &StoredEvent) -> bool {
        self.0.iter().any(|rule| rule.source == event.source && event.seq >= rule.since)
    }
}
