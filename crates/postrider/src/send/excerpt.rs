//! What people see of answers: bounded, and without secrets.
//!
//! Nearly all answers of a destination are alike, so the last one that was put into words is kept,
//! and compared with the next one as it comes.

use std::cell::RefCell;
use std::sync::Arc;

use domain::delivery::trace::Excerpt;
use domain::limits;
use http::HeaderName;
use http::header::{
    AGE, AUTHORIZATION, CONNECTION, DATE, HeaderMap, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, SET_COOKIE, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};

use super::secrets::{HIDDEN, Secrets};

/// Headers that say when and how an answer came, and nothing of what the endpoint thinks.
const FLEETING: [HeaderName; 4] = [DATE, AGE, CONNECTION, TRANSFER_ENCODING];

/// Headers whose values are secrets.
const SECRET: [HeaderName; 5] =
    [SET_COOKIE, AUTHORIZATION, WWW_AUTHENTICATE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION];

/// Answers of a destination in the words that people see.
pub struct Excerpts {
    secrets: Secrets,
    last: RefCell<Option<Kept>>,
}

/// An answer as it came, and its words.
struct Kept {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    excerpt: Arc<Excerpt>,
}

impl Excerpts {
    /// No answer has come yet.
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, last: RefCell::default() }
    }

    /// The words for an answer, of which the body is only the beginning.
    pub fn of(&self, headers: &HeaderMap, body: &[u8]) -> Arc<Excerpt> {
        let mut last = self.last.borrow_mut();
        if let Some(kept) = last.as_ref().filter(|kept| kept.is_of(headers, body)) {
            return kept.excerpt.clone();
        }
        let lasting = headers.iter().filter(|(name, _)| !FLEETING.contains(name));
        let headers: Vec<_> = lasting.map(|(name, value)| (name.clone(), value.clone())).collect();
        let excerpt = Arc::new(Excerpt { headers: self.headers(&headers), body: self.body(body) });
        let kept = Kept { headers, body: body.to_vec(), excerpt: excerpt.clone() };
        *last = Some(kept);
        excerpt
    }

    fn headers(&self, headers: &[(HeaderName, HeaderValue)]) -> Vec<(String, String)> {
        let mut bytes = 0;
        let shown = headers.iter().map(|(name, value)| {
            let value = if SECRET.contains(name) { HIDDEN.to_owned() } else { self.value(value) };
            (name.as_str().to_owned(), value)
        });
        let fits = |(name, value): &(String, String)| {
            bytes += name.len() + value.len();
            bytes <= limits::EXCERPT_HEADERS_BYTES_MAX
        };
        shown.take_while(fits).collect()
    }

    fn value(&self, value: &HeaderValue) -> String {
        let text = String::from_utf8_lossy(value.as_bytes());
        if self.secrets.have(&text) {
            return HIDDEN.to_owned();
        }
        cut(self.secrets.taken_out(&text), limits::EXCERPT_VALUE_BYTES_MAX)
    }

    fn body(&self, body: &[u8]) -> String {
        let text = self.secrets.taken_out(&String::from_utf8_lossy(body));
        cut(text, limits::EXCERPT_BODY_BYTES_MAX)
    }
}

impl Kept {
    /// Whether an answer is this one, but for what is fleeting.
    fn is_of(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let mut own = self.headers.iter().peekable();
        let are_alike = headers.iter().all(|(name, value)| {
            let is_next = own.next_if(|(known, text)| known == name && text == value).is_some();
            is_next || FLEETING.contains(name)
        });
        are_alike && own.next().is_none() && self.body == *body
    }
}

fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &[(&'static str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        };
        let mut head = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            head.append(name, value);
        }
        head
    }

    fn excerpts(values: &[&str]) -> Excerpts {
        Excerpts::new(Secrets::among(values.iter().copied()))
    }

    fn shown(excerpt: &Excerpt) -> Vec<String> {
        excerpt.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn answers_that_are_alike_share_their_words() {
        let excerpts = excerpts(&[]);
        let body = b"ok";
        let of = |lines: &[(&'static str, &str)], body: &[u8]| excerpts.of(&head(lines), body);
        let first = of(&[("server", "x"), ("date", "Monday"), ("a", "1"), ("a", "2")], body);
        assert_eq!(shown(&first), ["server: x", "a: 1", "a: 2"]);
        let again = of(&[("date", "Tuesday"), ("server", "x"), ("a", "1"), ("a", "2")], body);
        assert!(Arc::ptr_eq(&first, &again));
        let without_date = of(&[("server", "x"), ("a", "1"), ("a", "2")], body);
        assert!(Arc::ptr_eq(&first, &without_date));
        let no = b"no";
        for (lines, body) in [
            (&[("server", "x"), ("a", "1"), ("a", "3")][..], body),
            (&[("server", "x"), ("a", "1")], body),
            (&[("server", "x"), ("a", "1"), ("a", "2"), ("b", "1")], body),
            (&[("server", "x"), ("a", "1"), ("a", "2")], no),
        ] {
            let known = of(&[("server", "x"), ("a", "1"), ("a", "2")], b"ok");
            let other = of(lines, body);
            assert!(!Arc::ptr_eq(&known, &other), "{other:?}");
        }
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let excerpts = excerpts(&["Bearer t0ken-of-ours", "s3cret-value", "abc", ""]);
        let head = head(&[
            ("set-cookie", "session=1"),
            ("www-authenticate", "Basic realm=x"),
            ("authorization", "x"),
            ("x-echo", "s3cret-value"),
            ("x-part", "key=s3cret-value; t0ken-of-ours"),
            ("x-short", "abc"),
            ("x-longer", "abcd"),
        ]);
        let body = b"{\"you sent\":\"Bearer t0ken-of-ours\",\"x\":\"abc\xff\"}";
        let excerpt = excerpts.of(&head, body);
        let wanted = [
            "set-cookie: [secret]",
            "www-authenticate: [secret]",
            "authorization: [secret]",
            "x-echo: [secret]",
            "x-part: key=[secret]; [secret]",
            "x-short: [secret]",
            "x-longer: abcd",
        ];
        assert_eq!(shown(&excerpt), wanted);
        assert_eq!(excerpt.body, "{\"you sent\":\"[secret]\",\"x\":\"abc\u{fffd}\"}");
    }

    #[test]
    fn words_are_bounded() {
        let long = "é".repeat(1_000);
        let head = head(&[("x", &"x".repeat(5_000)), ("y", "1")]);
        let excerpt = excerpts(&[]).of(&head, long.as_bytes());
        assert_eq!(excerpt.headers[0].1.chars().count(), limits::EXCERPT_VALUE_BYTES_MAX + 1);
        assert_eq!(excerpt.headers.len(), 2);
        assert_eq!(excerpt.body.chars().count(), limits::EXCERPT_BODY_BYTES_MAX / 2 + 1);
        let mut many = HeaderMap::new();
        for number in 0..90 {
            let name = HeaderName::try_from(format!("x-{number}")).expect("a name");
            many.insert(
                name,
                HeaderValue::from_static(
                    "0123456789012345678901234567890123456789012345678901234567890123456789",
                ),
            );
        }
        let excerpt = excerpts(&[]).of(&many, &[]);
        let bytes: usize =
            excerpt.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(
            bytes <= limits::EXCERPT_HEADERS_BYTES_MAX && excerpt.headers.len() > 40,
            "{bytes}"
        );
    }
}
