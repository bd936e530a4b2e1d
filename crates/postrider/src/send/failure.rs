//! Why no answer came, in the words of the dictionary.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use domain::address::Refused;
use domain::delivery::Outcome;
use domain::destination::webhook::Unsendable;
use domain::limits;
use domain::reason::Reason;

/// Why no answer came.
#[derive(Debug)]
pub struct Failure {
    reason: Reason,
    detail: String,
    /// The endpoint closed a connection before it sent a byte of an answer.
    stale: bool,
    permanent: bool,
}

impl Failure {
    fn new(reason: Reason, detail: String) -> Self {
        Self { reason, detail, stale: false, permanent: false }
    }

    /// The host name has no answer.
    pub fn dns(host: &str, why: &str) -> Self {
        Self::new(Reason::DnsFailed, format!("{host}: {why}"))
    }

    /// The address may not be called.
    pub fn blocked(refused: Refused) -> Self {
        Self::new(Reason::BlockedAddress, refused.to_string())
    }

    /// The address is our own.
    pub fn own_listener(address: SocketAddr) -> Self {
        let detail = format!("{address} is a listener of this server; use a playground instead");
        Self::new(Reason::BlockedAddress, detail)
    }

    /// The socket leads elsewhere than it should.
    pub fn wrong_peer(peer: SocketAddr, wanted: SocketAddr) -> Self {
        let detail = format!("connected to {peer} instead of {wanted}");
        Self::new(Reason::BlockedAddress, detail)
    }

    /// No connection came about.
    pub fn connect(address: SocketAddr, error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::ConnectionRefused => Reason::ConnectRefused,
            io::ErrorKind::TimedOut => Reason::ConnectTimeout,
            _ => Reason::Unreachable,
        };
        Self::new(reason, format!("{address}: {error}"))
    }

    /// No connection came about in time.
    pub fn connect_timeout(address: SocketAddr) -> Self {
        let seconds = limits::CONNECT_TIME_MAX.as_secs();
        Self::new(Reason::ConnectTimeout, format!("{address}: not connected within {seconds} s"))
    }

    /// No TLS session came about.
    pub fn tls(error: &io::Error) -> Self {
        let reset =
            matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset);
        let detail = if reset { format!("during the handshake: {error}") } else { chain(error) };
        Self::new(Reason::TlsFailed, detail)
    }

    /// The exchange of request and answer broke off.
    pub fn exchange(error: &hyper::Error) -> Self {
        let io_kind =
            error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
        let reset = matches!(
            io_kind,
            Some(
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::NotConnected
            )
        );
        let stale =
            reset || error.is_canceled() || error.is_closed() || error.is_incomplete_message();
        let reason = if stale || !error.is_parse() { Reason::Reset } else { Reason::BadResponse };
        Self { reason, detail: chain(error), stale, permanent: false }
    }

    /// There can be no request for the event.
    pub fn unsendable(unsendable: Unsendable) -> Self {
        Self { permanent: true, ..Self::new(unsendable.reason, unsendable.detail) }
    }

    /// What the event asks for cannot be part of a request.
    pub fn bad_part(part: &str, why: &dyn fmt::Display) -> Self {
        Self { permanent: true, ..Self::new(Reason::BadRequest, format!("{part}: {why}")) }
    }

    /// A request was to be sent twice.
    pub fn nothing_to_send() -> Self {
        Self::new(Reason::Reset, "the connection closed".to_owned())
    }

    /// Whether the endpoint closed a kept connection before a byte of an answer came.
    pub fn is_stale_connection(&self) -> bool {
        self.stale
    }

    /// What the failure means for the delivery.
    pub fn outcome(self) -> Outcome {
        if self.permanent {
            Outcome::permanent(self.reason, self.detail)
        } else {
            Outcome::transient(self.reason, self.detail)
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
