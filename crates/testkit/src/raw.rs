//! Endpoints that do with each connection what a test likes, in TLS or not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::wait::within;
use crate::wire::{Unsaid, Wire};

/// An endpoint at work until it is dropped.
#[derive(Debug)]
pub struct RawEndpoint {
    address: SocketAddr,
    accepted: watch::Receiver<usize>,
    served: watch::Receiver<usize>,
    at_work: JoinHandle<()>,
}

/// What counts requests that were answered.
#[derive(Clone, Debug)]
pub struct Tally(Arc<watch::Sender<usize>>);

impl RawEndpoint {
    /// Starts an endpoint on the loopback that serves each connection, with its number from 0.
    ///
    /// # Panics
    /// Where there is no port.
    pub async fn start<F, S>(serve: F) -> Self
    where
        F: Fn(TcpStream, usize, Tally) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        Self::at(IpAddr::from(Ipv4Addr::LOCALHOST), serve).await
    }

    /// The same at another address.
    ///
    /// # Panics
    /// Where there is no such address.
    pub async fn at<F, S>(address: IpAddr, serve: F) -> Self
    where
        F: Fn(TcpStream, usize, Tally) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((address, 0)).await.expect("a port");
        Self::on(listener, serve)
    }

    /// The same on a listener.
    ///
    /// # Panics
    /// Never: the listener is bound.
    pub fn on<F, S>(listener: TcpListener, serve: F) -> Self
    where
        F: Fn(TcpStream, usize, Tally) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().expect("an address");
        let (count, accepted) = watch::channel(0);
        let (tally, served) = watch::channel(0);
        let tally = Tally(Arc::new(tally));
        let at_work = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        let number = *count.borrow();
                        count.send_modify(|count| *count += 1);
                        connections.spawn(serve(stream, number, tally.clone()));
                    }
                    Some(_) = connections.join_next(), if !connections.is_empty() => {}
                }
            }
        });
        Self { address, accepted, served, at_work }
    }

    /// Starts an endpoint that answers 200 to every request within TLS.
    ///
    /// # Panics
    /// Where there is no port.
    pub async fn secure(config: Arc<ServerConfig>) -> Self {
        Self::start(move |stream, _, tally| {
            let config = config.clone();
            async move {
                let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
                // A connection that breaks just ends.
                let _ = answer_all(stream, &tally).await;
            }
        })
        .await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were made until now.
    pub fn connections(&self) -> usize {
        *self.accepted.borrow()
    }

    /// How many requests were answered until now.
    pub fn served(&self) -> usize {
        *self.served.borrow()
    }

    /// Waits until so many requests were answered.
    ///
    /// # Panics
    /// Where they are not before the deadline.
    pub async fn wait_for(&self, count: usize) {
        let mut served = self.served.clone();
        let waited = within("answered requests", served.wait_for(|own| *own >= count)).await;
        assert!(waited.is_ok(), "the endpoint works");
    }
}

impl Drop for RawEndpoint {
    fn drop(&mut self) {
        // With it go all connections.
        self.at_work.abort();
    }
}

impl Tally {
    /// One more request was answered.
    pub fn add(&self) {
        self.0.send_modify(|count| *count += 1);
    }
}

async fn answer_all(stream: TlsStream<TcpStream>, tally: &Tally) -> std::io::Result<()> {
    let mut wire = Wire::over(stream);
    while let Some(head) = wire.head().await? {
        wire.body(&head, Unsaid::NoBody).await?;
        wire.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await?;
        tally.add();
    }
    Ok(())
}

/// An address at which connections are neither made nor refused, as long as this lives.
#[derive(Debug)]
pub struct Stalling {
    listener: TcpListener,
    _fill: Vec<TcpStream>,
}

impl Stalling {
    /// Takes a port of this address, and fills the line before it.
    ///
    /// # Panics
    /// Where there is no port.
    pub async fn at(address: SocketAddr) -> Self {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.expect("a socket");
        socket.bind(address).expect("a port");
        let listener = socket.listen(0).expect("a listener");
        let own = listener.local_addr().expect("an address");
        let mut fill = Vec::new();
        // The kernel takes one more than it was told; then it is silent.
        for _ in 0..2 {
            let connecting = TcpStream::connect(own);
            let patience = std::time::Duration::from_millis(200);
            if let Ok(Ok(stream)) = tokio::time::timeout(patience, connecting).await {
                fill.push(stream);
            }
        }
        Self { listener, _fill: fill }
    }

    /// Where it is.
    ///
    /// # Panics
    /// Never: it is bound.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("an address")
    }
}
