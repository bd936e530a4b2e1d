//! Paths and queries of requests.

use std::fmt::Write as _;

/// A text as a part of a path or a query. Source: RFC 3986, section 2.3.
pub fn encoded(text: &str) -> String {
    let mut shown = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            shown.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(shown, "%{byte:02X}");
        }
    }
    shown
}

/// A path with a query of these pairs.
pub fn with_query(path: &str, pairs: &[(&str, String)]) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_asked_for_stays_in_its_place() {
        let pairs = [("name", "Order & Co/ü?".to_owned()), ("user", "a b".to_owned())];
        let want = "/x?name=Order%20%26%20Co%2F%C3%BC%3F&user=a%20b";
        assert_eq!(with_query("/x", &pairs), want);
        assert_eq!(with_query("/x", &[]), "/x");
    }
}
