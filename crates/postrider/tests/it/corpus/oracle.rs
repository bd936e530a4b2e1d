//! What a body is worth: how many good events it holds, judged from the outside.
//!
//! `serde_json` says what is JSON; the rest is a split at the commas of the top level.

use serde_json::value::RawValue;

/// Largest request of the corpus' server.
pub const REQUEST_BYTES_MAX: usize = 256 << 10;

/// Largest event of it.
pub const EVENT_BYTES_MAX: usize = 96 << 10;

/// What a path asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    Single,
    Batch,
}

/// How many events of a body are good; none where it is to be refused.
pub fn good_events(body: &[u8], asked: Asked) -> usize {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Some(whole) = std::str::from_utf8(body).ok().and_then(raw) else { return 0 };
    if body.len() > REQUEST_BYTES_MAX {
        return 0;
    }
    match asked {
        Asked::Single => usize::from(is_good(whole, asked)),
        Asked::Batch => match last(whole, "batch") {
            Some(list) if list.starts_with('[') => {
                let elements = parts(list);
                let good = elements.iter().filter(|one| is_good(one, asked)).count();
                if elements.len() > 5_000 { 0 } else { good }
            }
            Some(one) => usize::from(is_good(one, asked)),
            None => 0,
        },
    }
}

/// The JSON text within blanks; none where it is no JSON.
fn raw(text: &str) -> Option<&str> {
    serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get)
}

fn is_good(event: &str, asked: Asked) -> bool {
    let (levels, keys) = measure(event);
    let has_identity = ["userId", "anonymousId"]
        .iter()
        .any(|name| last(event, name).is_some_and(|id| id != "null" && !is_empty_text(id)));
    let is_exempt = asked == Asked::Batch
        && last(event, "type").is_some_and(|own| matches!(own, "\"extract\"" | "\"record\""));
    let fits = event.len() <= EVENT_BYTES_MAX && levels <= 100 && keys <= 10_000;
    event.starts_with('{') && fits && (has_identity || is_exempt)
}

/// Whether a raw value is a text that shows nothing.
fn is_empty_text(raw: &str) -> bool {
    let text = serde_json::from_str::<String>(raw);
    text.is_ok_and(|text| text.chars().all(|c| c.is_control() || matches!(c, ' ' | '\u{200b}')))
}

/// The last value of a name in an object; none where there is none, or it is no object.
fn last<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    if !object.starts_with('{') {
        return None;
    }
    let member = |part: &&'t str| {
        let end = 1 + outside_texts(part).find(|(_, byte)| *byte == b':')?.0;
        let key = serde_json::from_str::<String>(part[..end - 1].trim()).ok()?;
        (key == name).then(|| part[end..].trim())
    };
    parts(object).iter().rev().find_map(member)
}

/// What stands between the commas of the top level.
fn parts(text: &str) -> Vec<&str> {
    let (mut level, mut start, mut parts) = (0, 1, Vec::new());
    for (at, byte) in outside_texts(text) {
        match byte {
            b'[' | b'{' => level += 1,
            b']' | b'}' => level -= 1,
            b',' if level == 1 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..text.len() - 1].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Levels of nesting and number of keys.
fn measure(text: &str) -> (usize, usize) {
    let (mut level, mut levels, mut keys) = (0, 0, 0);
    for (_, byte) in outside_texts(text) {
        match byte {
            b'[' | b'{' => level += 1,
            b']' | b'}' => level -= 1,
            b':' => keys += 1,
            _ => {}
        }
        levels = levels.max(level);
    }
    (levels, keys)
}

/// The bytes of a JSON text that stand outside of its texts, with their places.
fn outside_texts(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut inside, mut escaped) = (false, false);
    text.bytes().enumerate().filter(move |(_, byte)| {
        let was_inside = inside;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            _ => {}
        }
        !was_inside && *byte != b'"'
    })
}

#[test]
fn the_oracle_counts_good_events() {
    let check =
        |body: &str, asked, want| assert_eq!(good_events(body.as_bytes(), asked), want, "{body}");
    check(r#"{"userId":"u"}"#, Asked::Single, 1);
    check("\u{feff} {\"us\\u0065rId\" : 7} ", Asked::Single, 1);
    check(r#"{"a":{"userId":"u"},"b":"\",\"userId\":1"}"#, Asked::Single, 0);
    check(r#"{"userId":"u","userId":null}"#, Asked::Single, 0);
    check(r#"{"userId":"u"} x"#, Asked::Single, 0);
    check(r#"{"type":"extract"}"#, Asked::Single, 0);
    check(
        r#"{"batch":[{"userId":"u"},{},7,{"anonymousId":[]},{"type":"extract"}]}"#,
        Asked::Batch,
        3,
    );
    check(r#"{"batch":[{"userId":"u"}],"batch":[]}"#, Asked::Batch, 0);
    check(r#"{"batch":{"userId":"u"}}"#, Asked::Batch, 1);
    check(r#"[{"userId":"u"}]"#, Asked::Batch, 0);
}
