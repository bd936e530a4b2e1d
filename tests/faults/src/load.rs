//! The load: senders that each wait for an answer before they send on, as SDKs do, and that note
//! what was answered 200.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::bail;
use testkit::{Client, Connection, Request};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::notes::Notes;
use crate::people::{People, Sent};

/// Pause before a batch is sent again. Source: chosen; SDKs wait longer.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// What is sent.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Senders, each with people of its own.
    pub senders: usize,
    /// People of each sender; the first sender may have one only.
    pub people: u64,
    /// Whether the first sender is one busy user, and how many events it sends at most.
    pub hot_events_max: Option<u64>,
    /// Events of a batch, at most.
    pub batch_max: u64,
    /// Events in all, at most.
    pub events_max: u64,
    /// Pause of each sender between two batches.
    pub pause: Duration,
    /// Of a hundred batches whose answer was cut off, how many are not sent again.
    pub dropped: u64,
}

/// Senders of one load, at most: those of the next have other numbers, and so other people.
const SENDERS_MAX: usize = 1_000;

/// Senders at work.
pub struct Load {
    working: JoinSet<anyhow::Result<()>>,
    stop: watch::Sender<bool>,
    shared: Rc<Shared>,
}

struct Shared {
    plan: Plan,
    gateway: watch::Receiver<Option<SocketAddr>>,
    answered: Notes,
    left: Cell<u64>,
    refused: Cell<u64>,
    origin: Instant,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            senders: 8,
            people: 40,
            hot_events_max: None,
            batch_max: 30,
            events_max: u64::MAX,
            pause: Duration::ZERO,
            dropped: 0,
        }
    }
}

impl Load {
    /// Starts the senders; they send wherever the gateway is at the moment.
    pub fn start(
        plan: Plan,
        gateway: watch::Receiver<Option<SocketAddr>>,
        answered: Notes,
        (nth, dice, origin): (usize, &Dice, Instant),
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let left = Cell::new(plan.events_max);
        let refused = Cell::new(0);
        let shared = Rc::new(Shared { plan, gateway, answered, left, refused, origin });
        let mut working = JoinSet::new();
        for number in 0..shared.plan.senders {
            let mut dice = dice.clone();
            let dice = Dice::new(dice.roll(u64::MAX), number as u64);
            let id = nth * SENDERS_MAX + number;
            let sender = Sender::new((id, number), shared.clone(), dice);
            working.spawn_local(sender.run(stopped.clone()));
        }
        Self { working, stop, shared }
    }

    /// How often a batch was refused, or its answer was cut off.
    pub fn refused(&self) -> u64 {
        self.shared.refused.get()
    }

    /// Waits until everything is sent.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.working.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Tells the senders to end with the batch that is under way, and waits until they have.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        self.finish().await
    }
}

struct Sender {
    people: People,
    dice: Dice,
    shared: Rc<Shared>,
    connection: Option<Connection>,
    /// Events that this sender may send.
    left: u64,
}

/// What became of a batch.
enum Answer {
    Taken,
    /// Refused for now, with an answer.
    Refused,
    /// Nobody knows.
    Cut,
}

impl Sender {
    fn new((id, number): (usize, usize), shared: Rc<Shared>, dice: Dice) -> Self {
        let hot = if number == 0 { shared.plan.hot_events_max } else { None };
        let people = if hot.is_some() { 1 } else { shared.plan.people };
        let people = People::new(id, people, Dice::new(shared.plan.people, id as u64));
        Self { people, dice, left: hot.unwrap_or(u64::MAX), shared, connection: None }
    }

    async fn run(mut self, stopped: watch::Receiver<bool>) -> anyhow::Result<()> {
        while !*stopped.borrow() {
            let events = self.take_batch();
            if events.is_empty() {
                break;
            }
            self.deliver(&events, &stopped).await?;
            if !self.shared.plan.pause.is_zero() {
                sleep(self.shared.plan.pause).await;
            }
        }
        Ok(())
    }

    fn take_batch(&mut self) -> Vec<Sent> {
        let most = self.left.min(self.shared.left.get());
        let count = (1 + self.dice.roll(self.shared.plan.batch_max)).min(most);
        self.left -= count;
        self.shared.left.set(self.shared.left.get() - count);
        (0..count).map(|_| self.people.event()).collect()
    }

    /// Sends a batch until it is taken; one whose answer was cut off may be left alone.
    async fn deliver(
        &mut self,
        events: &[Sent],
        stopped: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let body = self.people.batch(events);
        let request = Request::new("POST", "/v1/batch").key("key-app").body(body);
        let time = self.shared.origin.elapsed().as_micros();
        loop {
            match self.send(&request).await? {
                Answer::Taken => return self.note(events, time),
                Answer::Cut if self.dice.roll(100) < self.shared.plan.dropped => return Ok(()),
                Answer::Refused | Answer::Cut => {}
            }
            self.shared.refused.set(self.shared.refused.get() + 1);
            if *stopped.borrow() {
                return Ok(());
            }
            sleep(AGAIN_AFTER).await;
        }
    }

    async fn send(&mut self, request: &Request) -> anyhow::Result<Answer> {
        let gateway = *self.shared.gateway.borrow();
        let Some(gateway) = gateway else { return Ok(Answer::Refused) };
        let kept = match self.connection.take() {
            Some(connection) => Ok(connection),
            None => Client::new(gateway).try_connect().await,
        };
        let Ok(mut connection) = kept else { return Ok(Answer::Refused) };
        let Ok(answer) = connection.ask(request).await else { return Ok(Answer::Cut) };
        match answer.status {
            200 => {
                self.connection = Some(connection);
                Ok(Answer::Taken)
            }
            429 | 500.. => Ok(Answer::Refused),
            status => bail!("answered {status}: {}", answer.text()),
        }
    }

    /// Notes a batch that was answered 200, with the time at which it was first sent.
    fn note(&self, events: &[Sent], time: u128) -> anyhow::Result<()> {
        for Sent { message_id, user_id, anonymous_id } in events {
            self.shared.answered.add(format_args!(
                "{{\"messageId\":\"{message_id}\",\"userId\":\"{user_id}\",\
                 \"anonymousId\":\"{anonymous_id}\",\"time\":{time}}}\n"
            ))?;
        }
        Ok(())
    }
}
