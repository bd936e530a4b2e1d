//! One destination is down while its backlog grows, then takes again; another one goes on.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::ground::Ground;
use crate::load::Plan;
use crate::row::{Order, Row};
use crate::sink::Manner;

/// What is remembered to tell resends grows with what comes, up to a bound, whoever is down.
const NO_RECENT_CALLS: &str = "[intake]\ndedup_window = \"0s\"\n";

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let events: u64 = order.form.pick(300_000, 5_000_000);
    let row = Row::new(
        format!("a destination is down for {events} events, then back"),
        "both get all of them in order; reported: memory ±10 %, the other's p99, rates",
    );
    let mut ground = Ground::new(order, 2, NO_RECENT_CALLS)?;
    let pause = Duration::from_millis(order.form.pick(20, 10));
    let plan = Plan { events_max: events / 10, people: 1_000, pause, ..Plan::default() };
    let server = ground.start().await?;
    let began = Instant::now();
    ground.load(plan.clone()).finish().await?;
    ground.drain(&server).await?;
    let alone_ms = ground.p99_ms(0, began..Instant::now())?;
    ground.places[1].manner.set(Manner::Refuses);
    let before = (ground.answered.lines(), ground.places[1].arrived.lines());
    let down = Instant::now();
    let load = ground.load(Plan { events_max: events, ..plan });
    ground.until_answered(before.0 + events / 2).await?;
    let half = server.resident_mib()?;
    load.finish().await?;
    ground.drain_some(&server, |number| number == 0).await?;
    let live = events as f64 / down.elapsed().as_secs_f64();
    let (whole, p99_ms) = (server.resident_mib()?, ground.p99_ms(0, down..Instant::now())?);
    let taken = ground.places[1].arrived.lines() - before.1;
    ground.places[1].manner.set(Manner::Takes);
    let back = Instant::now();
    server.try_now(1).await?;
    ground.drain(&server).await?;
    let drained = events as f64 / back.elapsed().as_secs_f64();
    server.stop().await?;
    let (healthy, late) = (ground.audit(0).await?, ground.audit(1).await?);
    let measured = format!(
        "{}; memory {half:.0} MiB at half, {whole:.0} at the end ({:+.0} %); the other's p99 \
         {alone_ms:.0} → {p99_ms:.0} ms; live {live:.0}/s, drained {drained:.0}/s",
        late.text(),
        (whole / half - 1.0) * 100.0,
    );
    let numbers = json!({
        "events": events, "healthy": healthy.json(), "late": late.json(),
        "memory_half_mib": half, "memory_end_mib": whole, "p99_before_ms": alone_ms, "p99_during_ms": p99_ms,
        "live_per_second": live, "drained_per_second": drained,
    });
    let conditions = [healthy.clean, late.clean, taken == 0, late.answered == before.0 + events];
    Ok(ground.end(row.measured(measured, numbers, &conditions)))
}
