//! Who the gateway is in TLS: its certificate and key, read again when their files change.
//!
//! New connections use the newest identity that was whole; where new files are broken, or do not
//! belong together, the old identity stays in use and the log says why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::certificate::{self, PemError};
use crate::reload::{Followed, Reload};
use crate::shutdown::Shutdown;
use crate::terminal::chain;

/// The name of HTTP/2 in TLS. Source: RFC 9113, section 3.2.
pub(super) const HTTP2_NAME: &[u8] = b"h2";

/// What is offered in TLS, the better one first. Source: RFC 7301.
const PROTOCOLS: [&[u8]; 2] = [HTTP2_NAME, b"http/1.1"];

/// Who the gateway is in TLS.
pub struct Identity {
    current: ArcSwap<ServerConfig>,
}

/// Keeps an identity as its files say.
pub struct Renewal {
    certificate: PathBuf,
    key: PathBuf,
    followed: Followed,
    identity: Arc<Identity>,
}

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} {fault}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: PemError,
    },
    /// The certificate and the key cannot be used together.
    #[error("cannot use {} with {}", certificate.display(), key.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

impl Identity {
    /// What a new connection uses.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }
}

impl Renewal {
    /// Reads both files.
    ///
    /// # Errors
    /// Where one of them is no such file, or they do not belong together.
    pub fn load(
        certificate: PathBuf,
        key: PathBuf,
        reload: &Reload,
    ) -> Result<Self, IdentityError> {
        let mut followed = Followed::new(vec![certificate.clone(), key.clone()], reload);
        followed.note();
        let current = ArcSwap::new(read(&certificate, &key)?);
        Ok(Self { certificate, key, followed, identity: Arc::new(Identity { current }) })
    }

    /// The identity, which is always the newest.
    pub fn identity(&self) -> Arc<Identity> {
        self.identity.clone()
    }

    /// Reads the files again whenever they have changed since they were read, or somebody wishes,
    /// until the server ends.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        while self.followed.due(&mut shutdown).await {
            self.followed.note();
            self.read_again();
        }
    }

    fn read_again(&self) {
        match read(&self.certificate, &self.key) {
            Ok(new) => {
                self.identity.current.store(new);
                tracing::info!(file = %self.certificate.display(), "certificate in use");
            }
            Err(error) => tracing::error!(
                error = chain(&error),
                "the new certificate is not used; the old one stays in use"
            ),
        }
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, IdentityError> {
    let chain = part(certificate, certificate::chain)?;
    let private = part(key, certificate::key)?;
    let config = certificate::pair(chain, private).and_then(server_config);
    let config = config.map_err(|source| IdentityError::Unusable {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        source,
    })?;
    Ok(Arc::new(config))
}

/// What a file holds.
fn part<T>(path: &Path, of: fn(&[u8]) -> Result<T, PemError>) -> Result<T, IdentityError> {
    let bytes = std::fs::read(path)
        .map_err(|source| IdentityError::Unreadable { path: path.to_owned(), source })?;
    of(&bytes).map_err(|fault| IdentityError::Broken { path: path.to_owned(), fault })
}

fn server_config(pair: CertifiedKey) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(certificate::provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    // A client that comes again, as browsers do all the time, needs no whole handshake.
    config.ticketer = rustls::crypto::ring::Ticketer::new()?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use testkit::{Certificate, eventually};

    use super::*;

    /// What comes of something that happens between the start's reading and the following.
    async fn meanwhile(happens: impl FnOnce(&Path, &Reload)) {
        let dir = tempfile::tempdir().unwrap();
        Certificate::of_localhost().write(dir.path());
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| dir.path().join(name));
        let reload = Reload::default();
        let renewal = Renewal::load(certificate, key, &reload).unwrap();
        let identity = renewal.identity();
        let old = identity.current();
        happens(dir.path(), &reload);
        let (trigger, shutdown) = crate::shutdown::shutdown();
        let renewed = async {
            let is_new = |current: &Arc<ServerConfig>| !Arc::ptr_eq(current, &old);
            eventually("a new identity", async || identity.current(), is_new).await;
            trigger.drain();
        };
        tokio::join!(renewal.run(shutdown), renewed);
    }

    #[tokio::test]
    async fn a_certificate_that_changes_during_the_start_is_used() {
        meanwhile(|dir, _| Certificate::of_localhost().write(dir)).await;
    }

    #[tokio::test]
    async fn a_wish_during_the_start_is_heard() {
        meanwhile(|_, reload| reload.ask()).await;
    }
}
