//! One test of a condition: a path, and what is asked of the value that stands there.
//!
//! Where nothing stands no test holds, `!=` included. Types are never made into each other: a
//! string equals no number.

use std::cmp::Ordering;
use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::event::json;
use crate::filter::number;
use crate::filter::path::{Path, quoted};
use crate::limits;

/// A test of the value at one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Test {
    /// Where the value stands.
    pub path: Path,
    /// What is asked of it.
    pub check: Check,
}

/// What is asked of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// That there is one, `null` included.
    Exists,
    /// How it compares with a literal.
    Compare(Comparison, Literal),
    /// That it equals one of these.
    In(Vec<Literal>),
    /// That it is a string and begins with this one.
    StartsWith(String),
    /// That it is a string and matches somewhere.
    Matches(Pattern),
}

/// How a value compares with a literal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value in a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Literal {
    /// A string.
    Text(String),
    /// A number as it is written.
    Number(String),
    /// `true` or `false`.
    Flag(bool),
    /// `null`.
    Null,
}

/// A regular expression that takes time in proportion to the text, whatever it says.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Comparison {
    /// All of them, the longer spellings first.
    pub const ALL: [Self; 6] = [
        Self::Equal,
        Self::NotEqual,
        Self::LessOrEqual,
        Self::GreaterOrEqual,
        Self::Less,
        Self::Greater,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it asks for an order, which only strings and numbers have.
    pub fn asks_for_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    /// Whether it holds of two values in this order; none where they have none.
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => order.is_some_and(Ordering::is_le),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}

impl Literal {
    /// How a raw value stands to this one; none where they are of different types.
    fn order_of(&self, raw: &str) -> Option<Ordering> {
        match (raw.as_bytes().first()?, self) {
            (b'"', Self::Text(text)) => Some((*json::string(raw)?).cmp(text)),
            (b'-' | b'0'..=b'9', Self::Number(literal)) => Some(number::compare(raw, literal)),
            (b't' | b'f', Self::Flag(flag)) => (raw == "true").eq(flag).then_some(Ordering::Equal),
            (b'n', Self::Null) => Some(Ordering::Equal),
            _ => None,
        }
    }
}

impl Check {
    /// Whether it holds of a raw value; never where there is none.
    pub fn holds(&self, value: Option<&str>) -> bool {
        let Some(raw) = value else { return false };
        let equals = |literal: &Literal| literal.order_of(raw) == Some(Ordering::Equal);
        match self {
            Self::Exists => true,
            Self::Compare(comparison, literal) => comparison.holds(literal.order_of(raw)),
            Self::In(literals) => literals.iter().any(equals),
            Self::StartsWith(start) => {
                json::string(raw).is_some_and(|text| text.starts_with(start))
            }
            Self::Matches(pattern) => {
                json::string(raw).is_some_and(|text| pattern.0.is_match(&text))
            }
        }
    }
}

impl Pattern {
    /// Compiles a regular expression.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn new(text: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(text)
            .size_limit(limits::PATTERN_BYTES_MAX)
            .dfa_size_limit(limits::PATTERN_BYTES_MAX)
            .nest_limit(limits::PATTERN_DEPTH_MAX)
            .build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                format!("it takes more than {} bytes", limits::PATTERN_BYTES_MAX)
            }
            other => {
                let text = other.to_string();
                let reason = text.rsplit("error: ").next().unwrap_or(&text);
                reason.trim().to_owned()
            }
        })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, check } = self;
        match check {
            Check::Exists => write!(f, "exists({path})"),
            Check::Compare(comparison, literal) => {
                write!(f, "{path} {} {literal}", comparison.as_str())
            }
            Check::In(literals) => {
                let literals: Vec<String> = literals.iter().map(ToString::to_string).collect();
                write!(f, "{path} in [{}]", literals.join(", "))
            }
            Check::StartsWith(start) => write!(f, "{path} startsWith {}", quoted(start)),
            Check::Matches(pattern) => write!(f, "{path} matches {}", quoted(pattern.0.as_str())),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => f.write_str(number),
            Self::Flag(flag) => flag.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}
