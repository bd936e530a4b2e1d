//! What was found in a workspace file: a place and a sentence.

use std::fmt;
use std::path::Path;

/// Something wrong, or something passed over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding {
    /// The line, from 1.
    pub line: usize,
    /// The JSON path, as in `sources[0].writeKey`; empty where the text is not JSON.
    pub path: String,
    /// What is the matter. Never holds a secret.
    pub reason: String,
    /// The character at which it shows, from 1, where the value is a text with a grammar.
    pub column: Option<usize>,
}

impl Finding {
    /// A finding about a value as a whole.
    pub fn new(line: usize, path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { line, path: path.into(), reason: reason.into(), column: None }
    }

    /// The place in a file and the sentence, as `file:line: path: reason`.
    pub fn within(&self, file: &Path) -> String {
        format!("{}:{}: {}", file.display(), self.line, Sentence(self))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, Sentence(self))
    }
}

/// The path, if there is one, and the reason.
struct Sentence<'a>(&'a Finding);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.0.path)?;
        }
        f.write_str(&self.0.reason)
    }
}

/// All mistakes of a file, one a line after a headline, as `file:line: path: reason`.
pub fn list(file: &Path, mistakes: &[Finding]) -> String {
    let headline = match mistakes.len() {
        1 => format!("1 mistake in workspace file {}:", file.display()),
        count => format!("{count} mistakes in workspace file {}:", file.display()),
    };
    mistakes.iter().fold(headline, |text, mistake| format!("{text}\n  {}", mistake.within(file)))
}
