//! An event as the API shows it: what it is called, and nothing of what it says.

use domain::event::{EventKind, Gist};
use domain::id::{Seq, SourceId};
use domain::limits;
use serde::Serialize;
use storage::StoredEvent;
use utoipa::ToSchema;

/// An event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventView {
    #[schema(value_type = u64)]
    seq: Seq,
    #[schema(value_type = String)]
    source: SourceId,
    #[schema(value_type = String)]
    r#type: EventKind,
    /// What its SDK calls it: `event` of a track call, `name` of a page or screen, or a page's path; null
    /// where it has none. Cut where it is very long, as the ids.
    name: Option<String>,
    user_id: Option<String>,
    anonymous_id: Option<String>,
    message_id: Option<String>,
    accepted_at: String,
    /// Size of its payload.
    bytes: usize,
}

impl EventView {
    /// An event that could be read.
    pub fn of(event: &StoredEvent) -> Self {
        let gist = Gist::of(event.kind, &event.payload);
        Self {
            seq: event.seq,
            source: event.source.clone(),
            r#type: event.kind,
            name: gist.name.as_deref().map(shown),
            user_id: gist.user_id.as_deref().map(shown),
            anonymous_id: gist.anonymous_id.as_deref().map(shown),
            message_id: gist.message_id.as_deref().map(shown),
            accepted_at: event.received_at.to_string(),
            bytes: event.payload.len(),
        }
    }
}

/// A name or an id, as far as it is shown.
pub fn shown(text: &str) -> String {
    let cut = text.char_indices().nth(limits::SHOWN_NAME_CHARS_MAX);
    cut.map_or_else(|| text.to_owned(), |(at, _)| format!("{}…", &text[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_very_long_is_cut_between_characters() {
        let most = limits::SHOWN_NAME_CHARS_MAX;
        assert_eq!(shown("u-1"), "u-1");
        assert_eq!(shown(&"ü".repeat(most)), "ü".repeat(most));
        assert_eq!(shown(&"ü".repeat(1 << 20)), format!("{}…", "ü".repeat(most)));
    }
}
