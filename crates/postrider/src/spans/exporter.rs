//! The exporter: takes spans to the collector, some at a time.
//!
//! One request is under way at a time. Where the collector does not take it, it is sent again a few
//! times, and the others wait for their turn as long as there is room. When the server ends, what is
//! left is sent once, in bounded time.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::delivery::Outcome;
use domain::delivery::outcome::Verdict;
use domain::limits;
use domain::reason::Reason;
use tokio::sync::{mpsc, oneshot};

use super::otlp;
use super::span::Span;
use crate::clock;
use crate::live::{Gauges, SpanCounts};
use crate::send::Courier;
use crate::shutdown::Shutdown;

/// Takes spans to the collector.
pub struct Exporter {
    made: mpsc::Receiver<Span>,
    wires: Wires,
    /// Those whose turn it is.
    batch: Vec<Span>,
    /// How often these have been sent.
    tries: u32,
    /// Whether the last request failed.
    is_failing: bool,
    /// When it was last said that requests fail.
    said_at: Option<Instant>,
}

/// What an exporter works with.
pub struct Wires {
    /// Who goes to the collector.
    pub courier: Courier,
    /// The server's name in telemetry.
    pub service: String,
    /// Where it is counted what becomes of spans.
    pub gauges: Arc<Gauges>,
}

impl Exporter {
    /// An exporter of these spans.
    pub fn new(made: mpsc::Receiver<Span>, wires: Wires) -> Self {
        Self { made, wires, batch: Vec::new(), tries: 0, is_failing: false, said_at: None }
    }

    /// Sends spans until it is told that nobody makes any more, and then those that are left.
    ///
    /// # Cancellation
    /// Spans that are under way may have been taken.
    pub async fn run(mut self, over: oneshot::Receiver<()>, mut shutdown: Shutdown) {
        tokio::select! {
            never = self.send_on() => match never {},
            // Whoever could say so may be gone, which says the same.
            _ = over => {}
            () = shutdown.ending_now() => {}
        }
        let rest = tokio::time::timeout(limits::SPANS_LEAVE_TIME_MAX, self.send_rest());
        tokio::select! {
            biased;
            () = shutdown.ending_now() => {}
            // What was not taken in time is counted.
            _ = rest => {}
        }
        self.made.close();
        while let Ok(span) = self.made.try_recv() {
            self.batch.push(span);
        }
        self.drop_batch(|counts| &counts.unsent);
    }

    async fn send_on(&mut self) -> Infallible {
        loop {
            if self.batch.is_empty() {
                self.gather().await;
            }
            if let Some(wait) = self.send().await {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Sends what is left, as long as the collector takes it.
    async fn send_rest(&mut self) {
        loop {
            self.fill();
            if self.batch.is_empty() || self.send().await.is_some() {
                return;
            }
        }
    }

    /// Waits for spans, and then a moment for more: it looks for them now and then, as whoever hands
    /// one to somebody who waits has to wake him.
    ///
    /// # Cancellation
    /// Those that have come are kept.
    async fn gather(&mut self) {
        if self.made.recv_many(&mut self.batch, limits::SPANS_PER_REQUEST_MAX).await == 0 {
            // Nobody makes any more, which somebody else says.
            std::future::pending::<()>().await;
        }
        let since = Instant::now();
        while self.batch.len() < limits::SPANS_PER_REQUEST_MAX
            && since.elapsed() < limits::SPANS_LINGER
        {
            tokio::time::sleep(limits::SPANS_LOOK_INTERVAL).await;
            self.fill();
        }
    }

    /// Takes what waits, as far as the batch has room.
    fn fill(&mut self) {
        while self.batch.len() < limits::SPANS_PER_REQUEST_MAX
            && let Ok(span) = self.made.try_recv()
        {
            self.batch.push(span);
        }
    }

    /// Sends the batch; tells how long to wait where nothing was taken.
    async fn send(&mut self) -> Option<Duration> {
        let body = otlp::request(&self.wires.service, &self.batch);
        self.tries += 1;
        let outcome = self.wires.courier.post(Bytes::from(body)).await;
        match outcome.verdict {
            Verdict::Taken => {
                self.say_well();
                self.drop_batch(|counts| &counts.taken);
                None
            }
            Verdict::Permanent(_) => {
                self.warn(&outcome);
                self.drop_batch(|counts| &counts.refused);
                None
            }
            Verdict::Transient(_) => {
                self.warn(&outcome);
                let wait = self.wait(&outcome);
                if self.tries >= limits::SPANS_TRIES_MAX {
                    self.drop_batch(|counts| &counts.unsent);
                }
                Some(wait)
            }
        }
    }

    /// How long to wait after so many tries that failed.
    fn wait(&self, outcome: &Outcome) -> Duration {
        let doubled = limits::SPANS_WAIT_MIN.saturating_mul(1 << (self.tries - 1).min(16));
        let asked = outcome.retry_after.map(|after| after.wait(clock::now()));
        doubled.max(asked.unwrap_or_default()).min(limits::SPANS_WAIT_MAX)
    }

    /// Is done with the batch, and counts what has become of it.
    fn drop_batch(&mut self, of: impl Fn(&SpanCounts) -> &AtomicU64) {
        of(&self.wires.gauges.spans).fetch_add(self.batch.len() as u64, Relaxed);
        self.batch.clear();
        self.tries = 0;
    }

    /// Says that requests fail, now and then.
    fn warn(&mut self, outcome: &Outcome) {
        self.is_failing = true;
        if self.said_at.is_none_or(|at| at.elapsed() >= limits::SPANS_WARN_INTERVAL) {
            let (reason, detail) = (outcome.reason().map(Reason::code), &outcome.detail);
            tracing::warn!(reason, detail, "the collector of otel.endpoint takes no spans");
            self.said_at = Some(Instant::now());
        }
    }

    fn say_well(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            tracing::debug!("the collector of otel.endpoint takes spans again");
        }
    }
}
