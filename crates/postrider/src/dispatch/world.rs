//! What a dispatcher asks of the world: the time of day, chance, and somebody who makes requests.
//!
//! A server asks the machine. Whoever passes another world sees days go by in a moment, and the same
//! days again.

use std::future::Future;
use std::rc::Rc;

use bytes::Bytes;
use domain::destination::Destination;
use domain::destination::webhook::AttemptStamp;
use domain::time::Timestamp;

use crate::clock;
use crate::send::{Outlet, Sender, Sent};

/// The world as a dispatcher sees it.
pub trait World: 'static {
    /// Who makes the requests of one destination.
    type Sender: Sends;

    /// The time of day.
    fn now(&self) -> Timestamp;

    /// A random number from 0 to 1.
    fn jitter(&self) -> f64;

    /// Somebody who makes requests by these settings.
    ///
    /// # Errors
    /// Why the settings cannot be used.
    fn sender(&self, destination: &Destination) -> Result<Self::Sender, String>;
}

/// Makes the requests of one destination.
pub trait Sends: 'static {
    /// Makes one attempt.
    ///
    /// # Cancellation
    /// The endpoint may have taken the event.
    fn send(&self, payload: &Bytes, stamp: AttemptStamp) -> impl Future<Output = Sent>;
}

/// The machine and its network.
pub struct Outside(Rc<Outlet>);

impl Outside {
    /// The world outside, which requests reach by this outlet.
    pub fn new(outlet: Rc<Outlet>) -> Self {
        Self(outlet)
    }
}

impl World for Outside {
    type Sender = Sender;

    fn now(&self) -> Timestamp {
        clock::now()
    }

    fn jitter(&self) -> f64 {
        clock::jitter()
    }

    fn sender(&self, destination: &Destination) -> Result<Sender, String> {
        Sender::new(destination, self.0.clone())
    }
}

impl Sends for Sender {
    fn send(&self, payload: &Bytes, stamp: AttemptStamp) -> impl Future<Output = Sent> {
        Self::send(self, payload, stamp)
    }
}
