//! What an answer means, once its head is there: its status decides, whatever comes of its body.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use domain::delivery::Outcome;
use domain::delivery::trace::Excerpt;
use domain::destination::webhook::veiled;
use domain::limits;
use http::Response;
use http::header::{HeaderValue, LOCATION, RETRY_AFTER};

use super::http1::Line;
use super::http2::Stream;
use super::pool::{Lease, Pool};
use super::room::Place;

/// An answer's head, and what its body comes on.
pub struct Answer {
    /// The head.
    pub head: Response<()>,
    /// The connection, and what brings the body on it.
    pub body: Body,
}

/// What brings a body.
pub enum Body {
    /// In HTTP/1.1, the connection that has a place.
    Line(Box<Line>, Place),
    /// In HTTP/2, a stream of the connection.
    Stream(Stream, Lease),
}

/// What was read of a body.
#[derive(Default)]
struct Read {
    /// Its beginning, as far as people see it.
    beginning: Vec<u8>,
    bytes: usize,
    pieces: usize,
}

impl Answer {
    /// Judges it, and shows it to people; its connection is kept where the body ends in good time.
    pub async fn judge(self, pool: &Pool) -> (Outcome, Arc<Excerpt>) {
        let Self { head, body } = self;
        let headers = head.headers();
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        // An endpoint that moves a request a little repeats its URL, where there may be a secret.
        let elsewhere = text(LOCATION).map(veiled);
        let status = head.status().as_u16();
        let outcome = Outcome::of_answer(status, text(RETRY_AFTER), elsewhere.as_deref());
        let beginning = body.read(pool).await;
        (outcome, pool.excerpts.of(headers, &beginning))
    }
}

impl Body {
    /// Reads to the end, within bounds, and gives back what the connection can be used for; answers the
    /// beginning.
    async fn read(self, pool: &Pool) -> Vec<u8> {
        let mut read = Read::default();
        match self {
            Self::Line(mut line, _place) => {
                let reading = line.read_body(|piece| read.take(piece));
                if in_time(reading).await {
                    pool.put_back(line);
                }
            }
            Self::Stream(mut stream, _lease) => {
                in_time(stream.read_body(|piece| read.take(piece))).await;
            }
        }
        read.beginning
    }
}

/// Whether a body came to its end. Where it takes too long, the rest is not waited for.
async fn in_time(reading: impl Future<Output = bool>) -> bool {
    let mut reading = pin!(reading);
    // Nearly every body is there with its head, and then costs no timer.
    match poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await {
        Poll::Ready(is_whole) => is_whole,
        Poll::Pending => {
            tokio::time::timeout(limits::ANSWER_BODY_TIME_MAX, reading).await.unwrap_or(false)
        }
    }
}

impl Read {
    /// Takes the next piece; false where that is enough.
    fn take(&mut self, piece: &[u8]) -> bool {
        self.bytes += piece.len();
        self.pieces += 1;
        let room = limits::EXCERPT_BODY_BYTES_MAX.saturating_sub(self.beginning.len());
        self.beginning.extend_from_slice(&piece[..piece.len().min(room)]);
        self.bytes <= limits::ANSWER_BODY_BYTES_MAX && self.pieces <= limits::ANSWER_PIECES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of such pieces are taken, and what people see of them.
    fn taken(piece: &[u8]) -> (usize, Read) {
        let mut read = Read::default();
        let mut count = 1;
        while read.take(piece) {
            count += 1;
        }
        (count, read)
    }

    #[test]
    fn a_body_is_bounded_in_bytes_and_in_pieces() {
        let (count, read) = taken(b"0123456789");
        assert_eq!(count, limits::ANSWER_PIECES_MAX + 1);
        assert_eq!(read.beginning, b"0123456789".repeat(1_000)[..limits::EXCERPT_BODY_BYTES_MAX]);
        let (count, read) = taken(&[b'x'; 4_096]);
        assert_eq!(count, limits::ANSWER_BODY_BYTES_MAX / 4_096 + 1);
        assert_eq!(read.beginning, [b'x'; limits::EXCERPT_BODY_BYTES_MAX]);
    }
}
