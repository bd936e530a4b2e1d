//! The webhook destination: one HTTP request per event, exact on the wire.
//!
//! In come settings and a stored event; out go method, URL, headers and body. `plan.rs` tells the
//! story: what the settings say once, and what each event adds to it.

pub mod settings;
pub mod template;
pub mod target;
pub mod dynamic;
pub mod signing;
pub mod tls;
pub mod plan;
mod header;
mod place;
mod reading;
mod body;
mod query;

pub use dynamic::{AllowedHost, Dynamic};
pub use plan::{Plan, Unsendable, WebhookRequest};
pub use query::GetExtra;
pub use settings::{HeaderSetting, Method, SettingsError, WebhookSettings};
pub use signing::{AttemptStamp, Occasion, PrivateKey, Signing, SigningKey, SigningSecret};
pub use target::{Target, is_playground_name, is_veiled, veiled};
pub use template::Setting;
pub use tls::{ClientIdentity, SecretPem, TlsSettings};

#[cfg(test)]
mod golden;
