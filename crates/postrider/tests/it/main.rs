//! Stories: the real server on real sockets, between a raw client and fake endpoints.
//!
//! One file per story, and the names of the tests are sentences. Each test has a server, a data
//! directory and endpoints of its own, so all run side by side. Nothing sleeps: tests wait for a
//! state, and a deadline only says that it will not come.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the whole binary is a test, also where no function is marked as one"
)]

mod harness;
mod process;
mod answers;
mod mistyped;
mod audit;
mod cors;
mod source_config;
mod source_settings;
mod dialects;
mod pixels;
mod batches;
mod bytes;
mod clients;
mod heads;
mod http2;
mod tls;
mod restarts;
mod hostile_bodies;
mod slow_bodies;
mod odd_events;
mod floods;
mod flow;
mod corpus;
mod overload;
mod isolation;
mod filters;
mod order;
mod people;
mod retries;
mod odd_answers;
mod kept_connections;
mod methods;
mod status_page;
mod templates;
mod dynamic;
mod signing;
mod egress;
mod endpoints;
mod endpoint_tls;
mod endings;
mod endpoint_http2;
mod metrics;
mod spans;
mod live;
mod series;
mod ready;
mod names;
mod workspace;
mod catalog;
mod census;
mod sealed;
mod away;
mod deliveries;
mod issues;
mod start;
mod shutdown;
mod crash;
mod settled;
mod upkeep;
mod room;
mod resends;
mod replays;
mod test_events;
mod twins;
mod console;
mod editing;
mod listening;
mod looking;
mod doctor;
mod sending;
mod tailing;
mod own_listener;
mod admin_listener;
