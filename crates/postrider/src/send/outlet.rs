//! What all senders of a thread share: the resolver, TLS, and which addresses may be called.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::address::Egress;
use hickory_resolver::TokioResolver;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::failure::Failure;
use super::tls;

/// How requests leave.
#[derive(Clone)]
pub struct OutletSettings {
    /// Which addresses may be called.
    pub egress: Arc<Egress>,
    /// The whole time of an attempt: resolve, connect, TLS, answer.
    pub timeout: Duration,
    /// Where the built-in receiver listens.
    pub playground: SocketAddr,
    /// Addresses of our own listeners, which are never called, except the playground.
    pub own: Vec<SocketAddr>,
}

/// What all senders of a thread share.
pub struct Outlet {
    settings: OutletSettings,
    /// The machine's resolver, or why there is none; addresses can be called without it.
    resolver: Result<TokioResolver, String>,
    tls: Arc<ClientConfig>,
}

/// Where the requests of a destination go: scheme, host and port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// As in the `Host` header, without the port.
    host: String,
    port: u16,
    is_default_port: bool,
    address: Option<IpAddr>,
    /// The name to verify; none for plain HTTP.
    tls_name: Option<ServerName<'static>>,
    is_playground: bool,
}

impl Outlet {
    /// Reads the machine's resolver settings and trusted certificates.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(settings: OutletSettings) -> anyhow::Result<Self> {
        let resolver =
            TokioResolver::builder_tokio().and_then(hickory_resolver::ResolverBuilder::build);
        let resolver = resolver.map_err(|error| error.to_string());
        if let Err(error) = &resolver {
            tracing::warn!(error, "names cannot be resolved; endpoints must be addresses");
        }
        Ok(Self { settings, resolver, tls: tls::client_config()? })
    }

    /// How requests leave.
    pub fn settings(&self) -> &OutletSettings {
        &self.settings
    }

    pub(super) fn tls(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// The built-in receiver.
    pub fn playground(&self) -> Origin {
        let listener = self.settings.playground;
        let address = match listener.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            ip => ip,
        };
        Origin {
            host: "localhost".to_owned(),
            port: listener.port(),
            is_default_port: false,
            address: Some(address),
            tls_name: None,
            is_playground: true,
        }
    }

    /// The addresses to connect to, each of which may be called.
    pub(super) async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, Failure> {
        let found = match origin.address {
            Some(address) => vec![address],
            None => self.resolve(&origin.host).await?,
        };
        if !origin.is_playground {
            self.settings.egress.check_all(&found).map_err(Failure::blocked)?;
        }
        let addresses: Vec<_> =
            found.into_iter().map(|ip| SocketAddr::new(ip, origin.port)).collect();
        let ours = |called: &SocketAddr| self.settings.own.iter().any(|own| reaches(*called, *own));
        match addresses.iter().find(|address| !origin.is_playground && ours(address)) {
            Some(own) => Err(Failure::own_listener(*own)),
            None => Ok(addresses),
        }
    }

    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        let resolver = self.resolver.as_ref().map_err(|error| Failure::dns(host, error))?;
        let lookup = resolver.lookup_ip(host);
        let timeout = domain::limits::RESOLVE_TIME_MAX;
        let found = match tokio::time::timeout(timeout, lookup).await {
            Ok(answer) => answer.map_err(|error| Failure::dns(host, &error.to_string()))?,
            Err(_) => return Err(Failure::dns(host, "the name servers did not answer in time")),
        };
        let addresses: Vec<_> = found.iter().take(domain::limits::ADDRESSES_MAX).collect();
        if addresses.is_empty() {
            return Err(Failure::dns(host, "the name has no address"));
        }
        Ok(addresses)
    }
}

/// Whether calling an address reaches a listener of ours, which may listen on every address.
fn reaches(called: SocketAddr, own: SocketAddr) -> bool {
    let (address, listener) = (called.ip().to_canonical(), own.ip().to_canonical());
    called.port() == own.port()
        && (address == listener || (listener.is_unspecified() && is_of_this_machine(address)))
}

/// Only the machine's own addresses can be bound to.
fn is_of_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || std::net::UdpSocket::bind((address, 0)).is_ok()
}

impl Origin {
    /// The origin of a URL.
    ///
    /// # Errors
    /// Why requests cannot go there.
    pub fn of(url: &url::Url) -> Result<Self, String> {
        let host = url.host().ok_or("the URL names no host")?;
        let address = match host {
            url::Host::Domain(_) => None,
            url::Host::Ipv4(address) => Some(IpAddr::V4(address)),
            url::Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        let tls_name = (url.scheme() == "https").then(|| match address {
            Some(address) => Ok(ServerName::IpAddress(address.into())),
            None => ServerName::try_from(url.host_str().unwrap_or_default().to_owned()),
        });
        Ok(Self {
            host: host.to_string(),
            port: url.port_or_known_default().ok_or("the URL names no port")?,
            is_default_port: url.port().is_none(),
            address,
            tls_name: tls_name.transpose().map_err(|error| format!("host name: {error}"))?,
            is_playground: false,
        })
    }

    /// The value of the `Host` header.
    pub fn host_header(&self) -> String {
        if self.is_default_port {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    pub(super) fn tls_name(&self) -> Option<ServerName<'static>> {
        self.tls_name.clone()
    }
}
