//! A chunked body, up to the empty line after its last chunk.

/// Where in a chunked body the next byte is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chunks {
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
pub enum LineFeed {
    /// After the carriage return.
    Later,
    /// Now.
    Next,
}

/// What a line after the last chunk holds so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// Nothing.
    Empty,
    /// A carriage return and nothing else.
    Ending,
    /// Something.
    Filled,
    /// Something, and a carriage return.
    FilledEnding,
}

impl Default for Chunks {
    fn default() -> Self {
        Self::Size { bytes: 0, digits: 0 }
    }
}

impl Chunks {
    /// Whether the body is over.
    pub fn is_over(self) -> bool {
        self == Self::Over
    }

    /// Follows the body as far as these bytes go; answers how many are of it.
    ///
    /// # Errors
    /// How many bytes there were before one that cannot stand where it does.
    pub fn follow(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        let mut at = 0;
        while at < bytes.len() && !self.is_over() {
            if let Self::Content { bytes: left } = self {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len() - at);
                *left -= here as u64;
                at += here;
                if *left == 0 {
                    *self = Self::ContentEnd { line_feed: LineFeed::Later };
                }
                continue;
            }
            *self = self.after(bytes[at]).ok_or(at)?;
            at += 1;
        }
        Ok(at)
    }

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
    fn after(self, byte: u8) -> Option<Chunks> {
        let line = match (self, byte) {
            (Self::Empty, b'\r') => Self::Ending,
            (Self::Ending, b'\n') => return Some(Chunks::Over),
            (Self::Filled, b'\r') => Self::FilledEnding,
            (Self::FilledEnding, b'\n') => Self::Empty,
            (Self::Ending | Self::FilledEnding, _) | (_, b'\n') => return None,
            (Self::Empty | Self::Filled, _) => Self::Filled,
        };
        Some(Chunks::Trailer { line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_end_where_they_end() {
        let check = |text: &str, want: Result<usize, usize>, is_over: bool| {
            let mut chunks = Chunks::default();
            assert_eq!(chunks.follow(text.as_bytes()), want, "{text:?}");
            assert_eq!(chunks.is_over(), is_over, "{text:?}");
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
}
