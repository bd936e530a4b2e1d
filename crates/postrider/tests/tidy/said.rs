//! What pages say in numbers of the limits that the code keeps.

use std::time::Duration;

use domain::limits;

use crate::source::Finding;
use crate::tree::Tree;

/// A page, and what stands there as long as the limits are as they are.
fn said() -> Vec<(&'static str, String)> {
    let quiet = minutes(limits::ISSUE_QUIET);
    let rate = thousands(limits::REPLAY_RATE as usize);
    let held = thousands(limits::OPEN_DELIVERIES_MAX);
    let (lane, failing) = (limits::LANE_DELIVERIES_MAX, limits::FAILING_LANE_DELIVERIES_MAX);
    vec![
        ("docs/reference/issues.md", format!("{quiet} after the latest failure")),
        ("web/src/pages/issues/issues.ts", format!("{quiet} after the last failure")),
        ("docs/reference/replays.md", format!("of the destination's, {rate} at most")),
        ("docs/guides/replay.md", format!("no more than {rate} attempts")),
        ("web/src/pages/replays/ReplayPage.tsx", format!("{rate} a second at most")),
        (
            "ARCHITECTURE.md",
            format!("{lane} deliveries are held in memory, {failing} of a failing"),
        ),
        ("ARCHITECTURE.md", format!("Where {held}")),
    ]
}

/// Checks every page that is known to say one.
pub fn check(tree: &Tree) -> Vec<Finding> {
    said().iter().filter_map(|(path, sentence)| missing(tree, path, sentence)).collect()
}

fn missing(tree: &Tree, path: &str, sentence: &str) -> Option<Finding> {
    let is_said = tree.get(path).is_some_and(|page| page.text.contains(sentence));
    let what = format!("should say \"{sentence}\", as the limits are");
    (!is_said).then(|| Finding { path: path.to_owned(), line: 1, rule: "said", what })
}

/// As pages write it: in words up to ten.
fn minutes(time: Duration) -> String {
    match time.as_secs() / 60 {
        10 => "ten minutes".to_owned(),
        other => format!("{other} minutes"),
    }
}

/// As pages write it: with a comma before the last three digits.
fn thousands(number: usize) -> String {
    format!("{},{:03}", number / 1_000, number % 1_000)
}

#[test]
fn a_page_that_says_another_number_is_found() {
    let tree = Tree::of_texts(&[("docs/a.md", "2,000 a second")]);
    assert_eq!(missing(&tree, "docs/a.md", "2,000 a second"), None);
    assert!(missing(&tree, "docs/a.md", "3,000 a second").is_some());
    assert!(missing(&tree, "docs/b.md", "2,000 a second").is_some());
}
