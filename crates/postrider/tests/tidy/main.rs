//! The tidy test: the rules of this project that no compiler checks.
//!
//! In comes the repository, as text; out goes every finding as `path:line: rule: what`. One file
//! per kind of rule: what text may look like, which words may be used, how rooms and crates may
//! name each other, which files nobody reaches, and which limits pages tell. Rules are plain
//! functions on a [`Source`], so each is shown to fail on a string, next to it.

mod source;
mod tree;
mod text;
mod words;
mod rooms;
mod crates;
mod orphans;
mod said;

use source::Finding;
use tree::Tree;

#[test]
fn the_repository_is_tidy() {
    let tree = Tree::of_repository();
    assert!(tree.sources.len() > 10, "the repository was not found: {:?}", tree.root);
    let mut findings: Vec<Finding> = Vec::new();
    for source in &tree.sources {
        findings.extend(text::check(source));
        findings.extend(words::check(source));
        findings.extend(rooms::check(source));
    }
    findings.extend(crates::check(&tree));
    findings.extend(orphans::check(&tree));
    findings.extend(said::check(&tree));
    findings.sort();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
}
