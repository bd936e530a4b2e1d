//! HTTP/1.1: a connection is lent to one attempt at a time, and kept for the next one when its
//! answer was read to the end; whatever is odd about one drops it.
//!
//! Nothing moves its bytes but the attempt that has it: a request is written and its answer read by
//! the same task, which waits for nobody else.

mod body;
mod head;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use domain::limits;
use http::Response;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::task::coop::unconstrained;

use self::body::{Framing, Step};
use self::head::{Head, Heads};
use super::failure::{Began, Failure};
use super::letter::Letter;
use super::room::Place;

/// What bytes go to and come from.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Duplex for S {}

/// A connection that nobody uses at the moment, or one attempt.
pub struct Line {
    stream: Box<dyn Duplex>,
    /// What has come and is not looked at yet.
    came: BytesMut,
    /// What belongs to the answer at hand.
    framing: Framing,
    /// What is left of the request that has an answer already.
    rest: Option<Outgoing>,
    use_of: Use,
    /// Where it leads.
    pub remote: SocketAddr,
    /// When it was used last.
    pub used_at: Instant,
    _place: Place,
}

/// What a connection can be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Use {
    /// The first request.
    First,
    /// Another request.
    Another,
    /// The answer at hand, and another request after it.
    ThisAnswer,
    /// The answer at hand, and nothing after it.
    LastAnswer,
}

/// Why an exchange of request and answer broke off.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The stream said so.
    #[error(transparent)]
    Stream(#[from] io::Error),
    /// The connection is over.
    #[error("the connection was closed before the answer was there")]
    Ended,
    /// The head is longer than is read, or has more headers.
    #[error("the head of the answer is too large")]
    TooLarge,
    /// What came is no answer.
    #[error("this is no HTTP/1.1: {0}")]
    Malformed(&'static str),
    /// Too much came before it.
    #[error("more than {} answers on the way to the answer (1xx)", limits::EARLY_ANSWERS_MAX)]
    TooManyEarly,
}

/// A request on its way.
struct Outgoing {
    /// The head, and a small body behind it.
    head: Vec<u8>,
    /// A body that is not.
    body: Bytes,
    sent: usize,
    state: Sending,
}

/// How far a request has come.
enum Sending {
    /// Some of it is left.
    UnderWay,
    /// It is on the wire.
    Done,
    /// Nothing more can be sent.
    Failed(io::Error),
}

impl Line {
    /// A connection on a stream, which takes a place as long as it is there.
    pub fn new(stream: Box<dyn Duplex>, remote: SocketAddr, place: Place) -> Self {
        Self {
            stream,
            came: BytesMut::new(),
            framing: Framing::NONE,
            rest: None,
            use_of: Use::First,
            remote,
            used_at: Instant::now(),
            _place: place,
        }
    }

    /// Whether it looks fit for another request: open, not silent for long, and nothing has come that
    /// nobody asked for.
    pub fn is_fit(&mut self, now: Instant) -> bool {
        let silence = now.saturating_duration_since(self.used_at);
        silence < limits::KEPT_CONNECTION_SILENCE_MAX && self.peeped().is_pending()
    }

    /// Whether its answer was read to the end, and it can be used again.
    pub fn may_be_kept(&self) -> bool {
        self.use_of == Use::Another
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancellation
    /// The connection can be used no more.
    pub async fn ask(&mut self, letter: &Letter) -> Result<Response<()>, Failure> {
        // One that was kept has been looked at when it was found fit.
        if std::mem::replace(&mut self.use_of, Use::LastAnswer) == Use::First {
            self.listen()?;
        }
        let (mut outgoing, mut heads) = (Outgoing::of(letter), Heads::default());
        let exchange = poll_fn(|context| self.poll_exchange(context, &mut outgoing, &mut heads));
        let head = exchange.await.map_err(|broken| {
            let began = if heads.have_begun() { Began::Answer } else { Began::NotYet };
            Failure::exchange(&broken, began)
        })?;
        let is_sent = matches!(outgoing.state, Sending::Done);
        // Who takes an event before all of it is there has the rest to come.
        let goes_on = !is_sent && head.response.status().is_success();
        // One that answers early may take the rest for another request, or not want to read it.
        if head.keeps && is_sent {
            self.use_of = Use::ThisAnswer;
        }
        self.rest = goes_on.then_some(outgoing);
        self.framing = head.framing;
        Ok(head.response)
    }

    /// Looks whether whoever is there speaks before it is asked, or says that there will be nothing.
    fn listen(&mut self) -> Result<(), Failure> {
        match self.peeped() {
            Poll::Ready(Ok(true)) => Err(Failure::spoke_first()),
            Poll::Ready(Err(error)) => Err(Failure::exchange(&error.into(), Began::NotYet)),
            _ => Ok(()),
        }
    }

    /// Reads the answer's body and gives it away piece by piece, for as long as `take` wants more;
    /// whether it came to its end. What is left of the request is sent meanwhile.
    ///
    /// # Cancellation
    /// The connection can be used no more.
    pub async fn read_body(&mut self, mut take: impl FnMut(&[u8]) -> bool) -> bool {
        loop {
            match self.framing.step(&self.came) {
                Ok(Step::Piece(length)) => {
                    let wants_more = take(&self.came[..length]);
                    self.came.advance(length);
                    // Whoever is still to get something may have to be heard out first.
                    if !wants_more && self.rest.is_none() {
                        return false;
                    }
                }
                Ok(Step::Skip(length)) => self.came.advance(length),
                Ok(Step::End) => return self.end().await,
                Ok(Step::More) => match poll_fn(|context| self.poll_on(context)).await {
                    Ok(0) => {
                        self.send_rest().await;
                        return self.framing.ends_with_the_connection();
                    }
                    Ok(_) => {}
                    Err(_broken) => return false,
                },
                Err(_broken) => return false,
            }
        }
    }

    /// Takes leave, which within TLS is a word of its own.
    pub async fn close(mut self) {
        // Whoever does not want to hear it is left without.
        let _ = tokio::time::timeout(limits::CLOSE_TIME_MAX, self.stream.shutdown()).await;
    }

    async fn end(&mut self) -> bool {
        self.send_rest().await;
        // What has come beyond the answer is the answer to nothing.
        if self.use_of == Use::ThisAnswer && self.came.is_empty() {
            self.use_of = Use::Another;
        }
        if self.came.is_empty() && self.came.try_reclaim(limits::ANSWER_ROOM_BYTES_KEPT) {
            self.came = BytesMut::new();
        }
        true
    }

    /// Looks whether something has come while nothing was asked: whether there are bytes, or that the
    /// connection is over. Costs no call of the system where nothing has happened.
    fn peeped(&mut self) -> Poll<io::Result<bool>> {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let stream = &mut self.stream;
        let peep = poll_fn(|context| Pin::new(&mut **stream).poll_read(context, &mut buffer));
        // A task that has done much in its turn would be told that nothing has come.
        let mut context = Context::from_waker(Waker::noop());
        ready!(pin!(unconstrained(peep)).poll(&mut context))?;
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }

    /// Writes what is left of a request and reads what has come. An answer may come before all of the
    /// request is sent; and where nothing more can be sent, it may be there all the same, or on its way.
    fn poll_exchange(
        &mut self,
        context: &mut Context<'_>,
        outgoing: &mut Outgoing,
        heads: &mut Heads,
    ) -> Poll<Result<Head, Broken>> {
        // What cannot be sent is told by what comes.
        let _ = outgoing.poll_sent(&mut *self.stream, context);
        loop {
            if ready!(self.poll_more(context))? == 0 {
                return Poll::Ready(Err(heads.cut_off(&self.came, outgoing.failure())));
            }
            if let Some(head) = heads.take(&mut self.came)? {
                return Poll::Ready(Ok(head));
            }
        }
    }

    /// Sends on what is left of the request, and waits for more bytes of the answer.
    fn poll_on(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // Whether it is sent decides nothing before the answer's end.
        let _ = self.poll_rest(context);
        self.poll_more(context)
    }

    async fn send_rest(&mut self) {
        poll_fn(|context| self.poll_rest(context)).await;
    }

    /// Sends on what is left of the request, as far as it can be.
    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(rest) = &mut self.rest {
            ready!(rest.poll_sent(&mut *self.stream, context));
        }
        self.rest = None;
        Poll::Ready(())
    }

    /// Waits for more bytes; answers how many came, none where the connection is over.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.came.reserve(limits::ANSWER_READ_BYTES);
        pin!(self.stream.read_buf(&mut self.came)).poll(context)
    }
}

impl Outgoing {
    fn of(letter: &Letter) -> Self {
        // One piece costs the kernel less than two, and a copy of a small body next to nothing.
        let (head, body) = match letter.body.len() <= limits::JOINED_BODY_BYTES_MAX {
            true => (letter.written(), Bytes::new()),
            false => (letter.head(0), letter.body.clone()),
        };
        Self { head, body, sent: 0, state: Sending::UnderWay }
    }

    /// Why nothing more can be sent, where that is so.
    fn failure(&mut self) -> Option<io::Error> {
        match std::mem::replace(&mut self.state, Sending::UnderWay) {
            Sending::Failed(error) => Some(error),
            Sending::UnderWay | Sending::Done => None,
        }
    }

    /// Sends on; ready where all is sent, or nothing more can be.
    fn poll_sent(&mut self, stream: &mut dyn Duplex, context: &mut Context<'_>) -> Poll<()> {
        if matches!(self.state, Sending::UnderWay) {
            self.state = match ready!(self.poll_write(Pin::new(stream), context)) {
                Ok(()) => Sending::Done,
                Err(error) => Sending::Failed(error),
            };
            // An answer may take long, and nobody needs them any more.
            (self.head, self.body, self.sent) = (Vec::new(), Bytes::new(), 0);
        }
        Poll::Ready(())
    }

    fn poll_write(
        &mut self,
        mut stream: Pin<&mut dyn Duplex>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.sent < self.head.len() + self.body.len() {
            let (head, body) = match self.sent.checked_sub(self.head.len()) {
                None => (&self.head[self.sent..], &self.body[..]),
                Some(of_body) => (&[][..], &self.body[of_body..]),
            };
            let sent = match (head, body) {
                ([], part) | (part, []) => stream.as_mut().poll_write(context, part),
                parts => {
                    let parts = [parts.0, parts.1].map(io::IoSlice::new);
                    stream.as_mut().poll_write_vectored(context, &parts)
                }
            };
            match ready!(sent)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        stream.poll_flush(context)
    }
}

#[cfg(test)]
mod tests;
