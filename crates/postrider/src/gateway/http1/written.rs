//! Answers as they are written on HTTP/1.1.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::request::Parts;
use http::{Method, StatusCode, Version};
use httpdate::HttpDate;

use crate::gateway::answer::Answer;
use crate::lines::{write_length, write_line};

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manner {
    /// Whether its request is of HTTP/1.0, whose clients look at the version of an answer.
    pub is_old: bool,
    /// Whether its body is only told of.
    pub is_bare: bool,
    /// Whether another request may follow.
    pub stays: bool,
}

impl Manner {
    /// The manner that fits a request.
    pub fn of(head: &Parts, stays: bool) -> Self {
        let is_old = head.version == Version::HTTP_10;
        Self { is_old, is_bare: head.method == Method::HEAD, stays }
    }
}

/// An answer where no request could be read that it would answer; the connection ends with it.
pub fn last(answer: &Answer) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, answer, Manner { is_old: false, is_bare: false, stays: false });
    bytes
}

/// Writes an answer behind what is there already.
pub fn write(bytes: &mut Vec<u8>, answer: &Answer, manner: Manner) {
    write_at(bytes, answer, manner, SystemTime::now());
}

fn write_at(bytes: &mut Vec<u8>, answer: &Answer, manner: Manner, now: SystemTime) {
    let (status, body) = (answer.status(), answer.body());
    bytes.extend_from_slice(if manner.is_old { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
    bytes.extend_from_slice(status.as_str().as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    bytes.extend_from_slice(b"\r\n");
    for (name, value) in answer.headers() {
        write_line(bytes, name.as_str(), value.as_bytes());
    }
    // Source: RFC 9110, section 8.6.
    if status != StatusCode::NO_CONTENT {
        write_length(bytes, body.len());
    }
    match (manner.is_old, manner.stays) {
        (_, false) => write_line(bytes, "connection", b"close"),
        (true, true) => write_line(bytes, "connection", b"keep-alive"),
        (false, true) => {}
    }
    write_line(bytes, "date", &date(now));
    bytes.extend_from_slice(b"\r\n");
    if !manner.is_bare {
        bytes.extend_from_slice(body);
    }
}

thread_local! {
    /// The second of the last answer, and how it is written.
    static DATE: Cell<(u64, [u8; 29])> = const { Cell::new((u64::MAX, [0; 29])) };
}

/// A moment as answers tell it, which is worked out once in a second.
fn date(now: SystemTime) -> [u8; 29] {
    let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (known, text) = DATE.get();
    if known == second {
        return text;
    }
    let new = HttpDate::from(UNIX_EPOCH + Duration::from_secs(second)).to_string();
    let text = new.as_bytes().try_into().unwrap_or(text);
    DATE.set((second, text));
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;

    use super::*;

    const PLAIN: Manner = Manner { is_old: false, is_bare: false, stays: true };

    fn check(answer: &Answer, manner: Manner, want: &str) {
        let mut bytes = b"before ".to_vec();
        write_at(&mut bytes, answer, manner, UNIX_EPOCH + Duration::from_millis(784_111_777_999));
        let want = want.replace("DATE", "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("before {want}"), "{manner:?}");
    }

    #[test]
    fn answers_fit_their_requests() {
        let mut answer = Response::new(Bytes::from_static(b"ok"));
        answer.headers_mut().insert("x-a", "b".parse().unwrap());
        let lines = "200 OK\r\nx-a: b\r\ncontent-length: 2\r\n";
        check(&answer, PLAIN, &format!("HTTP/1.1 {lines}DATE\r\nok"));
        let bare = Manner { is_bare: true, ..PLAIN };
        check(&answer, bare, &format!("HTTP/1.1 {lines}DATE\r\n"));
        let last = Manner { stays: false, ..PLAIN };
        check(&answer, last, &format!("HTTP/1.1 {lines}connection: close\r\nDATE\r\nok"));
        let old = Manner { is_old: true, ..PLAIN };
        check(&answer, old, &format!("HTTP/1.0 {lines}connection: keep-alive\r\nDATE\r\nok"));
        let oldest = Manner { is_old: true, ..last };
        check(&answer, oldest, &format!("HTTP/1.0 {lines}connection: close\r\nDATE\r\nok"));
        let mut nothing = Response::new(Bytes::new());
        check(&nothing, PLAIN, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nDATE\r\n");
        *nothing.status_mut() = StatusCode::NO_CONTENT;
        check(&nothing, PLAIN, "HTTP/1.1 204 No Content\r\nDATE\r\n");
    }

    #[test]
    fn dates_go_on() {
        let at =
            |second| String::from_utf8(date(UNIX_EPOCH + Duration::from_secs(second)).to_vec());
        assert_eq!(at(0).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(at(1).unwrap(), "Thu, 01 Jan 1970 00:00:01 GMT");
        assert_eq!(at(0).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
