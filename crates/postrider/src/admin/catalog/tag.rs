//! Versions as tags: which one somebody has, and on which one an edit was made.

use axum::http::HeaderMap;
use axum::http::header::{ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};

/// The header that says an object's version.
pub fn header(version: u64) -> [(HeaderName, HeaderValue); 1] {
    let value = HeaderValue::from_str(&tag(version));
    [(ETAG, value.unwrap_or(HeaderValue::from_static("\"0\"")))]
}

fn tag(version: u64) -> String {
    format!("\"{version}\"")
}

/// Whether an edit may be made on this version.
pub fn may_edit(headers: &HeaderMap, version: u64) -> bool {
    !headers.contains_key(IF_MATCH) || names(headers, &IF_MATCH, |own| own == tag(version))
}

/// Whether whoever asks has this version; a weak tag is as good.
pub fn is_known(headers: &HeaderMap, version: u64) -> bool {
    let is_it = |own: &str| own.strip_prefix("W/").unwrap_or(own) == tag(version);
    names(headers, &IF_NONE_MATCH, is_it)
}

fn names(headers: &HeaderMap, name: &HeaderName, is_it: impl Fn(&str) -> bool) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|own| own == "*" || is_it(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let value = |value: &&str| (name.clone(), HeaderValue::from_str(value).unwrap());
        values.iter().map(value).collect()
    }

    #[test]
    fn an_edit_is_made_on_the_version_it_names_or_on_any() {
        let check = |values: &[&str], want: bool| {
            assert_eq!(may_edit(&headers(IF_MATCH, values), 7), want, "{values:?}");
        };
        check(&[], true);
        check(&["\"7\""], true);
        check(&["*"], true);
        check(&["\"6\", \"7\""], true);
        check(&["\"6\""], false);
        check(&["7"], false);
        check(&["W/\"7\""], false);
        check(&[""], false);
    }

    #[test]
    fn whoever_has_a_version_gets_it_no_second_time() {
        let check = |values: &[&str], want: bool| {
            assert_eq!(is_known(&headers(IF_NONE_MATCH, values), 7), want, "{values:?}");
        };
        check(&[], false);
        check(&["\"7\""], true);
        check(&["W/\"7\""], true);
        check(&["\"6\"", "\"7\""], true);
        check(&["\"17\""], false);
    }
}
