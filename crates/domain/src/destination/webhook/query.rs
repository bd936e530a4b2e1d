//! The query of GET and DELETE: an event's traits or properties, flattened.
//!
//! Keys are written `a.b[0].c`; empty lists and objects below the top as `[]` and `{}`; nulls are
//! left out; numbers stand as they came.

use bytes::Bytes;

use crate::event::json::{Fault, Scanner, ValueKind, key_is, unescape};
use crate::limits;

/// The query for a stored event; empty where there is nothing to send.
///
/// # Errors
/// Where it would be longer than any request may be; every leaf repeats its whole key, so a small
/// event can ask for a query of any length.
pub(super) fn query(payload: &Bytes) -> Result<String, QueryTooLong> {
    let Ok(text) = std::str::from_utf8(payload) else { return Ok(String::new()) };
    let found = find(text).unwrap_or_default();
    let source =
        if found.is_identify { found.traits.or(found.context_traits) } else { found.properties };
    let mut pairs = Pairs::default();
    if let Some(source) = source {
        // A stored event has been checked at intake; what was read before a fault is sent.
        let _ = pairs.flatten(&mut Scanner::new(source, limits::STORED_SCAN), source);
    }
    if pairs.out.len() > limits::QUERY_BYTES_MAX { Err(QueryTooLong) } else { Ok(pairs.out) }
}

/// The query would be longer than any request may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueryTooLong;

/// The places a query can come from, as raw values.
#[derive(Default)]
struct Sources<'t> {
    is_identify: bool,
    traits: Option<&'t str>,
    context_traits: Option<&'t str>,
    properties: Option<&'t str>,
}

fn find(text: &str) -> Result<Sources<'_>, Fault> {
    let mut found = Sources::default();
    let mut scanner = Scanner::new(text, limits::STORED_SCAN);
    scanner.members(|scanner, key| {
        let name = key.of(text);
        if key_is(name, "context") {
            // The last context counts, also where it has no traits.
            found.context_traits = context_traits(scanner, text)?;
            return Ok(());
        }
        let value = scanner.skip()?.of(text);
        match &*unescape(name) {
            "type" => found.is_identify = value == "\"identify\"",
            "traits" => found.traits = Some(value).filter(|value| is_truthy(value)),
            "properties" => found.properties = Some(value),
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

fn context_traits<'t>(scanner: &mut Scanner<'_>, text: &'t str) -> Result<Option<&'t str>, Fault> {
    if scanner.peek() != ValueKind::Object {
        return scanner.skip().map(|_| None);
    }
    let mut traits = None;
    scanner.members(|scanner, key| {
        let value = scanner.skip()?.of(text);
        if key_is(key.of(text), "traits") {
            traits = Some(value);
        }
        Ok(())
    })?;
    Ok(traits)
}

/// Whether a raw value stands for something: an empty object does, nulls and empty texts do not.
fn is_truthy(raw: &str) -> bool {
    !matches!(raw, "null" | "false" | "0" | "\"\"")
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
    fn flatten(&mut self, scanner: &mut Scanner<'_>, text: &str) -> Result<(), Fault> {
        match scanner.peek() {
            ValueKind::Object => self.object(scanner, text),
            ValueKind::Array => self.array(scanner, text),
            ValueKind::String => {
                let raw = scanner.skip()?.of(text);
                let inner = raw.get(1..raw.len() - 1).unwrap_or("");
                self.pair(&unescape(inner));
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
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(event: &str, want: &str) {
        let got = query(&Bytes::copy_from_slice(event.as_bytes())).unwrap();
        assert_eq!(got, want, "{event}");
    }

    #[test]
    fn a_query_of_any_length_is_not_built() {
        let key = "k".repeat(50_000);
        let list = vec!["1"; 50_000].join(",");
        let event = format!(r#"{{"type":"track","properties":{{"{key}":[{list}]}}}}"#);
        assert_eq!(query(&Bytes::from(event)), Err(QueryTooLong));
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
}
