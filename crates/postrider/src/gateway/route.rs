//! Which call a path asks for.
//!
//! SDKs write the same path in several ways: with a base URL that ends in a slash, behind a prefix
//! that a proxy left in place, with a slash at the end. All lead to the call in place. Nothing is
//! ever redirected: SDKs follow a redirected POST as a GET without its body, and count the events
//! as delivered.

use domain::event::EventKind;
use domain::event::intake::Shape;
use http::Method;

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route<'p> {
    /// Events to store.
    Events(Shape),
    /// A batch from a page that goes away, which cannot set headers.
    Beacon,
    /// An event written as the query of an image.
    Pixel(EventKind),
    /// What an SDK must know of its source.
    SourceConfig,
    /// What a Segment SDK must know of the source with this key.
    SegmentSettings(&'p str),
    /// The keys that requests to endpoints are signed with.
    WebhookKeys,
    /// Whether the server is well.
    Health,
    /// Which version runs.
    Version,
    /// What crawlers may visit: nothing.
    Robots,
    /// A known path, asked with another method than these.
    WrongMethod(&'static str),
    /// Nothing that exists.
    Unknown,
}

/// The methods of a call; `OPTIONS` is answered everywhere before calls are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Methods {
    Get,
    /// Without `HEAD`, as looking must not store anything.
    GetOnly,
    Post,
}

impl Methods {
    fn allow(self, method: &Method) -> bool {
        match self {
            Self::Get => matches!(*method, Method::GET | Method::HEAD),
            Self::GetOnly => *method == Method::GET,
            Self::Post => *method == Method::POST,
        }
    }

    /// As in the header `Allow`.
    fn names(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD, OPTIONS",
            Self::GetOnly => "GET, OPTIONS",
            Self::Post => "POST, OPTIONS",
        }
    }
}

/// The route of a request.
pub fn route<'p>(method: &Method, path: &'p str) -> Route<'p> {
    match call(path) {
        Some((methods, route)) if methods.allow(method) => route,
        Some((methods, _)) => Route::WrongMethod(methods.names()),
        None => Route::Unknown,
    }
}

/// The call of a path, read from its end, as prefixes stand in front.
fn call(path: &str) -> Option<(Methods, Route<'_>)> {
    let found = call_at_end(path)?;
    let key = if let (_, Route::SegmentSettings(key)) = found { key } else { "" };
    // Not ours to serve, and no prefix either: the reference keeps its own calls there.
    let is_internal = |part: &str| part.eq_ignore_ascii_case("internal") && part != key;
    (!path.split('/').any(is_internal)).then_some(found)
}

fn call_at_end(path: &str) -> Option<(Methods, Route<'_>)> {
    let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
    let (last, second, third) = (parts.next(), parts.next(), parts.next());
    match (third, second, last) {
        (None, None, None | Some("health")) => Some((Methods::Get, Route::Health)),
        (None, None, Some("version")) => Some((Methods::Get, Route::Version)),
        (None, None, Some("robots.txt")) => Some((Methods::Get, Route::Robots)),
        (_, Some(".well-known"), Some("webhook-keys")) => Some((Methods::Get, Route::WebhookKeys)),
        (_, _, Some("sourceConfig")) => Some((Methods::Get, Route::SourceConfig)),
        (Some("projects"), Some(key), Some("settings")) if parts.next() == Some("v1") => {
            Some((Methods::Get, Route::SegmentSettings(key)))
        }
        (Some("beacon"), Some("v1"), Some(word)) => {
            (word == "batch").then_some((Methods::Post, Route::Beacon))
        }
        (Some("pixel"), Some("v1"), Some(word)) => {
            let kind = EventKind::from_type(word);
            let is_pixel = matches!(kind, EventKind::Track | EventKind::Page);
            is_pixel.then_some((Methods::GetOnly, Route::Pixel(kind)))
        }
        (_, Some("v1"), Some(word)) => Some((Methods::Post, Route::Events(shape(word)?))),
        _ => None,
    }
}

/// The shape of the events that a call takes. Segment's browser SDK uses the first letters.
fn shape(word: &str) -> Option<Shape> {
    let kind = match word {
        "batch" | "b" | "import" => return Some(Shape::Batch),
        "i" => EventKind::Identify,
        "t" => EventKind::Track,
        "p" => EventKind::Page,
        "s" => EventKind::Screen,
        "g" => EventKind::Group,
        "a" => EventKind::Alias,
        word => EventKind::from_type(word),
    };
    (kind != EventKind::Other).then_some(Shape::Single(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Route<'_> = Route::WrongMethod("GET, HEAD, OPTIONS");
    const POST: Route<'_> = Route::WrongMethod("POST, OPTIONS");

    fn check(method: &str, path: &str, want: Route<'_>) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(route(&method, path), want, "{method} {path}");
    }

    #[test]
    fn paths_lead_to_calls() {
        for (word, letter, kind) in [
            ("identify", "i", EventKind::Identify),
            ("track", "t", EventKind::Track),
            ("page", "p", EventKind::Page),
            ("screen", "s", EventKind::Screen),
            ("group", "g", EventKind::Group),
            ("alias", "a", EventKind::Alias),
            ("merge", "merge", EventKind::Merge),
        ] {
            check("POST", &format!("/v1/{word}"), Route::Events(Shape::Single(kind)));
            check("POST", &format!("/v1/{letter}"), Route::Events(Shape::Single(kind)));
        }
        for word in ["batch", "b", "import"] {
            check("POST", &format!("/v1/{word}"), Route::Events(Shape::Batch));
        }
        check("POST", "/beacon/v1/batch", Route::Beacon);
        check("GET", "/pixel/v1/track", Route::Pixel(EventKind::Track));
        check("GET", "/a//pixel/v1/page/", Route::Pixel(EventKind::Page));
        check("GET", "/sourceConfig", Route::SourceConfig);
        check("GET", "/v1/projects/key/settings", Route::SegmentSettings("key"));
        check("GET", "/v1/projects/v1/settings", Route::SegmentSettings("v1"));
        check("GET", "/v1/projects/internal/settings", Route::SegmentSettings("internal"));
        check("POST", "/internals/v1/track", Route::Events(Shape::Single(EventKind::Track)));
        check("GET", "/.well-known/webhook-keys", Route::WebhookKeys);
        check("GET", "/health", Route::Health);
        check("GET", "/", Route::Health);
        check("GET", "/version", Route::Version);
        check("GET", "/robots.txt", Route::Robots);
    }

    #[test]
    fn slashes_and_prefixes_change_nothing() {
        for path in
            ["//v1/batch", "/v1/batch/", "/some/prefix/v1/batch", "/a//v1//batch/", "/v1/v1/b"]
        {
            check("POST", path, Route::Events(Shape::Batch));
        }
        check("POST", "/v1/import/", Route::Events(Shape::Batch));
        check("POST", "/some/prefix/beacon/v1/batch/", Route::Beacon);
        check("GET", "//sourceConfig/", Route::SourceConfig);
        check("GET", "/some/prefix/sourceConfig/", Route::SourceConfig);
        check("GET", "/cdn/v1/projects/key/settings/", Route::SegmentSettings("key"));
        check("GET", "//health/", Route::Health);
        check("GET", "//", Route::Health);
    }

    #[test]
    fn other_methods_are_told_which_ones_there_are() {
        for path in ["/v1/batch", "/v1/track", "/v1/t", "/beacon/v1/batch"] {
            check("GET", path, POST);
            check("HEAD", path, POST);
            check("PUT", path, POST);
        }
        for path in ["/health", "/", "/sourceConfig", "/v1/projects/key/settings"] {
            check("POST", path, GET);
            check("PUT", path, GET);
        }
        for method in ["HEAD", "POST"] {
            check(method, "/pixel/v1/track", Route::WrongMethod("GET, OPTIONS"));
        }
        check("HEAD", "/health", Route::Health);
        check("HEAD", "/sourceConfig/", Route::SourceConfig);
    }

    #[test]
    fn nothing_else_exists() {
        for path in [
            "/favicon.ico",
            "/v1",
            "/v1/",
            "/v1/other",
            "/v1/Batch",
            "/v1/batch/x",
            "/v2/batch",
            "/batch",
            "/beacon/v1/track",
            "/pixel/v1/identify",
            "/pixel/v1/t",
            "/internal/v1/batch",
            "/internal/v1/extract",
            "/INTERNAL/v1/track",
            "/prefix/internal/v1/track",
            "//Internal/x/v1/track",
            "/internal/sourceConfig",
            "/internal/pixel/v1/track",
            "/prefix/health",
            "/projects/key/settings",
            "/v1/projects/settings",
            "/webhook-keys",
            "/.well-known",
            "*",
        ] {
            check("POST", path, Route::Unknown);
            check("GET", path, Route::Unknown);
        }
    }
}
