//! One exact pass over JSON: checks the grammar, depth and size, and says where things stand.
//!
//! Nothing is copied and nothing is built: callers get spans of the text, so that numbers, key
//! order and spelling leave as they came. The scanner walks nested values with a bit per level
//! instead of the call stack, so a text of a million brackets costs no more than its length.
//!
//! In comes text that is valid UTF-8; out go spans, or the first fault with its place.

mod named;
mod plain;

use std::borrow::Cow;

use memchr::memchr;

pub use self::named::named;
pub use self::plain::is_plain;
use self::plain::{LONG_STEP, SHORT_STEPS, has_special, is_special, special_bytes};

/// A range of bytes within the scanned text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
}

impl Span {
    /// The text of the span; empty where the span is not of this text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// What is wrong with a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Not JSON from this byte on.
    Syntax {
        /// Where.
        at: usize,
    },
    /// Nested deeper than allowed.
    TooDeep {
        /// Where.
        at: usize,
    },
    /// More keys than allowed.
    TooManyKeys {
        /// Where.
        at: usize,
    },
}

impl Fault {
    /// The byte at which the fault shows.
    pub fn at(self) -> usize {
        match self {
            Self::Syntax { at } | Self::TooDeep { at } | Self::TooManyKeys { at } => at,
        }
    }
}

/// What kind of value stands at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueKind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number, `true`, `false` or `null`, or something that is no JSON at all.
    Scalar,
}

/// How much a text may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScanLimits {
    /// Levels of nesting.
    pub depth_max: u32,
    /// Keys of all objects together.
    pub keys_max: u32,
}

impl ScanLimits {
    /// Only the grammar counts.
    pub const NONE: Self = Self { depth_max: u32::MAX, keys_max: u32::MAX };
}

/// Walks one JSON text from front to back.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    keys: u32,
    limits: ScanLimits,
}

impl<'a> Scanner<'a> {
    /// Starts at the first byte of `text`.
    pub fn new(text: &'a str, limits: ScanLimits) -> Self {
        Self { text: text.as_bytes(), at: 0, depth: 0, keys: 0, limits }
    }

    /// Where the scanner stands.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Passes something under limits of its own, which count from here on.
    ///
    /// After a fault the scanner stands where it stood before, so that it can be passed otherwise.
    ///
    /// # Errors
    /// The fault of `pass`.
    pub fn within<T>(
        &mut self,
        limits: ScanLimits,
        pass: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut inner = Self { text: self.text, at: self.at, depth: 0, keys: 0, limits };
        let passed = pass(&mut inner)?;
        self.at = inner.at;
        Ok(passed)
    }

    /// Passes white space and says what comes next.
    pub fn peek(&mut self) -> ValueKind {
        match self.next_byte() {
            Some(b'{') => ValueKind::Object,
            Some(b'[') => ValueKind::Array,
            Some(b'"') => ValueKind::String,
            _ => ValueKind::Scalar,
        }
    }

    /// Checks that nothing but white space is left.
    ///
    /// # Errors
    /// [`Fault::Syntax`] where there is more.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.next_byte() {
            None => Ok(()),
            Some(_) => Err(self.syntax()),
        }
    }

    /// Passes an object; `each` gets every key's span (without quotes) and must pass its value.
    ///
    /// # Errors
    /// The first fault, of the object or of `each`.
    pub fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, Span) -> Result<(), Fault>,
    ) -> Result<Span, Fault> {
        let start = self.open(b'{')?;
        if self.next_byte() == Some(b'}') {
            return Ok(self.close(start));
        }
        loop {
            let key = self.key()?;
            each(self, key)?;
            if self.separator(b'}')? {
                return Ok(self.close(start));
            }
        }
    }

    /// Passes an array; `each` must pass one element at every call.
    ///
    /// # Errors
    /// The first fault, of the array or of `each`.
    pub fn elements(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<Span, Fault> {
        let start = self.open(b'[')?;
        if self.next_byte() == Some(b']') {
            return Ok(self.close(start));
        }
        loop {
            each(self)?;
            if self.separator(b']')? {
                return Ok(self.close(start));
            }
        }
    }

    /// Passes one value of any kind, checking all of it.
    ///
    /// # Errors
    /// The first fault within the value.
    pub fn skip(&mut self) -> Result<Span, Fault> {
        let first = self.next_byte();
        let start = self.at;
        match first {
            Some(b'"') => self.string().map(|_| ())?,
            Some(b'{' | b'[') => self.nested()?,
            _ => self.scalar()?,
        }
        Ok(Span { start, end: self.at })
    }

    /// Passes one value of a text that has been checked before: only quotes and brackets are looked
    /// at, which is faster. Of any other text it passes something, or finds a fault.
    ///
    /// # Errors
    /// [`Fault::Syntax`] where the text ends within the value, or there is none.
    pub fn leap(&mut self) -> Result<Span, Fault> {
        match self.peek() {
            ValueKind::Object | ValueKind::Array => {}
            ValueKind::String | ValueKind::Scalar => return self.skip(),
        }
        let (start, mut open) = (self.at, 0_usize);
        loop {
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => open += 1,
                Some(b'}' | b']') => open -= 1,
                Some(_) => {}
                None => return Err(self.syntax()),
            }
            self.at += 1;
            if open == 0 {
                return Ok(Span { start, end: self.at });
            }
        }
    }

    /// Passes an object or array without recursion.
    fn nested(&mut self) -> Result<(), Fault> {
        let mut levels = Levels::default();
        loop {
            match self.next_byte() {
                Some(open @ (b'{' | b'[')) => {
                    self.enter()?;
                    let object = open == b'{';
                    if !self.ends_at_once(object)? {
                        levels.push(object);
                        continue;
                    }
                }
                Some(b'"') => self.string().map(|_| ())?,
                _ => self.scalar()?,
            }
            loop {
                if levels.count == 0 {
                    return Ok(());
                }
                let object = levels.in_object();
                if !self.separator(if object { b'}' } else { b']' })? {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                self.at += 1;
                self.depth -= 1;
                levels.pop();
            }
        }
    }

    /// After an opening bracket: passes the closing one if it follows, else an object's first key.
    fn ends_at_once(&mut self, object: bool) -> Result<bool, Fault> {
        if self.next_byte() == Some(if object { b'}' } else { b']' }) {
            self.at += 1;
            self.depth -= 1;
            return Ok(true);
        }
        if object {
            self.key()?;
        }
        Ok(false)
    }

    fn open(&mut self, bracket: u8) -> Result<usize, Fault> {
        if self.next_byte() != Some(bracket) {
            return Err(self.syntax());
        }
        let start = self.at;
        self.enter()?;
        Ok(start)
    }

    /// Passes the opening bracket that stands here.
    fn enter(&mut self) -> Result<(), Fault> {
        if self.depth >= self.limits.depth_max {
            return Err(Fault::TooDeep { at: self.at });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, start: usize) -> Span {
        self.at += 1;
        self.depth -= 1;
        Span { start, end: self.at }
    }

    /// Passes a key and its colon.
    fn key(&mut self) -> Result<Span, Fault> {
        if self.next_byte() != Some(b'"') {
            return Err(self.syntax());
        }
        self.keys += 1;
        if self.keys > self.limits.keys_max {
            return Err(Fault::TooManyKeys { at: self.at });
        }
        let quoted = self.string()?;
        if self.next_byte() != Some(b':') {
            return Err(self.syntax());
        }
        self.at += 1;
        Ok(Span { start: quoted.start + 1, end: quoted.end - 1 })
    }

    /// After a value: passes a comma (false), or stops before the closing bracket (true).
    fn separator(&mut self, close: u8) -> Result<bool, Fault> {
        match self.next_byte() {
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            Some(byte) if byte == close => Ok(true),
            _ => Err(self.syntax()),
        }
    }

    fn string(&mut self) -> Result<Span, Fault> {
        let start = self.at;
        self.at += 1;
        loop {
            self.plain_run();
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Span { start, end: self.at });
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(self.syntax()),
            }
        }
    }

    /// Passes bytes of a string that mean themselves: eight at a time, as most strings are short, and
    /// more at a time in a long one.
    fn plain_run(&mut self) {
        loop {
            for _ in 0..SHORT_STEPS {
                let Some(eight) = self.chunk() else { return self.plain_end() };
                let special = special_bytes(u64::from_le_bytes(*eight));
                if special != 0 {
                    self.at += (special.trailing_zeros() / 8) as usize;
                    return;
                }
                self.at += eight.len();
            }
            while let Some(chunk) = self.chunk::<LONG_STEP>()
                && !has_special(chunk)
            {
                self.at += chunk.len();
            }
        }
    }

    /// The same, close to the end of the text.
    fn plain_end(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len());
    }

    fn chunk<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.text.get(self.at..)?.first_chunk()
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.text.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.syntax());
                }
                self.at += 6;
            }
            _ => return Err(self.syntax()),
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        match self.text.get(self.at) {
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.syntax()),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Fault> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.syntax());
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.text.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(self.syntax()) } else { Ok(()) }
    }

    fn next_byte(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn syntax(&self) -> Fault {
        Fault::Syntax { at: self.at }
    }
}

/// Which of the open brackets are objects: a bit per level, the innermost lowest.
///
/// Up to 64 levels live in a register; only texts nested deeper cost memory, an eighth of a byte
/// for each level.
#[derive(Default)]
struct Levels {
    inner: u64,
    count: usize,
    /// Full words of outer levels.
    outer: Vec<u64>,
}

impl Levels {
    fn in_object(&self) -> bool {
        self.inner & 1 == 1
    }

    fn push(&mut self, object: bool) {
        if self.count.is_multiple_of(64) && self.count > 0 {
            self.outer.push(self.inner);
        }
        self.count += 1;
        self.inner = self.inner << 1 | u64::from(object);
    }

    fn pop(&mut self) {
        self.count -= 1;
        self.inner >>= 1;
        if self.count.is_multiple_of(64)
            && let Some(outer) = self.outer.pop()
        {
            self.inner = outer;
        }
    }
}

/// Whether a raw key (the text between its quotes) spells `name`, escapes included.
pub fn key_is(raw: &str, name: &str) -> bool {
    // An escaped spelling is longer than the name, which spares looking at most other keys.
    raw == name || (raw.len() > name.len() && raw.contains('\\') && unescape(raw) == name)
}

/// What stands between the quotes of a raw string; none for every other value.
pub fn inner(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

/// The text that a raw string stands for; none for every other value.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    inner(raw).map(unescape)
}

/// The text that a raw string (between its quotes) stands for; lone surrogates become U+FFFD.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    if memchr(b'\\', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = push_escape(&mut text, &rest[at + 1..]);
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Appends what the escape at the front of `rest` (after the backslash) means; returns what follows.
fn push_escape<'a>(text: &mut String, rest: &'a str) -> &'a str {
    let plain = match rest.as_bytes().first() {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => return push_unicode(text, &rest[1..]),
        Some(other) => char::from(*other),
        None => return "",
    };
    text.push(plain);
    &rest[1..]
}

fn push_unicode<'a>(text: &mut String, rest: &'a str) -> &'a str {
    let Some(high) = hex4(rest) else { return "" };
    let after = &rest[4..];
    if (0xd800..0xdc00).contains(&high) {
        let low = after.strip_prefix("\\u").and_then(hex4);
        if let Some(low @ 0xdc00..=0xdfff) = low {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            return &after[6..];
        }
    }
    text.push(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn hex4(text: &str) -> Option<u32> {
    u32::from_str_radix(text.get(..4)?, 16).ok()
}

/// A raw value without the white space between its parts.
pub fn compact(raw: &str) -> Cow<'_, str> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    if !raw.bytes().any(is_space) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let (mut in_string, mut escaped) = (false, false);
    for character in raw.chars() {
        if in_string || !u8::try_from(character).is_ok_and(is_space) {
            out.push(character);
        }
        in_string ^= character == '"' && !escaped;
        escaped = in_string && character == '\\' && !escaped;
    }
    Cow::Owned(out)
}

/// Writes `text` as a JSON string with its quotes, escaping no more than JSON asks for.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{0}'..='\u{1f}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests;
