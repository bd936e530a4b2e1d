//! The settings of a webhook destination, checked when they are made.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a webhook destination needs to know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// `http`, `https`, or `playground://<name>` for the built-in receiver; kept byte for byte.
    pub url: String,
    /// The HTTP method of each request.
    pub method: Method,
    /// Headers added to each request; their values are secrets.
    pub headers: Vec<HeaderSetting>,
}

/// One configured header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderSetting {
    /// Its name, in any letter case.
    pub name: String,
    /// Its value: a secret, never shown.
    pub value: String,
}

/// The HTTP method of a webhook.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// The whole event as body.
    #[default]
    Post,
    /// The whole event as body.
    Put,
    /// The whole event as body.
    Patch,
    /// Traits or properties as query.
    Get,
    /// Traits or properties as query.
    Delete,
}

impl Method {
    /// All methods, in the order of the docs.
    pub const ALL: [Self; 5] = [Self::Post, Self::Put, Self::Patch, Self::Get, Self::Delete];

    /// The method as it stands in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Get => "GET",
            Self::Delete => "DELETE",
        }
    }

    /// The method with this name, exactly as written in upper case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// Whether the event travels in the body, rather than in the query.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// Where requests go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// An endpoint of somebody.
    Endpoint(Box<url::Url>),
    /// The built-in receiver with this name.
    Playground(String),
}

/// A setting that cannot work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct SettingsError {
    /// Which setting, as it is named in a workspace file.
    pub field: String,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

/// Headers that belong to the connection, not to the event; hyper sets those that are needed.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The scheme of the built-in receiver.
const PLAYGROUND: &str = "playground://";

/// Bytes of a playground's name. Source: chosen.
const PLAYGROUND_NAME_BYTES_MAX: usize = 64;

/// Whether a playground can have this name: 1 to 64 ASCII letters, digits and dashes.
pub fn is_playground_name(name: &str) -> bool {
    (1..=PLAYGROUND_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl WebhookSettings {
    /// Everything that is wrong with the settings; empty where they can work.
    pub fn check(&self) -> Vec<SettingsError> {
        let mut errors = Vec::new();
        if let Err(reason) = self.target() {
            errors.push(SettingsError { field: "webhookUrl".to_owned(), reason });
        }
        for (index, header) in self.headers.iter().enumerate() {
            if let Some(reason) = header.fault() {
                errors.push(SettingsError { field: format!("headers[{index}]"), reason });
            }
        }
        errors
    }

    /// Where requests go.
    ///
    /// # Errors
    /// Why the URL cannot be used.
    pub fn target(&self) -> Result<Target, String> {
        if let Some(name) = self.url.strip_prefix(PLAYGROUND) {
            return if is_playground_name(name) {
                Ok(Target::Playground(name.to_owned()))
            } else {
                let max = PLAYGROUND_NAME_BYTES_MAX;
                Err(format!("a playground's name has 1 to {max} letters, digits and dashes"))
            };
        }
        if self.url.is_empty() {
            return Err("is empty; give the endpoint's http or https URL".to_owned());
        }
        if self.url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err("holds spaces or control characters".to_owned());
        }
        if self.url.contains('\\') {
            return Err("holds a backslash; write /, or %5C for the character itself".to_owned());
        }
        let url = url::Url::parse(&self.url).map_err(|error| format!("is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("scheme {} cannot be used, only http and https", url.scheme()));
        }
        self.check_authority(url.scheme())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user name or password; send them as a header instead".to_owned());
        }
        Ok(Target::Endpoint(Box::new(url)))
    }

    /// Refuses what the URL standard mends in silence: what is written must be what is meant.
    fn check_authority(&self, scheme: &str) -> Result<(), String> {
        let rest = self.url.get(scheme.len()..).and_then(|rest| rest.strip_prefix("://"));
        let Some(rest) = rest else {
            return Err(format!("has no // after {scheme}:; write {scheme}://host/path"));
        };
        if rest.starts_with('/') {
            return Err(format!("has no host after {scheme}://; write {scheme}://host/path"));
        }
        Ok(())
    }

    /// Where requests go, fit to be shown: scheme, host and port, without path and query.
    pub fn shown(&self) -> String {
        match self.target() {
            Ok(Target::Endpoint(url)) => url.origin().ascii_serialization(),
            Ok(Target::Playground(_)) => "playground".to_owned(),
            Err(_) => "not a URL".to_owned(),
        }
    }
}

impl HeaderSetting {
    /// Whether it belongs to the connection, so that it cannot be set.
    pub fn is_reserved(&self) -> bool {
        RESERVED.iter().any(|name| name.eq_ignore_ascii_case(&self.name))
    }

    /// Why the header cannot be sent; none where it can.
    fn fault(&self) -> Option<String> {
        let name = self.name.to_ascii_lowercase();
        if self.is_reserved() {
            return Some(format!("header {name} belongs to the connection and cannot be set"));
        }
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if let Some(at) = self.name.bytes().position(|byte| !token(byte)) {
            return Some(format!("header name has a character that is not allowed at {at}"));
        }
        let at = self.value.bytes().position(|byte| !matches!(byte, b'\t' | b' '..=b'~'));
        at.map(|at| format!("value of header {name} has a character that is not allowed at {at}"))
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("target", &self.shown())
            .field("method", &self.method)
            .field("headers", &self.headers)
            .finish()
    }
}

impl fmt::Debug for HeaderSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [secret]", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, headers: &[(&str, &str)]) -> WebhookSettings {
        let header = |(name, value): &(&str, &str)| HeaderSetting {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        let headers = headers.iter().map(header).collect();
        WebhookSettings { url: url.to_owned(), method: Method::Post, headers }
    }

    #[test]
    fn urls_are_checked_when_they_are_set() {
        let check = |url: &str, good: bool| {
            assert_eq!(settings(url, &[]).check().is_empty(), good, "{url}");
        };
        for url in [
            "https://hooks.acme.test/in?token=1",
            "http://127.0.0.1:9000",
            "http://localhost/x",
            "http://[::1]:80/",
            "HTTPS://hooks.acme.test/In",
            "http://a.test//x/%5C?u=http:///h",
            "playground://demo",
        ] {
            check(url, true);
        }
        for url in [
            "",
            "acme",
            "/x",
            "ftp://a/",
            "http://",
            "https://u:p@a.test/",
            "https://u@a.test/",
            "http://a b/",
            "http://a/ b",
            " http://a/",
            "http://a/\n",
            "playground://",
            "playground://a/b",
        ] {
            check(url, false);
        }
    }

    #[test]
    fn urls_that_would_be_mended_are_refused_with_what_to_write() {
        let check = |url: &str, expected: &str| {
            assert_eq!(settings(url, &[]).target(), Err(expected.to_owned()), "{url}");
        };
        let slashes = "has no // after http:; write http://host/path";
        check("http:host/x", slashes);
        check("http:/h/x", slashes);
        check("HTTP:h", slashes);
        check("https:h", "has no // after https:; write https://host/path");
        let host = "has no host after http://; write http://host/path";
        check("http:///h/x", host);
        check("Http:////h/x", host);
        let backslash = "holds a backslash; write /, or %5C for the character itself";
        check("http:\\\\h/x", backslash);
        check("http://h\\x", backslash);
        check("http://h/?q=\\", backslash);
    }

    #[test]
    fn a_playgrounds_name_is_bounded() {
        let check = |name: &str, good: bool| {
            let target = settings(&format!("playground://{name}"), &[]).target();
            assert_eq!(target.is_ok(), good, "{name}: {target:?}");
        };
        check("Demo-1", true);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        check("", false);
        check("a_b", false);
    }

    #[test]
    fn headers_of_the_connection_are_known_in_any_letter_case() {
        let check = |name: &str, reserved: bool| {
            let header = HeaderSetting { name: name.to_owned(), value: String::new() };
            assert_eq!(header.is_reserved(), reserved, "{name}");
        };
        check("Host", true);
        check("content-length", true);
        check("Transfer-ENCODING", true);
        check("Content-Type", false);
        check("X-Host", false);
    }

    #[test]
    fn headers_are_checked_when_they_are_set() {
        let check = |name: &str, value: &str, good: bool| {
            let errors = settings("http://a.test/", &[(name, value)]).check();
            assert_eq!(errors.is_empty(), good, "{name}: {value}: {errors:?}");
        };
        check("Authorization", "Bearer x y", true);
        check("content-type", "text/plain", true);
        check("x", "", true);
        check("x y", "1", false);
        check("x:", "1", false);
        check("x", "a\r\nb: c", false);
        check("x", "\u{0}", false);
        check("x", "é", false);
        check("Host", "a", false);
        check("Content-Length", "1", false);
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings = settings("https://a.test/t0ken", &[("x-key", "s3cret")]);
        let shown = format!("{settings:?} {}", settings.shown());
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    }
}
