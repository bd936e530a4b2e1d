//! The query of GET and DELETE: an event's traits or properties, flattened.
//!
//! Keys are written `a.b[0].c`; empty lists and objects below the top as `[]` and `{}`; nulls are
//! left out; numbers stand as they came.

use serde::{Deserialize, Serialize};

use super::reading::{Reading, Role, is_truthy};
use crate::event::json::{self, Fault, Scanner, ValueKind, unescape};
use crate::limits;

/// What a query may carry besides traits or properties.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GetExtra {
    /// The event's name.
    Event,
    /// Who it was.
    UserId,
    /// Who it was, before anybody knew.
    AnonymousId,
    /// Which event it is.
    MessageId,
    /// Which call it is.
    Type,
    /// The traits of a group call, in the place of its properties.
    GroupTraits,
}

impl GetExtra {
    /// All of them, in the order of the docs.
    pub const ALL: [Self; 6] = [
        Self::Event,
        Self::UserId,
        Self::AnonymousId,
        Self::MessageId,
        Self::Type,
        Self::GroupTraits,
    ];

    /// Its name, which is that of the pair as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::UserId => "userId",
            Self::AnonymousId => "anonymousId",
            Self::MessageId => "messageId",
            Self::Type => "type",
            Self::GroupTraits => "groupTraits",
        }
    }

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extra| extra.as_str() == name)
    }

    /// The member of which it makes a pair.
    fn role(self) -> Option<Role> {
        match self {
            Self::Event => Some(Role::Event),
            Self::UserId => Some(Role::UserId),
            Self::AnonymousId => Some(Role::AnonymousId),
            Self::MessageId => Some(Role::MessageId),
            Self::Type => Some(Role::Type),
            Self::GroupTraits => None,
        }
    }
}

/// The query for an event; empty where there is nothing to send.
///
/// # Errors
/// Where it would be longer than any request may be; every leaf repeats its whole key, so a small
/// event can ask for a query of any length.
pub(super) fn query(reading: &Reading<'_>, extras: &[GetExtra]) -> Result<String, QueryTooLong> {
    let mut pairs = Pairs::default();
    if let Some(source) = source(reading, extras) {
        pairs.flatten_all(source);
    }
    for extra in extras {
        if let Some(value) = extra.role().and_then(|role| reading.given(role)) {
            extra.as_str().clone_into(&mut pairs.key);
            pairs.depth = 1;
            pairs.flatten_all(value);
        }
    }
    if pairs.out.len() > limits::QUERY_BYTES_MAX { Err(QueryTooLong) } else { Ok(pairs.out) }
}

/// The query would be longer than any request may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueryTooLong;

/// The raw value that is flattened.
fn source<'t>(reading: &Reading<'t>, extras: &[GetExtra]) -> Option<&'t str> {
    let traits = || reading.value(Role::Traits).filter(|raw| is_truthy(raw));
    match reading.value(Role::Type) {
        Some("\"identify\"") => traits().or_else(|| reading.context_traits()),
        Some("\"group\"") if extras.contains(&GetExtra::GroupTraits) => {
            traits().or_else(|| reading.value(Role::Properties))
        }
        _ => reading.value(Role::Properties),
    }
}

/// A query being written.
#[derive(Default)]
struct Pairs {
    out: String,
    /// The key of the value being written, before encoding.
    key: String,
    depth: usize,
}

impl Pairs {
    fn flatten_all(&mut self, source: &str) {
        // A stored event has been checked at intake; what was read before a fault is sent.
        let _ = self.flatten(&mut Scanner::new(source, limits::STORED_SCAN), source);
    }

    fn flatten(&mut self, scanner: &mut Scanner<'_>, text: &str) -> Result<(), Fault> {
        match scanner.peek() {
            ValueKind::Object => self.object(scanner, text),
            ValueKind::Array => self.array(scanner, text),
            ValueKind::String => {
                self.pair(&json::string(scanner.skip()?.of(text)).unwrap_or_default());
                Ok(())
            }
            ValueKind::Scalar => {
                let raw = scanner.skip()?.of(text);
                if raw != "null" {
                    self.pair(raw);
                }
                Ok(())
            }
        }
    }

    fn object(&mut self, scanner: &mut Scanner<'_>, text: &str) -> Result<(), Fault> {
        let mut empty = true;
        let key_bytes = self.key.len();
        self.depth += 1;
        scanner.members(|scanner, key| {
            empty = false;
            if self.depth > 1 {
                self.key.push('.');
            }
            self.key.push_str(&unescape(key.of(text)));
            self.flatten(scanner, text)?;
            self.key.truncate(key_bytes);
            Ok(())
        })?;
        self.end_group(empty, "{}");
        Ok(())
    }

    fn array(&mut self, scanner: &mut Scanner<'_>, text: &str) -> Result<(), Fault> {
        let mut index = 0;
        let key_bytes = self.key.len();
        self.depth += 1;
        scanner.elements(|scanner| {
            self.key.push_str(&format!("[{index}]"));
            index += 1;
            self.flatten(scanner, text)?;
            self.key.truncate(key_bytes);
            Ok(())
        })?;
        self.end_group(index == 0, "[]");
        Ok(())
    }

    /// After an object or array: an empty one below the top is a pair of its own.
    fn end_group(&mut self, empty: bool, word: &str) {
        self.depth -= 1;
        if empty && self.depth > 0 {
            self.pair(word);
        }
    }

    /// Writes a pair, unless its key is empty.
    fn pair(&mut self, value: &str) {
        if self.key.is_empty() || self.out.len() > limits::QUERY_BYTES_MAX {
            return;
        }
        if !self.out.is_empty() {
            self.out.push('&');
        }
        encode(&self.key, &mut self.out);
        self.out.push('=');
        encode(value, &mut self.out);
    }
}

/// Encodes for a query as HTML forms do: space as `+`, everything unusual as `%XX`.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => push_encoded(other, out),
        }
    }
}

/// Appends a byte as `%XX`.
pub(super) fn push_encoded(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn check(event: &str, want: &str) {
        check_with(&[], event, want);
    }

    fn check_with(extras: &[GetExtra], event: &str, want: &str) {
        let got = query(&Reading::of(event.as_bytes()), extras).unwrap();
        assert_eq!(got, want, "{event}");
    }

    #[test]
    fn a_query_of_any_length_is_not_built() {
        let key = "k".repeat(50_000);
        let list = vec!["1"; 50_000].join(",");
        let event = format!(r#"{{"type":"track","properties":{{"{key}":[{list}]}}}}"#);
        assert_eq!(query(&Reading::of(event.as_bytes()), &[]), Err(QueryTooLong));
    }

    fn properties(value: &str, want: &str) {
        check(&format!(r#"{{"type":"track","properties":{value}}}"#), want);
    }

    #[test]
    fn keys_are_flattened_as_the_docs_say() {
        properties(r#"{"a":{"b":{"c":1}}}"#, "a.b.c=1");
        properties(
            r#"{"x":[1,"two",[3],{"k":4}]}"#,
            "x%5B0%5D=1&x%5B1%5D=two&x%5B2%5D%5B0%5D=3&x%5B3%5D.k=4",
        );
        properties(
            r#"{"e":[],"o":{},"n":null,"t":true,"f":false}"#,
            "e=%5B%5D&o=%7B%7D&t=true&f=false",
        );
        properties(r#"{"s":"a b&c=é+~"}"#, "s=a+b%26c%3D%C3%A9%2B~");
        properties(r#"{"nest":{"":1,"d.k":2}}"#, "nest.=1&nest.d.k=2");
        properties(r#"[1,{"a":2}]"#, "%5B0%5D=1&%5B1%5D.a=2");
    }

    #[test]
    fn numbers_stand_as_they_came() {
        properties(
            r#"{"a":1000000,"b":12345678901234567890,"c":1.50,"d":1e-7,"e":-0}"#,
            "a=1000000&b=12345678901234567890&c=1.50&d=1e-7&e=-0",
        );
    }

    #[test]
    fn nothing_comes_of_nothing() {
        for value in ["{}", "null", "\"text\"", "7", "[]"] {
            properties(value, "");
        }
        check(r#"{"type":"track"}"#, "");
    }

    #[test]
    fn identify_sends_traits_and_everything_else_properties() {
        check(r#"{"type":"identify","traits":{"a":1},"context":{"traits":{"b":2}}}"#, "a=1");
        check(r#"{"type":"identify","traits":{},"context":{"traits":{"b":2}}}"#, "");
        check(r#"{"type":"identify","traits":null,"context":{"traits":{"b":2}}}"#, "b=2");
        check(r#"{"context":{"traits":{"b":2}},"type":"identify","properties":{"c":1}}"#, "b=2");
        check(r#"{"context":{"traits":{"b":2}},"type":"identify","context":null}"#, "");
        check(r#"{"type":"group","traits":{"a":1},"properties":{"c":1}}"#, "c=1");
    }

    #[test]
    fn an_event_at_the_limits_of_intake_is_sent_like_any_other() {
        let wide = r#","k":0"#.repeat(10_008);
        check(&format!(r#"{{"properties":{{"a":1}}{wide}}}"#), "a=1");
        let nulls = r#","k":null"#.repeat(10_008);
        properties(&format!(r#"{{"a":1{nulls},"b":2}}"#), "a=1&b=2");
        let nested = format!("{}7{}", "[".repeat(98), "]".repeat(98));
        properties(&format!(r#"{{"a":{nested}}}"#), &format!("a{}=7", "%5B0%5D".repeat(98)));
    }

    #[test]
    fn extras_come_behind_in_the_order_of_the_settings() {
        let event = r#"{"type":"track","event":"A & B","userId":7,"anonymousId":null,
            "messageId":"m","properties":{"event":"own"}}"#;
        check_with(&[GetExtra::Event], event, "event=own&event=A+%26+B");
        check_with(
            &GetExtra::ALL,
            event,
            "event=own&event=A+%26+B&userId=7&messageId=m&type=track",
        );
        let order = [GetExtra::Type, GetExtra::MessageId];
        check_with(&order, event, "event=own&type=track&messageId=m");
        check_with(&[GetExtra::UserId], r#"{"userId":{"a":[1]}}"#, "userId.a%5B0%5D=1");
        check_with(&[GetExtra::UserId], r#"{"userId":""}"#, "userId=");
        check_with(&[GetExtra::UserId], r#"{"userId":{}}"#, "userId=%7B%7D");
    }

    #[test]
    fn traits_of_a_group_are_sent_where_they_are_asked_for() {
        let group = |rest: &str, want: &str| {
            check_with(&[GetExtra::GroupTraits], &format!(r#"{{"type":"group"{rest}}}"#), want);
        };
        group(r#","traits":{"a":1},"properties":{"b":2}"#, "a=1");
        group(r#","properties":{"b":2}"#, "b=2");
        group(r#","traits":null,"properties":{"b":2}"#, "b=2");
        let track = r#"{"type":"track","traits":{"a":1},"properties":{"b":2}}"#;
        check_with(&[GetExtra::GroupTraits], track, "b=2");
        for extra in GetExtra::ALL {
            assert_eq!(GetExtra::from_name(extra.as_str()), Some(extra));
        }
    }

    /// Keys and values of an object's leaves, written down the obvious way.
    fn leaves(value: &Value, key: &str, out: &mut Vec<(String, String)>) {
        match value {
            Value::Null => {}
            Value::Object(members) if members.is_empty() => out.push((key.to_owned(), "{}".into())),
            Value::Array(list) if list.is_empty() => out.push((key.to_owned(), "[]".into())),
            Value::Object(members) => {
                for (name, value) in members {
                    let dot = if key.is_empty() { "" } else { "." };
                    leaves(value, &format!("{key}{dot}{name}"), out);
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    leaves(value, &format!("{key}[{index}]"), out);
                }
            }
            Value::String(text) => out.push((key.to_owned(), text.clone())),
            scalar => out.push((key.to_owned(), scalar.to_string())),
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~é🦀]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ -~é]{1,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn each_leaf_is_in_the_query_exactly_once_and_nulls_are_not(
            members in prop::collection::vec(("[ -~é]{1,4}", json()), 0..5),
        ) {
            let properties = Value::Object(members.into_iter().collect());
            let event = serde_json::json!({"type": "track", "properties": properties}).to_string();
            let got = query(&Reading::of(event.as_bytes()), &[]).unwrap();
            let mut got: Vec<(String, String)> =
                url::form_urlencoded::parse(got.as_bytes()).into_owned().collect();
            let mut want = Vec::new();
            leaves(&properties, "", &mut want);
            want.retain(|(key, _)| !key.is_empty());
            got.sort();
            want.sort();
            prop_assert_eq!(got, want, "{}", event);
        }
    }
}
