//! The words and signs of a condition, each with where it stands.

use super::parse::ConditionError;
use super::test::Comparison;
use crate::event::json::{ScanLimits, Scanner, unescape};

/// A word or sign.
#[derive(Clone, PartialEq, Debug)]
pub enum Token<'a> {
    /// A key, `and`, `in` and the like.
    Word(&'a str),
    /// A number, as it is written.
    Number(&'a str),
    /// A string, without its quotes and escapes.
    Text(String),
    /// How to compare.
    Comparison(Comparison),
    /// One of `( ) [ ] , .`
    Sign(char),
    /// Nothing more.
    End,
}

/// A token and the byte at which it begins.
pub type Placed<'a> = (usize, Token<'a>);

/// What people write who know other languages, and what it is here.
const HINTS: [(&str, &str); 7] = [
    ("&&", "write and"),
    ("||", "write or"),
    ("!", "write not(…)"),
    ("=", "write == to compare"),
    ("'", "strings stand in double quotes"),
    ("“", "strings stand in straight double quotes"),
    ("$", "paths begin with a member of the event, as in properties.total"),
];

/// Takes a condition apart; the last token is [`Token::End`].
///
/// # Errors
/// The first thing that is no token.
pub fn tokens(text: &str) -> Result<Vec<Placed<'_>>, ConditionError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let (token, bytes) = next(text, at)?;
        let is_end = token == Token::End;
        tokens.push((at, token));
        if is_end {
            return Ok(tokens);
        }
        at += bytes;
    }
}

fn next(text: &str, at: usize) -> Result<(Token<'_>, usize), ConditionError> {
    let rest = &text[at..];
    let Some(first) = rest.chars().next() else { return Ok((Token::End, 0)) };
    if let Some(known) = Comparison::ALL.into_iter().find(|one| rest.starts_with(one.as_str())) {
        return Ok((Token::Comparison(known), known.as_str().len()));
    }
    match first {
        '(' | ')' | '[' | ']' | ',' | '.' => Ok((Token::Sign(first), 1)),
        '"' => string(text, at),
        '-' | '0'..='9' => number(text, at),
        _ if begins_word(first) => {
            let end = rest.find(|c| !continues_word(c)).unwrap_or(rest.len());
            Ok((Token::Word(&rest[..end]), end))
        }
        _ => {
            let hint = HINTS.iter().find(|(spelling, _)| rest.starts_with(spelling));
            let found = hint.map_or(first.to_string(), |(spelling, _)| (*spelling).to_owned());
            let hint = hint.map_or("quote keys with such characters", |(_, hint)| hint);
            Err(ConditionError::new(text, at, format!("found {found}; {hint}")))
        }
    }
}

fn string(text: &str, at: usize) -> Result<(Token<'_>, usize), ConditionError> {
    let rest = &text[at..];
    let mut scanner = Scanner::new(rest, ScanLimits::NONE);
    let Ok(span) = scanner.skip() else {
        let reason = "found a string that does not end, or with an escape that JSON does not have; \
                      write \\\" for a quote and \\\\ for a backslash";
        return Err(ConditionError::new(text, at, reason.to_owned()));
    };
    Ok((Token::Text(unescape(&rest[1..span.end - 1]).into_owned()), span.end))
}

fn number(text: &str, at: usize) -> Result<(Token<'_>, usize), ConditionError> {
    let rest = &text[at..];
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let spelling = &rest[..end];
    let mut scanner = Scanner::new(spelling, ScanLimits::NONE);
    if scanner.skip().is_ok_and(|span| span.end == end) {
        return Ok((Token::Number(spelling), end));
    }
    let hint = "quote a key that begins with a digit";
    let reason = format!("expected a number as JSON has them, found {spelling}; {hint}");
    Err(ConditionError::new(text, at, reason))
}

/// Whether a character can begin a key that is not quoted.
fn begins_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$')
}

/// Whether a text is one token without quotes.
pub fn is_word(text: &str) -> bool {
    text.starts_with(begins_word) && !text.contains(|c| !continues_word(c))
}

impl Token<'_> {
    /// As people would name it.
    pub fn shown(&self) -> String {
        match self {
            Self::Word(word) | Self::Number(word) => (*word).to_owned(),
            Self::Text(_) => "a string".to_owned(),
            Self::Comparison(comparison) => comparison.as_str().to_owned(),
            Self::Sign(sign) => sign.to_string(),
            Self::End => "the end".to_owned(),
        }
    }
}
