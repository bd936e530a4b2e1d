//! A request as it is made, before a connection is known that takes it.
//!
//! What does not differ between the requests of a destination to its own origin is made once and shared:
//! headers, and how they are written in HTTP/1.1. Unknown here: connections, and what answers mean.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};

use crate::lines::{write_length, write_line};

/// A request of one attempt.
pub struct Letter {
    /// Its method.
    pub method: Method,
    /// The path and query it asks for.
    pub asked: Uri,
    /// Its headers, but for those of its own.
    pub shared: Rc<Shared>,
    /// Headers of its own, one value each, in the place of a shared one of the same name.
    pub own: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Headers that many requests have.
pub struct Shared {
    headers: HeaderMap,
    /// As they go over the wire in HTTP/1.1.
    written: Vec<u8>,
}

impl From<HeaderMap> for Shared {
    fn from(headers: HeaderMap) -> Self {
        let mut written = Vec::new();
        write_lines(&mut written, &headers);
        Self { headers, written }
    }
}

impl Letter {
    /// A POST of so many bytes.
    #[cfg(test)]
    pub fn of_bytes(count: usize) -> Self {
        Self {
            method: Method::POST,
            asked: Uri::from_static("/"),
            shared: Rc::new(HeaderMap::new().into()),
            own: HeaderMap::new(),
            body: Bytes::from(vec![b'x'; count]),
        }
    }

    /// All of its headers.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = self.shared.headers.clone();
        for (name, value) in &self.own {
            headers.insert(name, value.clone());
        }
        headers
    }

    /// The request without its body.
    pub fn to_request(&self) -> Request<()> {
        let mut request = Request::new(());
        request.method_mut().clone_from(&self.method);
        request.uri_mut().clone_from(&self.asked);
        *request.headers_mut() = self.headers();
        request
    }

    /// All of it as it goes over the wire in HTTP/1.1.
    pub fn written(&self) -> Vec<u8> {
        let mut written = self.head(self.body.len());
        written.extend_from_slice(&self.body);
        written
    }

    /// Its head as it goes over the wire in HTTP/1.1, and room for so many bytes behind it. Source: RFC
    /// 9112, section 3.
    pub fn head(&self, room: usize) -> Vec<u8> {
        let target = self.asked.path_and_query().map_or("/", |target| target.as_str());
        let own: usize = self.own.iter().map(line_bytes).sum();
        let bytes = target.len() + self.shared.written.len() + own + ROOM_FOR_THE_REST;
        let mut head = Vec::with_capacity(bytes + room);
        for part in [self.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        if self.own.keys().any(|name| self.shared.headers.contains_key(name)) {
            write_lines(&mut head, &self.headers());
        } else {
            head.extend_from_slice(&self.shared.written);
            write_lines(&mut head, &self.own);
        }
        // Source: RFC 9110, section 8.6: who may send a body says so also where there is none.
        let says_none = [Method::POST, Method::PUT, Method::PATCH].contains(&self.method);
        if !self.body.is_empty() || says_none {
            write_length(&mut head, self.body.len());
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

/// Room for what a head has besides its target and headers.
const ROOM_FOR_THE_REST: usize = 64;

/// Bytes of a header as it is written.
fn line_bytes((name, value): (&HeaderName, &HeaderValue)) -> usize {
    name.as_str().len() + value.len() + ": \r\n".len()
}

fn write_lines(bytes: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        write_line(bytes, name.as_str(), value.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn letter(method: Method, own: &[(&'static str, &'static str)], body: &'static str) -> Letter {
        Letter {
            method,
            asked: Uri::from_static("/in?a=b"),
            shared: Rc::new(headers(&[("host", "a.test"), ("x-y", "z")]).into()),
            own: headers(own),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn a_request_is_written_as_it_is() {
        let check = |letter: Letter, text: &str| {
            assert_eq!(String::from_utf8(letter.head(0)).unwrap(), text);
            let whole = [text.as_bytes(), &letter.body].concat();
            assert_eq!(letter.written(), whole);
        };
        let post = |own| letter(Method::POST, own, "{}");
        let lines = "host: a.test\r\nx-y: z\r\n";
        let first = "POST /in?a=b HTTP/1.1\r\n";
        check(post(&[]), &format!("{first}{lines}content-length: 2\r\n\r\n"));
        check(post(&[("n", "")]), &format!("{first}{lines}n: \r\ncontent-length: 2\r\n\r\n"));
        let instead =
            format!("{first}host: a.test\r\nx-y: own\r\nn: 1\r\ncontent-length: 2\r\n\r\n");
        check(post(&[("n", "1"), ("x-y", "own")]), &instead);
        let request = post(&[("n", "1"), ("x-y", "own")]).to_request();
        let want = headers(&[("host", "a.test"), ("x-y", "own"), ("n", "1")]);
        assert_eq!((request.headers(), request.method()), (&want, &Method::POST));
        let empty = |method| letter(method, &[], "");
        check(empty(Method::GET), &format!("GET /in?a=b HTTP/1.1\r\n{lines}\r\n"));
        check(empty(Method::DELETE), &format!("DELETE /in?a=b HTTP/1.1\r\n{lines}\r\n"));
        for method in ["POST", "PUT", "PATCH"] {
            let text = format!("{method} /in?a=b HTTP/1.1\r\n{lines}content-length: 0\r\n\r\n");
            check(empty(method.parse().unwrap()), &text);
        }
        check(
            Letter { asked: Uri::from_static("http://a.test"), ..empty(Method::GET) },
            &format!("GET / HTTP/1.1\r\n{lines}\r\n"),
        );
    }
}
