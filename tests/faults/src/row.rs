//! A row of the table: what was done, what has to hold, and what was measured.

use std::path::PathBuf;

use serde_json::{Value, json};

/// How much is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A few minutes in all, for every change.
    Short,
    /// Hours, for a release.
    Long,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Order {
    pub binary: PathBuf,
    pub form: Form,
    pub seed: u64,
}

/// A row, done.
#[derive(Debug)]
pub struct Row {
    what: String,
    goal: String,
    measured: String,
    end: End,
    numbers: Value,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Passed,
    Failed,
    /// Not possible on this machine.
    Skipped,
}

impl Form {
    /// The word for it.
    pub fn name(self) -> &'static str {
        self.pick("short", "long")
    }

    /// One thing or the other.
    pub fn pick<T>(self, short: T, long: T) -> T {
        match self {
            Self::Short => short,
            Self::Long => long,
        }
    }
}

impl Row {
    /// A row that has to hold what its goal says; without its end, it has failed.
    pub fn new(what: impl Into<String>, goal: impl Into<String>) -> Self {
        let (what, goal) = (what.into(), goal.into());
        Self { what, goal, measured: String::new(), end: End::Failed, numbers: Value::Null }
    }

    /// The row with what was measured; it passes where every condition holds.
    pub fn measured(mut self, measured: String, numbers: Value, conditions: &[bool]) -> Self {
        let holds = conditions.iter().all(|holds| *holds);
        self.end = if holds { End::Passed } else { End::Failed };
        Self { measured, numbers, ..self }
    }

    /// The row, where this machine cannot do it.
    pub fn skipped(mut self, why: &str) -> Self {
        self.end = End::Skipped;
        Self { measured: why.to_owned(), ..self }
    }

    /// A row that could not be carried out.
    pub fn broken(name: &str, error: &anyhow::Error) -> Self {
        Self { measured: format!("{error:#}"), ..Self::new(name, "it is carried out") }
    }

    pub fn has_failed(&self) -> bool {
        self.end == End::Failed
    }

    pub fn is_skipped(&self) -> bool {
        self.end == End::Skipped
    }

    /// The line for people.
    pub fn line(&self) -> String {
        let end = match self.end {
            End::Passed => "yes",
            End::Failed => "NO",
            End::Skipped => "skipped",
        };
        format!("{} | {} | {} | {end}", self.what, self.goal, self.measured)
    }

    /// The object for programs.
    pub fn json(&self) -> Value {
        json!({
            "what": self.what, "goal": self.goal, "measured": self.measured,
            "pass": self.end == End::Passed, "skipped": self.is_skipped(), "numbers": self.numbers,
        })
    }
}
