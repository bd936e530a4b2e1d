//! Tests of the scanner: its grammar, its bounds, its spans.

use proptest::prelude::*;

use super::*;

const LIMITS: ScanLimits = ScanLimits { depth_max: 100, keys_max: 10_000 };

fn scan(text: &str) -> Result<(), Fault> {
    let mut scanner = Scanner::new(text, LIMITS);
    scanner.skip()?;
    scanner.end()
}

/// The scanner and serde_json agree on what is JSON.
fn agrees(text: &str) {
    let ours = scan(text);
    let theirs = serde_json::from_str::<&serde_json::value::RawValue>(text);
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{text:?}: {ours:?} {theirs:?}");
}

#[test]
fn grammar_is_that_of_json() {
    let good = [
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1.5e+10",
        "1e400",
        "\"\"",
        "\"\\ud800\"",
        "{\"a\":{\"b\":[1,2,{\"c\":null}]},\"d\":\"x\"}",
        " [ 1 , 2 ] ",
        "[[],{},[[]],[{}]]",
        "\"0123456789\\u00e9abc\"",
        "18446744073709551616",
    ];
    let bad = [
        "",
        " ",
        "{",
        "[",
        "}",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "01",
        ".5",
        "+1",
        "1.",
        "1e",
        "-",
        "NaN",
        "Infinity",
        "tru",
        "nul",
        "\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "[1 2]",
        "1 2",
        "// x\n1",
        "'a'",
        "[1}",
        "{\"a\":1]",
        "\"abcdefg\u{1}\"",
    ];
    for text in good {
        assert_eq!(scan(text), Ok(()), "{text}");
        agrees(text);
    }
    for text in bad {
        assert!(scan(text).is_err(), "{text}");
        agrees(text);
    }
}

#[test]
fn depth_is_bounded_at_the_limit() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(scan(&nested(100)), Ok(()));
    assert_eq!(scan(&nested(101)), Err(Fault::TooDeep { at: 100 }));
    assert_eq!(scan(&"[".repeat(5_000_000)), Err(Fault::TooDeep { at: 100 }));
    let objects = "{\"a\":".repeat(101) + "1" + &"}".repeat(101);
    assert!(matches!(scan(&objects), Err(Fault::TooDeep { .. })));
}

#[test]
fn keys_are_counted() {
    let text = format!("{{{}}}", vec!["\"k\":0"; 10_001].join(","));
    assert!(matches!(scan(&text), Err(Fault::TooManyKeys { .. })));
}

#[test]
fn members_yield_keys_and_values_as_sent() {
    let text = r#" { "a" : 1.0 , "b\u0063" :{"x":[]},"":"" } "#;
    let mut seen = Vec::new();
    let mut scanner = Scanner::new(text, LIMITS);
    scanner
        .members(|scan, key| {
            let value = scan.skip()?;
            seen.push((key.of(text), value.of(text)));
            Ok(())
        })
        .unwrap();
    scanner.end().unwrap();
    assert_eq!(seen, [("a", "1.0"), ("b\\u0063", "{\"x\":[]}"), ("", "\"\"")]);
    assert!(key_is("b\\u0063", "bc"));
    assert!(!key_is("b", "bc"));
}

#[test]
fn escapes_mean_what_json_says() {
    for (raw, text) in [
        ("plain", "plain"),
        ("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\u{8}\u{c}\n\r\t"),
        ("\\u00e9\\ud83d\\ude00x", "é😀x"),
        ("\\ud800", "\u{fffd}"),
        ("\\ud800\\u0041", "\u{fffd}A"),
        ("\\udc00\\ud83d\\ude00", "\u{fffd}😀"),
    ] {
        assert_eq!(unescape(raw), text);
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_as_serde_json_judges_it(text in "[\\[\\]{}\",:0-9a-z\\\\ .eE+-]{0,40}") {
        agrees(&text);
    }

    #[test]
    fn written_strings_read_back(text in any::<String>()) {
        let mut out = Vec::new();
        write_string(&text, &mut out);
        let json = String::from_utf8(out).unwrap();
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.clone());
        prop_assert_eq!(unescape(&json[1..json.len() - 1]), text);
    }
}
