//! A new connection: resolve once, check every address, connect, verify the peer, then TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::limits;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::Failure;
use super::journey::{Step, Way};
use super::outlet::{Origin, Outlet};
use super::race::first_connection;
use super::tls::HTTP2_NAME;

/// A connected stream, ready for HTTP.
pub enum Stream {
    /// HTTP/1.1 as it is.
    Plain(TcpStream),
    /// HTTP/1.1 within TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// HTTP/2, which is only spoken within TLS.
    Http2(Box<TlsStream<TcpStream>>),
}

/// Connects to an origin; answers the address that was reached as well.
///
/// # Errors
/// Why there is no connection.
///
/// # Cancellation
/// Whatever was begun is closed.
pub async fn connect(
    outlet: &Outlet,
    origin: &Origin,
    tls: &Arc<ClientConfig>,
    way: &Way,
) -> Result<(Stream, SocketAddr), Failure> {
    let addresses = match origin.address() {
        Some(address) => vec![address],
        None => way.take(Step::Resolve, outlet.resolve(origin.host())).await?,
    };
    let addresses = outlet.checked(origin, addresses)?;
    let stream = way.take(Step::Connect, first_connection(&addresses)).await;
    let stream = stream.inspect_err(|_| {
        if let [address] = addresses[..] {
            way.reached(address);
        }
    })?;
    let remote = stream.peer_addr().map_err(|error| Failure::connect(addresses[0], &error))?;
    way.reached(remote);
    let Some(name) = origin.tls_name() else { return Ok((Stream::Plain(stream), remote)) };
    let handshake = TlsConnector::from(tls.clone()).connect(name, stream);
    let handshake = tokio::time::timeout(limits::TLS_TIME_MAX, handshake);
    let agreed = way.take(Step::Tls, handshake).await.map_err(|_| Failure::tls_timeout())?;
    let stream = Box::new(agreed.map_err(|error| Failure::tls(&error))?);
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2_NAME);
    Ok((if is_http2 { Stream::Http2(stream) } else { Stream::Tls(stream) }, remote))
}
