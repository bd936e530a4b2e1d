//! Keeps strangers' web pages out: a page that points its own host name at this machine must not
//! be able to read what the admin listener tells.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Needs;
use super::problem::Problem;

/// Lets a request pass whose `Host` is an address, or `localhost`; where the listener is open to
/// the network, its operator has put something in front of it, and every host may be right.
pub async fn check(State(needs): State<Arc<Needs>>, request: Request, next: Next) -> Response {
    let host = text(&request, HOST.as_str()).unwrap_or("");
    if needs.admin.ip().is_loopback() && !is_local(host) {
        let detail = format!("host {host:?} is not this machine; ask for an address or localhost");
        return Problem::new(403, "wrong_host", detail).into_response();
    }
    if is_foreign(text(&request, "sec-fetch-site"), text(&request, "sec-fetch-mode")) {
        let detail = "pages of other sites may link here, and nothing else";
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

fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{is_foreign, is_local};

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
        for host in ["", "evil.test", "localhost.evil.test:7800", "127.0.0.1.evil.test"] {
            assert!(!is_local(host), "{host}");
        }
    }
}
