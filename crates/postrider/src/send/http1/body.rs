//! Bodies in HTTP/1.1: where the answer at hand goes on, and where it ends.
//!
//! In comes what has come so far, out goes what to do about its beginning. Unknown here: where bytes
//! come from, and who wants them.

use domain::limits;
use httparse::{Status, parse_chunk_size};

use super::Broken;

/// How the end of a body is known. Source: RFC 9112, section 6.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// After so many more bytes.
    Length(u64),
    /// After a chunk of no bytes, and what comes behind that.
    Chunked(Chunk),
    /// When the connection ends.
    UntilEnd,
}

/// Where in a chunked body the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chunk {
    /// In the line that says how long the next chunk is.
    Size,
    /// In a chunk, of which so many bytes are left.
    Data(u64),
    /// At the end of its line.
    DataEnd,
    /// In the headers behind the last chunk, of which so many bytes are read at most.
    Trailer(usize),
}

/// What to do about the bytes that have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// So many belong to the body.
    Piece(usize),
    /// So many do not.
    Skip(usize),
    /// More must come.
    More,
    /// The body is over.
    End,
}

impl Framing {
    /// No body.
    pub const NONE: Self = Self::Length(0);
    /// A chunked body from its beginning.
    pub const CHUNKED: Self = Self::Chunked(Chunk::Size);

    /// Whether a body is whole that ends where the connection does.
    pub fn ends_with_the_connection(self) -> bool {
        self == Self::UntilEnd
    }

    /// What to do about what has come, which is done then.
    pub fn step(&mut self, came: &[u8]) -> Result<Step, Broken> {
        match self {
            Self::Length(0) => Ok(Step::End),
            Self::Length(left) => Ok(piece(left, came)),
            Self::UntilEnd if came.is_empty() => Ok(Step::More),
            Self::UntilEnd => Ok(Step::Piece(came.len())),
            Self::Chunked(chunk) => chunk.step(came).map(|step| match step {
                Step::End => {
                    *self = Self::NONE;
                    // The empty line at the end.
                    Step::Skip(empty_line(came).unwrap_or(0))
                }
                step => step,
            }),
        }
    }
}

/// What of the bytes that have come belongs to the piece of which so much is left.
fn piece(left: &mut u64, came: &[u8]) -> Step {
    if came.is_empty() {
        return Step::More;
    }
    let length = usize::try_from(*left).map_or(came.len(), |left| left.min(came.len()));
    *left -= length as u64;
    Step::Piece(length)
}

impl Chunk {
    fn step(&mut self, came: &[u8]) -> Result<Step, Broken> {
        match self {
            Self::Size => self.size(came),
            Self::Data(left) => {
                let step = piece(left, came);
                if *left == 0 {
                    *self = Self::DataEnd;
                }
                Ok(step)
            }
            Self::DataEnd => match came {
                [] | [b'\r'] => Ok(Step::More),
                [b'\r', b'\n', ..] => {
                    *self = Self::Size;
                    Ok(Step::Skip(2))
                }
                _ => Err(Broken::Malformed("a chunk is longer than it says")),
            },
            Self::Trailer(left) => trailer(left, came),
        }
    }

    fn size(&mut self, came: &[u8]) -> Result<Step, Broken> {
        // The library takes a line without a number for that of the last chunk.
        let has_digit = came.first().is_none_or(u8::is_ascii_hexdigit);
        match parse_chunk_size(came) {
            _ if !has_digit => Err(Broken::Malformed("a chunk does not say how long it is")),
            Ok(Status::Complete((length, size))) => {
                *self = if size == 0 {
                    Self::Trailer(limits::ANSWER_LINE_BYTES_MAX)
                } else {
                    Self::Data(size)
                };
                Ok(Step::Skip(length))
            }
            Ok(Status::Partial) if came.len() < limits::ANSWER_LINE_BYTES_MAX => Ok(Step::More),
            _ => Err(Broken::Malformed("a chunk does not say how long it is")),
        }
    }
}

/// Passes over one line behind the last chunk.
fn trailer(left: &mut usize, came: &[u8]) -> Result<Step, Broken> {
    if empty_line(came).is_some() {
        return Ok(Step::End);
    }
    let line = memchr::memchr(b'\n', came).map(|at| at + 1);
    match left.checked_sub(line.unwrap_or(came.len())) {
        Some(rest) => Ok(line.map_or(Step::More, |length| {
            *left = rest;
            Step::Skip(length)
        })),
        None => Err(Broken::Malformed("there is too much behind the last chunk")),
    }
}

/// How long an empty line is at the beginning, where there is one.
fn empty_line(came: &[u8]) -> Option<usize> {
    match came {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read of a text: the body, and what is left behind it, where it comes to an end.
    fn read_in(
        framing: Framing,
        text: &[u8],
        size: usize,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), ()> {
        let (mut framing, mut came, mut body) = (framing, Vec::new(), Vec::new());
        let mut pieces = text.chunks(size);
        loop {
            match framing.step(&came).map_err(drop)? {
                Step::Piece(length) => body.extend(came.drain(..length)),
                Step::Skip(length) => drop(came.drain(..length)),
                Step::End => {
                    came.extend(pieces.flatten());
                    return Ok((body, Some(came)));
                }
                Step::More => match pieces.next() {
                    Some(piece) => came.extend_from_slice(piece),
                    None => return Ok((body, None)),
                },
            }
        }
    }

    /// The same, however the text is cut into pieces.
    fn read(framing: Framing, text: &str) -> Result<(String, Option<String>), ()> {
        let all =
            [1, 2, 3, 7, text.len().max(1)].map(|size| read_in(framing, text.as_bytes(), size));
        assert!(all.iter().all(|one| *one == all[0]), "{text:?}: {all:?}");
        let (body, rest) = all[0].clone()?;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ok((text(body), rest.map(text)))
    }

    fn whole(body: &str, rest: &str) -> Result<(String, Option<String>), ()> {
        Ok((body.to_owned(), Some(rest.to_owned())))
    }

    #[test]
    fn a_body_of_a_known_length_ends_there() {
        assert_eq!(read(Framing::NONE, "HTTP"), whole("", "HTTP"));
        assert_eq!(read(Framing::Length(3), "abcd"), whole("abc", "d"));
        assert_eq!(read(Framing::Length(u64::MAX), "abcd"), Ok(("abcd".to_owned(), None)));
        assert_eq!(read(Framing::UntilEnd, "abcd"), Ok(("abcd".to_owned(), None)));
        assert!(Framing::UntilEnd.ends_with_the_connection());
        assert!(!Framing::Length(3).ends_with_the_connection());
    }

    #[test]
    fn a_chunked_body_ends_behind_its_last_chunk() {
        let check =
            |text: &str, wanted| assert_eq!(read(Framing::CHUNKED, text), wanted, "{text:?}");
        check("3\r\nabc\r\n0\r\n\r\nHTTP", whole("abc", "HTTP"));
        check("3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n000\r\n\r\n", whole("abc0123456789", ""));
        check("0\r\nx: y\r\nz: 1\r\n\r\nrest", whole("", "rest"));
        check("0\r\n\nrest", whole("", "rest"));
        check("3\r\nab", Ok(("ab".to_owned(), None)));
        check("3\r\nabc\r\n", Ok(("abc".to_owned(), None)));
        check("3\r\nabcd\r\n", Err(()));
        check("x\r\n", Err(()));
        check("-1\r\n", Err(()));
        for line in ["\r\n", " \r\n", ";x\r\n", "3\r\nabc\r\n\r\n"] {
            check(&format!("{line}\r\n"), Err(()));
        }
        check("11111111111111111\r\n", Err(()));
        check(&"0".repeat(limits::ANSWER_LINE_BYTES_MAX), Err(()));
        check(&format!("1;{}", "x".repeat(limits::ANSWER_LINE_BYTES_MAX)), Err(()));
        check(&format!("0\r\n{}", "x: y\r\n".repeat(1_000)), Err(()));
        check(&format!("0\r\n{}", "x".repeat(limits::ANSWER_LINE_BYTES_MAX + 1)), Err(()));
    }

    const PARTS: [&str; 10] =
        ["0\r\n", "1\r\na\r\n", "a;x\r\n", "\r\n", "\n", "\r", "0123456789", "x: y\n", ";", "z"];

    proptest! {
        #[test]
        fn whatever_comes_is_read_alike_however_it_is_cut(
            parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..12),
        ) {
            let _ = read(Framing::CHUNKED, &parts.concat());
        }

        #[test]
        fn chunks_are_read_as_they_were_written(
            chunks in prop::collection::vec("[a-z\r\n]{1,40}", 0..5),
            rest in "[a-z\r\n]{0,9}",
        ) {
            let written = |chunk: &String| format!("{:X}\r\n{chunk}\r\n", chunk.len());
            let text: String = chunks.iter().map(written).collect();
            prop_assert_eq!(
                read(Framing::CHUNKED, &format!("{text}0\r\n\r\n{rest}")),
                whole(&chunks.concat(), &rest)
            );
        }
    }
}
