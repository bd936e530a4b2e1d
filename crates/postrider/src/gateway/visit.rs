//! One visit: a connection from its first byte to its last, in TLS or not, in HTTP/1 or HTTP/2.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;

use domain::limits;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::answer::{self, Answer};
use super::cors;
use super::crowd::Guest;
use super::identity::HTTP2_NAME;
use super::pace::{Pace, Place};
use super::rudder::Rudder;
use super::sentry::Fault;
use super::stream::{Stream, Wire};
use crate::shutdown::Shutdown;

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
struct Attendant {
    rudder: Rc<Rudder>,
    pace: Rc<Pace>,
    peer: SocketAddr,
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
        let (mut stream, is_agreed) = open(stream, tls, &pace).await?;
        let is_http2 = is_agreed || stream.is_http2().await?;
        let ended = match is_http2 {
            true => serve_http2(stream, attendant, shutdown.clone()).await,
            false => serve_http1(stream, attendant, shutdown.clone()).await,
        };
        ended.map_err(std::io::Error::other)
    };
    tokio::select! {
        served = served => if let Err(error) = served {
            tracing::debug!(%peer, error = crate::terminal::chain(&error), "connection ended");
        },
        () = pace.overdue() => tracing::debug!(%peer, "connection took too long"),
        () = is_left(&pace, shutdown.clone()) => {}
    }
}

/// Waits until the server ends and the connection has nothing to do. A client that is silent then,
/// or does not say good-bye, must not hold the end up.
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
    pace: &Rc<Pace>,
) -> std::io::Result<(Stream, bool)> {
    let Some(tls) = tls else {
        return Ok((Stream::new(Wire::Plain(stream), pace.clone()), false));
    };
    if speaks_plainly(&stream).await? {
        stream.write_all(&answer::to_bytes(answer::needs_tls())).await?;
        linger(&mut stream).await;
        return Err(std::io::Error::other("plain HTTP where TLS is spoken"));
    }
    let stream = TlsAcceptor::from(tls).accept(stream).await?;
    let is_agreed = stream.get_ref().1.alpn_protocol() == Some(HTTP2_NAME);
    let mut stream = Stream::new(Wire::Secure(Box::new(stream)), pace.clone());
    if is_agreed {
        stream.pass_all();
    }
    Ok((stream, is_agreed))
}

/// Whether the first byte is a letter: no TLS handshake begins so, and every HTTP request does.
async fn speaks_plainly(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic())
}

async fn serve_http1(
    stream: Stream,
    attendant: Attendant,
    mut shutdown: Shutdown,
) -> hyper::Result<()> {
    let mut builder = http1::Builder::new();
    // The pace takes the place of hyper's own timer, which does not tell a head from a silence. A
    // client that has sent all and says so still gets its answers.
    builder.header_read_timeout(None).max_buf_size(limits::REQUEST_HEAD_BYTES_MAX).half_close(true);
    let mut connection = builder.serve_connection(TokioIo::new(stream), attendant.clone());
    let ended = tokio::select! {
        // What has come before the server ends is read first.
        biased;
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
        () = shutdown.closing() => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    let mut stream = connection.into_parts().io.into_inner();
    match stream.fault() {
        // Whoever read that body has answered.
        Some(Fault::Chunks) | None => {}
        Some(fault) => refuse(&mut stream, fault, &attendant).await,
    }
    // Nobody is there any more to be told that it failed.
    let _ = stream.shutdown().await;
    ended
}

/// Answers a request whose head is refused, after the answers to those before it.
async fn refuse(stream: &mut Stream, fault: Fault, attendant: &Attendant) {
    tracing::debug!(peer = %attendant.peer, reason = fault.reason().code(), "a head is refused");
    attendant.rudder.count_refusal(fault.reason());
    let mut refusal = answer::refusal(fault.reason());
    cors::expose(&mut refusal, origin(stream.refused()));
    if stream.write_all(&answer::to_bytes(refusal)).await.is_ok() {
        linger(stream).await;
    }
}

/// The origin that a head names, as far as it has come.
fn origin(head: &[u8]) -> Option<HeaderValue> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| {
        let (name, value) = line.split_at_checked("origin:".len())?;
        name.eq_ignore_ascii_case(b"origin:").then(|| value.trim_ascii())
    });
    HeaderValue::from_bytes(value?).ok().filter(|value| !value.is_empty())
}

/// Ends our side and waits a moment for the other's: a connection that is closed while bytes still
/// come is reset, and its client never reads the answer.
async fn linger<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(stream: &mut S) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let rest = async {
        let mut bytes = [0; limits::HELD_READ_BYTES];
        let mut left = limits::LINGER_BYTES_MAX;
        while let Ok(count @ 1..) = stream.read(&mut bytes).await {
            left = left.saturating_sub(count);
            if left == 0 {
                break;
            }
        }
    };
    // Whatever comes later is not waited for.
    let _ = tokio::time::timeout(limits::LINGER_TIME_MAX, rest).await;
}

async fn serve_http2(
    stream: Stream,
    attendant: Attendant,
    mut shutdown: Shutdown,
) -> hyper::Result<()> {
    let mut builder = http2::Builder::new(OnThisThread);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::HTTP2_STREAMS_MAX)
        .max_header_list_size(limits::HTTP2_HEADERS_BYTES_MAX)
        .max_send_buf_size(limits::HTTP2_SEND_BYTES_MAX)
        .initial_stream_window_size(limits::HTTP2_WINDOW_BYTES)
        .initial_connection_window_size(limits::HTTP2_WINDOW_BYTES)
        .max_pending_accept_reset_streams(limits::HTTP2_PENDING_RESETS_MAX)
        .max_local_error_reset_streams(limits::HTTP2_LOCAL_RESETS_MAX);
    attendant.pace.multiplex();
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), attendant));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = shutdown.closing() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

impl Service<Request<Incoming>> for Attendant {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let Self { rudder, pace, peer } = self.clone();
        let busy = pace.busy();
        Box::pin(async move {
            let _busy = busy;
            Ok(rudder.answer(request, peer.ip()).await)
        })
    }
}

/// Runs the streams of HTTP/2 connections on the thread that has the connection. Each ends with
/// its answer, or with its connection.
#[derive(Clone, Copy)]
struct OnThisThread;

impl<F: Future + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_found_in_what_has_come_of_a_head() {
        let check = |head: &str, want: Option<&str>| {
            let origin = origin(head.as_bytes());
            assert_eq!(origin.as_ref().map(|value| value.to_str().unwrap()), want, "{head:?}");
        };
        check(
            "GET / HTTP/1.1\r\nOrigin: https://a.example\r\nhost: x\r\n",
            Some("https://a.example"),
        );
        check("GET / HTTP/1.1\r\norigin:null\r\n", Some("null"));
        check("GET / HTTP/1.1\r\norigin:\r\n", None);
        check("GET /origin: HTTP/1.1\r\nx-origin: a\r\n", None);
        check("", None);
    }
}
