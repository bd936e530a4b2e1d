//! Names become addresses: each is asked for once, by us, within a time.

use std::net::{IpAddr, SocketAddr};

use domain::limits;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use super::failure::Failure;

/// Whom to ask, or why nobody can be asked; addresses can be called all the same.
pub struct Names(Result<TokioResolver, String>);

/// How often a name server is asked again that has not answered. Source: chosen.
const TRIES: usize = 2;

impl Names {
    /// Asks these servers; those whom the machine asks where there are none.
    pub fn new(servers: &[SocketAddr]) -> Self {
        let resolver = resolver(servers).map_err(|error| error.to_string());
        if let Err(error) = &resolver {
            tracing::warn!(error, "names cannot be resolved; endpoints must be addresses");
        }
        Self(resolver)
    }

    /// The addresses of a name, at least one.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancellation
    /// The question is forgotten.
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        let resolver = self.0.as_ref().map_err(|error| Failure::dns(host, error))?;
        let lookup = resolver.lookup_ip(host);
        let found = match tokio::time::timeout(limits::RESOLVE_TIME_MAX, lookup).await {
            Ok(Ok(found)) => found,
            Ok(Err(NetError::Timeout)) | Err(_) => return Err(Failure::dns_timeout(host)),
            Ok(Err(error)) => return Err(Failure::dns(host, &words(&error))),
        };
        let addresses: Vec<_> = found.iter().take(limits::ADDRESSES_MAX).collect();
        if addresses.is_empty() {
            return Err(Failure::dns(host, NO_ADDRESS));
        }
        Ok(addresses)
    }
}

const NO_ADDRESS: &str = "the name has no address";

/// What went wrong, for people.
fn words(error: &NetError) -> String {
    if error.is_nx_domain() {
        "the name is not known (NXDOMAIN)".to_owned()
    } else if error.is_no_records_found() {
        NO_ADDRESS.to_owned()
    } else {
        error.to_string()
    }
}

fn resolver(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = servers.iter().map(|server| name_server(*server)).collect();
        let config = ResolverConfig::from_name_servers(servers);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    options.timeout = limits::NAME_SERVER_TIME_MAX;
    options.attempts = TRIES;
    builder.build()
}

/// A name server that is asked over UDP, and over TCP where an answer is too long.
fn name_server(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.to_vec())
}
