//! Requests as they are cut out of what comes, in any pieces.

use bytes::Bytes;
use domain::limits;
use http::request::Parts;
use proptest::prelude::*;

use super::Fault;
use super::inbox::{Damaged, Inbox, Piece};

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Seen {
    requests: Vec<Request>,
    fault: Option<Fault>,
    is_damaged: bool,
    /// Bytes that were taken.
    passes: usize,
    is_in_body: bool,
}

/// A request in words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Request {
    line: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    fn of(head: &Parts) -> Self {
        let headers = head.headers.iter();
        Self {
            line: format!("{} {} {:?}", head.method, head.uri, head.version),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.as_bytes().into()))
                .collect(),
            body: Vec::new(),
        }
    }
}

impl Seen {
    /// Reads on as far as it goes; whether more would be read.
    fn read_on(&mut self, inbox: &mut Inbox) -> bool {
        let (mut head, ()) = http::Request::new(()).into_parts();
        loop {
            if self.is_in_body {
                match inbox.take_piece() {
                    Ok(Piece::Some(piece)) => self.requests.last_mut().unwrap().body.extend(piece),
                    Ok(Piece::Over) => self.is_in_body = false,
                    Ok(Piece::More) => return true,
                    Err(Damaged) => self.is_damaged = true,
                }
            } else {
                match inbox.take_head(&mut head) {
                    Ok(true) => self.requests.push(Request::of(&head)),
                    Ok(false) => return true,
                    Err(fault) => self.fault = Some(fault),
                }
                self.is_in_body = self.fault.is_none();
            }
            if self.is_damaged || self.fault.is_some() {
                return false;
            }
        }
    }
}

fn read(pieces: &[&[u8]]) -> Seen {
    let (mut inbox, mut seen) = (Inbox::default(), Seen::default());
    for piece in pieces {
        inbox.came().extend_from_slice(piece);
        seen.passes += piece.len();
        if !seen.read_on(&mut inbox) {
            break;
        }
    }
    seen.passes -= inbox.came().len();
    seen
}

/// Everything at once, and then in every two parts: it must not matter how bytes arrive.
fn look(bytes: &[u8]) -> Seen {
    let whole = read(&[bytes]);
    for cut in 0..=bytes.len() {
        let both = read(&[&bytes[..cut], &bytes[cut..]]);
        // Where in a line damage is found depends on how it comes.
        assert_eq!(Seen { passes: whole.passes, ..both.clone() }, whole, "cut at {cut}");
        assert!(whole.is_damaged || both.passes == whole.passes, "cut at {cut}");
    }
    whole
}

fn check(text: &str, fault: Option<Fault>) {
    let seen = look(text.as_bytes());
    let passes = if fault.is_some() { 0 } else { text.len() };
    assert_eq!((seen.passes, seen.fault, seen.is_damaged), (passes, fault, false), "{text:?}");
}

/// A POST with these lines in its head, and `rest` after it.
fn post(lines: &str, rest: &str) -> String {
    format!("POST /v1/track HTTP/1.1\r\nhost: x\r\n{lines}\r\n{rest}")
}

#[test]
fn requests_without_a_doubt_pass() {
    check("GET / HTTP/1.1\r\nHost: x\r\n\r\n", None);
    check("GET / HTTP/1.1\r\nHost:\r\n\r\n", None);
    check("GET / HTTP/1.0\r\n\r\n", None);
    check("\r\n\r\nGET / HTTP/1.0\r\n\r\n", None);
    check("OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", None);
    check("GET http://x/v1/track?a=%20 HTTP/1.1\r\nhost: x\r\n\r\n", None);
    check(&post("content-length: 3\r\n", "abc"), None);
    check(&post("Content-Length:3 \r\n", "\n\n\n"), None);
    check(&post("content-length: 0\r\n", ""), None);
    check(&post("transfer-encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), None);
    check(&post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), None);
    check(&post("x: a\tb \u{e9}\r\n", ""), None);
}

#[test]
fn what_one_parser_may_read_otherwise_than_another_is_refused() {
    let framing = Some(Fault::Framing);
    let chunked = "0\r\n\r\n";
    check(&post("content-length: 5\r\ntransfer-encoding: chunked\r\n", chunked), framing);
    check(&post("transfer-encoding: chunked\r\ncontent-length: 5\r\n", chunked), framing);
    check(&post("content-length: 3\r\ncontent-length: 3\r\n", "abc"), framing);
    check(&post("content-length: 3\r\ncontent-length: 4\r\n", "abc"), framing);
    check(&post("content-length: 3, 3\r\n", "abc"), framing);
    for length in
        ["", "+1", "-1", "0x1", "1 1", "1a", "18446744073709551614", "99999999999999999999"]
    {
        check(&post(&format!("content-length: {length}\r\n"), "a"), framing);
    }
    for coding in ["", "xchunked", "gzip, chunked", "chunked, chunked", "identity", "\"chunked\""] {
        check(&post(&format!("transfer-encoding: {coding}\r\n"), chunked), framing);
    }
    check(&post("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", ""), framing);
    check("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", framing);
    let syntax = Some(Fault::Syntax);
    check("GET / HTTP/1.1\nhost: x\r\n\r\n", syntax);
    check("GET / HTTP/1.1\r\nhost: x\n\r\n", syntax);
    check("GET / HTTP/1.1\r\nhost: x\r\n\n", syntax);
    check("\nGET / HTTP/1.1\r\nhost: x\r\n\r\n", syntax);
    check("GET / HTTP/1.1\r\nhost: x\r\n folded\r\n\r\n", syntax);
    check("GET / HTTP/1.1\r\n\r\n", Some(Fault::Host));
    check("GET / HTTP/1.1\r\nhost: x\r\nHost: x\r\n\r\n", Some(Fault::Host));
}

#[test]
fn what_is_no_head_is_refused() {
    let syntax = Some(Fault::Syntax);
    for line in [
        "SSH-2.0-OpenSSH_9.2",
        "EHLO example.com",
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET / HTTP/0.9",
        "GET / HTTP/2.0",
        "GET / http/1.1",
        " GET / HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET /\t HTTP/1.1",
        "\u{16}\u{3}\u{1}",
    ] {
        check(&format!("{line}\r\nhost: x\r\n\r\n"), syntax);
    }
    for line in ["host", ": x", "ho st: x", "x : y", "x\0: y", "x: a\0b", "x: a\rb", "x: \u{7f}"] {
        check(&post(&format!("{line}\r\n"), ""), syntax);
    }
}

#[test]
fn targets_that_the_parser_refuses_are_refused() {
    let target = Some(Fault::Target);
    for odd in ["/v1/track#", "/#a", "/a<b", "/?a>b", "v1/track", "http://"] {
        check(&format!("GET {odd} HTTP/1.1\r\nhost: x\r\n\r\n"), target);
    }
    for right in ["/a\"b{c}", "/?a^b`{|}", "/\u{e9}", "x:80", "http://x:80", "/a!$'()*;@[]"] {
        check(&format!("GET {right} HTTP/1.1\r\nhost: x\r\n\r\n"), None);
    }
}

#[test]
fn heads_are_bounded() {
    let lines = |count: usize| "a: b\r\n".repeat(count);
    check(&post(&lines(99), ""), None);
    check(&post(&lines(100), ""), Some(Fault::HeadTooLarge));
    let fault = |text: String| {
        let seen = read(&[text.as_bytes()]);
        assert_eq!(seen.passes, 0, "{text:.40}");
        seen.fault
    };
    let long = "a".repeat(64 << 10);
    let (head, target) = (Some(Fault::HeadTooLarge), Some(Fault::TargetTooLong));
    assert_eq!(fault(post(&format!("a: {long}\r\n"), "")), head);
    assert_eq!(fault(format!("GET / HTTP/1.1\r\nhost: {long}")), head, "without an end");
    assert_eq!(fault(format!("GET /{long} HTTP/1.1\r\n")), target);
    assert_eq!(fault(format!("GET /{long}")), target, "without an end");
    assert_eq!(fault("\r\n".repeat(64 << 10)), target);
}

#[test]
fn each_request_of_a_connection_is_looked_at() {
    let first = post("content-length: 2\r\n", "{}");
    let second = post("transfer-encoding: chunked\r\n", "2;a=b\r\n{}\r\n0\r\na: b\r\n\r\n");
    let third = "GET / HTTP/1.1\r\n\r\n";
    let all = format!("{first}{second}{third}");
    let passes = first.len() + second.len();
    let seen = look(all.as_bytes());
    assert_eq!((seen.passes, seen.fault), (passes, Some(Fault::Host)));
    let part = format!("{first}GET / HT");
    let seen = look(part.as_bytes());
    assert_eq!((seen.passes, seen.fault), (first.len(), None));
}

#[test]
fn requests_are_read_as_they_were_written() {
    let first = "\r\nPOST /v1/track?a=b HTTP/1.1\r\nHost: x:80\r\nX-A:\t a \u{e9}b  \r\nx-a:\r\n\
        Transfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n2\r\nbc\r\n0\r\nmore: x\r\n\r\n";
    let second = "GET http://x/%20 HTTP/1.0\r\ncontent-length: 2\r\n\r\n\r\n";
    let seen = look(format!("{first}{second}").as_bytes());
    let headers = |lines: &[(&str, &str)]| {
        lines.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
    };
    let lines =
        [("host", "x:80"), ("x-a", "a \u{e9}b"), ("x-a", ""), ("transfer-encoding", "chunked")];
    let first = Request {
        line: "POST /v1/track?a=b HTTP/1.1".to_owned(),
        headers: headers(&lines),
        body: b"abc".to_vec(),
    };
    let second = Request {
        line: "GET http://x/%20 HTTP/1.0".to_owned(),
        headers: headers(&[("content-length", "2")]),
        body: b"\r\n".to_vec(),
    };
    assert_eq!(seen.requests, [first, second]);
}

#[test]
fn a_damaged_body_is_followed_by_nothing() {
    let next = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let seen = look(post("transfer-encoding: chunked\r\n", &format!("2\r\nab\n{next}")).as_bytes());
    assert_eq!((seen.is_damaged, seen.requests.len()), (true, 1));
    assert_eq!(seen.requests[0].body, b"ab", "what came before it");
    let mut inbox = inbox("transfer-encoding: chunked\r\n", "2\r\nab\n0");
    assert_eq!(inbox.take_piece(), Ok(Piece::Some(Bytes::from_static(b"ab"))));
    for _ in 0..3 {
        assert_eq!(inbox.take_piece(), Err(Damaged), "however often one asks");
    }
}

/// An inbox that has read the head of a request with these lines, and then this of its body.
fn inbox(lines: &str, came: &str) -> Inbox {
    let mut inbox = Inbox::default();
    inbox.came().extend_from_slice(post(lines, came).as_bytes());
    let (mut head, ()) = http::Request::new(()).into_parts();
    assert_eq!(inbox.take_head(&mut head), Ok(true));
    inbox
}

#[test]
fn room_is_made_for_what_is_known_to_come_and_within_bounds() {
    let room = |lines: &str, came: &str| {
        let mut inbox = inbox(lines, came);
        assert_eq!(inbox.take_piece(), Ok(Piece::More));
        inbox.give_back();
        inbox.make_room();
        inbox.came().capacity()
    };
    let (least, most) = (limits::HELD_READ_BYTES, limits::BODY_READ_BYTES_MAX);
    assert_eq!(room("content-length: 1\r\n", ""), least);
    assert_eq!(room("content-length: 10000\r\n", ""), 10_001);
    assert_eq!(room(&format!("content-length: {}\r\n", u64::MAX - 2), ""), most);
    assert_eq!(room("transfer-encoding: chunked\r\n", ""), least);
    assert_eq!(room("transfer-encoding: chunked\r\n", "4000\r\n"), (16 << 10) + 1);
    assert_eq!(room("transfer-encoding: chunked\r\n", "ffffffffffffffff\r\n"), most);
}

#[test]
fn what_is_held_of_a_head_is_bounded() {
    let mut inbox = Inbox::default();
    let (mut head, ()) = http::Request::new(()).into_parts();
    inbox.came().extend_from_slice(b"GET / HTTP/1.1\r\nx: ");
    while inbox.take_head(&mut head) == Ok(false) {
        inbox.make_room();
        let room = inbox.came().capacity() - inbox.came().len();
        assert!(room <= limits::HELD_READ_BYTES, "{room}");
        inbox.came().extend_from_slice(&b"a".repeat(room.min(1_000)));
    }
    let most = limits::REQUEST_HEAD_BYTES_MAX + limits::HELD_READ_BYTES;
    assert!(inbox.came().capacity() <= most, "{}", inbox.came().capacity());
}

proptest! {
    #[test]
    fn any_bytes_pass_or_not_however_they_arrive(
        bytes in prop::collection::vec(prop::sample::select(
            b"GET / HTTP/1.1\r\n: \n0chunked1234,Contentlghthosrafi-xE\0\xff".to_vec()), 0..120),
    ) {
        look(&bytes);
    }

    #[test]
    fn bodies_pass_whatever_is_in_them(body in prop::collection::vec(any::<u8>(), 0..60)) {
        let head = post(&format!("content-length: {}\r\n", body.len()), "");
        let all = [head.as_bytes(), &body, b"GET /"].concat();
        let passes = head.len() + body.len();
        let seen = look(&all);
        prop_assert_eq!((seen.passes, seen.fault), (passes, None));
        prop_assert_eq!(&seen.requests[0].body, &body);
    }

    #[test]
    fn chunks_are_put_together(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..6),
    ) {
        let written = chunks.iter().map(|chunk| {
            [format!("{:X}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()
        });
        let head = post("transfer-encoding: chunked\r\n", "");
        let body: Vec<u8> = written.chain([b"0\r\n\r\n".to_vec()]).flatten().collect();
        let seen = look(&[head.as_bytes(), &body].concat());
        prop_assert_eq!(seen.passes, head.len() + body.len());
        prop_assert_eq!(&seen.requests[0].body, &chunks.concat());
    }
}
