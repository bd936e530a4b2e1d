//! The contract Audit: who did what, and when.
//!
//! - **U1** An edit and its records are one commit: neither is there without the other.
//! - **U2** Numbers rise in the order in which records were made, and are never used twice; a record
//!   that was made is not changed.
//! - **U3** Changes and accesses have bounds apart, so that no number of accesses pushes out a change.

use std::net::IpAddr;

use domain::time::Timestamp;

use crate::receipt::Receipt;

/// What people did.
pub trait Audit: Send + Sync + 'static {
    /// Notes what was done outside the catalog, all or none, durably.
    fn note(&self, deeds: Vec<Deed>) -> Receipt<()>;

    /// The newest records that fit, newest first.
    fn list(&self, query: AuditQuery) -> Receipt<AuditPage>;
}

/// Who does something, from where, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Author {
    /// When.
    pub at: Timestamp,
    /// The name of a user, or what stands for one: `token:deploy`, `workspace file`, `server`.
    pub by: String,
    /// Where the request came from; none where there was none.
    pub address: Option<IpAddr>,
}

/// Which bound a record counts for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DeedClass {
    /// Something is different from now on.
    Change = 1,
    /// Somebody came in, or looked at a payload.
    Access = 2,
}

/// Something that somebody did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    /// Who did it.
    pub author: Author,
    /// Which bound it counts for.
    pub class: DeedClass,
    /// What was done, as in `create`, `change`, `remove`, `view_payload`.
    pub action: String,
    /// What kind of thing it was done to, as in `destination`, `user`, `event`.
    pub kind: String,
    /// The id of that thing.
    pub object: String,
    /// The thing before, as JSON without any secret; none where there was nothing, or nothing to tell.
    pub before: Option<String>,
    /// The thing after, likewise.
    pub after: Option<String>,
}

/// A deed as it was written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRecord {
    /// Its number.
    pub id: u64,
    /// The revision of the catalog that it made, which is the version of what it put there; none for
    /// what was done outside the catalog.
    pub revision: Option<u64>,
    /// What was done.
    pub deed: Deed,
}

/// Which records are looked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditQuery {
    /// Only of this author.
    pub by: Option<String>,
    /// Only of this action.
    pub action: Option<String>,
    /// Only about this kind of thing.
    pub kind: Option<String>,
    /// Only about things with this id.
    pub object: Option<String>,
    /// Only records with a number below this one.
    pub older_than: Option<u64>,
    /// Records to answer at most.
    pub rows_max: u32,
}

/// Records that fit, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditPage {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// Where the next page begins; none where nothing is left.
    pub older_than: Option<u64>,
}

impl Author {
    /// What the author does, to be noted; add before and after where there is something to tell.
    pub fn does(&self, class: DeedClass, action: &str, kind: &str, object: &str) -> Deed {
        Deed {
            author: self.clone(),
            class,
            action: action.to_owned(),
            kind: kind.to_owned(),
            object: object.to_owned(),
            before: None,
            after: None,
        }
    }

    /// The server itself.
    pub fn server(at: Timestamp) -> Self {
        Self { at, by: "server".to_owned(), address: None }
    }
}

impl DeedClass {
    /// The class with this code; none where there is none.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Change, Self::Access].into_iter().find(|class| *class as u8 == code)
    }
}

impl AuditQuery {
    /// Whether a record is one of those.
    pub fn fits(&self, record: &AuditRecord) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let Deed { author, action, kind, object, .. } = &record.deed;
        is(&self.by, &author.by)
            && is(&self.action, action)
            && is(&self.kind, kind)
            && is(&self.object, object)
            && self.older_than.is_none_or(|bound| record.id < bound)
    }
}

impl AuditPage {
    /// A page of the records found, where one more than wanted was looked for.
    pub fn of(mut found: Vec<AuditRecord>, rows_max: u32) -> Self {
        let rows_max = usize::try_from(rows_max).unwrap_or(usize::MAX);
        let is_more = found.len() > rows_max;
        found.truncate(rows_max);
        let older_than = found.last().filter(|_| is_more).map(|last| last.id);
        Self { records: found, older_than }
    }
}
