//! The dashboard's pages and assets.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use dashboard::{Accepts, Asset};

use super::problem::Problem;
use crate::clock;

const HTML: &str = "text/html; charset=utf-8";
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The first words of the paths of pages; the overview has none.
const PAGES: [&str; 17] = [
    "",
    "connections",
    "d",
    "deliveries",
    "destinations",
    "e",
    "events",
    "issues",
    "live",
    "login",
    "play",
    "replays",
    "settings",
    "setup",
    "sources",
    "test",
    "users",
];

/// What a build without the dashboard shows.
const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>Postrider</title>\
    <h1>Postrider runs</h1><p>This build has no dashboard. Build it with <code>make web</code>, \
    then build Postrider again.</p><p>The API is at <a href=/api/v1/status>/api/v1/status</a>.</p>";

/// Shows an asset by its path, or the page, which finds its own way by the path.
pub async fn show(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if path.starts_with("/api/") || path == "/api" {
        return Problem::new(404, "no_such_path", format!("{path} does not exist")).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        let detail = format!("{path} is a page; only GET shows it");
        return Problem::new(405, "wrong_method", detail).into_response();
    }
    let accepts = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    match dashboard::asset(path, Accepts::from_header(accepts)) {
        Some(asset) => file(asset),
        None if is_page(path) => page(),
        None if path.contains('.') => StatusCode::NOT_FOUND.into_response(),
        // The page says what it does not know, and the status says it to everybody else.
        None => (StatusCode::NOT_FOUND, page()).into_response(),
    }
}

/// Whether the page knows what to show there; ids in paths may have dots.
fn is_page(path: &str) -> bool {
    path.split('/').nth(1).is_some_and(|word| PAGES.contains(&word))
}

fn file(asset: Asset) -> Response {
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::builder()
        .header(CONTENT_TYPE, asset.content_type)
        .header(CACHE_CONTROL, caching)
        .header(VARY, "Accept-Encoding")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(encoding) = asset.encoding {
        response = response.header(CONTENT_ENCODING, encoding);
    }
    let body = Body::from(asset.bytes.into_owned());
    response.body(body).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The page, with a nonce of its own.
fn page() -> Response {
    let nonce = clock::random_hex();
    let html = dashboard::index(&nonce).unwrap_or_else(|| NOT_BUILT.to_owned());
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    let headers = [
        (CONTENT_TYPE, HTML.to_owned()),
        (CACHE_CONTROL, "no-cache".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (OPENER, "same-origin".to_owned()),
        (RESOURCE, "same-origin".to_owned()),
    ];
    (headers, html).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;

    use super::*;

    #[tokio::test]
    async fn every_page_of_the_dashboard_has_an_address_of_its_own() {
        let status = async |path: &'static str| {
            show(Method::GET, Uri::from_static(path), HeaderMap::new()).await.status().as_u16()
        };
        let pages = ["/play/demo", "/destinations/my.hooks", "/deliveries/my.hooks/7", "/issues"];
        for path in pages.into_iter().chain(["/", "/issues/7", "/deliveries", "/users/u.1/x"]) {
            assert_eq!(status(path).await, 200, "{path}");
        }
        for path in ["/nowhere", "/nowhere.js", "/issues.js", "/api", "/api/v1/nowhere"] {
            assert_eq!(status(path).await, 404, "{path}");
        }
    }
}
