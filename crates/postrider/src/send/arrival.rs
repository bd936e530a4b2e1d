//! Watches the bytes of an answer come in HTTP/1.1, beneath the library that reads it.
//!
//! The library passes over answers on the way to the answer (1xx), however many there are. And what
//! it says of a connection that ended does not tell whether a byte of an answer had come. Both
//! matter, and both are seen here; a usual answer costs a look at a dozen bytes.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use domain::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What has come of the answer at hand.
#[derive(Default)]
pub struct Arrival {
    has_begun: Cell<bool>,
    /// Whether a request was ever sent.
    is_asked: Cell<bool>,
    spoke_first: Cell<bool>,
    place: Cell<Place>,
    /// Answers on the way that have come.
    early: Cell<usize>,
}

/// Where in the answer the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// So many bytes into a status line, of which the digits so far say 1xx or nothing yet.
    Line(u8),
    /// In the headers of an answer on the way, behind so many line feeds without a letter.
    Early(u8),
    /// Past what is looked at.
    Rest,
}

impl Default for Place {
    fn default() -> Self {
        Self::Line(0)
    }
}

/// Where the status stands, as in `HTTP/1.1 103 `. Source: RFC 9112, section 4.
const STATUS_AT: u8 = 9;

/// An answer had too many others before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("more than {} answers on the way to the answer (1xx)", limits::EARLY_ANSWERS_MAX)]
pub struct TooManyEarly;

impl Arrival {
    /// A request is about to be sent: what comes from now on is its answer.
    pub fn expect(&self) {
        self.is_asked.set(true);
        self.has_begun.set(false);
        self.place.set(Place::default());
        self.early.set(0);
    }

    /// Whether a byte of the answer has come.
    pub fn has_begun(&self) -> bool {
        self.has_begun.get()
    }

    /// Whether bytes came before anything was asked, as those of other protocols do.
    pub fn spoke_first(&self) -> bool {
        self.spoke_first.get()
    }

    /// Looks at bytes that have come.
    fn look(&self, bytes: &[u8]) -> Result<(), TooManyEarly> {
        self.has_begun.set(self.has_begun.get() || !bytes.is_empty());
        self.spoke_first.set(self.spoke_first.get() || (!self.is_asked.get() && !bytes.is_empty()));
        let mut place = self.place.get();
        for byte in bytes {
            if place == Place::Rest {
                break;
            }
            let next = place.after(*byte);
            if matches!((place, next), (Place::Early(_), Place::Line(_))) {
                self.early.set(self.early.get() + 1);
            }
            place = next;
        }
        self.place.set(place);
        if self.early.get() > limits::EARLY_ANSWERS_MAX { Err(TooManyEarly) } else { Ok(()) }
    }
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Line(STATUS_AT), b'1') | (Self::Line(10), b'0'..=b'9') => self.next(),
            // 101 is an answer.
            (Self::Line(STATUS_AT | 10) | Self::Rest, _) | (Self::Line(11), b'1') => Self::Rest,
            (Self::Line(11), _) => Self::Early(0),
            (Self::Line(_), _) => self.next(),
            (Self::Early(1), b'\n') => Self::Line(0),
            (Self::Early(_), b'\n') => Self::Early(1),
            (Self::Early(_), b'\r') => self,
            (Self::Early(_), _) => Self::Early(0),
        }
    }

    fn next(self) -> Self {
        if let Self::Line(at) = self { Self::Line(at + 1) } else { self }
    }
}

/// A stream whose arriving bytes are watched.
pub struct Watched<S> {
    stream: S,
    arrival: Rc<Arrival>,
}

impl<S> Watched<S> {
    /// Watches a stream.
    pub fn new(stream: S, arrival: Rc<Arrival>) -> Self {
        Self { stream, arrival }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = &read
            && let Err(error) = self.arrival.look(&buffer.filled()[before..])
        {
            return Poll::Ready(Err(io::Error::other(error)));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many answers on the way are seen in a text, however it is cut into pieces.
    fn early(text: &str) -> usize {
        let counts = [1, 2, 3, 7, text.len().max(1)].map(|size| {
            let arrival = Arrival::default();
            for piece in text.as_bytes().chunks(size) {
                // Too many are counted all the same.
                let _ = arrival.look(piece);
            }
            arrival.early.get()
        });
        assert_eq!(counts, [counts[0]; 5], "{text:?}");
        counts[0]
    }

    #[test]
    fn answers_on_the_way_are_counted() {
        let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\nx: y\r\n\r\n";
        assert_eq!(early(hints), 1);
        assert_eq!(early(&hints.replace('\r', "")), 1);
        assert_eq!(early(&format!("{hints}{hints}HTTP/1.1 200 OK\r\n\r\n{hints}")), 2);
        assert_eq!(early(&format!("HTTP/1.1 200 OK\r\n\r\n{hints}")), 0, "a body");
        assert_eq!(early("HTTP/1.1 101 Switching\r\n\r\nHTTP/1.1 100 x\r\n\r\n"), 0);
        assert_eq!(early("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\n\r\n"), 2);
        assert_eq!(early("1234567890\n\n1"), 0);
        assert_eq!(early(""), 0);
    }

    #[test]
    fn too_many_of_them_are_an_error_and_each_request_begins_anew() {
        let arrival = Arrival::default();
        let one = b"HTTP/1.1 100 Continue\r\n\r\n";
        assert!(!arrival.has_begun());
        for _ in 0..limits::EARLY_ANSWERS_MAX {
            assert_eq!(arrival.look(one), Ok(()));
        }
        assert_eq!(arrival.look(one), Err(TooManyEarly));
        assert!(arrival.spoke_first());
        let arrival = Arrival::default();
        arrival.expect();
        assert_eq!(arrival.look(one), Ok(()));
        arrival.expect();
        assert_eq!((arrival.has_begun(), arrival.look(b"")), (false, Ok(())));
        assert!(!arrival.has_begun(), "the end of a connection is no byte");
        assert_eq!(arrival.look(one), Ok(()));
        assert!(arrival.has_begun() && !arrival.spoke_first());
    }
}
