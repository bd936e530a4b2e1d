//! A file as the rules see it: its text, and its code without comments and without strings.

use std::fmt;

/// Something that breaks a rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The rule's short name.
    pub rule: &'static str,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.what)
    }
}

/// A text file of the repository.
pub struct Source {
    /// Its path from the root of the repository, with slashes.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Rust only: the text without comments and without what is in quotes, line for line.
    pub code: String,
    /// Rust only: the text without comments, line for line.
    pub uncommented: String,
}

impl Source {
    /// Makes a source; Rust is told by the path's ending.
    pub fn new(path: &str, text: &str) -> Self {
        let rust = path.ends_with(".rs");
        let strip = |keep_quoted| if rust { strip(text, keep_quoted) } else { String::new() };
        let (code, uncommented) = (strip(Quoted::Drop), strip(Quoted::Keep));
        Self { path: path.to_owned(), text: text.to_owned(), code, uncommented }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// A finding on a line of this file.
    pub fn finding(&self, line: usize, rule: &'static str, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, rule, what: what.into() }
    }
}

/// What becomes of text in quotes.
#[derive(Clone, Copy, PartialEq)]
enum Quoted {
    Keep,
    Drop,
}

/// Takes away comments, and what is in quotes where asked to; newlines stay, so lines keep their
/// numbers.
fn strip(text: &str, quoted: Quoted) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (len, kept) = match token(rest) {
            Token::Comment(len) => (len, false),
            Token::Quoted(len) => (len, quoted == Quoted::Keep),
            Token::Other => (first.len_utf8(), true),
        };
        let (token, after) = rest.split_at(len);
        if kept {
            out.push_str(token);
        } else {
            out.extend(token.chars().filter(|c| *c == '\n'));
        }
        // A quoted text is still something: `x("a")` must not become `x()`.
        if !kept && matches!(quoted, Quoted::Drop) && token.ends_with('"') {
            out.push_str("\"\"");
        }
        rest = after;
        if matches!(first, 'a'..='z' | 'A'..='Z' | '_') && len == first.len_utf8() {
            rest = keep_word(rest, &mut out);
        }
    }
    out
}

/// Copies the rest of a word, so that the `r` of `for` does not begin a raw string.
fn keep_word<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    out.push_str(word);
    after
}

enum Token {
    Comment(usize),
    Quoted(usize),
    Other,
}

fn token(rest: &str) -> Token {
    if rest.starts_with("//") {
        return Token::Comment(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Token::Comment(block_comment(rest));
    }
    let unprefixed = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let prefix = rest.len() - unprefixed.len();
    if let Some(len) = raw_string(unprefixed).or_else(|| string(unprefixed)) {
        return Token::Quoted(prefix + len);
    }
    match character(unprefixed) {
        Some(len) => Token::Quoted(prefix + len),
        None => Token::Other,
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0usize);
    while let Some(found) = rest[at..].find(['/', '*']) {
        let here = at + found;
        let step = match &rest.as_bytes()[here..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth = depth.saturating_sub(1);
                2
            }
            _ => 1,
        };
        at = here + step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].strip_prefix('"')?;
    let start = 1 + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

fn string(rest: &str) -> Option<usize> {
    rest.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// A character literal; a lifetime has no closing quote.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    if first == '\\' {
        let end = inner.char_indices().skip(2).find(|(_, c)| *c == '\'')?.0;
        return Some(1 + end + 1);
    }
    inner[first.len_utf8()..].starts_with('\'').then(|| 1 + first.len_utf8() + 1)
}

/// Whether `word` stands in `line` as a whole word; it may hold `::` or end in a sign.
pub fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_part);
        let after = line[at + word.len()..].chars().next().is_some_and(is_part);
        let open = word.chars().next_back().is_some_and(|c| !is_part(c));
        !before && (open || !after)
    })
}

/// The lines of a text with their numbers, from 1.
pub fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[test]
fn comments_and_quoted_texts_are_not_code() {
    let check = |text: &str, code: &str, uncommented: &str| {
        let source = Source::new("a.rs", text);
        assert_eq!(source.code, code, "{text}");
        assert_eq!(source.uncommented, uncommented, "{text}");
    };
    check("a // b\nc", "a \nc", "a \nc");
    check("a /* b /* c\n */ d */ e", "a \n e", "a \n e");
    check(r#"x("a\"b", 'c')"#, r#"x("", )"#, r#"x("a\"b", 'c')"#);
    check(r#"x("// no")"#, r#"x("")"#, r#"x("// no")"#);
    check("r#\"a \" b\"# c", " c", "r#\"a \" b\"# c");
    check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
    check(r"['\'', '{', b'}']", "[, , ]", r"['\'', '{', b'}']");
    check("\"a\nb\" c", "\n\"\" c", "\"a\nb\" c");
    check("for r in br\"x\" {}", "for r in \"\" {}", "for r in br\"x\" {}");
}

#[test]
fn words_are_whole() {
    assert!(has_word("let rand = 1;", "rand"));
    assert!(!has_word("let brand = 1;", "rand"));
    assert!(!has_word("random()", "rand"));
    assert!(has_word("std::fs::read", "std::fs"));
    assert!(has_word("todo!()", "todo!"));
    assert!(!has_word("mystd::fs", "std::fs"));
}
