//! What an attempt went through on its way, for people who look at it later; nothing is decided
//! by it.

use std::net::SocketAddr;
use std::sync::Arc;

/// What an attempt went through.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// How long its steps took.
    pub phases: Phases,
    /// Where it went; none where no connection came about.
    pub remote: Option<SocketAddr>,
    /// What came back; none where no head of an answer came. Answers that are alike are shared.
    pub answer: Option<Arc<Excerpt>>,
}

/// How long each step took, in microseconds; none where it was not reached, or not needed as the
/// connection was there already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Phases {
    /// Finding the addresses of the name.
    pub resolve_us: Option<u32>,
    /// Connecting.
    pub connect_us: Option<u32>,
    /// Agreeing on TLS.
    pub tls_us: Option<u32>,
    /// From the request's first byte to the end of the answer's head.
    pub first_byte_us: Option<u32>,
}

/// What people may see of an answer: bounded, without secrets.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Excerpt {
    /// Names in lower case, values without what is secret, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, bounded; what is not UTF-8 shown as U+FFFD.
    pub body: String,
}
