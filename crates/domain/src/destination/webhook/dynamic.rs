//! How far events may choose where they go.
//!
//! Whoever has a write key, which every page shows, can write events. So an event never takes the
//! destination's configured headers to another origin, and goes to another one only where the
//! settings name its host.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// How far events may choose where they go.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dynamic {
    /// `fullPath`, `appendPath` and `header` of events have no meaning.
    Off,
    /// They count, within the scheme, host and port of the configured URL.
    #[default]
    SameOrigin,
    /// They count, within that and these hosts.
    Hosts(Vec<AllowedHost>),
}

impl Dynamic {
    /// Its word, as it is set.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::SameOrigin => "same_origin",
            Self::Hosts(_) => "hosts",
        }
    }

    /// Whether a URL of another origin than the configured one may be called.
    pub(super) fn allows(&self, url: &Url) -> bool {
        let Self::Hosts(hosts) = self else { return false };
        url.host_str().is_some_and(|host| hosts.iter().any(|own| own.allows(host)))
    }
}

/// A host that may be called, or all subdomains of one: `*.hooks.example`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AllowedHost(String);

impl AllowedHost {
    /// Reads a host, as it stands in a URL, or one that begins with `*.`.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (star, name) = match text.strip_prefix("*.") {
            Some(name) => ("*.", name),
            None => ("", text),
        };
        if name.contains('*') {
            return Err("has a star that is not the first part; all subdomains are \
                        \"*.hooks.example\", and there is no way to allow every host"
                .to_owned());
        }
        let example = "write it as in a URL, without scheme, port and path: \"hooks.example\"";
        let host = Host::parse(name).map_err(|_| format!("is no host; {example}"))?;
        if !star.is_empty() && !matches!(host, Host::Domain(_)) {
            return Err(format!("is an address, which has no subdomains; {example}"));
        }
        Ok(Self(format!("{star}{host}")))
    }

    /// The host, or `*.` and its parent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this host, given as a parsed URL has it.
    fn allows(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            Some(parent) => host.len() > parent.len() && host.ends_with(parent),
            None => host == self.0,
        }
    }
}

impl TryFrom<String> for AllowedHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<AllowedHost> for String {
    fn from(host: AllowedHost) -> Self {
        host.0
    }
}

impl fmt::Debug for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_exact_or_all_subdomains_of_one() {
        let check = |pattern: &str, url: &str, want: bool| {
            let dynamic = Dynamic::Hosts(vec![AllowedHost::parse(pattern).unwrap()]);
            assert_eq!(dynamic.allows(&Url::parse(url).unwrap()), want, "{pattern}: {url}");
        };
        check("a.example", "https://a.example/x", true);
        check("A.Example", "http://a.EXAMPLE:8080/", true);
        check("a.example", "https://b.a.example/", false);
        check("a.example", "https://a.example.evil/", false);
        check("a.example", "https://xa.example/", false);
        check("a.example", "https://a.example./", false);
        check("*.b.example", "https://x.b.example/", true);
        check("*.b.example", "https://x.y.b.example/", true);
        check("*.b.example", "https://b.example/", false);
        check("*.b.example", "https://xb.example/", false);
        check("*.b.example", "https://x.b.example.evil/", false);
        check("münchen.example", "https://xn--mnchen-3ya.example/", true);
        check("127.0.0.1", "http://2130706433/", true);
        check("[::1]", "http://[0:0::1]/", true);
    }

    #[test]
    fn what_is_no_host_is_told() {
        let check = |text: &str, want: &str| {
            let reason = AllowedHost::parse(text).unwrap_err();
            assert!(reason.contains(want), "{text}: {reason}");
        };
        for text in
            ["", "https://a.example", "a.example:80", "a.example/x", "a b", "*.", "u@a.example"]
        {
            check(text, "is no host");
        }
        for text in ["*", "a.*.example", "*a.example", "*.*.example"] {
            check(text, "has a star");
        }
        check("*.127.0.0.1", "is an address");
    }
}
