//! Destinations: where deliveries go. One folder per type behind a closed enum.
//!
//! In come settings and a stored event; out goes the request to send. Deliberately unknown here:
//! connections, DNS, TLS and when a request is sent.

pub mod webhook;

use serde::{Deserialize, Serialize};

use crate::id::DestinationId;
use webhook::WebhookSettings;

/// Where deliveries go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Destination {
    /// Identifies it within the workspace.
    pub id: DestinationId,
    /// The name people gave it.
    pub name: String,
    /// Whether deliveries are made; if not, its place in the journal stands still.
    pub enabled: bool,
    /// What its type needs to know.
    pub settings: DestinationSettings,
}

/// The settings of a destination, by its type.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DestinationSettings {
    /// An HTTP endpoint that gets one request per event.
    Webhook(WebhookSettings),
}
