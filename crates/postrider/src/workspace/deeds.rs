//! What edits of the catalog are called in the audit log, and what of them is kept: each object as it
//! is shown, before and after.

use domain::workspace::Workspace;
use storage::catalog::{Edit, Object, ObjectKey, ObjectKind};
use storage::{Author, CatalogChange, Deed, DeedClass, Snapshot};

use crate::workspace_file::forms::{ConnectionForm, DestinationForm, Form, SourceForm};

/// What an author does with these changes, a deed for each object.
///
/// A destination that is kept as removed is one that was removed: that it is kept is nobody's deed.
pub fn deeds(content: &Snapshot, changes: &[CatalogChange], author: &Author) -> Vec<Deed> {
    let told = changes.iter().filter(|change| change.edit.key().kind != ObjectKind::Removed);
    told.map(|change| deed(content, change, author)).collect()
}

fn deed(content: &Snapshot, change: &CatalogChange, author: &Author) -> Deed {
    let key = change.edit.key();
    let action = match &change.edit {
        Edit::Put(_) if change.expected == 0 => "create",
        Edit::Put(_) => "change",
        Edit::Remove(_) => "remove",
    };
    let after = match &change.edit {
        Edit::Put(object) => shown(object),
        Edit::Remove(_) => None,
    };
    let before = shown_in(&content.workspace, &key);
    let deed = author.does(DeedClass::Change, action, key.kind.as_str(), &key.id);
    Deed { before, after, ..deed }
}

/// An object of the workspace as it is shown; none where there is none.
fn shown_in(workspace: &Workspace, key: &ObjectKey) -> Option<String> {
    let Workspace { sources, destinations, connections, .. } = workspace;
    let id = key.id.as_str();
    match key.kind {
        ObjectKind::Source => {
            text(sources.iter().find(|one| one.id.as_str() == id).map(SourceForm::from)?)
        }
        ObjectKind::Destination => {
            text(destinations.iter().find(|one| one.id.as_str() == id).map(DestinationForm::from)?)
        }
        ObjectKind::Connection => {
            text(connections.iter().find(|one| one.id.as_str() == id).map(ConnectionForm::from)?)
        }
        ObjectKind::Removed => None,
    }
}

fn shown(object: &Object) -> Option<String> {
    match object {
        Object::Source(source) => text(SourceForm::from(source)),
        Object::Destination(destination) => text(DestinationForm::from(destination)),
        Object::Connection(connection) => text(ConnectionForm::from(connection)),
        Object::Removed(_) => None,
    }
}

fn text(form: impl Form) -> Option<String> {
    serde_json::to_string(&form).ok()
}

#[cfg(test)]
mod tests {
    use domain::id::{DestinationId, Seq};
    use domain::time::Timestamp;
    use domain::workspace::Removed;

    use super::*;
    use crate::samples;
    use crate::workspace::diff::{Moment, diff};

    #[test]
    fn each_edited_object_is_a_deed() {
        let author = Author::server(Timestamp(1));
        let told = |current: &Snapshot, wanted: &Workspace| {
            let moment = Moment { head: Seq(1), now: Timestamp(1) };
            let changes = diff(current, wanted, moment);
            let deeds = deeds(current, &changes, &author);
            for deed in &deeds {
                let (before, after) = (deed.before.is_some(), deed.after.is_some());
                assert_eq!((before, after), (deed.action != "create", deed.action != "remove"));
            }
            let told =
                deeds.iter().map(|one| format!("{} {} {}", one.action, one.kind, one.object));
            (current.with(&changes).unwrap(), told.collect::<Vec<_>>())
        };
        let workspace = |enabled| Workspace {
            destinations: vec![samples::destination(enabled)],
            ..Workspace::default()
        };
        let (content, made) = told(&Snapshot::default(), &workspace(true));
        let (content, changed) = told(&content, &workspace(false));
        let (content, removed) = told(&content, &Workspace::default());
        assert_eq!(made, ["create destination d"]);
        assert_eq!(changed, ["change destination d"]);
        assert_eq!(removed, ["remove destination d"]);
        let kept: Vec<&Removed> = content.workspace.removed.iter().collect();
        assert_eq!(kept[0].destination.id, DestinationId::new("d"));
    }
}
