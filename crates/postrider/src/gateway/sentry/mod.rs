//! The sentry: looks at a connection's bytes before the HTTP/1 parser gets them.
//!
//! Where a request ends must be beyond doubt, or a proxy in front and the gateway may see different
//! requests in the same bytes, and one client's become another's. The parser forgives what some
//! proxies do not: both `Content-Length` and `Transfer-Encoding`, a length that stands twice, lines
//! that end without a carriage return, no `Host`. Here such heads are refused, and whatever the
//! parser would not take is told why instead of being cut off.
//!
//! In come the bytes that have not passed yet; out goes how many may pass. Of HTTP/2, where frames
//! leave no such doubt, only the heads of frames are looked at. Unknown here: what requests mean.

mod chunks;
mod frames;
mod head;

use chunks::Chunks;
use head::{Framing, Head, Scan};

pub use frames::{Received, Sent};
pub use head::Fault;

/// Follows the requests of one connection.
#[derive(Debug, Default)]
pub struct Sentry {
    place: Place,
}

/// Where in a request the next byte is.
#[derive(Debug)]
enum Place {
    Head(Head),
    /// So many bytes of a body are left.
    Sized(u64),
    Chunked(Chunks),
}

/// What was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// So many bytes may pass; those after them have to be shown again, with what follows.
    pub passes: usize,
    /// Why the bytes after those will never pass.
    pub fault: Option<Fault>,
}

impl Default for Place {
    fn default() -> Self {
        Self::Head(Head::default())
    }
}

impl Sentry {
    /// Looks at all bytes that have not passed yet: those held back before, and new ones.
    ///
    /// A head passes as a whole, a body as it comes.
    pub fn look(&mut self, bytes: &[u8]) -> Look {
        let mut passes = 0;
        loop {
            let rest = &bytes[passes..];
            let (passed, step) = self.step(rest);
            passes += passed;
            match step {
                Step::Next if passes < bytes.len() => {}
                Step::Next | Step::Wait => return Look { passes, fault: None },
                Step::Refuse(fault) => return Look { passes, fault: Some(fault) },
            }
        }
    }

    fn step(&mut self, rest: &[u8]) -> (usize, Step) {
        match &mut self.place {
            Place::Head(head) => match head.scan(rest) {
                Scan::Whole { bytes, framing } => {
                    self.place = framing.into();
                    (bytes, Step::Next)
                }
                Scan::Part => (0, Step::Wait),
                Scan::Fault(fault) => (0, Step::Refuse(fault)),
            },
            Place::Sized(left) => {
                let passed = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                *left -= passed as u64;
                if *left == 0 {
                    self.place = Place::default();
                }
                (passed, Step::Next)
            }
            Place::Chunked(chunks) => match chunks.follow(rest) {
                Ok(passed) => {
                    if chunks.is_over() {
                        self.place = Place::default();
                    }
                    (passed, Step::Next)
                }
                // What came before it may pass: the one who reads the body answers.
                Err(passed) => (passed, Step::Refuse(Fault::Chunks)),
            },
        }
    }
}

/// How it goes on.
enum Step {
    Next,
    Wait,
    Refuse(Fault),
}

impl From<Framing> for Place {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::Sized(0) => Self::default(),
            Framing::Sized(bytes) => Self::Sized(bytes),
            Framing::Chunked => Self::Chunked(Chunks::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything at once, and then in every two parts: it must not matter how bytes arrive.
    fn look(bytes: &[u8]) -> Look {
        let whole = Sentry::default().look(bytes);
        for cut in 0..=bytes.len() {
            let mut sentry = Sentry::default();
            let first = sentry.look(&bytes[..cut]);
            let both = match first.fault {
                Some(_) => first,
                None => {
                    let second = sentry.look(&bytes[first.passes..]);
                    Look { passes: first.passes + second.passes, ..second }
                }
            };
            assert_eq!(both, whole, "cut at {cut}");
        }
        whole
    }

    fn check(text: &str, fault: Option<Fault>) {
        let passes = if fault.is_some() { 0 } else { text.len() };
        assert_eq!(look(text.as_bytes()), Look { passes, fault }, "{text:?}");
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
        for coding in
            ["", "xchunked", "gzip, chunked", "chunked, chunked", "identity", "\"chunked\""]
        {
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
        for line in
            ["host", ": x", "ho st: x", "x : y", "x\0: y", "x: a\0b", "x: a\rb", "x: \u{7f}"]
        {
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
        let look_at = |text: String| Sentry::default().look(text.as_bytes());
        let long = "a".repeat(64 << 10);
        let head = Look { passes: 0, fault: Some(Fault::HeadTooLarge) };
        assert_eq!(look_at(post(&format!("a: {long}\r\n"), "")), head);
        assert_eq!(look_at(format!("GET / HTTP/1.1\r\nhost: {long}")), head, "without an end");
        let target = Look { passes: 0, fault: Some(Fault::TargetTooLong) };
        assert_eq!(look_at(format!("GET /{long} HTTP/1.1\r\n")), target);
        assert_eq!(look_at(format!("GET /{long}")), target, "without an end");
        assert_eq!(look_at("\r\n".repeat(64 << 10)).fault, Some(Fault::TargetTooLong));
    }

    #[test]
    fn each_request_of_a_connection_is_looked_at() {
        let first = post("content-length: 2\r\n", "{}");
        let second = post("transfer-encoding: chunked\r\n", "2;a=b\r\n{}\r\n0\r\na: b\r\n\r\n");
        let third = "GET / HTTP/1.1\r\n\r\n";
        let all = format!("{first}{second}{third}");
        let passes = first.len() + second.len();
        assert_eq!(look(all.as_bytes()), Look { passes, fault: Some(Fault::Host) });
        let part = format!("{first}GET / HT");
        assert_eq!(look(part.as_bytes()), Look { passes: first.len(), fault: None });
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
            prop_assert_eq!(look(&all), Look { passes, fault: None });
        }
    }
}
