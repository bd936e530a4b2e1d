//! The API of a running server, asked from outside.
//!
//! In comes a request, out goes the answer's JSON or why there is none. Deliberately unknown here:
//! everything but the API's form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Place;
use super::feed::Feed;
use super::wire::Wire;
use crate::console::Failure;
use crate::terminal::plain;

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Nobody answers there.
    #[error("cannot ask the server at {admin}: {source}")]
    Unreachable {
        /// Where.
        admin: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// What came is no answer of ours.
    #[error("the server at {0} gave no answer that makes sense")]
    NoAnswer(SocketAddr),
    /// The server refuses, and says why.
    #[error("{told}")]
    Refused {
        /// The status of the answer.
        status: StatusCode,
        /// The stable code of the problem.
        code: String,
        /// The problem in words, with every mistake.
        told: String,
    },
}

/// A server that is asked.
pub struct Remote {
    place: Place,
}

impl Remote {
    /// The server at this place.
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    /// Asks the API, on a connection of its own; a body of `null` is none.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, RemoteError> {
        let answer = self.exchange(method, path, body).await?;
        let (head, body) = answer.into_parts();
        if !head.status.is_success() {
            return Err(self.refused(head.status, &body));
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| self.no_answer())
    }

    /// Gets a resource as it is.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub async fn bytes(&self, path: &str) -> Result<Bytes, RemoteError> {
        let (head, body) = self.exchange(Method::GET, path, &Value::Null).await?.into_parts();
        if head.status.is_success() { Ok(body) } else { Err(self.refused(head.status, &body)) }
    }

    /// Gets a resource.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub async fn get(&self, path: &str) -> Result<Value, RemoteError> {
        self.ask(Method::GET, path, &Value::Null).await
    }

    /// Gets a text.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub async fn text(&self, path: &str) -> Result<String, RemoteError> {
        let answer = self.exchange(Method::GET, path, &Value::Null).await?;
        let (head, body) = answer.into_parts();
        if !head.status.is_success() {
            return Err(self.refused(head.status, &body));
        }
        String::from_utf8(body.into()).map_err(|_| self.no_answer())
    }

    /// Reads what the API says.
    ///
    /// # Errors
    /// Where it is not what it should be.
    pub fn read<T: DeserializeOwned>(&self, answer: Value) -> Result<T, RemoteError> {
        serde_json::from_value(answer).map_err(|_| self.no_answer())
    }

    /// Follows a stream of the API.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub async fn follow(&self, path: &str) -> Result<Feed, RemoteError> {
        let mut wire = self.wire().await?;
        let request = self.request(Method::GET, path).body(Full::default());
        let request = request.map_err(|_| self.no_answer())?;
        let answer = wire.begin(request).await.map_err(|source| self.unreachable(source))?;
        if answer.status().is_success() {
            return Ok(Feed::new(wire, answer.into_body()));
        }
        let (head, body) = answer.into_parts();
        let body = wire.while_driven(body.collect()).await;
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Err(self.refused(head.status, &body))
    }

    async fn wire(&self) -> Result<Wire, RemoteError> {
        let wire = Wire::open(reachable(self.place.admin)).await;
        wire.map_err(|source| self.unreachable(source))
    }

    fn unreachable(&self, source: std::io::Error) -> RemoteError {
        RemoteError::Unreachable { admin: self.place.admin, source }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Response<Bytes>, RemoteError> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = self.request(method, path).body(Full::new(Bytes::from(body)));
        let request = request.map_err(|_| self.no_answer())?;
        let mut wire = self.wire().await?;
        wire.ask(request).await.map_err(|source| self.unreachable(source))
    }

    /// The head that every request has.
    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(HOST, "localhost").header(CONTENT_TYPE, "application/json");
        match &self.place.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {}", token.reveal())),
            None => request,
        }
    }

    fn no_answer(&self) -> RemoteError {
        RemoteError::NoAnswer(self.place.admin)
    }

    /// The problem in words, with every mistake.
    fn refused(&self, status: StatusCode, body: &[u8]) -> RemoteError {
        let Ok(problem) = serde_json::from_slice::<Value>(body) else { return self.no_answer() };
        let text = |value: &Value| plain(value.as_str().unwrap_or_default());
        let mut told = text(&problem["detail"]);
        for mistake in problem["mistakes"].as_array().into_iter().flatten() {
            told = format!("{told}\n  {}: {}", text(&mistake["field"]), text(&mistake["detail"]));
        }
        RemoteError::Refused { status, code: text(&problem["code"]), told }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        let hint = match &error {
            RemoteError::Unreachable { .. } => {
                "start one with `postrider serve`, or name its admin listener with --admin"
            }
            RemoteError::NoAnswer(_) => "is it Postrider's admin listener? name it with --admin",
            RemoteError::Refused { code, .. } if code == "login_needed" => {
                "set POSTRIDER_TOKEN, or name the server's --data-dir where this user may read it"
            }
            RemoteError::Refused { .. } => "",
        };
        Self::new(error.to_string(), hint)
    }
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
    use crate::config::Secret;

    #[test]
    fn refusals_are_told_with_every_mistake() {
        let problem = json!({"code": "bad_replay", "detail": "the request has 1 mistake",
            "mistakes": [{"field": "intent", "detail": "is missing\u{1b}"}]});
        let remote = Remote::new(Place {
            admin: SocketAddr::from(([127, 0, 0, 1], 1)),
            token: Some(Secret::new("pr_1")),
        });
        let refused = remote.refused(StatusCode::BAD_REQUEST, problem.to_string().as_bytes());
        let want = "the request has 1 mistake\n  intent: is missing␛";
        assert_eq!(refused.to_string(), want);
        let sent = remote.request(Method::GET, "/").body(()).expect("a request");
        assert_eq!(sent.headers()[AUTHORIZATION], "Bearer pr_1");
        let nothing = remote.refused(StatusCode::BAD_GATEWAY, b"<html>").to_string();
        assert_eq!(nothing, "the server at 127.0.0.1:1 gave no answer that makes sense");
    }
}
