//! One request's head, line by line.
//!
//! In come the bytes of a connection, from where a head begins; out goes the head once it is whole, or
//! why it is refused.

use bytes::Bytes;
use domain::field::{is_name_byte, is_value_byte};
use domain::limits;
use domain::reason::Reason;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Uri, Version};
use memchr::memchr;

/// The longest length of a body. Source: chosen; some parsers count further ones as no length.
const LENGTH_MAX: u64 = u64::MAX - 2;

/// What has been seen of a head.
#[derive(Debug, Default)]
pub struct Head {
    /// Where the line that is not complete yet begins.
    line_start: usize,
    /// Up to where the end of that line has been looked for.
    searched: usize,
    /// Where the request line begins, and where its method and target end.
    first: Option<[usize; 3]>,
    /// Complete headers.
    fields: Vec<Field>,
    is_old: bool,
    has_host: bool,
    is_chunked: bool,
    length: Option<u64>,
}

/// Where a header stands.
#[derive(Clone, Copy, Debug)]
struct Field {
    name: usize,
    colon: usize,
    value: usize,
    end: usize,
}

/// What one look at a head has found.
#[derive(Debug)]
pub enum Scan {
    /// It is complete, and this long.
    Whole { bytes: usize, framing: Framing },
    /// More has to come.
    Part,
    /// It is refused.
    Fault(Fault),
}

/// How the body after a head is delimited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// By its length.
    Sized(u64),
    /// By chunks.
    Chunked,
}

/// Why a request cannot be taken, whatever it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is not HTTP.
    Syntax,
    /// Where its body ends is in doubt.
    Framing,
    /// It names no host, or two.
    Host,
    /// Its target has characters that none may have, or a fragment.
    Target,
    /// Its head is too large.
    HeadTooLarge,
    /// Its target is too long.
    TargetTooLong,
}

impl Fault {
    /// The reason in the dictionary.
    pub fn reason(self) -> Reason {
        match self {
            Self::Syntax => Reason::BadHead,
            Self::Framing => Reason::BadFraming,
            Self::Host => Reason::BadHost,
            Self::Target => Reason::BadTarget,
            Self::HeadTooLarge => Reason::HeadTooLarge,
            Self::TargetTooLong => Reason::TargetTooLong,
        }
    }
}

impl Head {
    /// Looks at a head from its beginning; what was seen before is not looked at again.
    pub fn scan(&mut self, bytes: &[u8]) -> Scan {
        let bounded = &bytes[..bytes.len().min(limits::REQUEST_HEAD_BYTES_MAX)];
        while let Some(found) = memchr(b'\n', &bounded[self.searched..]) {
            let (start, end) = (self.line_start, self.searched + found);
            self.line_start = end + 1;
            self.searched = end + 1;
            match self.line(&bounded[start..end], start) {
                Ok(None) => {}
                Ok(Some(framing)) => return Scan::Whole { bytes: self.line_start, framing },
                Err(fault) => return Scan::Fault(fault),
            }
        }
        self.searched = bounded.len();
        match (bytes.len() < limits::REQUEST_HEAD_BYTES_MAX, self.first) {
            (true, _) => Scan::Part,
            (false, None) => Scan::Fault(Fault::TargetTooLong),
            (false, Some(_)) => Scan::Fault(Fault::HeadTooLarge),
        }
    }

    /// Reads a head that was found whole, into `parts`.
    ///
    /// # Errors
    /// None that looking at it has not found.
    pub fn read(&self, bytes: &Bytes, parts: &mut Parts) -> Result<(), Fault> {
        let [start, method, target] = self.first.ok_or(Fault::Syntax)?;
        parts.method = Method::from_bytes(&bytes[start..method]).map_err(|_| Fault::Syntax)?;
        let target = bytes.slice(method + 1..target);
        parts.uri = Uri::from_maybe_shared(target).map_err(|_| Fault::Target)?;
        parts.version = if self.is_old { Version::HTTP_10 } else { Version::HTTP_11 };
        parts.headers.clear();
        for field in &self.fields {
            let name = HeaderName::from_bytes(&bytes[field.name..field.colon]);
            let value = HeaderValue::from_maybe_shared(bytes.slice(field.value..field.end));
            let (Ok(name), Ok(value)) = (name, value) else { return Err(Fault::Syntax) };
            parts.headers.append(name, value);
        }
        Ok(())
    }

    /// Forgets everything, for the next head.
    pub fn clear(&mut self) {
        let mut fields = std::mem::take(&mut self.fields);
        fields.clear();
        fields.shrink_to(limits::KEPT_HEADERS_ROOM);
        *self = Self { fields, ..Self::default() };
    }

    fn line(&mut self, line: &[u8], start: usize) -> Result<Option<Framing>, Fault> {
        let line = line.strip_suffix(b"\r").ok_or(Fault::Syntax)?;
        match (line.is_empty(), self.first.is_some()) {
            // Some clients end the request before with one line too many.
            (true, false) => {}
            (true, true) => return self.framing().map(Some),
            (false, false) => self.request_line(line, start)?,
            (false, true) => self.header(line, start)?,
        }
        Ok(None)
    }

    fn request_line(&mut self, line: &[u8], start: usize) -> Result<(), Fault> {
        let mut words = line.split(|byte| *byte == b' ');
        let (method, target, version) = (words.next(), words.next(), words.next());
        let (Some(method), Some(target), Some(version), None) =
            (method, target, version, words.next())
        else {
            return Err(Fault::Syntax);
        };
        self.is_old = version == b"HTTP/1.0";
        let is_visible = |byte: &u8| *byte > b' ' && *byte != 0x7f;
        let is_right = !method.is_empty()
            && method.iter().copied().all(is_name_byte)
            && !target.is_empty()
            && target.iter().all(is_visible)
            && (self.is_old || version == b"HTTP/1.1");
        is_right.then_some(()).ok_or(Fault::Syntax)?;
        is_target(target).then_some(()).ok_or(Fault::Target)?;
        let method_end = start + method.len();
        self.first = Some([start, method_end, method_end + 1 + target.len()]);
        Ok(())
    }

    fn header(&mut self, line: &[u8], start: usize) -> Result<(), Fault> {
        if self.fields.len() == limits::REQUEST_HEADERS_MAX {
            return Err(Fault::HeadTooLarge);
        }
        let colon = memchr(b':', line).ok_or(Fault::Syntax)?;
        let (name, rest) = (&line[..colon], trimmed_start(&line[colon + 1..]));
        let value = trimmed_end(rest);
        let is_right = !name.is_empty()
            && name.iter().copied().all(is_name_byte)
            // Without a branch per byte, so that it is done for many at a time.
            && value.iter().fold(true, |all, byte| all & is_value_byte(*byte));
        is_right.then_some(()).ok_or(Fault::Syntax)?;
        let begins = start + line.len() - rest.len();
        let (colon, end) = (start + colon, begins + value.len());
        self.fields.push(Field { name: start, colon, value: begins, end });
        self.heed(name, value)
    }

    /// Heeds what a header says of where the request ends.
    fn heed(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = content_length(value).filter(|_| self.length.is_none());
            self.length = Some(length.ok_or(Fault::Framing)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::Framing);
            }
            self.is_chunked = true;
        } else if name.eq_ignore_ascii_case(b"host") {
            if self.has_host {
                return Err(Fault::Host);
            }
            self.has_host = true;
        }
        Ok(())
    }

    fn framing(&self) -> Result<Framing, Fault> {
        match (self.is_chunked, self.length) {
            _ if !self.has_host && !self.is_old => Err(Fault::Host),
            (true, Some(_)) => Err(Fault::Framing),
            (true, None) if self.is_old => Err(Fault::Framing),
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Sized(length.unwrap_or(0))),
        }
    }
}

/// Whether the library takes a target, which it is only asked where a byte is unusual. A fragment is
/// what it would drop in silence.
fn is_target(target: &[u8]) -> bool {
    let is_usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"/?&=%-._~+,:".contains(byte);
    (target.starts_with(b"/") && target.iter().all(is_usual))
        || (memchr(b'#', target).is_none() && Uri::try_from(target).is_ok())
}

/// Without the blanks before it, which are spaces and tabs and nothing else. Source: RFC 9110, section
/// 5.6.3.
fn trimmed_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(*byte)).unwrap_or(text.len());
    &text[start..]
}

/// Without the blanks after it.
fn trimmed_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
    &text[..end]
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A length in digits and nothing else; none where it is anything else, or longer than the parser
/// counts.
fn content_length(value: &[u8]) -> Option<u64> {
    let are_digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let length = std::str::from_utf8(value).ok().filter(|_| are_digits)?.parse().ok();
    length.filter(|length| *length <= LENGTH_MAX)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, Method};

    use super::*;

    /// Every byte, on its own and within others.
    fn bytes() -> impl Iterator<Item = [Vec<u8>; 2]> {
        (0..=u8::MAX).map(|byte| [vec![byte], vec![b'a', byte, b'a']])
    }

    #[test]
    fn what_passes_is_what_the_library_takes() {
        let all = |text: &[u8], is_one: fn(u8) -> bool| text.iter().all(|byte| is_one(*byte));
        for text in bytes().flatten() {
            assert_eq!(all(&text, is_name_byte), HeaderName::from_bytes(&text).is_ok(), "{text:?}");
            assert_eq!(all(&text, is_name_byte), Method::from_bytes(&text).is_ok(), "{text:?}");
            assert_eq!(all(&text, is_value_byte), HeaderValue::from_bytes(&text).is_ok());
        }
    }

    #[test]
    fn usual_targets_are_not_asked_for() {
        for text in bytes().flatten() {
            for before in ["/", "/?", ""] {
                let target = [before.as_bytes(), &text].concat();
                let is_taken = Uri::try_from(target.as_slice()).is_ok() && !target.contains(&b'#');
                assert_eq!(is_target(&target), is_taken, "{target:?}");
            }
        }
    }
}
