//! Certificates and keys as PEM has them, for both directions of TLS: who the gateway is, whom
//! destinations trust, and who we are to them.
//!
//! No sentence holds a word of what was read, as it may be a key.

use std::sync::Arc;

use domain::time::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Why a text is no certificate, or no key.
#[derive(Debug, thiserror::Error)]
pub enum PemError {
    /// It begins like PEM, and goes on differently.
    #[error("is broken PEM")]
    Broken,
    /// There is no certificate.
    #[error("holds no certificate; give PEM with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// There is no key.
    #[error("holds no private key; give PEM with a key that needs no passphrase")]
    NoKey,
    /// What is there cannot be used.
    #[error("cannot be used: {0}")]
    Unusable(#[source] rustls::Error),
}

/// The certificates of a text, in its order; at least one.
///
/// # Errors
/// Where there is none, or one is broken.
pub fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = read.map_err(|_| PemError::Broken)?;
    if chain.is_empty() { Err(PemError::NoCertificate) } else { Ok(chain) }
}

/// The certificates of a text as those that are trusted.
///
/// # Errors
/// Where there is none, or one cannot be used.
pub fn roots(pem: &[u8]) -> Result<RootCertStore, PemError> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(pem)? {
        roots.add(certificate).map_err(PemError::Unusable)?;
    }
    Ok(roots)
}

/// Whose a certificate is, and until when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Its subject, as certificates spell it; any text may stand there.
    pub subject: String,
    /// The last moment at which it is valid.
    pub valid_until: Timestamp,
}

/// The last moment at which a certificate is valid; none where it cannot be read.
pub fn valid_until(certificate: &[u8]) -> Option<Timestamp> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(Timestamp(parsed.validity().not_after.timestamp().saturating_mul(1_000)))
}

/// Whose the certificates of a text are, in its order; what cannot be read is left out.
pub fn holders(pem: &[u8]) -> Vec<Holder> {
    let holder = |certificate: CertificateDer<'_>| {
        let (_, parsed) = X509Certificate::from_der(&certificate).ok()?;
        let seconds = parsed.validity().not_after.timestamp();
        Some(Holder {
            subject: parsed.subject().to_string(),
            valid_until: Timestamp(seconds.saturating_mul(1_000)),
        })
    };
    chain(pem).unwrap_or_default().into_iter().filter_map(holder).collect()
}

/// The first private key of a text.
///
/// # Errors
/// Where there is none, or it is broken.
pub fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, PemError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => PemError::NoKey,
        _ => PemError::Broken,
    })
}

/// A certificate with its key.
///
/// # Errors
/// Where they cannot be used, or do not belong together.
pub fn pair(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, rustls::Error> {
    CertifiedKey::from_der(chain, key, &provider())
}

/// What does the arithmetic of TLS.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(test)]
mod tests {
    use testkit::Certificate;

    use super::*;

    #[test]
    fn what_is_no_certificate_or_key_is_told_apart() {
        let made = Certificate::of_localhost();
        let (certificate, private) = (made.pem.as_bytes(), made.key_pem.as_bytes());
        let cut = |text: &[u8]| text[..text.len() / 2].to_vec();
        let check = |error: Option<PemError>, want: &str| {
            let shown = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(shown.starts_with(want), "{shown}");
        };
        assert_eq!(chain(certificate).map(|chain| chain.len()).unwrap_or_default(), 1);
        check(chain(private).err(), "holds no certificate");
        check(chain(b"").err(), "holds no certificate");
        check(chain(&cut(certificate)).err(), "is broken PEM");
        assert_eq!(roots(certificate).map(|roots| roots.len()).unwrap_or_default(), 1);
        let no_der = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        check(roots(no_der).err(), "cannot be used: ");
        assert!(key(private).is_ok());
        check(key(certificate).err(), "holds no private key");
        check(key(&cut(private)).err(), "is broken PEM");
    }

    #[test]
    fn a_key_of_another_certificate_is_no_pair() {
        let [one, other] = [(); 2].map(|()| Certificate::of_localhost());
        let pair = |key_pem: &str| {
            pair(chain(one.pem.as_bytes()).expect("a chain"), key(key_pem.as_bytes()).expect("one"))
        };
        assert!(pair(&one.key_pem).is_ok());
        assert!(pair(&other.key_pem).is_err());
    }
}
