//! The repository: every file that rules look at.

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::Source;

/// The repository.
pub struct Tree {
    /// Where it is.
    pub root: PathBuf,
    /// Its text files, sorted by path.
    pub sources: Vec<Source>,
}

/// Folders that hold no work of ours.
const NOT_OURS: [&str; 7] =
    ["target", "node_modules", "dist", "data", "__pycache__", "test-results", "playwright-report"];

/// Endings of the files that rules look at.
const ENDINGS: [&str; 8] = ["rs", "ts", "tsx", "css", "html", "toml", "md", "sql"];

impl Tree {
    /// The repository that this test is in.
    pub fn of_repository() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().nth(2).unwrap_or(here).to_owned();
        let mut sources = Vec::new();
        collect(&root, "", &mut sources);
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        Self { root, sources }
    }

    /// A tree made of paths and texts, to show rules failing.
    pub fn of_texts(files: &[(&str, &str)]) -> Self {
        let sources = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        Self { root: PathBuf::new(), sources }
    }

    /// The file at this path.
    pub fn get(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }
}

fn collect(folder: &Path, prefix: &str, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), sources);
        } else if ENDINGS.iter().any(|ending| name.ends_with(&format!(".{ending}")))
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            sources.push(Source::new(&path, &text));
        }
    }
}
