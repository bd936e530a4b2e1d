//! Authorities made on the spot, and certificates of every kind: good, expired, not valid yet.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::tls::Certificate;

/// An authority that nobody trusts by itself.
pub struct Authority {
    /// Its own certificate as a PEM file has it.
    pub pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// The first days of two years, between which a certificate is valid.
pub type Years = [i32; 2];

/// Any time at which a test may run.
pub const ALWAYS: Years = [2000, 4000];

impl Authority {
    /// A new one with this name.
    ///
    /// # Panics
    /// Never: the parameters are right.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = params(&[], ALWAYS, name, IsCa::Ca(BasicConstraints::Unconstrained));
        let own = params.self_signed(&key).expect("a certificate");
        Self { pem: own.pem(), der: own.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for these names, between these years.
    ///
    /// # Panics
    /// Where a name is none.
    pub fn issue(&self, names: &[&str], years: Years) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let params = params(names, years, "an endpoint", IsCa::NoCa);
        let made = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certificate::of(&made, &key)
    }
}

impl Certificate {
    /// A certificate that is its own authority, as `openssl req -x509` makes them.
    ///
    /// # Panics
    /// Where a name is none.
    pub fn of_itself(names: &[&str]) -> Self {
        let key = KeyPair::generate().expect("a key");
        let ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let made = params(names, ALWAYS, "itself", ca).self_signed(&key).expect("a certificate");
        Self::of(&made, &key)
    }

    /// How a server with this certificate speaks TLS; with an authority it asks its clients for a
    /// certificate of it.
    ///
    /// # Panics
    /// Never: what was made here can be used.
    pub fn server(&self, clients: Option<&Authority>, protocols: &[&str]) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("versions");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der.clone()).expect("a certificate");
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                builder.with_client_cert_verifier(verifier.expect("an authority"))
            }
        };
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).expect("a key");
        let chain = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("a certificate");
        let mut config = builder.with_single_cert(vec![chain], key).expect("they go together");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

fn params(names: &[&str], [from, until]: Years, subject: &str, is_ca: IsCa) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("the names are right");
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.is_ca = is_ca;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params
}
