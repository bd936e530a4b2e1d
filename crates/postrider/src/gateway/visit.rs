//! One visit: a connection from its first byte to its last, in TLS or not, in HTTP/1 or HTTP/2.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use domain::limits;
use futures_util::FutureExt;
use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::answer::Answer;
use super::crowd::Guest;
use super::identity::HTTP2_NAME;
use super::pace::{Pace, Place};
use super::rudder::Rudder;
use super::sentry::Fault;
use super::stream::{Stream, Wire};
use super::{multiplex, parting};
use crate::shutdown::Shutdown;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// A connection that has come in.
pub struct Visit {
    /// Its stream.
    pub stream: TcpStream,
    /// Who is at its other end.
    pub peer: SocketAddr,
    /// Its place among the thread's connections.
    pub place: Place,
    /// Its place among all connections.
    pub guest: Guest,
    /// How TLS is spoken on it, if so.
    pub tls: Option<Arc<ServerConfig>>,
}

/// What answers the requests of a visit.
#[derive(Clone)]
pub struct Attendant {
    /// The gateway.
    pub rudder: Rc<Rudder>,
    pace: Rc<Pace>,
    /// Who is at the other end.
    pub peer: SocketAddr,
}

impl Attendant {
    /// Answers a request; from now on it is under way.
    ///
    /// # Cancellation
    /// Nothing of the request is stored, or all of it.
    pub fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Answer> + use<> {
        let Self { rudder, pace, peer } = self.clone();
        let busy = pace.busy();
        let (head, body) = request.into_parts();
        // The head stays where it is: whoever looks at it borrows it.
        async move {
            let _busy = busy;
            rudder.answer(&head, body, peer.ip()).await
        }
    }
}

/// Serves a connection until it ends, takes too long, or the server ends.
///
/// # Cancellation
/// The connection is closed; what it stored stays stored.
pub async fn serve(visit: Visit, rudder: Rc<Rudder>, shutdown: Shutdown) {
    let Visit { stream, peer, place, guest: _guest, tls } = visit;
    let pace = place.pace().clone();
    // Answers are small and must not wait for acknowledgements; failing costs only time.
    let _ = stream.set_nodelay(true);
    let attendant = Attendant { rudder, pace: pace.clone(), peer };
    let served = async {
        let (mut stream, is_agreed) = open(stream, tls, &attendant).await?;
        match is_agreed || stream.is_http2().await? {
            true => multiplex::serve(stream, attendant, shutdown.clone()).await,
            false => serve_http1(stream, attendant, shutdown.clone()).await,
        }
    };
    tokio::select! {
        // What has come is read first: with a request under way nobody is told to end.
        biased;
        served = served => if let Err(error) = served {
            tracing::debug!(%peer, error = crate::terminal::chain(&error), "connection ended");
        },
        () = pace.overdue() => tracing::debug!(%peer, "connection took too long"),
        () = is_left(&pace, shutdown.clone()) => {}
    }
}

/// Waits until the server ends and the connection has nothing to do, some time after the end began:
/// a client that has not heard of it may have sent a request, but one that is silent, or does not
/// say good-bye, must not hold the end up.
async fn is_left(pace: &Pace, mut shutdown: Shutdown) {
    shutdown.closing().await;
    loop {
        tokio::time::sleep(limits::LEAVE_PATIENCE).await;
        if !pace.is_busy() {
            return;
        }
    }
}

/// The stream, after the TLS handshake where there is one, and whether that has agreed on HTTP/2.
async fn open(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    Attendant { rudder, pace, .. }: &Attendant,
) -> std::io::Result<(Stream, bool)> {
    let Some(tls) = tls else {
        return Ok((Stream::new(Wire::Plain(stream), pace.clone()), false));
    };
    if speaks_plainly(&stream).await? {
        parting::refuse_plain(&mut stream, rudder).await?;
        return Err(std::io::Error::other("plain HTTP where TLS is spoken"));
    }
    let stream = TlsAcceptor::from(tls).accept(stream).await?;
    let is_agreed = stream.get_ref().1.alpn_protocol() == Some(HTTP2_NAME);
    Ok((Stream::new(Wire::Secure(Box::new(stream)), pace.clone()), is_agreed))
}

/// Whether the first byte is a letter: no TLS handshake begins so, and every HTTP request does.
async fn speaks_plainly(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic())
}

/// Serves one request after the other. Once the server is to end, each answer says that it is the
/// last: only then may a client not have sent another request already.
async fn serve_http1(
    stream: Stream,
    attendant: Attendant,
    shutdown: Shutdown,
) -> std::io::Result<()> {
    let rudder = attendant.rudder.clone();
    let mut builder = http1::Builder::new();
    // The pace takes the place of hyper's own timer, which does not tell a head from a silence. A
    // client that has sent all and says so still gets its answers.
    builder.header_read_timeout(None).max_buf_size(limits::REQUEST_HEAD_BYTES_MAX).half_close(true);
    let series = Series { attendant, shutdown: Rc::new(shutdown) };
    let mut connection = builder.serve_connection(TokioIo::new(stream), series);
    let ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut stream = connection.into_parts().io.into_inner();
    match stream.fault() {
        // Whoever read that body has answered.
        Some(Fault::Chunks) | None => {}
        Some(fault) => parting::refuse(&mut stream, fault, &rudder).await,
    }
    // Nobody is there any more to be told that it failed.
    let _ = stream.shutdown().await;
    ended.map_err(std::io::Error::other)
}

/// Requests one after the other.
struct Series {
    attendant: Attendant,
    /// Shared, as cloning it for each request would be felt by all threads.
    shutdown: Rc<Shutdown>,
}

impl Service<Request<Incoming>> for Series {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (answer, shutdown) = (self.attendant.answer(request), self.shutdown.clone());
        // An async block would hold the future twice, and every request would pay for the copy.
        Box::pin(answer.map(move |mut answer| {
            if shutdown.is_draining() {
                answer.headers_mut().insert(CONNECTION, CLOSE);
            }
            Ok(answer)
        }))
    }
}
