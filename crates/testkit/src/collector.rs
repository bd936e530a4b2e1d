//! A collector of traces: takes OTLP over HTTP, and reads protobuf by hand.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::endpoint::{Endpoint, Received, Reply};

/// A collector at work until it is dropped.
#[derive(Debug)]
pub struct Collector(pub Endpoint);

/// A span as it came; ids in hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TracedSpan {
    /// The name of the server that sent it.
    pub service: String,
    /// Its trace.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// The span that it is a part of; empty where there is none.
    pub parent: String,
    /// Trace and span that it follows.
    pub links: Vec<(String, String)>,
    /// What it is called.
    pub name: String,
    /// 1: of its own, 2: it answers a request, 3: it makes one.
    pub kind: u64,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// What is said of it, numbers as digits.
    pub attributes: BTreeMap<String, String>,
    /// What it failed for; none where it did not.
    pub failure: Option<String>,
}

/// A value of protobuf.
enum Value<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

impl Collector {
    /// Starts a collector that takes everything.
    pub async fn ok() -> Self {
        Self::script([Reply::status(200)]).await
    }

    /// Starts a collector that gives the replies one after the other, the last one for ever.
    pub async fn script(replies: impl Into<Vec<Reply>>) -> Self {
        Self(Endpoint::script(replies).await)
    }

    /// What the spans of all requests are.
    ///
    /// # Panics
    /// Where what came is no OTLP.
    pub fn spans(&self) -> Vec<TracedSpan> {
        self.0.received().iter().flat_map(|received| spans(received)).collect()
    }

    /// Waits until the spans are as `holds` says, and returns them.
    ///
    /// # Panics
    /// With `what` where they do not become so before the deadline.
    pub async fn wait_until(
        &self,
        what: &str,
        holds: impl Fn(&[TracedSpan]) -> bool,
    ) -> Vec<TracedSpan> {
        let holds = |all: &[std::sync::Arc<Received>]| {
            holds(&all.iter().flat_map(|received| spans(received)).collect::<Vec<_>>())
        };
        self.0.wait_until(what, holds).await;
        self.spans()
    }

    /// Waits for so many spans of this name.
    ///
    /// # Panics
    /// Where they do not come before the deadline.
    pub async fn wait_for(&self, name: &str, count: usize) -> Vec<TracedSpan> {
        let named = |all: &[TracedSpan]| all.iter().filter(|span| span.name == name).count();
        let all = self.wait_until(&format!("{count} × {name}"), |all| named(all) >= count).await;
        all.into_iter().filter(|span| span.name == name).collect()
    }
}

/// The spans of a request.
///
/// # Panics
/// Where it is no OTLP.
pub fn spans(received: &Received) -> Vec<TracedSpan> {
    let asked = (received.method.as_str(), received.target.as_str());
    assert_eq!(asked, ("POST", "/v1/traces"));
    assert_eq!(received.header("content-type"), Some("application/x-protobuf"));
    let mut spans = Vec::new();
    for resource_spans in parts(&received.body, 1) {
        let resource: BTreeMap<_, _> =
            parts(resource_spans, 1).flat_map(|resource| attributes(resource, 1)).collect();
        for span in parts(resource_spans, 2).flat_map(|scope_spans| parts(scope_spans, 2)) {
            spans.push(TracedSpan { service: resource["service.name"].clone(), ..read(span) });
        }
    }
    spans
}

fn read(span: &[u8]) -> TracedSpan {
    let text = |field| parts(span, field).next().map(text).unwrap_or_default();
    let id = |field| parts(span, field).next().map(hex).unwrap_or_default();
    let status: Vec<_> = parts(span, 15).collect();
    let is_error = status.iter().any(|status| number(status, 3) == 2);
    let link = |link| {
        let of = |field| parts(link, field).next().map(hex).unwrap_or_default();
        (of(1), of(2))
    };
    TracedSpan {
        service: String::new(),
        trace: id(1),
        id: id(2),
        parent: id(4),
        links: parts(span, 13).map(link).collect(),
        name: text(5),
        kind: number(span, 6),
        start: number(span, 7),
        end: number(span, 8),
        attributes: attributes(span, 9).collect(),
        failure: is_error.then(|| parts(status[0], 2).next().map(self::text).unwrap_or_default()),
    }
}

fn attributes(part: &[u8], field: u64) -> impl Iterator<Item = (String, String)> {
    parts(part, field).map(|pair| {
        let name = text(parts(pair, 1).next().expect("an attribute has a name"));
        let value = parts(pair, 2).next().expect("an attribute has a value");
        let as_text = parts(value, 1).next().map(text);
        (name, as_text.unwrap_or_else(|| number(value, 3).to_string()))
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("a text is UTF-8")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all");
        text
    })
}

/// A number; 0 where there is none.
fn number(part: &[u8], field: u64) -> u64 {
    let found = fields(part).find_map(|(own, value)| match value {
        Value::Number(number) if own == field => Some(number),
        _ => None,
    });
    found.unwrap_or(0)
}

/// What has bytes, of one field.
fn parts(part: &[u8], field: u64) -> impl Iterator<Item = &[u8]> {
    fields(part).filter_map(move |(own, value)| match value {
        Value::Bytes(bytes) if own == field => Some(bytes),
        _ => None,
    })
}

fn fields(mut part: &[u8]) -> impl Iterator<Item = (u64, Value<'_>)> {
    std::iter::from_fn(move || {
        if part.is_empty() {
            return None;
        }
        let tag = varint(&mut part);
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut part)),
            1 => Value::Number(u64::from_le_bytes(take(&mut part, 8).try_into().expect("eight"))),
            2 => {
                let length = usize::try_from(varint(&mut part)).expect("a length");
                Value::Bytes(take(&mut part, length))
            }
            other => panic!("{other} is no way for a value to lie in the bytes"),
        };
        Some((tag >> 3, value))
    })
}

fn varint(part: &mut &[u8]) -> u64 {
    let mut number = 0;
    for at in 0..10 {
        let byte = take(part, 1)[0];
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            return number;
        }
    }
    panic!("a number without an end")
}

fn take<'b>(part: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (taken, rest) = part.split_at(count);
    *part = rest;
    taken
}
