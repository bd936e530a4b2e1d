//! Whether an endpoint can be reached: everything up to a request, which is not made.

use std::net::SocketAddr;

use domain::delivery::Outcome;
use domain::time::Timestamp;
use url::Url;

use super::connect::{Stream, connect};
use super::journey::Way;
use super::outlet::{Origin, Outlet};
use crate::certificate;

/// What was reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// Where.
    pub address: SocketAddr,
    /// The last moment at which the certificate that was shown is valid; none without TLS.
    pub valid_until: Option<Timestamp>,
}

/// Connects to the origin of a URL as a delivery would, and agrees on TLS.
///
/// # Errors
/// What an attempt would have failed with.
///
/// # Cancellation
/// The connection is closed.
pub async fn probe(outlet: &Outlet, url: &Url) -> Result<Reached, Outcome> {
    let origin = Origin::of(url);
    let origin =
        origin.map_err(|why| Outcome::permanent(domain::reason::Reason::BadRequest, why))?;
    let connected = connect(outlet, &origin, &outlet.tls(), &Way::default()).await;
    let (stream, address) = connected.map_err(super::Failure::outcome)?;
    let shown = match &stream {
        Stream::Plain(_) => None,
        Stream::Tls(stream) | Stream::Http2(stream) => stream.get_ref().1.peer_certificates(),
    };
    let own = shown.and_then(<[_]>::first);
    Ok(Reached { address, valid_until: own.and_then(|own| certificate::valid_until(own)) })
}
