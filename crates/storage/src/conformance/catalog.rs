//! C1: compare-and-set with versions, and watchers.

use domain::connection::Connection;
use domain::destination::absence::Away;
use domain::destination::webhook::WebhookSettings;
use domain::destination::{Destination, DestinationSettings};
use domain::id::{ConnectionId, DestinationId, Seq, SourceId};
use domain::source::Source;
use domain::time::Timestamp;
use domain::workspace::Removed;

use super::Subject;
use crate::catalog::{Edit, Object, ObjectKey, ObjectKind};
use crate::{CatalogChange, StorageError, Store};

type Open<'a> = &'a dyn Fn() -> Subject;

fn source(id: &str, name: &str) -> Source {
    Source::new(SourceId::new(id), name, format!("key of {id}"))
}

fn put(expected: u64, id: &str, name: &str) -> CatalogChange {
    CatalogChange { expected, edit: Edit::Put(Object::Source(source(id, name))) }
}

fn remove(expected: u64, id: &str) -> CatalogChange {
    CatalogChange { expected, edit: Edit::Remove(key(id)) }
}

fn key(id: &str) -> ObjectKey {
    ObjectKey { kind: ObjectKind::Source, id: id.to_owned() }
}

fn version(store: &Store, id: &str) -> u64 {
    store.catalog.watch().borrow().versions.get(&key(id)).copied().unwrap_or(0)
}

/// C1: the second of two edits made on one version is refused, and nothing of its set is done.
pub fn c1_an_edit_of_an_old_version_is_refused_as_a_whole(open: Open<'_>) {
    let Subject { store, _keep } = open();
    store.catalog.apply(vec![put(0, "web", "Web")], Vec::new()).wait().unwrap();
    let old = version(&store, "web");
    store.catalog.apply(vec![put(old, "web", "Website")], Vec::new()).wait().unwrap();
    let before = store.catalog.watch().borrow().clone();

    let late =
        store.catalog.apply(vec![put(0, "app", "App"), put(old, "web", "Late")], Vec::new()).wait();
    let Err(StorageError::Conflict { object, expected, found }) = late else {
        panic!("a conflict, not {late:?}")
    };
    assert_eq!((object.as_str(), expected), ("source web", old));
    assert_eq!(found, version(&store, "web"));
    assert!(store.catalog.apply(vec![put(0, "web", "Again")], Vec::new()).wait().is_err());
    assert!(store.catalog.apply(vec![remove(0, "web")], Vec::new()).wait().is_err());
    assert_eq!(store.catalog.watch().borrow().clone(), before);
}

/// C1: a watcher is woken by each applied set and by nothing else, and sees its answer.
pub fn c1_watchers_see_every_change(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let mut watcher = store.catalog.watch();
    assert!(!watcher.has_changed().unwrap());
    let sets = [
        vec![put(0, "web", "Web"), put(0, "app", "App")],
        vec![],
        vec![put(1, "web", "Website"), remove(1, "app")],
    ];
    for changes in sets {
        let answer = store.catalog.apply(changes, Vec::new()).wait().unwrap();
        assert!(watcher.has_changed().unwrap());
        assert_eq!(*watcher.borrow_and_update(), answer);
    }
    assert_eq!(watcher.borrow().workspace.sources, [source("web", "Website")]);
    assert!(store.catalog.apply(vec![put(7, "web", "Refused")], Vec::new()).wait().is_err());
    assert!(!watcher.has_changed().unwrap());
}

/// C1: an object removed and made again is another one to those who knew the first.
pub fn c1_a_version_is_never_used_twice(open: Open<'_>) {
    let Subject { store, _keep } = open();
    store.catalog.apply(vec![put(0, "web", "Web")], Vec::new()).wait().unwrap();
    let first = version(&store, "web");
    store.catalog.apply(vec![remove(first, "web")], Vec::new()).wait().unwrap();
    assert_eq!(version(&store, "web"), 0);
    store.catalog.apply(vec![put(0, "web", "Another")], Vec::new()).wait().unwrap();
    assert_ne!(version(&store, "web"), first);
    assert!(store.catalog.apply(vec![put(first, "web", "Late")], Vec::new()).wait().is_err());
}

/// What is removed has a version apart from what is put back under its id.
pub fn a_removed_destination_is_an_object_of_its_own(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let settings = WebhookSettings::posting_to("https://hooks.acme.test/");
    let settings = DestinationSettings::Webhook(settings);
    let mut destination = Destination::new(DestinationId::new("hook"), "Hook", settings);
    destination.absences.turn(Some(Away::Removed), Seq(7));
    let at = Timestamp(1_700_000_000_000);
    let removed = Removed { destination: destination.clone(), connections: Vec::new(), at };
    let put = |object| CatalogChange { expected: 0, edit: Edit::Put(object) };
    let both = vec![put(Object::Destination(destination)), put(Object::Removed(removed.clone()))];
    store.catalog.apply(both, Vec::new()).wait().unwrap();
    let key = |kind| ObjectKey { kind, id: "hook".to_owned() };
    let edit = Edit::Remove(key(ObjectKind::Destination));
    store.catalog.apply(vec![CatalogChange { expected: 1, edit }], Vec::new()).wait().unwrap();
    let content = store.catalog.watch().borrow().clone();
    assert_eq!(
        (content.workspace.destinations.len(), &content.workspace.removed),
        (0, &vec![removed])
    );
    let edit = Edit::Remove(key(ObjectKind::Removed));
    let content =
        store.catalog.apply(vec![CatalogChange { expected: 1, edit }], Vec::new()).wait().unwrap();
    assert_eq!((content.workspace.removed.len(), content.versions.len()), (0, 0));
}

/// Readers may search the lists by halving.
pub fn the_lists_are_sorted_by_id(open: Open<'_>) {
    let Subject { store, _keep } = open();
    let connection = |id: &str| {
        let (source, destination) = (SourceId::new("web"), DestinationId::new("hook"));
        Connection::new(ConnectionId::new(id), source, destination, Seq::FIRST)
    };
    for id in ["m", "a", "z", "b", "B", "é"] {
        let edit = Edit::Put(Object::Connection(connection(id)));
        let changes = vec![put(0, id, id), CatalogChange { expected: 0, edit }];
        store.catalog.apply(changes, Vec::new()).wait().unwrap();
    }
    let content = store.catalog.watch().borrow().clone();
    assert!(content.workspace.sources.is_sorted_by_key(|source| source.id.clone()));
    assert!(content.workspace.connections.is_sorted_by_key(|one| one.id.clone()));
    assert_eq!(content.workspace.connections.len(), 6);
}
