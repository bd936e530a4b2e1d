//! TLS towards endpoints: whom connections trust, who they are, and what they offer.

use std::sync::Arc;

use domain::destination::webhook::{ClientIdentity, TlsSettings};
use rustls::client::ResolvesClientCert;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};

use super::trust::Trust;
use crate::certificate;

/// The name of HTTP/2 in TLS. Source: RFC 9113, section 3.2.
pub const HTTP2_NAME: &[u8] = b"h2";

/// What is offered in TLS, the better one first. Source: RFC 7301.
const PROTOCOLS: [&[u8]; 2] = [HTTP2_NAME, b"http/1.1"];

/// How connections are made to those whose certificate an authority of the machine vouches for.
///
/// # Errors
/// Where TLS itself cannot be set up.
pub fn of_machine(machine: &Arc<RootCertStore>) -> Result<Arc<ClientConfig>, String> {
    config(Trust::new(machine.clone(), Vec::new())?, None)
}

/// How the connections of a destination with settings of its own are made.
///
/// # Errors
/// Why the settings cannot be used.
pub fn of_destination(
    settings: &TlsSettings,
    machine: &Arc<RootCertStore>,
) -> Result<Arc<ClientConfig>, String> {
    let trust = match &settings.ca {
        None => Trust::new(machine.clone(), Vec::new())?,
        Some(pem) => {
            let wrong = |error| format!("tls.ca {error}");
            let named = certificate::chain(pem.as_bytes()).map_err(wrong)?;
            let roots = certificate::roots(pem.as_bytes()).map_err(wrong)?;
            Trust::new(Arc::new(roots), named)?
        }
    };
    config(trust, settings.identity.as_ref())
}

/// Whom the machine trusts, or Mozilla's list where it trusts nobody.
pub fn machine_roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Arc::new(roots)
}

fn config(trust: Trust, identity: Option<&ClientIdentity>) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_provider(certificate::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        // Dangerous is what does not check; this one asks rustls's own check.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => builder.with_client_cert_resolver(shown(identity)?),
    };
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

fn shown(identity: &ClientIdentity) -> Result<Arc<dyn ResolvesClientCert>, String> {
    let chain = certificate::chain(identity.certificate.as_bytes());
    let chain = chain.map_err(|error| format!("tls.certificate {error}"))?;
    let key = certificate::key(identity.key.reveal().as_bytes());
    let key = key.map_err(|error| format!("tls.key {error}"))?;
    let pair = certificate::pair(chain, key).map_err(|error| format!("tls.key: {error}"))?;
    Ok(Arc::new(SingleCertAndKey::from(pair)))
}
