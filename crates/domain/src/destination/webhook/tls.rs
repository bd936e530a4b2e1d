//! What the TLS connections of a destination take from it: whom they trust, and who they are.
//!
//! Both are texts in PEM. They are looked at when they are set, and used when a connection is made;
//! what they hold is not known here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What TLS to the configured origin takes from the destination.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TlsSettings {
    /// Certificates that are trusted, in the place of the machine's; the machine's where there are
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// What is shown to an endpoint that asks for a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<ClientIdentity>,
}

/// A client certificate and its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClientIdentity {
    /// The certificate, and those between it and its authority.
    pub certificate: String,
    /// The private key of the certificate.
    pub key: SecretPem,
}

/// A private key in PEM: never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretPem(String);

impl SecretPem {
    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, to make connections with.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
