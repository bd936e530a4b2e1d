//! The tester: makes single requests whose answers somebody waits for, beside all deliveries, or only
//! shows them.
//!
//! In come an event and settings, out comes what was sent and answered. A request is made as that of a
//! delivery is, by the same senders; nothing of it is stored, counted or tried again. Senders stay on
//! the thread they were made on, so requests come to it by a bounded channel.

use bytes::Bytes;
use domain::delivery::{Outcome, Trace};
use domain::destination::webhook::{AttemptStamp, Occasion, WebhookSettings};
use domain::destination::{Destination, DestinationSettings};
use domain::id::DestinationId;
use domain::limits;
use domain::reason::Reason;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot};

use crate::clock::{self, Stopwatch};
use crate::send::{Begun, Outlet, OutletSettings, Sender, Sent, ShownRequest};
use crate::shutdown::Shutdown;

/// An event, and where it goes.
#[derive(Debug)]
pub struct TestOrder {
    /// The event as it is stored, or would be.
    pub payload: Bytes,
    /// The settings of a destination for this request alone; they have been checked.
    pub settings: WebhookSettings,
}

/// What came of a request.
pub struct Tested {
    /// The request; none where there can be none.
    pub request: Option<ShownRequest>,
    /// What was answered.
    pub sent: Sent,
    /// How many microseconds it took.
    pub duration_us: u32,
}

/// A request, or what an attempt comes to where there can be none.
pub type Shown = Result<ShownRequest, Outcome>;

/// What a request is made for.
enum Purpose {
    /// Send it now, for a test.
    Send(oneshot::Sender<Tested>),
    /// Show the request of such an attempt.
    Show(AttemptStamp, oneshot::Sender<Shown>),
}

/// Hands orders over; cheap to clone.
#[derive(Clone)]
pub struct Tester(mpsc::Sender<(TestOrder, Purpose)>);

/// Carries orders out.
pub struct Bench(mpsc::Receiver<(TestOrder, Purpose)>);

/// A tester, and the bench that has to run for it.
pub fn tester() -> (Tester, Bench) {
    let (orders, taken) = mpsc::channel(limits::TEST_REQUESTS_MAX);
    (Tester(orders), Bench(taken))
}

/// An outlet for the bench: somebody waits for each answer, so none is waited for long.
///
/// # Errors
/// Where TLS cannot be set up.
pub fn outlet(settings: OutletSettings) -> Result<Outlet, String> {
    let timeout = settings.timeout.min(limits::TEST_TIME_MAX);
    Outlet::new(OutletSettings { timeout, ..settings })
}

impl Tester {
    /// Sends an event; none where too many are being sent, or the server ends.
    ///
    /// # Cancellation
    /// The request may be made all the same.
    pub async fn send(&self, order: TestOrder) -> Option<Tested> {
        let (reply, tested) = oneshot::channel();
        self.0.try_send((order, Purpose::Send(reply))).ok()?;
        tested.await.ok()
    }

    /// Shows the request of an attempt, and makes none; none where too many are being sent, or the
    /// server ends.
    ///
    /// # Cancellation
    /// Nothing is left of it.
    pub async fn show(&self, order: TestOrder, stamp: AttemptStamp) -> Option<Shown> {
        let (reply, shown) = oneshot::channel();
        self.0.try_send((order, Purpose::Show(stamp, reply))).ok()?;
        shown.await.ok()
    }
}

impl Bench {
    /// Carries out what is ordered, some at a time, until the server ends.
    pub async fn run(mut self, outlet: Outlet, mut shutdown: Shutdown) {
        let outlet = Rc::new(outlet);
        let mut working = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((order, purpose)) = self.0.recv(), if working.len() < limits::TEST_REQUESTS_MAX => {
                    working.push(carry_out(order, purpose, outlet.clone()));
                }
                Some(()) = working.next(), if !working.is_empty() => {}
                () = shutdown.draining() => return,
            }
        }
    }
}

/// Whoever does not wait any more does not want the answer.
async fn carry_out(order: TestOrder, purpose: Purpose, outlet: Rc<Outlet>) {
    let TestOrder { payload, settings } = order;
    let sender = sender(settings, outlet);
    match purpose {
        Purpose::Show(stamp, reply) => {
            let _ = reply.send(sender.and_then(|sender| sender.show(&payload, stamp)));
        }
        Purpose::Send(reply) => {
            let tested = match sender {
                Ok(sender) => send(&sender, &payload).await,
                Err(outcome) => unsent(outcome),
            };
            let _ = reply.send(tested);
        }
    }
}

fn sender(settings: WebhookSettings, outlet: Rc<Outlet>) -> Result<Sender, Outcome> {
    let settings = DestinationSettings::Webhook(settings);
    let destination = Destination::new(DestinationId::new("test"), "test", settings);
    let unusable = |why| Outcome::permanent(Reason::BadRequest, why);
    Sender::new(&destination, outlet).map_err(unusable)
}

async fn send(sender: &Sender, payload: &Bytes) -> Tested {
    let occasion = Occasion::Test;
    let stamp = AttemptStamp { number: 1, at: clock::now(), occasion, span: None };
    let request = sender.show(payload, stamp).ok();
    let start = Stopwatch::start();
    let sent = sender.send(payload, stamp).await;
    Tested { request, sent, duration_us: start.micros() }
}

fn unsent(outcome: Outcome) -> Tested {
    let (trace, begun) = (Trace::default(), Begun::default());
    Tested { request: None, sent: Sent { outcome, trace, begun }, duration_us: 0 }
}
