//! Cross-origin answers: pages of any origin may send events, and read what they are told.
//!
//! Write keys are public, so an origin is no secret to guard; it is echoed and never `*`, because
//! SDKs send credentials. Every answer carries this, refusals included: a browser tells an SDK
//! nothing about an answer without it, and the SDK sends the events again.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::answer::{self, Answer};

/// What a page may do; the reference names the same three.
const METHODS: [&[u8]; 3] = [b"GET", b"POST", b"HEAD"];

const TRUE: HeaderValue = HeaderValue::from_static("true");
/// Segment's browser SDK waits as `Retry-After` says only where it can see it.
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After, Postrider-Reason");
/// Seconds for which a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("900");
const VARY_ANSWER: HeaderValue = HeaderValue::from_static("Origin");
const VARY_PREFLIGHT: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
);

/// The origin of the page that sends a request; none where it is no page, or the header is empty.
pub fn origin(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ORIGIN).filter(|origin| !origin.is_empty()).cloned()
}

/// Lets the page of this origin read an answer; says to caches that it may differ without one too.
pub fn expose(answer: &mut Answer, origin: Option<HeaderValue>) {
    let headers = answer.headers_mut();
    headers.insert(VARY, VARY_ANSWER);
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// The answer to `OPTIONS`, whatever its path: a browser asks without the key it will send.
///
/// What a page may not do, and what no page asks, is answered alike, but allows nothing.
pub fn preflight(headers: &HeaderMap) -> Answer {
    let mut answer = answer::empty(StatusCode::NO_CONTENT);
    let allowed = answer.headers_mut();
    allowed.insert(VARY, VARY_PREFLIGHT);
    let method = headers.get(ACCESS_CONTROL_REQUEST_METHOD);
    let method = method.filter(|method| METHODS.contains(&method.as_bytes()));
    if let (Some(origin), Some(method)) = (origin(headers), method) {
        allowed.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        allowed.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
        for names in headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS) {
            allowed.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        allowed.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        allowed.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: (&str, &str) = ("origin", "https://shop.example");

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn lines(answer: &Answer) -> Vec<String> {
        let lines = answer.headers().iter();
        let mut lines: Vec<String> =
            lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn any_origin_is_echoed() {
        let check = |sent: &[(&'static str, &str)], want: &[&str]| {
            let mut answer = answer::empty(StatusCode::OK);
            expose(&mut answer, origin(&headers(sent)));
            assert_eq!(lines(&answer), want, "{sent:?}");
        };
        let seen = |origin: &str| {
            [
                "access-control-allow-credentials: true".to_owned(),
                format!("access-control-allow-origin: {origin}"),
                "access-control-expose-headers: Retry-After, Postrider-Reason".to_owned(),
                "vary: Origin".to_owned(),
            ]
        };
        check(&[], &["vary: Origin"]);
        check(&[("origin", "")], &["vary: Origin"]);
        check(&[PAGE], &seen(PAGE.1).each_ref().map(String::as_str));
        check(&[("origin", "null")], &seen("null").each_ref().map(String::as_str));
    }

    #[test]
    fn preflights_allow_what_sdks_do() {
        const METHOD: &str = "access-control-request-method";
        const HEADERS: &str = "access-control-request-headers";
        const VARY: &str =
            "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        let check = |sent: &[(&'static str, &str)], allowed: &[&str]| {
            let answer = preflight(&headers(sent));
            assert_eq!(answer.status(), StatusCode::NO_CONTENT);
            assert_eq!(lines(&answer), [allowed, &[VARY]].concat(), "{sent:?}");
        };
        for method in ["GET", "POST", "HEAD"] {
            let methods = format!("access-control-allow-methods: {method}");
            let allowed = [
                "access-control-allow-credentials: true",
                &methods,
                "access-control-allow-origin: https://shop.example",
                "access-control-max-age: 900",
            ];
            check(&[PAGE, (METHOD, method)], &allowed);
        }
        let names = (HEADERS, "anonymousid,authorization,sentat,X-Odd");
        let allowed = [
            "access-control-allow-credentials: true",
            "access-control-allow-headers: anonymousid,authorization,sentat,X-Odd",
            "access-control-allow-methods: POST",
            "access-control-allow-origin: https://shop.example",
            "access-control-max-age: 900",
        ];
        check(&[PAGE, (METHOD, "POST"), names], &allowed);
        check(&[PAGE, (METHOD, "PUT"), names], &[]);
        check(&[PAGE, (METHOD, "post")], &[]);
        check(&[(METHOD, "POST"), names], &[]);
        check(&[PAGE], &[]);
        check(&[], &[]);
    }
}
