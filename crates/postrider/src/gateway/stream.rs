//! The stream of an HTTP/2 connection: its frames only pass by, and the pace is told where heads begin
//! and end.

use std::cell::Cell;
use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{Received, Sent};
use super::pace::Pace;
use super::wire::Wire;

/// A connection's stream.
pub struct Stream {
    wire: Wire,
    pace: Rc<Pace>,
    received: Received,
    sent: Sent,
    /// How many streams were reset for the client's mistakes.
    resets: Rc<Cell<u32>>,
    /// What has come already and has not been read.
    came: BytesMut,
}

impl Stream {
    /// The stream of a connection of which so much has come already; counts in `resets`.
    ///
    /// # Errors
    /// Where what has come is too much already.
    pub fn new(
        (wire, came): (Wire, BytesMut),
        pace: Rc<Pace>,
        resets: Rc<Cell<u32>>,
    ) -> Result<Self> {
        let (mut received, sent) = (Received::default(), Sent::default());
        follow(&mut received, &came, &pace)?;
        Ok(Self { wire, pace, received, sent, resets, came })
    }

    /// Follows what was written: so many bytes of `slices`.
    fn written<'b>(&mut self, mut count: usize, slices: impl Iterator<Item = &'b [u8]>) {
        for slice in slices {
            let here = count.min(slice.len());
            self.resets.set(self.resets.get() + self.sent.follow(&slice[..here]));
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
        if !this.came.is_empty() {
            let now = this.came.len().min(buffer.remaining());
            buffer.put_slice(&this.came[..now]);
            this.came.advance(now);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.wire).poll_read(cx, buffer))?;
        Poll::Ready(follow(&mut this.received, &buffer.filled()[before..], &this.pace))
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
