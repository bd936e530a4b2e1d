//! One healthy destination among dead and stalling ones, which are mended in the end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::ground::Ground;
use crate::load::Plan;
use crate::row::{Order, Row};
use crate::server::Server;
use crate::sink::{Closed, Manner};

/// Destinations in all; the first one is healthy.
const DESTINATIONS: usize = 100;

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let events = order.form.pick(1_000, 50_000);
    let row = Row::new(
        format!("{} of {DESTINATIONS} destinations refuse, stall or answer 503", DESTINATIONS - 1),
        "all arrive everywhere in the end; reported: p99 with them ≤ 1.2 × alone, memory grows as alone",
    );
    let alone = alone(order, events).await?;
    let (open, shut) = (Closed::new()?, Closed::new()?);
    // A third of them, without the healthy one, is behind the port that refuses.
    let port = |number: usize| if number % 3 == 2 { shut.address() } else { open.address() };
    let ports = (0..DESTINATIONS).map(port).collect::<Result<Vec<_>, _>>()?;
    let mut ground = Ground::with_urls(order, &ports, "timeout = \"5s\"\n")?;
    ground.open(open)?;
    for (number, place) in ground.places.iter().enumerate().skip(1) {
        place.manner.set(if number % 3 == 0 { Manner::Stalls } else { Manner::Refuses });
    }
    let server = ground.start().await?;
    // The first failures, after which each is probed now and then.
    send(&mut ground, &server, events / 5).await?;
    let among = rest(&mut ground, &server, events).await?;
    for place in &ground.places {
        place.manner.set(Manner::Takes);
    }
    ground.open(shut)?;
    mend(&ground, &server).await?;
    server.stop().await?;
    let mut unclean = 0;
    for number in 0..DESTINATIONS {
        unclean += u64::from(!ground.audit(number).await?.clean);
    }
    let measured = format!(
        "{events} events, {unclean} destinations not clean; p99 {:.1} ms alone, {:.1} ms among them; \
         memory {} MiB alone, {} among them",
        alone.p99_ms,
        among.p99_ms,
        alone.memory(),
        among.memory(),
    );
    let numbers = json!({
        "events": events, "unclean": unclean, "alone": alone.json(), "among": among.json(),
    });
    Ok(ground.end(row.measured(measured, numbers, &[unclean == 0])))
}

/// What the healthy destination gets, and what memory it takes meanwhile.
struct Seen {
    p99_ms: f64,
    before_mib: f64,
    after_mib: f64,
}

impl Seen {
    fn memory(&self) -> String {
        format!("{:.0} → {:.0}", self.before_mib, self.after_mib)
    }

    fn json(&self) -> Value {
        let Self { p99_ms, before_mib, after_mib } = self;
        json!({"p99_ms": p99_ms, "memory_before_mib": before_mib, "memory_after_mib": after_mib})
    }
}

/// The same load with the healthy destination only.
async fn alone(order: &Order, events: u64) -> anyhow::Result<Seen> {
    let mut ground = Ground::new(order, 1, "")?;
    let server = ground.start().await?;
    send(&mut ground, &server, events / 5).await?;
    let seen = rest(&mut ground, &server, events).await?;
    server.stop().await?;
    ground.clear();
    Ok(seen)
}

/// Sends what is left after the first fifth.
async fn rest(ground: &mut Ground, server: &Server, events: u64) -> anyhow::Result<Seen> {
    let (from, before_mib) = (Instant::now(), server.resident_mib()?);
    send(ground, server, events - events / 5).await?;
    let p99_ms = ground.p99_ms(0, from..Instant::now())?;
    Ok(Seen { p99_ms, before_mib, after_mib: server.resident_mib()? })
}

/// Sends so many events, one by one and at a moderate pace, and waits for them at the healthy one.
async fn send(ground: &mut Ground, server: &Server, events: u64) -> anyhow::Result<()> {
    let pause = Duration::from_millis(20);
    let plan = Plan { senders: 4, batch_max: 1, events_max: events, pause, ..Plan::default() };
    ground.load(plan).finish().await?;
    ground.drain_some(server, |number| number == 0).await
}

/// Has every destination tried again at once, and waits for all that waits.
async fn mend(ground: &Ground, server: &Server) -> anyhow::Result<()> {
    for number in 1..DESTINATIONS {
        server.try_now(number).await?;
    }
    sleep(Duration::from_millis(100)).await;
    ground.drain(server).await
}
