//! What people see of requests: all of it as it is sent, but for secrets, and a long body's end.

use domain::{limits, secret};
use http::Uri;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, PROXY_AUTHORIZATION};

use super::letter::Letter;
use super::outlet::Origin;
use super::secrets::{HIDDEN, Secrets};

/// Headers whose values are secrets, whoever sets them: a signature, too, is worth something as long
/// as it is new.
const SECRET: [HeaderName; 4] =
    [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, HeaderName::from_static("webhook-signature")];

/// A request, fit to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownRequest {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The headers in the order in which they are sent, but for those that frame the body.
    pub headers: Vec<ShownHeader>,
    /// The body, or its beginning; what is not UTF-8 shown as U+FFFD.
    pub body: String,
    /// Bytes of the body that is sent.
    pub body_bytes: usize,
    /// Whether the body has more than is shown.
    pub is_cut: bool,
}

/// A header of such a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownHeader {
    /// In lower case.
    pub name: String,
    /// As it is sent, or what is shown of a secret: its last characters where it is long.
    pub value: String,
    /// Whether the value is a secret.
    pub is_secret: bool,
}

/// A request to an origin as people see it.
pub fn shown(letter: &Letter, origin: &Origin, secrets: &Secrets) -> ShownRequest {
    let header = |(name, value): (&HeaderName, &HeaderValue)| header(name, value, secrets);
    let (body, most) = (&letter.body, limits::SHOWN_BODY_BYTES_MAX);
    let mut text = secrets.taken_out(&String::from_utf8_lossy(body));
    let is_cut = text.len() > most;
    text.truncate(text.floor_char_boundary(most));
    ShownRequest {
        method: letter.method.to_string(),
        url: secrets.taken_out(&url(&letter.asked, origin)),
        headers: letter.headers().iter().map(header).collect(),
        body: text,
        body_bytes: body.len(),
        is_cut,
    }
}

fn url(asked: &Uri, origin: &Origin) -> String {
    let scheme = if origin.is_https() { "https" } else { "http" };
    format!("{scheme}://{}{asked}", origin.host_header())
}

fn header(name: &HeaderName, value: &HeaderValue, secrets: &Secrets) -> ShownHeader {
    let text = String::from_utf8_lossy(value.as_bytes());
    let (is_configured, is_secret) = (secrets.have(&text), SECRET.contains(name));
    let value = match (is_configured, is_secret) {
        (true, _) => marked(&text),
        // Nobody has to tell apart what is made anew for each request, or comes with the event.
        (false, true) => HIDDEN.to_owned(),
        (false, false) => secrets.taken_out(&text),
    };
    let name = name.as_str().to_owned();
    ShownHeader { name, value, is_secret: is_configured || is_secret }
}

/// What people know a secret by.
fn marked(secret: &str) -> String {
    match secret::ending(secret) {
        "" => HIDDEN.to_owned(),
        ending => format!("[secret …{ending}]"),
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use bytes::Bytes;
    use http::HeaderMap;
    use url::Url;

    use super::*;

    fn request(asked: &'static str, headers: &[(&'static str, &str)], body: &str) -> ShownRequest {
        let secrets = ["Bearer s3cret-of-the-shop", "short"];
        let mut shared = HeaderMap::new();
        for (name, value) in headers {
            shared.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let letter = Letter {
            method: http::Method::GET,
            asked: Uri::from_static(asked),
            shared: Rc::new(shared.into()),
            own: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        let url = Url::parse("https://hooks.example:8443/").expect("a URL");
        let origin = Origin::of(&url).expect("an origin");
        shown(&letter, &origin, &Secrets::among(secrets.into_iter()))
    }

    #[test]
    fn a_request_is_shown_as_it_is_sent_but_for_secrets() {
        let sent = [
            ("host", "hooks.example:8443", "hooks.example:8443", false),
            ("x-key", "Bearer s3cret-of-the-shop", "[secret …shop]", true),
            ("x-half", "s3cret-of-the-shop", "[secret …shop]", true),
            ("x-short", "short", "[secret]", true),
            ("x-holds", "<s3cret-of-the-shop>", "<[secret]>", false),
            ("x-plain", "a short one", "a short one", false),
            ("authorization", "Basic of-the-event-itself", "[secret]", true),
            ("cookie", "session=of-the-event-itself", "[secret]", true),
            ("webhook-signature", "v1,c2lnbmF0dXJlLW9m", "[secret]", true),
            ("webhook-id", "m-1", "m-1", false),
        ];
        let headers = sent.map(|(name, value, ..)| (name, value));
        let body = r#"{"n":9007199254740993,"echo":"s3cret-of-the-shop"}"#;
        let shown = request("/in?key=s3cret-of-the-shop&a=%20", &headers, body);
        assert_eq!(shown.url, "https://hooks.example:8443/in?key=[secret]&a=%20");
        let want = sent.map(|(name, _, value, is_secret)| ShownHeader {
            name: name.to_owned(),
            value: value.to_owned(),
            is_secret,
        });
        assert_eq!(shown.headers, want);
        assert_eq!(shown.body, r#"{"n":9007199254740993,"echo":"[secret]"}"#);
        assert_eq!((shown.body_bytes, shown.is_cut), (body.len(), false));
    }

    #[test]
    fn the_end_of_a_long_body_is_left_out_and_that_is_said() {
        let body = "é".repeat(limits::SHOWN_BODY_BYTES_MAX);
        let shown = request("/", &[], &body);
        assert_eq!((shown.body_bytes, shown.is_cut), (body.len(), true));
        assert_eq!(shown.body.len(), limits::SHOWN_BODY_BYTES_MAX);
        let whole = request("/", &[], &body[..limits::SHOWN_BODY_BYTES_MAX]);
        assert!(!whole.is_cut);
    }
}
