//! The embedded catalog: one row of `catalog.db` per object, and the whole of it in memory.
//!
//! One thread owns the content: it checks each set of changes against it, commits their rows, and
//! shows the new content. The file is read only at the start.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::alarm::Alarm;
use super::inbox::{ClosesInbox, Inbox};
use super::sqlite::{self, Durability};
use crate::catalog::{Catalog, CatalogChange, Edit, Object, ObjectKey, ObjectKind, Snapshot};
use crate::error::{OpenError, StorageError};
use crate::receipt::{Receipt, Reply};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS objects (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
";

/// Pages of the write-ahead log after which it is copied. Source: SQLite's default.
const WAL_PAGES_MAX: i64 = 1000;

/// A set of changes and who waits for it.
pub struct Apply {
    changes: Vec<CatalogChange>,
    reply: Reply<Arc<Snapshot>>,
}

/// The catalog as others see it.
pub struct EmbeddedCatalog {
    /// Where changes go.
    pub inbox: Arc<Inbox<Apply>>,
    /// The current content.
    pub content: watch::Sender<Arc<Snapshot>>,
}

impl Catalog for EmbeddedCatalog {
    fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.content.subscribe()
    }

    fn apply(&self, changes: Vec<CatalogChange>) -> Receipt<Arc<Snapshot>> {
        let (reply, receipt) = Receipt::pair();
        match self.inbox.push(Apply { changes, reply }, 1) {
            Ok(()) => receipt,
            Err(error) => Receipt::ready(Err(error)),
        }
    }
}

/// The one that writes.
pub struct Writer {
    connection: Connection,
    inbox: Arc<Inbox<Apply>>,
    content: watch::Sender<Arc<Snapshot>>,
    alarm: Alarm,
    failure: Option<StorageError>,
}

impl Writer {
    /// Opens the file and reads the content.
    pub fn open(path: &Path, inbox: Arc<Inbox<Apply>>, alarm: Alarm) -> Result<Self, OpenError> {
        let connection = sqlite::open_writer(path, Durability::Full, &[SCHEMA])?;
        // Changes are few and nobody else waits for this thread, so it copies its log by itself.
        connection
            .pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX)
            .map_err(sqlite::database("open", path))?;
        let content = read(&connection).map_err(sqlite::database("read", path))?;
        let content = watch::Sender::new(Arc::new(content));
        Ok(Self { connection, inbox, content, alarm, failure: None })
    }

    /// The content it shows.
    pub fn content(&self) -> watch::Sender<Arc<Snapshot>> {
        self.content.clone()
    }

    /// Serves its inbox until that is closed and everything in it is answered.
    pub fn run(mut self) {
        let inbox = Arc::clone(&self.inbox);
        let _closes = ClosesInbox(&*inbox);
        while let Some(Apply { changes, reply }) = inbox.take_one() {
            let answer = self.apply(&changes);
            // Whoever forgot the receipt does not want the answer.
            let _ = reply.send(answer);
        }
        sqlite::close_writer(self.connection, self.failure.as_ref());
    }

    fn apply(&mut self, changes: &[CatalogChange]) -> Result<Arc<Snapshot>, StorageError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let next = Arc::new(self.content.borrow().with(changes)?);
        if let Err(error) = self.write(changes, next.revision) {
            let file = sqlite::file_of(&self.connection);
            let error = sqlite::classify("changing the catalog", &file, error);
            if matches!(error, StorageError::Failed { .. }) {
                self.failure = Some(error.clone());
                self.alarm.raise(error.clone());
            }
            return Err(error);
        }
        self.content.send_replace(Arc::clone(&next));
        Ok(next)
    }

    fn write(&self, changes: &[CatalogChange], revision: u64) -> rusqlite::Result<()> {
        let revision = i64::try_from(revision).unwrap_or(i64::MAX);
        let transaction = self.connection.unchecked_transaction()?;
        for CatalogChange { edit, .. } in changes {
            let ObjectKey { kind, id } = edit.key();
            match edit {
                Edit::Put(object) => transaction.execute(
                    "INSERT OR REPLACE INTO objects (kind, id, version, body)
                     VALUES (?1, ?2, ?3, ?4)",
                    (kind.as_str(), id, revision, body(object)?),
                )?,
                Edit::Remove(_) => transaction.execute(
                    "DELETE FROM objects WHERE kind = ?1 AND id = ?2",
                    (kind.as_str(), id),
                )?,
            };
        }
        transaction.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('revision', ?1)",
            [revision],
        )?;
        transaction.commit()
    }
}

fn body(object: &Object) -> rusqlite::Result<String> {
    match object {
        Object::Source(source) => serde_json::to_string(source),
        Object::Destination(destination) => serde_json::to_string(destination),
        Object::Connection(connection) => serde_json::to_string(connection),
        Object::Removed(removed) => serde_json::to_string(removed),
    }
    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Reads the whole content.
///
/// # Errors
/// Where the file or an object in it cannot be read.
pub fn read(connection: &Connection) -> rusqlite::Result<Snapshot> {
    let mut content = Snapshot::default();
    content.workspace.sources = objects(connection, ObjectKind::Source, &mut content.versions)?;
    content.workspace.destinations =
        objects(connection, ObjectKind::Destination, &mut content.versions)?;
    content.workspace.connections =
        objects(connection, ObjectKind::Connection, &mut content.versions)?;
    content.workspace.removed = objects(connection, ObjectKind::Removed, &mut content.versions)?;
    let revision: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE key = 'revision'", [], |row| row.get(0))
        .optional()?;
    content.revision = revision.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
    Ok(content)
}

/// Reads the objects of one kind, sorted by id, and notes their versions.
fn objects<T: DeserializeOwned>(
    connection: &Connection,
    kind: ObjectKind,
    versions: &mut std::collections::BTreeMap<ObjectKey, u64>,
) -> rusqlite::Result<Vec<T>> {
    let mut select =
        connection.prepare("SELECT id, version, body FROM objects WHERE kind = ?1 ORDER BY id")?;
    let mut rows = select.query([kind.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let object = serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                2,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })?;
        let version = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        versions.insert(ObjectKey { kind, id: row.get(0)? }, version);
        found.push(object);
    }
    Ok(found)
}
