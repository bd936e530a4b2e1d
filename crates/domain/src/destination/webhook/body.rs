//! The body of POST, PUT and PATCH: the whole event, as it is stored, with three corrections.
//!
//! `header`, `fullPath` and `appendPath` are taken out, top-level nulls are dropped (with what
//! stood under the same name before, as the last one counts), and `context.ip` is filled from `request_ip` where it is missing or null.

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::event::json::{Fault, Scanner, Span, ValueKind, key_is, unescape};
use crate::limits;

/// Members that steer a request and are no part of its body.
const STEERING: [&str; 3] = ["header", "fullPath", "appendPath"];

/// What one pass over an event finds.
#[derive(Default)]
struct Findings<'t> {
    /// Key (without quotes) and value of each top-level member.
    members: SmallVec<[(Span, Span); 32]>,
    /// Names whose last value is null.
    nulls: HashSet<Cow<'t, str>>,
    /// The last `context`, which is the one that counts.
    context: Option<Context>,
    request_ip: Option<Span>,
}

/// A context that is an object.
#[derive(Clone, Copy)]
struct Context {
    member: usize,
    is_empty: bool,
    ip: Option<Span>,
}

/// What to do about the address.
enum Fill<'t> {
    Nothing,
    /// Put this text at these places of the text, within the context.
    Within(Span, &'t str, bool),
    /// Put a context behind the other members.
    Behind(&'t str),
}

/// The body for a stored event; the stored bytes themselves where nothing has to change.
///
/// Where something has to, the members are written anew one after the other, each as it came.
pub(super) fn body(payload: &Bytes) -> Bytes {
    let Ok(text) = std::str::from_utf8(payload) else { return payload.clone() };
    // A stored event has been checked at intake; one that does not scan leaves as it is.
    let Ok(found) = find(text) else { return payload.clone() };
    let fill = fill(text, &found);
    let drops = found.members.iter().any(|member| is_dropped(text, &found, *member));
    if !drops && matches!(fill, Fill::Nothing) {
        return payload.clone();
    }
    Bytes::from(write(text, &found, &fill))
}

fn find(text: &str) -> Result<Findings<'_>, Fault> {
    let mut found = Findings::default();
    let mut scanner = Scanner::new(text, limits::STORED_SCAN);
    scanner.members(|scanner, key| {
        let name = key.of(text);
        let value = if key_is(name, "context") {
            context(scanner, text, &mut found)?
        } else {
            scanner.skip()?
        };
        if key_is(name, "request_ip") {
            found.request_ip = Some(value);
        }
        if value.of(text) == "null" {
            found.nulls.insert(unescape(name));
        } else if !found.nulls.is_empty() {
            found.nulls.remove(&unescape(name));
        }
        found.members.push((key, value));
        Ok(())
    })?;
    Ok(found)
}

fn context(scanner: &mut Scanner<'_>, text: &str, found: &mut Findings<'_>) -> Result<Span, Fault> {
    found.context = None;
    if scanner.peek() != ValueKind::Object {
        return scanner.skip();
    }
    let mut context = Context { member: found.members.len(), is_empty: true, ip: None };
    let value = scanner.members(|scanner, key| {
        context.is_empty = false;
        let value = scanner.skip()?;
        if key_is(key.of(text), "ip") {
            context.ip = Some(value);
        }
        Ok(())
    })?;
    found.context = Some(context);
    Ok(value)
}

fn is_dropped(text: &str, found: &Findings<'_>, (key, value): (Span, Span)) -> bool {
    let name = key.of(text);
    value.of(text) == "null"
        || STEERING.iter().any(|steering| key_is(name, steering))
        || (!found.nulls.is_empty() && found.nulls.contains(&unescape(name)))
}

fn fill<'t>(text: &'t str, found: &Findings<'_>) -> Fill<'t> {
    let Some(ip) = found.request_ip.map(|span| span.of(text)).filter(|ip| *ip != "null") else {
        return Fill::Nothing;
    };
    let Some(context) = found.context else {
        let own = found.members.iter().rfind(|(key, _)| key_is(key.of(text), "context"));
        // A context that is a text or a number stays; only nothing is replaced.
        let stays = own.is_some_and(|(_, value)| value.of(text) != "null");
        return if stays { Fill::Nothing } else { Fill::Behind(ip) };
    };
    match context.ip {
        Some(own) if own.of(text) == "null" => Fill::Within(own, ip, true),
        Some(_) => Fill::Nothing,
        None => {
            let at = found.members[context.member].1.start + 1;
            Fill::Within(Span { start: at, end: at }, ip, context.is_empty)
        }
    }
}

fn write(text: &str, found: &Findings<'_>, fill: &Fill<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 64);
    out.push(b'{');
    for member in found.members.iter().filter(|member| !is_dropped(text, found, **member)) {
        if out.len() > 1 {
            out.push(b',');
        }
        let whole = Span { start: member.0.start - 1, end: member.1.end };
        match fill {
            Fill::Within(place, ip, alone) if inside(*place, member.1) => {
                let (key, comma) =
                    if place.start == place.end { ("\"ip\":", ",") } else { ("", "") };
                let before = Span { start: whole.start, end: place.start }.of(text);
                let after = Span { start: place.end, end: whole.end }.of(text);
                put(&mut out, &[before, key, ip, if *alone { "" } else { comma }, after]);
            }
            _ => put(&mut out, &[whole.of(text)]),
        }
    }
    if let Fill::Behind(ip) = fill {
        let comma = if out.len() > 1 { "," } else { "" };
        put(&mut out, &[comma, "\"context\":{\"ip\":", ip, "}"]);
    }
    out.push(b'}');
    out
}

fn inside(place: Span, value: Span) -> bool {
    value.start < place.start && place.end < value.end
}

fn put(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn check(event: &str, want: &str) {
        let got = body(&Bytes::copy_from_slice(event.as_bytes()));
        assert_eq!(std::str::from_utf8(&got).unwrap(), want);
    }

    #[test]
    fn an_event_leaves_as_it_came_where_nothing_is_to_be_done() {
        let event = r#" {"context":{"ip":""}, "n":1.0,"request_ip":"1.2.3.4","x":{"y":null}} "#;
        let bytes = Bytes::copy_from_slice(event.as_bytes());
        let got = body(&bytes);
        assert_eq!(got, bytes);
        assert_eq!(got.as_ptr(), bytes.as_ptr(), "not even copied");
    }

    #[test]
    fn steering_members_and_nulls_are_taken_out() {
        check(r#"{"a":1,"header":{"x":1},"b":null,"c":2}"#, r#"{"a":1,"c":2}"#);
        check(r#"{"fullPath":"x","a":1}"#, r#"{"a":1}"#);
        check(r#"{"a":1,"appendPath":"x"}"#, r#"{"a":1}"#);
        check(r#"{"a": 1 , "b":null , "c":null }"#, r#"{"a": 1}"#);
        check(r#"{"b":null,"c":null}"#, "{}");
        check(
            r#"{"a":1,"a":null,"b":1,"\u0061":2,"c":3,"\u0063":null}"#,
            r#"{"a":1,"b":1,"\u0061":2}"#,
        );
        check(r#"{"userId":"u","k":1,"userId":null}"#, r#"{"k":1}"#);
        check(r#"{"h\u0065ader":1,"a":{"header":1,"n":null}}"#, r#"{"a":{"header":1,"n":null}}"#);
    }

    #[test]
    fn the_address_is_filled_in_where_it_is_missing() {
        check(r#"{"request_ip":"9","a":1}"#, r#"{"request_ip":"9","a":1,"context":{"ip":"9"}}"#);
        check(
            r#"{"context":{"a":1},"request_ip":"9"}"#,
            r#"{"context":{"ip":"9","a":1},"request_ip":"9"}"#,
        );
        check(r#"{"context":{ },"request_ip":"9"}"#, r#"{"context":{"ip":"9" },"request_ip":"9"}"#);
        check(
            r#"{"context":{"ip":null},"request_ip":"9"}"#,
            r#"{"context":{"ip":"9"},"request_ip":"9"}"#,
        );
        check(r#"{"context":null,"request_ip":"9"}"#, r#"{"request_ip":"9","context":{"ip":"9"}}"#);
        check(r#"{"context":"x","request_ip":"9"}"#, r#"{"context":"x","request_ip":"9"}"#);
        check(r#"{"request_ip":null,"context":{}}"#, r#"{"context":{}}"#);
    }

    #[test]
    fn an_event_at_the_limits_of_intake_is_corrected_like_any_other() {
        let nested = format!("{}{}", "[".repeat(99), "]".repeat(99));
        // What is stored has the keys that intake added on top of all that came.
        let wide = r#","k":0"#.repeat(10_008);
        let event = format!(r#"{{"x":{nested},"header":{{}}{wide}}}"#);
        check(&event, &format!(r#"{{"x":{nested}{wide}}}"#));
    }

    proptest! {
        /// Against the obviously right thing on parsed values.
        #[test]
        fn the_text_says_what_the_values_say(
            members in prop::collection::vec((
                prop::sample::select(vec![
                    "a", "b", "header", "fullPath", "appendPath", "context", "request_ip",
                ]),
                prop::sample::select(vec![
                    "null", "1", "\"9\"", "{}", "{\"ip\":null}", "{\"ip\":\"\"}", "{\"x\":1}",
                ]),
            ), 0..7),
        ) {
            let list: Vec<_> = members.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
            let event = format!("{{{}}}", list.join(","));
            let got = body(&Bytes::from(event.clone()));
            let got: Value = serde_json::from_slice(&got).unwrap();
            prop_assert_eq!(got, expected(&event), "{}", event);
        }
    }

    fn expected(event: &str) -> Value {
        let mut event: Map<String, Value> = serde_json::from_str(event).unwrap();
        let ip = event.get("request_ip").cloned().filter(|ip| !ip.is_null());
        if let Some(ip) = ip {
            if event.get("context").is_none_or(Value::is_null) {
                event.insert("context".to_owned(), Value::Object(Map::new()));
            }
            if let Some(Value::Object(context)) = event.get_mut("context")
                && context.get("ip").is_none_or(Value::is_null)
            {
                context.insert("ip".to_owned(), ip);
            }
        }
        event.retain(|key, value| !value.is_null() && !STEERING.contains(&key.as_str()));
        Value::Object(event)
    }
}
