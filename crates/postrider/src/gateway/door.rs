//! The door of one gateway thread: accepts connections and serves them until the server ends.

use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use domain::limits;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Needs;
use super::crowd::Crowd;
use super::identity::Identity;
use super::pace::Paces;
use super::rudder::Rudder;
use super::visit::{self, Visit};
use crate::clock;
use crate::live::Gauges;
use crate::shutdown::Shutdown;

/// A listener and what stands behind it.
pub struct Door {
    listener: TcpListener,
    rudder: Rc<Rudder>,
    guests: Guests,
}

/// The connections of one thread, and what decides about new ones.
struct Guests {
    paces: Rc<Paces>,
    crowd: Arc<Crowd>,
    identity: Option<Arc<Identity>>,
    connections_max: usize,
    gauges: Arc<Gauges>,
    full: Warning,
    failing: Warning,
}

/// When something was said that is not said all the time.
#[derive(Default)]
struct Warning(Cell<Option<Instant>>);

impl Door {
    /// A door at a listener that several threads may share.
    pub fn new(listener: TcpListener, needs: Needs) -> Self {
        let settings = &needs.settings;
        let guests = Guests {
            paces: Rc::new(Paces::new(settings.header_timeout, settings.idle_timeout)),
            crowd: needs.crowd.clone(),
            identity: needs.identity.clone(),
            connections_max: settings.connections_max,
            gauges: needs.gauges.clone(),
            full: Warning::default(),
            failing: Warning::default(),
        };
        Self { listener, rudder: Rc::new(Rudder::new(needs)), guests }
    }

    /// Serves until the server ends, and then as long as requests are under way, within the time
    /// that the end has.
    ///
    /// # Cancellation
    /// Connections are closed; what they stored stays stored.
    pub async fn serve(self, mut shutdown: Shutdown) {
        let Self { listener, rudder, guests } = self;
        let mut connections = JoinSet::new();
        let mut desk = pin!(rudder.desk().run());
        let mut watch = pin!(guests.paces.watch());
        let mut resting = None;
        loop {
            tokio::select! {
                () = &mut desk => {}
                () = &mut watch => {}
                accepted = listener.accept(), if resting.is_none() => match accepted {
                    Ok((stream, peer)) => if let Some(visit) = guests.receive(stream, peer) {
                        let served = visit::serve(visit, rudder.clone(), shutdown.clone());
                        connections.spawn_local(served);
                    },
                    Err(error) => {
                        guests.fail(&error);
                        resting = Some(clock::rest(limits::ACCEPT_REST));
                    }
                },
                () = clock::rested(&mut resting) => resting = None,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                () = shutdown.closing() => break,
            }
        }
        drop(listener);
        let rest = async { while connections.join_next().await.is_some() {} };
        tokio::select! {
            () = &mut desk => {}
            () = &mut watch => {}
            () = guests.paces.leave() => {}
            () = rest => {}
            () = shutdown.overdue(rudder.settings().grace) => {
                tracing::warn!("requests did not end in time");
            }
            () = shutdown.ending_now() => {}
        }
    }
}

impl Guests {
    /// Takes in a connection; none where there is no room, and it is closed.
    fn receive(&self, stream: TcpStream, peer: SocketAddr) -> Option<Visit> {
        let guest = self.crowd.enter(peer.ip());
        let is_full = self.paces.count() >= self.connections_max;
        // The longest silences make room; those who are busy do not.
        if guest.is_none() || (is_full && self.shed() == 0) {
            self.turn_away(1);
            return None;
        }
        let tls = self.identity.as_ref().map(|identity| identity.current());
        Some(Visit { stream, peer, place: self.paces.enter(), guest: guest?, tls })
    }

    /// No connection could be accepted, mostly for want of file descriptors.
    fn fail(&self, error: &std::io::Error) {
        self.failing.say(|| tracing::warn!(%error, "connections cannot be accepted"));
        self.shed();
    }

    /// Closes the longest silences; answers how many.
    fn shed(&self) -> usize {
        let count = self.paces.shed(limits::SHED_CONNECTIONS);
        if count > 0 {
            self.turn_away(count);
        }
        count
    }

    fn turn_away(&self, count: usize) {
        self.full.say(|| tracing::warn!("connections are closed for want of room"));
        self.gauges.turned_away.fetch_add(count as u64, Relaxed);
    }
}

impl Warning {
    /// Says it, unless it was said a moment ago.
    fn say(&self, warn: impl FnOnce()) {
        if self.0.get().is_none_or(|last| last.elapsed() > limits::ACCEPT_WARN_INTERVAL) {
            self.0.set(Some(Instant::now()));
            warn();
        }
    }
}
