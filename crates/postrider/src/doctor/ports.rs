//! The ports: free, or held by a server of ours.

use std::io;
use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use super::{Finding, shown};
use crate::client::RemoteError;
use crate::config::Config;
use crate::listeners::advice_of;

/// Looks at both ports; a status says that a server of ours runs.
pub fn look(config: &Config, status: &Result<Value, RemoteError>) -> Vec<Finding> {
    let is_ours = match status {
        Ok(_) | Err(RemoteError::Refused { .. }) => true,
        Err(RemoteError::Unreachable { .. } | RemoteError::NoAnswer(_)) => false,
    };
    let looked = |setting, address| judge(setting, address, TcpListener::bind(address), is_ours);
    vec![looked("gateway", config.gateway), looked("admin", config.admin)]
}

fn judge(
    setting: &'static str,
    address: SocketAddr,
    bound: io::Result<TcpListener>,
    is_ours: bool,
) -> Finding {
    let place = shown(setting, address);
    match bound {
        Ok(_) => Finding::good("ports", format!("{place} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_ours => {
            Finding::good("ports", format!("{place} is held, and a server answers"))
        }
        Err(error) => Finding::bad("ports", format!("{place}: {error}"), advice_of(&error)),
    }
}
