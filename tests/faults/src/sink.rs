//! The endpoint: it notes what it takes, and fails as told. Each destination has a path of its own,
//! `/0`, `/1` and so on, a log and a manner.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::dice::Dice;
use crate::notes::Notes;

/// What a destination does about requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Takes everything.
    Takes,
    /// Answers 503.
    Refuses,
    /// Never answers.
    Stalls,
    /// Fails three times in ten: 503, a reset, silence, or a reset after it has taken the event.
    Fails,
}

/// One destination.
pub struct Place {
    pub manner: Cell<Manner>,
    pub arrived: Notes,
    /// What came in replays.
    pub replayed: Notes,
}

/// All destinations, and the connections to them.
pub struct Sink {
    working: JoinHandle<()>,
}

struct Shared {
    places: Vec<Rc<Place>>,
    dice: RefCell<Dice>,
    origin: Instant,
}

/// A port that refuses until it is opened.
pub struct Closed {
    socket: TcpSocket,
}

impl Closed {
    /// Takes a port and listens to nobody.
    pub fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self { socket })
    }

    /// Where it would listen.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Opens it.
    pub fn open(self, places: Vec<Rc<Place>>, (dice, origin): (Dice, Instant)) -> io::Result<Sink> {
        let listener = self.socket.listen(1_024)?;
        let shared = Rc::new(Shared { places, dice: RefCell::new(dice), origin });
        let working = tokio::task::spawn_local(accept(listener, shared));
        Ok(Sink { working })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // With it go all connections.
        self.working.abort();
    }
}

async fn accept(listener: TcpListener, shared: Rc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn_local(serve(stream, shared.clone()));
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Serves one connection; a broken one just ends.
async fn serve(mut stream: TcpStream, shared: Rc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut bytes = Vec::with_capacity(4_096);
    while let Ok(Some(request)) = request(&mut stream, &mut bytes).await {
        match carry_out(&mut stream, &request, &shared).await {
            Ok(true) => {}
            _ => return,
        }
    }
}

struct Request {
    place: usize,
    message_id: String,
    is_of_replay: bool,
}

/// Reads a request; what came behind it stays in `bytes`.
async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> anyhow::Result<Option<Request>> {
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = std::str::from_utf8(&bytes[..head_end])?.to_ascii_lowercase();
    let path = head.split(' ').nth(1).context("a path")?;
    let place = path.trim_start_matches('/').parse()?;
    let length = head.split("\r\ncontent-length: ").nth(1).context("a length")?;
    let length: usize = length.split("\r\n").next().unwrap_or(length).parse()?;
    while bytes.len() < head_end + length {
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
    let body = std::str::from_utf8(&bytes[head_end..head_end + length])?;
    let message_id = body.split("\"messageId\":\"").nth(1).context("a messageId")?;
    let message_id = message_id.split('"').next().unwrap_or(message_id).to_owned();
    let is_of_replay = head.contains("\r\npostrider-replay: ");
    bytes.drain(..head_end + length);
    Ok(Some(Request { place, message_id, is_of_replay }))
}

/// Does as the place's manner says; true where the connection is kept.
async fn carry_out(
    stream: &mut TcpStream,
    request: &Request,
    shared: &Shared,
) -> anyhow::Result<bool> {
    let place = shared.places.get(request.place).context("no such place")?;
    match place.manner.get() {
        Manner::Takes => take(stream, request, (place, shared)).await,
        Manner::Refuses => refuse(stream).await,
        Manner::Stalls => keep_silent(stream).await,
        Manner::Fails => {
            let rolled = shared.dice.borrow_mut().roll(100);
            match rolled {
                0..=15 => refuse(stream).await,
                16..=24 => Ok(stream.set_zero_linger().map(|()| false)?),
                25..=26 => keep_silent(stream).await,
                27..=29 => {
                    note(request, place, shared)?;
                    Ok(stream.set_zero_linger().map(|()| false)?)
                }
                _ => take(stream, request, (place, shared)).await,
            }
        }
    }
}

async fn take(
    stream: &mut TcpStream,
    request: &Request,
    (place, shared): (&Place, &Shared),
) -> anyhow::Result<bool> {
    note(request, place, shared)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    Ok(true)
}

/// Until the other end has had enough: what is held longer than that uses up all connections.
async fn keep_silent(stream: &mut TcpStream) -> anyhow::Result<bool> {
    let mut ignored = [0; 256];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(false)
}

async fn refuse(stream: &mut TcpStream) -> anyhow::Result<bool> {
    stream.write_all(b"HTTP/1.1 503 Not Now\r\ncontent-length: 0\r\n\r\n").await?;
    Ok(true)
}

/// Notes what is taken; whose it is, the log of the senders says.
fn note(request: &Request, place: &Place, shared: &Shared) -> io::Result<()> {
    let time = shared.origin.elapsed().as_micros();
    let log = if request.is_of_replay { &place.replayed } else { &place.arrived };
    log.add(format_args!("{},{time}\n", request.message_id))
}
