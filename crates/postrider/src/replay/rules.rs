//! What a destination's connections let pass, from whatever place they apply on.

use domain::connection::Connection;
use domain::destination::Destination;
use domain::destination::absence::Absences;
use domain::filter::{Sieve, Verdict, decide};
use domain::id::{DestinationId, Seq, SourceId};
use storage::{Snapshot, StoredEvent, Wanted};

/// The rules of a destination's enabled connections, and where it takes nothing by itself.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    absences: Absences,
}

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
        let rules = ours.filter_map(|one| Some(rule(destination?, one))).collect();
        let absences = destination.map(|one| one.absences.clone()).unwrap_or_default();
        Self { rules, absences }
    }

    /// The sources to read, or the only one of them.
    pub fn wanted(&self, only: Option<&SourceId>) -> Wanted {
        let sources = self.rules.iter().map(|rule| &rule.source);
        let wanted = sources.filter(|source| only.is_none_or(|only| only == *source));
        Wanted::Sources(wanted.cloned().collect())
    }

    /// Judges an event; none where it is of no source of ours.
    pub fn judge(&self, event: &StoredEvent) -> Option<Verdict> {
        let mut first = None;
        for rule in self.rules.iter().filter(|rule| rule.source == event.source) {
            let verdict = decide(&rule.sieve, &event.subject());
            if verdict == Verdict::Passes {
                return Some(verdict);
            }
            first = first.or(Some(verdict));
        }
        first
    }

    /// Whether the destination gets an event by itself when it comes to it: not where it was away, nor
    /// where only a younger connection lets it pass.
    pub fn cover(&self, event: &StoredEvent) -> bool {
        let covers = |rule: &Rule| rule.source == event.source && event.seq >= rule.since;
        let passes = |rule: &Rule| decide(&rule.sieve, &event.subject()) == Verdict::Passes;
        self.absences.at(event.seq).is_none()
            && self.rules.iter().any(|rule| covers(rule) && passes(rule))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::destination::DestinationSettings;
    use domain::destination::absence::Away;
    use domain::destination::webhook::WebhookSettings;
    use domain::event::{EventKind, Identities, Restriction};
    use domain::id::ConnectionId;
    use domain::time::Timestamp;
    use domain::workspace::Workspace;

    use super::*;

    fn event(seq: u64) -> StoredEvent {
        StoredEvent {
            seq: Seq(seq),
            source: SourceId::new("web"),
            kind: EventKind::Page,
            received_at: Timestamp(0),
            identities: Identities::default(),
            restriction: Restriction::None,
            payload: Bytes::from_static(b"{}"),
        }
    }

    /// One connection from the first place on that lets no page pass, one from 10 on that does, and a
    /// destination that was away from 20 to 30.
    fn rules() -> Rules {
        let connection = |id: &str, since: u64| {
            let (source, hooks) = (SourceId::new("web"), DestinationId::new("hooks"));
            Connection::new(ConnectionId::new(id), source, hooks, Seq(since))
        };
        let mut strict = connection("strict", 1);
        strict.filter.types = vec![EventKind::Track];
        let webhook = WebhookSettings::posting_to("https://a.test/");
        let settings = DestinationSettings::Webhook(webhook);
        let mut hooks = Destination::new(DestinationId::new("hooks"), "hooks", settings);
        hooks.absences.turn(Some(Away::Disabled), Seq(20));
        hooks.absences.turn(None, Seq(30));
        let workspace = Workspace {
            destinations: vec![hooks],
            connections: vec![strict, connection("open", 10)],
            ..Workspace::default()
        };
        let snapshot = Snapshot { workspace, ..Snapshot::default() };
        Rules::of(&snapshot, &DestinationId::new("hooks"))
    }

    #[test]
    fn what_a_destination_gets_by_itself_is_what_its_dispatcher_would_let_pass() {
        let rules = rules();
        let covered = |seq: &u64| rules.cover(&event(*seq));
        let all: Vec<u64> = [5, 9, 10, 19, 20, 29, 30].into_iter().filter(covered).collect();
        assert_eq!(all, [10, 19, 30]);
        assert_eq!(rules.judge(&event(5)), Some(Verdict::Passes), "a replay may send it");
    }
}
