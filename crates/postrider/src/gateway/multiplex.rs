//! HTTP/2: many requests on one connection, by one client or by all of a proxy's.
//!
//! The library reads heads before anybody sees them. What it leaves open is decided here: how many
//! headers a request may have and what all heads of a connection may hold, which heads two parsers
//! may read in two ways, and that a connection with many broken requests ends in good order, as
//! those of others are on it. Unknown here: what requests mean.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::limits;
use domain::reason::Reason;
use http::header::{CONTENT_LENGTH, COOKIE, HOST};
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::JoinSet;

use super::body::Body;
use super::budget::Share;
use super::cors;
use super::http1::Line;
use super::parting::{self, Asked};
use super::stream::Stream;
use super::visit::Attendant;
use crate::shutdown::Shutdown;

/// Serves a connection until it ends, or has ended in good order after the server's end began.
///
/// # Errors
/// Why the connection broke.
///
/// # Cancellation
/// The connection is closed; what it stored stays stored.
pub async fn serve(
    line: Line,
    attendant: Attendant,
    mut shutdown: Shutdown,
) -> std::io::Result<()> {
    let resets = Rc::default();
    let stream = Stream::new(line.into_parts(), attendant.pace.clone(), Rc::clone(&resets))?;
    let streams = Streams::default();
    let usher = Usher { attendant: attendant.clone(), heads: Rc::default() };
    let connection = builder(&streams).serve_connection(TokioIo::new(stream), usher);
    let mut connection = pin!(connection);
    let mut mistakes = Mistakes { resets, counted: 0 };
    let mut closing = pin!(shutdown.closing());
    let mut is_leaving = false;
    let ended = poll_fn(|cx| {
        let ended = connection.as_mut().poll(cx);
        streams.reap(cx);
        let are_many = mistakes.count(&attendant);
        if !is_leaving && (are_many || closing.as_mut().poll(cx).is_ready()) {
            is_leaving = true;
            connection.as_mut().graceful_shutdown();
            // What that leaves to be sent.
            cx.waker().wake_by_ref();
        }
        ended
    });
    ended.await.map_err(std::io::Error::other)
}

fn builder(streams: &Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams.clone());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::HTTP2_STREAMS_MAX)
        .max_header_list_size(limits::HTTP2_HEADERS_BYTES_MAX)
        .max_send_buf_size(limits::HTTP2_SEND_BYTES_MAX)
        .initial_stream_window_size(limits::HTTP2_WINDOW_BYTES)
        .initial_connection_window_size(limits::HTTP2_WINDOW_BYTES)
        .max_pending_accept_reset_streams(limits::HTTP2_PENDING_RESETS_MAX)
        .max_local_error_reset_streams(limits::HTTP2_LOCAL_RESETS_MAX);
    builder
}

/// Streams that were reset because their requests could not be read; nobody else hears of them.
struct Mistakes {
    resets: Rc<Cell<u32>>,
    counted: u32,
}

impl Mistakes {
    /// Counts new ones as refusals; answers whether the connection had better end.
    fn count(&mut self, attendant: &Attendant) -> bool {
        while self.counted < self.resets.get() {
            self.counted += 1;
            attendant.rudder.count_refusal(Reason::BadHead);
        }
        self.counted >= limits::HTTP2_MISTAKES_MAX
    }
}

/// Lets requests in, or tells them why not.
struct Usher {
    attendant: Attendant,
    /// Bytes of heads of requests under way.
    heads: Rc<Cell<usize>>,
}

/// What a head holds, until it is dropped.
struct Held {
    heads: Rc<Cell<usize>>,
    bytes: usize,
    _share: Share,
}

impl Usher {
    /// # Errors
    /// Why a request is refused for its head.
    fn admit(&self, request: &Request<Incoming>) -> Result<Held, Reason> {
        let headers = request.headers();
        if are_too_many(headers) {
            return Err(Reason::HeadTooLarge);
        }
        let authority = request.uri().authority().map(http::uri::Authority::as_str);
        if !is_of_one_host(headers, authority) {
            return Err(Reason::BadHost);
        }
        if headers.get_all(CONTENT_LENGTH).iter().nth(1).is_some() {
            return Err(Reason::BadFraming);
        }
        self.hold(request)
    }

    /// # Errors
    /// `Busy` where the heads of the connection, of its client, or all together hold too much.
    fn hold(&self, request: &Request<Incoming>) -> Result<Held, Reason> {
        let bytes = head_bytes(request);
        let all = self.heads.get() + bytes;
        if all > limits::HTTP2_HEADS_BYTES_MAX {
            return Err(Reason::Busy);
        }
        let Attendant { rudder, peer, .. } = &self.attendant;
        let mut share = rudder.share_of_heads(peer.ip(), request.headers());
        share.take(bytes).map_err(|(reason, _)| reason)?;
        self.heads.set(all);
        Ok(Held { heads: self.heads.clone(), bytes, _share: share })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.heads.set(self.heads.get() - self.bytes);
    }
}

impl Service<Request<Incoming>> for Usher {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match self.admit(&request) {
            Ok(held) => {
                let attendant = self.attendant.clone();
                // It is under way from now on, whenever its turn comes.
                let busy = attendant.pace.busy();
                Box::pin(async move {
                    let (head, body) = request.into_parts();
                    let answer = attendant.answer(&head, Body::Stream(body), busy).await;
                    drop(held);
                    Ok(answer.map(Full::new))
                })
            }
            Err(reason) => {
                let asked = Asked {
                    method: request.method().clone(),
                    path: request.uri().path(),
                    origin: cors::origin(request.headers()),
                };
                let answer = parting::refusal(&self.attendant.rudder, reason, asked);
                Box::pin(std::future::ready(Ok(answer.map(Full::new))))
            }
        }
    }
}

/// Whether a request has more headers than it may. Cookies count as one, which they are in HTTP/1:
/// browsers send each on its own here. Source: RFC 9113, section 8.2.3.
fn are_too_many(headers: &HeaderMap) -> bool {
    headers.len() > limits::REQUEST_HEADERS_MAX
        && headers.len() - headers.get_all(COOKIE).iter().skip(1).count()
            > limits::REQUEST_HEADERS_MAX
}

/// Whether a request names one host: a proxy may go by one name, and whoever is behind it by the
/// other. Source: RFC 9113, section 8.3.1.
fn is_of_one_host(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let Some(host) = hosts.next() else { return true };
    let is_same = |authority: &str| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes());
    hosts.next().is_none() && authority.is_none_or(is_same)
}

/// About what a head takes in memory.
fn head_bytes(request: &Request<Incoming>) -> usize {
    let fields = request.headers().iter();
    let bytes: usize = fields.map(|(name, value)| name.as_str().len() + value.len()).sum();
    bytes + (request.headers().len() + 1) * limits::HEADER_BYTES
}

/// The streams of one connection, run on its thread. Each ends with its answer, or with the
/// connection.
#[derive(Clone, Default)]
struct Streams(Rc<RefCell<JoinSet<()>>>);

impl Streams {
    /// Forgets those that have ended, and asks to be called when the next one does.
    fn reap(&self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(_)) = self.0.borrow_mut().poll_join_next(cx) {}
    }
}

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for Streams {
    fn execute(&self, future: F) {
        self.0.borrow_mut().spawn_local(future);
    }
}

#[cfg(test)]
mod tests {
    use hyper::rt::Executor;

    use super::*;

    #[tokio::test]
    async fn streams_end_with_their_connection() {
        let stays = Rc::new(());
        let held = stays.clone();
        let local = tokio::task::LocalSet::new();
        let connection = async {
            let streams = Streams::default();
            let stream = async move {
                std::future::pending::<()>().await;
                drop(held);
            };
            streams.execute(stream);
            tokio::task::yield_now().await;
            assert_eq!(Rc::strong_count(&stays), 2);
        };
        local.run_until(connection).await;
        local.run_until(tokio::task::yield_now()).await;
        assert_eq!(Rc::strong_count(&stays), 1);
    }

    #[test]
    fn a_request_is_of_one_host() {
        let check = |hosts: &[&'static str], authority: Option<&str>, want: bool| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, http::HeaderValue::from_static(host));
            }
            assert_eq!(is_of_one_host(&headers, authority), want, "{hosts:?} of {authority:?}");
        };
        check(&[], Some("a.example"), true);
        check(&[], None, true);
        check(&["a.example"], None, true);
        check(&["A.example:80"], Some("a.example:80"), true);
        check(&["a.example"], Some("a.example:80"), false);
        check(&["b.example"], Some("a.example"), false);
        check(&["a.example", "a.example"], Some("a.example"), false);
        check(&["a.example", "b.example"], None, false);
    }
}
