//! Which call a path asks for.

use domain::event::EventKind;
use domain::event::intake::Shape;
use http::Method;

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// Events to store.
    Events(Shape),
    /// What an SDK must know of its source.
    SourceConfig,
    /// Whether the server is well.
    Health,
    /// Which version runs.
    Version,
    /// What crawlers may visit: nothing.
    Robots,
    /// A known path, asked with another method.
    WrongMethod,
    /// Nothing that exists.
    Unknown,
}

/// The route of a request.
pub fn route(method: &Method, path: &str) -> Route {
    let (wanted, route) = match path {
        "/v1/batch" => (Method::POST, Route::Events(Shape::Batch)),
        "/sourceConfig" | "/sourceConfig/" => (Method::GET, Route::SourceConfig),
        "/health" | "/" => (Method::GET, Route::Health),
        "/version" => (Method::GET, Route::Version),
        "/robots.txt" => (Method::GET, Route::Robots),
        _ => match single(path) {
            Some(kind) => (Method::POST, Route::Events(Shape::Single(kind))),
            None => return Route::Unknown,
        },
    };
    let asked_for_head = *method == Method::HEAD && wanted == Method::GET;
    if *method == wanted || asked_for_head { route } else { Route::WrongMethod }
}

fn single(path: &str) -> Option<EventKind> {
    let word = path.strip_prefix("/v1/")?;
    match EventKind::from_type(word) {
        EventKind::Other => None,
        kind => Some(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_calls() {
        let check = |method: &str, path: &str, want| {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(route(&method, path), want, "{method} {path}");
        };
        for (word, kind) in [
            ("identify", EventKind::Identify),
            ("track", EventKind::Track),
            ("page", EventKind::Page),
            ("screen", EventKind::Screen),
            ("group", EventKind::Group),
            ("alias", EventKind::Alias),
            ("merge", EventKind::Merge),
        ] {
            check("POST", &format!("/v1/{word}"), Route::Events(Shape::Single(kind)));
        }
        check("POST", "/v1/batch", Route::Events(Shape::Batch));
        check("GET", "/v1/batch", Route::WrongMethod);
        check("POST", "/v1/other", Route::Unknown);
        check("POST", "/v1/", Route::Unknown);
        check("GET", "/health", Route::Health);
        check("GET", "/", Route::Health);
        check("HEAD", "/health", Route::Health);
        check("HEAD", "/v1/batch", Route::WrongMethod);
        check("POST", "/health", Route::WrongMethod);
        check("GET", "/version", Route::Version);
        check("GET", "/sourceConfig", Route::SourceConfig);
        check("HEAD", "/sourceConfig/", Route::SourceConfig);
        check("POST", "/sourceConfig", Route::WrongMethod);
        check("GET", "/robots.txt", Route::Robots);
        check("GET", "/favicon.ico", Route::Unknown);
    }
}
