//! The edits that make the catalog equal to a workspace.
//!
//! A workspace says what is wanted, and not since when: that is a place in the journal, and comes
//! from what the catalog has and where the journal stands. It is part of the same edit, so that
//! what came before it and what comes after it are told apart whenever they are read.

use domain::connection::Connection;
use domain::destination::absence::Away;
use domain::id::{DestinationId, Seq};
use domain::time::Timestamp;
use domain::workspace::{Removed, Workspace};
use storage::catalog::{Edit, Object, ObjectKey};
use storage::{CatalogChange, Snapshot};

/// When an edit is made.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Where the journal stands.
    pub head: Seq,
    /// The time of day.
    pub now: Timestamp,
}

/// What has to change in `current` to become `wanted`.
///
/// A connection that exists keeps its place in the journal; a new one begins at the head. From
/// there on a destination that is disabled takes nothing, or again what one takes that is enabled.
/// One that is not wanted any more is kept as removed; put back, it has what it had.
pub fn diff(current: &Snapshot, wanted: &Workspace, moment: Moment) -> Vec<CatalogChange> {
    let wanted = objects(&placed(&current.workspace, wanted, moment));
    let existing = objects(&current.workspace);
    let version = |key: &ObjectKey| current.versions.get(key).copied().unwrap_or(0);
    let removed = existing
        .iter()
        .map(Object::key)
        .filter(|key| !wanted.iter().any(|object| object.key() == *key));
    let removals = removed
        .map(|key| CatalogChange { expected: version(&key), edit: Edit::Remove(key) })
        .collect::<Vec<_>>();
    let puts = wanted.iter().filter(|object| !existing.contains(object)).map(|object| {
        CatalogChange { expected: version(&object.key()), edit: Edit::Put(object.clone()) }
    });
    removals.into_iter().chain(puts).collect()
}

/// What is wanted, with the places that it does not say itself.
fn placed(current: &Workspace, wanted: &Workspace, moment: Moment) -> Workspace {
    let mut placed = wanted.clone();
    for connection in &mut placed.connections {
        connection.since = since(current, connection).unwrap_or(moment.head);
    }
    let gone = current.removed.iter().map(|removed| &removed.destination);
    for destination in &mut placed.destinations {
        let mut known = current.destinations.iter().chain(gone.clone());
        let known = known.find(|known| known.id == destination.id);
        destination.absences = known.map(|known| known.absences.clone()).unwrap_or_default();
        destination.absences.turn(destination.away(), moment.head);
    }
    placed.removed = removed(current, wanted, moment);
    placed
}

/// Where a connection begins that is known.
fn since(current: &Workspace, connection: &Connection) -> Option<Seq> {
    let gone = current.removed.iter().flat_map(|removed| &removed.connections);
    let same = |known: &&Connection| {
        known.id == connection.id
            && known.source == connection.source
            && known.destination == connection.destination
    };
    current.connections.iter().chain(gone).find(same).map(|known| known.since)
}

/// What may be put back: what is removed now, and what was and is not wanted again.
fn removed(current: &Workspace, wanted: &Workspace, moment: Moment) -> Vec<Removed> {
    let is_wanted =
        |id: &DestinationId| wanted.destinations.iter().any(|destination| destination.id == *id);
    let news = current.destinations.iter().filter(|own| !is_wanted(&own.id)).map(|own| {
        let mut destination = own.clone();
        destination.absences.turn(Some(Away::Removed), moment.head);
        let joined = current.connections.iter().filter(|one| one.destination == own.id);
        Removed { destination, connections: joined.cloned().collect(), at: moment.now }
    });
    let kept = current.removed.iter().filter(|removed| !is_wanted(&removed.destination.id));
    news.chain(kept.cloned()).collect()
}

fn objects(workspace: &Workspace) -> Vec<Object> {
    let Workspace { sources, destinations, connections, removed } = workspace.clone();
    let sources = sources.into_iter().map(Object::Source);
    let destinations = destinations.into_iter().map(Object::Destination);
    let connections = connections.into_iter().map(Object::Connection);
    let removed = removed.into_iter().map(Object::Removed);
    sources.chain(destinations).chain(connections).chain(removed).collect()
}

#[cfg(test)]
mod tests {
    use domain::destination::Destination;
    use domain::id::{ConnectionId, DestinationId, SourceId};
    use domain::source::Source;

    use super::*;
    use crate::samples;

    fn source(id: &str, enabled: bool) -> Source {
        Source { enabled, ..Source::new(SourceId::new(id), id, format!("key-{id}")) }
    }

    fn connection(source: &str, since: u64) -> Connection {
        let id = ConnectionId::new(format!("{source}-d"));
        Connection::new(id, SourceId::new(source), DestinationId::new("d"), Seq(since))
    }

    /// Source `a`, and where wanted destination `d` with the connection between them.
    fn workspace(destination: Option<bool>) -> Workspace {
        Workspace {
            sources: vec![source("a", true)],
            destinations: destination.map(samples::destination).into_iter().collect(),
            connections: destination.map(|_| connection("a", 0)).into_iter().collect(),
            removed: Vec::new(),
        }
    }

    fn snapshot(workspace: Workspace) -> Snapshot {
        let versions = objects(&workspace).iter().map(|object| (object.key(), 3)).collect();
        Snapshot { revision: 1, workspace, versions }
    }

    fn at(head: u64) -> Moment {
        Moment { head: Seq(head), now: Timestamp(i64::try_from(head).unwrap() * 1_000) }
    }

    /// The catalog after each of these workspaces was wanted at its place.
    fn after(wanted: &[(Workspace, u64)]) -> Workspace {
        let mut content = Snapshot::default();
        for (wanted, head) in wanted {
            content = content.with(&diff(&content, wanted, at(*head))).unwrap();
            assert_eq!(diff(&content, wanted, at(head + 1)), [], "nothing is left to do");
        }
        content.workspace
    }

    fn absences(destination: &Destination) -> String {
        serde_json::to_string(&destination.absences).unwrap()
    }

    #[test]
    fn equal_workspaces_need_no_edit() {
        let workspace = Workspace {
            sources: vec![source("a", true)],
            connections: vec![connection("a", 7)],
            ..Workspace::default()
        };
        let mut wanted = workspace.clone();
        wanted.connections[0].since = Seq::FIRST;
        assert_eq!(diff(&snapshot(workspace), &wanted, at(99)), []);
    }

    #[test]
    fn edits_expect_the_versions_they_were_made_on() {
        let current = snapshot(Workspace {
            sources: vec![source("a", true), source("b", true)],
            ..Workspace::default()
        });
        let wanted = Workspace {
            sources: vec![source("a", false), source("c", true)],
            connections: vec![connection("c", 1)],
            ..Workspace::default()
        };
        let edits = diff(&current, &wanted, at(99));
        let shown: Vec<_> = edits
            .iter()
            .map(|change| match &change.edit {
                Edit::Remove(key) => format!("-{} {}", key.id, change.expected),
                Edit::Put(object) => format!("+{} {}", object.key().id, change.expected),
            })
            .collect();
        assert_eq!(shown, ["-b 3", "+a 3", "+c 0", "+c-d 0"]);
        let since = edits.iter().find_map(|change| match &change.edit {
            Edit::Put(Object::Connection(connection)) => Some(connection.since),
            _ => None,
        });
        assert_eq!(since, Some(Seq(99)), "a new connection begins at the head");
    }

    #[test]
    fn an_edit_that_disables_or_enables_says_from_which_place_on() {
        let (on, off) = (workspace(Some(true)), workspace(Some(false)));
        let content = after(&[(on.clone(), 5), (off.clone(), 8)]);
        assert_eq!(absences(&content.destinations[0]), r#"[{"from":8,"cause":"disabled"}]"#);
        let content = after(&[(off.clone(), 5), (on.clone(), 8)]);
        let expected = r#"[{"from":5,"to":8,"cause":"disabled"}]"#;
        assert_eq!(absences(&content.destinations[0]), expected, "disabled from the beginning");
        let mut old = after(&[(off.clone(), 5)]);
        old.destinations[0].absences = domain::destination::absence::Absences::default();
        let edits = diff(&snapshot(old), &off, at(9));
        assert_eq!(edits.len(), 1, "a catalog that does not know the place gets to know it");
    }

    #[test]
    fn what_is_not_wanted_is_kept_and_what_is_put_back_has_what_it_had() {
        let (on, off, gone) = (workspace(Some(true)), workspace(Some(false)), workspace(None));
        let content = after(&[(on.clone(), 5), (gone.clone(), 8)]);
        assert_eq!((content.destinations.len(), content.connections.len()), (0, 0));
        let removed = &content.removed[0];
        assert_eq!((removed.at, removed.connections[0].since), (Timestamp(8_000), Seq(5)));
        assert_eq!(absences(&removed.destination), r#"[{"from":8,"cause":"removed"}]"#);

        let content = after(&[(on.clone(), 5), (gone.clone(), 8), (gone.clone(), 9), (on, 11)]);
        assert_eq!((content.removed.len(), content.connections[0].since), (0, Seq(5)));
        let expected = r#"[{"from":8,"to":11,"cause":"removed"}]"#;
        assert_eq!(absences(&content.destinations[0]), expected);

        let content = after(&[(off.clone(), 5), (gone, 8), (off, 11)]);
        let expected = concat!(
            r#"[{"from":5,"to":8,"cause":"disabled"},{"from":8,"to":11,"cause":"removed"},"#,
            r#"{"from":11,"cause":"disabled"}]"#
        );
        assert_eq!(absences(&content.destinations[0]), expected);
    }
}
