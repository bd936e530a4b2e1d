//! The listening sockets: bound before anything else starts, so that a taken port costs nothing,
//! or taken over from whoever has started the process.

use std::io;
use std::net::{SocketAddr, TcpListener};

use domain::limits;
use socket2::{Domain, Protocol, Socket, Type};

use crate::supervisor::Inherited;

/// The listening sockets of a server.
#[derive(Debug)]
pub struct Listeners {
    gateway: TcpListener,
    admin: TcpListener,
    addresses: (SocketAddr, SocketAddr),
}

/// Why a socket could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({setting})")]
pub struct BindError {
    setting: &'static str,
    address: SocketAddr,
    #[source]
    source: io::Error,
}

impl BindError {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        advice_of(&self.source)
    }
}

/// What to do about an address that cannot be bound.
pub(crate) fn advice_of(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another process has the port: stop it, or choose another",
        io::ErrorKind::PermissionDenied => "ports below 1024 need a right: choose a higher one",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address: choose another",
        _ => "choose another address",
    }
}

impl Listeners {
    /// Binds the gateway's and the admin's address.
    ///
    /// # Errors
    /// A [`BindError`] that names the setting.
    pub fn bind(gateway: SocketAddr, admin: SocketAddr) -> Result<Self, BindError> {
        Self::open(gateway, admin, Inherited::default())
    }

    /// Takes the sockets that were handed over, and binds the others.
    ///
    /// # Errors
    /// A [`BindError`] that names the setting.
    pub fn open(
        gateway: SocketAddr,
        admin: SocketAddr,
        inherited: Inherited,
    ) -> Result<Self, BindError> {
        let gateway = obtain("gateway", gateway, inherited.gateway)?;
        let admin = obtain("admin", admin, inherited.admin)?;
        Ok(Self { addresses: (gateway.1, admin.1), gateway: gateway.0, admin: admin.0 })
    }

    /// Where the gateway and the admin really listen, also where port 0 was asked for.
    pub fn addresses(&self) -> (SocketAddr, SocketAddr) {
        self.addresses
    }

    /// The gateway's socket for one more thread.
    pub(crate) fn gateway(&self) -> io::Result<TcpListener> {
        self.gateway.try_clone()
    }

    /// The admin's socket, for the runtime that is running.
    pub(crate) fn admin(self) -> io::Result<tokio::net::TcpListener> {
        tokio::net::TcpListener::from_std(self.admin)
    }
}

/// Asks the system for as many open files as it gives, and says how many connections each of the
/// gateway's threads may have: what storage, the dashboard and endpoints need stays free.
pub(crate) fn connections_per_thread(threads: usize) -> usize {
    // An error leaves the limit as it was, which is then what there is.
    let raised = rlimit::increase_nofile_limit(limits::OPEN_FILES_WANTED);
    let files = raised.or_else(|_| rlimit::Resource::NOFILE.get().map(|(soft, _)| soft));
    let files = files.unwrap_or(limits::OPEN_FILES_RESERVED * 2);
    share(files, threads)
}

/// A thread that may have no connection would serve nobody who comes to it.
fn share(files: u64, threads: usize) -> usize {
    let free = files.saturating_sub(limits::OPEN_FILES_RESERVED).max(files / 4);
    let free = usize::try_from(free).unwrap_or(usize::MAX);
    (free / threads.max(1)).max(1)
}

fn obtain(
    setting: &'static str,
    address: SocketAddr,
    inherited: Option<TcpListener>,
) -> Result<(TcpListener, SocketAddr), BindError> {
    let obtained = inherited.map_or_else(|| bind(address), take_over);
    obtained.map_err(|source| BindError { setting, address, source })
}

fn take_over(listener: TcpListener) -> io::Result<(TcpListener, SocketAddr)> {
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    tracing::info!(%bound, "a socket was handed over");
    Ok((listener, bound))
}

fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for connections of the last run to time out.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(limits::LISTEN_BACKLOG)?;
    let listener = TcpListener::from(socket);
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_what_is_not_kept_for_others() {
        assert_eq!(share(65_536, 2), 32_512);
        assert_eq!(share(640, 1), 160, "a quarter where little is left");
        assert_eq!(share(256, 1_024), 1, "each thread serves somebody");
    }

    #[test]
    fn what_cannot_be_bound_is_told_with_its_cause_once() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = Listeners::bind(address, address).unwrap_err();
        let text = crate::terminal::chain(&error);
        assert!(text.starts_with(&format!("cannot listen on {address} (gateway): ")), "{text}");
        assert_eq!(text.matches("in use").count(), 1, "{text}");
        assert!(error.advice().starts_with("another process has the port"));
    }
}
