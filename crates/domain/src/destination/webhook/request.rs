//! The request for one event.

use bytes::Bytes;

use super::body::body;
use super::query::{QueryTooLong, query};
use super::settings::WebhookSettings;

/// What differs from event to event; method and headers come from the settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebhookRequest {
    /// Query to append to the configured URL; none where the event travels in the body.
    pub query: Option<String>,
    /// Body to send; none where the event travels in the query.
    pub body: Option<Bytes>,
}

/// Builds the request for a stored event.
///
/// POST, PUT and PATCH carry the whole event; GET and DELETE carry its traits or properties.
///
/// # Errors
/// Where the query would be longer than any request may be.
pub fn request(
    settings: &WebhookSettings,
    payload: &Bytes,
) -> Result<WebhookRequest, QueryTooLong> {
    if settings.method.has_body() {
        Ok(WebhookRequest { query: None, body: Some(body(payload)) })
    } else {
        Ok(WebhookRequest { query: Some(query(payload)?), body: None })
    }
}

impl WebhookRequest {
    /// The path and query to ask for: the configured ones byte for byte, the query appended.
    pub fn path_and_query(&self, configured: &str) -> String {
        let Some(query) = self.query.as_deref().filter(|query| !query.is_empty()) else {
            return configured.to_owned();
        };
        let joint = match configured.find('?') {
            None => "?",
            Some(_) if configured.ends_with(['?', '&']) => "",
            Some(_) => "&",
        };
        format!("{configured}{joint}{query}")
    }
}

/// The headers of every request of a destination, names in lower case, one value each.
pub fn headers(settings: &WebhookSettings) -> Vec<(String, String)> {
    let mut headers = vec![("user-agent".to_owned(), "RudderLabs".to_owned())];
    if settings.method.has_body() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    for header in settings.headers.iter().filter(|header| !header.name.is_empty()) {
        let name = header.name.to_ascii_lowercase();
        match headers.iter_mut().find(|(own, _)| *own == name) {
            Some((_, value)) => value.clone_from(&header.value),
            None => headers.push((name, header.value.clone())),
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::super::settings::{HeaderSetting, Method};
    use super::*;

    fn settings(method: Method, headers: &[(&str, &str)]) -> WebhookSettings {
        let header = |(name, value): &(&str, &str)| HeaderSetting {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        let headers = headers.iter().map(header).collect();
        WebhookSettings { url: "https://a.test/x".to_owned(), method, headers }
    }

    #[test]
    fn configured_headers_win_over_defaults_in_any_letter_case() {
        let settings = settings(
            Method::Put,
            &[("Content-Type", "text/x"), ("", "lost"), ("X-Key", "1"), ("x-key", "2")],
        );
        let pairs = headers(&settings);
        let shown: Vec<_> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(shown, ["user-agent=RudderLabs", "content-type=text/x", "x-key=2"]);
        assert_eq!(headers(&self::settings(Method::Get, &[])).len(), 1, "no content-type on GET");
    }

    #[test]
    fn the_configured_url_stays_and_the_query_is_appended() {
        let check = |configured: &str, query: &str, want: &str| {
            let request = WebhookRequest { query: Some(query.to_owned()), body: None };
            assert_eq!(request.path_and_query(configured), want);
        };
        check("/x", "", "/x");
        check("/x", "a=1", "/x?a=1");
        check("/x?b=%20c;d", "a=1", "/x?b=%20c;d&a=1");
        check("/x?", "a=1", "/x?a=1");
    }
}
