//! The dispatcher: one per destination, a cursor over the journal.
//!
//! In come events of the journal, the destination's settings and the outcomes of its attempts; out
//! go attempts to the sender and settlements to the schedule. A replay has a dispatcher of its own,
//! which differs in what it reads and comes after the destination's in what it sends. Deliberately unknown here: where
//! events come from, and how a request is made.

pub mod agenda;
mod commons;
mod duty;
mod taken;
mod parts;
mod waits;
mod feed;
mod follower;
mod world;
mod attempt;
mod records;
mod dispatcher;
mod bystander;
mod crew;

pub use crew::{Crew, CrewSettings, Needs};
pub use duty::Duty;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod simulation;
