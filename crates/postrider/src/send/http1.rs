//! HTTP/1.1: a connection is lent to one attempt at a time, and kept for the next one when its
//! answer was read to the end; whatever is odd about one drops it.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use domain::limits;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use super::arrival::{Arrival, Watched};
use super::failure::{Began, Failure};

/// A connection that nobody uses at the moment, or one attempt.
pub struct Line {
    sender: SendRequest<Full<Bytes>>,
    arrival: Rc<Arrival>,
    _in_use: oneshot::Sender<()>,
    /// Whether it has carried a request.
    is_used: bool,
    /// Where it leads.
    pub remote: SocketAddr,
    /// When it was used last.
    pub used_at: Instant,
}

/// Begins HTTP on a stream; answers what moves its bytes as well, which must be polled. `in_use` goes
/// with the connection.
///
/// # Errors
/// Where the library refuses the stream.
pub async fn begin<S>(
    stream: S,
    remote: SocketAddr,
    in_use: oneshot::Sender<()>,
) -> Result<(Line, impl Future<Output = ()> + use<S>), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let arrival = Rc::new(Arrival::default());
    let mut builder = Builder::new();
    builder.max_buf_size(limits::ANSWER_HEAD_BYTES_MAX);
    builder.max_header_size(limits::ANSWER_HEAD_BYTES_MAX);
    let watched = Watched::new(stream, arrival.clone());
    let begun = builder.handshake(TokioIo::new(watched)).await;
    let (sender, driver) = begun.map_err(|error| Failure::exchange(&error, Began::NotYet))?;
    let driver = async {
        // Every request learns of its own failure; the driver's end has nothing to add.
        let _ = driver.await;
    };
    Ok((
        Line { sender, arrival, _in_use: in_use, is_used: false, remote, used_at: Instant::now() },
        driver,
    ))
}

impl Line {
    /// Whether it looks fit for another request: open, and not silent for long. A new one says that
    /// it is ready only after its driver has begun.
    pub fn is_fit(&self, now: Instant) -> bool {
        let silence = now.saturating_duration_since(self.used_at);
        let is_open = if self.is_used { self.sender.is_ready() } else { !self.sender.is_closed() };
        is_open && silence < limits::KEPT_CONNECTION_SILENCE_MAX
    }

    /// Whether it has ended.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancellation
    /// The connection closes.
    pub async fn ask(&mut self, request: Request<Bytes>) -> Result<Response<Incoming>, Failure> {
        self.is_used = true;
        self.arrival.expect();
        let answered = match self.sender.ready().await {
            Ok(()) => self.sender.send_request(request.map(Full::new)).await,
            Err(error) => Err(error),
        };
        answered.map_err(|error| {
            // Bytes that come before the request is on its way end the connection without it.
            let is_unsent = error.is_closed() || error.is_canceled();
            if self.arrival.spoke_first() || (self.arrival.has_begun() && is_unsent) {
                return Failure::spoke_first();
            }
            let began = if self.arrival.has_begun() { Began::Answer } else { Began::NotYet };
            Failure::exchange(&error, began)
        })
    }
}
