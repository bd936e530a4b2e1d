//! Connections: which source's events go to which destination, and which of them.

use serde::{Deserialize, Serialize};

use crate::filter::{Consent, Filter};
use crate::id::{ConnectionId, DestinationId, Seq, SourceId};

/// Joins a source to a destination.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Connection {
    /// Identifies it within the workspace.
    pub id: ConnectionId,
    /// Whose events.
    pub source: SourceId,
    /// Where they go.
    pub destination: DestinationId,
    /// Whether events pass.
    pub enabled: bool,
    /// The first event that passes: a connection applies from a place in the journal on, not from
    /// a wall-clock time.
    pub since: Seq,
    /// Which events pass.
    #[serde(default, skip_serializing_if = "Filter::is_open")]
    pub filter: Filter,
    /// What users must have consented to.
    #[serde(default, skip_serializing_if = "Consent::is_default")]
    pub consent: Consent,
}

impl Connection {
    /// An enabled connection that lets everything pass.
    pub fn new(id: ConnectionId, source: SourceId, destination: DestinationId, since: Seq) -> Self {
        let (filter, consent) = (Filter::default(), Consent::default());
        Self { id, source, destination, enabled: true, since, filter, consent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Condition, Fail};

    fn open() -> Connection {
        let (source, destination) = (SourceId::new("s"), DestinationId::new("d"));
        Connection::new(ConnectionId::new("s-d"), source, destination, Seq(7))
    }

    #[test]
    fn a_connection_written_before_there_were_filters_is_read_and_written_the_same() {
        let text = r#"{"id":"s-d","source":"s","destination":"d","enabled":true,"since":7}"#;
        let read: Connection = serde_json::from_str(text).unwrap();
        assert_eq!(read, open());
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn rules_come_back_as_they_were_written() {
        let mut connection = open();
        connection.filter.condition = Some(Condition::parse("a == 1 and b in [2]").unwrap());
        connection.consent.one_trust_categories = vec!["C0002".to_owned()];
        connection.consent.fail = Fail::Closed;
        let text = serde_json::to_string(&connection).unwrap();
        let rules = concat!(
            r#""filter":{"condition":"all(a == 1, b in [2])"},"#,
            r#""consent":{"one_trust_categories":["C0002"],"fail":"closed"}}"#
        );
        assert!(text.ends_with(rules), "{text}");
        assert_eq!(serde_json::from_str::<Connection>(&text).unwrap(), connection);
    }
}
