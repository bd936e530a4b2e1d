//! The door of one gateway thread: accepts connections and serves them until the server ends.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use domain::limits;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Needs;
use super::pace::{Paced, Paces, Place};
use super::rudder::Rudder;
use crate::clock;
use crate::shutdown::Shutdown;

/// A listener and what stands behind it.
pub struct Door {
    listener: TcpListener,
    rudder: Rc<Rudder>,
    paces: Rc<Paces>,
}

/// A connection that has come in.
struct Visit {
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
}

impl Door {
    /// A door at a listener that several threads may share.
    pub fn new(listener: TcpListener, needs: Needs) -> Self {
        let paces = Paces::new(needs.settings.header_timeout, needs.settings.idle_timeout);
        Self { listener, rudder: Rc::new(Rudder::new(needs)), paces: Rc::new(paces) }
    }

    /// Serves until the server ends, and then as long as requests are under way, within `grace`.
    ///
    /// # Cancellation
    /// Connections are closed; what they stored stays stored.
    pub async fn serve(self, mut shutdown: Shutdown) {
        let Self { listener, rudder, paces } = self;
        let mut connections = JoinSet::new();
        let mut desk = pin!(rudder.desk().run());
        let mut watch = pin!(paces.watch());
        let mut resting = None;
        let mut warned = None;
        loop {
            tokio::select! {
                () = &mut desk => {}
                () = &mut watch => {}
                accepted = listener.accept(), if resting.is_none() => match accepted {
                    Ok((stream, peer)) => {
                        if paces.count() >= rudder.settings().connections_max {
                            paces.shed(limits::SHED_CONNECTIONS);
                        }
                        let visit = Visit { stream, peer, place: paces.enter() };
                        connections.spawn_local(serve(visit, rudder.clone(), shutdown.clone()));
                    }
                    // Mostly for want of file descriptors: the longest silences make room.
                    Err(error) => {
                        warn_of(&error, &mut warned);
                        paces.shed(limits::SHED_CONNECTIONS);
                        resting = Some(clock::rest(limits::ACCEPT_REST));
                    }
                },
                () = clock::rested(&mut resting) => resting = None,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                () = shutdown.draining() => break,
            }
        }
        drop(listener);
        let rest = async { while connections.join_next().await.is_some() {} };
        tokio::select! {
            () = &mut desk => {}
            () = &mut watch => {}
            () = rest => {}
            () = tokio::time::sleep(rudder.settings().grace) => {
                tracing::warn!("requests did not end in time");
            }
            () = shutdown.ending_now() => {}
        }
    }
}

/// Says once in a while that connections cannot be accepted.
fn warn_of(error: &std::io::Error, warned: &mut Option<Instant>) {
    if warned.is_none_or(|last| last.elapsed() > limits::ACCEPT_WARN_INTERVAL) {
        *warned = Some(Instant::now());
        tracing::warn!(%error, "cannot accept connections; the longest silent ones are closed");
    }
}

async fn serve(visit: Visit, rudder: Rc<Rudder>, mut shutdown: Shutdown) {
    let Visit { stream, peer, place } = visit;
    // Answers are small and must not wait for acknowledgements; failing costs only time.
    let _ = stream.set_nodelay(true);
    let pace = place.pace();
    let service = service_fn(|request| {
        let (rudder, pace) = (rudder.clone(), pace.clone());
        async move {
            pace.busy();
            let answer = rudder.answer(request, peer.ip()).await;
            pace.idle();
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    // The pace takes the place of hyper's own timer, which does not tell a head from a silence.
    builder.header_read_timeout(None).max_buf_size(limits::REQUEST_HEAD_BYTES_MAX);
    let stream = TokioIo::new(Paced::new(stream, pace.clone()));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = pace.overdue() => return,
        () = shutdown.draining() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = pace.overdue() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
