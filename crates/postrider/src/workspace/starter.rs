//! The starter workspace: one source, and a destination that shows what it gets.

use std::net::SocketAddr;

use domain::connection::Connection;
use domain::destination::webhook::WebhookSettings;
use domain::destination::{Destination, DestinationSettings};
use domain::id::{ConnectionId, DestinationId, SourceId};
use domain::source::Source;
use domain::workspace::Workspace;
use storage::{Author, StorageError, Store};

use super::edit;
use crate::clock;

/// The name of the starter's playground.
const STARTER_PLAYGROUND: &str = "demo";

/// The id of the starter's source.
const STARTER_SOURCE: &str = "my-app";

/// Makes the starter workspace, where the catalog is empty.
///
/// # Errors
/// As the catalog says.
pub async fn ensure(store: &Store) -> Result<(), StorageError> {
    let snapshot = store.catalog.watch().borrow().clone();
    if snapshot.workspace != Workspace::default() {
        return Ok(());
    }
    edit::apply(store, &snapshot, &starter(), &Author::server(clock::now())).await.map(|_| ())
}

fn starter() -> Workspace {
    let source = Source::new(SourceId::new(STARTER_SOURCE), "My app", write_key());
    let settings = WebhookSettings::posting_to(format!("playground://{STARTER_PLAYGROUND}"));
    let settings = DestinationSettings::Webhook(settings);
    let destination = Destination::new(DestinationId::new("playground"), "Playground", settings);
    let connection = Connection::new(
        ConnectionId::new("my-app-playground"),
        source.id.clone(),
        destination.id.clone(),
        domain::id::Seq::FIRST,
    );
    Workspace {
        sources: vec![source],
        destinations: vec![destination],
        connections: vec![connection],
        removed: Vec::new(),
    }
}

/// A key nobody can guess: 32 letters and digits, 165 bits.
pub fn write_key() -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let bytes = std::iter::repeat_with(clock::random_bytes).flatten();
    // Bytes from 252 on would make the first letters likelier than the others.
    let fair = bytes.filter(|byte| *byte < 252).take(32);
    fair.map(|byte| char::from(LETTERS[usize::from(byte % 36)])).collect()
}

/// Where everything is, who may come in first, and what to try where the starter's source is there.
pub fn welcome(
    workspace: &Workspace,
    (gateway, admin): (SocketAddr, SocketAddr),
    setup_link: Option<&str>,
) -> String {
    let (gateway, admin) = (local_url(gateway), local_url(admin));
    let setup = setup_link.map(|path| {
        format!("  Set up       {admin}{path}\n               makes the first admin; works once\n")
    });
    let setup = setup.unwrap_or_default();
    let starter = workspace.sources.iter().find(|source| source.id.as_str() == STARTER_SOURCE);
    let key = starter.and_then(|source| source.write_keys.first()).map(|key| &key.key);
    let Some(key) = key else {
        return format!("\n  Data plane   {gateway}\n  Dashboard    {admin}\n{setup}");
    };
    format!(
        "\n  Data plane   {gateway}\n  Write key    {key}\n  Dashboard    {admin}\n{setup}\n\
         Send an event, and see it arrive at {admin}/play/{STARTER_PLAYGROUND} and here:\n\n  \
         curl -u {key}: {gateway}/v1/track -H 'Content-Type: application/json' \\\n    \
         -d '{{\"userId\":\"u1\",\"event\":\"Order Completed\",\"properties\":{{\"total\":9.5}}}}'\n"
    )
}

/// The URL at which this machine reaches a listener.
pub fn local_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://127.0.0.1:{}", address.port())
    } else {
        format!("http://{address}")
    }
}
