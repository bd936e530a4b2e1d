//! Pieces of events: values that are JSON, however odd, and some that are not.

use super::dice::Dice;

const SCALARS: [&str; 26] = [
    "0",
    "-0",
    "1",
    "1.0",
    "1e400",
    "-1E-400",
    "9007199254740993",
    "18446744073709551616",
    "0.1234567890123456789012345",
    "true",
    "false",
    "null",
    "\"\"",
    "\"x\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"a\\u0000b\"",
    "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
    "\"😀 é \u{202e}\"",
    "\"\\uD83D\\uDE00\"",
    "\"}\"",
    "\"]\"",
    "\"[{,:\"",
    "\"\\\\\"",
    "\"\u{7f}\u{2028}\"",
    "\"//\"",
];

const NO_JSON: [&str; 24] = [
    "NaN",
    "-Infinity",
    "+1",
    "01",
    ".5",
    "1.",
    "1e",
    "-",
    "'x'",
    "tru",
    "nulll",
    "\"",
    "\"\\x\"",
    "\"\\u12g4\"",
    "\"\u{1}\"",
    "\"\n\"",
    "[1,]",
    "{\"a\":1,}",
    "{a:1}",
    "{\"a\"}",
    "[1}",
    "{]",
    "/*x*/1",
    "",
];

const KEYS: [&str; 16] = [
    "a",
    "b",
    "a",
    "",
    "properties",
    "context",
    "traits",
    "integrations",
    "\\ud800",
    "\\u0000",
    "__proto__",
    "constructor",
    "😀",
    "\\\"",
    "batch",
    "statusCode",
];

const BLANKS: [&str; 8] = ["", "", "", "", " ", "\n", "\t ", "\r\n"];

/// Ids as they stand in an event; those of `EMPTY_IDS` count for nothing.
const IDS: [&str; 14] = [
    "\"u-1\"",
    "\"u-2\"",
    "\"u-3\"",
    "7",
    "-0",
    "1e400",
    "true",
    "{}",
    "[1]",
    "\"😀\"",
    "\" a b \"",
    "\"\\u0061\"",
    "\"\\ud800\"",
    "\"a\u{200b}b\"",
];

const EMPTY_IDS: [&str; 6] =
    ["\"\"", "null", "\" \"", "\"\u{200b}\"", "\"\\u200b \"", "\"\\u0000\""];

const TIMES: [&str; 8] = [
    "\"2024-02-29T12:00:00.000Z\"",
    "\"2024-02-29T12:00:00+14:00\"",
    "\"yesterday\"",
    "7",
    "null",
    "\"0001-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:59.999999999Z\"",
    "{}",
];

/// Any value, nested so many levels at most.
pub fn value(dice: &mut Dice, levels: usize) -> String {
    match dice.below(if levels == 0 { 3 } else { 5 }) {
        0..=2 => dice.pick(&SCALARS).to_owned(),
        3 => {
            let parts: Vec<_> = (0..dice.below(4)).map(|_| value(dice, levels - 1)).collect();
            list(dice, '[', &parts, ']')
        }
        _ => {
            let parts: Vec<_> = (0..dice.below(4)).map(|_| member(dice, levels - 1)).collect();
            list(dice, '{', &parts, '}')
        }
    }
}

fn member(dice: &mut Dice, levels: usize) -> String {
    let (key, value) = (dice.pick(&KEYS), value(dice, levels));
    pair(dice, key, &value)
}

fn pair(dice: &mut Dice, key: &str, value: &str) -> String {
    let (before, after) = (dice.pick(&BLANKS), dice.pick(&BLANKS));
    format!("\"{key}\"{before}:{after}{value}")
}

/// Brackets around parts, with blanks here and there.
pub fn list(dice: &mut Dice, open: char, parts: &[String], close: char) -> String {
    let mut text = open.to_string();
    for (index, part) in parts.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        text.push_str(&[comma, dice.pick(&BLANKS), part, dice.pick(&BLANKS)].concat());
    }
    text.push(close);
    text
}

/// Something that is no JSON.
pub fn no_json(dice: &mut Dice) -> &'static str {
    dice.pick(&NO_JSON)
}

/// An event, mostly a good one.
pub fn event(dice: &mut Dice, number: usize) -> String {
    let mut parts = Vec::new();
    for name in ["userId", "anonymousId", "us\\u0065rId", "userId"] {
        if dice.chance(45) {
            let id = if dice.chance(25) { dice.pick(&EMPTY_IDS) } else { dice.pick(&IDS) };
            parts.push(pair(dice, name, id));
        }
    }
    match dice.below(6) {
        0 => {}
        1 => parts.push(pair(dice, "messageId", dice_id(number / 20).as_str())),
        2 => {
            let odd = value(dice, 1);
            parts.push(pair(dice, "message\\u0049d", &odd));
        }
        _ => {
            let id = format!("\"m-{number}-{}\"", dice.roll());
            parts.push(pair(dice, "messageId", &id));
        }
    }
    for name in ["timestamp", "sentAt", "originalTimestamp", "receivedAt"] {
        if dice.chance(20) {
            let time = dice.pick(&TIMES);
            parts.push(pair(dice, name, time));
        }
    }
    for name in ["type", "rudderId", "request_ip", "properties", "context", "event"] {
        if dice.chance(25) {
            let odd = value(dice, 3);
            parts.push(pair(dice, name, &odd));
        }
    }
    if dice.chance(3) {
        let word = dice.pick(&["\"extract\"", "\"record\"", "\"track\"", "\"Extract\""]);
        parts.push(pair(dice, "type", word));
    }
    if dice.chance(1) {
        let levels = 95 + dice.below(10);
        parts.push(format!("\"deep\":{}{}", "[".repeat(levels), "]".repeat(levels)));
    }
    if dice.below(400) == 0 {
        let keys = 9_990 + dice.below(15);
        parts.push(format!("\"wide\":{{\"k\":0{}}}", ",\"\":0".repeat(keys)));
    }
    if dice.below(400) == 0 {
        let bytes = super::oracle::EVENT_BYTES_MAX - 200 + dice.below(300);
        parts.push(format!("\"long\":\"{}\"", "x".repeat(bytes)));
    }
    for at in (1..parts.len()).rev() {
        parts.swap(at, dice.below(at + 1));
    }
    if dice.chance(6) {
        parts.push(format!("\"x\":{}", no_json(dice)));
    }
    list(dice, '{', &parts, '}')
}

/// An id that several cases share, so that copies of an event are under way at once.
fn dice_id(number: usize) -> String {
    format!("\"shared-{number}\"")
}

/// A body for `/v1/batch`.
pub fn batch(dice: &mut Dice, number: usize) -> String {
    let mut parts = Vec::new();
    for _ in 0..1 + dice.below(6) / 5 {
        let elements: Vec<_> = (0..dice.below(5)).map(|_| element(dice, number)).collect();
        let value = match dice.below(12) {
            0 => value(dice, 2),
            1 => event(dice, number),
            _ => list(dice, '[', &elements, ']'),
        };
        let name = if dice.chance(10) { "b\\u0061tch" } else { "batch" };
        parts.push(pair(dice, name, &value));
    }
    while dice.chance(30) {
        parts.push(member(dice, 2));
    }
    if dice.chance(3) {
        parts.push(no_json(dice).to_owned());
    }
    if dice.chance(2) { value(dice, 2) } else { list(dice, '{', &parts, '}') }
}

fn element(dice: &mut Dice, number: usize) -> String {
    match dice.below(40) {
        0 => no_json(dice).to_owned(),
        1..=3 => value(dice, 3),
        _ => event(dice, number),
    }
}
