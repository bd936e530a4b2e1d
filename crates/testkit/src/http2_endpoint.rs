//! An endpoint that speaks HTTP/2 within TLS by hand, politely or not.
//!
//! Requests are told apart by their streams and their bodies; their heads are not read.

use std::collections::BTreeMap;
use std::io::Result;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::http2::{END_HEADERS, END_STREAM, Kind, PREFACE, frame, header};
use crate::raw::{RawEndpoint, Tally};
use crate::tls::Certificate;
use crate::wait::within;

/// A request as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Streamed {
    /// Its place in the order in which requests were complete, from 0.
    pub number: usize,
    /// The connection it came on, from 0.
    pub connection: usize,
    /// Its stream.
    pub stream: u32,
    /// How many streams of the connection were open when it was complete, this one included.
    pub open: usize,
    /// The body.
    pub body: Vec<u8>,
}

/// What to do about a request.
#[derive(Clone, Debug)]
pub enum StreamReply {
    /// Answer with this status and a short body.
    Answer(u16),
    /// Answer 200 when this many requests are complete, to all of them.
    Together(usize),
    /// Refuse the stream, as one that nobody has looked at.
    Refuse,
    /// Break the stream off.
    Reset,
    /// Say that this stream and all later ones are not looked at, and that the connection ends.
    GoAway,
    /// Close the connection.
    Close,
    /// Nothing.
    Never,
    /// Answer with so many answers on the way, then 200.
    Early(usize),
    /// Answer with a header of so many bytes.
    HugeHead(usize),
    /// Answer with so many headers.
    ManyHeaders(usize),
}

/// The endpoint.
#[derive(Debug)]
pub struct Http2Endpoint {
    raw: RawEndpoint,
    received: watch::Receiver<Vec<Streamed>>,
}

type Behaviour = dyn Fn(&Streamed) -> StreamReply + Send + Sync;

/// Settings: the most streams at a time. Source: RFC 9113, section 6.5.2.
const MAX_STREAMS: [u8; 2] = [0, 3];

impl Http2Endpoint {
    /// Starts an endpoint that allows so many streams at a time, and asks `behaviour` about every
    /// request.
    ///
    /// # Panics
    /// Where there is no port.
    pub async fn start(
        certificate: &Certificate,
        streams_max: u32,
        behaviour: impl Fn(&Streamed) -> StreamReply + Send + Sync + 'static,
    ) -> Self {
        let config = certificate.server(None, &["h2"]);
        let (sender, received) = watch::channel(Vec::new());
        let (sender, behaviour) = (Arc::new(sender), Arc::new(behaviour) as Arc<Behaviour>);
        let raw = RawEndpoint::start(move |stream, connection, tally| {
            let (config, sender, behaviour) = (config.clone(), sender.clone(), behaviour.clone());
            async move {
                let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
                let mut peer =
                    Peer { stream, connection, tally, open: BTreeMap::new(), waiting: Vec::new() };
                // A connection that breaks just ends.
                let _ = peer.serve(streams_max, &sender, &*behaviour).await;
            }
        })
        .await;
        Self { raw, received }
    }

    /// The URL of a path of it, by name.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.raw.address().port())
    }

    /// How many connections were made until now.
    pub fn connections(&self) -> usize {
        self.raw.connections()
    }

    /// Everything received until now.
    pub fn received(&self) -> Vec<Streamed> {
        self.received.borrow().clone()
    }

    /// Waits until so many requests have come, and returns all that have.
    ///
    /// # Panics
    /// Where they do not come before the deadline.
    pub async fn wait_for(&self, count: usize) -> Vec<Streamed> {
        let mut received = self.received.clone();
        let waiting = received.wait_for(|all| all.len() >= count);
        within("requests on streams", waiting).await.expect("the endpoint works").clone()
    }
}

/// One connection.
struct Peer {
    stream: TlsStream<TcpStream>,
    connection: usize,
    tally: Tally,
    /// Bodies of streams that are open.
    open: BTreeMap<u32, Vec<u8>>,
    /// Those of them whose requests are complete, and who wait for each other.
    waiting: Vec<u32>,
}

impl Peer {
    async fn serve(
        &mut self,
        streams_max: u32,
        received: &watch::Sender<Vec<Streamed>>,
        behaviour: &Behaviour,
    ) -> Result<()> {
        let mut preface = vec![0; PREFACE.len()];
        self.stream.read_exact(&mut preface).await?;
        let settings = [&MAX_STREAMS[..], &streams_max.to_be_bytes()].concat();
        self.write(&frame(Kind::Settings, 0, 0, &settings)).await?;
        loop {
            let (kind, flags, stream, payload) = self.frame().await?;
            match kind {
                4 if flags & 1 == 0 => self.write(&frame(Kind::Settings, 1, 0, &[])).await?,
                6 if flags & 1 == 0 => self.write(&frame(Kind::Ping, 1, 0, &payload)).await?,
                1 => {
                    self.open.insert(stream, Vec::new());
                }
                0 => {
                    self.open.entry(stream).or_default().extend(payload);
                }
                3 => {
                    self.open.remove(&stream);
                }
                _ => {}
            }
            if matches!(kind, 0 | 1) && flags & END_STREAM != 0 {
                let body = self.open.get(&stream).cloned().unwrap_or_default();
                let (connection, open) = (self.connection, self.open.len());
                let mut one = Streamed { number: 0, connection, stream, open, body };
                received.send_modify(|all| {
                    one.number = all.len();
                    all.push(one.clone());
                });
                if !self.carry_out(stream, behaviour(&one)).await? {
                    return Ok(());
                }
            }
        }
    }

    async fn frame(&mut self) -> Result<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await?;
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        Ok((head[3], head[4], stream, payload))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn answer(&mut self, stream: u32, status: u16, more: &[u8]) -> Result<()> {
        let block = [header(":status", &status.to_string()), more.to_vec()].concat();
        self.open.remove(&stream);
        self.headers(stream, &block).await?;
        self.write(&frame(Kind::Data, END_STREAM, stream, b"ok")).await?;
        self.tally.add();
        Ok(())
    }

    /// Sends a block of headers, in parts where it is long.
    async fn headers(&mut self, stream: u32, block: &[u8]) -> Result<()> {
        let mut parts = block.chunks(16_000).peekable();
        let mut kind = Kind::Headers;
        while let Some(part) = parts.next() {
            let flags = if parts.peek().is_none() { END_HEADERS } else { 0 };
            self.write(&frame(kind, flags, stream, part)).await?;
            kind = Kind::Continuation;
        }
        Ok(())
    }

    /// Does as told; true where the connection goes on.
    async fn carry_out(&mut self, stream: u32, reply: StreamReply) -> Result<bool> {
        match reply {
            StreamReply::Answer(status) => self.answer(stream, status, &[]).await?,
            StreamReply::Together(count) => {
                self.waiting.push(stream);
                if self.waiting.len() >= count {
                    for stream in std::mem::take(&mut self.waiting) {
                        self.answer(stream, 200, &[]).await?;
                    }
                }
            }
            StreamReply::Refuse => self.reset(stream, 7).await?,
            StreamReply::Reset => self.reset(stream, 2).await?,
            StreamReply::GoAway => {
                let last = stream.saturating_sub(2).to_be_bytes();
                self.write(&frame(Kind::GoAway, 0, 0, &[&last[..], &[0; 4]].concat())).await?;
                self.part().await?;
                return Ok(false);
            }
            StreamReply::Close => return Ok(false),
            StreamReply::Never => {}
            StreamReply::Early(count) => {
                for _ in 0..count {
                    self.headers(stream, &header(":status", "103")).await?;
                }
                self.answer(stream, 200, &[]).await?;
            }
            StreamReply::HugeHead(bytes) => {
                let value = "x".repeat(1_000);
                let more = header("x-huge", &value).repeat(bytes / value.len());
                self.answer(stream, 200, &more).await?;
            }
            StreamReply::ManyHeaders(count) => {
                let more = (0..count).flat_map(|number| header(&format!("x-{number}"), "1"));
                self.answer(stream, 200, &more.collect::<Vec<_>>()).await?;
            }
        }
        Ok(true)
    }

    /// Ends the connection when the other side has: one that is closed while bytes still come is
    /// reset, and what was said last is never read.
    async fn part(&mut self) -> Result<()> {
        self.stream.shutdown().await?;
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.map(drop)
    }

    /// Resets a stream. Source: RFC 9113, section 7, for the codes.
    async fn reset(&mut self, stream: u32, code: u32) -> Result<()> {
        self.open.remove(&stream);
        self.write(&frame(Kind::ResetStream, 0, stream, &code.to_be_bytes())).await
    }
}
