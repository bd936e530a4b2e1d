//! The arrows between crates, as their manifests draw them.

use crate::source::{Finding, Source, numbered};
use crate::tree::Tree;

/// Each crate, and the ones of ours it may use.
const ARROWS: [(&str, &[&str]); 5] = [
    ("domain", &[]),
    ("storage", &["domain"]),
    ("testkit", &["domain", "storage"]),
    ("dashboard", &[]),
    ("postrider", &["dashboard", "domain", "storage"]),
];

/// What tests may use besides; it never ships.
const TESTS_ONLY: &str = "testkit";

/// Checks every manifest under `crates/`.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.sources.iter().filter_map(|source| {
        let inside = source.path.strip_prefix("crates/")?;
        Some((inside.strip_suffix("/Cargo.toml")?, source))
    });
    manifests.flat_map(|(name, source)| manifest(name, source)).collect()
}

fn manifest(name: &str, source: &Source) -> Vec<Finding> {
    let Some((_, allowed)) = ARROWS.into_iter().find(|(known, _)| *known == name) else {
        let what = format!("crate {name} has no row in the table of arrows");
        return vec![source.finding(1, "arrows", what)];
    };
    let is_ours = |used: &str| ARROWS.iter().any(|(known, _)| *known == used);
    dependencies(source)
        .filter(|dependency| is_ours(dependency.name))
        .filter(|dependency| {
            let in_tests = dependency.section == "dev-dependencies";
            let is_allowed = allowed.contains(&dependency.name);
            !(is_allowed || in_tests && dependency.name == TESTS_ONLY)
        })
        .map(|dependency| {
            let what = format!("{name} must not use {}", dependency.name);
            source.finding(dependency.line, "arrows", what)
        })
        .collect()
}

struct Dependency<'a> {
    line: usize,
    /// `dependencies`, `dev-dependencies` or `build-dependencies`.
    section: &'a str,
    name: &'a str,
}

fn dependencies(source: &Source) -> impl Iterator<Item = Dependency<'_>> {
    let mut header = "";
    numbered(&source.text).filter_map(move |(line, text)| {
        let text = text.trim();
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            header = inner;
            return named_in_header(line, inner);
        }
        let section = header.rsplit('.').next().filter(|last| last.ends_with("dependencies"))?;
        let name = text.split(['=', '.', ' ']).next().filter(|name| !name.is_empty())?;
        Some(Dependency { line, section, name: name.trim_matches('"') })
    })
}

/// The dependency of a header such as `[dependencies.storage]`.
fn named_in_header(line: usize, header: &str) -> Option<Dependency<'_>> {
    let (before, name) = header.rsplit_once('.')?;
    let section = before.rsplit('.').next().filter(|last| last.ends_with("dependencies"))?;
    Some(Dependency { line, section, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<String> {
        let path = format!("crates/{name}/Cargo.toml");
        let tree = Tree::of_texts(&[(path.as_str(), text)]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_point_one_way() {
        let check = |name: &str, text: &str, findings: usize| {
            assert_eq!(found(name, text).len(), findings, "{name}: {text}");
        };
        check("postrider", "[dependencies]\ndomain.workspace = true\nstorage.workspace = true", 0);
        check("domain", "[dependencies]\nstorage.workspace = true", 1);
        check("storage", "[dependencies]\npostrider = { path = \"../postrider\" }", 1);
        check("storage", "[dependencies.dashboard]\nworkspace = true", 1);
        check("storage", "[target.'cfg(unix)'.dependencies]\ndashboard.workspace = true", 1);
        check("storage", "[dev-dependencies]\ntestkit.workspace = true", 0);
        check("storage", "[dependencies]\ntestkit.workspace = true", 1);
        check("domain", "[build-dependencies]\ntestkit.workspace = true", 1);
        check("domain", "[dev-dependencies]\nstorage.workspace = true", 1);
        check("postrider", "[features]\ntestkit = []", 0);
        check("newcomer", "", 1);
    }
}
