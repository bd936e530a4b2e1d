//! Pixels: an event written as the query of an image, for mails and pages without scripts.
//!
//! Each parameter is a member of the event, dots in its name make objects, and every value is a
//! string; the first of a name counts. What comes out is a body like any other and is read as one.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::EventKind;
use crate::limits;
use crate::reason::Reason;
use crate::time::Timestamp;

/// The body of the event that a query stands for.
///
/// # Errors
/// With a detail: a track call whose event has no name, names that nest too deeply.
pub fn body(query: &str, kind: EventKind, now: Timestamp) -> Result<Vec<u8>, (Reason, String)> {
    let now = now.to_string();
    let mut event = Map::new();
    event.insert("channel".to_owned(), json!("web"));
    event.insert("integrations".to_owned(), json!({"All": true}));
    event.insert("originalTimestamp".to_owned(), json!(now));
    event.insert("sentAt".to_owned(), json!(now));
    let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    // Backwards, so that the first of a name is the one that stays.
    for (name, value) in parameters.iter().rev() {
        let value = match (kind, &**name, &**value) {
            (_, "writeKey" | "", _) => continue,
            (EventKind::Track, "event", "") => {
                return Err((Reason::NotAnEvent, "\"event\" is empty".to_owned()));
            }
            (EventKind::Page, "name", "") => "Unknown Page",
            (_, "anonymousId", quoted) => unquoted(quoted),
            (_, _, value) => value,
        };
        checked(name)?;
        put(&mut event, name, value);
    }
    Ok(Value::Object(event).to_string().into_bytes())
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn checked(name: &str) -> Result<(), (Reason, String)> {
    let (levels, levels_max) = (name.split('.').count(), limits::EVENT_SCAN.depth_max);
    if levels <= levels_max as usize {
        return Ok(());
    }
    Err((Reason::TooDeep, format!("a name of {levels} levels, {levels_max} are allowed")))
}

/// Puts a value where the dots of its name lead; what stands in the way there makes room.
fn put(members: &mut Map<String, Value>, name: &str, value: &str) {
    let Some((first, rest)) = name.split_once('.') else {
        members.insert(name.to_owned(), json!(value));
        return;
    };
    if let Some(Value::Object(inner)) = members.get_mut(first) {
        put(inner, rest, value);
        return;
    }
    let mut inner = Map::new();
    put(&mut inner, rest, value);
    members.insert(first.to_owned(), Value::Object(inner));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_123);

    fn read(query: &str, kind: EventKind) -> Value {
        serde_json::from_slice(&body(query, kind, NOW).unwrap()).unwrap()
    }

    #[test]
    fn a_query_becomes_an_event() {
        let check = |kind: EventKind, query: &str, want: Value| {
            let mut whole = json!({
                "channel": "web",
                "integrations": {"All": true},
                "originalTimestamp": "2023-11-14T22:13:20.123Z",
                "sentAt": "2023-11-14T22:13:20.123Z",
            });
            let members = whole.as_object_mut().unwrap();
            members.extend(want.as_object().unwrap().clone());
            assert_eq!(read(query, kind), whole, "{query}");
        };
        use EventKind::{Page, Track};
        check(Track, "", json!({}));
        check(Track, "writeKey=key&userId=u", json!({"userId": "u"}));
        check(Track, "event=A+b%26c&n=1&t=true", json!({"event": "A b&c", "n": "1", "t": "true"}));
        check(
            Track,
            "context.page.url=x&context.page.title=y&context.ip=z",
            json!({"context": {"page": {"url": "x", "title": "y"}, "ip": "z"}}),
        );
        check(Track, "a.0=x", json!({"a": {"0": "x"}}));
        check(Track, "a=x&a=y", json!({"a": "x"}));
        check(Track, "a.b=x&a=y", json!({"a": {"b": "x"}}));
        check(Track, "a=x&a.b=y", json!({"a": "x"}));
        check(Track, "anonymousId=%22a%22", json!({"anonymousId": "a"}));
        check(Track, "anonymousId=%22", json!({"anonymousId": "\""}));
        check(Track, "name=", json!({"name": ""}));
        check(Page, "name=", json!({"name": "Unknown Page"}));
        check(Page, "name=Home&event=", json!({"name": "Home", "event": ""}));
        check(Page, "channel=mail&sentAt=x", json!({"channel": "mail", "sentAt": "x"}));
        check(Page, "integrations.All=false", json!({"integrations": {"All": "false"}}));
    }

    #[test]
    fn what_is_no_event_is_told_why() {
        let reason = |query: &str| body(query, EventKind::Track, NOW).unwrap_err().0;
        assert_eq!(reason("event=&userId=u"), Reason::NotAnEvent);
        assert_eq!(reason(&format!("a{}=x", ".b".repeat(60_000))), Reason::TooDeep);
        assert!(body(&format!("a{}=x", ".b".repeat(99)), EventKind::Track, NOW).is_ok());
    }

    proptest! {
        #[test]
        fn any_query_is_an_event_or_refused(query in "[ab.=&%2\"]{0,80}|.{0,80}") {
            for kind in [EventKind::Track, EventKind::Page] {
                if let Ok(body) = body(&query, kind, NOW) {
                    let event: Value = serde_json::from_slice(&body).unwrap();
                    prop_assert!(event.is_object());
                }
            }
        }
    }
}
