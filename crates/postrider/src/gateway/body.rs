//! Reading a request's body: counted as it comes, within its time and no slower than it may be.

use std::time::Duration;

use bytes::Bytes;
use domain::limits;
use domain::reason::Reason;
use futures_util::FutureExt;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use tokio::time::Instant;

use super::aside::Aside;
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
    /// How long it may be slow.
    pub grace: Duration,
}

/// A body on its way in.
struct Flow {
    body: Incoming,
    bounds: Bounds,
    /// Bytes that it says it has; 0 where it does not say.
    declared: usize,
    /// Bytes that have come.
    bytes: usize,
    /// When it was first waited for.
    since: Option<Instant>,
}

/// Whether a body that says how long it is may be taken.
///
/// # Errors
/// `TooLarge` with a detail.
pub fn check_length(body: &Incoming, bytes_max: usize) -> Result<(), (Reason, String)> {
    let bytes = body.size_hint().lower();
    if usize::try_from(bytes).is_ok_and(|bytes| bytes <= bytes_max) {
        return Ok(());
    }
    Err((Reason::TooLarge, format!("{bytes} bytes, {bytes_max} are allowed")))
}

/// Reads a whole body and unpacks it, a large one aside; its bytes are taken from `share`.
///
/// # Errors
/// `TooLarge`, `BodyTimeout`, `BodyCut`, `BadGzip`, `Busy`; each with a detail.
pub async fn read(
    body: Incoming,
    encoding: Encoding,
    bounds: Bounds,
    share: &mut Share,
    aside: &Aside,
) -> Result<Bytes, (Reason, String)> {
    let bytes_max = bounds.bytes_max;
    let mut flow = Flow::new(body, bounds);
    let packed = collect(&mut flow, share).await;
    if matches!(packed, Err((Reason::TooLarge, _))) {
        flow.drain().await;
    }
    let packed = packed?;
    match encoding {
        Encoding::Plain => Ok(packed),
        Encoding::Gzip => {
            // What will come of it is not known yet.
            let bytes = packed.len().saturating_mul(limits::INFLATED_PER_PACKED);
            let inflated = aside.work(bytes, move || inflate(&packed, bytes_max)).await??;
            share.take(inflated.len())?;
            Ok(Bytes::from(inflated))
        }
    }
}

async fn collect(flow: &mut Flow, share: &mut Share) -> Result<Bytes, (Reason, String)> {
    let bytes_max = flow.bounds.bytes_max;
    let mut first = Bytes::new();
    let mut all = Vec::new();
    while let Some(piece) = flow.next().await? {
        if flow.bytes > bytes_max {
            return Err((Reason::TooLarge, format!("more than {bytes_max} bytes")));
        }
        share.take(piece.len())?;
        // Nearly every body comes in one piece, which then is not copied.
        if first.is_empty() && all.is_empty() {
            first = piece;
            continue;
        }
        make_room(&mut all, flow.bytes, flow.declared);
        if all.is_empty() {
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { Bytes::from(all) })
}

/// Makes room for so many bytes in all, twice as many as before, but not for more than the body
/// says it has: it is believed as far as it has come.
fn make_room(all: &mut Vec<u8>, bytes: usize, declared: usize) {
    if bytes > all.capacity() {
        let most = if declared >= bytes { declared } else { usize::MAX };
        all.reserve_exact(bytes.saturating_mul(2).min(most) - all.len());
    }
}

/// Reads a body that is refused, within bounds: a client that cannot finish sending may miss the
/// answer, and send again. One that says it is longer than that is not read at all.
pub async fn drain(body: Incoming, bounds: Bounds) {
    if check_length(&body, limits::REFUSED_BODY_DRAIN_BYTES_MAX).is_ok() {
        Flow::new(body, bounds).drain().await;
    }
}

impl Flow {
    fn new(body: Incoming, bounds: Bounds) -> Self {
        let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        Self { body, bounds, declared, bytes: 0, since: None }
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, (Reason, String)> {
        loop {
            let frame = match self.body.frame().now_or_never() {
                // Nearly every body is there with its head, and then costs no timer.
                Some(frame) => frame,
                None => self.wait().await?,
            };
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| (Reason::BodyCut, error.to_string()))?;
            if let Ok(piece) = frame.into_data() {
                self.bytes += piece.len();
                return Ok(Some(piece));
            }
        }
    }

    /// Waits for the next frame as long as the body is fast enough.
    async fn wait(&mut self) -> Result<Option<hyper::Result<Frame<Bytes>>>, (Reason, String)> {
        let Bounds { time_max, grace, .. } = self.bounds;
        let since = *self.since.get_or_insert_with(Instant::now);
        let earned = self.bytes as u64 * 1_000 / limits::BODY_BYTES_PER_SECOND_MIN;
        let time_left = time_max.min(grace.saturating_add(Duration::from_millis(earned)));
        let waited = tokio::time::timeout_at(since + time_left, self.body.frame()).await;
        waited.map_err(|_| {
            let (seconds, bytes) = (time_left.as_secs_f64(), self.bytes);
            (Reason::BodyTimeout, format!("{bytes} bytes of the body came within {seconds} s"))
        })
    }

    /// Reads what is left, within bounds; what is slower or longer is cut off, and its sender gets
    /// the answer or a closed connection.
    async fn drain(&mut self) {
        let bytes_max = self.bytes.saturating_add(limits::REFUSED_BODY_DRAIN_BYTES_MAX);
        while let Ok(Some(_)) = self.next().await {
            if self.bytes > bytes_max {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_grows_with_what_comes_and_no_further_than_what_was_declared() {
        let check = |held: usize, bytes: usize, declared: usize, want: usize| {
            let mut all = vec![0; held];
            make_room(&mut all, bytes, declared);
            assert_eq!(all.capacity(), want, "{held} {bytes} {declared}");
        };
        check(0, 1_000, 1_000_000, 2_000);
        check(0, 1_000, 1_500, 1_500);
        check(0, 1_000, 1_000, 1_000);
        check(1_000, 1_200, 0, 2_400);
        check(1_000, 1_200, 1_100, 2_400);
        check(1_000, 900, 2_000, 1_000);
    }

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
