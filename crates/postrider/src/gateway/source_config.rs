//! What SDKs ask about their source before they send anything.
//!
//! One JSON holds what every SDK insists on; a browser that does not get it drops the events of the
//! whole page. It says nothing of destinations: they are called from here, and their URLs and
//! headers are not for everybody who can read a page. Nor does it say where events go, which would
//! overrule what the application has set.

use domain::source::Source;
use serde_json::json;

/// The workspace of every source. A server has one, and SDKs only ask for a text; it never changes,
/// so that no SDK takes the source for another one.
const WORKSPACE_ID: &str = "postrider";

/// When every source was changed last. SDKs decide nothing by it, and one value for ever keeps the
/// answer the same between changes and restarts.
const UPDATED_AT: &str = "2024-01-01T00:00:00.000Z";

/// The answer about a source to whoever knows this key of it.
pub fn body(source: &Source, key: &str) -> String {
    let config = json!({
        "id": source.id,
        "name": source.name,
        "writeKey": key,
        "enabled": source.enabled,
        "workspaceId": WORKSPACE_ID,
        "updatedAt": UPDATED_AT,
        // Where these are on, SDKs report their own errors to RudderStack.
        "config": {"statsCollection": {"errors": {"enabled": false}, "metrics": {"enabled": false}}},
        "destinations": [],
    });
    json!({ "source": config }).to_string()
}

/// The answer to a Segment SDK: without the key it sends none, and without `Segment.io` it sends
/// its events to Segment.
pub fn of_segment(key: &str) -> String {
    json!({ "integrations": {"Segment.io": {"apiKey": key}} }).to_string()
}

#[cfg(test)]
mod tests {
    use domain::id::SourceId;
    use domain::source::WriteKey;
    use serde_json::Value;

    use super::*;

    #[test]
    fn segment_sdks_are_told_to_send_here() {
        assert_eq!(of_segment("a\"b"), r#"{"integrations":{"Segment.io":{"apiKey":"a\"b"}}}"#);
    }

    #[test]
    fn every_sdk_finds_what_it_insists_on() {
        for enabled in [true, false] {
            let mut source = Source::new(SourceId::new("app"), "The \"app\"", "old");
            source.write_keys.push(WriteKey::endless("new"));
            source.enabled = enabled;
            let got: Value = serde_json::from_str(&body(&source, "new")).unwrap();
            let want = json!({"source": {
                "id": "app", "name": "The \"app\"", "writeKey": "new", "enabled": enabled,
                "workspaceId": "postrider", "updatedAt": "2024-01-01T00:00:00.000Z",
                "config": {"statsCollection":
                    {"errors": {"enabled": false}, "metrics": {"enabled": false}}},
                "destinations": [],
            }});
            assert_eq!(got, want);
        }
    }
}
