//! The world of a life: its clock, its luck, and an endpoint that behaves as it pleases.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::delivery::{Outcome, Trace};
use domain::destination::Destination;
use domain::destination::webhook::AttemptStamp;
use domain::id::Seq;
use domain::reason::Reason;
use domain::time::Timestamp;
use tokio::time::Instant;

use super::dice::Dice;
use super::truth::Truth;
use crate::dispatch::world::{Sends, World};
use crate::send::{Begun, Sent};

/// The time of day at which every life begins.
const MORNING: Timestamp = Timestamp(1_700_000_000_000);

/// How the endpoint behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// It takes everything.
    Good,
    /// It takes some, and refuses, loses or forbids others.
    Moody,
    /// It takes nothing.
    Dead,
    /// It says that it is gone.
    Gone,
}

/// A world that is passed to a dispatcher.
#[derive(Clone)]
pub struct Simulated(Rc<Inner>);

struct Inner {
    began: Instant,
    /// How far the time of day has jumped, in milliseconds.
    jumped: Cell<i64>,
    manner: Cell<Manner>,
    dice: Dice,
    truth: Arc<Mutex<Truth>>,
}

/// Says that an attempt is over, also where nobody waits for it any more.
struct UnderWay(Arc<Mutex<Truth>>, Seq);

impl Simulated {
    /// A good world.
    pub fn new(dice: Dice, truth: Arc<Mutex<Truth>>) -> Self {
        let (jumped, manner) = (Cell::new(0), Cell::new(Manner::Good));
        Self(Rc::new(Inner { began: Instant::now(), jumped, manner, dice, truth }))
    }

    /// The endpoint behaves so from now on.
    pub fn behave(&self, manner: Manner) {
        self.0.manner.set(manner);
    }

    /// The time of day jumps.
    pub fn jump(&self, millis: i64) {
        self.0.jumped.set(self.0.jumped.get() + millis);
    }

    async fn answer(&self, seq: Seq) -> Outcome {
        let (dice, truth) = (&self.0.dice, &self.0.truth);
        let latency = Duration::from_millis(dice.pick(&[0, 1, 3, 20, 150, 2_000]));
        tokio::time::sleep(latency / 2).await;
        let status = self.status();
        let is_taken = matches!(status, Some(200)) || (status.is_none() && dice.percent(50));
        if is_taken {
            truth.lock().unwrap().takes(seq);
        }
        if status == Some(400) {
            truth.lock().unwrap().refuses(seq);
        }
        tokio::time::sleep(latency / 2).await;
        let Some(status) = status else {
            return Outcome::transient(Reason::Timeout, "no answer came".to_owned());
        };
        if status == 200 {
            truth.lock().unwrap().acknowledges(seq);
        }
        let wait = (status == 429).then(|| dice.pick(&["1", "30", "600"]));
        Outcome::of_answer(status, wait, None)
    }

    /// The status of the next answer; none where the answer is lost.
    fn status(&self) -> Option<u16> {
        match (self.0.manner.get(), self.0.dice.roll(10)) {
            (Manner::Good, _) | (Manner::Moody, 0..=5) => Some(200),
            (Manner::Moody, 6) => Some(400),
            (Manner::Moody, 7) => Some(429),
            (Manner::Moody, 8) => None,
            (Manner::Gone, _) => Some(410),
            (Manner::Moody | Manner::Dead, _) => Some(503),
        }
    }
}

impl World for Simulated {
    type Sender = Self;

    fn now(&self) -> Timestamp {
        let since = i64::try_from(self.0.began.elapsed().as_millis()).unwrap();
        Timestamp(MORNING.0 + since + self.0.jumped.get())
    }

    fn jitter(&self) -> f64 {
        self.0.dice.roll(1_001) as f64 / 1_000.0
    }

    fn sender(&self, _: &Destination) -> Result<Self, String> {
        Ok(self.clone())
    }
}

impl Sends for Simulated {
    async fn send(&self, payload: &Bytes, _: AttemptStamp) -> Sent {
        let seq = Seq(std::str::from_utf8(payload).unwrap().parse().unwrap());
        self.0.truth.lock().unwrap().begins(seq);
        let _under_way = UnderWay(self.0.truth.clone(), seq);
        Sent { outcome: self.answer(seq).await, trace: Trace::default(), begun: Begun::default() }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().unwrap().ends(self.1);
    }
}
