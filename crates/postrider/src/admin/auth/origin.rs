//! Where a request comes from, as the browser that sends it says.
//!
//! Browsers send `Sec-Fetch-Site` to hosts that are what they say, which those behind TLS and this
//! machine are, and no page can write it. Elsewhere there is `Origin`, with everything that may change
//! something. Both tell one port of a host from another; only the second one has to fit our `Host`,
//! which a proxy in front may have written anew.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};

use super::cookie_jar::Wire;

/// Who sent a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A page of ours.
    Own,
    /// A page of somebody else.
    Foreign,
    /// No page, as far as can be told: a program, which says nothing of it.
    Unsaid,
}

/// Whether a method only asks.
pub fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Where a request comes from.
pub fn of(headers: &HeaderMap) -> Origin {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => ["same-origin", "none"].contains(&site),
        (None, Some(origin)) => is_host(origin, text(HOST.as_str())),
        (None, None) => return Origin::Unsaid,
    };
    if is_own { Origin::Own } else { Origin::Foreign }
}

/// How the page of a request was reached; a proxy in front changes nothing of what the browser says.
pub fn wire(headers: &HeaderMap) -> Wire {
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    match origin.is_some_and(|origin| origin.starts_with("https://")) {
        true => Wire::Tls,
        false => Wire::Plain,
    }
}

/// Whether an origin names the host that is asked, with its port.
fn is_host(origin: &str, host: Option<&str>) -> bool {
    let named = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    named.zip(host).is_some_and(|(named, host)| named.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_ours() {
        let check = |lines: &[(&'static str, &str)], want: Origin| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "localhost:7800".parse().unwrap());
            for (name, value) in lines {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(of(&headers), want, "{lines:?}");
        };
        let (site, origin) = ("sec-fetch-site", "origin");
        check(&[], Origin::Unsaid);
        check(&[(site, "same-origin")], Origin::Own);
        check(&[(site, "none")], Origin::Own);
        check(&[(origin, "http://localhost:7800")], Origin::Own);
        check(&[(origin, "https://LOCALHOST:7800")], Origin::Own);
        let proxied = (origin, "https://hooks.acme.test");
        check(&[(site, "same-origin"), proxied], Origin::Own);
        for foreign in ["cross-site", "same-site", ""] {
            check(&[(site, foreign)], Origin::Foreign);
            check(&[(site, foreign), (origin, "http://localhost:7800")], Origin::Foreign);
        }
        let others = [
            "null",
            "",
            "http://localhost",
            "http://localhost:3000",
            "http://localhost:7800.evil.test",
            "http://evil.test",
            "localhost:7800",
            "file://localhost:7800",
        ];
        for other in others {
            check(&[(origin, other)], Origin::Foreign);
        }
    }

    #[test]
    fn a_page_says_how_it_was_reached() {
        let wire = |origin: &str| wire(&HeaderMap::from_iter([(ORIGIN, origin.parse().unwrap())]));
        assert_eq!(wire("https://hooks.acme.test"), Wire::Tls);
        assert_eq!(wire("http://localhost:7800"), Wire::Plain);
    }
}
