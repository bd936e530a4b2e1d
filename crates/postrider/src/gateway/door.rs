//! The door of one gateway thread: accepts connections and serves them until the server ends.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;

use domain::limits;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Needs;
use super::rudder::Rudder;
use crate::shutdown::Shutdown;

/// A listener and what stands behind it.
pub struct Door {
    listener: TcpListener,
    rudder: Rc<Rudder>,
}

impl Door {
    /// A door at a listener that several threads may share.
    pub fn new(listener: TcpListener, needs: Needs) -> Self {
        Self { listener, rudder: Rc::new(Rudder::new(needs)) }
    }

    /// Serves until the server ends, and then as long as requests are under way, within `grace`.
    ///
    /// # Cancellation
    /// Connections are closed; what they stored stays stored.
    pub async fn serve(self, mut shutdown: Shutdown) {
        let mut connections = JoinSet::new();
        let grace = self.rudder.settings().grace;
        let rudder = self.rudder.clone();
        let mut desk = pin!(rudder.desk().run());
        loop {
            tokio::select! {
                () = &mut desk => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let serving = serve(stream, peer, self.rudder.clone(), shutdown.clone());
                        connections.spawn_local(serving);
                    }
                    Err(error) => self.rest(&error).await,
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                () = shutdown.draining() => break,
            }
        }
        drop(self.listener);
        let rest = async { while connections.join_next().await.is_some() {} };
        tokio::select! {
            () = &mut desk => {}
            () = rest => {}
            () = tokio::time::sleep(grace) => tracing::warn!("requests did not end in time"),
            () = shutdown.ending_now() => {}
        }
    }

    /// After a failed accept, mostly for want of file descriptors: waits for some to be freed.
    async fn rest(&self, error: &std::io::Error) {
        tracing::warn!(%error, "cannot accept a connection");
        tokio::time::sleep(limits::ACCEPT_REST).await;
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, rudder: Rc<Rudder>, mut shutdown: Shutdown) {
    // Answers are small and must not wait for acknowledgements; failing costs only time.
    let _ = stream.set_nodelay(true);
    let header_timeout = rudder.settings().header_timeout;
    let service = service_fn(move |request| {
        let rudder = rudder.clone();
        async move { Ok::<_, Infallible>(rudder.answer(request, peer.ip()).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(limits::REQUEST_HEAD_BYTES_MAX)
        .pipeline_flush(true);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.draining() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
