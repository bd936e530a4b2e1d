//! HTTP/1.1 from clients: requests come one after the other, and each is answered before the next one
//! is looked at.
//!
//! In comes a connection, out go heads and bodies to whoever answers, and answers to the client. One
//! task reads, answers and writes: nothing waits for another task to move its bytes. Unknown here:
//! what requests mean.

mod chunks;
mod head;
mod inbox;
mod line;
pub mod written;

use std::io;

use domain::limits;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Version};
use tokio::io::AsyncWriteExt;

pub use self::head::Fault;
pub use self::line::Line;
use self::line::Next;
use self::written::Manner;
use super::body::Body;
use super::parting;
use super::visit::Attendant;
use crate::shutdown::Shutdown;

/// Serves a connection until its client, or an answer, ends it. Once the server is to end, each answer
/// says that it is the last: only then may a client not have sent another request already.
///
/// # Errors
/// Why the connection broke.
///
/// # Cancellation
/// The connection is closed; what it stored stays stored.
pub async fn serve(mut line: Line, attendant: &Attendant, shutdown: &Shutdown) -> io::Result<()> {
    let (mut head, ()) = Request::new(()).into_parts();
    let mut bytes = Vec::new();
    loop {
        match line.next(&mut head).await? {
            Next::Request => {}
            Next::Refused(fault) => {
                parting::refuse(&mut line, fault, &attendant.rudder).await;
                return Ok(());
            }
            // Nobody may be there any more to be told that it failed.
            Next::End => return line.wire().shutdown().await.or(Ok(())),
        }
        let busy = attendant.pace.busy();
        let answer = attendant.answer(&head, Body::Line(&mut line), busy).await;
        let stays = line.settles() && keeps(&head) && !shutdown.is_draining();
        written::write(&mut bytes, &answer, Manner::of(&head, stays));
        forget(&mut head);
        line.send(&bytes).await?;
        if !stays {
            // A client that is still sending would lose the answer.
            parting::linger(line.wire()).await;
            return Ok(());
        }
        bytes.clear();
        bytes.shrink_to(limits::KEPT_ANSWER_BYTES);
    }
}

/// Lets go of what a request has brought: a silent connection holds none of it.
fn forget(head: &mut Parts) {
    if head.headers.capacity() > limits::KEPT_HEADERS_ROOM {
        head.headers = HeaderMap::new();
    }
    head.headers.clear();
    head.uri = http::Uri::default();
    head.method = Method::GET;
}

/// Whether a client may send another request. Source: RFC 9112, section 9.3.
fn keeps(head: &Parts) -> bool {
    match head.version {
        Version::HTTP_10 => says(&head.headers, "keep-alive") && !says(&head.headers, "close"),
        _ => !says(&head.headers, "close"),
    }
}

/// Whether a client says a word about its connection.
fn says(headers: &HeaderMap, word: &str) -> bool {
    let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|own| own.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
