//! The member `postrider` of a source: settings that RudderStack's files do not have.
//!
//! All of it is ours, so a member that is not known here is a mistake and never passed over.

use std::num::NonZeroU32;

use domain::event::timestamp;
use domain::limits;
use domain::source::{AllowedOrigin, RateLimit, WriteKey};
use domain::time::Timestamp;

use super::finding::Finding;
use super::node::{Node, Object};
use super::source::Reader;

/// What the member says; nothing where it is not there.
#[derive(Default)]
pub struct OwnSettings {
    /// Keys besides the source's own.
    pub write_keys: Vec<WriteKey>,
    /// The pages that may send.
    pub allowed_origins: Vec<AllowedOrigin>,
    /// How many events may come.
    pub rate_limit: Option<RateLimit>,
}

impl Reader {
    /// Reads the settings of a source; what has a mistake is left out.
    pub(super) fn own_settings(&mut self, source: &Object<'_>) -> OwnSettings {
        let node = source.get("postrider");
        let Some(own) = node.and_then(|node| self.keep(node.object())) else {
            return OwnSettings::default();
        };
        self.mistakes.extend(own.unknown(&["writeKeys", "allowedOrigins", "rateLimit"]));
        let keys = self.rows(&own, "writeKeys");
        let write_keys = keys.iter().filter_map(|row| self.further_key(row)).collect();
        let origins = self.rows(&own, "allowedOrigins");
        let allowed_origins = origins.iter().filter_map(|row| self.keep(origin(row))).collect();
        let limit = own.get("rateLimit");
        let rate_limit = limit.and_then(|node| self.rate_limit(node));
        OwnSettings { write_keys, allowed_origins, rate_limit }
    }

    /// The elements of a list; none where it is not there, or is none.
    pub(super) fn rows<'a>(&mut self, own: &Object<'a>, name: &str) -> Vec<Node<'a>> {
        let list = own.get(name);
        list.and_then(|list| self.keep(list.elements())).unwrap_or_default()
    }

    fn further_key(&mut self, row: &Node<'_>) -> Option<WriteKey> {
        let row = self.keep(row.object())?;
        self.mistakes.extend(row.unknown(&["key", "validUntil"]));
        let key = self.required(&row, "key");
        if let (Some(key), Some(node)) = (&key, row.get("key")) {
            self.claim_write_key(key, node);
        }
        let valid_until = self.valid_until(&row)?;
        Some(WriteKey { key: key?, valid_until })
    }

    /// When a key ends, where it does; none where that has a mistake.
    pub(super) fn valid_until(&mut self, row: &Object<'_>) -> Option<Option<Timestamp>> {
        let node = row.get("validUntil");
        node.map_or(Some(None), |node| self.keep(moment(node)).map(Some))
    }

    fn rate_limit(&mut self, node: &Node<'_>) -> Option<RateLimit> {
        let limit = self.keep(node.object())?;
        self.mistakes.extend(limit.unknown(&["eventsPerSecond", "burst"]));
        let events_per_second = self.keep(events(&limit, "eventsPerSecond"));
        let burst = self.keep(events(&limit, "burst"));
        Some(RateLimit { events_per_second: events_per_second?, burst: burst? })
    }
}

fn origin(row: &Node<'_>) -> Result<AllowedOrigin, Finding> {
    AllowedOrigin::parse(&row.string()?).map_err(|error| row.finding(error.to_string()))
}

fn events(limit: &Object<'_>, name: &str) -> Result<NonZeroU32, Finding> {
    let node = limit.get(name).ok_or_else(|| limit.missing(name))?;
    let count = node.whole_number(1..=limits::RATE_EVENTS_MAX)?;
    Ok(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
}

/// A time, written in full.
///
/// # Errors
/// A finding where it is something else.
pub fn moment(node: &Node<'_>) -> Result<Timestamp, Finding> {
    let text = node.string()?;
    let time = timestamp::parse(&text).filter(|_| is_in_full(&text));
    let time = time.ok_or_else(|| {
        node.finding(format!(
            "is {text:?}, but must be a time with its zone, as in \"2026-12-01T00:00:00Z\""
        ))
    })?;
    Ok(time.timestamp())
}

/// Whether a time is written as RFC 3339 has it. A key must not end on another day, or in another
/// zone, than its author meant.
fn is_in_full(text: &str) -> bool {
    let text = text.as_bytes();
    let has_zone = matches!(text, [.., b'Z' | b'z'] | [.., b'+' | b'-', _, _, b':', _, _]);
    let stands = |at: usize, byte: u8| text.get(at).is_some_and(|b| b.eq_ignore_ascii_case(&byte));
    has_zone && stands(4, b'-') && stands(10, b'T') && stands(13, b':') && stands(16, b':')
}
