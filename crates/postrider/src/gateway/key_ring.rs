//! Which source a write key belongs to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::id::SourceId;
use domain::source::Source;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use storage::Snapshot;
use tokio::sync::watch;
use url::form_urlencoded;

/// The sources by write key, always as the catalog says now.
///
/// Keys are found through a keyed hash, so the time of a look-up says nothing about a key.
pub struct KeyRing {
    catalog: RefCell<watch::Receiver<Arc<Snapshot>>>,
    sources: RefCell<Rc<HashMap<String, KeyHolder>>>,
}

/// Whose a key is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyHolder {
    /// The source.
    pub source: SourceId,
    /// Whether its events are accepted.
    pub enabled: bool,
}

impl KeyRing {
    /// A ring that follows the catalog.
    pub fn new(mut catalog: watch::Receiver<Arc<Snapshot>>) -> Self {
        let sources = Rc::new(by_key(&catalog.borrow_and_update()));
        Self { catalog: RefCell::new(catalog), sources: RefCell::new(sources) }
    }

    /// Whose key it is; none where it belongs to no source.
    pub fn holder(&self, key: &str) -> Option<KeyHolder> {
        let mut catalog = self.catalog.borrow_mut();
        // An error means that the engine has closed; the last content stays true until the end.
        if catalog.has_changed().unwrap_or(false) {
            *self.sources.borrow_mut() = Rc::new(by_key(&catalog.borrow_and_update()));
        }
        self.sources.borrow().get(key).cloned()
    }

    /// All of the source that has this key; none where it belongs to no source.
    pub fn source(&self, key: &str) -> Option<Source> {
        let id = self.holder(key)?.source;
        let snapshot = self.catalog.borrow().borrow().clone();
        snapshot.workspace.sources.iter().find(|source| source.id == id).cloned()
    }
}

fn by_key(snapshot: &Snapshot) -> HashMap<String, KeyHolder> {
    let sources = snapshot.workspace.sources.iter();
    let holders = sources.flat_map(|source| {
        let holder = KeyHolder { source: source.id.clone(), enabled: source.enabled };
        source.write_keys.iter().map(move |key| (key.clone(), holder.clone()))
    });
    holders.collect()
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
