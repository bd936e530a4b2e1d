//! Mistakes in the configuration: values, collected, each one line with a hint.

use std::fmt;
use std::path::PathBuf;

use super::units::Fault;

/// Where a value came from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// Nobody gave one.
    Default,
    /// A line of the file.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// The line, from 1; none where the whole file is meant.
        line: Option<usize>,
    },
    /// An environment variable.
    Environment(String),
    /// A flag, with its dashes.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One mistake.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
#[error("{origin}: {what}; {hint}")]
pub struct ConfigMistake {
    /// Where it was made.
    pub origin: Origin,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub hint: String,
}

impl ConfigMistake {
    /// Joins a place and what is wrong there.
    pub fn new(origin: Origin, fault: Fault) -> Self {
        Self { origin, what: fault.what, hint: fault.hint }
    }
}

/// All mistakes of one reading, in the order file (by line), environment, flags.
#[derive(Clone, PartialEq, Eq, Debug, Default, thiserror::Error)]
pub struct ConfigMistakes(pub Vec<ConfigMistake>);

impl fmt::Display for ConfigMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "1 mistake in the configuration:")?,
            count => write!(f, "{count} mistakes in the configuration:")?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}
