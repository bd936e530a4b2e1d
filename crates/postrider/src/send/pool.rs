//! The connections of one destination to one origin.
//!
//! In come requests that want a connection; out goes one that was kept, or a new one. In HTTP/1.1
//! each attempt has one to itself; in HTTP/2 all share one. Which it is, the endpoint says when TLS
//! is agreed on: until then, and in HTTP/2, all who need a connection wait for the same one.
//! Unknown here: what is sent, and what an answer means.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Instant;

use domain::limits;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared, WeakShared};
use http::Response;
use http::uri::Authority;
use rustls::ClientConfig;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::answer::{Answer, Body};
use super::connect::{Stream, connect};
use super::excerpt::Excerpts;
use super::failure::Failure;
use super::http1::{Duplex, Line};
use super::http2::{self, Trunk};
use super::journey::{Journey, Way};
use super::letter::Letter;
use super::outlet::{Origin, Outlet};
use super::room::{Place, Room};

/// The connections of one destination to one origin.
pub struct Pool {
    origin: Origin,
    authority: Authority,
    outlet: Rc<Outlet>,
    tls: Arc<ClientConfig>,
    /// Connections of HTTP/1.1 that nobody uses, the one used last at the end.
    #[expect(
        clippy::vec_box,
        reason = "one moves in and out, and on to its attempt, for each request"
    )]
    idle: RefCell<Vec<Box<Line>>>,
    /// Those in use.
    lines: Rc<Room>,
    trunk: RefCell<Option<Trunk>>,
    protocol: Cell<Protocol>,
    /// The connection that all wait for.
    making: RefCell<Option<(WeakShared<Making>, Rc<Way>)>>,
    /// What moves the bytes of each connection of HTTP/2, takes leave of others, and looks through those
    /// that are kept; ends with the pool.
    drivers: RefCell<JoinSet<()>>,
    /// Whether somebody looks through the kept connections.
    is_watched: Cell<bool>,
    me: Weak<Self>,
    /// What people see of answers.
    pub excerpts: Excerpts,
}

/// What is spoken there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Protocol {
    Unknown,
    Http1,
    Http2,
}

/// A connection that was made.
enum Made {
    Line(Box<Line>),
    Trunk(Trunk),
}

/// A connection in the making. One of HTTP/1.1 is put among the idle ones.
type Making = LocalBoxFuture<'static, Result<Option<Trunk>, Failure>>;

/// A connection for one attempt.
pub enum Lease {
    /// Nobody else uses it.
    Line {
        /// The connection; boxed, as it is handed on several times for each attempt.
        line: Box<Line>,
        /// Its place among those in use.
        place: Place,
    },
    /// Others may use it as well.
    Trunk {
        /// The connection.
        trunk: Trunk,
        /// A stream of it; none before it is needed.
        stream: Option<Place>,
    },
}

impl Pool {
    /// A pool without connections.
    ///
    /// # Errors
    /// Where the origin cannot be named in a request.
    pub fn new(
        origin: Origin,
        tls: Arc<ClientConfig>,
        outlet: Rc<Outlet>,
        excerpts: Excerpts,
    ) -> Result<Rc<Self>, String> {
        let authority = origin.host_header();
        let authority = Authority::try_from(authority).map_err(|error| format!("host: {error}"))?;
        let protocol = if origin.is_https() { Protocol::Unknown } else { Protocol::Http1 };
        let pool = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            is_watched: Cell::default(),
            origin,
            authority,
            outlet,
            tls,
            idle: RefCell::default(),
            lines: Room::of(limits::ORIGIN_CONNECTIONS_MAX),
            trunk: RefCell::default(),
            protocol: Cell::new(protocol),
            making: RefCell::default(),
            drivers: RefCell::default(),
            excerpts,
        });
        pool.outlet.remember(&pool);
        Ok(pool)
    }

    /// Where its connections lead.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// A kept connection that looks fit, of several the one used last, so that spare ones age; or
    /// the place for a new one, where each attempt has one to itself.
    pub async fn kept(&self, now: Instant) -> Result<Lease, Option<Place>> {
        if let Some(trunk) = self.trunk(now) {
            return Ok(trunk.into());
        }
        if self.protocol.get() != Protocol::Http1 {
            return Err(None);
        }
        let place = self.lines.enter().await;
        self.line(now, place).map_err(Some)
    }

    /// A new connection, or one that somebody else was making.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancellation
    /// The others who wait for it go on.
    pub async fn made(
        self: &Rc<Self>,
        place: Option<Place>,
        journey: &Journey,
    ) -> Result<Lease, Failure> {
        let have_waited = self.protocol.get() != Protocol::Http1;
        if have_waited && let Some(trunk) = self.making(journey).await? {
            return Ok(trunk.into());
        }
        let mut place = match place {
            Some(place) => place,
            None => self.lines.enter().await,
        };
        if have_waited {
            // The one that all have waited for is the first one's.
            place = match self.line(Instant::now(), place) {
                Ok(lease) => return Ok(lease),
                Err(place) => place,
            };
        }
        let way = Rc::<Way>::default();
        journey.on(&way);
        // Boxed, as every attempt would carry the room for it, and few make a connection.
        match Box::pin(self.connect(&way)).await? {
            Made::Line(line) => Ok(Lease::Line { line, place }),
            Made::Trunk(trunk) => Ok(trunk.into()),
        }
    }

    /// Another connection than one that has just failed, or a shared one that goes on.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancellation
    /// As in [`Pool::made`].
    pub async fn another(self: &Rc<Self>, journey: &Journey) -> Result<Lease, Failure> {
        match self.trunk(Instant::now()) {
            Some(trunk) => Ok(trunk.into()),
            None => self.made(None, journey).await,
        }
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancellation
    /// The endpoint may have taken the request.
    pub async fn ask(
        &self,
        mut lease: Lease,
        letter: &Letter,
        journey: &Journey,
    ) -> Result<Answer, Failure> {
        if let Lease::Trunk { trunk, stream } = &mut lease {
            journey.queues();
            *stream = Some(trunk.stream().await?);
        }
        journey.asks(lease.remote(), Instant::now());
        let answer = match lease {
            Lease::Line { mut line, place } => {
                let asked = line.ask(letter).await;
                asked.map(|head| Answer { head, body: Body::Line(line, place) })
            }
            Lease::Trunk { ref trunk, .. } => {
                let asked = trunk.ask(letter, &self.authority).await;
                asked.map(|answer| {
                    let (parts, stream) = answer.into_parts();
                    let head = Response::from_parts(parts, ());
                    Answer { head, body: Body::Stream(stream, lease) }
                })
            }
        };
        let mut answer = answer.map_err(|failure| self.told(failure))?;
        let now = Instant::now();
        journey.answered(now);
        if let Body::Line(line, _) = &mut answer.body {
            line.used_at = now;
        }
        Ok(answer)
    }

    /// Keeps a connection for the next attempt, where it can be used again; takes leave of it where not.
    pub fn put_back(&self, line: Box<Line>) {
        if line.may_be_kept() && !self.outlet.is_crowded() {
            self.idle.borrow_mut().push(line);
            self.watch();
        } else {
            self.let_go(line);
        }
    }

    /// Closes connections that nobody uses.
    pub fn close_idle(&self) {
        self.idle.borrow_mut().drain(..).for_each(|line| self.let_go(line));
        let mut trunk = self.trunk.borrow_mut();
        if trunk.as_ref().is_some_and(Trunk::is_idle) {
            *trunk = None;
        }
    }

    /// Looks through the kept connections from time to time, for as long as there are any.
    fn watch(&self) {
        if self.is_watched.replace(true) {
            return;
        }
        let pool = self.me.clone();
        self.spawn(async move {
            loop {
                tokio::time::sleep(limits::KEPT_CONNECTION_LOOK_INTERVAL).await;
                let Some(pool) = pool.upgrade() else { return };
                if !pool.look_through(Instant::now()) {
                    return;
                }
            }
        });
    }

    /// Lets go of kept connections that are fit for nothing any more; whether others are left.
    fn look_through(&self, now: Instant) -> bool {
        let mut idle = self.idle.borrow_mut();
        idle.extract_if(.., |line| !line.is_fit(now)).for_each(|line| self.let_go(line));
        self.is_watched.set(!idle.is_empty());
        self.is_watched.get()
    }

    /// Takes leave of a connection.
    fn let_go(&self, line: Box<Line>) {
        self.spawn(line.close());
    }

    /// Does something beside the attempts, for no longer than the pool is there.
    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let mut drivers = self.drivers.borrow_mut();
        while drivers.try_join_next().is_some() {}
        drivers.spawn_local(task);
    }

    fn trunk(&self, now: Instant) -> Option<Trunk> {
        let mut trunk = self.trunk.borrow_mut();
        if trunk.as_ref().is_some_and(|trunk| !trunk.is_fit(now)) {
            *trunk = None;
        }
        trunk.clone()
    }

    /// A kept connection for a place, or the place.
    fn line(&self, now: Instant, place: Place) -> Result<Lease, Place> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut line) = idle.pop() {
            if line.is_fit(now) {
                return Ok(Lease::Line { line, place });
            }
            self.let_go(line);
        }
        Err(place)
    }

    /// Waits for the connection that all wait for; none where that became one of HTTP/1.1.
    async fn making(self: &Rc<Self>, journey: &Journey) -> Result<Option<Trunk>, Failure> {
        let (making, way) = self.joined();
        journey.on(&way);
        making.await
    }

    /// The connection in the making, begun where nobody does.
    fn joined(self: &Rc<Self>) -> (Shared<Making>, Rc<Way>) {
        let mut under_way = self.making.borrow_mut();
        if let Some((making, way)) = &*under_way
            && let Some(making) = making.upgrade()
            && making.peek().is_none()
        {
            return (making, way.clone());
        }
        let way = Rc::<Way>::default();
        let (pool, own) = (self.clone(), way.clone());
        let making = async move {
            match pool.connect(&own).await? {
                Made::Trunk(trunk) => Ok(Some(trunk)),
                Made::Line(line) => {
                    pool.idle.borrow_mut().push(line);
                    Ok(None)
                }
            }
        };
        let making = making.boxed_local().shared();
        *under_way = making.downgrade().map(|weak| (weak, way.clone()));
        (making, way)
    }

    /// Makes a connection, as soon as the thread has room for one.
    async fn connect(&self, way: &Way) -> Result<Made, Failure> {
        let place = self.outlet.room().await;
        let made = connect(&self.outlet, &self.origin, &self.tls, way).await;
        let (stream, remote) = made.map_err(|failure| self.told(failure))?;
        match stream {
            Stream::Plain(stream) => Ok(self.line_over(Box::new(stream), remote, place)),
            Stream::Tls(stream) => Ok(self.line_over(stream, remote, place)),
            Stream::Http2(stream) => {
                let (in_use, left) = oneshot::channel();
                let (trunk, driver) = http2::begin(*stream, remote, in_use).await?;
                self.drive(driver, left, place);
                self.protocol.set(Protocol::Http2);
                *self.trunk.borrow_mut() = Some(trunk.clone());
                Ok(Made::Trunk(trunk))
            }
        }
    }

    fn line_over(&self, stream: Box<dyn Duplex>, remote: SocketAddr, place: Place) -> Made {
        self.protocol.set(Protocol::Http1);
        Made::Line(Box::new(Line::new(stream, remote, place)))
    }

    /// Moves the bytes of a connection until it ends; then its place is free.
    fn drive(&self, driver: impl Future<Output = ()> + 'static, left: Left, place: Place) {
        self.spawn(async move {
            until_closed(driver, left).await;
            drop(place);
        });
    }

    fn told(&self, failure: Failure) -> Failure {
        let shows = self.tls.client_auth_cert_resolver.has_certs();
        if shows { failure.with_certificate_shown() } else { failure }
    }
}

/// Resolves when nobody uses a connection any more, nor keeps it.
pub type Left = oneshot::Receiver<()>;

/// Waits until a connection has ended. One that everybody has left takes leave of its endpoint, for a
/// while: who reads no more would keep it open for ever.
async fn until_closed(driver: impl Future<Output = ()>, left: Left) {
    let mut driver = pin!(driver);
    tokio::select! {
        () = &mut driver => return,
        _ = left => {}
    }
    let _ = tokio::time::timeout(limits::CLOSE_TIME_MAX, driver).await;
}

impl Lease {
    fn remote(&self) -> SocketAddr {
        match self {
            Self::Line { line, .. } => line.remote,
            Self::Trunk { trunk, .. } => trunk.remote,
        }
    }
}

impl From<Trunk> for Lease {
    fn from(trunk: Trunk) -> Self {
        Self::Trunk { trunk, stream: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_everybody_has_left_is_not_waited_for_for_ever() {
        let (in_use, left) = oneshot::channel();
        let mut closing = pin!(until_closed(std::future::pending(), left));
        assert!((&mut closing).now_or_never().is_none());
        tokio::time::advance(limits::CLOSE_TIME_MAX * 10).await;
        assert!((&mut closing).now_or_never().is_none(), "it is in use");
        drop(in_use);
        closing.await;
        let (_in_use, left) = oneshot::channel();
        until_closed(async {}, left).await;
    }
}
