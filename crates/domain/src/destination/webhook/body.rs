//! The body of POST, PUT and PATCH: the whole event, as it is stored, with three corrections.
//!
//! `header`, `fullPath` and `appendPath` are taken out, top-level nulls are dropped (with what
//! stood under the same name before, as the last one counts), and `context.ip` is filled from
//! `request_ip` where it is missing or null.

use bytes::Bytes;

use super::reading::{Member, Reading, Role};
use crate::event::json::{Span, unescape};

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
pub(super) fn body(payload: &Bytes, reading: &Reading<'_>) -> Bytes {
    // What cannot be read leaves as it is.
    if !reading.is_sound {
        return payload.clone();
    }
    let fill = fill(reading);
    let drops = reading.members.iter().any(|member| is_dropped(reading, member));
    if !drops && matches!(fill, Fill::Nothing) {
        return payload.clone();
    }
    Bytes::from(write(reading, &fill))
}

fn is_dropped(reading: &Reading<'_>, member: &Member) -> bool {
    let text = reading.text;
    member.role.is_some_and(Role::is_steering)
        || member.value.of(text) == "null"
        || (!reading.nulls.is_empty() && reading.nulls.contains(&unescape(member.key.of(text))))
}

fn fill<'t>(reading: &Reading<'t>) -> Fill<'t> {
    let Some(ip) = reading.given(Role::RequestIp) else { return Fill::Nothing };
    let Some(context) = reading.context else {
        // A context that is a text or a number stays; only nothing is replaced.
        let stays = reading.given(Role::Context).is_some();
        return if stays { Fill::Nothing } else { Fill::Behind(ip) };
    };
    match context.ip {
        Some(own) if own.of(reading.text) == "null" => Fill::Within(own, ip, true),
        Some(_) => Fill::Nothing,
        None => {
            let start = reading.member(Role::Context).map_or(0, |member| member.value.start);
            let at = start + 1;
            Fill::Within(Span { start: at, end: at }, ip, !context.has_members)
        }
    }
}

fn write(reading: &Reading<'_>, fill: &Fill<'_>) -> Vec<u8> {
    let text = reading.text;
    let mut out = Vec::with_capacity(text.len() + 64);
    out.push(b'{');
    for member in reading.members.iter().filter(|member| !is_dropped(reading, member)) {
        if out.len() > 1 {
            out.push(b',');
        }
        let whole = Span { start: member.key.start - 1, end: member.value.end };
        match fill {
            Fill::Within(place, ip, alone) if inside(*place, member.value) => {
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

    fn body(payload: &Bytes) -> Bytes {
        super::body(payload, &Reading::of(payload))
    }

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
        let steering = ["header", "fullPath", "appendPath"];
        event.retain(|key, value| !value.is_null() && !steering.contains(&key.as_str()));
        Value::Object(event)
    }
}
