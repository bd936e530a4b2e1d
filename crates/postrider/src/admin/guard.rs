//! Keeps strangers' web pages out: a page that points its own host name at this machine must not
//! be able to read what the admin listener tells, and no page but our own may change anything.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Needs;
use super::auth::origin::{self, Origin};
use super::problem::Problem;

/// Lets a request pass that is addressed to an address, or to `localhost`: whoever owns a name can
/// point it here, and nobody owns those. Where the listener is open to the network, its operator has
/// put something in front of it, and every name may be right.
pub async fn check(State(needs): State<Arc<Needs>>, request: Request, next: Next) -> Response {
    if needs.admin.ip().is_loopback() && !is_for_this_machine(&request) {
        let hosts: Vec<_> = request.headers().get_all(HOST).iter().collect();
        let detail = format!("host {hosts:?} is not this machine; ask for an address or localhost");
        return Problem::new(403, "wrong_host", detail).into_response();
    }
    if is_foreign(text(&request, "sec-fetch-site"), text(&request, "sec-fetch-mode")) {
        let detail = "pages of other sites may link here, and nothing else";
        return Problem::new(403, "cross_site", detail).into_response();
    }
    if !origin::is_safe(request.method()) && origin::of(request.headers()) == Origin::Foreign {
        let detail = "pages of other origins may change nothing";
        return Problem::new(403, "cross_site", detail).into_response();
    }
    next.run(request).await
}

fn text<'a>(request: &'a Request, header: &str) -> Option<&'a str> {
    request.headers().get(header)?.to_str().ok()
}

/// Whether a browser asks on behalf of another site's page, other than to show ours.
fn is_foreign(site: Option<&str>, mode: Option<&str>) -> bool {
    matches!(site, Some("cross-site" | "same-site")) && mode != Some("navigate")
}

/// Whether everything that names the receiver names this machine: one `Host`, and the target where
/// that is a whole URL.
fn is_for_this_machine<B>(request: &http::Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let target = request.uri().authority().map(http::uri::Authority::as_str);
    host.to_str().is_ok_and(is_local) && target.is_none_or(is_local)
}

/// Whether a host is an address, or `localhost`, spelled as browsers spell it; with a port or
/// without, as a tunnel has a port of its own.
fn is_local(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (is_name, rest) = match bracketed {
        Some((address, rest)) => (address.parse::<Ipv6Addr>().is_ok(), rest),
        None => {
            let (name, rest) = host.split_at(host.find(':').unwrap_or(host.len()));
            (name == "localhost" || name.parse::<Ipv4Addr>().is_ok(), rest)
        }
    };
    is_name && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::header::HOST;

    use super::{is_for_this_machine, is_foreign, is_local};

    #[test]
    fn pages_of_other_sites_may_only_link_here() {
        assert!(is_foreign(Some("cross-site"), Some("no-cors")));
        assert!(is_foreign(Some("same-site"), Some("cors")));
        assert!(!is_foreign(Some("cross-site"), Some("navigate")));
        assert!(!is_foreign(Some("same-origin"), Some("cors")));
        assert!(!is_foreign(None, None), "no browser");
    }

    #[test]
    fn addresses_and_localhost_are_local() {
        for host in ["localhost", "localhost:7800", "127.0.0.1:7800", "[::1]:7800", "10.0.0.1"] {
            assert!(is_local(host), "{host}");
        }
        let others = ["", "evil.test", "localhost.evil.test:7800", "127.0.0.1.evil.test"];
        let names = ["localhost.", "127.0.0.1.", "LOCALHOST", "app.localhost", "localhost\t"];
        let ports =
            ["localhost:", "localhost:x", "localhost:+80", "localhost:65536", "localhost:8:8"];
        let users = ["me@localhost", "localhost:x@evil.test", "localhost@evil.test:80"];
        let numbers = ["127.1", "2130706433", "0x7f.0.0.1", "127.0.0.01"];
        let brackets = [
            "[::1",
            "::1",
            "[127.0.0.1]",
            "[localhost]",
            "[fe80::1%eth0]",
            "[::1%25lo]:80",
            "[::1]evil.test",
            "[::1]80",
            "[[::1]]",
        ];
        let odd = [&others[..], &names, &ports, &users, &numbers, &brackets].concat();
        for host in odd {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn everything_that_names_the_receiver_must_be_local() {
        let check = |target: &str, hosts: &[&str], want: bool| {
            let start = http::Request::builder().uri(target);
            let request = hosts.iter().fold(start, |request, host| request.header(HOST, *host));
            assert_eq!(is_for_this_machine(&request.body(()).unwrap()), want, "{target} {hosts:?}");
        };
        check("/", &["localhost"], true);
        check("http://127.0.0.1:7800/", &["localhost"], true);
        check("/", &[], false);
        check("/", &["localhost", "localhost"], false);
        check("/", &["localhost", "evil.test"], false);
        check("http://evil.test/", &["localhost"], false);
        check("http://localhost/", &["evil.test"], false);
    }
}
