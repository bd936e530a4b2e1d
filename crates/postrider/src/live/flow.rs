//! How a destination's flow fares: for people, and for the flows of replays, which come after it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use domain::delivery::flow::{Flow, Lead};
use tokio::sync::watch;

/// The latest moment of a flow; none before anybody is at work.
#[derive(Debug, Default)]
pub struct FlowGauge {
    latest: watch::Sender<Option<Lead>>,
    /// Attempts that replays have started and that the flow has not counted yet.
    beside: AtomicU32,
}

impl FlowGauge {
    /// Notes how it fares, and whether it has nothing left to deliver.
    pub fn report(&self, flow: &Flow, is_idle: bool) {
        let lead = Some(flow.lead(is_idle));
        self.latest.send_if_modified(|known| {
            let is_news = *known != lead;
            *known = lead;
            is_news
        });
    }

    /// How it fared last.
    pub fn glance(&self) -> Option<Lead> {
        *self.latest.borrow()
    }

    /// How it fares, as that changes.
    pub fn watch(&self) -> watch::Receiver<Option<Lead>> {
        self.latest.subscribe()
    }

    /// An attempt is started beside the flow.
    pub fn start_beside(&self) {
        self.beside.fetch_add(1, Relaxed);
    }

    /// How many were, since this was asked last.
    pub fn take_beside(&self) -> u32 {
        // Mostly there are none, and then nothing is written.
        if self.beside.load(Relaxed) == 0 { 0 } else { self.beside.swap(0, Relaxed) }
    }
}
