//! The webhook destination: one HTTP request per event, exact on the wire.
//!
//! In come settings and a stored event; out go method, URL, headers and body.

pub mod settings;
pub mod request;
mod body;
mod query;

pub use query::QueryTooLong;
pub use request::{WebhookRequest, headers, request};
pub use settings::{HeaderSetting, Method, SettingsError, Target, WebhookSettings};
