//! The server is killed under load at random moments, some of them while it starts.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::ground::Ground;
use crate::load::Plan;
use crate::row::{Order, Row};

/// Deliveries that may have ended without being settled, and attempts under way, at a kill.
/// Source: the documented bound of a destination, and its concurrency.
const UNSETTLED_MAX: u64 = 1_024 + 64;

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let cycles = order.form.pick(30, 1_000);
    let row = Row::new(
        format!("kill -9 under load, {cycles} times"),
        "0 lost, 0 reordered, copies at most what was unsettled",
    );
    let mut ground = Ground::new(order, 1, "")?;
    let pause = Duration::from_millis(10);
    let load = ground.load(Plan { dropped: 10, pause, ..Plan::default() });
    let mut while_starting = 0;
    for _ in 0..cycles {
        if ground.dice.roll(5) == 0 {
            let starting = ground.begin(&[])?;
            sleep(Duration::from_millis(ground.dice.roll(200))).await;
            starting.kill().await?;
            while_starting += 1;
            continue;
        }
        let server = ground.start().await?;
        let before = ground.answered.lines();
        ground.until_answered(before + 1).await?;
        sleep(Duration::from_millis(ground.dice.roll(order.form.pick(300, 1_000)))).await;
        ground.kill(server).await?;
    }
    let server = ground.start().await?;
    let cut = load.refused();
    load.stop().await?;
    ground.drain(&server).await?;
    server.stop().await?;
    let verdict = ground.audit(0).await?;
    let copies_max = UNSETTLED_MAX * (cycles - while_starting);
    let measured = format!(
        "{}; {while_starting} kills while starting, {cut} batches sent again",
        verdict.text()
    );
    let numbers = json!({
        "cycles": cycles, "while_starting": while_starting, "audit": verdict.json(),
        "copies_max": copies_max,
    });
    let conditions = [verdict.clean, verdict.copies <= copies_max, verdict.answered > cycles];
    Ok(ground.end(row.measured(measured, numbers, &conditions)))
}
