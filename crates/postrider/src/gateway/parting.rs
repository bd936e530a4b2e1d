//! Partings: the answer with which a connection ends, and the wait until its client has read it.
//!
//! In comes a connection on which no further request can be read; out goes an answer that is like
//! every other: counted, and readable by pages. Unknown here: why it is refused.

use domain::limits;
use domain::reason::Reason;
use http::{HeaderValue, Method};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{self, Answer};
use super::cors;
use super::http1::{Fault, Line, written};
use super::route::{Route, route};
use super::rudder::Rudder;

/// What a refused request asked for, as far as that is known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Asked<'h> {
    /// The method.
    pub method: Method,
    /// The path; empty where there is none.
    pub path: &'h str,
    /// The page that asks.
    pub origin: Option<HeaderValue>,
}

/// The answer to a request whose head is refused.
pub fn refusal(rudder: &Rudder, reason: Reason, asked: Asked<'_>) -> Answer {
    tracing::debug!(reason = reason.code(), path = asked.path, "a head is refused");
    rudder.count_refusal(reason);
    let mut answer = match route(&asked.method, asked.path) {
        Route::Pixel(_) => answer::pixel(),
        _ => answer::refusal(reason),
    };
    cors::expose(&mut answer, asked.origin);
    answer
}

/// Answers a request whose head is refused, after the answers to those before it.
pub async fn refuse(line: &mut Line, fault: Fault, rudder: &Rudder) {
    let answer = refusal(rudder, fault.reason(), asked(line.refused()));
    if line.send(&written::last(&answer)).await.is_ok() {
        linger(line.wire()).await;
    }
}

/// Answers plain HTTP where TLS is spoken.
pub async fn refuse_plain(stream: &mut TcpStream, rudder: &Rudder) -> std::io::Result<()> {
    rudder.count_refusal(Reason::NeedsTls);
    stream.write_all(&written::last(&answer::needs_tls())).await?;
    linger(stream).await;
    Ok(())
}

/// What is asked for in a head, as far as it has come.
fn asked(head: &[u8]) -> Asked<'_> {
    let mut lines = head.trim_ascii_start().split(|byte| *byte == b'\n');
    let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
    let method = words.next().and_then(|word| Method::from_bytes(word).ok());
    let target = words.next().unwrap_or_default();
    let path = target.split(|byte| b"?#".contains(byte)).next().unwrap_or_default();
    let origin = lines.find_map(|line| {
        let (name, value) = line.split_at_checked("origin:".len())?;
        name.eq_ignore_ascii_case(b"origin:").then(|| value.trim_ascii())
    });
    Asked {
        method: method.unwrap_or_default(),
        path: std::str::from_utf8(path).unwrap_or_default(),
        origin: origin
            .and_then(|value| HeaderValue::from_bytes(value).ok())
            .filter(|value| !value.is_empty()),
    }
}

/// Ends our side and waits a moment for the other's: a connection that is closed while bytes still
/// come is reset, and its client never reads the answer.
pub async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let rest = async {
        let mut bytes = [0; limits::HELD_READ_BYTES];
        let mut left = limits::LINGER_BYTES_MAX;
        while let Ok(count @ 1..) = stream.read(&mut bytes).await {
            left = left.saturating_sub(count);
            if left == 0 {
                break;
            }
        }
    };
    // Whatever comes later is not waited for.
    let _ = tokio::time::timeout(limits::LINGER_TIME_MAX, rest).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_found_in_what_has_come_of_a_head() {
        let check = |head: &str, method: &str, path: &str, origin: Option<&str>| {
            let asked = asked(head.as_bytes());
            assert_eq!((asked.method.as_str(), asked.path), (method, path), "{head:?}");
            let got = asked.origin.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(got, origin, "{head:?}");
        };
        let page = "https://a.example";
        check("POST /a HTTP/1.1\r\nOrigin: https://a.example\r\nhost: x", "POST", "/a", Some(page));
        check("GET /a?b#c HTTP/1.1\r\norigin:null\r\n", "GET", "/a", Some("null"));
        check("\r\nGET /a#b HTTP/1.1\r\norigin:\r\n", "GET", "/a", None);
        check("GET /origin: HTTP/1.1\r\nx-origin: a\r\n", "GET", "/origin:", None);
        check("G(T", "GET", "", None);
        check("", "GET", "", None);
    }
}
