//! Headers of requests: what may be set, and how several rows become one value per name.

use super::settings::HeaderSetting;
use crate::field;

/// Headers that belong to the connection, not to the event; what sends it sets those that are needed.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that a signing destination sets itself.
pub(super) const OF_SIGNING: [&str; 4] =
    ["webhook-attempt", "webhook-id", "webhook-signature", "webhook-timestamp"];

/// Tells a receiver that a request is part of a replay: its number, or `test`.
pub(super) const OF_REPLAY: &str = "postrider-replay";

/// Whether a header belongs to the connection, in any letter case.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether signing sets a header, in any letter case.
pub(super) fn is_of_signing(name: &str) -> bool {
    OF_SIGNING.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Why a header cannot have this name; none where it can.
pub(super) fn name_fault(name: &str) -> Option<String> {
    if is_reserved(name) {
        let name = name.to_ascii_lowercase();
        return Some(format!("header {name} belongs to the connection and cannot be set"));
    }
    if name.eq_ignore_ascii_case(OF_REPLAY) {
        return Some(format!("header {OF_REPLAY} marks replays and cannot be set"));
    }
    if name.is_empty() {
        return Some("a header has no name".to_owned());
    }
    let at = name.bytes().position(|byte| !field::is_name_byte(byte));
    at.map(|at| format!("header name has a character that is not allowed at {at}"))
}

/// Why a header cannot have this configured value; none where it can. Only ASCII, so that a value
/// is sent as it reads.
pub(super) fn configured_value_fault(name: &str, value: &str) -> Option<String> {
    value_fault(name, value, |byte| field::is_value_byte(byte) && byte.is_ascii())
}

/// Why a header cannot have this value from an event; none where it can. Letters beyond ASCII are
/// sent as UTF-8.
pub(super) fn event_value_fault(name: &str, value: &str) -> Option<String> {
    value_fault(name, value, field::is_value_byte)
}

fn value_fault(name: &str, value: &str, is_allowed: impl Fn(u8) -> bool) -> Option<String> {
    let at = value.bytes().position(|byte| !is_allowed(byte))?;
    let name = name.to_ascii_lowercase();
    Some(format!("value of header {name} has a character that is not allowed at {at}"))
}

/// Sets a header, in the place of the one with this name where there is one; names in lower case.
pub(super) fn set(headers: &mut Vec<(String, String)>, name: &str, value: String) {
    let name = name.to_ascii_lowercase();
    match headers.iter_mut().find(|(own, _)| *own == name) {
        Some((_, own)) => *own = value,
        None => headers.push((name, value)),
    }
}

/// The defaults, with or without a body.
pub(super) fn defaults(has_body: bool) -> Vec<(String, String)> {
    let mut headers = vec![("user-agent".to_owned(), "RudderLabs".to_owned())];
    if has_body {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    headers
}

/// Sets the configured headers that are the same for all events.
pub(super) fn set_fixed(headers: &mut Vec<(String, String)>, configured: &[HeaderSetting]) {
    for (name, value) in configured.iter().filter_map(HeaderSetting::fixed) {
        set(headers, name, value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_of_the_connection_are_known_in_any_letter_case() {
        let check = |name: &str, reserved: bool| assert_eq!(is_reserved(name), reserved, "{name}");
        check("Host", true);
        check("content-length", true);
        check("Transfer-ENCODING", true);
        check("Content-Type", false);
        check("X-Host", false);
        assert!(is_of_signing("Webhook-ID") && !is_of_signing("webhook"));
    }

    #[test]
    fn configured_headers_win_over_defaults_in_any_letter_case() {
        let header = |(name, value): (&str, &str)| HeaderSetting::new(name, value);
        let rows = [("Content-Type", "text/x"), ("", "lost"), ("X-Key", "1"), ("x-key", "2")];
        let mut headers = defaults(true);
        set_fixed(&mut headers, &rows.map(header));
        let shown: Vec<_> = headers.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(shown, ["user-agent=RudderLabs", "content-type=text/x", "x-key=2"]);
        assert_eq!(defaults(false).len(), 1, "no content-type without a body");
    }

    proptest! {
        #[test]
        fn merging_yields_one_value_per_name_the_last_one(
            rows in prop::collection::vec(("[aBb-]{1,3}", "[0-9]{1,3}"), 0..12),
        ) {
            let mut headers = Vec::new();
            for (name, value) in &rows {
                set(&mut headers, name, value.clone());
            }
            let names: std::collections::HashSet<_> = headers.iter().map(|(name, _)| name).collect();
            prop_assert_eq!(names.len(), headers.len());
            for (name, value) in &headers {
                let last = rows.iter().rfind(|(own, _)| own.eq_ignore_ascii_case(name)).unwrap();
                prop_assert_eq!(&last.1, value);
            }
            for (name, _) in &rows {
                prop_assert!(headers.iter().any(|(own, _)| *own == name.to_ascii_lowercase()));
            }
        }
    }
}
