//! Fake endpoints, polite and hostile: they record every request and answer as told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::wait::within;
use crate::wire::{self, Answer, Unsaid, Wire};

/// An endpoint at work until it is dropped.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    received: watch::Receiver<Vec<Arc<Received>>>,
    accepted: watch::Receiver<usize>,
    at_work: JoinHandle<()>,
}

/// A request as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// Its place in the order of arrival, from 0.
    pub number: usize,
    /// The connection it came on, from 0.
    pub connection: usize,
    /// Its place among the requests of that connection, from 0.
    pub nth: usize,
    /// When it was complete.
    pub at: Instant,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What to do about a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answer, and keep the connection.
    Answer(Answer),
    /// Take the request and never answer.
    Never,
    /// Close without an answer.
    Close,
    /// Break the connection off without an answer.
    Reset,
    /// Answer with this status and a body that never ends.
    EndlessBody(u16),
    /// Answer with this status and a body that comes a byte at a time, with a pause before each.
    Drip(u16, Duration),
    /// Answer with this status and a header of so many bytes.
    HugeHead(u16, usize),
    /// Send these bytes and close.
    Raw(Vec<u8>),
    /// Send the first bytes, and then the others without end.
    Endless(Vec<u8>, Vec<u8>),
    /// Do it when the gate is open.
    After(Gate, Box<Reply>),
}

/// Holds replies back until it is opened.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

/// What an endpoint does about connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manner {
    Polite,
    /// Closes every connection when it is made.
    ClosesAtOnce,
    /// Answers one request of a connection, and breaks it off when the next one begins to come.
    DropsKept,
}

/// An address at which every connection is refused, as long as this lives.
#[derive(Debug)]
pub struct Refusing {
    socket: TcpSocket,
}

type Behaviour = dyn Fn(&Received) -> Reply + Send + Sync;

/// What the connections of an endpoint share.
struct Desk {
    behaviour: Box<Behaviour>,
    manner: Manner,
    received: watch::Sender<Vec<Arc<Received>>>,
}

impl Endpoint {
    /// Starts an endpoint that asks `behaviour` about every request.
    pub async fn start(behaviour: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(Manner::Polite, behaviour).await
    }

    /// Starts an endpoint that answers 200 to everything.
    pub async fn ok() -> Self {
        Self::start(|_| Reply::status(200)).await
    }

    /// Starts an endpoint that gives the replies one after the other, the last one for ever.
    ///
    /// # Panics
    /// At the first request, where there is no reply.
    pub async fn script(replies: impl Into<Vec<Reply>>) -> Self {
        let replies = replies.into();
        Self::start(move |received| replies[received.number.min(replies.len() - 1)].clone()).await
    }

    /// Starts an endpoint that closes every connection when it is made.
    pub async fn closing_at_once() -> Self {
        Self::with(Manner::ClosesAtOnce, |_| Reply::Close).await
    }

    /// Starts an endpoint that promises to keep connections, answers the first request of each,
    /// and breaks it off when the next one begins to come.
    pub async fn dropping_kept_connections() -> Self {
        Self::with(Manner::DropsKept, |_| Reply::status(200)).await
    }

    async fn with(
        manner: Manner,
        behaviour: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, received) = watch::channel(Vec::new());
        let (count, accepted) = watch::channel(0);
        let desk = Desk { behaviour: Box::new(behaviour), manner, received: sender };
        let at_work = tokio::spawn(accept(listener, Arc::new(desk), count));
        Self { address, received, accepted, at_work }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything received until now, in the order of arrival.
    pub fn received(&self) -> Vec<Arc<Received>> {
        self.received.borrow().clone()
    }

    /// How many connections were made until now.
    pub fn connections(&self) -> usize {
        *self.accepted.borrow()
    }

    /// Waits until so many requests have come, and returns all that have.
    ///
    /// # Panics
    /// Where they do not come before the deadline.
    pub async fn wait_for(&self, count: usize) -> Vec<Arc<Received>> {
        self.wait_until(&format!("{count} requests"), |received| received.len() >= count).await
    }

    /// Waits until what was received is as `holds` says, and returns all of it.
    ///
    /// # Panics
    /// With `what` where it does not come true before the deadline.
    pub async fn wait_until(
        &self,
        what: &str,
        holds: impl Fn(&[Arc<Received>]) -> bool,
    ) -> Vec<Arc<Received>> {
        let mut received = self.received.clone();
        let what = format!("{what} at {}", self.address);
        let waiting = async { received.wait_for(|all| holds(all)).await.map(|all| all.clone()) };
        within(&what, waiting).await.expect("the endpoint works")
    }

    /// Waits until so many connections were made.
    ///
    /// # Panics
    /// Where they are not made before the deadline.
    pub async fn wait_for_connections(&self, count: usize) {
        let mut accepted = self.accepted.clone();
        let what = format!("{count} connections at {}", self.address);
        let waited = within(&what, accepted.wait_for(|own| *own >= count)).await.is_ok();
        assert!(waited, "the endpoint works");
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // With it go all connections.
        self.at_work.abort();
    }
}

impl Received {
    /// The value of a header, the first one of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::find(&self.headers, name)
    }

    /// The body as text.
    ///
    /// # Panics
    /// Where it is no UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// A member of the body, as text; empty where there is none.
    ///
    /// # Panics
    /// Where the body is not JSON.
    pub fn member(&self, name: &str) -> String {
        let event: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        event[name].as_str().unwrap_or_default().to_owned()
    }

    /// The event's `messageId`; empty where there is none.
    ///
    /// # Panics
    /// Where the body is not JSON.
    pub fn id(&self) -> String {
        self.member("messageId")
    }
}

impl Reply {
    /// An answer with this status.
    pub fn status(status: u16) -> Self {
        Self::Answer(Answer::of_status(status))
    }

    /// The same when the gate is open.
    #[must_use]
    pub fn after(self, gate: &Gate) -> Self {
        Self::After(gate.clone(), Box::new(self))
    }
}

impl Gate {
    /// A closed gate.
    pub fn closed() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn opened(&self) {
        // The sender is in this very value, so it cannot be gone.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Refusing {
    /// Takes a port and listens to nobody.
    ///
    /// # Panics
    /// Where there is no port.
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        Self { socket }
    }

    /// The URL of a path of it.
    ///
    /// # Panics
    /// Never: the socket is bound.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.socket.local_addr().expect("an address"))
    }
}

impl Default for Refusing {
    fn default() -> Self {
        Self::new()
    }
}

async fn accept(listener: TcpListener, desk: Arc<Desk>, count: watch::Sender<usize>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let connection = *count.borrow();
                count.send_modify(|count| *count += 1);
                if desk.manner != Manner::ClosesAtOnce {
                    connections.spawn(serve(stream, connection, desk.clone()));
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Serves one connection; a broken one just ends.
async fn serve(stream: TcpStream, connection: usize, desk: Arc<Desk>) {
    let mut wire = Wire::new(stream);
    for nth in 0.. {
        if nth > 0 && desk.manner == Manner::DropsKept {
            // Unread bytes make the system answer with a reset.
            let _ = wire.has_more().await;
            return;
        }
        let Ok(Some(received)) = receive(&mut wire, (connection, nth), &desk).await else { return };
        let mut reply = (desk.behaviour)(&received);
        while let Reply::After(gate, then) = reply {
            gate.opened().await;
            reply = *then;
        }
        match carry_out(&mut wire, reply).await {
            Ok(true) => {}
            _ => return,
        }
    }
}

/// Reads a request and puts it on record.
async fn receive(
    wire: &mut Wire,
    (connection, nth): (usize, usize),
    desk: &Desk,
) -> std::io::Result<Option<Arc<Received>>> {
    let Some(head) = wire.head().await? else { return Ok(None) };
    let body = wire.body(&head, Unsaid::NoBody).await?;
    let [method, target, _] = head.first;
    let headers = head.headers;
    let at = Instant::now();
    let mut received = Received { number: 0, connection, nth, at, method, target, headers, body };
    let mut recorded = None;
    desk.received.send_modify(|all| {
        received.number = all.len();
        let received = Arc::new(received);
        all.push(received.clone());
        recorded = Some(received);
    });
    Ok(recorded)
}

/// Does as told; true where the connection is kept.
async fn carry_out(wire: &mut Wire, reply: Reply) -> std::io::Result<bool> {
    match reply {
        Reply::Answer(answer) => wire.write(&answer.to_bytes()).await.map(|()| true),
        Reply::Never | Reply::After(..) => std::future::pending().await,
        Reply::Close => Ok(false),
        Reply::Reset => wire.stream().set_zero_linger().map(|()| false),
        Reply::EndlessBody(status) => {
            let head = Answer::of_status(status).head();
            wire.write(&[&head[..], b"content-length: 1000000000000\r\n\r\n"].concat()).await?;
            loop {
                wire.write(&[b'x'; 1 << 12]).await?;
            }
        }
        Reply::Drip(status, pause) => {
            let head = Answer::of_status(status).head();
            wire.write(&[&head[..], b"content-length: 1000000\r\n\r\n"].concat()).await?;
            let mut pace = tokio::time::interval(pause);
            loop {
                pace.tick().await;
                wire.write(b"x").await?;
            }
        }
        Reply::HugeHead(status, bytes) => {
            let answer = Answer::of_status(status).header("x-huge", &"x".repeat(bytes));
            wire.write(&answer.to_bytes()).await.map(|()| true)
        }
        Reply::Endless(first, others) => {
            wire.write(&first).await?;
            loop {
                wire.write(&others).await?;
            }
        }
        Reply::Raw(bytes) => {
            wire.write(&bytes).await?;
            wire.stream().shutdown().await.map(|()| false)
        }
    }
}
