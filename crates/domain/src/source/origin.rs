//! Origins: which pages may send a source's events.
//!
//! A browser says in `Origin` where a page comes from: scheme, host and port, in ASCII and without
//! the scheme's own port; `null` where it will not say. Nothing is allocated to judge one, as that
//! happens with each request.

use std::fmt;
use std::net::Ipv6Addr;

use serde::{Deserialize, Serialize};

/// An origin that may send, or all subdomains of one: `https://*.shop.example`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AllowedOrigin(String);

/// Why a text is no allowed origin; says what to write instead.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OriginError {
    /// No scheme.
    #[error("has no scheme; write it as a browser sends it, as in \"https://shop.example\"")]
    Scheme,
    /// No host, or one with other characters than browsers send.
    #[error(
        "has a host that no browser sends; write it in ASCII, as in \"https://shop.example\" \
         (\"xn--…\" where it has other letters)"
    )]
    Host,
    /// A port that is none.
    #[error("has a port that is no number from 1 to 65535")]
    Port,
    /// More than an origin.
    #[error("goes on after the host; an origin has no path, as in \"https://shop.example\"")]
    Path,
    /// A star that does not stand for the subdomains.
    #[error(
        "has a star that is not the first part of the host; all subdomains are \
         \"https://*.shop.example\", and without allowedOrigins every origin may send"
    )]
    Star,
}

/// The parts of an origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl AllowedOrigin {
    /// Reads an origin as a browser sends it, `null`, or one whose host begins with `*.`.
    ///
    /// # Errors
    /// An [`OriginError`] where it is none.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        if text != "null" {
            let Parts { host, .. } = split(text)?;
            let host = host.strip_prefix("*.").unwrap_or(host);
            if host.contains('*') {
                return Err(OriginError::Star);
            }
            if !is_host(host) {
                return Err(OriginError::Host);
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn allows(&self, origin: &str) -> bool {
        if self.0 == "null" || origin == "null" {
            return self.0 == origin;
        }
        let (Ok(own), Ok(asked)) = (split(&self.0), split(origin)) else { return false };
        let same_host = match own.host.strip_prefix('*') {
            Some(domain) => ends_with(asked.host, domain),
            None => own.host.eq_ignore_ascii_case(asked.host),
        };
        // What no browser sends may mean another host to whoever reads it otherwise.
        is_host(asked.host)
            && same_host
            && own.scheme.eq_ignore_ascii_case(asked.scheme)
            && own.port == asked.port
    }
}

/// Whether a page of this origin may send; an origin that is no text never may.
pub fn is_allowed(allowed: &[AllowedOrigin], origin: &[u8]) -> bool {
    let origin = std::str::from_utf8(origin);
    allowed.is_empty() || origin.is_ok_and(|origin| allowed.iter().any(|own| own.allows(origin)))
}

/// Whether a host ends with a domain that begins with its dot, and has more before it.
fn ends_with(host: &str, domain: &str) -> bool {
    let at = host.len().saturating_sub(domain.len());
    at > 0 && host.as_bytes()[at..].eq_ignore_ascii_case(domain.as_bytes())
}

fn split(origin: &str) -> Result<Parts<'_>, OriginError> {
    let (scheme, rest) = origin.split_once("://").ok_or(match origin {
        "*" => OriginError::Star,
        _ => OriginError::Scheme,
    })?;
    let is_scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if scheme.is_empty() || !scheme.bytes().all(is_scheme_byte) {
        return Err(OriginError::Scheme);
    }
    if rest.contains(['/', '?', '#']) {
        return Err(OriginError::Path);
    }
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let port = port.map(|text| read_port(text).ok_or(OriginError::Port)).transpose()?;
    Ok(Parts { scheme, host, port: port.or_else(|| own_port(scheme)) })
}

fn read_port(text: &str) -> Option<u16> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|port| *port != 0)
}

fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => Some(443),
        _ if scheme.eq_ignore_ascii_case("http") => Some(80),
        _ => None,
    }
}

/// Whether a host is one that browsers send: a name, an IPv4 address, or an IPv6 one in brackets.
fn is_host(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_name_byte),
    }
}

impl fmt::Display for AllowedOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AllowedOrigin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        Self::parse(&text)
    }
}

impl From<AllowedOrigin> for String {
    fn from(origin: AllowedOrigin) -> Self {
        origin.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(texts: &[&str]) -> Vec<AllowedOrigin> {
        texts.iter().map(|text| AllowedOrigin::parse(text).expect(text)).collect()
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let check = |own: &str, origin: &str, want: bool| {
            let allowed = is_allowed(&list(&[own]), origin.as_bytes());
            assert_eq!(allowed, want, "{own} asked by {origin}");
        };
        let shop = "https://shop.example";
        check(shop, "https://shop.example", true);
        check(shop, "HTTPS://Shop.Example", true);
        check("https://SHOP.example", "https://shop.example", true);
        check(shop, "https://shop.example:443", true);
        check("https://shop.example:443", "https://shop.example", true);
        check("http://shop.example", "http://shop.example:80", true);
        check(shop, "http://shop.example", false);
        check(shop, "http://shop.example:443", false);
        check(shop, "https://shop.example:8443", false);
        check(shop, "https://shop.example:", false);
        check(shop, "https://www.shop.example", false);
        check(shop, "https://shop.example.evil", false);
        check(shop, "https://evil-shop.example", false);
        check(shop, "https://shop.example/", false);
        check(shop, "shop.example", false);
        check(shop, "", false);
        check(shop, "null", false);
        check("http://localhost:3000", "http://localhost:3000", true);
        check("http://localhost:3000", "http://localhost:3001", false);
        check("http://[::1]:3000", "http://[::1]:3000", true);
        check("http://[::1]", "http://[::1]", true);
        check("capacitor://localhost", "capacitor://localhost", true);
        check("capacitor://localhost", "ionic://localhost", false);
    }

    #[test]
    fn a_star_stands_for_subdomains_but_not_for_the_domain() {
        let check = |own: &str, origin: &str, want: bool| {
            let allowed = is_allowed(&list(&[own]), origin.as_bytes());
            assert_eq!(allowed, want, "{own} asked by {origin}");
        };
        let any = "https://*.shop.example";
        check(any, "https://www.shop.example", true);
        check(any, "https://a.b.shop.example", true);
        check(any, "https://WWW.SHOP.example", true);
        check(any, "https://shop.example", false);
        check(any, "https://.shop.example", false);
        check(any, "https://evilshop.example", false);
        check(any, "https://www.shop.example.evil", false);
        check(any, "https://www.shop.example:8443", false);
        check(any, "http://www.shop.example", false);
        check(any, "null", false);
        check(any, "https://evil.test\\.shop.example", false);
        check(any, "https://evil.test%.shop.example", false);
        check(any, "https://user@www.shop.example", false);
        check(any, "https://evil.test:80.shop.example", false);
        check(any, "https://evil.test\t.shop.example", false);
        check(any, "https://[::1].shop.example", false);
        check("http://*.localhost:3000", "http://a.localhost:3000", true);
        check("http://*.localhost:3000", "http://a.localhost", false);
    }

    #[test]
    fn null_is_allowed_where_it_is_listed_and_anything_where_nothing_is() {
        let check = |own: &[&str], origin: &[u8], want: bool| {
            assert_eq!(is_allowed(&list(own), origin), want, "{own:?} asked by {origin:?}");
        };
        check(&["null"], b"null", true);
        check(&["null"], b"NULL", false);
        check(&["null"], b"https://null", false);
        check(&["https://a.example", "null"], b"null", true);
        check(&["https://a.example", "https://b.example"], b"https://b.example", true);
        check(&["https://a.example"], b"https://a.example\xff", false);
        check(&[], b"null", true);
        check(&[], b"\xff", true);
    }

    #[test]
    fn what_is_no_origin_is_refused_with_a_hint() {
        let check = |text: &str, want: OriginError| {
            assert_eq!(AllowedOrigin::parse(text), Err(want), "{text}");
        };
        check("", OriginError::Scheme);
        check("shop.example", OriginError::Scheme);
        check("://shop.example", OriginError::Scheme);
        check("ht tp://shop.example", OriginError::Scheme);
        check("Null", OriginError::Scheme);
        check("https://", OriginError::Host);
        check("https://*.", OriginError::Host);
        check("https://bücher.example", OriginError::Host);
        check("https://user@shop.example", OriginError::Host);
        check("https://[::g]", OriginError::Host);
        check("https://a:b:80", OriginError::Host);
        check("https://shop.example:+80", OriginError::Port);
        check("https://shop .example", OriginError::Host);
        check("https://shop.example/", OriginError::Path);
        check("https://shop.example/cart", OriginError::Path);
        check("https://shop.example?a", OriginError::Path);
        check("https://shop.example:0", OriginError::Port);
        check("https://shop.example:99999", OriginError::Port);
        check("https://shop.example:", OriginError::Port);
        check("*", OriginError::Star);
        check("https://*", OriginError::Star);
        check("https://www.*.example", OriginError::Star);
        check("https://*shop.example", OriginError::Star);
    }

    proptest! {
        #[test]
        fn judging_never_panics(
            own in ".{0,24}",
            origin in prop::collection::vec(any::<u8>(), 0..24),
        ) {
            if let Ok(own) = AllowedOrigin::parse(&own) {
                is_allowed(&[own], &origin);
            }
            is_allowed(&list(&["https://*.shop.example", "null"]), &origin);
        }
    }
}
