//! Sources: what sends events, under which keys, from which pages, and how many of them.

pub mod key;
pub mod origin;
pub mod rate;

use serde::{Deserialize, Serialize};

use crate::id::SourceId;

pub use key::WriteKey;
pub use origin::{AllowedOrigin, OriginError};
pub use rate::RateLimit;

/// What sends events; known to the gateway by its write keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Identifies it within the workspace.
    pub id: SourceId,
    /// The name people gave it.
    pub name: String,
    /// The keys that SDKs send; not secret, but not guessable either.
    pub write_keys: Vec<WriteKey>,
    /// Whether its events are accepted; if not, the gateway answers `source is disabled`.
    pub enabled: bool,
    /// The pages that may send its events; any where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<AllowedOrigin>,
    /// How many events it may send; any number where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

impl Source {
    /// An enabled source with one key, open to all pages and without a limit.
    pub fn new(id: SourceId, name: impl Into<String>, write_key: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            write_keys: vec![WriteKey::endless(write_key)],
            enabled: true,
            allowed_origins: Vec::new(),
            rate_limit: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_source_written_before_there_were_settings_is_read_and_written_the_same() {
        let text = r#"{"id":"web","name":"Web","write_keys":["one","two"],"enabled":false}"#;
        let read: Source = serde_json::from_str(text).unwrap();
        let mut want = Source::new(SourceId::new("web"), "Web", "one");
        want.write_keys.push(WriteKey::endless("two"));
        want.enabled = false;
        assert_eq!(read, want);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn settings_come_back_as_they_were_written() {
        let mut source = Source::new(SourceId::new("web"), "Web", "new");
        let end = Timestamp(1_796_083_200_000);
        source.write_keys.push(WriteKey { key: "old".to_owned(), valid_until: Some(end) });
        source.allowed_origins = vec![AllowedOrigin::parse("https://*.shop.example").unwrap()];
        let (rate, burst) = (NonZeroU32::new(500).unwrap(), NonZeroU32::new(2_000).unwrap());
        source.rate_limit = Some(RateLimit { events_per_second: rate, burst });
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"id":"web","name":"Web","write_keys":["new","#,
                r#"{"key":"old","valid_until":1796083200000}],"enabled":true,"#,
                r#""allowed_origins":["https://*.shop.example"],"#,
                r#""rate_limit":{"events_per_second":500,"burst":2000}}"#
            )
        );
        assert_eq!(serde_json::from_str::<Source>(&text).unwrap(), source);
    }
}
