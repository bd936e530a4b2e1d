//! What edits of the catalog are called in the audit log.

use storage::catalog::{Edit, ObjectKind};
use storage::{Author, CatalogChange, Deed, DeedClass};

/// What an author does with these changes, a deed for each object.
///
/// A destination that is kept as removed is one that was removed: that it is kept is nobody's deed.
pub fn deeds(changes: &[CatalogChange], author: &Author) -> Vec<Deed> {
    let told = changes.iter().filter(|change| change.edit.key().kind != ObjectKind::Removed);
    told.map(|change| deed(change, author)).collect()
}

fn deed(change: &CatalogChange, author: &Author) -> Deed {
    let key = change.edit.key();
    let action = match &change.edit {
        Edit::Put(_) if change.expected == 0 => "create",
        Edit::Put(_) => "change",
        Edit::Remove(_) => "remove",
    };
    author.does(DeedClass::Change, action, key.kind.as_str(), &key.id)
}

#[cfg(test)]
mod tests {
    use domain::id::{DestinationId, Seq};
    use domain::time::Timestamp;
    use domain::workspace::{Removed, Workspace};
    use storage::Snapshot;

    use super::*;
    use crate::samples;
    use crate::workspace::diff::{Moment, diff};

    #[test]
    fn each_edited_object_is_a_deed() {
        let author = Author::server(Timestamp(1));
        let told = |current: &Snapshot, wanted: &Workspace| {
            let moment = Moment { head: Seq(1), now: Timestamp(1) };
            let changes = diff(current, wanted, moment);
            let deeds = deeds(&changes, &author);
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
