//! Asks the API of a running server, for the command line.
//!
//! In comes a request, out goes the answer's JSON or why there is none. Deliberately unknown here:
//! everything but the API's form.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longest wait for an answer. Source: as long as the server gives a request.
const ANSWER_TIME_MAX: Duration = domain::limits::ADMIN_REQUEST_TIME_MAX;

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Nobody answers there.
    #[error("cannot ask the server at {admin}")]
    Unreachable {
        /// Where.
        admin: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What came is no answer of ours.
    #[error("the server at {0} gave no answer that makes sense; is it Postrider's admin listener?")]
    NoAnswer(SocketAddr),
    /// The server refuses, and says why.
    #[error("{0}")]
    Refused(String),
}

/// Asks the API, on a connection of its own.
///
/// # Errors
/// See [`RemoteError`].
pub fn ask(
    admin: SocketAddr,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Value, RemoteError> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = exchange(reachable(admin), method, path, &body)
        .map_err(|source| RemoteError::Unreachable { admin, source })?;
    let text = String::from_utf8(answer).map_err(|_| RemoteError::NoAnswer(admin))?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(RemoteError::NoAnswer(admin))?;
    let answer: Value = serde_json::from_str(body).map_err(|_| RemoteError::NoAnswer(admin))?;
    if head.starts_with("HTTP/1.1 2") { Ok(answer) } else { Err(refused(&answer)) }
}

fn exchange(admin: SocketAddr, method: &str, path: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&admin, ANSWER_TIME_MAX)?;
    stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// The problem in words, with every mistake.
fn refused(problem: &Value) -> RemoteError {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut told = text(&problem["detail"]);
    for mistake in problem["mistakes"].as_array().into_iter().flatten() {
        told = format!("{told}\n  {}: {}", text(&mistake["field"]), text(&mistake["detail"]));
    }
    RemoteError::Refused(told)
}

/// Where a listener can be reached that listens on every address.
fn reachable(mut admin: SocketAddr) -> SocketAddr {
    match admin.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => admin.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => admin.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    admin
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_are_told_with_every_mistake() {
        let problem = json!({"detail": "the request has 1 mistake",
            "mistakes": [{"field": "intent", "detail": "is missing"}]});
        let want = "the request has 1 mistake\n  intent: is missing";
        assert_eq!(refused(&problem).to_string(), want);
    }
}
