//! Reading a request's body: counted as it comes, within its time and no slower than it may be.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use domain::limits;
use domain::reason::Reason;
use futures_util::FutureExt;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use hyper::body::{Body as _, Frame, Incoming};
use tokio::time::Instant;

use super::aside::Aside;
use super::budget::Share;
use super::http1::Line;
use super::inflate::{Inflated, Inflation};
use crate::address::Site;

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

/// A request's body.
pub enum Body<'l> {
    /// Of the request at hand on a line.
    Line(&'l mut Line),
    /// Of a stream of HTTP/2.
    Stream(Incoming),
}

/// A body on its way in.
struct Flow<'l> {
    body: Body<'l>,
    bounds: Bounds,
    /// Bytes that it says it has; 0 where it does not say.
    declared: usize,
    /// Bytes that have come.
    bytes: usize,
    /// Since it was first waited for.
    patience: Option<Patience>,
}

/// How long a body may still be silent. What comes of it prolongs that, but never far ahead, so
/// that a fast beginning does not buy all the time there is.
#[derive(Debug)]
struct Patience {
    grace: Duration,
    since: Instant,
    until: Instant,
    /// Bytes that have prolonged it.
    bytes: usize,
}

/// Where the work on large bodies is put, and whose it is.
#[derive(Clone, Copy)]
pub struct Workplace<'a> {
    /// Where.
    pub aside: &'a Aside,
    /// Whose.
    pub site: Site,
}

/// Whether a body that says how long it is may be taken.
///
/// # Errors
/// `TooLarge` with a detail.
pub fn check_length(body: &Body<'_>, bytes_max: usize) -> Result<(), (Reason, String)> {
    let bytes = body.declared();
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
    body: Body<'_>,
    encoding: Encoding,
    bounds: Bounds,
    share: &mut Share,
    workplace: Workplace<'_>,
) -> Result<Bytes, (Reason, String)> {
    let mut flow = Flow::new(body, bounds);
    let packed = collect(&mut flow, share).await;
    if matches!(packed, Err((Reason::TooLarge, _))) {
        flow.drain().await;
    }
    let packed = packed?;
    match encoding {
        Encoding::Plain => Ok(packed),
        Encoding::Gzip => {
            let inflated = workplace.inflate(packed, bounds.bytes_max).await?;
            share.take(inflated.len())?;
            Ok(inflated)
        }
    }
}

impl Workplace<'_> {
    /// Does work on so many bytes, here or aside.
    ///
    /// # Errors
    /// As [`Aside::work`] says.
    pub async fn work<T: Send + 'static>(
        self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, (Reason, String)> {
        self.aside.work(self.site, bytes, work).await
    }

    /// Inflates a body: here as long as that is little work, and the rest of it aside.
    async fn inflate(self, packed: Bytes, bytes_max: usize) -> Result<Bytes, (Reason, String)> {
        let is_small = packed.len() <= limits::INLINE_PACKED_BYTES_MAX;
        let inflation = Inflation::new(packed, bytes_max);
        // What will come of it is not known before it has.
        let begun = match is_small {
            true => inflation.up_to(limits::INLINE_BYTES_MAX)?,
            false => Inflated::Part(Box::new(inflation)),
        };
        match begun {
            Inflated::Whole(body) => Ok(body),
            Inflated::Part(rest) => self.aside.put(self.site, || rest.whole()).await?,
        }
    }
}

async fn collect(flow: &mut Flow<'_>, share: &mut Share) -> Result<Bytes, (Reason, String)> {
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
pub async fn drain(body: Body<'_>, bounds: Bounds) {
    if check_length(&body, limits::REFUSED_BODY_DRAIN_BYTES_MAX).is_ok() {
        Flow::new(body, bounds).drain().await;
    }
}

impl Body<'_> {
    /// Bytes that it says it has; 0 where it does not say.
    fn declared(&self) -> u64 {
        match self {
            Self::Line(line) => line.declared(),
            Self::Stream(body) => body.size_hint().lower(),
        }
    }

    /// Waits for the next piece; none at the end. What broke it off is told in words.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, String>> {
        let body = match self {
            Self::Line(line) => return line.poll_piece(cx).map_err(|cut| cut.to_string()),
            Self::Stream(body) => body,
        };
        loop {
            let frame = ready!(Pin::new(&mut *body).poll_frame(cx)).transpose();
            match frame.map_err(|error| error.to_string())?.map(Frame::into_data) {
                Some(Ok(piece)) => return Poll::Ready(Ok(Some(piece))),
                // Headers after the body say nothing.
                Some(Err(_)) => {}
                None => return Poll::Ready(Ok(None)),
            }
        }
    }
}

impl<'l> Flow<'l> {
    fn new(body: Body<'l>, bounds: Bounds) -> Self {
        let declared = usize::try_from(body.declared()).unwrap_or(usize::MAX);
        Self { body, bounds, declared, bytes: 0, patience: None }
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, (Reason, String)> {
        let piece = match poll_fn(|cx| self.body.poll_piece(cx)).now_or_never() {
            // Nearly every body is there with its head, and then costs no timer.
            Some(piece) => piece,
            None => self.wait().await?,
        };
        let piece = piece.map_err(|cut| (Reason::BodyCut, cut))?;
        self.bytes += piece.as_ref().map_or(0, Bytes::len);
        Ok(piece)
    }

    /// Waits for the next piece as long as the body is fast enough.
    async fn wait(&mut self) -> Result<Result<Option<Bytes>, String>, (Reason, String)> {
        let now = Instant::now();
        let patience = self.patience.get_or_insert_with(|| Patience::new(self.bounds.grace, now));
        let until = patience.prolong(self.bytes, now).min(patience.since + self.bounds.time_max);
        let piece = poll_fn(|cx| self.body.poll_piece(cx));
        tokio::time::timeout_at(until, piece).await.map_err(|_| {
            let (seconds, bytes) = ((until - patience.since).as_secs_f64(), self.bytes);
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

impl Patience {
    fn new(grace: Duration, now: Instant) -> Self {
        Self { grace, since: now, until: now + grace, bytes: 0 }
    }

    /// Prolongs it, as so many bytes have come in all; says until when the next one must.
    fn prolong(&mut self, bytes: usize, now: Instant) -> Instant {
        let earned = (bytes - self.bytes) as u64 * 1_000 / limits::BODY_BYTES_PER_SECOND_MIN;
        self.bytes = bytes;
        let most = self.grace.max(limits::BODY_PATIENCE_MAX);
        self.until = (self.until + Duration::from_millis(earned)).min(now + most);
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_a_body_earns_it_time_but_never_much_ahead() {
        let check = |grace: u64, steps: &[(u64, usize, u64)]| {
            let start = Instant::now();
            let at = |seconds| start + Duration::from_secs(seconds);
            let mut patience = Patience::new(Duration::from_secs(grace), start);
            for (now, kib, until) in steps {
                assert_eq!(patience.prolong(kib << 10, at(*now)), at(*until), "{grace}: {steps:?}");
            }
        };
        check(5, &[(0, 0, 5), (4, 0, 5)]);
        check(5, &[(0, 3, 8), (7, 4, 9), (9, 5, 10)]);
        // A fast beginning buys ten seconds of silence, whenever it comes.
        check(5, &[(0, 10_000, 10), (9, 10_000, 10), (9, 10_001, 11)]);
        check(5, &[(0, 0, 5), (4, 10_000, 14)]);
        check(60, &[(0, 10_000, 60), (30, 10_010, 70)]);
    }

    #[tokio::test]
    async fn gzip_is_inflated_here_as_long_as_little_comes_of_it() {
        let aside = Aside::new(1);
        let workplace = Workplace { aside: &aside, site: Site::of([192, 0, 2, 1].into()) };
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let mut busy = Box::pin(aside.put(workplace.site, move || wait.recv()));
        assert!(busy.as_mut().now_or_never().is_none(), "the only thread has work");
        let inflate = |packed| workplace.inflate(Bytes::from(packed), 16 << 20);
        let check = |packed: Vec<u8>, bytes_here: Option<usize>| {
            let inflated = inflate(packed).now_or_never();
            assert_eq!(inflated.map(|body| body.unwrap().len()), bytes_here);
        };
        let gzip = testkit::client::gzip;
        let most = limits::INLINE_BYTES_MAX;
        check(gzip(&vec![b' '; most]), Some(most));
        check(gzip(&vec![b' '; most + 1]), None);
        check(gzip(&vec![b' '; 16 << 20]), None);
        // Work that nothing comes of is work, too.
        let empty = gzip(b"");
        let members = limits::INLINE_PACKED_BYTES_MAX / empty.len();
        check(empty.repeat(members), Some(0));
        check(empty.repeat(members + 1), None);
        let rest = inflate(gzip(&vec![b' '; most + 1]));
        go.send(()).unwrap();
        assert_eq!(rest.await.unwrap().len(), most + 1);
    }

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
