//! A chunked body, up to the empty line after its last chunk.
//!
//! In comes what has come so far, out goes what to do about its beginning. Anything that two parsers
//! may read in two ways is damage.

use domain::limits;

use super::inbox::{Damaged, Step};

/// Follows a chunked body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Chunks {
    place: Place,
    /// Bytes that say nothing: what follows a size on its line, and headers after the last chunk.
    asides: usize,
}

/// Where in a chunked body the next byte is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// In the digits of a chunk's size, of which so many have come.
    Size { bytes: u64, digits: u8 },
    /// In what may follow the digits on their line.
    Extension { bytes: u64 },
    /// Before the line feed of that line.
    SizeEnd { bytes: u64 },
    /// In a chunk of which so many bytes are left.
    Content { bytes: u64 },
    /// Before the carriage return, then the line feed, after a chunk.
    ContentEnd { line_feed: LineFeed },
    /// In a line after the last chunk.
    Trailer { line: Line },
    /// After all.
    Over,
}

/// Which byte of a line's end comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LineFeed {
    /// After the carriage return.
    Later,
    /// Now.
    Next,
}

/// What a line after the last chunk holds so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    /// Nothing.
    Empty,
    /// A carriage return and nothing else.
    Ending,
    /// Something.
    Filled,
    /// Something, and a carriage return.
    FilledEnding,
}

impl Default for Place {
    fn default() -> Self {
        Self::Size { bytes: 0, digits: 0 }
    }
}

impl Chunks {
    /// Bytes that are left of the chunk at hand.
    pub fn known(&self) -> u64 {
        if let Place::Content { bytes } = self.place { bytes } else { 0 }
    }

    /// What to do about what has come, which is done then.
    ///
    /// # Errors
    /// Where something stands that cannot stand there, or too much that says nothing.
    pub fn step(&mut self, came: &[u8]) -> Result<Step, Damaged> {
        match &mut self.place {
            Place::Over => Ok(Step::End),
            Place::Content { bytes } => {
                let step = Step::piece(bytes, came);
                if *bytes == 0 {
                    self.place = Place::ContentEnd { line_feed: LineFeed::Later };
                }
                Ok(step)
            }
            _ if came.is_empty() => Ok(Step::More),
            _ => self.pass_over(came).map(Step::Skip),
        }
    }

    /// Passes over what is no content; says how many bytes that is.
    fn pass_over(&mut self, came: &[u8]) -> Result<usize, Damaged> {
        let (mut next, mut count) = (*self, 0);
        for byte in came {
            match next.place {
                Place::Content { .. } | Place::Over => break,
                Place::Extension { .. } | Place::Trailer { .. } => next.asides += 1,
                _ => {}
            }
            let is_too_much = next.asides > limits::CHUNK_ASIDES_BYTES_MAX;
            next.place = next.place.after(*byte).filter(|_| !is_too_much).ok_or(Damaged)?;
            count += 1;
        }
        // Only now: whoever asks again after damage finds it again.
        *self = next;
        Ok(count)
    }
}

impl Place {
    /// Where the body is after one byte that is not of a chunk's content.
    fn after(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Size { bytes, digits }, _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16)?;
                // Sixteen digits are all that a number of 64 bits has.
                let digits = digits.checked_add(1).filter(|digits| *digits <= 16)?;
                Self::Size { bytes: (bytes << 4) | u64::from(digit), digits }
            }
            (Self::Size { digits: 0, .. }, _) => return None,
            (Self::Size { bytes, .. } | Self::Extension { bytes }, b'\r') => {
                Self::SizeEnd { bytes }
            }
            (Self::Size { bytes, .. }, b';') => Self::Extension { bytes },
            (Self::Extension { bytes }, _) if byte != b'\n' => Self::Extension { bytes },
            (Self::SizeEnd { bytes: 0 }, b'\n') => Self::Trailer { line: Line::Empty },
            (Self::SizeEnd { bytes }, b'\n') => Self::Content { bytes },
            (Self::ContentEnd { line_feed: LineFeed::Later }, b'\r') => {
                Self::ContentEnd { line_feed: LineFeed::Next }
            }
            (Self::ContentEnd { line_feed: LineFeed::Next }, b'\n') => Self::default(),
            (Self::Trailer { line }, _) => return line.after(byte),
            _ => return None,
        })
    }
}

impl Line {
    fn after(self, byte: u8) -> Option<Place> {
        let line = match (self, byte) {
            (Self::Empty, b'\r') => Self::Ending,
            (Self::Ending, b'\n') => return Some(Place::Over),
            (Self::Filled, b'\r') => Self::FilledEnding,
            (Self::FilledEnding, b'\n') => Self::Empty,
            (Self::Ending | Self::FilledEnding, _) | (_, b'\n') => return None,
            (Self::Empty | Self::Filled, _) => Self::Filled,
        };
        Some(Place::Trailer { line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far a body goes, and whether it ends there; or how far it is undamaged.
    fn follow(bytes: &[u8]) -> Result<(usize, bool), usize> {
        let (mut chunks, mut at) = (Chunks::default(), 0);
        // Byte by byte, to find the one that is damaged.
        while at < bytes.len() {
            match chunks.step(&bytes[at..=at]).map_err(|Damaged| at)? {
                Step::Piece(count) | Step::Skip(count) => at += count,
                Step::End => break,
                Step::More => unreachable!("there is a byte"),
            }
        }
        Ok((at, chunks.place == Place::Over))
    }

    #[test]
    fn bodies_end_where_they_end() {
        let check = |text: &str, want: Result<usize, usize>, is_over: bool| {
            assert_eq!(follow(text.as_bytes()), want.map(|at| (at, is_over)), "{text:?}");
        };
        check("0\r\n\r\n", Ok(5), true);
        check("0\r\n\r\nGET", Ok(5), true);
        check("3\r\nab\n\r\n00\r\n\r\n", Ok(14), true);
        check("A;name=\"v\"\r\n0123456789\r\n0;x\r\n\r\n", Ok(31), true);
        check("0\r\nname: value\r\nmore: x\r\n\r\nrest", Ok(27), true);
        check("ffffffffffffffff\r\nabc", Ok(21), false);
        check("3\r\nab", Ok(5), false);
        check("", Ok(0), false);
        check("0ffffffffffffffff\r\n", Err(16), false);
        check("\r\n", Err(0), false);
        check("g\r\n", Err(0), false);
        check("-1\r\n", Err(0), false);
        check("0x3\r\n", Err(1), false);
        check("3 \r\n", Err(1), false);
        check("3\n", Err(1), false);
        check("3;a\n", Err(3), false);
        check("3\r\nabcd", Err(6), false);
        check("3\r\nabc\n", Err(6), false);
        check("0\r\n\n", Err(3), false);
        check("0\r\na: b\n\r\n", Err(7), false);
        check("0\r\na: b\rc", Err(8), false);
    }

    #[test]
    fn what_says_nothing_is_bounded() {
        let most = "a".repeat(limits::CHUNK_ASIDES_BYTES_MAX - 3);
        let check = |text: &str, is_taken: bool| {
            assert_eq!(follow(text.as_bytes()).is_ok(), is_taken, "{text:.40?}");
        };
        // The end of the line counts, and the empty line after the last chunk.
        check(&format!("1;{most}\r\nx\r\n0\r\n\r\n"), true);
        check(&format!("1;{most}a\r\nx\r\n0\r\n\r\n"), false);
        check(&format!("1;{most}\r\nx\r\n0;a\r\n\r\n"), false);
        check(&format!("1\r\nx\r\n0\r\na{most}"), true);
        check(&format!("1\r\nx\r\n0\r\naaaa{most}"), false);
    }
}
