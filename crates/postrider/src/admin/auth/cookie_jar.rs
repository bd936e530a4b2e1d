//! The session's cookie: what browsers are given, and what is read of what they send.
//!
//! Over TLS its name begins with `__Host-`, so that no other host or port can put one of its own in its
//! place. Over plain HTTP browsers do not take such a name; there, whatever listens on another port of
//! the same host gets the cookie too, and may set it. So where there are two of one name, none counts.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use domain::limits;

const NAME: &str = "postrider_session";
const SECURE_NAME: &str = "__Host-postrider_session";

/// How the browser reached us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wire {
    /// Through TLS, of a proxy in front.
    Tls,
    /// In the clear.
    Plain,
}

/// The secret of the session that a request comes with.
pub fn session(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let pairs: Vec<(&str, &str)> = pairs.map(|(name, value)| (name.trim(), value.trim())).collect();
    let only = |wanted: &str| {
        let mut found = pairs.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value);
        found.next().filter(|_| found.next().is_none())
    };
    only(SECURE_NAME).or_else(|| only(NAME)).map(str::to_owned)
}

/// The header's value that gives a browser a session.
pub fn given(secret: &str, wire: Wire) -> String {
    cookie(secret, limits::SESSION_TIME_MAX.as_secs(), wire)
}

/// The header's value that takes the session from a browser.
pub fn taken(wire: Wire) -> String {
    cookie("", 0, wire)
}

fn cookie(secret: &str, seconds: u64, wire: Wire) -> String {
    let (name, more) = match wire {
        Wire::Tls => (SECURE_NAME, "; Secure"),
        Wire::Plain => (NAME, ""),
    };
    format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let check = |lines: &[&str], want: Option<&str>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, line.parse().unwrap());
            }
            assert_eq!(session(&headers).as_deref(), want, "{lines:?}");
        };
        check(&[], None);
        check(&["theme=dark; postrider_session=abc; x"], Some("abc"));
        check(&["theme=dark", "postrider_session=abc"], Some("abc"));
        check(&["xpostrider_session=abc"], None);
        check(&["postrider_session=abc; postrider_session=evil"], None);
        check(&["postrider_session=abc; postrider_session=abc"], None);
        check(&["postrider_session=evil; __Host-postrider_session=abc"], Some("abc"));
    }

    #[test]
    fn a_cookie_is_for_our_pages_alone() {
        let plain = "postrider_session=x; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict";
        assert_eq!(given("x", Wire::Plain), plain);
        assert_eq!(given("x", Wire::Tls), format!("__Host-{plain}; Secure"));
        assert!(taken(Wire::Plain).starts_with("postrider_session=; Path=/; Max-Age=0;"));
    }
}
