//! Which source a write key belongs to, and what its sender may do.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::id::SourceId;
use domain::source::{AllowedOrigin, Source, WriteKey};
use domain::time::Timestamp;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use storage::Snapshot;
use tokio::sync::watch;
use url::form_urlencoded;

use super::bucket::{Bucket, Buckets};

/// The sources by write key, always as the catalog says now.
///
/// Keys are found through a keyed hash, so the time of a look-up says nothing about a key.
pub struct KeyRing {
    catalog: RefCell<watch::Receiver<Arc<Snapshot>>>,
    buckets: Arc<Buckets>,
    keys: RefCell<HashMap<String, HeldKey>>,
}

/// Whose a key is; one for all keys of a source.
#[derive(Debug)]
pub struct KeyHolder {
    /// The source.
    pub source: SourceId,
    /// Whether its events are accepted.
    pub enabled: bool,
    /// The pages that may send; any where there are none.
    pub allowed_origins: Vec<AllowedOrigin>,
    /// What it may send; any number where there is none.
    pub bucket: Option<Arc<Bucket>>,
}

/// Why a key opens nothing.
#[derive(Debug)]
pub enum KeyFault {
    /// It belongs to no source.
    Unknown,
    /// It belonged to this one until then.
    Ended(Rc<KeyHolder>, Timestamp),
}

struct HeldKey {
    holder: Rc<KeyHolder>,
    key: WriteKey,
}

impl KeyRing {
    /// A ring that follows the catalog.
    pub fn new(mut catalog: watch::Receiver<Arc<Snapshot>>, buckets: Arc<Buckets>) -> Self {
        let keys = RefCell::new(by_key(&catalog.borrow_and_update(), &buckets));
        Self { catalog: RefCell::new(catalog), buckets, keys }
    }

    /// Whose key it is at this time.
    ///
    /// # Errors
    /// Why it is nobody's.
    pub fn holder(&self, key: &str, now: Timestamp) -> Result<Rc<KeyHolder>, KeyFault> {
        let mut catalog = self.catalog.borrow_mut();
        // An error means that the engine has closed; the last content stays true until the end.
        if catalog.has_changed().unwrap_or(false) {
            *self.keys.borrow_mut() = by_key(&catalog.borrow_and_update(), &self.buckets);
        }
        let keys = self.keys.borrow();
        let HeldKey { holder, key } = keys.get(key).ok_or(KeyFault::Unknown)?;
        match key.ended(now) {
            Some(end) => Err(KeyFault::Ended(holder.clone(), end)),
            None => Ok(holder.clone()),
        }
    }

    /// All that the catalog says of a source; none where it is not there any more.
    pub fn source(&self, id: &SourceId) -> Option<Source> {
        let snapshot = self.catalog.borrow().borrow().clone();
        snapshot.workspace.sources.iter().find(|source| source.id == *id).cloned()
    }
}

fn by_key(snapshot: &Snapshot, buckets: &Buckets) -> HashMap<String, HeldKey> {
    let buckets = buckets.of(snapshot);
    let sources = snapshot.workspace.sources.iter();
    let keys = sources.flat_map(|source| {
        let holder = Rc::new(KeyHolder {
            source: source.id.clone(),
            enabled: source.enabled,
            allowed_origins: source.allowed_origins.clone(),
            bucket: buckets.get(&source.id).cloned(),
        });
        let held = move |key: &WriteKey| HeldKey { holder: holder.clone(), key: key.clone() };
        source.write_keys.iter().map(move |key| (key.key.clone(), held(key)))
    });
    keys.collect()
}

/// The write key in a header: the user name of HTTP Basic authentication, its password ignored.
pub fn header_key(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, encoded) = value.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim_ascii()).ok()?).ok()?;
    let key = decoded.split_once(':')?.0;
    (!key.is_empty()).then(|| key.to_owned())
}

/// The write key in a query: its first `writeKey` that is not empty.
pub fn query_key(query: Option<&str>) -> Option<String> {
    let members = form_urlencoded::parse(query?.as_bytes());
    let mut keys = members.filter(|(name, key)| name == "writeKey" && !key.is_empty());
    Some(keys.next()?.1.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_basic_user_name() {
        let check = |value: &str, want: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            assert_eq!(header_key(&headers).as_deref(), want, "{value}");
        };
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        check(&basic("key:"), Some("key"));
        check(&basic("key:password"), Some("key"));
        check(&basic("key:").replace("Basic", "bAsIc"), Some("key"));
        check(&basic(":password"), None);
        check(&basic("key"), None);
        check("Basic %%%", None);
        check("Bearer key", None);
        check("Basic", None);
        check("", None);
        assert_eq!(header_key(&HeaderMap::new()), None);
    }

    #[test]
    fn the_key_of_a_query_is_decoded() {
        let check = |query: Option<&str>, want: Option<&str>| {
            assert_eq!(query_key(query).as_deref(), want, "{query:?}");
        };
        check(Some("writeKey=key"), Some("key"));
        check(Some("p=web&writeKey=k%65y+1&v=2"), Some("key 1"));
        check(Some("writeKey=&writeKey=key&writeKey=other"), Some("key"));
        check(Some("writekey=key"), None);
        check(Some("writeKey"), None);
        check(Some(""), None);
        check(None, None);
    }
}
