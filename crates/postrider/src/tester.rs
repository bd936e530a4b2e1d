//! The tester: makes single requests whose answers somebody waits for, beside all deliveries.
//!
//! In come an event and settings, out comes what was sent and answered. Senders stay on the thread
//! they were made on, so requests come to it by a bounded channel.

use bytes::Bytes;
use domain::destination::webhook::{AttemptStamp, Occasion, WebhookSettings};
use domain::destination::{Destination, DestinationSettings};
use domain::id::DestinationId;
use domain::limits;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot};

use crate::clock::{self, Stopwatch};
use crate::send::{Outlet, Sender, Sent};
use crate::shutdown::Shutdown;

/// What is to be sent, and where to.
#[derive(Debug)]
pub struct TestOrder {
    /// The stored event.
    pub payload: Bytes,
    /// The settings of a destination for this request alone; they have been checked.
    pub settings: WebhookSettings,
}

/// What came of it, and how many microseconds it took.
type Tested = (Sent, u32);

/// Hands orders over; cheap to clone.
#[derive(Clone)]
pub struct Tester(mpsc::Sender<(TestOrder, oneshot::Sender<Tested>)>);

/// Carries orders out.
pub struct Bench(mpsc::Receiver<(TestOrder, oneshot::Sender<Tested>)>);

/// A tester, and the bench that has to run for it.
pub fn tester() -> (Tester, Bench) {
    let (orders, taken) = mpsc::channel(limits::TEST_REQUESTS_MAX);
    (Tester(orders), Bench(taken))
}

impl Tester {
    /// Sends an event; none where too many are being sent, or the server ends.
    ///
    /// # Cancellation
    /// The request may be made all the same.
    pub async fn send(&self, order: TestOrder) -> Option<Tested> {
        let (reply, tested) = oneshot::channel();
        self.0.try_send((order, reply)).ok()?;
        tested.await.ok()
    }
}

impl Bench {
    /// Carries out what is ordered, some at a time, until the server ends.
    pub async fn run(mut self, outlet: Outlet, mut shutdown: Shutdown) {
        let outlet = Rc::new(outlet);
        let mut working = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((order, reply)) = self.0.recv(), if working.len() < limits::TEST_REQUESTS_MAX => {
                    let outlet = outlet.clone();
                    working.push(async move {
                        // Whoever does not wait any more does not want the answer.
                        if let Some(tested) = test(order, outlet).await {
                            let _ = reply.send(tested);
                        }
                    });
                }
                Some(()) = working.next(), if !working.is_empty() => {}
                () = shutdown.draining() => return,
            }
        }
    }
}

async fn test(order: TestOrder, outlet: Rc<Outlet>) -> Option<Tested> {
    let settings = DestinationSettings::Webhook(order.settings);
    let destination = Destination::new(DestinationId::new("test"), "test", settings);
    let sender = Sender::new(&destination, outlet).ok()?;
    let occasion = Occasion::Test;
    let stamp = AttemptStamp { number: 1, at: clock::now(), occasion, span: None };
    let start = Stopwatch::start();
    let sent = sender.send(&order.payload, stamp).await;
    Some((sent, start.micros()))
}
