//! One HTTP/1.1 connection to a server, kept from request to request.
//!
//! What the connection does in between is done while somebody waits for an answer: nothing is
//! spawned.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use domain::limits;
use futures_util::FutureExt;
use futures_util::future::Fuse;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// Largest answer that is read whole. Source: chosen; a page of 1,000 rows has less.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A connection.
pub struct Wire {
    sender: SendRequest<Full<Bytes>>,
    connection: Fuse<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Wire {
    /// Connects to an address.
    ///
    /// # Errors
    /// Where nobody answers within the time.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(in_time(TcpStream::connect(address)).await?).await
    }

    /// Connects to the origin of a URL, within TLS where it is https.
    ///
    /// # Errors
    /// Where nobody answers within the time, or cannot show who it is.
    pub async fn open_url(url: &Url) -> io::Result<Self> {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(io::Error::other("the URL names no host"));
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = in_time(TcpStream::connect((bare, port))).await?;
        if url.scheme() != "https" {
            return Self::over(stream).await;
        }
        let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(tls()?);
        Self::over(in_time(connector.connect(name, stream)).await?).await
    }

    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) -> io::Result<Self> {
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(io::Error::other)?;
        // Whoever waits for an answer learns of a failure from there.
        let connection = connection.map(|_| ());
        let connection: Pin<Box<dyn Future<Output = ()>>> = Box::pin(connection);
        Ok(Self { sender, connection: connection.fuse() })
    }

    /// Sends a request; answers as soon as the head of the answer is there.
    ///
    /// # Errors
    /// Where the connection breaks.
    pub async fn begin(&mut self, request: Request<Full<Bytes>>) -> io::Result<Response<Incoming>> {
        let Self { sender, connection } = self;
        let work = async {
            sender.ready().await?;
            sender.send_request(request).await
        };
        driven(connection, work).await.map_err(io::Error::other)
    }

    /// What work gives that waits for something on this connection.
    pub async fn while_driven<T>(&mut self, work: impl Future<Output = T>) -> T {
        driven(&mut self.connection, work).await
    }

    /// Sends a request, and reads the answer whole.
    ///
    /// # Errors
    /// Where the connection breaks, the answer is too large, or it does not come in time.
    pub async fn ask(&mut self, request: Request<Full<Bytes>>) -> io::Result<Response<Bytes>> {
        in_time(async {
            let (head, body) = self.begin(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect();
            let body = driven(&mut self.connection, body).await.map_err(io::Error::other)?;
            Ok(Response::from_parts(head, body.to_bytes()))
        })
        .await
    }
}

/// What work gives, with the connection being driven meanwhile.
async fn driven<T>(
    connection: &mut Fuse<Pin<Box<dyn Future<Output = ()>>>>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = &mut *connection => {}
        }
    }
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let timed = tokio::time::timeout(limits::ADMIN_REQUEST_TIME_MAX, work).await;
    timed.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")))
}

/// Whom the machine trusts, for HTTP/1.1.
fn tls() -> io::Result<Arc<rustls::ClientConfig>> {
    let mut config = (*crate::send::machine_tls().map_err(io::Error::other)?).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
