//! The line of an HTTP/1.1 connection: its bytes, as they come and go.
//!
//! In come a client's bytes and answers; out go requests, one after the other, and answers. Nothing is
//! read ahead while a request is answered, and a connection that is silent holds no memory for what
//! it may send.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use http::header::EXPECT;
use http::request::Parts;
use http::{HeaderMap, Version};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::coop::unconstrained;

use super::head::Fault;
use super::inbox::{Damaged, Inbox, Piece};
use crate::gateway::pace::Pace;
use crate::gateway::wire::Wire;

/// How an HTTP/2 connection begins; no request of HTTP/1 does. Source: RFC 9113, section 3.4.
const HTTP2_BEGINNING: &[u8] = b"PRI * HTTP/2.0";
/// What a client that asks before it sends a body waits for. Source: RFC 9110, section 10.1.1.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection on which requests come one after the other.
pub struct Line {
    wire: Wire,
    inbox: Inbox,
    pace: Rc<Pace>,
    /// What is owed to a client before it sends the body at hand.
    owed: &'static [u8],
    /// Whether some of that was written and may not be on its way.
    is_unflushed: bool,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// A request.
    Request,
    /// One that is refused, and nothing after it.
    Refused(Fault),
    /// Nothing.
    End,
}

/// Why a body breaks off.
#[derive(Debug, thiserror::Error)]
pub enum Cut {
    /// The connection broke.
    #[error(transparent)]
    Broken(#[from] io::Error),
    /// The connection ended.
    #[error("the connection ended before the body did")]
    Ended,
    /// It is not what it says it is.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

impl Line {
    /// The line of a new connection.
    pub fn new(wire: Wire, pace: Rc<Pace>) -> Self {
        Self { wire, inbox: Inbox::default(), pace, owed: b"", is_unflushed: false }
    }

    /// Waits for the first bytes, and says whether they begin HTTP/2.
    ///
    /// # Errors
    /// As the connection does.
    pub async fn is_http2(&mut self) -> io::Result<bool> {
        loop {
            let came = self.inbox.came();
            let known = came.len().min(HTTP2_BEGINNING.len());
            if came[..known] != HTTP2_BEGINNING[..known] {
                return Ok(false);
            }
            if known == HTTP2_BEGINNING.len() {
                return Ok(true);
            }
            if poll_fn(|cx| self.poll_more(cx)).await? == 0 {
                return Ok(false);
            }
        }
    }

    /// What carries the bytes, and what has come of them.
    pub fn into_parts(mut self) -> (Wire, BytesMut) {
        let came = std::mem::take(self.inbox.came());
        (self.wire, came)
    }

    /// What carries the bytes.
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// What has come of a request that is refused.
    pub fn refused(&mut self) -> &[u8] {
        self.inbox.came()
    }

    /// Waits for the head of the next request, which is written to `head`.
    ///
    /// # Errors
    /// As the connection does.
    pub async fn next(&mut self, head: &mut Parts) -> io::Result<Next> {
        loop {
            match self.inbox.take_head(head) {
                Ok(true) => break,
                Ok(false) => {}
                Err(fault) => return Ok(Next::Refused(fault)),
            }
            if !self.inbox.came().is_empty() {
                self.pace.heard();
            }
            if poll_fn(|cx| self.poll_more(cx)).await? == 0 {
                return Ok(Next::End);
            }
        }
        let is_asking = head.version == Version::HTTP_11 && asks_first(&head.headers);
        self.owed = if is_asking { CONTINUE } else { b"" };
        Ok(Next::Request)
    }

    /// Bytes that the body at hand says are left of it; 0 where it does not say.
    pub fn declared(&self) -> u64 {
        self.inbox.declared()
    }

    /// Waits for more of the body at hand; none at its end.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Cut>> {
        loop {
            match self.inbox.take_piece()? {
                Piece::Some(bytes) => return Poll::Ready(Ok(Some(bytes))),
                Piece::Over => return Poll::Ready(Ok(None)),
                Piece::More => {}
            }
            ready!(self.poll_owed(cx))?;
            if ready!(self.poll_more(cx))? == 0 {
                return Poll::Ready(Err(Cut::Ended));
            }
        }
    }

    /// Passes over what has come of the body at hand and was not wanted, and what one look finds of it;
    /// whether that is all of it, and another request may follow.
    pub fn settles(&mut self) -> bool {
        // Who has not been told to send it may not do so.
        let mut may_look = self.owed.is_empty();
        loop {
            match self.inbox.take_piece() {
                Ok(Piece::Over) => return true,
                Ok(Piece::Some(_unwanted)) => {}
                Ok(Piece::More) if std::mem::take(&mut may_look) && self.has_more() => {}
                Ok(Piece::More) | Err(Damaged) => return false,
            }
        }
    }

    /// Reads what is there, without waiting; whether there was something.
    fn has_more(&mut self) -> bool {
        let more = poll_fn(|cx| self.poll_more(cx));
        // A task that has done much in its turn would be told that there is nothing.
        let more = pin!(unconstrained(more)).poll(&mut Context::from_waker(Waker::noop()));
        matches!(more, Poll::Ready(Ok(1..)))
    }

    /// Sends an answer.
    ///
    /// # Errors
    /// As the connection does.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.owed.len() < CONTINUE.len() {
            // What has been begun is ended.
            self.wire.write_all(std::mem::take(&mut self.owed)).await?;
        }
        self.wire.write_all(bytes).await?;
        self.wire.flush().await
    }

    /// Sends what is owed to a client that asks before it sends a body.
    fn poll_owed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.owed.is_empty() {
            let count = ready!(Pin::new(&mut self.wire).poll_write(cx, self.owed))?;
            self.owed = &self.owed[count..];
            self.is_unflushed = true;
        }
        if self.is_unflushed {
            ready!(Pin::new(&mut self.wire).poll_flush(cx))?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for more bytes; says how many have come, none at the end. Holds no memory meanwhile where
    /// nothing has come.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let may_read = !self.inbox.came().is_empty() || self.wire.poll_readable(cx).is_ready();
        let read = if may_read {
            self.inbox.make_room();
            pin!(self.wire.read_buf(self.inbox.came())).poll(cx)
        } else {
            Poll::Pending
        };
        if read.is_pending() && self.inbox.came().is_empty() {
            self.inbox.give_back();
        }
        read
    }
}

fn asks_first(headers: &HeaderMap) -> bool {
    headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
