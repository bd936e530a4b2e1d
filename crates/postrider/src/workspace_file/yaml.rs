//! YAML as another spelling of JSON.
//!
//! In comes a text in YAML; out goes the same as JSON, each value on the line on which it stood, so that
//! whoever reads that finds mistakes on the lines of the original. The other way round, JSON is written
//! as YAML that people like to read. Anchors, tags and further documents are refused: a workspace needs
//! none of them, and a few lines of them can stand for gigabytes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::finding::Finding;
use super::node::Node;

/// Whether a text is meant as JSON.
pub fn is_json(text: &str) -> bool {
    let start = text.trim_start().as_bytes().first();
    start.is_none_or(|first| matches!(first, b'{' | b'[' | b'"'))
}

/// The same as JSON.
///
/// # Errors
/// The first place that is no YAML, or is more than JSON can say.
pub fn to_json(text: &str) -> Result<String, Finding> {
    let mut writer = JsonWriter::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let (line, column) = (error.marker().line(), error.marker().col() + 1);
            let reason = format!("column {column}: the file is not YAML: {}", error.info());
            Finding::new(line.max(1), "", reason)
        })?;
        let line = span.start.line();
        writer.take(event, line).map_err(|reason| Finding::new(line.max(1), "", reason))?;
    }
    if writer.documents == 0 {
        writer.out.push_str("null");
    }
    Ok(writer.out)
}

/// A list or a mapping that has begun.
enum Open {
    List {
        is_empty: bool,
    },
    Mapping {
        keys: BTreeSet<String>,
        /// Whether a key waits for its value.
        has_key: bool,
    },
}

#[derive(Default)]
struct JsonWriter {
    out: String,
    /// The line at which the text ends, from 0.
    line: usize,
    open: Vec<Open>,
    documents: usize,
}

impl JsonWriter {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        while self.line + 1 < line {
            self.out.push('\n');
            self.line += 1;
        }
        match event {
            Event::Alias(_) => return Err(ANCHORS.to_owned()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err("is a second document: a file has one".to_owned());
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                check(anchor, tag.as_deref(), &["str"])?;
                return self.scalar(&text, style == ScalarStyle::Plain && tag.is_none());
            }
            Event::SequenceStart(anchor, tag) => {
                check(anchor, tag.as_deref(), &["seq"])?;
                self.begin('[', Open::List { is_empty: true })?;
            }
            Event::MappingStart(anchor, tag) => {
                check(anchor, tag.as_deref(), &["map"])?;
                self.begin('{', Open::Mapping { keys: BTreeSet::new(), has_key: false })?;
            }
            Event::SequenceEnd => self.end(']'),
            Event::MappingEnd => self.end('}'),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, sign: char, open: Open) -> Result<(), String> {
        if matches!(self.open.last(), Some(Open::Mapping { has_key: false, .. })) {
            return Err("a key must be a text".to_owned());
        }
        self.before_value();
        self.out.push(sign);
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, sign: char) {
        self.open.pop();
        self.out.push(sign);
    }

    fn scalar(&mut self, text: &str, is_plain: bool) -> Result<(), String> {
        if let Some(Open::Mapping { keys, has_key: has_key @ false }) = self.open.last_mut() {
            *has_key = true;
            let separator = if keys.is_empty() { "" } else { "," };
            if !keys.insert(text.to_owned()) {
                return Err(format!("the key {text:?} stands twice"));
            }
            let _ = write!(self.out, "{separator}{}:", quoted(text));
            return Ok(());
        }
        self.before_value();
        match plain(text).filter(|_| is_plain) {
            Some(value) => self.out.push_str(value),
            None => self.out.push_str(&quoted(text)),
        }
        Ok(())
    }

    fn before_value(&mut self) {
        match self.open.last_mut() {
            Some(Open::List { is_empty: is_empty @ true }) => *is_empty = false,
            Some(Open::List { .. }) => self.out.push(','),
            Some(Open::Mapping { has_key, .. }) => *has_key = false,
            None => {}
        }
    }
}

const ANCHORS: &str = "anchors and aliases are not known here: write the value out";

fn check(anchor: usize, tag: Option<&Tag>, known: &[&str]) -> Result<(), String> {
    if anchor > 0 {
        return Err(ANCHORS.to_owned());
    }
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && known.contains(&tag.suffix.as_str()) => Ok(()),
        Some(tag) => Err(format!("the tag {tag} is not known here")),
        None => Ok(()),
    }
}

/// What a plain text means, where that is no text: its JSON.
fn plain(text: &str) -> Option<&str> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some("null"),
        "true" | "True" | "TRUE" => Some("true"),
        "false" | "False" | "FALSE" => Some("false"),
        _ => serde_json::from_str::<serde_json::Number>(text).is_ok().then_some(text),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A JSON value as YAML, ending with its line; none where it is no JSON.
pub fn of_json(root: &Node<'_>) -> Option<String> {
    let mut out = String::new();
    write(&mut out, root, 0, Place::Start)?;
    Some(out)
}

/// Writes a value behind what it belongs to: on the same line, or indented below.
fn write(out: &mut String, node: &Node<'_>, indent: usize, place: Place) -> Option<()> {
    let mut is_first = true;
    let mut begin = |out: &mut String| match (std::mem::replace(&mut is_first, false), place) {
        (true, Place::Dash) => out.push(' '),
        (true, Place::Key) => out.extend(std::iter::once('\n').chain(spaces(indent))),
        _ => out.extend(spaces(indent)),
    };
    match node.kind() {
        "an object" => {
            for (name, value) in node.object().ok()?.members() {
                begin(out);
                let key = if is_plain(name) { Cow::Borrowed(name) } else { escaped(name).into() };
                let _ = write!(out, "{key}:");
                write(out, value, indent + 2, Place::Key)?;
            }
        }
        "a list" => {
            for element in &node.elements().ok()? {
                begin(out);
                out.push('-');
                write(out, element, indent + 2, Place::Dash)?;
            }
        }
        _ => {}
    }
    if is_first {
        let before = if place == Place::Start { "" } else { " " };
        let _ = writeln!(out, "{before}{}", alone(node, indent)?);
    }
    Some(())
}

fn spaces(count: usize) -> impl Iterator<Item = char> {
    std::iter::repeat_n(' ', count)
}

/// A value that holds no others.
fn alone<'n>(node: &'n Node<'_>, indent: usize) -> Option<Cow<'n, str>> {
    Some(match node.kind() {
        "an object" => Cow::Borrowed("{}"),
        "a list" => Cow::Borrowed("[]"),
        "a string" => Cow::Owned(text(node.string().ok()?, indent)),
        _ => Cow::Borrowed(node.raw()),
    })
}

/// What a value stands behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Key,
    Dash,
}

/// A text as YAML has it, as plain as it can be.
fn text(value: String, indent: usize) -> String {
    if is_plain(&value) {
        return value;
    }
    if !is_block(&value) {
        return escaped(&value);
    }
    let indent: String = spaces(indent.max(2)).collect();
    let sign = if value.ends_with('\n') { "|" } else { "|-" };
    let lines = value.lines().map(|line| format!("\n{indent}{line}"));
    format!("{sign}{}", lines.collect::<String>())
}

/// A text in quotes. What JSON says is YAML, but for some characters that are not to be seen.
fn escaped(value: &str) -> String {
    let is_hidden = |c: char| ('\u{7f}'..='\u{9f}').contains(&c) || c == '\u{feff}';
    let mut out = String::new();
    for c in quoted(value).chars() {
        if is_hidden(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a text means itself without quotes, to every reader of YAML.
fn is_plain(value: &str) -> bool {
    const WORDS: [&str; 8] = ["null", "true", "false", "yes", "no", "on", "off", "y"];
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./ ".contains(&byte);
    let starts = value.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
    let lower = value.to_ascii_lowercase();
    starts
        && value.bytes().all(is_safe)
        && !value.ends_with(' ')
        && lower != "n"
        && !WORDS.contains(&lower.as_str())
}

/// Whether a text may stand as lines of their own, as certificates do.
fn is_block(value: &str) -> bool {
    let is_safe = |line: &str| {
        let is_printable = |byte: u8| (b' '..=b'~').contains(&byte);
        !line.is_empty() && !line.starts_with(' ') && line.bytes().all(is_printable)
    };
    value.contains('\n') && value.split_terminator('\n').all(is_safe)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn read(text: &str) -> Value {
        let json = to_json(text).expect("YAML");
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn yaml_says_what_json_says() {
        let check = |text: &str, want: Value| assert_eq!(read(text), want, "{text}");
        check("", json!(null));
        check("# nothing\n", json!(null));
        check("a: 1\nb: [x, 'y', \"z\\n\"]\n", json!({"a": 1, "b": ["x", "y", "z\n"]}));
        check("a:\n- b: c\n  d:\n- ~\n", json!({"a": [{"b": "c", "d": null}, null]}));
        check("a: |\n  one\n  two\nb: true\n", json!({"a": "one\ntwo\n", "b": true}));
        check(
            "a: no\nb: 0x10\nc: 007\nd: !!str 7\n1: e",
            json!({"a": "no", "b": "0x10", "c": "007", "d": "7", "1": "e"}),
        );
        check("{a: {}, b: []}", json!({"a": {}, "b": []}));
        check("--- \na: b\n...\n", json!({"a": "b"}));
    }

    #[test]
    fn each_value_stands_on_its_line() {
        let text =
            "# a comment\nsources:\n  - id: web\n    name: |\n      a\n      b\n    enabled: 7\n";
        let json = to_json(text).expect("YAML");
        let root = Node::root(&json);
        let sources = root.object().expect("an object").get("sources").expect("a list").clone();
        let source = sources.elements().expect("a list")[0].object().expect("an object");
        let line = |name: &str| source.get(name).expect("a member").line();
        assert_eq!((line("id"), line("enabled")), (3, 7));
    }

    #[test]
    fn what_json_cannot_say_is_refused_with_its_line() {
        let check = |text: &str, line: usize, reason: &str| {
            let fault = to_json(text).expect_err("a fault");
            assert!(fault.line == line && fault.reason.contains(reason), "{text}: {fault}");
        };
        check("a: &x 1\nb: 2", 1, "anchors");
        check("a:\n  b: *x", 2, "");
        check("a: !x 1", 1, "tag !x");
        check("a: 1\nb: 2\na: 3", 3, "stands twice");
        check("a: 1\n---\nb: 2", 2, "second document");
        check("? [a]\n: b", 1, "a key must be a text");
        check("a: 'b\n", 1, "not YAML");
        check("a: b: c", 1, "not YAML");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            "[ -~\n\t]{0,20}".prop_map(Value::from),
            "(yes|no|on|null|~|1e3|- a|a: b|# c|true|0x1|'|\\||é)".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let members = btree_map(".{0,6}", inner.clone(), 0..4);
            prop_oneof![
                vec(inner, 0..4).prop_map(Value::from),
                members.prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(value in values()) {
            let text = value.to_string();
            let yaml = of_json(&Node::root(&text)).expect("JSON");
            let json = to_json(&yaml).map_err(|fault| TestCaseError::fail(format!("{fault} in\n{yaml}")))?;
            let read: Value = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(read, value, "{}", yaml);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[ -~\n]{0,80}") {
            if let Ok(json) = to_json(&text) {
                prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{}", json);
            }
        }
    }

    #[test]
    fn it_reads_well() {
        let value = json!({
            "sources": [{"id": "web", "writeKey": "k 1", "postrider": {"allowedOrigins": ["https://a.test"]}}],
            "pem": "-----BEGIN-----\nabc=\n-----END-----\n", "empty": {}, "none": [], "rate": 1.5,
        });
        let want = "\
empty: {}
none: []
pem: |
  -----BEGIN-----
  abc=
  -----END-----
rate: 1.5
sources:
  - id: web
    postrider:
      allowedOrigins:
        - \"https://a.test\"
    writeKey: k 1
";
        assert_eq!(of_json(&Node::root(&value.to_string())).expect("JSON"), want);
    }
}
