//! How a destination's flow fares, for people.

use std::sync::{Mutex, PoisonError};

use domain::delivery::flow::{Flow, Mode};
use domain::time::Timestamp;

/// A moment of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowGlance {
    /// How the destination fares.
    pub mode: Mode,
    /// Attempts that may be under way.
    pub limit: u32,
    /// Before this the endpoint does not want to be asked.
    pub not_before: Timestamp,
}

/// The latest moment of a flow; none before anybody is at work.
#[derive(Debug, Default)]
pub struct FlowGauge(Mutex<Option<FlowGlance>>);

impl FlowGauge {
    /// Notes how it fares.
    pub fn report(&self, flow: &Flow) {
        let glance =
            FlowGlance { mode: flow.mode(), limit: flow.limit(), not_before: flow.not_before() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(glance);
    }

    /// How it fared last.
    pub fn glance(&self) -> Option<FlowGlance> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
