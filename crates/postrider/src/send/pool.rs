//! The kept connections to one origin.
//!
//! A connection is lent to one attempt at a time and put back when its answer was read to the end;
//! whatever is odd about one drops it. How many there are follows from how many attempts run.

use std::cell::RefCell;

use bytes::Bytes;
use domain::limits;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use super::connect::{Stream, connect};
use super::failure::Failure;
use super::outlet::{Origin, Outlet};

/// The kept connections of one destination to one origin.
pub struct Pool {
    origin: Origin,
    idle: RefCell<Vec<SendRequest<Full<Bytes>>>>,
    /// What moves the bytes of each connection; ends with the pool.
    drivers: RefCell<JoinSet<()>>,
}

/// A connection lent to one attempt.
pub struct Lease(SendRequest<Full<Bytes>>);

impl Pool {
    /// A pool without connections.
    pub fn new(origin: Origin) -> Self {
        Self { origin, idle: RefCell::default(), drivers: RefCell::default() }
    }

    /// Where its connections lead.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// A kept connection that still looks open; the one used last, so that spare ones age out.
    pub fn idle(&self) -> Option<Lease> {
        let mut idle = self.idle.borrow_mut();
        while let Some(connection) = idle.pop() {
            if connection.is_ready() {
                return Some(Lease(connection));
            }
        }
        None
    }

    /// A new connection.
    pub async fn connect(&self, outlet: &Outlet) -> Result<Lease, Failure> {
        match connect(outlet, &self.origin).await? {
            Stream::Plain(stream) => self.handshake(TokioIo::new(stream)).await,
            Stream::Tls(stream) => self.handshake(TokioIo::new(*stream)).await,
        }
    }

    /// Keeps a connection for the next attempt.
    pub fn put_back(&self, lease: Lease) {
        if !lease.0.is_closed() {
            self.idle.borrow_mut().push(lease.0);
        }
    }

    async fn handshake<S>(&self, stream: S) -> Result<Lease, Failure>
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + 'static,
    {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(limits::ANSWER_HEAD_BYTES_MAX);
        let (connection, driver) =
            builder.handshake(stream).await.map_err(|error| Failure::exchange(&error))?;
        let mut drivers = self.drivers.borrow_mut();
        while drivers.try_join_next().is_some() {}
        drivers.spawn_local(async move {
            // Every request learns of its own failure; the driver's end has nothing to add.
            let _ = driver.await;
        });
        Ok(Lease(connection))
    }
}

impl Lease {
    /// Sends the request and waits for the head of the answer.
    ///
    /// Where the connection turns out closed before anything was sent, the request is left in
    /// place.
    pub async fn send(
        &mut self,
        request: &mut Option<Request<Full<Bytes>>>,
    ) -> Result<Response<Incoming>, Failure> {
        let ready = self.0.ready().await;
        ready.map_err(|error| Failure::exchange(&error))?;
        let Some(taken) = request.take() else { return Err(Failure::nothing_to_send()) };
        self.0.try_send_request(taken).await.map_err(|mut failed| {
            *request = failed.take_message();
            Failure::exchange(failed.error())
        })
    }
}
