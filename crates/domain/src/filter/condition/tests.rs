//! Tables for what a condition means and how its mistakes read; random ones against a plain
//! evaluation over `serde_json::Value`.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::filter::path::{Path, Segment};
use crate::limits;

const ORDER: &str = r#"{
  "type": "track", "event": "Order Completed", "userId": "u\u0031",
  "properties": {
    "total": 99.50, "count": 9007199254740993, "paid": true, "coupon": null, "note": "",
    "items": [{ "sku": "A-1" }, { "sku": "B-2" }], "odd key": 1, "and": 2, "2fa": "yes"
  },
  "context": { "page": { "url": "https://shop.example/cart?x=1" } }
}"#;

#[track_caller]
fn check(condition: &str, want: bool) {
    let parsed = Condition::parse(condition).unwrap_or_else(|error| panic!("{condition}: {error}"));
    assert_eq!(parsed.holds(ORDER), want, "{condition}");
    let printed = parsed.to_string();
    assert_eq!(Condition::parse(&printed).as_ref(), Ok(&parsed), "{condition} as {printed}");
}

#[test]
fn comparisons_go_by_value_and_never_across_types() {
    for holds in [
        r#"event == "Order Completed""#,
        r#"userId == "u1""#,
        "properties.total == 99.5",
        "properties.total == 9.95e1",
        "properties.total != 99.51",
        "properties.total < 100 and properties.total >= 99.5",
        "properties.count == 9007199254740993",
        "properties.count != 9007199254740992",
        "properties.count > 9007199254740992",
        "properties.paid == true",
        "properties.paid != false",
        "properties.coupon == null",
        r#"properties.note == """#,
        r#"properties.total != "99.5""#,
        r#"properties.coupon != "null""#,
        "properties.items != null",
        r#"event < "Z""#,
        r#"event > "A""#,
    ] {
        check(holds, true);
    }
    for fails in [
        r#"event == "order completed""#,
        r#"properties.total == "99.50""#,
        r#"properties.total < "a""#,
        "event < 5",
        "event > 5",
        r#"properties.total > "a""#,
        "properties.paid == 1",
        "properties.paid > 0",
        "properties.coupon == false",
        "properties.items == null",
        "properties == null",
    ] {
        check(fails, false);
    }
}

#[test]
fn where_nothing_stands_no_test_holds() {
    for condition in [
        "properties.missing == 1",
        "properties.missing != 1",
        "properties.missing != null",
        "properties.missing == null",
        "properties.missing < 1",
        "properties.missing in [1, null]",
        r#"properties.missing startsWith """#,
        r#"properties.missing matches """#,
        "exists(properties.missing)",
        "exists(properties.items[2])",
        "event.name == 1",
    ] {
        check(condition, false);
        check(&format!("not({condition})"), true);
    }
    check("exists(properties.coupon)", true);
    check("properties.coupon != null", false);
    check("properties.note != null", true);
}

#[test]
fn paths_lead_into_lists_and_odd_keys() {
    for holds in [
        r#"properties.items[1].sku == "B-2""#,
        r#"properties."odd key" == 1"#,
        r#""properties"."and" == 2 and properties.and == 2"#,
        r#"properties."2fa" == "yes""#,
        r#"context.page.url startsWith "https://shop.example/""#,
        r#"context.page.url matches "/cart($|\\?)""#,
        r#"properties.items[0].sku matches "^[A-C]-\\d$""#,
        r#"properties.items[0].sku in ["B-2", "A-1"]"#,
        "properties.total in [1, 99.50]",
    ] {
        check(holds, true);
    }
    for fails in [
        "properties.items.sku == 1",
        r#"event startsWith "order""#,
        "properties.total in [\"99.50\"]",
        r#"properties.total matches "9""#,
        r#"event matches "^Order$""#,
    ] {
        check(fails, false);
    }
}

#[test]
fn conditions_are_joined() {
    check(r#"all(event == "x", type == "track")"#, false);
    check(r#"any(event == "x", type == "track")"#, true);
    check(r#"type == "track" and (event == "x" or userId == "u1")"#, true);
    check(r#"(type == "track" and event == "x") or userId == "u1""#, true);
    check(r#"type == "x" or type == "y" or type == "track""#, true);
    check(r#"not(any(type == "x", all(exists(event), not(exists(userId)))))"#, true);
    check(r#"all(type == "track" and exists(event), exists(userId))"#, true);
}

#[test]
fn a_text_that_is_no_event_meets_only_what_asks_for_nothing() {
    let check = |condition: &str, event: &str, want: bool| {
        assert_eq!(Condition::parse(condition).unwrap().holds(event), want, "{condition}: {event}");
    };
    check("exists(a)", r#"{"a":1"#, false);
    check("not(exists(a))", "", true);
    check("a == 1", "[1]", false);
}

#[test]
fn mistakes_name_the_column_what_was_expected_and_what_to_write() {
    let check = |text: &str, column: usize, reason: &str| {
        let error = Condition::parse(text).expect_err(text);
        assert_eq!((error.column, error.reason.as_str()), (column, reason), "{text}");
    };
    let condition = "expected a condition, as in event == \"Order Completed\", found";
    let value = "expected a string, a number, true, false or null, found";
    check("", 1, &format!("{condition} the end"));
    check("   ", 4, &format!("{condition} the end"));
    check("event", 6, "expected ==, !=, <, <=, >, >=, in, startsWith or matches, found the end");
    check("event = \"x\"", 7, "found =; write == to compare");
    check("event == 'x'", 10, "found '; strings stand in double quotes");
    check("event == x", 10, &format!("{value} x; strings stand in double quotes"));
    check(
        "event == Null",
        10,
        &format!("{value} Null; write null; strings stand in double quotes"),
    );
    check("é == \"x\" && b == 1", 10, "found &&; write and");
    check("!exists(a)", 1, "found !; write not(…)");
    check(
        "not a == 1",
        5,
        "expected ( after not, found a; for a member of that name write \"not\" in quotes",
    );
    check("a == 1 AND b == 1", 8, "expected and, or or the end, found AND; write and");
    check(
        "a == 1 and b == 1 or c == 1",
        19,
        "and and or side by side; put parentheses around what belongs together",
    );
    check("(a == 1", 8, "expected and, or or ), found the end");
    check("all()", 5, &format!("{condition} )"));
    check("a in []", 7, &format!("{value} ]"));
    check("a in 5", 6, "expected [ after in, as in [\"a\", \"b\"], found 5");
    check("a < true", 5, "expected a number or a string after <, found true");
    check(
        "5 < a",
        1,
        "expected a path, found a value; the path stands on the left, the value on the right",
    );
    check("a[-1] == 1", 3, "expected a place in a list, from 0, found -1");
    check(
        "a[\"b\"] == 1",
        3,
        "expected a place in a list, found a string; write .\"key\" for a key",
    );
    check(
        "a.2fa == 1",
        3,
        "expected a number as JSON has them, found 2fa; quote a key that begins with a digit",
    );
    check("a. == 1", 4, "expected a key; quote it where it is no plain word, found ==");
    check(
        "a == 01",
        6,
        "expected a number as JSON has them, found 01; quote a key that begins with a digit",
    );
    check("a matches 5", 11, "expected a string in double quotes after matches, found 5");
    check("a matches \"(\"", 11, "the regular expression cannot be used: unclosed group");
    check(
        "a matches \"\\\\w{9999}\"",
        11,
        "the regular expression cannot be used: it takes more than 262144 bytes",
    );
    check(
        "a == \"\\d\"",
        6,
        "found a string that does not end, or with an escape that JSON does not have; write \\\" for a quote and \\\\ for a backslash",
    );
    check("a == 1 # b", 8, "found #; quote keys with such characters");
}

#[test]
fn the_examples_of_the_reference_are_right() {
    let page = include_str!("../../../../../docs/reference/filters.md");
    let (_, rest) = page.split_once("```condition\n").expect("examples");
    let examples: Vec<_> = rest.split_once("```").expect("an end").0.lines().collect();
    assert!(examples.len() > 3);
    for example in examples {
        assert!(Condition::parse(example).is_ok(), "{example}: {:?}", Condition::parse(example));
    }
}

#[test]
fn what_is_beyond_the_bounds_is_refused() {
    let check = |text: String, reason: &str| {
        let error = Condition::parse(&text).expect_err("beyond a bound");
        assert!(error.reason.contains(reason), "{error}");
    };
    let deep = |levels: usize| format!("{}a == 1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Condition::parse(&deep(limits::CONDITION_DEPTH_MAX - 1)).is_ok());
    check(deep(limits::CONDITION_DEPTH_MAX), "nested deeper than 16 levels");
    check(format!("a == {}", "1".repeat(4_096)), "longer than 4096 bytes");
    check(vec!["a == 1"; 101].join(" or "), "more than 100 tests");
    check(format!("a{} == 1", ".a".repeat(32)), "more than 32 segments");
}

/// Keys that random events and conditions share, so that they meet.
const KEYS: [&str; 5] = ["a", "b", "odd key", "all", "é\""];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[ab]{0,2}", 1 => "\\PC{0,4}", 1 => Just("\u{1}\"\\\u{d}".to_owned())]
}

fn number() -> impl Strategy<Value = String> {
    let spellings = ["0", "-0", "1", "1.0", "10e-1", "-2.50", "9007199254740992", "1e3", "1000"];
    prop_oneof![
        prop::sample::select(spellings.to_vec()).prop_map(str::to_owned),
        any::<i64>().prop_map(|n| n.to_string())
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        text().prop_map(Literal::Text),
        number().prop_map(Literal::Number),
        any::<bool>().prop_map(Literal::Flag),
        Just(Literal::Null),
    ]
}

fn segment() -> impl Strategy<Value = Segment> {
    let key = prop::sample::select(KEYS.to_vec()).prop_map(|key| Segment::Key(key.to_owned()));
    prop_oneof![4 => key, 1 => (0_usize..3).prop_map(Segment::Index)]
}

fn path() -> impl Strategy<Value = Path> {
    let first = prop::sample::select(KEYS.to_vec()).prop_map(|key| Segment::Key(key.to_owned()));
    (first, prop::collection::vec(segment(), 0..3))
        .prop_map(|(first, rest)| Path::new([vec![first], rest].concat()))
}

fn one_test() -> impl Strategy<Value = Test> {
    let compare = (prop::sample::select(Comparison::ALL.to_vec()), literal()).prop_map(
        |(comparison, literal)| match literal {
            Literal::Flag(_) | Literal::Null if comparison.asks_for_order() => {
                Check::Compare(Comparison::Equal, literal)
            }
            literal => Check::Compare(comparison, literal),
        },
    );
    let patterns = ["", "a", "^a$", "a|b", "[^b]", "(?i)A"];
    let check = prop_oneof![
        1 => Just(Check::Exists),
        4 => compare,
        1 => prop::collection::vec(literal(), 1..3).prop_map(Check::In),
        1 => text().prop_map(Check::StartsWith),
        1 => prop::sample::select(patterns.to_vec())
            .prop_map(|text| Check::Matches(Pattern::new(text).unwrap())),
    ];
    (path(), check).prop_map(|(path, check)| Test { path, check })
}

/// A tree that holds its tests, as it is made before they are numbered.
#[derive(Clone, Debug)]
enum Shape {
    Test(Box<Test>),
    All(Vec<Shape>),
    Any(Vec<Shape>),
    Not(Box<Shape>),
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = one_test().prop_map(|test| Shape::Test(Box::new(test)));
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Shape::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Shape::Any),
            inner.prop_map(|one| Shape::Not(Box::new(one))),
        ]
    })
}

fn numbered(shape: &Shape, tests: &mut Vec<Test>) -> Node {
    let mut all = |shapes: &[Shape]| shapes.iter().map(|one| numbered(one, tests)).collect();
    match shape {
        Shape::All(shapes) => Node::All(all(shapes)),
        Shape::Any(shapes) => Node::Any(all(shapes)),
        Shape::Not(one) => Node::Not(Box::new(numbered(one, tests))),
        Shape::Test(test) => {
            tests.push((**test).clone());
            Node::Test(tests.len() - 1)
        }
    }
}

fn condition(shape: &Shape) -> Condition {
    let mut tests = Vec::new();
    let root = numbered(shape, &mut tests);
    Condition { root, tests }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::String),
        number().prop_map(|number| serde_json::from_str(&number).unwrap()),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let keys = prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            3 => prop::collection::hash_map(keys, inner.clone(), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            1 => prop::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    })
}

/// What a condition means, without a thought for speed.
fn means(shape: &Shape, event: &Value) -> bool {
    match shape {
        Shape::All(all) => all.iter().all(|one| means(one, event)),
        Shape::Any(all) => all.iter().any(|one| means(one, event)),
        Shape::Not(one) => !means(one, event),
        Shape::Test(test) => plainly(test, event),
    }
}

fn plainly(Test { path, check }: &Test, event: &Value) -> bool {
    let found = path.segments().iter().try_fold(event, |value, segment| match segment {
        Segment::Key(key) => value.as_object()?.get(key),
        Segment::Index(index) => value.as_array()?.get(*index),
    });
    let Some(value) = found else { return false };
    match check {
        Check::Exists => true,
        Check::In(literals) => {
            literals.iter().any(|one| order(value, one) == Some(std::cmp::Ordering::Equal))
        }
        Check::StartsWith(start) => value.as_str().is_some_and(|text| text.starts_with(start)),
        Check::Matches(pattern) => value.as_str().is_some_and(|text| {
            let (_, shown) = Test { path: path.clone(), check: Check::Matches(pattern.clone()) }
                .to_string()
                .split_once(" matches ")
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .unwrap();
            let pattern: String = serde_json::from_str(&shown).unwrap();
            regex::Regex::new(&pattern).unwrap().is_match(text)
        }),
        Check::Compare(comparison, literal) => {
            use std::cmp::Ordering::{Equal, Greater, Less};
            let order = order(value, literal);
            match comparison {
                Comparison::Equal => order == Some(Equal),
                Comparison::NotEqual => order != Some(Equal),
                Comparison::Less => order == Some(Less),
                Comparison::LessOrEqual => matches!(order, Some(Less | Equal)),
                Comparison::Greater => order == Some(Greater),
                Comparison::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
            }
        }
    }
}

fn order(value: &Value, literal: &Literal) -> Option<std::cmp::Ordering> {
    match (value, literal) {
        (Value::String(own), Literal::Text(text)) => Some(own.as_str().cmp(text)),
        (Value::Bool(own), Literal::Flag(flag)) => {
            (own == flag).then_some(std::cmp::Ordering::Equal)
        }
        (Value::Null, Literal::Null) => Some(std::cmp::Ordering::Equal),
        (Value::Number(own), Literal::Number(text)) => {
            let text: serde_json::Number = serde_json::from_str(text).unwrap();
            match (own.as_i64(), text.as_i64()) {
                (Some(own), Some(text)) => Some(own.cmp(&text)),
                _ => own.as_f64()?.partial_cmp(&text.as_f64()?),
            }
        }
        _ => None,
    }
}

proptest! {
    #[test]
    fn the_parser_survives_every_text(text in "\\PC{0,40}") {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn the_parser_survives_texts_of_its_own_words(
        words in prop::collection::vec(prop::sample::select(vec![
            "a", ".", "[", "0", "]", "(", ")", ",", "==", "<", "and", "or", "not(", "all(", "in",
            "exists(", "matches", "startsWith", "\"x\"", "\"(\"", "\"", "-", "1e", "null", "é",
        ]), 0..24),
    ) {
        let text = words.join(" ");
        if let Ok(condition) = Condition::parse(&text) {
            prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(condition));
        }
    }

    #[test]
    fn a_tree_that_is_printed_is_parsed_as_the_same_tree(shape in shape()) {
        let condition = condition(&shape);
        let printed = condition.to_string();
        prop_assert_eq!(Condition::parse(&printed), Ok(condition), "{}", printed);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn a_condition_means_what_it_plainly_says(shape in shape(), event in value()) {
        let condition = condition(&shape);
        let text = event.to_string();
        prop_assert_eq!(condition.holds(&text), means(&shape, &event), "{}: {}", condition, text);
    }
}
