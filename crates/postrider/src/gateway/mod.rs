//! The gateway: takes what SDKs send.
//!
//! In come HTTP requests; out go stored events, rejections, and answers that every SDK understands.
//! `200 ok` is said only after the journal has the events on disk. Deliberately unknown here: who
//! reads the journal, and where events go.

mod answer;
mod aside;
mod body;
mod bucket;
mod composed;
mod budget;
mod cors;
mod crowd;
mod desk;
mod door;
mod frames;
mod http1;
mod identity;
mod inflate;
mod key_ring;
mod multiplex;
mod pace;
mod parting;
mod postmark;
mod recall;
mod recent;
mod refused;
mod route;
mod rudder;
mod source_config;
mod stream;
mod visit;
mod webhook_keys;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use storage::Store;

use crate::live::Gauges;
use crate::shutdown::Shutdown;
use crate::spans::Tracer;

pub use aside::Aside;
pub use bucket::Buckets;
pub use budget::Budget;
pub use composed::take_composed;
pub use crowd::Crowd;
pub use door::Door;
pub use identity::{Identity, IdentityError, Renewal};
pub use recall::recall;
pub use recent::Recent;

/// What the gateway works with.
#[derive(Clone)]
pub struct Needs {
    /// Where events go, and what is known of sources.
    pub store: Store,
    /// What is taken.
    pub settings: Arc<GatewaySettings>,
    /// What people see of it.
    pub gauges: Arc<Gauges>,
    /// What all requests may hold in memory.
    pub budget: Arc<Budget>,
    /// What all heads of HTTP/2 requests may hold in memory.
    pub heads: Arc<Budget>,
    /// What is under way or has been stored lately.
    pub recent: Arc<Recent>,
    /// How many connections each address has.
    pub crowd: Arc<Crowd>,
    /// Who the gateway is in TLS, where it is spoken.
    pub identity: Option<Arc<Identity>>,
    /// How far the server's end has come.
    pub shutdown: Shutdown,
    /// What sources with a rate limit may send.
    pub buckets: Arc<Buckets>,
    /// Where large bodies are worked on.
    pub aside: Arc<Aside>,
    /// What telemetry is told of events.
    pub tracer: Tracer,
}

/// What the gateway takes.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Largest request, as sent and inflated.
    pub request_bytes_max: usize,
    /// Largest event.
    pub event_bytes_max: usize,
    /// Proxies whose word about the client's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Longest wait for a whole body.
    pub body_timeout: Duration,
    /// How long a body may be slow.
    pub body_grace: Duration,
    /// Longest wait for a whole request head.
    pub header_timeout: Duration,
    /// Longest silence on a kept connection.
    pub idle_timeout: Duration,
    /// Whether one bad event refuses its whole batch.
    pub mixed: Mixed,
    /// Connections of one thread at which the longest silent ones are closed.
    pub connections_max: usize,
    /// Longest wait for what is under way when the server ends.
    pub grace: Duration,
}

/// What becomes of a batch that holds good and bad events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mixed {
    /// The good ones are stored, the bad ones become rejections.
    AcceptGood,
    /// Nothing is stored.
    RejectAll,
}
