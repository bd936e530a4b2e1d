//! HTTP/2: one connection for all attempts of a destination at an origin, each on a stream of its
//! own. As many are open as the endpoint allows; the others wait for one of them.
//!
//! A connection on which an answer stayed out is used no more: what is silent for one may be
//! silent for all.

use std::cell::Cell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use domain::limits;
use h2::RecvStream;
use h2::client::{Builder, SendRequest};
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use super::failure::Failure;
use super::room::{Place, Room};

/// A connection that attempts share.
#[derive(Clone)]
pub struct Trunk {
    sender: SendRequest<Bytes>,
    state: Rc<State>,
    streams: Rc<Room>,
    _in_use: Rc<oneshot::Sender<()>>,
    /// Where it leads.
    pub remote: SocketAddr,
}

struct State {
    is_retired: Cell<bool>,
    used_at: Cell<Instant>,
}

/// Retires a connection unless an answer has come.
struct Patience<'t>(Option<&'t Trunk>);

/// Begins HTTP on a stream; answers what moves its bytes as well, which must be polled. `in_use` goes
/// with the connection.
///
/// # Errors
/// Where the stream breaks.
pub async fn begin<S>(
    stream: S,
    remote: SocketAddr,
    in_use: oneshot::Sender<()>,
) -> Result<(Trunk, impl Future<Output = ()> + use<S>), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    // The library's word for a head that is too long is that of any mistake: so it takes more, and
    // what is too long is told here.
    let headers = u32::try_from(4 * limits::ANSWER_HEAD_BYTES_MAX).unwrap_or(u32::MAX);
    let begun = Builder::new()
        .enable_push(false)
        // Until the endpoint has said how many it allows, which is the first that it says.
        .initial_max_send_streams(1)
        .max_header_list_size(headers)
        .initial_window_size(limits::ANSWER_WINDOW_BYTES)
        .initial_connection_window_size(limits::ANSWERS_WINDOW_BYTES)
        .handshake(stream)
        .await;
    let (sender, mut connection) = begun.map_err(|error| Failure::stream(&error))?;
    let state = Rc::new(State { is_retired: Cell::new(false), used_at: Cell::new(Instant::now()) });
    let streams = Room::of(1);
    let (ended, allowed) = (state.clone(), streams.clone());
    let driver = async move {
        // Every request learns of its own failure; the driver's end has nothing to add.
        let _ = poll_fn(|context| {
            let polled = Pin::new(&mut connection).poll(context);
            // Where it allows none, one waits within the library for it to change its mind.
            allowed.resize(connection.max_concurrent_send_streams().max(1));
            polled
        })
        .await;
        ended.is_retired.set(true);
    };
    Ok((Trunk { sender, state, streams, _in_use: Rc::new(in_use), remote }, driver))
}

impl Trunk {
    /// Whether it looks fit for another request: open, and not silent for long.
    pub fn is_fit(&self, now: Instant) -> bool {
        let silence = now.saturating_duration_since(self.state.used_at.get());
        !self.state.is_retired.get() && silence < limits::KEPT_CONNECTION_SILENCE_MAX
    }

    /// Whether nobody else uses it.
    pub fn is_idle(&self) -> bool {
        // This one, and what moves its bytes.
        Rc::strong_count(&self.state) <= 2
    }

    /// A stream for a request, as soon as the endpoint allows one more; to be held until the answer has
    /// come. Who waits here has asked nothing yet: that says nothing of the connection.
    ///
    /// # Errors
    /// Where the connection is used no more by then.
    ///
    /// # Cancellation
    /// Nothing is taken.
    pub async fn stream(&self) -> Result<Place, Failure> {
        let place = self.streams.enter().await;
        if self.state.is_retired.get() { Err(Failure::retired()) } else { Ok(place) }
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancellation
    /// The stream is reset, and the connection used no more.
    pub async fn ask(
        &self,
        request: Request<Bytes>,
        authority: &Authority,
    ) -> Result<Response<RecvStream>, Failure> {
        let patience = Patience(Some(self));
        let answered = self.exchange(request, authority).await;
        if answered.is_ok() {
            self.state.used_at.set(Instant::now());
        }
        patience.ends();
        answered
    }

    /// What a stream failed with. One that fails says nothing of the others, unless the connection is
    /// over.
    fn failed(&self, error: &h2::Error) -> Failure {
        if error.is_go_away() || error.is_io() {
            self.state.is_retired.set(true);
        }
        Failure::stream(error)
    }

    /// A request that was never sent, as the connection takes no more.
    fn gone(&self, error: &h2::Error) -> Failure {
        self.state.is_retired.set(true);
        Failure::stream(error).not_sent()
    }

    async fn exchange(
        &self,
        request: Request<Bytes>,
        authority: &Authority,
    ) -> Result<Response<RecvStream>, Failure> {
        let mut sender = self.sender.clone();
        let ready = poll_fn(|context| sender.poll_ready(context)).await;
        ready.map_err(|error| self.gone(&error))?;
        let (request, body) = framed(request, authority)?;
        let sent = sender.send_request(request, body.is_empty());
        let (mut answer, mut stream) = sent.map_err(|error| self.gone(&error))?;
        if !body.is_empty() {
            // The library holds what the endpoint has no window for; the bytes are shared, so nothing
            // is copied for that.
            stream.send_data(body, true).map_err(|error| self.failed(&error))?;
        }
        let mut early = 0;
        let head = poll_fn(|context| {
            while let Poll::Ready(Some(Ok(_))) = answer.poll_informational(context) {
                early += 1;
                if early > limits::EARLY_ANSWERS_MAX {
                    return Poll::Ready(Err(Failure::too_many_early()));
                }
            }
            Pin::new(&mut answer).poll(context).map_err(|error| self.failed(&error))
        });
        let head = head.await?;
        if is_too_large(head.headers()) {
            return Err(Failure::header_too_large());
        }
        Ok(head)
    }
}

impl Patience<'_> {
    fn ends(mut self) {
        self.0 = None;
    }
}

impl Drop for Patience<'_> {
    fn drop(&mut self) {
        if let Some(trunk) = self.0 {
            trunk.state.is_retired.set(true);
        }
    }
}

/// Whether a head is longer than is read. Source: RFC 9113, section 6.5.2, for its length.
fn is_too_large(headers: &HeaderMap) -> bool {
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 32;
    headers.len() > limits::ANSWER_HEADERS_MAX
        || headers.iter().map(bytes).sum::<usize>() > limits::ANSWER_HEAD_BYTES_MAX
}

/// A request as HTTP/2 has it. Source: RFC 9113, section 8.3.1.
fn framed(request: Request<Bytes>, authority: &Authority) -> Result<(Request<()>, Bytes), Failure> {
    let (mut parts, body) = request.into_parts();
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    uri.scheme = Some(Scheme::HTTPS);
    uri.authority = Some(authority.clone());
    parts.uri = Uri::from_parts(uri).map_err(|why| Failure::bad_part("path and query", &why))?;
    parts.headers.remove(HOST);
    if !body.is_empty() {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    parts.version = http::Version::HTTP_2;
    Ok((Request::from_parts(parts, ()), body))
}
