//! Destinations: where deliveries go. One folder per type behind a closed enum.
//!
//! In come settings and a stored event; out goes the request to send. Deliberately unknown here:
//! connections, DNS, TLS and when a request is sent.

pub mod absence;
pub mod webhook;

use serde::{Deserialize, Serialize};

use crate::delivery::flow::OwnBounds;
use crate::delivery::lanes::Order;
use crate::delivery::policy::OwnPolicy;
use crate::id::DestinationId;
use absence::{Absences, Away};
use webhook::WebhookSettings;

/// Where deliveries go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Destination {
    /// Identifies it within the workspace.
    pub id: DestinationId,
    /// The name people gave it.
    pub name: String,
    /// Whether it takes events; if not, what comes meanwhile is passed over.
    pub enabled: bool,
    /// What its type needs to know.
    pub settings: DestinationSettings,
    /// How deliveries are made, as far as that differs from the server's settings.
    #[serde(default, skip_serializing_if = "OwnDelivery::is_default")]
    pub delivery: OwnDelivery,
    /// Which events it does not take, having been away.
    #[serde(default, skip_serializing_if = "Absences::is_empty")]
    pub absences: Absences,
}

/// What a destination says of how its deliveries are made; what is not there is the server's.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnDelivery {
    /// Whether events gather and wait until this is taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// Whether what was given up while nothing was taken is replayed when the endpoint is back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub auto_replay: bool,
    /// Which events keep their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// What is done about failures.
    pub retry: OwnPolicy,
    /// How much may be under way.
    pub bounds: OwnBounds,
}

impl Destination {
    /// A destination that is at work, and whose deliveries are made as the server does.
    pub fn new(id: DestinationId, name: impl Into<String>, settings: DestinationSettings) -> Self {
        let (delivery, absences) = (OwnDelivery::default(), Absences::default());
        Self { id, name: name.into(), enabled: true, settings, delivery, absences }
    }

    /// Whether deliveries are made.
    pub fn is_at_work(&self) -> bool {
        self.enabled && !self.delivery.paused
    }

    /// Why it takes nothing, as far as its own settings say; none where it does.
    pub fn away(&self) -> Option<Away> {
        (!self.enabled).then_some(Away::Disabled)
    }
}

impl OwnDelivery {
    /// Whether it says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The settings of a destination, by its type.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DestinationSettings {
    /// An HTTP endpoint that gets one request per event.
    Webhook(WebhookSettings),
}
