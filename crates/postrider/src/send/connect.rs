//! A new connection: resolve once, check every address, connect, verify the peer, then TLS.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::Failure;
use super::outlet::{Origin, Outlet};

/// A connected stream, ready for HTTP.
pub enum Stream {
    /// Plain HTTP.
    Plain(TcpStream),
    /// HTTP within TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects to an origin.
pub async fn connect(outlet: &Outlet, origin: &Origin) -> Result<Stream, Failure> {
    let addresses = outlet.addresses(origin).await?;
    let stream = first_connection(&addresses).await?;
    match origin.tls_name() {
        None => Ok(Stream::Plain(stream)),
        Some(name) => {
            let connector = TlsConnector::from(outlet.tls());
            let stream = connector.connect(name, stream).await.map_err(|e| Failure::tls(&e))?;
            Ok(Stream::Tls(Box::new(stream)))
        }
    }
}

/// Tries the addresses one after the other, and answers the first connection.
async fn first_connection(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    let mut last = None;
    for address in addresses {
        let connecting = TcpStream::connect(*address);
        match tokio::time::timeout(domain::limits::CONNECT_TIME_MAX, connecting).await {
            Ok(Ok(stream)) => return checked(stream, *address),
            Ok(Err(error)) => last = Some(Failure::connect(*address, &error)),
            Err(_) => last = Some(Failure::connect_timeout(*address)),
        }
    }
    Err(last.unwrap_or_else(|| Failure::dns("", "the name has no address")))
}

/// Makes sure that the socket leads where the checked address says.
fn checked(stream: TcpStream, address: SocketAddr) -> Result<TcpStream, Failure> {
    let peer = stream.peer_addr().map_err(|error| Failure::connect(address, &error))?;
    if peer.ip() != address.ip() {
        return Err(Failure::wrong_peer(peer, address));
    }
    // Without it small requests wait for acknowledgements; failing to set it costs only time.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}
