//! What all senders of a thread share: the resolver, TLS, and which addresses may be called.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use domain::address::Egress;
use domain::destination::webhook::TlsSettings;
use domain::limits;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};

use super::failure::Failure;
use super::names::Names;
use super::pool::Pool;
use super::room::{Place, Room};
use super::tls;

/// How requests leave.
#[derive(Clone)]
pub struct OutletSettings {
    /// Which addresses may be called.
    pub egress: Arc<Egress>,
    /// Who is asked for addresses; those whom the machine asks where there are none.
    pub name_servers: Vec<SocketAddr>,
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
    names: Names,
    /// Whom the machine trusts.
    roots: Arc<RootCertStore>,
    tls: Arc<ClientConfig>,
    connections: Rc<Room>,
    /// All that may hold a connection that nobody uses.
    pools: RefCell<Vec<Weak<Pool>>>,
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
    /// Reads whom the machine asks for names, and whose certificates it trusts.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(settings: OutletSettings) -> Result<Self, String> {
        let roots = tls::machine_roots();
        Ok(Self {
            names: Names::new(&settings.name_servers),
            settings,
            tls: tls::of_machine(&roots)?,
            roots,
            connections: Room::of(limits::THREAD_CONNECTIONS_MAX),
            pools: RefCell::default(),
        })
    }

    /// How requests leave.
    pub fn settings(&self) -> &OutletSettings {
        &self.settings
    }

    pub(super) fn tls(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// How TLS is spoken where a destination has settings of its own.
    ///
    /// # Errors
    /// Why the settings cannot be used.
    pub(super) fn own_tls(&self, own: &TlsSettings) -> Result<Arc<ClientConfig>, String> {
        tls::of_destination(own, &self.roots)
    }

    /// Remembers a pool as long as it lives.
    pub(super) fn remember(&self, pool: &Rc<Pool>) {
        let mut pools = self.pools.borrow_mut();
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(Rc::downgrade(pool));
    }

    /// A place for one more connection. Where there is none, connections that nobody uses go.
    ///
    /// # Cancellation
    /// Nothing is taken.
    pub(super) async fn room(&self) -> Place {
        if let Some(place) = self.connections.try_enter() {
            return place;
        }
        let pools = self.pools.borrow().clone();
        for pool in pools.iter().filter_map(Weak::upgrade) {
            pool.close_idle();
        }
        self.connections.enter().await
    }

    /// Whether somebody waits for a place.
    pub(super) fn is_crowded(&self) -> bool {
        self.connections.is_crowded()
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
    ///
    /// # Errors
    /// Where one of them may not.
    pub(super) fn checked(
        &self,
        origin: &Origin,
        found: Vec<IpAddr>,
    ) -> Result<Vec<SocketAddr>, Failure> {
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

    /// The addresses of a name, at least one.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        self.names.resolve(host).await
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

    /// The host as in the `Host` header, without the port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The address, where the URL has one instead of a name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Whether it is called within TLS.
    pub(super) fn is_https(&self) -> bool {
        self.tls_name.is_some()
    }

    /// The name to verify; none for plain HTTP.
    pub(super) fn tls_name(&self) -> Option<ServerName<'static>> {
        self.tls_name.clone()
    }
}
