//! Reading a request's body: counted as it comes, within its time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::limits;
use domain::reason::Reason;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::inflate::inflate;

/// How a body is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// `gzip`.
    Gzip,
}

/// How the body is packed, by its header.
///
/// # Errors
/// `BadEncoding` for anything but gzip.
pub fn encoding(headers: &HeaderMap) -> Result<Encoding, (Reason, String)> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let value = values.next().map_or(b"".as_slice(), HeaderValue::as_bytes).trim_ascii();
    let known = if value.is_empty() || value.eq_ignore_ascii_case(b"identity") {
        Some(Encoding::Plain)
    } else if value.eq_ignore_ascii_case(b"gzip") || value.eq_ignore_ascii_case(b"x-gzip") {
        Some(Encoding::Gzip)
    } else {
        None
    };
    known.filter(|_| values.next().is_none()).ok_or_else(|| {
        let shown = String::from_utf8_lossy(value);
        (Reason::BadEncoding, format!("Content-Encoding {shown:?} is not known"))
    })
}

/// Reads a whole body and unpacks it; neither form is larger than `bytes_max`.
///
/// # Errors
/// `TooLarge`, `BodyTimeout`, `BodyCut`, `BadGzip`; each with a detail.
pub async fn read(
    body: Incoming,
    encoding: Encoding,
    bytes_max: usize,
    time_max: Duration,
) -> Result<Bytes, (Reason, String)> {
    let collected = tokio::time::timeout(time_max, collect(body, bytes_max)).await;
    let packed = collected.unwrap_or_else(|_| {
        let seconds = time_max.as_secs_f64();
        Err((Reason::BodyTimeout, format!("the body took longer than {seconds} s")))
    })?;
    match encoding {
        Encoding::Plain => Ok(packed),
        Encoding::Gzip => inflate(&packed, bytes_max).map(Bytes::from),
    }
}

async fn collect(mut body: Incoming, bytes_max: usize) -> Result<Bytes, (Reason, String)> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| (Reason::BodyCut, error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > bytes_max {
            drain(body).await;
            return Err((Reason::TooLarge, format!("more than {bytes_max} bytes")));
        }
        // Nearly every body comes in one piece, which then is not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Reads the rest of a body that is too large, as clients that cannot finish sending send again.
async fn drain(mut body: Incoming) {
    let mut left = limits::OVERSIZED_BODY_DRAIN_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_in_any_letter_case() {
        let check = |values: &[&str], want: Option<Encoding>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(encoding(&headers).ok(), want, "{values:?}");
        };
        check(&[], Some(Encoding::Plain));
        check(&["identity"], Some(Encoding::Plain));
        check(&["gzip"], Some(Encoding::Gzip));
        check(&["GZIP"], Some(Encoding::Gzip));
        check(&["x-gzip"], Some(Encoding::Gzip));
        check(&["br"], None);
        check(&["gzip, gzip"], None);
        check(&["gzip", "gzip"], None);
    }
}
