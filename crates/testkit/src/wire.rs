//! HTTP/1.1 by hand: heads, bodies, and answers.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest, Ready};
use tokio::net::TcpStream;

/// An answer, as it came or as it is to be sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer with a status and a short text.
    pub fn of_status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: b"as told".to_vec() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_lowercase(), value.to_owned()));
        self
    }

    /// The value of a header, the first one of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text.
    ///
    /// # Panics
    /// Where it is no UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is not JSON.
    pub fn json(&self) -> serde_json::Value {
        let parsed = serde_json::from_slice(&self.body);
        parsed.unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The answer as it is sent, with its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = format!("content-length: {}\r\n\r\n", self.body.len());
        [self.head(), length.into_bytes(), self.body.clone()].concat()
    }

    /// Status line and headers without their end.
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} As Told\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.into_bytes()
    }
}

/// First line and headers of a request or an answer.
#[derive(Clone, Debug)]
pub struct Head {
    /// The three parts of the first line.
    pub first: [String; 3],
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// Where a body ends when its head says nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsaid {
    /// There is none: requests.
    NoBody,
    /// With the connection: answers.
    UntilClose,
}

/// A connection that is read piece by piece.
#[derive(Debug)]
pub struct Wire<S = TcpStream> {
    stream: S,
    /// Read and not used yet.
    ahead: Vec<u8>,
}

impl Wire {
    /// Takes a connected stream.
    pub fn new(stream: TcpStream) -> Self {
        // Failing costs only time.
        let _ = stream.set_nodelay(true);
        Self::over(stream)
    }

    /// Whether another byte comes; false at the end. Takes none of them.
    ///
    /// # Errors
    /// Where the connection breaks.
    pub async fn has_more(&mut self) -> Result<bool> {
        if !self.ahead.is_empty() {
            return Ok(true);
        }
        Ok(self.stream.peek(&mut [0]).await? > 0)
    }

    /// Sends bytes over and over until something comes back, or the connection takes no more.
    pub async fn pour(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let ready = self.stream.ready(Interest::READABLE | Interest::WRITABLE).await;
            if !self.ahead.is_empty() || ready.is_ok_and(Ready::is_readable) {
                return;
            }
            match self.stream.try_write(rest) {
                Ok(count) if count < rest.len() => rest = &rest[count..],
                Ok(_) => rest = bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Takes a stream of any kind.
    pub fn over(stream: S) -> Self {
        Self { stream, ahead: Vec::new() }
    }

    /// The stream itself; bytes read ahead stay here.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// Where the connection does not take them.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Reads a head; none where the connection ends before its first byte.
    ///
    /// # Errors
    /// Where it breaks or ends within, or is no HTTP.
    pub async fn head(&mut self) -> Result<Option<Head>> {
        let end = loop {
            if let Some(at) = self.ahead.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if !self.fill().await? {
                return if self.ahead.is_empty() { Ok(None) } else { Err(cut("a head")) };
            }
        };
        let bytes: Vec<u8> = self.ahead.drain(..end + 4).collect();
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| odd("a head is no text"))?;
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or("").splitn(3, ' ').map(str::to_owned);
        let first = std::array::from_fn(|_| first.next().unwrap_or_default());
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').ok_or_else(|| odd("a header has no colon"))?;
            Ok((name.to_lowercase(), value.trim().to_owned()))
        });
        Ok(Some(Head { first, headers: headers.collect::<Result<_>>()? }))
    }

    /// Reads the body that belongs to a head.
    ///
    /// # Errors
    /// Where the connection breaks or ends within.
    pub async fn body(&mut self, head: &Head, unsaid: Unsaid) -> Result<Vec<u8>> {
        if find(&head.headers, "transfer-encoding").is_some() {
            return self.chunks().await;
        }
        match find(&head.headers, "content-length") {
            Some(length) => {
                let length = length.parse().map_err(|_| odd("a length is no number"))?;
                self.exactly(length).await
            }
            None if unsaid == Unsaid::NoBody => Ok(Vec::new()),
            None => {
                while self.fill().await? {}
                Ok(std::mem::take(&mut self.ahead))
            }
        }
    }

    /// Reads an answer, past those that only ask to go on; none where the connection ends before
    /// its first byte.
    ///
    /// # Errors
    /// Where it breaks or ends within, or is no HTTP.
    pub async fn answer(&mut self) -> Result<Option<Answer>> {
        let (head, status) = loop {
            let Some(head) = self.head().await? else { return Ok(None) };
            let status = head.first[1].parse().map_err(|_| odd("a status is no number"))?;
            if status != 100 {
                break (head, status);
            }
        };
        // These two never have a body, and need not say so.
        let unsaid = if matches!(status, 204 | 304) { Unsaid::NoBody } else { Unsaid::UntilClose };
        let body = self.body(&head, unsaid).await?;
        Ok(Some(Answer { status, headers: head.headers, body }))
    }

    /// Reads an answer to `HEAD`, which has no body whatever its head says.
    ///
    /// # Errors
    /// Where the connection breaks or ends within, or it is no HTTP.
    pub async fn bodiless_answer(&mut self) -> Result<Option<Answer>> {
        let Some(head) = self.head().await? else { return Ok(None) };
        let status = head.first[1].parse().map_err(|_| odd("a status is no number"))?;
        Ok(Some(Answer { status, headers: head.headers, body: Vec::new() }))
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend(chunk);
        }
        Ok(body)
    }

    /// Reads the next chunk of a body; none at its end.
    ///
    /// # Errors
    /// Where the connection breaks or ends within, or it is no chunk.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let line = self.line().await?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or(""), 16);
        let size = size.map_err(|_| odd("a chunk has no size"))?;
        let chunk = self.exactly(size).await?;
        self.line().await?;
        Ok(Some(chunk).filter(|_| size > 0))
    }

    async fn line(&mut self) -> Result<String> {
        loop {
            if let Some(at) = self.ahead.windows(2).position(|two| two == b"\r\n") {
                let line = self.ahead.drain(..at + 2).collect::<Vec<u8>>();
                return String::from_utf8(line[..at].to_vec()).map_err(|_| odd("no text"));
            }
            if !self.fill().await? {
                return Err(cut("a line"));
            }
        }
    }

    async fn exactly(&mut self, count: usize) -> Result<Vec<u8>> {
        while self.ahead.len() < count {
            if !self.fill().await? {
                return Err(cut("a body"));
            }
        }
        Ok(self.ahead.drain(..count).collect())
    }

    /// Reads what is there; false at the end.
    async fn fill(&mut self) -> Result<bool> {
        self.ahead.reserve(16 << 10);
        Ok(self.stream.read_buf(&mut self.ahead).await? > 0)
    }
}

/// The first header of that name.
pub fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let own = headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    own.map(|(_, value)| value.as_str())
}

fn cut(what: &str) -> Error {
    Error::new(ErrorKind::UnexpectedEof, format!("{what} was cut off"))
}

fn odd(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
