//! The admin listener: the API, the dashboard on top of it, and the playground receiver.
//!
//! In come requests of people and their browsers; out goes what the store and the gauges know.
//! Deliberately unknown here: how events are taken and delivered.

#![allow(unused_qualifications, reason = "macros of the API's description write whole paths")]

mod asked;
mod attempts;
mod auth;
mod body;
mod catalog;
mod census;
mod deliveries;
mod door;
mod events;
mod export;
mod filtered;
mod filters;
mod guard;
mod holdings;
mod issues;
mod live;
pub mod metrics;
pub mod openapi;
mod pages;
mod people;
pub mod playground;
mod problem;
mod ready;
pub mod reference;
mod rejections;
mod repeats;
mod replays;
mod requests;
mod routes;
mod series;
mod shown;
mod status;
mod test_events;
mod test_request;
mod wishes;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::middleware::from_fn_with_state;
use domain::delivery::flow::Bounds;
use domain::limits;
use domain::time::Timestamp;
use storage::Store;
use tokio::net::TcpListener;

use crate::hatch::Hatch;
use crate::live::Gauges;
use crate::shutdown::Shutdown;
use crate::tester::Tester;
use crate::viewing::Viewing;
use crate::workspace::Editor;
pub use auth::{Auth, ServerSecrets, hash_now, new_secret};
pub use filters::Trials;
pub use holdings::Holdings;
use playground::Playgrounds;
pub use repeats::Repeats;

/// What the admin listener works with.
pub struct Needs {
    /// What is known.
    pub store: Store,
    /// How long a removed destination may be put back.
    pub keep_removed: Duration,
    /// What is kept, and where.
    pub holdings: Holdings,
    /// What is going on.
    pub gauges: Arc<Gauges>,
    /// What the playgrounds have received.
    pub playgrounds: Arc<Playgrounds>,
    /// Who may come in.
    pub auth: Auth,
    /// Edits what people may edit.
    pub editor: Editor,
    /// Where the gateway listens.
    pub gateway: SocketAddr,
    /// Where the admin listener listens.
    pub admin: SocketAddr,
    /// When the server started.
    pub started_at: Timestamp,
    /// Lets one filter be tried at a time.
    pub trials: Trials,
    /// Sends what somebody wants to try.
    pub tester: Tester,
    /// Bytes of one event, at most.
    pub event_bytes_max: usize,
    /// Hands composed events to the gateway.
    pub hatch: Hatch,
    /// How much may be under way to a destination that says nothing of it.
    pub bounds: Bounds,
    /// Requests that are done once, however often they come.
    pub repeats: Repeats,
    /// What the API is, once somebody has asked.
    pub document: OnceLock<Bytes>,
    /// Shows what happens.
    pub viewing: Arc<Viewing>,
    /// How far the server's end has come.
    pub shutdown: Shutdown,
}

/// Serves until the server ends; heads may take as long as at the gateway.
///
/// # Cancellation
/// Connections are closed.
pub async fn serve(
    listener: TcpListener,
    needs: Needs,
    head_time_max: Duration,
    shutdown: Shutdown,
) {
    let bounds = door::Bounds {
        head_time_max,
        request_time_max: limits::ADMIN_REQUEST_TIME_MAX,
        connections_max: limits::ADMIN_CONNECTIONS_MAX,
    };
    door::serve(listener, router(Arc::new(needs)), bounds, shutdown).await;
}

fn router(needs: Arc<Needs>) -> Router {
    routes::router(&needs)
        .fallback(pages::show)
        .layer(from_fn_with_state(needs.clone(), guard::check))
        .with_state(needs)
}
