//! The supervisor, where one has started the process: sockets come from it, and it is told how far
//! we are.
//!
//! A socket that systemd opens stays open while the server restarts: clients that connect meanwhile
//! wait instead of being refused. In come the variables of systemd's protocols; without them, as on
//! a terminal, nothing is taken and nothing is told. Source: sd_listen_fds(3), sd_notify(3).

use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use sd_notify::NotifyState;

/// Sockets that were opened before the process was started.
#[derive(Debug, Default)]
pub struct Inherited {
    /// The gateway's.
    pub gateway: Option<TcpListener>,
    /// The admin's.
    pub admin: Option<TcpListener>,
}

/// Why such sockets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InheritError {
    /// One is not what it should be.
    #[error("socket {number} of LISTEN_FDS is no listening TCP socket")]
    NoListener {
        /// Which one, from 1 on.
        number: usize,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is one for nobody, or two for one.
    #[error(
        "socket {number} of LISTEN_FDS has no use; hand over one for the gateway, then one for the \
         admin listener, or name them gateway and admin with FileDescriptorName="
    )]
    NoUse {
        /// Which one, from 1 on.
        number: usize,
    },
}

/// Who a socket is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Room {
    Gateway,
    Admin,
}

impl Inherited {
    /// What this process was given; to be called before it has threads, and once.
    ///
    /// # Errors
    /// Where something was given that cannot be used.
    pub fn of_process() -> Result<Self, InheritError> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut sockets = ListenFd::from_env();
        let mut inherited = Self::default();
        for index in 0..sockets.len() {
            let number = index + 1;
            let taken = sockets.take_tcp_listener(index);
            let socket = taken.map_err(|source| InheritError::NoListener { number, source })?;
            let place = match room(&names, index) {
                Some(Room::Gateway) => &mut inherited.gateway,
                Some(Room::Admin) => &mut inherited.admin,
                None => return Err(InheritError::NoUse { number }),
            };
            if place.is_some() {
                return Err(InheritError::NoUse { number });
            }
            *place = socket;
        }
        Ok(inherited)
    }
}

/// Who a socket is for: by its name, else by its place.
fn room(names: &str, index: usize) -> Option<Room> {
    let name = names.split(':').nth(index);
    let named = name.and_then(|name| match name {
        "gateway" => Some(Room::Gateway),
        "admin" => Some(Room::Admin),
        _ => None,
    });
    named.or_else(|| [Room::Gateway, Room::Admin].get(index).copied())
}

/// Tells that requests are served from now on.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// Tells that the process is about to end.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    // A supervisor that does not listen loses only the news.
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the supervisor does not listen");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_by_their_names_or_their_places() {
        let check = |names: &str, want: [Option<Room>; 3]| {
            assert_eq!([0, 1, 2].map(|index| room(names, index)), want, "{names:?}");
        };
        let (gateway, admin) = (Some(Room::Gateway), Some(Room::Admin));
        check("", [gateway, admin, None]);
        check("postrider.socket:postrider.socket", [gateway, admin, None]);
        check("admin:gateway", [admin, gateway, None]);
        check("unknown:unknown:admin", [gateway, admin, admin]);
    }
}
