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
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use domain::limits;
use h2::client::{Builder, SendRequest};
use h2::{RecvStream, SendStream};
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use super::failure::Failure;
use super::letter::Letter;
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

/// An answer's body, and what is left of the request that it answers.
pub struct Stream {
    body: RecvStream,
    rest: Option<Outflow>,
}

/// A request's body on its way, as far as the endpoint has room for it.
struct Outflow {
    stream: SendStream<Bytes>,
    rest: Bytes,
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
        letter: &Letter,
        authority: &Authority,
    ) -> Result<Response<Stream>, Failure> {
        let patience = Patience(Some(self));
        let answered = self.exchange(letter, authority).await;
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
        letter: &Letter,
        authority: &Authority,
    ) -> Result<Response<Stream>, Failure> {
        let mut sender = self.sender.clone();
        let ready = poll_fn(|context| sender.poll_ready(context)).await;
        ready.map_err(|error| self.gone(&error))?;
        let (request, body) = (framed(letter, authority)?, letter.body.clone());
        let sent = sender.send_request(request, body.is_empty());
        let (mut answer, stream) = sent.map_err(|error| self.gone(&error))?;
        let mut outflow = Outflow { stream, rest: body };
        let mut early = 0;
        let head = poll_fn(|context| {
            // What cannot be sent is told by what comes.
            let _ = outflow.poll_sent(context);
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
        // Who takes an event before all of it is there has the rest to come.
        let goes_on = !outflow.rest.is_empty() && head.status().is_success();
        Ok(head.map(|body| Stream { body, rest: goes_on.then_some(outflow) }))
    }
}

impl Stream {
    /// Reads the answer's body and gives it away piece by piece, for as long as `take` wants more;
    /// whether it came to its end. What is left of the request is sent meanwhile.
    ///
    /// # Cancellation
    /// The stream is reset.
    pub async fn read_body(&mut self, mut take: impl FnMut(&[u8]) -> bool) -> bool {
        loop {
            let piece = poll_fn(|context| {
                // Whether it is sent decides nothing before the answer's end.
                let _ = self.poll_rest(context);
                self.body.poll_data(context)
            });
            let Some(piece) = piece.await else {
                poll_fn(|context| self.poll_rest(context)).await;
                return true;
            };
            let Ok(piece) = piece else { return false };
            // Where the connection is over, nobody waits for the room.
            let _ = self.body.flow_control().release_capacity(piece.len());
            // Whoever is still to get something may have to be heard out first.
            if !take(&piece) && self.rest.is_none() {
                return false;
            }
        }
    }

    /// Sends on what is left of the request, as far as it can be.
    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(rest) = &mut self.rest {
            // Who wants no more of it says so by a reset.
            let _ = ready!(rest.poll_sent(context));
        }
        self.rest = None;
        Poll::Ready(())
    }
}

impl Outflow {
    /// Hands on what the endpoint has room for; ready where that was all, or nothing more can be sent.
    fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        while !self.rest.is_empty() {
            self.stream.reserve_capacity(self.rest.len());
            let room = self.stream.capacity().min(self.rest.len());
            if room == 0 {
                match ready!(self.stream.poll_capacity(context)) {
                    Some(more) => drop(more?),
                    // The stream is over.
                    None => return Poll::Ready(Ok(())),
                }
                continue;
            }
            let piece = self.rest.split_to(room);
            self.stream.send_data(piece, self.rest.is_empty())?;
        }
        Poll::Ready(Ok(()))
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

/// A request as HTTP/2 has it, without its body. Source: RFC 9113, section 8.3.1.
fn framed(letter: &Letter, authority: &Authority) -> Result<Request<()>, Failure> {
    let (mut parts, ()) = letter.to_request().into_parts();
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    uri.scheme = Some(Scheme::HTTPS);
    uri.authority = Some(authority.clone());
    parts.uri = Uri::from_parts(uri).map_err(|why| Failure::bad_part("path and query", &why))?;
    parts.headers.remove(HOST);
    if !letter.body.is_empty() {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(letter.body.len()));
    }
    parts.version = http::Version::HTTP_2;
    Ok(Request::from_parts(parts, ()))
}

#[cfg(test)]
mod tests {
    use h2::server;
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    /// Bytes that the endpoint has room for at first.
    const ROOM_BYTES: u32 = 10;

    /// An endpoint that answers as soon as it has seen a head, and then reads the body; how much of it
    /// there was, and whether it was whole.
    async fn hasty(stream: DuplexStream, status: u16) -> (usize, bool) {
        let mut builder = server::Builder::new();
        let connection = builder.initial_window_size(ROOM_BYTES).handshake::<_, Bytes>(stream);
        let mut connection = connection.await.expect("a connection");
        let asked = connection.accept().await.expect("a request");
        let (request, mut answer) = asked.expect("a stream");
        let head = Response::builder().status(status).body(()).expect("a head");
        answer.send_response(head, true).expect("it is sent");
        let mut body = request.into_body();
        let read = async {
            let mut bytes = 0;
            while let Some(piece) = body.data().await {
                let Ok(piece) = piece else { return (bytes, false) };
                bytes += piece.len();
                body.flow_control().release_capacity(piece.len()).expect("room");
            }
            (bytes, true)
        };
        tokio::select! {
            read = read => read,
            _ = connection.accept() => panic!("one request"),
        }
    }

    /// What becomes of a large request where the answer comes first.
    async fn answered_early(status: u16) -> (usize, bool) {
        let (ours, theirs) = duplex(64 << 10);
        let endpoint = hasty(theirs, status);
        let (in_use, _left) = oneshot::channel();
        let attempt = async {
            let begun = begin(ours, ([127, 0, 0, 1], 1).into(), in_use).await;
            let (trunk, driver) = begun.expect("a connection");
            let exchange = async {
                let authority = Authority::from_static("hooks.test");
                let answer = trunk.ask(&Letter::of_bytes(1_000), &authority).await;
                let mut stream = answer.expect("an answer").into_body();
                assert!(stream.read_body(|_| true).await, "the answer is whole");
                drop(stream);
            };
            tokio::join!(exchange, tokio::time::timeout(limits::CLOSE_TIME_MAX, driver))
        };
        tokio::join!(endpoint, attempt).0
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_of_a_request_follows_an_early_success_and_nothing_else() {
        assert_eq!(answered_early(200).await, (1_000, true));
        let (bytes, is_whole) = answered_early(413).await;
        assert!(bytes < 1_000 && !is_whole, "{bytes}");
    }
}
