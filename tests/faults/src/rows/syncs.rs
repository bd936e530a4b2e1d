//! The N-th sync of each thread fails, for one N after the other, under `strace`, which also shows
//! that nothing is answered 200 before a sync or after a failed one.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::ground::Ground;
use crate::load::Plan;
use crate::row::{Order, Row};
use crate::trace::{self, Promises};

/// Longest wait for a server to end by itself. Source: chosen.
const ENDED_MAX: Duration = Duration::from_secs(10);

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let most = order.form.pick(20, 200);
    let row = Row::new(
        format!("the N-th sync fails, N from 1 to {most}"),
        "0 lost, 0 answered 200 without a sync or after a failed one, the server ends",
    );
    let mut ground = Ground::new(order, 1, "")?;
    if !trace::is_possible().await {
        return Ok(ground.end(row.skipped("no strace, or no right to use it")));
    }
    // One sender, and one event a batch: each answer has a sync of its own.
    let plan = Plan { senders: 1, batch_max: 1, ..Plan::default() };
    let load = ground.load(plan);
    let (mut all, mut went_on) = (Promises::default(), 0);
    for number in 1..=most {
        let path = ground.dir().join("trace");
        let server = ground.try_start(&trace::failing_sync(number, &path)).await?;
        if let Some(mut server) = server
            && server.ended(ENDED_MAX).await?.is_none()
        {
            went_on += 1;
            server.kill().await?;
        }
        ground.gone();
        let promises = trace::promises(&fs::read_to_string(&path)?);
        if promises.broken > 0 {
            fs::copy(&path, ground.dir().join(format!("trace-{number}")))?;
        }
        all.add(&promises);
    }
    let server = ground.start().await?;
    load.stop().await?;
    ground.drain(&server).await?;
    server.stop().await?;
    let verdict = ground.audit(0).await?;
    let measured = format!(
        "{}; {} syncs failed, {} answers seen, {} false ones, {went_on} times it went on",
        verdict.text(),
        all.failed,
        all.answers,
        all.broken,
    );
    let numbers = json!({
        "numbers": most, "failed": all.failed, "answers": all.answers, "false": all.broken,
        "went_on": went_on, "audit": verdict.json(),
    });
    let conditions =
        [verdict.clean, all.broken == 0, all.answers > 0, all.failed > 0, went_on == 0];
    Ok(ground.end(row.measured(measured, numbers, &conditions)))
}
