//! Names become addresses: each is asked for once, by us, within a time.
//!
//! Whom the machine asks may change while we run: a laptop moves, a container starts before its
//! network, somebody mends the file. So what says that is looked at again before each question.

use std::cell::RefCell;
use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use domain::limits;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;

use super::failure::Failure;

/// Whom to ask, or why nobody can be asked; addresses can be called all the same.
pub struct Names {
    /// What says whom the machine asks, and which names it knows; none where we are told.
    files: Option<[PathBuf; 2]>,
    known: RefCell<Known>,
}

/// What was read, and which files said so.
struct Known {
    resolver: Result<TokioResolver, String>,
    read: [Option<Stamp>; 2],
    /// Why they could not be read, where that was so.
    told: Option<String>,
}

/// A file as it was: its number, its length, and when it was changed, in seconds and nanoseconds.
type Stamp = (u64, u64, i64, i64);

/// Where the machine says whom it asks, and which names it knows by itself.
const FILES: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

/// How often a name server is asked again that has not answered. Source: chosen.
const TRIES: usize = 2;

impl Names {
    /// Asks these servers; those whom the machine asks where there are none.
    pub fn new(servers: &[SocketAddr]) -> Self {
        if servers.is_empty() {
            return Self::of_machine(FILES.map(PathBuf::from));
        }
        let servers = servers.iter().map(|server| name_server(*server)).collect();
        let config = ResolverConfig::from_name_servers(servers);
        let mut known = Known::nobody();
        known.turn(resolver(config, ResolverOpts::default()));
        Self { files: None, known: RefCell::new(known) }
    }

    fn of_machine(files: [PathBuf; 2]) -> Self {
        let mut known = Known::nobody();
        known.look_at(&files);
        Self { files: Some(files), known: RefCell::new(known) }
    }

    /// Whom to ask now.
    fn resolver(&self) -> Result<TokioResolver, String> {
        let mut known = self.known.borrow_mut();
        if let Some(files) = &self.files {
            known.look_at(files);
        }
        known.resolver.clone()
    }

    /// The addresses of a name, at least one.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancellation
    /// The question is forgotten.
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        let resolver = self.resolver().map_err(|error| Failure::dns(host, &error))?;
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

impl Known {
    /// Nothing is read yet; no file has such stamps.
    fn nobody() -> Self {
        let resolver = Err("name servers are not read yet".to_owned());
        Self { resolver, read: [Some((0, 0, 0, 0)); 2], told: None }
    }

    /// Reads the files again where they have changed.
    fn look_at(&mut self, files: &[PathBuf; 2]) {
        let read = stamps(files);
        if read == self.read {
            return;
        }
        let text = std::fs::read(&files[0]);
        // A file that is there and cannot be read now is looked at again. The library reads the other one.
        let is_read = |number: usize, was_read: bool| was_read || read[number].is_none();
        if is_read(0, text.is_ok()) && is_read(1, File::open(&files[1]).is_ok()) {
            self.read = read;
        }
        self.turn(text.map_err(NetError::from).and_then(|text| {
            let (config, options) = parse_resolv_conf(text)?;
            resolver(config, options)
        }));
    }

    /// Takes what was read.
    fn turn(&mut self, resolver: Result<TokioResolver, NetError>) {
        let resolver = resolver.map_err(|error| error.to_string());
        self.tell(resolver.as_ref().err());
        // A file that somebody is writing just now says nothing: then who was asked before is asked on.
        if resolver.is_ok() || self.resolver.is_err() {
            self.resolver = resolver;
        }
    }

    /// Says why the servers cannot be read, once for each reason.
    fn tell(&mut self, error: Option<&String>) {
        if let Some(error) = error.filter(|error| self.told.as_ref() != Some(error)) {
            let who = if self.resolver.is_ok() { "those from before are" } else { "nobody is" };
            tracing::warn!(error, "name servers cannot be read; {who} asked until they can");
        }
        self.told = error.cloned();
    }
}

fn stamps(files: &[PathBuf; 2]) -> [Option<Stamp>; 2] {
    let stamp = |file: &PathBuf| {
        let data = file.metadata().ok()?;
        Some((data.ino(), data.len(), data.mtime(), data.mtime_nsec()))
    };
    [stamp(&files[0]), stamp(&files[1])]
}

fn resolver(config: ResolverConfig, options: ResolverOpts) -> Result<TokioResolver, NetError> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = TokioResolver::builder_with_config(config, provider).with_options(options);
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

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn whom_the_machine_asks_is_read_again_when_it_changes() {
        let dir = TempDir::new().unwrap();
        let files = ["resolv.conf", "hosts"].map(|name| dir.path().join(name));
        let names = Names::of_machine(files.clone());
        // The options stand for the file: whom it names is not told.
        let dots = || names.resolver().map(|resolver| resolver.options().ndots);
        assert!(dots().unwrap_err().contains("No such file"));
        let write = |lines: &str| std::fs::write(&files[0], lines).unwrap();
        write("nameserver 127.0.0.1\noptions ndots:3\n");
        assert_eq!(dots(), Ok(3));
        write("");
        assert_eq!(dots(), Ok(3), "who writes it is not finished");
        write("nameserver 127.0.0.1\noptions ndots:10\n");
        assert_eq!(dots(), Ok(10));
        let before = names.known.borrow().read;
        std::fs::write(&files[1], "127.0.0.1 a.test\n").unwrap();
        assert_eq!(dots(), Ok(10));
        assert_ne!(names.known.borrow().read, before, "names of its own are read again too");
    }
}
