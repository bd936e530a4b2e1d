//! What people call an event: its name and its ids, read from its stored text when somebody looks.
//!
//! Names are what SDKs call names: `event` of a track call, `name` of a page or screen, and of a page
//! without one the path it has. An id is told as lanes know it, so that a look-up by its hash and the
//! id shown are the same.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::EventKind;
use super::fields::identity_text;
use super::json::{self, Fault, Scanner};
use crate::limits;

/// An event in a few words; what it does not have is none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gist<'t> {
    /// What happened, or what was seen.
    pub name: Option<Cow<'t, str>>,
    /// Its `userId`.
    pub user_id: Option<Cow<'t, str>>,
    /// Its `anonymousId`.
    pub anonymous_id: Option<Cow<'t, str>>,
    /// Its `messageId`.
    pub message_id: Option<Cow<'t, str>>,
    /// Its `context`, as it is written.
    pub context: Option<&'t str>,
}

/// The raw values of the members that are read; the last one of a name counts.
#[derive(Default)]
struct Raw<'t> {
    event: Option<&'t str>,
    name: Option<&'t str>,
    properties: Option<&'t str>,
    user_id: Option<&'t str>,
    anonymous_id: Option<&'t str>,
    message_id: Option<&'t str>,
    context: Option<&'t str>,
}

impl<'t> Gist<'t> {
    /// Reads a stored event; nothing is found in what is no event.
    pub fn of(kind: EventKind, payload: &'t [u8]) -> Self {
        let text = std::str::from_utf8(payload).unwrap_or("");
        let Ok(raw) = Raw::read(text) else { return Self::default() };
        Self {
            name: raw.name_of(kind),
            user_id: raw.user_id.and_then(identity),
            anonymous_id: raw.anonymous_id.and_then(identity),
            message_id: raw.message_id.and_then(json::string),
            context: raw.context,
        }
    }
}

impl<'t> Raw<'t> {
    fn read(text: &'t str) -> Result<Self, Fault> {
        let mut raw = Self::default();
        Scanner::new(text, limits::STORED_SCAN).members(|scanner, key| {
            let value = scanner.leap()?.of(text);
            let place = match json::unescape(key.of(text)).as_ref() {
                "event" => &mut raw.event,
                "name" => &mut raw.name,
                "properties" => &mut raw.properties,
                "userId" => &mut raw.user_id,
                "anonymousId" => &mut raw.anonymous_id,
                "messageId" => &mut raw.message_id,
                "context" => &mut raw.context,
                _ => return Ok(()),
            };
            *place = Some(value);
            Ok(())
        })?;
        Ok(raw)
    }

    fn name_of(&self, kind: EventKind) -> Option<Cow<'t, str>> {
        let own = match kind {
            EventKind::Page | EventKind::Screen => named(self.name),
            _ => named(self.event),
        };
        own.or_else(|| self.path().filter(|_| kind == EventKind::Page))
    }

    /// The path of a page.
    fn path(&self) -> Option<Cow<'t, str>> {
        let [path] = json::named(self.properties?, ["path"])?;
        named(path)
    }
}

fn named(raw: Option<&str>) -> Option<Cow<'_, str>> {
    raw.and_then(json::string).filter(|name| !name.is_empty())
}

fn identity(raw: &str) -> Option<Cow<'_, str>> {
    Some(identity_text(Some(raw))).filter(|id| !id.is_empty())
}

/// A hash of an event's name, by which events are looked for. Different names may have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NameHash(pub u32);

/// A hash of a `messageId`, by which an event is looked for. Different ids may have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallMark(pub u64);

/// Seeds keep these apart from hashes of identities. What is stored by them is made anew where they
/// change, but not by itself.
const NAME_SEED: u64 = 3;
const MESSAGE_SEED: u64 = 4;

impl NameHash {
    /// The hash of a name; none for an empty one.
    pub fn of(name: &str) -> Option<Self> {
        let hash = || (xxh3_64_with_seed(name.as_bytes(), NAME_SEED) >> 32) as u32;
        (!name.is_empty()).then(|| Self(hash()))
    }
}

impl CallMark {
    /// The hash of an id; none for an empty one.
    pub fn of(id: &str) -> Option<Self> {
        (!id.is_empty()).then(|| Self(xxh3_64_with_seed(id.as_bytes(), MESSAGE_SEED)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_called_what_its_sdk_calls_it() {
        let check = |kind, payload: &str, want: Option<&str>| {
            let name = Gist::of(kind, payload.as_bytes()).name;
            assert_eq!(name.as_deref(), want, "{kind:?} {payload}");
        };
        check(EventKind::Track, r#"{"event":"Paid","name":"no"}"#, Some("Paid"));
        check(EventKind::Track, r#"{"event":"a","event":"\u00fcber \"b\""}"#, Some("über \"b\""));
        check(EventKind::Track, r#"{"event":""}"#, None);
        check(EventKind::Track, r#"{"event":7,"properties":{"path":"/"}}"#, None);
        check(EventKind::Page, r#"{"event":"no","name":"Home"}"#, Some("Home"));
        check(EventKind::Page, r#"{"properties":{"a":{"path":"no"},"path":"/a"}}"#, Some("/a"));
        check(EventKind::Page, r#"{"name":null,"properties":[]}"#, None);
        check(EventKind::Screen, r#"{"properties":{"path":"/a"}}"#, None);
        check(EventKind::Other, r#"{"event":"x"}"#, Some("x"));
        check(EventKind::Track, r#"{"event":"cut"#, None);
        check(EventKind::Track, "", None);
    }

    #[test]
    fn ids_are_told_as_lanes_know_them() {
        let payload = r#"{"userId":" u\u200b1 ","anonymousId":12.50,"messageId":"m\n1"}"#;
        let gist = Gist::of(EventKind::Track, payload.as_bytes());
        assert_eq!(gist.user_id.as_deref(), Some("u1"));
        assert_eq!(gist.anonymous_id.as_deref(), Some("12.50"));
        assert_eq!(gist.message_id.as_deref(), Some("m\n1"));
        let none = Gist::of(EventKind::Track, br#"{"userId":null,"anonymousId":"","messageId":1}"#);
        assert_eq!(none, Gist::default());
    }
}
