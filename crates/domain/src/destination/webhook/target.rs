//! URLs of endpoints: which may be set, and what is asked for at one.
//!
//! What is written must be what is meant: whatever the URL standard would mend in silence is
//! refused, so that every reader of a URL sees the same host in it.

use url::Url;

use super::query::push_encoded;

/// Where requests go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// An endpoint of somebody.
    Endpoint(Box<Url>),
    /// The built-in receiver with this name.
    Playground(String),
}

/// The scheme of the built-in receiver.
const PLAYGROUND: &str = "playground://";

/// Bytes of a playground's name. Source: chosen.
const PLAYGROUND_NAME_BYTES_MAX: usize = 64;

/// Whether a playground can have this name: 1 to 64 ASCII letters, digits and dashes.
pub fn is_playground_name(name: &str) -> bool {
    (1..=PLAYGROUND_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Target {
    /// Reads a configured URL.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix(PLAYGROUND) {
            return if is_playground_name(name) {
                Ok(Self::Playground(name.to_owned()))
            } else {
                let max = PLAYGROUND_NAME_BYTES_MAX;
                Err(format!("a playground's name has 1 to {max} letters, digits and dashes"))
            };
        }
        if text.is_empty() {
            return Err("is empty; give the endpoint's http or https URL".to_owned());
        }
        if text.contains(' ') {
            return Err(SPACES.to_owned());
        }
        endpoint(text).map(|url| Self::Endpoint(Box::new(url)))
    }

    /// What is asked for there, as it stands in a request.
    pub fn request_target(&self, text: &str) -> String {
        match self {
            Self::Endpoint(_) => request_target(text),
            Self::Playground(name) => format!("/play/{name}/in"),
        }
    }

    /// Whether it is called within TLS.
    pub fn is_https(&self) -> bool {
        matches!(self, Self::Endpoint(url) if url.scheme() == "https")
    }

    /// Scheme, host and port, without path and query.
    pub fn shown(&self) -> String {
        match self {
            Self::Endpoint(url) => url.origin().ascii_serialization(),
            Self::Playground(_) => "playground".to_owned(),
        }
    }
}

/// A URL for those who may not set it: what stands behind its host may be a secret, so a mark takes
/// its place. What has nothing there is shown as it is.
pub fn veiled(text: &str) -> String {
    match Target::parse(text) {
        Ok(Target::Endpoint(url)) => {
            let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            let origin = url.origin().ascii_serialization();
            if is_bare { text.to_owned() } else { format!("{origin}/{VEIL}") }
        }
        Ok(Target::Playground(_)) => text.to_owned(),
        Err(_) if text.is_empty() => String::new(),
        Err(_) => VEIL.to_owned(),
    }
}

/// Stands for what is not shown.
const VEIL: &str = "…";

/// Whether a URL is one that [`veiled`] has made.
pub fn is_veiled(text: &str) -> bool {
    text.ends_with(VEIL)
}

const SPACES: &str = "holds spaces or control characters";

/// Reads the URL of an endpoint. Behind its host it may hold spaces, which are encoded when it is
/// asked for.
///
/// # Errors
/// Why it cannot be used.
pub(super) fn endpoint(text: &str) -> Result<Url, String> {
    let is_wrong = |byte: u8| byte < b' ' || byte == 0x7f;
    if text.bytes().any(is_wrong) || text.starts_with(' ') {
        return Err(SPACES.to_owned());
    }
    if text.contains('\\') {
        return Err("holds a backslash; write /, or %5C for the character itself".to_owned());
    }
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("scheme {} cannot be used, only http and https", url.scheme()));
    }
    check_authority(text, url.scheme())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password; send them as a header instead".to_owned());
    }
    Ok(url)
}

/// Refuses what the URL standard mends in silence.
fn check_authority(text: &str, scheme: &str) -> Result<(), String> {
    let rest = text.get(scheme.len()..).and_then(|rest| rest.strip_prefix("://"));
    let Some(rest) = rest else {
        return Err(format!("has no // after {scheme}:; write {scheme}://host/path"));
    };
    if rest.starts_with('/') {
        return Err(format!("has no host after {scheme}://; write {scheme}://host/path"));
    }
    if rest.split(['/', '?', '#']).next().is_some_and(|host| host.contains(' ')) {
        return Err(SPACES.to_owned());
    }
    Ok(())
}

/// The path and query of a URL, byte for byte, but for characters that no request may hold: those
/// are percent-encoded.
pub(super) fn request_target(text: &str) -> String {
    let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
    let start = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
    let own = after_scheme[start..].split('#').next().unwrap_or("");
    let mut target = String::with_capacity(own.len() + 1);
    if !own.starts_with('/') {
        target.push('/');
    }
    for byte in own.bytes() {
        match byte {
            b'"' | b'<' | b'>' | b'`' => push_encoded(byte, &mut target),
            b'!'..=b'~' => target.push(char::from(byte)),
            _ => push_encoded(byte, &mut target),
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_are_checked_when_they_are_set() {
        let check = |url: &str, good: bool| assert_eq!(Target::parse(url).is_ok(), good, "{url}");
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
            assert_eq!(Target::parse(url), Err(expected.to_owned()), "{url}");
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
            let target = Target::parse(&format!("playground://{name}"));
            assert_eq!(target.is_ok(), good, "{name}: {target:?}");
        };
        check("Demo-1", true);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        check("", false);
        check("a_b", false);
    }

    #[test]
    fn what_may_be_a_secret_is_behind_a_veil() {
        let check = |url: &str, want: &str| {
            assert_eq!(veiled(url), want, "{url}");
            assert_eq!(is_veiled(&veiled(url)), url != want, "{url}");
        };
        check("https://hooks.acme.test/services/T0/B0/s3cret", "https://hooks.acme.test/…");
        check("https://hooks.acme.test?token=s3cret", "https://hooks.acme.test/…");
        check("https://hooks.acme.test:8443/#s3cret", "https://hooks.acme.test:8443/…");
        check("https://user:s3cret@hooks.acme.test/", "…");
        check("https://hooks.acme.test", "https://hooks.acme.test");
        check("http://hooks.acme.test:80/", "http://hooks.acme.test:80/");
        check("playground://demo", "playground://demo");
        check("", "");
    }

    #[test]
    fn what_is_asked_for_stays_as_it_is_written() {
        let check = |url: &str, want: &str| assert_eq!(request_target(url), want, "{url}");
        check("http://a.test", "/");
        check("http://a.test/x/../y//z?b=%7e&a=x%20y&b", "/x/../y//z?b=%7e&a=x%20y&b");
        check("http://a.test?q=1", "/?q=1");
        check("http://a.test/x#part", "/x");
        check("http://a.test#part/x", "/");
        check("http://a.test/[x]{y}|^;=", "/[x]{y}|^;=");
        check("http://a.test/a b?c=\"é<>\"", "/a%20b?c=%22%C3%A9%3C%3E%22");
    }

    proptest! {
        #[test]
        fn a_url_is_kept_byte_for_byte(rest in "(/[!#-;=?-_a-~]{0,30})?") {
            let rest = rest.replace(['#', '\\'], "");
            let target = request_target(&format!("https://a.test{rest}"));
            prop_assert_eq!(target, if rest.is_empty() { "/".to_owned() } else { rest });
        }
    }
}
