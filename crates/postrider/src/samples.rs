//! Samples for tests of several rooms: an event, and a destination with its connection.

use bytes::Bytes;
use domain::connection::Connection;
use domain::destination::webhook::WebhookSettings;
use domain::destination::{Destination, DestinationSettings};
use domain::event::{EventKind, Identities, NewEvent, Restriction};
use domain::id::{ConnectionId, DestinationId, Seq, SourceId};
use domain::time::Timestamp;
use storage::catalog::{Edit, Object};
use storage::{CatalogChange, Store};

/// The id of [`destination`].
pub fn destination_id() -> DestinationId {
    DestinationId::new("d")
}

/// An event of source `s`, received at that time.
pub fn event(received_at: Timestamp) -> NewEvent {
    NewEvent {
        source: SourceId::new("s"),
        kind: EventKind::Track,
        received_at,
        identities: Identities::default(),
        restriction: Restriction::None,
        payload: Bytes::from_static(b"{}"),
    }
}

/// Stores such an event in a frame of its own.
pub async fn append(store: &Store, received_at: Timestamp) {
    store.journal.append(vec![event(received_at)]).unwrap().await.unwrap();
}

/// A destination at an address that may not be called.
pub fn destination(enabled: bool) -> Destination {
    let settings = WebhookSettings::posting_to("http://127.0.0.1:9/");
    let settings = DestinationSettings::Webhook(settings);
    Destination { enabled, ..Destination::new(destination_id(), "d", settings) }
}

/// Connects source `s` to a destination, from a place in the journal on.
pub async fn connect(store: &Store, destination: Destination, since: u64) {
    let (id, source) = (ConnectionId::new("c"), SourceId::new("s"));
    let connection = Connection::new(id, source, destination.id.clone(), Seq(since));
    let connection = Object::Connection(connection);
    let put = |object| CatalogChange { expected: 0, edit: Edit::Put(object) };
    let changes = vec![put(Object::Destination(destination)), put(connection)];
    store.catalog.apply(changes, Vec::new()).await.unwrap();
}
