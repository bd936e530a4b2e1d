//! Heads of answers in HTTP/1.1.
//!
//! In come bytes as far as they have come, out goes the head of the answer. Answers on the way to it
//! (1xx) are passed over, a few of them. Unknown here: where bytes come from.

use std::io;
use std::mem::MaybeUninit;

use bytes::{Buf as _, Bytes, BytesMut};
use domain::limits;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use http::{Response, StatusCode, Version};
use httparse::{Error, ParserConfig, Status};

use super::Broken;
use super::body::Framing;

/// The head of an answer.
#[derive(Debug)]
pub struct Head {
    /// Its status and headers.
    pub response: Response<()>,
    /// Where its body ends.
    pub framing: Framing,
    /// Whether the endpoint keeps the connection for another request.
    pub keeps: bool,
}

/// Reads the heads that come for one request.
#[derive(Default)]
pub struct Heads {
    /// Answers on the way that were passed over.
    early: usize,
    /// Bytes that were looked at, and hold no whole head.
    looked_at: usize,
}

impl Heads {
    /// Whether a byte has come.
    pub fn have_begun(&self) -> bool {
        self.early + self.looked_at > 0
    }

    /// What it means that nothing more comes: what is wrong with what has come, why nothing more could be
    /// sent, or just that.
    pub fn cut_off(&self, came: &[u8], unsent: Option<io::Error>) -> Broken {
        let odd = if came.is_empty() { None } else { parse(came).err() };
        odd.or(unsent.map(Broken::Stream)).unwrap_or(Broken::Ended)
    }

    /// Takes the head of the answer out of what has come; none where there is not all of it yet.
    pub fn take(&mut self, came: &mut BytesMut) -> Result<Option<Head>, Broken> {
        while !came.is_empty() {
            // The first bytes tell what is no HTTP at all; then there is nothing to see before its end.
            let is_worth_it = self.looked_at == 0 || ends_head(came, self.looked_at);
            self.looked_at = came.len();
            let Some((length, head)) = is_worth_it.then(|| parse(came)).transpose()?.flatten()
            else {
                let is_too_large = came.len() > limits::ANSWER_HEAD_BYTES_MAX;
                return if is_too_large { Err(Broken::TooLarge) } else { Ok(None) };
            };
            came.advance(length);
            if !is_early(head.response.status()) {
                return Ok(Some(head));
            }
            (self.early, self.looked_at) = (self.early + 1, 0);
            if self.early > limits::EARLY_ANSWERS_MAX {
                return Err(Broken::TooManyEarly);
            }
        }
        Ok(None)
    }
}

/// Whether another answer follows. 101 is an answer, which nobody here asks for.
fn is_early(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

/// Whether an empty line ends among the bytes from here on.
fn ends_head(came: &[u8], from: usize) -> bool {
    let ends = |at: usize| {
        let before = came[..at].strip_suffix(b"\r").unwrap_or(&came[..at]);
        before.last() == Some(&b'\n')
    };
    memchr::memchr_iter(b'\n', &came[from..]).any(|at| ends(from + at))
}

/// Reads a head, and how long it is; none where there is not all of it.
fn parse(came: &[u8]) -> Result<Option<(usize, Head)>, Broken> {
    // Not filled in before it is known how many there are.
    let mut headers = [const { MaybeUninit::uninit() }; limits::ANSWER_HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut []);
    let parser = ParserConfig::default();
    let length = match parser.parse_response_with_uninit_headers(&mut answer, came, &mut headers) {
        Ok(Status::Complete(length)) if length > limits::ANSWER_HEAD_BYTES_MAX => {
            return Err(Broken::TooLarge);
        }
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(Error::TooManyHeaders) => return Err(Broken::TooLarge),
        Err(error) => return Err(Broken::Malformed(words(error))),
    };
    let mut response = Response::new(());
    *response.status_mut() = answer
        .code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or(Broken::Malformed("there is no such status"))?;
    *response.version_mut() =
        if answer.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    *response.headers_mut() = header_map(answer.headers, &came[..length])?;
    let (framing, keeps) = (framing(&response)?, keeps(&response));
    Ok(Some((length, Head { response, framing, keeps })))
}

/// The headers of a head, whose values share one copy of it.
fn header_map(headers: &[httparse::Header<'_>], head: &[u8]) -> Result<HeaderMap, Broken> {
    let mut map = HeaderMap::with_capacity(headers.len());
    let copy = Bytes::copy_from_slice(head);
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let start = header.value.as_ptr().addr() - head.as_ptr().addr();
        let value = copy.slice(start..start + header.value.len());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_maybe_shared(value)) else {
            return Err(Broken::Malformed("a header is none"));
        };
        map.append(name, value);
    }
    Ok(map)
}

/// Where the body ends. Source: RFC 9112, section 6.3.
fn framing(answer: &Response<()>) -> Result<Framing, Broken> {
    let headers = answer.headers();
    let is_bare =
        [StatusCode::SWITCHING_PROTOCOLS, StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    if is_bare.contains(&answer.status()) {
        return Ok(Framing::NONE);
    }
    if let Some(last) = headers.get_all(TRANSFER_ENCODING).iter().next_back() {
        if answer.version() == Version::HTTP_10 {
            return Err(Broken::Malformed("HTTP/1.0 has no transfer-encoding"));
        }
        let is_chunked = last_of(last).eq_ignore_ascii_case(b"chunked");
        return Ok(if is_chunked { Framing::CHUNKED } else { Framing::UntilEnd });
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter().flat_map(listed).map(number);
    let Some(first) = lengths.next() else { return Ok(Framing::UntilEnd) };
    match first {
        Some(length) if lengths.all(|other| other == first) => Ok(Framing::Length(length)),
        _ => Err(Broken::Malformed("its content-length is no length")),
    }
}

/// Whether the connection can be used again. Source: RFC 9112, section 9.3.
fn keeps(answer: &Response<()>) -> bool {
    let says = |wanted: &[u8]| {
        let lines = answer.headers().get_all(CONNECTION).iter();
        lines.flat_map(listed).any(|word| word.eq_ignore_ascii_case(wanted))
    };
    let is_asked_for = answer.version() == Version::HTTP_11 || says(b"keep-alive");
    is_asked_for && !says(b"close") && answer.status() != StatusCode::SWITCHING_PROTOCOLS
}

/// The parts of a header that is a list.
fn listed(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn last_of(value: &HeaderValue) -> &[u8] {
    listed(value).last().unwrap_or_default()
}

fn number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

fn words(error: Error) -> &'static str {
    match error {
        Error::Version => "it begins otherwise",
        Error::Status => "the line with the status is odd",
        Error::HeaderName => "the name of a header is odd",
        Error::HeaderValue => "the value of a header is odd",
        _ => "a line ends oddly",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read of a text, however it is cut into pieces: status, framing, whether the connection is
    /// kept, and what is left.
    fn read(text: &str) -> Result<Option<(u16, Framing, bool, String)>, String> {
        let all = [1, 2, 3, 7, text.len().max(1)].map(|size| {
            let (mut heads, mut came) = (Heads::default(), BytesMut::new());
            let mut pieces = text.as_bytes().chunks(size);
            let head = loop {
                let Some(piece) = pieces.next() else { return Ok(None) };
                came.extend_from_slice(piece);
                match heads.take(&mut came).map_err(|broken| broken.to_string())? {
                    Some(head) => break head,
                    None => assert!(heads.have_begun()),
                }
            };
            pieces.for_each(|piece| came.extend_from_slice(piece));
            let rest = String::from_utf8_lossy(&came).into_owned();
            Ok(Some((head.response.status().as_u16(), head.framing, head.keeps, rest)))
        });
        assert!(all.iter().all(|one| *one == all[0]), "{text:?}: {all:?}");
        all[0].clone()
    }

    fn answer(headers: &str) -> Result<Option<(u16, Framing, bool, String)>, String> {
        read(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n"))
    }

    #[test]
    fn a_body_ends_where_the_head_says() {
        let check = |headers: &str, framing: Framing, keeps: bool| {
            assert_eq!(
                answer(headers),
                Ok(Some((200, framing, keeps, String::new()))),
                "{headers:?}"
            );
        };
        check("content-length: 5\r\n", Framing::Length(5), true);
        check("Content-Length: 5\r\ncontent-length:5, 5\r\n", Framing::Length(5), true);
        check("transfer-encoding: chunked\r\n", Framing::CHUNKED, true);
        check("transfer-encoding: gzip, Chunked\r\ncontent-length: 3\r\n", Framing::CHUNKED, true);
        check("transfer-encoding: chunked, gzip\r\n", Framing::UntilEnd, true);
        check("", Framing::UntilEnd, true);
        check("content-length: 0\r\nconnection: Close\r\n", Framing::NONE, false);
        check(
            "content-length: 0\r\nconnection: x, close\r\nconnection: keep-alive\r\n",
            Framing::NONE,
            false,
        );
        let bare = |line: &str| read(&format!("{line}\r\ncontent-length: 7\r\n\r\n"));
        assert_eq!(bare("HTTP/1.1 204 x"), Ok(Some((204, Framing::NONE, true, String::new()))));
        assert_eq!(bare("HTTP/1.1 304"), Ok(Some((304, Framing::NONE, true, String::new()))));
        assert_eq!(bare("HTTP/1.1 101 x"), Ok(Some((101, Framing::NONE, false, String::new()))));
        assert_eq!(
            bare("HTTP/1.0 200 x"),
            Ok(Some((200, Framing::Length(7), false, String::new())))
        );
        let old = "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\n";
        assert_eq!(read(old), Ok(Some((200, Framing::Length(1), true, String::new()))));
    }

    #[test]
    fn what_is_no_answer_is_told() {
        let check = |text: &str, why: &str| {
            assert_eq!(read(text), Err(format!("this is no HTTP/1.1: {why}")), "{text:?}");
        };
        for length in ["-1", "+1", "1, 2", "", "1,", "0x1", "99999999999999999999"] {
            let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            check(&text, "its content-length is no length");
        }
        check("SSH-2.0-OpenSSH_9.9\r\n", "it begins otherwise");
        check("HTTP/2.0 200 OK\r\n\r\n", "it begins otherwise");
        check("HTTP/1.1 2x0 OK\r\n\r\n", "the line with the status is odd");
        check("HTTP/1.1 099 OK\r\n\r\n", "there is no such status");
        check("HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "the name of a header is odd");
        check("HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n", "the name of a header is odd");
        check("HTTP/1.1 200 OK\r\nx: \0\r\n\r\n", "the value of a header is odd");
        check(
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.0 has no transfer-encoding",
        );
    }

    #[test]
    fn a_head_is_bounded() {
        let header = |bytes: usize| format!("x: {}\r\n", "y".repeat(bytes - 5));
        let room = limits::ANSWER_HEAD_BYTES_MAX - "HTTP/1.1 200 OK\r\n\r\n".len();
        assert!(answer(&header(room)).unwrap().is_some());
        let too_large = Err(Broken::TooLarge.to_string());
        assert_eq!(answer(&header(room + 1)), too_large);
        assert!(answer(&"x: y\r\n".repeat(limits::ANSWER_HEADERS_MAX)).unwrap().is_some());
        assert_eq!(answer(&"x: y\r\n".repeat(limits::ANSWER_HEADERS_MAX + 1)), too_large);
        let endless =
            format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(limits::ANSWER_HEAD_BYTES_MAX));
        assert_eq!(read(&endless), too_large);
    }

    #[test]
    fn a_few_answers_on_the_way_are_passed_over() {
        let early = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
        let last = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let found = Ok(Some((200, Framing::Length(2), true, "ok".to_owned())));
        assert_eq!(read(&format!("{}{last}", early.repeat(limits::EARLY_ANSWERS_MAX))), found);
        assert_eq!(read(&format!("{}{last}", early.replace('\r', ""))), found);
        assert_eq!(read(&format!("\r\n\r\n{last}")), found, "empty lines before it");
        let too_many = early.repeat(limits::EARLY_ANSWERS_MAX + 1);
        assert_eq!(read(&too_many), Err(Broken::TooManyEarly.to_string()));
        assert_eq!(read(early), Ok(None));
        assert_eq!(read(""), Ok(None));
    }

    #[test]
    fn a_head_that_is_cut_off_is_told_by_what_is_wrong_with_it() {
        let check = |came: &[u8], unsent: bool, wanted: &str| {
            let unsent = unsent.then(|| io::ErrorKind::BrokenPipe.into());
            assert_eq!(Heads::default().cut_off(came, unsent).to_string(), wanted);
        };
        let ended = Broken::Ended.to_string();
        check(b"", false, &ended);
        check(b"", true, "broken pipe");
        check(b"HTTP/1.1 200 OK\r\n", false, &ended);
        let odd = "this is no HTTP/1.1: the name of a header is odd";
        check(b"HTTP/1.1 200 OK\r\n<html>\r\n", true, odd);
    }

    const PARTS: [&str; 14] = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 204\r\n",
        "HTTP/1.1 103 x\r\n\r\n",
        "\r\n",
        "\n",
        "\r",
        "x: y\r\n",
        "content-length: 3\r\n",
        "transfer-encoding: chunked\n",
        "connection: close\r\n",
        ": ",
        "\0",
        "é",
        "z",
    ];

    proptest! {
        #[test]
        fn whatever_comes_is_read_alike_however_it_is_cut(
            parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..12),
        ) {
            // Something that ends a head ends it for all.
            let _ = read(&format!("{}\r\n\r\n", parts.concat()));
        }
    }
}
