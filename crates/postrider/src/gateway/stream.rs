//! A connection's stream, plain or within TLS: tells the pace when bytes come, and lets the sentry
//! look at them first.
//!
//! HTTP/2 only passes by: of its frames the pace is told where heads begin and end.
//!
//! A head that comes in one piece, as nearly all do, goes straight into the reader's buffer. One
//! that comes in parts is held here until it is whole, so the reader never sees half a head that is
//! refused later: where a request is refused, the reader sees the stream end before it.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use domain::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::pace::Pace;
use super::sentry::{Fault, Received, Sent, Sentry};

/// How an HTTP/2 connection begins; no request of HTTP/1 does. Source: RFC 9113, section 3.4.
const HTTP2_BEGINNING: &[u8] = b"PRI * HTTP/2.0";

/// What carries the bytes.
pub enum Wire {
    /// TCP as it is.
    Plain(TcpStream),
    /// TLS over TCP.
    Secure(Box<TlsStream<TcpStream>>),
}

/// A connection's stream.
pub struct Stream {
    wire: Wire,
    pace: Rc<Pace>,
    watch: Watch,
    /// Bytes that have come and have not been read.
    held: BytesMut,
    /// How many of them may be read.
    passes: usize,
    fault: Option<Fault>,
}

/// What is looked at.
enum Watch {
    /// Requests one after the other.
    Heads(Sentry),
    /// Frames of HTTP/2, and how many streams were reset for the client's mistakes.
    Frames { received: Received, sent: Sent, resets: Rc<Cell<u32>> },
}

impl Stream {
    /// The stream of a new connection.
    pub fn new(wire: Wire, pace: Rc<Pace>) -> Self {
        let watch = Watch::Heads(Sentry::default());
        Self { wire, pace, watch, held: BytesMut::new(), passes: 0, fault: None }
    }

    /// What carries the bytes, past everything that is looked at or held.
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Why the stream ended before a request that had begun.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The bytes of that request that have come.
    pub fn refused(&self) -> &[u8] {
        &self.held
    }

    /// Waits for the first bytes, and says whether they begin HTTP/2. The reader still gets them.
    ///
    /// # Errors
    /// As the connection does.
    pub async fn is_http2(&mut self) -> Result<bool> {
        loop {
            let known = self.held.len().min(HTTP2_BEGINNING.len());
            if self.held[..known] != HTTP2_BEGINNING[..known] {
                self.look()?;
                return Ok(false);
            }
            if known == HTTP2_BEGINNING.len() {
                return Ok(true);
            }
            if poll_fn(|cx| self.poll_hold(cx)).await? == 0 {
                return Ok(false);
            }
        }
    }

    /// Follows frames of HTTP/2 from now on, from its first byte; counts in `resets`.
    ///
    /// # Errors
    /// Where what has come is too much already.
    pub fn multiplex(&mut self, resets: Rc<Cell<u32>>) -> Result<()> {
        let (received, sent) = (Received::default(), Sent::default());
        self.watch = Watch::Frames { received, sent, resets };
        self.look()
    }

    /// Reads more into what is held; answers how much.
    fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        let mut bytes = [0; limits::HELD_READ_BYTES];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.wire).poll_read(cx, &mut buffer))?;
        self.held.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Looks at what is held.
    fn look(&mut self) -> Result<()> {
        match &mut self.watch {
            Watch::Heads(sentry) => {
                self.pace.heard();
                let look = sentry.look(&self.held);
                (self.passes, self.fault) = (look.passes, look.fault);
            }
            Watch::Frames { received, .. } => {
                follow(received, &self.held, &self.pace)?;
                self.passes = self.held.len();
            }
        }
        Ok(())
    }

    /// Reads straight into `buffer`, which is what nearly always happens.
    fn poll_straight(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, buffer))?;
        let new = &buffer.filled()[before..];
        if new.is_empty() {
            return Poll::Ready(Ok(()));
        }
        match &mut self.watch {
            Watch::Heads(sentry) => {
                self.pace.heard();
                let look = sentry.look(new);
                self.fault = look.fault;
                self.held.extend_from_slice(&new[look.passes..]);
                buffer.set_filled(before + look.passes);
            }
            Watch::Frames { received, .. } => follow(received, new, &self.pace)?,
        }
        Poll::Ready(Ok(()))
    }

    /// Follows what was written: so many bytes of `slices`.
    fn written<'b>(&mut self, mut count: usize, slices: impl Iterator<Item = &'b [u8]>) {
        let Watch::Frames { sent, resets, .. } = &mut self.watch else { return };
        for slice in slices {
            let here = count.min(slice.len());
            resets.set(resets.get() + sent.follow(&slice[..here]));
            count -= here;
        }
    }
}

/// Follows frames that have come.
fn follow(received: &mut Received, bytes: &[u8], pace: &Pace) -> Result<()> {
    let progress = received.follow(bytes).map_err(Error::other)?;
    if progress.has_ended {
        pace.head_ended();
    }
    if progress.is_under_way {
        pace.head_begun();
    }
    Ok(())
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = &mut *self;
        loop {
            if this.passes > 0 {
                let now = this.passes.min(buffer.remaining());
                buffer.put_slice(&this.held[..now]);
                this.held.advance(now);
                this.passes -= now;
                return Poll::Ready(Ok(()));
            }
            if this.fault.is_some() {
                return Poll::Ready(Ok(()));
            }
            if this.held.is_empty() {
                let before = buffer.filled().len();
                ready!(this.poll_straight(cx, buffer))?;
                let is_over = this.held.is_empty();
                if buffer.filled().len() > before || is_over {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            if ready!(this.poll_hold(cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
            this.look()?;
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let count = ready!(Pin::new(&mut self.wire).poll_write(cx, bytes))?;
        self.written(count, std::iter::once(bytes));
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let count = ready!(Pin::new(&mut self.wire).poll_write_vectored(cx, slices))?;
        self.written(count, slices.iter().map(|slice| &**slice));
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Secure(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(stream) => stream.is_write_vectored(),
        }
    }
}
