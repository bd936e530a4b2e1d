//! A raw HTTP client: what is sent is what the test wrote.

use std::io::{Error, ErrorKind, Result, Write};
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::feed::Feed;
use crate::wait::within;
use crate::wire::{Answer, Wire};

/// Sends requests to one address, each on a connection of its own.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// Where to.
    pub address: SocketAddr,
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// One connection, to be used as oddly as a test likes.
#[derive(Debug)]
pub struct Connection<S = TcpStream>(Wire<S>);

impl Client {
    /// A client of this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Opens a connection.
    ///
    /// # Panics
    /// Where nobody listens.
    pub async fn connect(&self) -> Connection {
        self.try_connect().await.unwrap_or_else(|error| panic!("{}: {error}", self.address))
    }

    /// Opens a connection, where there may be nobody.
    ///
    /// # Errors
    /// Why not.
    pub async fn try_connect(&self) -> Result<Connection> {
        Ok(Connection(Wire::new(TcpStream::connect(self.address).await?)))
    }

    /// Sends a request and reads the answer.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn send(&self, request: &Request) -> Answer {
        let answer = async { self.connect().await.ask(request).await };
        let answer = within("an answer", answer).await;
        answer.unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.target))
    }

    /// Gets a page.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn get(&self, target: &str) -> Answer {
        self.send(&Request::new("GET", target)).await
    }

    /// Follows a stream of events (SSE).
    ///
    /// # Panics
    /// Where none comes.
    pub async fn follow(&self, target: &str) -> Feed {
        self.follow_by(&Request::new("GET", target)).await
    }

    /// Follows the stream of events that answers a request.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn follow_by(&self, request: &Request) -> Feed {
        let Connection(mut wire) = self.connect().await;
        let asked = wire.write(&request.to_bytes()).await;
        asked.unwrap_or_else(|error| panic!("{}: {error}", request.target));
        Feed::begin(wire).await
    }

    /// Posts events as the source with this write key.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn post(&self, target: &str, key: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(&Request::new("POST", target).key(key).body(body)).await
    }
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        Self { method, target, headers: Vec::new(), body: Vec::new() }
    }

    /// The same with the write key of a source.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Basic {}", STANDARD.encode(format!("{key}:"))))
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The request as it is sent, with the length of its body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: localhost\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || self.method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

impl Connection {
    /// Sends bytes over and over until an answer comes, and reads it; none where the connection is
    /// closed instead.
    ///
    /// # Errors
    /// Where the connection breaks, or what comes is no HTTP.
    pub async fn pour(&mut self, bytes: &[u8]) -> Result<Option<Answer>> {
        within("an answer to what is poured", self.0.pour(bytes)).await;
        self.answer().await
    }

    /// Whether the server has closed it, as far as one sees without waiting.
    pub async fn is_closed(&mut self) -> bool {
        tokio::select! {
            biased;
            more = self.0.has_more() => !more.unwrap_or(false),
            () = std::future::ready(()) => false,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection over a stream of any kind.
    pub fn over(stream: S) -> Self {
        Self(Wire::over(stream))
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// Where the connection breaks, or ends without an answer.
    pub async fn ask(&mut self, request: &Request) -> Result<Answer> {
        self.write(&request.to_bytes()).await?;
        let ended = || Error::new(ErrorKind::UnexpectedEof, "closed without an answer");
        let answer = if request.method == "HEAD" {
            within("an answer or an end", self.0.bodiless_answer()).await?
        } else {
            self.answer().await?
        };
        answer.ok_or_else(ended)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// Where the connection does not take them.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write(bytes).await
    }

    /// Reads an answer; none where the connection is closed instead.
    ///
    /// # Errors
    /// Where the connection breaks, or what comes is no HTTP.
    pub async fn answer(&mut self) -> Result<Option<Answer>> {
        within("an answer or an end", self.0.answer()).await
    }

    /// Waits until the server asks for the body of a request with `Expect: 100-continue`, which
    /// shows that the request is under way.
    ///
    /// # Panics
    /// Where something else comes.
    pub async fn wait_for_continue(&mut self) {
        let head = within("100 Continue", self.0.head()).await;
        let head = head.expect("a connection").expect("an interim answer");
        assert_eq!(head.first[1], "100");
    }

    /// Says that nothing more comes, and goes on reading.
    ///
    /// # Errors
    /// Where the connection is broken.
    pub async fn finish(&mut self) -> Result<()> {
        self.0.stream().shutdown().await
    }
}

/// Compresses with gzip.
///
/// # Panics
/// Never: memory takes everything.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}
