//! The tracer: chooses events by their trace, and hands on what telemetry is told of them.
//!
//! Every room that meets events has one. Where tracing is off it holds nothing, and costs a look at
//! that.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use domain::event::NewEvent;
use domain::id::Seq;
use domain::limits;
use domain::time::Timestamp;
use domain::trace_context::{Share, TRACEPARENT, TraceContext, TraceId};
use http::HeaderMap;
use tokio::sync::mpsc;

use super::span::{self, Attempted, Span};
use crate::clock::Stopwatch;
use crate::live::Gauges;

/// Tells telemetry of events; cheap to clone.
#[derive(Clone, Default)]
pub struct Tracer {
    /// None where tracing is off.
    inner: Option<Arc<Inner>>,
    /// Whether endpoints are told the spans of attempts.
    tells_endpoints: bool,
}

struct Inner {
    /// Which events are traced.
    share: Share,
    spans: mpsc::Sender<Span>,
    gauges: Arc<Gauges>,
}

/// How a request came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When.
    pub at: Instant,
    /// The span that its sender names.
    pub link: Option<TraceContext>,
}

/// An attempt that telemetry is told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traced {
    /// Its span.
    pub context: TraceContext,
    /// When it began.
    pub at: Instant,
}

/// Events on their way to the journal.
pub struct Acceptance {
    inner: Arc<Inner>,
    events: Vec<NewEvent>,
    /// How they came, each with the place of the first event that came so.
    arrivals: Vec<(usize, Arrival)>,
}

impl Tracer {
    /// A tracer of a share of all events, and the spans that it makes.
    pub fn new(share: Share, gauges: Arc<Gauges>) -> (Self, mpsc::Receiver<Span>) {
        let (spans, made) = mpsc::channel(limits::SPANS_WAITING_MAX);
        let inner = Some(Arc::new(Inner { share, spans, gauges }));
        (Self { inner, tells_endpoints: false }, made)
    }

    /// The same, which tells endpoints the spans of attempts.
    #[must_use]
    pub fn telling_endpoints(self) -> Self {
        Self { tells_endpoints: true, ..self }
    }

    /// Notes how a request comes in; nothing where tracing is off.
    pub fn arrival(&self, headers: &HeaderMap) -> Option<Arrival> {
        self.inner.as_ref().map(|_| {
            let parent = headers.get(TRACEPARENT);
            let link = parent.and_then(|parent| TraceContext::parse(parent.as_bytes()));
            Arrival { at: Instant::now(), link }
        })
    }

    /// Notes events that the journal is given now; nothing where tracing is off.
    pub fn acceptance(
        &self,
        events: &[NewEvent],
        arrivals: Vec<(usize, Arrival)>,
    ) -> Option<Acceptance> {
        let inner = self.inner.clone()?;
        // Which of them are traced is only known with their places.
        Some(Acceptance { inner, events: events.to_vec(), arrivals })
    }

    /// An attempt to deliver an event has begun; nothing where the event is not traced.
    pub fn begin(&self, seq: Seq, received_at: Timestamp, at: Stopwatch) -> Option<Traced> {
        let trace = self.inner.as_ref()?.chosen(seq, received_at)?;
        Some(Traced { context: TraceContext { trace, span: span::fresh() }, at: at.started() })
    }

    /// The span that an endpoint is told of.
    pub fn told(&self, traced: Option<Traced>) -> Option<TraceContext> {
        traced.filter(|_| self.tells_endpoints).map(|traced| traced.context)
    }

    /// An attempt that is traced has ended.
    pub fn attempted(&self, traced: Traced, attempted: &Attempted<'_>) {
        if let Some(inner) = &self.inner {
            inner.tell(span::attempt(traced, attempted));
        }
    }
}

impl Acceptance {
    /// The events are stored, the first one at this place.
    pub fn stored(self, first: Seq) {
        let (stored_at, Self { inner, events, arrivals }) = (Instant::now(), self);
        for (at, event) in events.iter().enumerate() {
            let seq = first.plus(at as u64);
            let Some(trace) = inner.chosen(seq, event.received_at) else { continue };
            let begun = arrivals.partition_point(|(from, _)| *from <= at);
            if let Some((_, arrival)) = arrivals[..begun].last() {
                inner.tell([span::acceptance(trace, *arrival, (seq, event), stored_at)]);
            }
        }
    }
}

impl Inner {
    /// The trace of an event, where it is traced.
    fn chosen(&self, seq: Seq, received_at: Timestamp) -> Option<TraceId> {
        Some(TraceId::of(seq, received_at)).filter(|trace| self.share.holds(*trace))
    }

    /// Hands spans on, as far as there is room.
    fn tell(&self, spans: impl IntoIterator<Item = Span>) {
        for span in spans {
            if self.spans.try_send(span).is_err() {
                self.gauges.spans.crowded_out.fetch_add(1, Relaxed);
            }
        }
    }
}
