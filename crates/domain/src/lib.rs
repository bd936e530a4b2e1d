//! What an event is, and every decision about it.
//!
//! In come bytes, settings, outcomes and `now`; out go events, requests to send and decisions.
//! This crate deliberately does not know sockets, disks, clocks, randomness or async: whatever it
//! needs of those is an argument, so a week of retries is tested in microseconds.

pub mod id;
pub mod time;
pub mod limits;
pub mod reason;
pub mod field;
pub mod secret;
pub mod address;
pub mod event;
pub mod source;
pub mod destination;
pub mod filter;
pub mod connection;
pub mod workspace;
pub mod delivery;
pub mod replay;
pub mod account;
pub mod trace_context;
