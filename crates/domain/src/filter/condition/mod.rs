//! The condition language of filters: what an event must look like to pass.
//!
//! In comes a text, as `event == "Order Completed" and properties.total >= 100`; out goes a tree,
//! or a mistake with its column. The tree judges the JSON text of an event in one pass. Bounds are
//! those of `limits`; docs/reference/filters.md has the grammar.

pub mod parse;
mod token;
mod test;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::path::pick;

pub use parse::ConditionError;
pub use test::{Check, Comparison, Literal, Pattern, Test};

/// What an event must look like.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    root: Node,
    /// In the order of the text.
    tests: Vec<Test>,
}

/// A place of the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Node {
    /// Every one holds.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// The test with this number.
    Test(usize),
}

impl Condition {
    /// Parses a condition.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        parse::parse(text)
    }

    /// Whether an event meets it.
    pub fn holds(&self, event: &str) -> bool {
        let found = pick(event, self.tests.iter().map(|test| &test.path));
        self.root.holds(&|number| {
            let value = found.get(number).copied().flatten();
            self.tests.get(number).is_some_and(|test| test.check.holds(value))
        })
    }
}

impl Node {
    fn holds(&self, test: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(test)),
            Self::Any(all) => all.iter().any(|one| one.holds(test)),
            Self::Not(one) => !one.holds(test),
            Self::Test(number) => test(*number),
        }
    }

    fn write(&self, tests: &[Test], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, inner) = match self {
            Self::All(all) => ("all", all.as_slice()),
            Self::Any(all) => ("any", all.as_slice()),
            Self::Not(one) => ("not", std::slice::from_ref(&**one)),
            Self::Test(number) => {
                return tests.get(*number).map_or(Ok(()), |test| write!(f, "{test}"));
            }
        };
        write!(f, "{word}(")?;
        for (number, one) in inner.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { ", " })?;
            one.write(tests, f)?;
        }
        f.write_str(")")
    }
}

/// In its one spelling: `all(…)` and `any(…)` for `and` and `or`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.write(&self.tests, f)
    }
}

impl TryFrom<String> for Condition {
    type Error = ConditionError;

    fn try_from(text: String) -> Result<Self, ConditionError> {
        Self::parse(&text)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.to_string()
    }
}

#[cfg(test)]
mod tests;
