//! Spans: what telemetry is told of the life of some events.
//!
//! In come events that were stored and attempts that have ended; out go spans to a collector that
//! the operator has named, in OTLP over HTTP. All spans of an event are in one trace, whose id
//! derives from the event. What the collector does not take is dropped and counted: nobody waits for it.
//! Deliberately unknown here: what an event says, whose it is, and who made a request.

mod span;
mod tracer;
mod otlp;
mod exporter;
mod headers;

use std::sync::Arc;

use domain::address::Egress;
use domain::limits;
use domain::trace_context::Share;
use http::HeaderMap;
use tokio::sync::oneshot;
use url::Url;

use exporter::{Exporter, Wires};

use crate::live::Gauges;
use crate::send::{Courier, Outlet, OutletSettings};
use crate::threads::Threads;
use crate::{Controls, RunError, machine};

pub use headers::headers;
pub use span::Attempted;
pub use tracer::{Arrival, Traced, Tracer};

/// What telemetry is told, and how.
pub struct Settings {
    /// Where spans are posted.
    pub url: Url,
    /// Headers of each request.
    pub headers: HeaderMap,
    /// The server's name in telemetry.
    pub service: String,
    /// Which events are traced.
    pub share: Share,
    /// Whether endpoints are told the spans of attempts.
    pub tells_endpoints: bool,
    /// How requests leave, save where they may go and how long they may take.
    pub outlet: OutletSettings,
}

/// What takes spans to the collector.
pub struct Export {
    threads: Threads,
    over: oneshot::Sender<()>,
}

/// Where a collector takes traces. Source: OTLP, OTLP/HTTP Request.
pub fn url(endpoint: &Url) -> Url {
    let mut url = endpoint.clone();
    url.set_path(&format!("{}/v1/traces", endpoint.path().trim_end_matches('/')));
    url
}

/// Starts a thread that takes spans to the collector, and makes the tracer that hands them to it.
///
/// # Errors
/// Where the machine gives no thread.
pub fn start(
    settings: Settings,
    gauges: &Arc<Gauges>,
    controls: Controls,
) -> Result<(Tracer, Export), RunError> {
    let Settings { url, headers, service, share, tells_endpoints, outlet } = settings;
    let outlet = OutletSettings {
        // It is the operator who has named it, and collectors are seldom public.
        egress: Arc::new(Egress::wide()),
        timeout: limits::SPANS_REQUEST_TIME_MAX,
        ..outlet
    };
    let (tracer, made) = Tracer::new(share, gauges.clone());
    let tracer = if tells_endpoints { tracer.telling_endpoints() } else { tracer };
    let (over, is_over) = oneshot::channel();
    let (mut threads, gauges) = (Threads::new(controls), gauges.clone());
    threads.start("spans".to_owned(), move |shutdown| async move {
        let outlet = Outlet::new(outlet).map_err(|error| machine("set up TLS", error))?;
        let courier = Courier::new(&url, headers, outlet);
        let courier = courier.map_err(|why| machine("use otel.endpoint", why))?;
        let wires = Wires { courier, service, gauges };
        Exporter::new(made, wires).run(is_over, shutdown).await;
        Ok(())
    })?;
    Ok((tracer, Export { threads, over }))
}

impl Export {
    /// Says that no more spans are made, and waits until the last ones are sent, a bounded time.
    ///
    /// # Errors
    /// What the thread failed with.
    pub async fn finish(self) -> Result<(), RunError> {
        drop(self.over);
        self.threads.join().await
    }
}
