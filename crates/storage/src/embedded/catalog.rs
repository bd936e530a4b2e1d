//! The embedded catalog: one row of `catalog.db` per object, and the whole of it in memory.
//!
//! One thread owns the content: it checks each set of changes against it, commits their rows
//! together with the records of who made them (`audit`), and shows the new content. It does the same
//! for who may come in (`accounts`). Secrets are sealed in the rows (`secrets`). Of the file only those records are read later than at the start.

mod audit;
mod accounts;
mod secrets;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use super::AuditLimits;
use super::alarm::Alarm;
use super::inbox::{ClosesInbox, Inbox};
use super::seal::{Sealer, SecretKey};
use super::sqlite::{self, Durability};
use crate::accounts::{AccountEdit, Accounts, Roll};
use crate::audit::{Audit, AuditPage, AuditQuery, Deed};
use crate::catalog::{Catalog, CatalogChange, Edit, Object, ObjectKey, ObjectKind, Snapshot};
use crate::error::{OpenError, SealError, StorageError};
use crate::receipt::{Receipt, Reply};

/// The file's name.
pub const FILE: &str = "catalog.db";

/// The steps that lead to today's tables.
const STEPS: [&str; 3] = [SCHEMA, audit::AUDIT, accounts::ACCOUNTS];

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

/// What the thread is asked for, and who waits for it.
pub enum Command {
    /// Applies changes, and notes who made them.
    Apply(Vec<CatalogChange>, Vec<Deed>, Reply<Arc<Snapshot>>),
    /// Notes what was done outside the catalog.
    Note(Vec<Deed>, Reply<()>),
    /// Edits who may come in.
    Edit(AccountEdit, Vec<Deed>, Reply<Arc<Roll>>),
    /// Looks for records.
    List(AuditQuery, Reply<AuditPage>),
}

/// The catalog as others see it.
pub struct EmbeddedCatalog {
    /// Where changes go.
    pub inbox: Arc<Inbox<Command>>,
    /// The current content.
    pub content: watch::Sender<Arc<Snapshot>>,
    /// Who may come in.
    pub roll: watch::Sender<Arc<Roll>>,
}

impl Catalog for EmbeddedCatalog {
    fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.content.subscribe()
    }

    fn apply(&self, changes: Vec<CatalogChange>, deeds: Vec<Deed>) -> Receipt<Arc<Snapshot>> {
        self.ask(|reply| Command::Apply(changes, deeds, reply))
    }
}

impl Audit for EmbeddedCatalog {
    fn note(&self, deeds: Vec<Deed>) -> Receipt<()> {
        self.ask(|reply| Command::Note(deeds, reply))
    }

    fn list(&self, query: AuditQuery) -> Receipt<AuditPage> {
        self.ask(|reply| Command::List(query, reply))
    }
}

impl Accounts for EmbeddedCatalog {
    fn watch(&self) -> watch::Receiver<Arc<Roll>> {
        self.roll.subscribe()
    }

    fn edit(&self, edit: AccountEdit, deeds: Vec<Deed>) -> Receipt<Arc<Roll>> {
        self.ask(|reply| Command::Edit(edit, deeds, reply))
    }
}

impl EmbeddedCatalog {
    fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Receipt<T> {
        let (reply, receipt) = Receipt::pair();
        match self.inbox.push(command(reply), 1) {
            Ok(()) => receipt,
            Err(error) => Receipt::ready(Err(error)),
        }
    }
}

/// The one that writes.
pub struct Writer {
    connection: Connection,
    sealer: Sealer,
    inbox: Arc<Inbox<Command>>,
    content: watch::Sender<Arc<Snapshot>>,
    roll: watch::Sender<Arc<Roll>>,
    alarm: Alarm,
    keeping: audit::Keeping,
    failure: Option<StorageError>,
}

impl Writer {
    /// Opens the file and reads the content.
    pub fn open(
        path: &Path,
        (inbox, alarm): (Arc<Inbox<Command>>, Alarm),
        limits: AuditLimits,
        key: Option<&SecretKey>,
    ) -> Result<Self, OpenError> {
        let connection = sqlite::open_writer(path, Durability::Full, &STEPS)?;
        // Changes are few and nobody else waits for this thread, so it copies its log by itself.
        connection
            .pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX)
            .map_err(sqlite::database("open", path))?;
        let sealer = secrets::sealer(&connection, path, key)?;
        let open = |body: &mut Value| sealer.open(body);
        let content = read(&connection, open).map_err(secrets::unreadable(path))?;
        let content = watch::Sender::new(Arc::new(content));
        let roll = accounts::read(&connection).map_err(sqlite::database("read", path))?;
        let roll = watch::Sender::new(Arc::new(roll));
        let keeping =
            audit::Keeping::new(&connection, limits).map_err(sqlite::database("read", path))?;
        Ok(Self { connection, sealer, inbox, content, roll, alarm, keeping, failure: None })
    }

    /// The content it shows.
    pub fn content(&self) -> watch::Sender<Arc<Snapshot>> {
        self.content.clone()
    }

    /// Who may come in, as it shows it.
    pub fn roll(&self) -> watch::Sender<Arc<Roll>> {
        self.roll.clone()
    }

    /// Serves its inbox until that is closed and everything in it is answered.
    pub fn run(mut self) {
        let inbox = Arc::clone(&self.inbox);
        let _closes = ClosesInbox(&*inbox);
        while let Some(command) = inbox.take_one() {
            self.carry_out(command);
        }
        sqlite::close_writer(self.connection, self.failure.as_ref());
    }

    /// Whoever forgot the receipt does not want the answer.
    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Apply(changes, deeds, reply) => {
                let _ = reply.send(self.apply(&changes, &deeds));
            }
            Command::Note(deeds, reply) => {
                let noted = self.commit("noting what was done", |connection, keeping| {
                    audit::note(connection, &deeds, None, keeping)
                });
                let _ = reply.send(noted);
            }
            Command::Edit(edit, deeds, reply) => {
                let _ = reply.send(self.edit(edit, &deeds));
            }
            Command::List(query, reply) => {
                let file = sqlite::file_of(&self.connection);
                let failed = |error| sqlite::failed("looking for what was done", &file, error);
                let _ = reply.send(audit::list(&self.connection, &query).map_err(failed));
            }
        }
    }

    fn apply(
        &mut self,
        changes: &[CatalogChange],
        deeds: &[Deed],
    ) -> Result<Arc<Snapshot>, StorageError> {
        let next = Arc::new(self.content.borrow().with(changes)?);
        let rows = changes.iter().map(|change| row(&change.edit, &self.sealer));
        let rows: Vec<_> = rows.collect::<Result<_, _>>().map_err(|error| {
            sqlite::failed("changing the catalog", &sqlite::file_of(&self.connection), error)
        })?;
        self.commit("changing the catalog", |connection, keeping| {
            write(connection, rows, next.revision)?;
            audit::note(connection, deeds, Some(next.revision), keeping)
        })?;
        self.content.send_replace(Arc::clone(&next));
        Ok(next)
    }

    fn edit(&mut self, edit: AccountEdit, deeds: &[Deed]) -> Result<Arc<Roll>, StorageError> {
        let old = self.roll.borrow().clone();
        let next = Arc::new(old.with(edit)?);
        self.commit("changing who may come in", |connection, keeping| {
            accounts::write(connection, &old, &next)?;
            audit::note(connection, deeds, None, keeping)
        })?;
        self.roll.send_replace(Arc::clone(&next));
        Ok(next)
    }

    /// Writes in one transaction; after most failures the file is not trusted any more.
    fn commit(
        &mut self,
        operation: &'static str,
        write: impl FnOnce(&Connection, &mut audit::Keeping) -> rusqlite::Result<()>,
    ) -> Result<(), StorageError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let written = self.connection.unchecked_transaction().and_then(|transaction| {
            write(&transaction, &mut self.keeping)?;
            transaction.commit()
        });
        written.map_err(|error| {
            let file = sqlite::file_of(&self.connection);
            let error = sqlite::classify(operation, &file, error);
            if matches!(error, StorageError::Failed { .. }) {
                self.failure = Some(error.clone());
                self.alarm.raise(error.clone());
            }
            error
        })
    }
}

/// Brings a copy of the file to today's tables, and ends every session in it: a session that has
/// ended since must not come back with a copy.
///
/// # Errors
/// Where the file cannot be written.
pub fn clear_copy(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    sqlite::take_steps(&connection, &STEPS)?;
    accounts::end_sessions(&connection)
}

/// What is written of an edit: the name of the object, and its body unless it is removed.
type Row = (ObjectKey, Option<String>);

fn row(edit: &Edit, sealer: &Sealer) -> rusqlite::Result<Row> {
    let body = match edit {
        Edit::Put(object) => Some(body(object, sealer)?),
        Edit::Remove(_) => None,
    };
    Ok((edit.key(), body))
}

/// Writes the rows of changes.
fn write(connection: &Connection, rows: Vec<Row>, revision: u64) -> rusqlite::Result<()> {
    let revision = i64::try_from(revision).unwrap_or(i64::MAX);
    for (ObjectKey { kind, id }, body) in rows {
        match body {
            Some(body) => connection.execute(
                "INSERT OR REPLACE INTO objects (kind, id, version, body)
                 VALUES (?1, ?2, ?3, ?4)",
                (kind.as_str(), id, revision, body),
            )?,
            None => connection
                .execute("DELETE FROM objects WHERE kind = ?1 AND id = ?2", (kind.as_str(), id))?,
        };
    }
    let update = "INSERT OR REPLACE INTO meta (key, value) VALUES ('revision', ?1)";
    connection.execute(update, [revision]).map(drop)
}

fn body(object: &Object, sealer: &Sealer) -> rusqlite::Result<String> {
    match object {
        Object::Source(source) => serde_json::to_string(source).map_err(unreadable),
        Object::Connection(connection) => serde_json::to_string(connection).map_err(unreadable),
        Object::Destination(destination) => secrets::sealed(destination, sealer),
        Object::Removed(removed) => secrets::sealed(removed, sealer),
    }
}

/// Reads the whole content; `open` opens the secrets of a body.
///
/// # Errors
/// Where the file or an object in it cannot be read.
pub fn read(
    connection: &Connection,
    open: impl Fn(&mut Value) -> Result<(), SealError>,
) -> rusqlite::Result<Snapshot> {
    let mut content = Snapshot::default();
    let Snapshot { workspace, versions, .. } = &mut content;
    let mut bodies = |kind| bodies(connection, kind, versions, &open);
    workspace.sources = objects(bodies(ObjectKind::Source)?)?;
    workspace.destinations = objects(bodies(ObjectKind::Destination)?)?;
    workspace.connections = objects(bodies(ObjectKind::Connection)?)?;
    workspace.removed = objects(bodies(ObjectKind::Removed)?)?;
    let revision: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE key = 'revision'", [], |row| row.get(0))
        .optional()?;
    content.revision = revision.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
    Ok(content)
}

fn objects<T: DeserializeOwned>(bodies: Vec<Value>) -> rusqlite::Result<Vec<T>> {
    bodies.into_iter().map(|body| serde_json::from_value(body).map_err(unreadable)).collect()
}

/// Reads the bodies of one kind, sorted by id, and notes their versions.
fn bodies(
    connection: &Connection,
    kind: ObjectKind,
    versions: &mut BTreeMap<ObjectKey, u64>,
    open: &impl Fn(&mut Value) -> Result<(), SealError>,
) -> rusqlite::Result<Vec<Value>> {
    let mut select =
        connection.prepare("SELECT id, version, body FROM objects WHERE kind = ?1 ORDER BY id")?;
    let mut rows = select.query([kind.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut body = serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(unreadable)?;
        open(&mut body).map_err(unreadable)?;
        let version = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        versions.insert(ObjectKey { kind, id: row.get(0)? }, version);
        found.push(body);
    }
    Ok(found)
}

/// An object that cannot be read or written.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error))
}
