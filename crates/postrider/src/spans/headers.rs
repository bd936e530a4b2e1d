//! Headers for the collector, as the variable has them: `name=value,name=value`, values with `%20` for
//! a space, as in OpenTelemetry's `OTEL_EXPORTER_OTLP_HEADERS`.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

/// The headers of requests to the collector, with those of the variable.
///
/// # Errors
/// Which part of it is none, by its place; values are not told.
pub fn headers(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let agent = concat!("postrider/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    for (at, part) in text.split(',').enumerate().filter(|(_, part)| !part.is_empty()) {
        let (name, value) =
            header(part).ok_or_else(|| format!("part {} is no name=value", at + 1))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn header(part: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = part.split_once('=')?;
    let mut value = HeaderValue::from_bytes(&unescaped(value)?).ok()?;
    value.set_sensitive(true);
    Some((HeaderName::try_from(name.trim()).ok()?, value))
}

/// The bytes of a value; none where a `%` has no two digits behind it.
fn unescaped(value: &str) -> Option<Vec<u8>> {
    let mut parts = value.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(part[2..].bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_or_the_wrong_one_is_named_without_its_value() {
        let read = |text: &str| {
            let headers = headers(text)?;
            let shown = headers.iter().skip(2).map(|(name, value)| {
                format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
            });
            Ok::<_, String>(shown.collect::<Vec<_>>())
        };
        let two = "Authorization=Bearer%20a=b,x-team=core";
        assert_eq!(read(two).unwrap(), ["authorization: Bearer a=b", "x-team: core"]);
        for wrong in ["secret", "a=b,secret", "a b=secret", "a=sec%0aret", "a=secret%2"] {
            let error = read(wrong).unwrap_err();
            assert!(error.starts_with("part ") && !error.contains("sec"), "{wrong}: {error}");
        }
        assert!(!format!("{:?}", headers(two).unwrap()).contains("Bearer"));
        assert_eq!(read("").unwrap(), [""; 0]);
    }
}
