//! Deliveries: what an attempt meant, what to do next, and which event may go now.
//!
//! In come outcomes, `now` and a random number; out go decisions and the order of sending.
//! Deliberately unknown here: connections, clocks, and where the schedule is stored.

pub mod outcome;
pub mod policy;
pub mod retry;
pub mod limit;
mod downs;
pub mod flow;
pub mod lanes;
pub mod trace;

pub use outcome::Outcome;
pub use policy::{OwnPolicy, Policy};
pub use retry::Decision;
pub use trace::Trace;
