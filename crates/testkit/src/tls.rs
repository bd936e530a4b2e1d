//! TLS for tests: certificates made on the spot, and clients that trust exactly one of them.

use std::io::Result;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate for `localhost` and its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate as a PEM file has it.
    pub pem: String,
    /// The key as a PEM file has it.
    pub key_pem: String,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// A new one, unlike all others.
    ///
    /// # Panics
    /// Never: the name is right.
    pub fn of_localhost() -> Self {
        let made = generate_simple_self_signed(["localhost".to_owned()]);
        let CertifiedKey { cert, signing_key } = made.expect("the name is right");
        let der = cert.der().clone();
        Self { pem: cert.pem(), key_pem: signing_key.serialize_pem(), der }
    }

    /// One that was made elsewhere.
    pub(crate) fn of(made: &rcgen::Certificate, key: &rcgen::KeyPair) -> Self {
        Self { pem: made.pem(), key_pem: key.serialize_pem(), der: made.der().clone() }
    }

    /// Writes `certificate.pem` and `key.pem`, each replaced whole.
    ///
    /// # Panics
    /// Where the directory does not take them.
    pub fn write(&self, dir: &Path) {
        for (name, text) in [("certificate.pem", &self.pem), ("key.pem", &self.key_pem)] {
            std::fs::write(dir.join("new.pem"), text).expect("a file");
            std::fs::rename(dir.join("new.pem"), dir.join(name)).expect("a file");
        }
    }

    /// Connects to `address` as `localhost`, trusting this certificate only; offers protocols.
    ///
    /// # Errors
    /// Where nobody listens, or another certificate is shown.
    pub async fn connect(
        &self,
        address: SocketAddr,
        protocols: &[&str],
    ) -> Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS12, &TLS13])
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}
