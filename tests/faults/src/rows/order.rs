//! An endpoint that fails three times in ten, users whose identities join, one of them busy, and
//! servers that are killed and restarted meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::ground::Ground;
use crate::load::Plan;
use crate::row::{Order, Row};
use crate::sink::Manner;

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let events = order.form.pick(300_000, 5_000_000);
    let hot = order.form.pick(12_000, 200_000);
    let restarts = order.form.pick(20, 40);
    let row = Row::new(
        format!("{events} events, 30 % of attempts fail, {restarts} restarts, one user with {hot}"),
        "0 lost, 0 reordered",
    );
    let mut ground = Ground::new(order, 1, "timeout = \"250ms\"\n")?;
    ground.places[0].manner.set(Manner::Fails);
    let began = Instant::now();
    let load = ground.load(Plan {
        people: 400,
        hot_events_max: Some(hot),
        events_max: events,
        ..Plan::default()
    });
    let mut server = ground.start().await?;
    for restart in 0..restarts {
        sleep(Duration::from_millis(200 + ground.dice.roll(order.form.pick(800, 10_000)))).await;
        if restart % 2 == 0 {
            ground.kill(server).await?;
        } else {
            server.stop().await?;
            ground.gone();
        }
        server = ground.start().await?;
    }
    load.finish().await?;
    ground.drain(&server).await?;
    let seconds = began.elapsed().as_secs_f64();
    let gave_up: u64 = server.standings().await?.iter().map(|one| one.gave_up).sum();
    server.stop().await?;
    let verdict = ground.audit(0).await?;
    let measured = format!("{}, {gave_up} given up; {seconds:.0} s", verdict.text());
    let numbers = json!({
        "events": events, "hot": hot, "restarts": restarts, "seconds": seconds,
        "gave_up": gave_up, "audit": verdict.json(),
    });
    let conditions = [verdict.clean, gave_up == 0, verdict.answered == events];
    Ok(ground.end(row.measured(measured, numbers, &conditions)))
}
