//! One visit: a connection from its first byte to its last, in TLS or not, in HTTP/1 or HTTP/2.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::request::Parts;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::answer::Answer;
use super::body::Body;
use super::crowd::Guest;
use super::http1::{self, Line};
use super::identity::HTTP2_NAME;
use super::pace::{Busy, Pace, Place};
use super::rudder::Rudder;
use super::wire::Wire;
use super::{multiplex, parting};
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
pub struct Attendant {
    /// The gateway.
    pub rudder: Rc<Rudder>,
    /// The pace of the connection.
    pub pace: Rc<Pace>,
    /// Who is at the other end.
    pub peer: SocketAddr,
}

impl Attendant {
    /// Answers a request, which is under way as long as that takes.
    ///
    /// # Cancellation
    /// Nothing of the request is stored, or all of it.
    pub async fn answer(&self, head: &Parts, body: Body<'_>, _busy: Busy) -> Answer {
        self.rudder.answer(head, body, self.peer.ip()).await
    }
}

/// Serves a connection until it ends or takes too long.
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
        let (mut line, is_agreed) = open(stream, tls, &attendant).await?;
        match is_agreed || line.is_http2().await? {
            true => multiplex::serve(line, attendant, shutdown).await,
            false => http1::serve(line, &attendant, &shutdown).await,
        }
    };
    tokio::select! {
        // What has come is read first: with a request under way nobody is told to end.
        biased;
        served = served => if let Err(error) = served {
            tracing::debug!(%peer, error = crate::terminal::chain(&error), "connection ended");
        },
        () = pace.overdue() => tracing::debug!(%peer, "connection is ended"),
    }
}

/// The line, after the TLS handshake where there is one, and whether that has agreed on HTTP/2.
async fn open(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    Attendant { rudder, pace, .. }: &Attendant,
) -> std::io::Result<(Line, bool)> {
    let Some(tls) = tls else {
        return Ok((Line::new(Wire::Plain(stream), pace.clone()), false));
    };
    if speaks_plainly(&stream).await? {
        parting::refuse_plain(&mut stream, rudder).await?;
        return Err(std::io::Error::other("plain HTTP where TLS is spoken"));
    }
    let stream = TlsAcceptor::from(tls).accept(stream).await?;
    let is_agreed = stream.get_ref().1.alpn_protocol() == Some(HTTP2_NAME);
    Ok((Line::new(Wire::Secure(Box::new(stream)), pace.clone()), is_agreed))
}

/// Whether the first byte is a letter: no TLS handshake begins so, and every HTTP request does.
async fn speaks_plainly(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic())
}
