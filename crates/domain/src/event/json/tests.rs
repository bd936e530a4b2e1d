//! Tests of the scanner: its grammar, its bounds, its spans.

use proptest::prelude::*;

use super::*;

const LIMITS: ScanLimits = ScanLimits { depth_max: 100, keys_max: 10_000 };

fn scan(text: &str) -> Result<(), Fault> {
    scan_within(text, LIMITS)
}

fn scan_within(text: &str, limits: ScanLimits) -> Result<(), Fault> {
    let mut scanner = Scanner::new(text, limits);
    scanner.skip()?;
    scanner.end()
}

/// The scanner and serde_json agree on what is JSON.
fn agrees(text: &str) {
    let ours = scan(text);
    let theirs = serde_json::from_str::<&serde_json::value::RawValue>(text);
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{text:?}: {ours:?} {theirs:?}");
    leaps(text);
}

/// What is JSON is passed in the same way where nothing of it is checked; anything else comes to an end.
fn leaps(text: &str) {
    let scanner = Scanner::new(text, ScanLimits::NONE);
    let (passed, leapt) = (scanner.clone().skip(), scanner.clone().leap());
    assert!(passed.is_err() || leapt == passed, "{text:?}: {passed:?} {leapt:?}");
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
        "{\"]\":[\"}\\\"{\"],\"[\":{}}",
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
fn without_limits_only_the_grammar_counts() {
    for depth in [31, 32, 33, 63, 64, 65, 128, 1_000_000] {
        let (open, close) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
        let good = format!("{open}[[],{{}}]{close}");
        assert_eq!(scan_within(&good, ScanLimits::NONE), Ok(()), "{depth}");
        for bad in [format!("{open}0}}{close}"), format!("{open}0{}", &close[1..]), open] {
            assert!(scan_within(&bad, ScanLimits::NONE).is_err(), "{depth}");
        }
    }
}

#[test]
fn inner_limits_count_anew_and_a_fault_leaves_the_scanner_where_it_stood() {
    let mut scanner = Scanner::new("[[[1]]]", ScanLimits { depth_max: 3, keys_max: 0 });
    let inner = |depth_max| ScanLimits { depth_max, keys_max: 0 };
    scanner
        .elements(|scanner| {
            assert_eq!(scanner.within(inner(1), Scanner::skip), Err(Fault::TooDeep { at: 2 }));
            assert_eq!(scanner.at(), 1);
            assert_eq!(scanner.within(inner(2), Scanner::skip), Ok(Span { start: 1, end: 6 }));
            Ok(())
        })
        .unwrap();
    scanner.end().unwrap();
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
    fn brackets_far_beyond_a_word_are_judged_as_serde_json_judges_them(
        brackets in prop::collection::vec(any::<bool>(), 120..400),
        flipped in any::<prop::sample::Index>(),
        flips in any::<bool>(),
    ) {
        let open: String = brackets.iter().map(|o| if *o { "{\"\":" } else { "[" }).collect();
        let wrong = flips.then(|| flipped.index(brackets.len()));
        let close = |(at, object): (usize, &bool)| {
            if *object == (wrong == Some(at)) { ']' } else { '}' }
        };
        let close: String = brackets.iter().enumerate().rev().map(close).collect();
        let text = format!("{open}null{close}");
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text);
        prop_assert_eq!(scan_within(&text, ScanLimits::NONE).is_ok(), theirs.is_ok());
        prop_assert_eq!(theirs.is_ok(), !flips);
        leaps(&text);
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

#[test]
fn white_space_is_taken_from_between_the_parts_and_from_nowhere_else() {
    let check = |raw: &str, want: &str| assert_eq!(compact(raw), want, "{raw}");
    check("{ \"a b\" :\n[ 1 ,\t2.50 ] }\r", "{\"a b\":[1,2.50]}");
    check(r#"[ "a \" b", "c \\", "d e" ]"#, r#"["a \" b","c \\","d e"]"#);
    check(r#"{"é ü":"ö ä"}"#, r#"{"é ü":"ö ä"}"#);
    check("12", "12");
}

#[test]
fn strings_end_where_they_end_however_long_they_are() {
    for length in 0..140 {
        for (end, is_right) in
            [("\"", true), ("\n", false), ("\\n\"", true), ("\\", false), ("", false)]
        {
            let text = format!("\"{}{end}", "é".repeat(length / 2) + &"x".repeat(length % 2));
            for after in ["", " ,\"next\":\"\u{1}\"", &"y".repeat(70)] {
                let whole = format!("{text}{after}");
                let span = Scanner::new(&whole, LIMITS).skip();
                match is_right {
                    true => assert_eq!(span.unwrap().of(&whole), text),
                    false if after.is_empty() => assert!(span.is_err(), "{whole:?}"),
                    false => {}
                }
            }
        }
    }
}

#[test]
fn special_bytes_are_told_one_by_one() {
    for byte in 0..=u8::MAX {
        let want = matches!(byte, b'"' | b'\\' | 0..=0x1f);
        assert_eq!(is_special(byte), want, "{byte:#x}");
        assert_eq!(special_bytes(u64::from(byte) | 0x6161_6161_6161_6100) != 0, want, "{byte:#x}");
    }
}
