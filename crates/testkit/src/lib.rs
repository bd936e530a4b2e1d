//! Fake endpoints, a raw HTTP client and builders for tests.
//!
//! In come addresses and behaviours; out goes what really travelled, byte for byte. HTTP is read
//! and written here by hand, so that a mistake of the server's own libraries cannot hide itself.
//! Everything waits for a state and fails at a deadline. Deliberately unknown here: the server.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "never ships: a broken expectation ends the test that has it"
)]

pub mod wait;
pub mod wire;
pub mod client;
pub mod feed;
pub mod http2;
pub mod tls;
pub mod authority;
pub mod names;
pub mod raw;
pub mod http2_endpoint;
pub mod endpoint;
pub mod collector;
pub mod event;
pub mod workspace;

pub use authority::{ALWAYS, Authority};
pub use client::{Client, Connection, Request};
pub use collector::{Collector, TracedSpan};
pub use endpoint::{Endpoint, Gate, Received, Refusing, Reply};
pub use event::{Event, batch};
pub use feed::{Feed, Row};
pub use http2_endpoint::{Http2Endpoint, StreamReply, Streamed};
pub use names::{NameReply, NameServer};
pub use raw::{RawEndpoint, Stalling, Tally};
pub use tls::Certificate;
pub use wait::{eventually, within};
pub use wire::Answer;
pub use workspace::{Webhook, Workspace};
