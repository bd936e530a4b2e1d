//! What an answer means, once its head is there: its status decides, whatever comes of its body.

use std::sync::Arc;

use bytes::Bytes;
use domain::delivery::Outcome;
use domain::delivery::trace::Excerpt;
use domain::destination::webhook::veiled;
use domain::limits;
use h2::RecvStream;
use http::Response;
use http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::pool::{Lease, Pool};

/// An answer's head, and the connection its body comes on.
pub struct Answer {
    /// The head, and what brings the body.
    pub answer: Response<Body>,
    /// The connection.
    pub lease: Lease,
}

/// What brings a body.
pub enum Body {
    /// In HTTP/1.1.
    Http1(Incoming),
    /// In HTTP/2.
    Http2(RecvStream),
}

/// What was read of a body.
#[derive(Default)]
struct Read {
    /// Its beginning, as far as people see it.
    beginning: Vec<u8>,
    bytes: usize,
    pieces: usize,
    /// Whether it came to its end within bounds.
    is_whole: bool,
}

impl Answer {
    /// Judges it, and shows it to people; its connection is kept where the body ends in good time.
    pub async fn judge(self, pool: &Pool) -> (Outcome, Arc<Excerpt>) {
        let (head, body) = self.answer.into_parts();
        let text =
            |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        // An endpoint that moves a request a little repeats its URL, where there may be a secret.
        let elsewhere = text(LOCATION).map(veiled);
        let status = head.status.as_u16();
        let outcome = Outcome::of_answer(status, text(RETRY_AFTER), elsewhere.as_deref());
        let read = body.read().await;
        if read.is_whole {
            pool.put_back(self.lease);
        }
        (outcome, pool.excerpts.of(&head.headers, &read.beginning))
    }
}

impl Body {
    /// Reads to the end, within bounds.
    async fn read(mut self) -> Read {
        let mut read = Read::default();
        let reading = async {
            while let Some(chunk) = self.chunk().await {
                let Ok(chunk) = chunk else { return };
                if !read.take(&chunk) {
                    return;
                }
            }
            read.is_whole = true;
        };
        // Where it takes too long, the rest is not waited for.
        let _ = tokio::time::timeout(limits::ANSWER_BODY_TIME_MAX, reading).await;
        read
    }

    /// The next bytes; none at the end.
    async fn chunk(&mut self) -> Option<Result<Bytes, ()>> {
        match self {
            Self::Http1(body) => loop {
                match body.frame().await? {
                    Ok(frame) => match frame.into_data() {
                        Ok(data) => return Some(Ok(data)),
                        Err(_trailers) => {}
                    },
                    Err(_broken) => return Some(Err(())),
                }
            },
            Self::Http2(body) => {
                let chunk = body.data().await?.map_err(|_broken| ());
                if let Ok(data) = &chunk {
                    // Where the connection is over, nobody waits for the room.
                    let _ = body.flow_control().release_capacity(data.len());
                }
                Some(chunk)
            }
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
