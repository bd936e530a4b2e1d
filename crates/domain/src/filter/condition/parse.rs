//! From the text of a condition to its tree, or to its first mistake.
//!
//! `and` and `or` have no precedence: where both stand side by side, parentheses must say what is
//! meant.

use super::test::{Check, Comparison, Literal, Pattern, Test};
use super::token::{Placed, Token, tokens};
use super::{Condition, Node};
use crate::filter::path::{Path, Segment};
use crate::limits;

pub use super::token::is_word;

/// A mistake in a condition.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("column {column}: {reason}")]
pub struct ConditionError {
    /// The character at which it shows, from 1.
    pub column: usize,
    /// What was expected, what is there, and what to write.
    pub reason: String,
}

impl ConditionError {
    /// A mistake at this byte of the text.
    pub(super) fn new(text: &str, at: usize, reason: String) -> Self {
        let before = text.get(..at).unwrap_or(text);
        Self { column: before.chars().count() + 1, reason }
    }
}

/// Words that mean something where a condition begins; a key of this name is quoted there.
const RESERVED: [&str; 12] = [
    "all",
    "any",
    "not",
    "exists",
    "and",
    "or",
    "in",
    "startsWith",
    "matches",
    "true",
    "false",
    "null",
];

/// What may follow a path.
const TESTS: &str = "==, !=, <, <=, >, >=, in, startsWith or matches";

/// Whether a key has to be quoted where a path begins.
pub(in crate::filter) fn is_reserved(key: &str) -> bool {
    RESERVED.contains(&key)
}

/// Parses a whole condition.
///
/// # Errors
/// The first mistake.
pub(super) fn parse(text: &str) -> Result<Condition, ConditionError> {
    let max = limits::CONDITION_BYTES_MAX;
    if text.len() > max {
        let end = text.floor_char_boundary(max);
        return Err(ConditionError::new(text, end, format!("longer than {max} bytes")));
    }
    let mut parser = Parser { text, tokens: tokens(text)?, next: 0, depth: 0, tests: Vec::new() };
    let root = parser.chain()?;
    match parser.peek() {
        Token::End => Ok(Condition { root, tests: parser.tests }),
        _ => Err(parser.unexpected("and, or or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Placed<'a>>,
    next: usize,
    depth: usize,
    tests: Vec<Test>,
}

type Parsed<T> = Result<T, ConditionError>;

impl<'a> Parser<'a> {
    fn peek(&self) -> &Token<'a> {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |(at, _)| *at)
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn mistake(&self, reason: String) -> ConditionError {
        ConditionError::new(self.text, self.at(), reason)
    }

    fn unexpected(&self, expected: &str) -> ConditionError {
        let found = self.peek();
        let shown = found.shown();
        let own = match found {
            Token::Word(word) => RESERVED.iter().find(|own| is_other_case(own, word)),
            _ => None,
        };
        let hint = own.map(|own| format!("; write {own}")).unwrap_or_default();
        self.mistake(format!("expected {expected}, found {shown}{hint}"))
    }

    fn is_sign(&self, sign: char) -> bool {
        *self.peek() == Token::Sign(sign)
    }

    fn is_word(&self, word: &str) -> bool {
        *self.peek() == Token::Word(word)
    }

    fn sign(&mut self, sign: char, expected: &str) -> Parsed<()> {
        if !self.is_sign(sign) {
            return Err(self.unexpected(expected));
        }
        self.next += 1;
        Ok(())
    }

    /// Conditions joined by `and`, or by `or`; one alone stands for itself.
    fn chain(&mut self) -> Parsed<Node> {
        let first = self.operand()?;
        let Some(word) = ["and", "or"].into_iter().find(|word| self.is_word(word)) else {
            return Ok(first);
        };
        let mut all = vec![first];
        while self.is_word(word) {
            self.next += 1;
            all.push(self.operand()?);
        }
        if self.is_word("and") || self.is_word("or") {
            let reason = "and and or side by side; put parentheses around what belongs together";
            return Err(self.mistake(reason.to_owned()));
        }
        Ok(if word == "and" { Node::All(all) } else { Node::Any(all) })
    }

    fn operand(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > limits::CONDITION_DEPTH_MAX {
            let max = limits::CONDITION_DEPTH_MAX;
            return Err(self.mistake(format!("nested deeper than {max} levels")));
        }
        let node = self.operand_within()?;
        self.depth -= 1;
        Ok(node)
    }

    fn operand_within(&mut self) -> Parsed<Node> {
        if self.is_sign('(') {
            return self.parenthesised();
        }
        let Token::Word(word) = *self.peek() else { return self.test() };
        match word {
            "all" => self.function().and_then(|()| self.list()).map(Node::All),
            "any" => self.function().and_then(|()| self.list()).map(Node::Any),
            "not" => {
                self.function()?;
                Ok(Node::Not(Box::new(self.parenthesised()?)))
            }
            "exists" => {
                self.function()?;
                self.sign('(', "(")?;
                let path = self.path()?;
                self.sign(')', ". or )")?;
                self.add(path, Check::Exists)
            }
            _ => self.test(),
        }
    }

    /// Passes the name of a function, which its parenthesis must follow.
    fn function(&mut self) -> Parsed<()> {
        let name = self.take().shown();
        if self.is_sign('(') {
            return Ok(());
        }
        let hint = format!("for a member of that name write \"{name}\" in quotes");
        Err(self.mistake(format!("expected ( after {name}, found {}; {hint}", self.peek().shown())))
    }

    fn parenthesised(&mut self) -> Parsed<Node> {
        self.sign('(', "(")?;
        let inner = self.chain()?;
        self.sign(')', "and, or or )")?;
        Ok(inner)
    }

    fn list(&mut self) -> Parsed<Vec<Node>> {
        self.sign('(', "(")?;
        let mut all = vec![self.chain()?];
        while self.is_sign(',') {
            self.next += 1;
            all.push(self.chain()?);
        }
        self.sign(')', "and, or, a comma or )")?;
        Ok(all)
    }

    fn test(&mut self) -> Parsed<Node> {
        let path = self.path()?;
        let check = match self.peek().clone() {
            Token::Comparison(comparison) => {
                self.next += 1;
                self.comparison(comparison)?
            }
            Token::Word("in") => {
                self.next += 1;
                Check::In(self.literals()?)
            }
            Token::Word("startsWith") => {
                self.next += 1;
                Check::StartsWith(self.string("startsWith")?)
            }
            Token::Word("matches") => {
                self.next += 1;
                Check::Matches(self.pattern()?)
            }
            _ => return Err(self.unexpected(TESTS)),
        };
        self.add(path, check)
    }

    fn add(&mut self, path: Path, check: Check) -> Parsed<Node> {
        let max = limits::CONDITION_TESTS_MAX;
        if self.tests.len() >= max {
            return Err(self.mistake(format!("more than {max} tests")));
        }
        self.tests.push(Test { path, check });
        Ok(Node::Test(self.tests.len() - 1))
    }

    fn path(&mut self) -> Parsed<Path> {
        let first = match self.peek() {
            Token::Word("true" | "false" | "null") | Token::Number(_) => {
                let hint = "the path stands on the left, the value on the right";
                return Err(self.mistake(format!("expected a path, found a value; {hint}")));
            }
            Token::Word(word) if !is_reserved(word) => (*word).to_owned(),
            Token::Text(text) => text.clone(),
            _ => return Err(self.unexpected("a condition, as in event == \"Order Completed\"")),
        };
        self.next += 1;
        let mut segments = vec![Segment::Key(first)];
        loop {
            let segment = match self.peek() {
                Token::Sign('.') => self.key()?,
                Token::Sign('[') => self.index()?,
                _ => return Ok(Path::new(segments)),
            };
            if segments.len() == limits::PATH_SEGMENTS_MAX {
                let max = limits::PATH_SEGMENTS_MAX;
                return Err(self.mistake(format!("a path of more than {max} segments")));
            }
            segments.push(segment);
        }
    }

    fn key(&mut self) -> Parsed<Segment> {
        self.next += 1;
        let key = match self.peek() {
            Token::Word(word) => (*word).to_owned(),
            Token::Text(text) => text.clone(),
            _ => return Err(self.unexpected("a key; quote it where it is no plain word")),
        };
        self.next += 1;
        Ok(Segment::Key(key))
    }

    fn index(&mut self) -> Parsed<Segment> {
        self.next += 1;
        let index = match self.peek() {
            Token::Number(number) => number.parse().ok(),
            Token::Text(_) => {
                let reason = "expected a place in a list, found a string; write .\"key\" for a key";
                return Err(self.mistake(reason.to_owned()));
            }
            _ => None,
        };
        let Some(index) = index else { return Err(self.unexpected("a place in a list, from 0")) };
        self.next += 1;
        self.sign(']', "]")?;
        Ok(Segment::Index(index))
    }

    fn comparison(&mut self, comparison: Comparison) -> Parsed<Check> {
        let at = self.at();
        let literal = self.literal()?;
        let has_order = matches!(literal, Literal::Text(_) | Literal::Number(_));
        if comparison.asks_for_order() && !has_order {
            let sign = comparison.as_str();
            let reason = format!("expected a number or a string after {sign}, found {literal}");
            return Err(ConditionError::new(self.text, at, reason));
        }
        Ok(Check::Compare(comparison, literal))
    }

    fn literal(&mut self) -> Parsed<Literal> {
        let literal = match self.peek() {
            Token::Text(text) => Literal::Text(text.clone()),
            Token::Number(number) => Literal::Number((*number).to_owned()),
            Token::Word("true") => Literal::Flag(true),
            Token::Word("false") => Literal::Flag(false),
            Token::Word("null") => Literal::Null,
            Token::Word(_) => {
                let found = self.unexpected("a string, a number, true, false or null");
                let hint = "strings stand in double quotes";
                return Err(self.mistake(format!("{}; {hint}", found.reason)));
            }
            _ => return Err(self.unexpected("a string, a number, true, false or null")),
        };
        self.next += 1;
        Ok(literal)
    }

    fn literals(&mut self) -> Parsed<Vec<Literal>> {
        self.sign('[', "[ after in, as in [\"a\", \"b\"]")?;
        let mut literals = vec![self.literal()?];
        while self.is_sign(',') {
            self.next += 1;
            literals.push(self.literal()?);
        }
        self.sign(']', "a comma or ]")?;
        Ok(literals)
    }

    fn string(&mut self, after: &str) -> Parsed<String> {
        let Token::Text(text) = self.peek().clone() else {
            return Err(self.unexpected(&format!("a string in double quotes after {after}")));
        };
        self.next += 1;
        Ok(text)
    }

    fn pattern(&mut self) -> Parsed<Pattern> {
        let at = self.at();
        let text = self.string("matches")?;
        Pattern::new(&text).map_err(|reason| {
            let reason = format!("the regular expression cannot be used: {reason}");
            ConditionError::new(self.text, at, reason)
        })
    }
}

/// Whether a word is one of ours in other letters.
fn is_other_case(own: &str, word: &str) -> bool {
    own != word && own.eq_ignore_ascii_case(word)
}
