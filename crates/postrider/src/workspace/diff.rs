//! The edits that make the catalog equal to a workspace.

use domain::id::Seq;
use domain::workspace::Workspace;
use storage::catalog::{Edit, Object, ObjectKey};
use storage::{CatalogChange, Snapshot};

/// What has to change in `current` to become `wanted`.
///
/// A connection that exists keeps its place in the journal; a new one begins at `head`.
pub fn diff(current: &Snapshot, wanted: &Workspace, head: Seq) -> Vec<CatalogChange> {
    let wanted = objects(wanted, |connection| {
        let known = current.workspace.connections.iter().find(|own| own.id == connection.id);
        let same = known.filter(|own| {
            own.source == connection.source && own.destination == connection.destination
        });
        same.map_or(head, |own| own.since)
    });
    let existing = objects(&current.workspace, |connection| connection.since);
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

fn objects(
    workspace: &Workspace,
    since: impl Fn(&domain::connection::Connection) -> Seq,
) -> Vec<Object> {
    let sources = workspace.sources.iter().cloned().map(Object::Source);
    let destinations = workspace.destinations.iter().cloned().map(Object::Destination);
    let connections = workspace.connections.iter().cloned().map(|mut connection| {
        connection.since = since(&connection);
        Object::Connection(connection)
    });
    sources.chain(destinations).chain(connections).collect()
}

#[cfg(test)]
mod tests {
    use domain::connection::Connection;
    use domain::id::{ConnectionId, DestinationId, SourceId};
    use domain::source::Source;

    use super::*;

    fn source(id: &str, enabled: bool) -> Source {
        Source { enabled, ..Source::new(SourceId::new(id), id, format!("key-{id}")) }
    }

    fn connection(source: &str, since: u64) -> Connection {
        let id = ConnectionId::new(format!("{source}-d"));
        Connection::new(id, SourceId::new(source), DestinationId::new("d"), Seq(since))
    }

    fn snapshot(workspace: Workspace) -> Snapshot {
        let keys = objects(&workspace, |connection| connection.since);
        let versions = keys.iter().map(|object| (object.key(), 3)).collect();
        Snapshot { revision: 1, workspace, versions }
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
        assert_eq!(diff(&snapshot(workspace), &wanted, Seq(99)), []);
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
        let edits = diff(&current, &wanted, Seq(99));
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
}
