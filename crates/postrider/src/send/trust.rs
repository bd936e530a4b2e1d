//! Checks the certificates of endpoints, and says what exactly is wrong with one.
//!
//! The check itself is rustls's. What is added are the words: a certificate that is refused is
//! looked at once more, so that its names, its authority and its dates can be shown.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

use domain::reason::Reason;
use domain::time::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::certificate;

/// Names of a certificate that are shown. Source: chosen; some have hundreds.
const NAMES_MAX: usize = 3;

/// What is wrong with an endpoint's certificate.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Unfit {
    /// The word of the dictionary.
    pub reason: Reason,
    /// What exactly.
    pub detail: String,
}

/// Checks certificates.
#[derive(Debug)]
pub struct Trust {
    check: Arc<WebPkiServerVerifier>,
    /// Certificates that a destination's settings name, each of which is trusted as it is.
    named: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Trusts these authorities; and these certificates also where an authority's own is shown by
    /// an endpoint, as is made by hand for one machine.
    ///
    /// # Errors
    /// Where there is no authority.
    pub fn new(
        roots: Arc<RootCertStore>,
        named: Vec<CertificateDer<'static>>,
    ) -> Result<Self, String> {
        let builder = WebPkiServerVerifier::builder_with_provider(roots, certificate::provider());
        let check = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { check, named })
    }

    /// Whether it is one of those named, for this name and now.
    fn is_named(&self, shown: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> bool {
        let (Ok(parsed), Some(facts)) = (ParsedCertificate::try_from(shown), Facts::of(shown))
        else {
            return false;
        };
        self.named.contains(shown)
            && facts.holds_at(now)
            && rustls::client::verify_server_name(&parsed, name).is_ok()
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.check.verify_server_cert(shown, between, name, ocsp, now) {
            Err(_) if self.is_named(shown, name, now) => Ok(ServerCertVerified::assertion()),
            Err(rustls::Error::InvalidCertificate(error)) => {
                let unfit = Arc::new(unfit(&error, shown));
                Err(CertificateError::Other(OtherError(unfit)).into())
            }
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        text: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.check.verify_tls12_signature(text, shown, signature)
    }

    fn verify_tls13_signature(
        &self,
        text: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.check.verify_tls13_signature(text, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.check.supported_verify_schemes()
    }
}

/// Puts what is wrong with a certificate into words.
fn unfit(error: &CertificateError, shown: &CertificateDer<'_>) -> Unfit {
    let facts = Facts::of(shown);
    let is_own_issuer = facts.as_ref().is_some_and(|facts| facts.is_own_issuer);
    let (reason, what) = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (Reason::TlsExpired, "has expired".to_owned())
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (Reason::TlsNotYetValid, "is not valid yet".to_owned())
        }
        CertificateError::NotValidForName => (Reason::TlsWrongName, "has another name".to_owned()),
        CertificateError::NotValidForNameContext { expected, .. } => {
            (Reason::TlsWrongName, format!("is not for {}", expected.to_str()))
        }
        // Its own authority's certificate, shown as it is.
        CertificateError::UnknownIssuer | CertificateError::Other(_) if is_own_issuer => {
            (Reason::TlsSelfSigned, "is signed by itself".to_owned())
        }
        CertificateError::UnknownIssuer => {
            (Reason::TlsUnknownIssuer, "comes from an authority that is not trusted".to_owned())
        }
        other => (Reason::TlsBadCertificate, format!("cannot be used: {other}")),
    };
    let facts = facts.map(|facts| facts.shown()).unwrap_or_default();
    Unfit { reason, detail: format!("the certificate {what}{facts}") }
}

/// What people want to know of a certificate.
struct Facts {
    names: Vec<String>,
    issuer: String,
    is_own_issuer: bool,
    not_before: i64,
    not_after: i64,
}

impl Facts {
    /// Reads a certificate; none where it is none.
    fn of(shown: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(shown).ok()?;
        let alternative = parsed.subject_alternative_name().ok().flatten();
        let names = alternative.map(|list| list.value.general_names.iter().filter_map(name));
        Some(Self {
            names: names.map(Iterator::collect).unwrap_or_default(),
            issuer: parsed.issuer().to_string(),
            is_own_issuer: parsed.issuer().as_raw() == parsed.subject().as_raw(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
        })
    }

    fn holds_at(&self, now: UnixTime) -> bool {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        (self.not_before..=self.not_after).contains(&now)
    }

    /// Names, authority and dates, in that order.
    fn shown(&self) -> String {
        let mut text = match self.names.len() {
            0 => "; it has no name".to_owned(),
            count if count > NAMES_MAX => {
                let more = count - NAMES_MAX;
                format!("; for {} and {more} more", self.names[..NAMES_MAX].join(", "))
            }
            _ => format!("; for {}", self.names.join(", ")),
        };
        let (from, until) = (day(self.not_before), day(self.not_after));
        // Writing to a text cannot fail.
        let _ = write!(text, "; from {from} to {until}; by {}", self.issuer);
        text
    }
}

/// A name of a certificate as it stands in a URL; none for those that URLs do not have.
fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// A second since 1970, as people write it.
fn day(seconds: i64) -> String {
    let shown = Timestamp(seconds.saturating_mul(1_000)).to_string();
    shown.replace(".000Z", "Z")
}
