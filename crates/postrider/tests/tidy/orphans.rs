//! Rust files that no `mod` line reaches: they compile nowhere, so nothing checks them.

use std::collections::BTreeSet;

use crate::source::{Finding, Source, numbered};
use crate::tree::Tree;

/// Checks that every Rust file is the root of a crate or reached from one.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<(&Source, bool)> =
        tree.sources.iter().filter(|source| is_root(tree, source)).map(|it| (it, true)).collect();
    while let Some((source, is_root)) = waiting.pop() {
        if reached.insert(source.path.as_str()) {
            let children = children(source, is_root);
            waiting.extend(children.iter().filter_map(|path| tree.get(path)).map(|it| (it, false)));
        }
    }
    let orphans = tree.sources.iter().filter(|source| source.is_rust());
    orphans
        .filter(|source| !reached.contains(source.path.as_str()))
        .map(|source| source.finding(1, "orphan", "no `mod` line reaches this file"))
        .collect()
}

/// Whether Cargo begins a crate here by itself, or because the manifest says so.
fn is_root(tree: &Tree, source: &Source) -> bool {
    let folders = source.path.match_indices('/').map(|(at, _)| &source.path[..at]);
    let manifest = folders.chain([""]).filter_map(|folder| {
        let (folder, manifest) = match folder {
            "" => ("", "Cargo.toml".to_owned()),
            _ => (folder, format!("{folder}/Cargo.toml")),
        };
        let manifest = tree.get(&manifest)?;
        manifest.text.contains("[package]").then_some((folder, manifest))
    });
    let Some((folder, manifest)) = manifest.max_by_key(|(folder, _)| folder.len()) else {
        return false;
    };
    let inside = source.path[folder.len()..].trim_start_matches('/');
    source.is_rust() && (is_conventional(inside) || is_declared(manifest, inside))
}

fn is_conventional(inside: &str) -> bool {
    let parts: Vec<&str> = inside.split('/').collect();
    match parts.as_slice() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["src", "bin", rest @ ..] | ["tests" | "benches" | "examples", rest @ ..] => {
            matches!(rest, [_] | [_, "main.rs"])
        }
        _ => false,
    }
}

fn is_declared(manifest: &Source, inside: &str) -> bool {
    let line = format!("path = \"{inside}\"");
    numbered(&manifest.text).any(|(_, text)| text.trim() == line)
}

/// Where the modules of a file may be; only one of two places is there.
fn children(source: &Source, is_root: bool) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let beside = is_root || file == "mod.rs";
    let stem = file.trim_end_matches(".rs");
    let home = if beside { folder.to_owned() } else { format!("{folder}/{stem}") };
    let mut named = None;
    let mut paths = Vec::new();
    for line in source.uncommented.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|rest| rest.split('"').next())
        {
            named = Some(path);
        } else if let Some(name) = module_name(line) {
            match named.take() {
                Some(path) => paths.push(format!("{folder}/{path}")),
                None => {
                    paths.push(format!("{home}/{name}.rs"));
                    paths.push(format!("{home}/{name}/mod.rs"));
                }
            }
        }
    }
    paths
}

fn module_name(line: &str) -> Option<&str> {
    let mut words = line.strip_suffix(';')?.split_whitespace();
    let name = words.by_ref().skip_while(|word| word.starts_with("pub")).nth(1)?;
    line.split_whitespace().any(|word| word == "mod").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orphans(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of_texts(files)).into_iter().map(|finding| finding.path).collect()
    }

    const MANIFEST: (&str, &str) = ("crates/a/Cargo.toml", "[package]\n[[bin]]\npath = \"odd.rs\"");

    #[test]
    fn files_are_reached_from_the_roots_of_their_crate() {
        let found = orphans(&[
            MANIFEST,
            ("crates/a/src/lib.rs", "pub mod b;\nmod c;\npub(crate) mod d;\n"),
            ("crates/a/src/b.rs", "mod inner;"),
            ("crates/a/src/b/inner.rs", ""),
            ("crates/a/src/c/mod.rs", "#[path = \"other.rs\"]\nmod e;\n#[cfg(test)]\nmod tests;"),
            ("crates/a/src/c/other.rs", ""),
            ("crates/a/src/c/tests.rs", ""),
            ("crates/a/src/d.rs", ""),
            ("crates/a/tests/it/main.rs", "mod story;"),
            ("crates/a/tests/it/story.rs", ""),
            ("crates/a/tests/tidy.rs", ""),
            ("crates/a/build.rs", ""),
            ("crates/a/odd.rs", ""),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn the_others_are_orphans() {
        let found = orphans(&[
            MANIFEST,
            ("crates/a/src/lib.rs", "// mod b;\nmod d { }\nuse mod_x;"),
            ("crates/a/src/b.rs", "mod c;"),
            ("crates/a/src/b/c.rs", ""),
            ("crates/a/src/d.rs", ""),
            ("crates/a/tests/it/story.rs", ""),
            ("loose.rs", ""),
        ]);
        let expected = ["b.rs", "b/c.rs", "d.rs"].map(|file| format!("crates/a/src/{file}"));
        assert_eq!(found[..3], expected);
        assert_eq!(found[3..], ["crates/a/tests/it/story.rs", "loose.rs"]);
    }
}
