//! Reading a request's body: counted as it comes, within its time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::limits;
use domain::reason::Reason;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::budget::Share;
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

/// How much of a body is read, and how long that may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes, as sent and unpacked.
    pub bytes_max: usize,
    /// The whole time.
    pub time_max: Duration,
}

/// Reads a whole body and unpacks it; its bytes are taken from `share`.
///
/// # Errors
/// `TooLarge`, `BodyTimeout`, `BodyCut`, `BadGzip`, `Busy`; each with a detail.
pub async fn read(
    mut body: Incoming,
    encoding: Encoding,
    bounds: Bounds,
    share: &mut Share,
) -> Result<Bytes, (Reason, String)> {
    let Bounds { bytes_max, time_max } = bounds;
    let collected = tokio::time::timeout(time_max, collect(&mut body, bytes_max, share)).await;
    let packed = collected.unwrap_or_else(|_| {
        let seconds = time_max.as_secs_f64();
        Err((Reason::BodyTimeout, format!("the body took longer than {seconds} s")))
    });
    if matches!(packed, Err((Reason::TooLarge, _))) {
        drain(body, time_max).await;
    }
    match encoding {
        Encoding::Plain => packed,
        Encoding::Gzip => {
            let inflated = inflate(&packed?, bytes_max)?;
            share.take(inflated.len())?;
            Ok(Bytes::from(inflated))
        }
    }
}

async fn collect(
    body: &mut Incoming,
    bytes_max: usize,
    share: &mut Share,
) -> Result<Bytes, (Reason, String)> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| (Reason::BodyCut, error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > bytes_max {
            return Err((Reason::TooLarge, format!("more than {bytes_max} bytes")));
        }
        share.take(data.len())?;
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

/// Reads what is left of a body that is refused, within bounds: a client that cannot finish sending
/// may miss the answer, and send again.
pub async fn drain(mut body: Incoming, time_max: Duration) {
    let read = async {
        let mut left = limits::REFUSED_BODY_DRAIN_BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // A body that takes longer is cut off; its sender gets the answer or a closed connection.
    let _ = tokio::time::timeout(time_max, read).await;
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
