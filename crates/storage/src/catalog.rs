//! The contract Catalog: what people edit.
//!
//! - **C1** Writes are compare-and-set with versions, and watchers see every change.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::connection::Connection;
use domain::destination::Destination;
use domain::source::Source;
use domain::workspace::{Removed, Workspace};
use tokio::sync::watch;

use crate::audit::Deed;
use crate::error::StorageError;
use crate::receipt::Receipt;

/// What people edit.
pub trait Catalog: Send + Sync + 'static {
    /// The current content; changes wake watchers.
    fn watch(&self) -> watch::Receiver<Arc<Snapshot>>;

    /// Applies all changes or none, durably, and notes in the same commit who made them (U1); answers
    /// the new content. What the server keeps up by itself is nobody's deed.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where an object has another version than expected.
    fn apply(&self, changes: Vec<CatalogChange>, deeds: Vec<Deed>) -> Receipt<Arc<Snapshot>>;
}

/// One edit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogChange {
    /// The version of the object that the edit was made on; 0 for "does not exist yet".
    pub expected: u64,
    /// What to do.
    pub edit: Edit,
}

/// What to do to an object.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "edits are few, and gone once they are applied")]
pub enum Edit {
    /// Make or replace it.
    Put(Object),
    /// Remove it.
    Remove(ObjectKey),
}

/// An object of the catalog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Object {
    /// What sends events.
    Source(Source),
    /// Where deliveries go.
    Destination(Destination),
    /// What joins them.
    Connection(Connection),
    /// A destination that may be put back.
    Removed(Removed),
}

/// Names an object: its kind and id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectKey {
    /// Which kind.
    pub kind: ObjectKind,
    /// Its id.
    pub id: String,
}

/// The kinds of objects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ObjectKind {
    /// See [`Source`].
    Source,
    /// See [`Destination`].
    Destination,
    /// See [`Connection`].
    Connection,
    /// See [`Removed`]; its id is the destination's.
    Removed,
}

impl ObjectKind {
    /// The word for the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Connection => "connection",
            Self::Removed => "removed",
        }
    }
}

impl Object {
    /// The object's name.
    pub fn key(&self) -> ObjectKey {
        let (kind, id) = match self {
            Self::Source(source) => (ObjectKind::Source, source.id.as_str()),
            Self::Destination(destination) => (ObjectKind::Destination, destination.id.as_str()),
            Self::Connection(connection) => (ObjectKind::Connection, connection.id.as_str()),
            Self::Removed(removed) => (ObjectKind::Removed, removed.destination.id.as_str()),
        };
        ObjectKey { kind, id: id.to_owned() }
    }
}

impl Edit {
    /// The name of the object it is about.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Put(object) => object.key(),
            Self::Remove(key) => key.clone(),
        }
    }
}

/// The catalog at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// Rises with every applied set of changes.
    pub revision: u64,
    /// The content.
    pub workspace: Workspace,
    /// The version of each object, as edits must expect it: the revision that last changed it, so
    /// that an object removed and made again never gets a version it had before.
    pub versions: BTreeMap<ObjectKey, u64>,
}

impl Snapshot {
    /// The content after all changes; nothing is changed where one of them does not fit.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where an object has another version than expected.
    pub fn with(&self, changes: &[CatalogChange]) -> Result<Self, StorageError> {
        let mut next = self.clone();
        next.revision += 1;
        for change in changes {
            next.apply(change)?;
        }
        Ok(next)
    }

    fn apply(&mut self, change: &CatalogChange) -> Result<(), StorageError> {
        let key = change.edit.key();
        let found = self.versions.get(&key).copied().unwrap_or(0);
        if found != change.expected {
            let object = format!("{} {}", key.kind.as_str(), key.id);
            return Err(StorageError::Conflict { object, expected: change.expected, found });
        }
        match &change.edit {
            Edit::Put(object) => {
                self.versions.insert(key, self.revision);
                self.workspace_put(object.clone());
            }
            Edit::Remove(_) => {
                self.versions.remove(&key);
                self.workspace_remove(&key);
            }
        }
        Ok(())
    }

    fn workspace_put(&mut self, object: Object) {
        let content = &mut self.workspace;
        match object {
            Object::Source(new) => put_sorted(&mut content.sources, new, |old| &old.id),
            Object::Destination(new) => put_sorted(&mut content.destinations, new, |old| &old.id),
            Object::Connection(new) => put_sorted(&mut content.connections, new, |old| &old.id),
            Object::Removed(new) => {
                put_sorted(&mut content.removed, new, |old| &old.destination.id);
            }
        }
    }

    fn workspace_remove(&mut self, key: &ObjectKey) {
        let content = &mut self.workspace;
        match key.kind {
            ObjectKind::Source => content.sources.retain(|old| old.id.as_str() != key.id),
            ObjectKind::Destination => content.destinations.retain(|old| old.id.as_str() != key.id),
            ObjectKind::Connection => content.connections.retain(|old| old.id.as_str() != key.id),
            ObjectKind::Removed => {
                content.removed.retain(|old| old.destination.id.as_str() != key.id);
            }
        }
    }
}

/// Puts an object at its place in a list sorted by id, instead of the one with its id.
fn put_sorted<T, I: Ord>(list: &mut Vec<T>, object: T, id: impl Fn(&T) -> &I) {
    match list.binary_search_by(|old| id(old).cmp(id(&object))) {
        Ok(index) => list[index] = object,
        Err(index) => list.insert(index, object),
    }
}
