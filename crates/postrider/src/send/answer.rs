//! What an answer means, once its head is there: its status decides, whatever comes of its body.

use std::sync::Arc;

use bytes::Bytes;
use domain::delivery::Outcome;
use domain::delivery::trace::Excerpt;
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
struct Read {
    /// Its beginning, as far as people see it.
    beginning: Bytes,
    /// Whether it came to its end within bounds.
    is_whole: bool,
}

impl Answer {
    /// Judges it, and shows it to people; its connection is kept where the body ends in good time.
    pub async fn judge(self, pool: &Pool) -> (Outcome, Arc<Excerpt>) {
        let (head, body) = self.answer.into_parts();
        let text =
            |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let outcome = Outcome::of_answer(head.status.as_u16(), text(RETRY_AFTER), text(LOCATION));
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
        let mut read = Read { beginning: Bytes::new(), is_whole: false };
        let reading = async {
            let mut bytes = 0;
            while let Some(chunk) = self.chunk().await {
                let Ok(chunk) = chunk else { return };
                bytes += chunk.len();
                read.keep(chunk);
                if bytes > limits::ANSWER_BODY_BYTES_MAX {
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
    fn keep(&mut self, chunk: Bytes) {
        let room = limits::EXCERPT_BODY_BYTES_MAX.saturating_sub(self.beginning.len());
        let part = chunk.slice(..chunk.len().min(room));
        if self.beginning.is_empty() {
            self.beginning = part;
        } else if !part.is_empty() {
            self.beginning = [&self.beginning[..], &part[..]].concat().into();
        }
    }
}
