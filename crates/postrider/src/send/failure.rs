//! Why no answer came, in the words of the dictionary.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use domain::address::Refused;
use domain::delivery::Outcome;
use domain::destination::webhook::Unsendable;
use domain::limits;
use domain::reason::Reason;

use super::handshake;
use super::http1::Broken;
use super::journey::Step;

/// Why no answer came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    reason: Reason,
    detail: String,
    again: Again,
}

/// What another try of the same can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Again {
    /// It may succeed later.
    Later,
    /// It may succeed now, as the endpoint has not dealt with the request.
    Now,
    /// It may succeed now, if the connection was a kept one that the endpoint has closed meanwhile.
    NowIfKept,
    /// It fails as well.
    Never,
}

/// Errors of the system that say that this process, or this machine, is out of connections: files
/// of the process, of the machine, and local ports. Source: Linux, errno.
const OUT_OF_CONNECTIONS: [i32; 3] = [24, 23, 99];

impl Failure {
    fn new(reason: Reason, detail: String) -> Self {
        Self { reason, detail, again: Again::Later }
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

    /// The name servers did not answer.
    pub fn dns_timeout(host: &str) -> Self {
        let seconds = limits::RESOLVE_TIME_MAX.as_secs();
        Self::new(Reason::DnsTimeout, format!("{host}: no answer within {seconds} s"))
    }

    /// No connection came about.
    pub fn connect(address: SocketAddr, error: &io::Error) -> Self {
        let is_ours =
            error.raw_os_error().is_some_and(|number| OUT_OF_CONNECTIONS.contains(&number));
        let reason = match error.kind() {
            _ if is_ours => Reason::NoConnection,
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
        let (reason, detail) = handshake::fault(error);
        Self::new(reason, detail)
    }

    /// No TLS session came about in time.
    pub fn tls_timeout() -> Self {
        let seconds = limits::TLS_TIME_MAX.as_secs();
        Self::new(Reason::TlsTimeout, format!("not agreed on within {seconds} s"))
    }

    /// The attempt has used up its time at this step.
    pub fn late(step: Step, limit: Duration) -> Self {
        let seconds = limit.as_secs_f64();
        let (reason, what) = match step {
            Step::Room => (Reason::NoConnection, "all connections were in use for"),
            Step::Resolve => (Reason::DnsTimeout, "the name was not resolved within"),
            Step::Connect => (Reason::ConnectTimeout, "not connected within"),
            Step::Tls => (Reason::TlsTimeout, "TLS was not agreed on within"),
            Step::Answer => (Reason::Timeout, "no answer within"),
        };
        Self::new(reason, format!("{what} {seconds} s"))
    }

    /// The exchange of request and answer broke off in HTTP/1.1, before or after the answer began.
    pub fn exchange(broken: &Broken, began: Began) -> Self {
        let again = match began {
            Began::NotYet => Again::NowIfKept,
            Began::Answer => Again::Later,
        };
        let (reason, again) = match broken {
            Broken::Stream(error) => match find::<rustls::Error>(error) {
                Some(fault) => {
                    let (reason, detail) = handshake::fault_of(fault);
                    return Self::new(reason, detail);
                }
                None if is_end(error) => (Reason::Reset, again),
                None => (Reason::Reset, Again::Later),
            },
            Broken::Ended => (Reason::Reset, again),
            Broken::TooLarge => (Reason::HeaderTooLarge, Again::Later),
            Broken::Malformed(_) | Broken::TooManyEarly => (Reason::BadResponse, Again::Later),
        };
        Self { reason, detail: chain(broken), again }
    }

    /// The exchange of request and answer broke off in HTTP/2.
    pub fn stream(error: &h2::Error) -> Self {
        if let Some(io) = error.get_io() {
            if let Some(fault) = find::<rustls::Error>(io) {
                let (reason, detail) = handshake::fault_of(fault);
                return Self::new(reason, detail);
            }
            let detail = chain(io);
            return Self { reason: Reason::Reset, detail, again: Again::NowIfKept };
        }
        let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        // What a parting endpoint names as not dealt with; one that parts in anger may have.
        let is_left_out = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
        let (reason, again) = match error.is_remote() {
            true if is_refused || is_left_out => (Reason::Reset, Again::Now),
            true => (Reason::Reset, Again::Later),
            false if error.is_library() => (Reason::BadResponse, Again::Later),
            false => (Reason::Reset, Again::NowIfKept),
        };
        Self { reason, detail: error.to_string(), again }
    }

    /// A shared connection is used no more, while this waited for a stream of it.
    pub fn retired() -> Self {
        let detail = "the connection was given up meanwhile".to_owned();
        Self::new(Reason::NoConnection, detail).not_sent()
    }

    /// The answer had too many others before it.
    pub fn too_many_early() -> Self {
        Self::new(Reason::BadResponse, Broken::TooManyEarly.to_string())
    }

    /// Whoever is there does not wait for a request.
    pub fn spoke_first() -> Self {
        Self::new(Reason::BadResponse, "the endpoint spoke before it was asked".to_owned())
    }

    /// The head of the answer is longer than is read.
    pub fn header_too_large() -> Self {
        Self::new(Reason::HeaderTooLarge, Broken::TooLarge.to_string())
    }

    /// There can be no request for the event.
    pub fn unsendable(unsendable: Unsendable) -> Self {
        Self { again: Again::Never, ..Self::new(unsendable.reason, unsendable.detail) }
    }

    /// What the event asks for cannot be part of a request.
    pub fn bad_part(part: &str, why: &dyn fmt::Display) -> Self {
        Self { again: Again::Never, ..Self::new(Reason::BadRequest, format!("{part}: {why}")) }
    }

    /// The same, where nothing of the request was sent.
    pub fn not_sent(self) -> Self {
        Self { again: Again::Now, ..self }
    }

    /// The same, where we had shown a certificate that the endpoint asked for.
    pub fn with_certificate_shown(mut self) -> Self {
        if self.reason == Reason::TlsClientCertificateWanted {
            self.reason = Reason::TlsClientCertificateRefused;
        }
        self
    }

    /// Whether the same request may be sent again at once.
    pub fn may_repeat(&self, connection: Connection) -> bool {
        self.again == Again::Now
            || (self.again == Again::NowIfKept && connection == Connection::Kept)
    }

    /// What the failure means for the delivery.
    pub fn outcome(self) -> Outcome {
        if self.again == Again::Never {
            Outcome::permanent(self.reason, self.detail)
        } else {
            Outcome::transient(self.reason, self.detail)
        }
    }
}

/// Whether the answer had begun when its exchange broke off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Began {
    /// No byte of it had come.
    NotYet,
    /// Some of it had.
    Answer,
}

/// Where the connection of an exchange came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connection {
    /// It was kept since another exchange.
    Kept,
    /// It was made for this one.
    Fresh,
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
    )
}

/// The first error of a kind among an error and its causes.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // What an error of I/O was made of is not among its causes.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
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
