//! Everything is sent again while other events come, and the server is killed meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::ground::Ground;
use crate::load::Plan;
use crate::row::{Order, Row};
use crate::server::Server;

/// How often a replay is looked at. Source: chosen.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long the others go on alone after it, as a machine is not as fast at all times. Source: chosen; as
/// long as before it.
const ALONE_LONG: Duration = Duration::from_secs(30);
const ALONE_SHORT: Duration = Duration::from_secs(3);

/// A few events a second, one by one, as from people who are there.
fn live(events_max: u64) -> Plan {
    let pause = Duration::from_millis(20);
    Plan { senders: 4, batch_max: 1, pause, events_max, ..Plan::default() }
}

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let events: u64 = order.form.pick(20_000, 500_000);
    let kills: u64 = order.form.pick(3, 10);
    let row = Row::new(
        format!("{events} events sent again while others come, {kills} kills"),
        "each sent again, 0 reordered, nothing else lost; reported: the others' p99 ≤ +20 %",
    );
    let mut ground = Ground::new(order, 1, "")?;
    let mut server = ground.start().await?;
    ground.load(Plan { people: 400, events_max: events, ..Plan::default() }).finish().await?;
    ground.drain(&server).await?;
    let kept = ground.keep_answered()?;
    let alone = Instant::now();
    ground.load(live(order.form.pick(600, 6_000))).finish().await?;
    ground.drain(&server).await?;
    let alone_ms = ground.p99_ms(0, alone..Instant::now())?;

    let began = Instant::now();
    let plan = json!({"destination": "d-0", "intent": "resend_range", "last": events});
    let id = server.replay(&plan).await?;
    let others = ground.load(live(u64::MAX));
    let mut undisturbed = Instant::now();
    for kill in 1..=kills {
        let most = events * kill / (kills + 1);
        let moment = most - ground.dice.roll(events / (kills + 1) / 2);
        ground.until_replayed(0, moment).await?;
        ground.kill(server).await?;
        server = ground.start().await?;
        undisturbed = Instant::now();
    }
    let state = until_ended(&server, id).await?;
    let (ended, seconds) = (Instant::now(), began.elapsed().as_secs_f64());
    sleep(order.form.pick(ALONE_SHORT, ALONE_LONG)).await;
    let after = Instant::now();
    others.stop().await?;
    ground.drain(&server).await?;
    server.stop().await?;
    let beside_ms = ground.p99_ms(0, undisturbed..ended)?;
    let after_ms = ground.p99_ms(0, ended..after)?;
    let (own, all) = (ground.audit_replays(&kept, 0).await?, ground.audit(0).await?);
    let measured = format!(
        "replayed: {}; the others: {}; {:.0}/s; the others' p99 {alone_ms:.1} ms alone, \
         {beside_ms:.1} ms beside it, {after_ms:.1} ms alone again; {state}",
        own.text(),
        all.text(),
        events as f64 / seconds,
    );
    let numbers = json!({
        "events": events, "kills": kills, "replayed": own.json(), "others": all.json(),
        "seconds": seconds, "p99_alone_ms": alone_ms, "p99_beside_ms": beside_ms,
        "p99_alone_again_ms": after_ms,
    });
    let conditions = [own.clean, all.clean, own.answered == events, state == "done"];
    Ok(ground.end(row.measured(measured, numbers, &conditions)))
}

/// Waits until a replay has ended; how.
async fn until_ended(server: &Server, id: u64) -> anyhow::Result<String> {
    loop {
        let replay = server.replay_state(id).await?;
        let state = replay["state"].as_str().unwrap_or_default();
        if matches!(state, "done" | "cancelled") {
            return Ok(state.to_owned());
        }
        sleep(LOOK_EVERY).await;
    }
}
