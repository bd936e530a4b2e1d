//! What people did, as rows: written in the transaction of what they did, and found again.

use domain::time::Timestamp;
use rusqlite::types::{ToSql, Type};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::audit::{AuditPage, AuditQuery, AuditRecord, Author, Deed, DeedClass};
use crate::embedded::AuditLimits;
use crate::embedded::steady::Steady;

/// What is kept, and by which clock.
pub struct Keeping {
    limits: AuditLimits,
    clock: Steady,
}

impl Keeping {
    /// Keeps so much, and goes on from the newest record.
    pub fn new(connection: &Connection, limits: AuditLimits) -> rusqlite::Result<Self> {
        let newest: Option<i64> = connection
            .query_row("SELECT at FROM audit ORDER BY id DESC LIMIT 1", [], |row| row.get(0))
            .optional()?;
        Ok(Self { limits, clock: Steady::from(newest.map(Timestamp)) })
    }
}

/// The numbers of rows are never used twice.
pub const AUDIT: &str = "
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        class INTEGER NOT NULL,
        at INTEGER NOT NULL,
        author TEXT NOT NULL,
        address TEXT,
        action TEXT NOT NULL,
        kind TEXT NOT NULL,
        object TEXT NOT NULL,
        revision INTEGER,
        before TEXT,
        after TEXT
    );
    CREATE INDEX audit_by_age ON audit (class, at);
    CREATE INDEX audit_by_object ON audit (kind, object);
    CREATE INDEX audit_by_author ON audit (author);
";

/// Adds records, and removes those beyond the bounds.
pub fn note(
    connection: &Connection,
    deeds: &[Deed],
    revision: Option<u64>,
    keeping: &mut Keeping,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO audit
             (class, at, author, address, action, kind, object, revision, before, after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for Deed { author, class, action, kind, object, before, after } in deeds {
        let address = author.address.map(|address| address.to_string());
        let revision = revision.map(u64::cast_signed);
        let who = (*class as u8, author.at.0, &author.by, address);
        insert
            .execute((who.0, who.1, who.2, who.3, action, kind, object, revision, before, after))?;
    }
    deeds.last().map_or(Ok(()), |newest| trim(connection, newest, keeping))
}

/// Removes the oldest of the class of the newest deed.
fn trim(connection: &Connection, newest: &Deed, keeping: &mut Keeping) -> rusqlite::Result<()> {
    let (limits, now) = (keeping.limits, keeping.clock.believe(newest.author.at));
    let class = newest.class as u8;
    let age = i64::try_from(limits.age_max.as_millis()).unwrap_or(i64::MAX);
    connection
        .prepare_cached("DELETE FROM audit WHERE class = ?1 AND at < ?2")?
        .execute((class, now.0.saturating_sub(age)))?;
    let kept = i64::try_from(limits.records_max).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "DELETE FROM audit WHERE id IN (
                 SELECT id FROM audit WHERE class = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2
             )",
        )?
        .execute((class, kept))
        .map(drop)
}

/// The newest records that fit.
pub fn list(connection: &Connection, query: &AuditQuery) -> rusqlite::Result<AuditPage> {
    let wanted = [
        ("author", &query.by),
        ("action", &query.action),
        ("kind", &query.kind),
        ("object", &query.object),
    ];
    let mut sql = "SELECT id, revision, class, at, author, address, action, kind, object, before,
         after FROM audit WHERE id < ?"
        .to_owned();
    let bound = query.older_than.map_or(i64::MAX, u64::cast_signed);
    let mut values: Vec<&dyn ToSql> = vec![&bound];
    for (column, value) in &wanted {
        if let Some(value) = value {
            sql.push_str(&format!(" AND {column} = ?"));
            values.push(value);
        }
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    let rows_max = i64::from(query.rows_max) + 1;
    values.push(&rows_max);
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map(&*values, record)?;
    Ok(AuditPage::of(rows.collect::<rusqlite::Result<_>>()?, query.rows_max))
}

fn record(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    let class: u8 = row.get("class")?;
    let unknown = || rusqlite::Error::IntegralValueOutOfRange(2, i64::from(class));
    let address: Option<String> = row.get("address")?;
    let address = address.map(|text| text.parse()).transpose().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(5, Type::Text, Box::new(error))
    })?;
    let author = Author { at: Timestamp(row.get("at")?), by: row.get("author")?, address };
    let deed = Deed {
        author,
        class: DeedClass::from_code(class).ok_or_else(unknown)?,
        action: row.get("action")?,
        kind: row.get("kind")?,
        object: row.get("object")?,
        before: row.get("before")?,
        after: row.get("after")?,
    };
    let revision: Option<i64> = row.get("revision")?;
    let id: i64 = row.get("id")?;
    Ok(AuditRecord { id: id.cast_unsigned(), revision: revision.map(i64::cast_unsigned), deed })
}
