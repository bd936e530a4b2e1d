//! TLS towards endpoints: which certificates are trusted.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Trusts what the machine trusts; where it has no certificates, Mozilla's list.
///
/// # Errors
/// Where TLS itself cannot be set up.
pub fn client_config() -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
