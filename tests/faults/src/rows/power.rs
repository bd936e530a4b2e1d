//! The power is cut while a server makes its directory, and then again and again under load, at random
//! moments, also while it starts and while it copies its logs to its databases: what was not synced is
//! gone, or is there in part. In between syncs fail, and the system takes for written what it could not
//! write: the next start sees it, and the next cut shows whether that was believed.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use tokio::time::timeout;

use super::aftermath::Aftermath;
use crate::dice::Dice;
use crate::ground::Ground;
use crate::load::Plan;
use crate::power::{Disk, Loss, Medium, Trouble};
use crate::row::{Order, Row};

/// Longest wait for the power to go. Source: chosen; under load it takes a few seconds.
const CUT_MAX: Duration = Duration::from_secs(60);

/// Changes of files that a start makes, about; so many more go by until the power is cut under
/// load. Source: measured, and chosen so that some cuts fall into a checkpoint.
const CHANGES_OF_FIRST_START: u64 = 150;
const CHANGES_OF_START: u64 = 300;
const CHANGES_MAX: u64 = 4_000;

/// All cuts together.
#[derive(Default)]
struct Cuts {
    loss: Loss,
    while_starting: u64,
    /// Changes that were taken for written after a sync had failed.
    believed: u64,
}

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let (cuts, firsts) = order.form.pick((20, 10), (500, 200));
    let row = Row::new(
        format!("the power is cut {firsts} times in a first start, {cuts} times under load"),
        "0 lost, 0 reordered, nothing damaged",
    );
    if let Some(why) = Disk::impossible() {
        return Ok(row.skipped(why));
    }
    let began = Instant::now();
    let mut ground = Ground::new(order, 1, "")?;
    let (mut all, mut medium) = (Cuts::default(), Medium::default());
    for _ in 0..firsts {
        first_start(&mut ground, &mut all).await?;
    }
    let pause = Duration::from_millis(10);
    let load = ground.load(Plan { people: 400, pause, dropped: 10, ..Plan::default() });
    for number in 0..cuts {
        medium = match number % 4 {
            3 => failed_sync(&mut ground, medium, &mut all).await?,
            _ => cut(&mut ground, medium, &mut all).await?,
        };
    }
    let aftermath = Aftermath::of(&mut ground, medium, load).await?;
    let Aftermath { is_sound, verdict, .. } = aftermath;
    let Cuts { loss: Loss { unsynced, kept, torn, names }, while_starting, believed } = all;
    let measured = format!(
        "{}; {while_starting} cuts while starting, {unsynced} unsynced changes, {kept} left whole, \
         {torn} torn, {names} names gone; {believed} changes taken for written; {:.0} s",
        verdict.text(),
        began.elapsed().as_secs_f64(),
    );
    let numbers = json!({
        "cuts": cuts, "firsts": firsts, "while_starting": while_starting, "audit": verdict.json(),
        "unsynced": unsynced, "kept": kept, "torn": torn, "names": names, "is_sound": is_sound,
        "believed": believed,
    });
    let conditions =
        [verdict.clean, is_sound, verdict.answered > cuts, unsynced > cuts, believed > 0];
    let row = row.measured(measured, numbers, &conditions);
    aftermath.end(ground, row)
}

/// Runs a server until the power is cut, and answers what is left on its disk.
async fn cut(ground: &mut Ground, medium: Medium, all: &mut Cuts) -> anyhow::Result<Medium> {
    let after = changes_until_cut(&mut ground.dice);
    let disk = Disk::mount(&ground.data(), medium, Some(Trouble::PowerCut { after }))?;
    match ground.try_start(&[]).await? {
        Some(server) => {
            let gone = timeout(CUT_MAX, disk.trouble()).await;
            ground.kill(server).await?;
            gone.context("the power was not cut: too few changes")?;
        }
        None if disk.is_in_trouble() => all.while_starting += 1,
        None => anyhow::bail!("it ended while there was power: see {}/log", ground.dir().display()),
    }
    let mut medium = disk.unmount()?;
    all.loss.add(medium.lose(&mut ground.dice));
    Ok(medium)
}

/// Runs a server until a sync fails, and answers its disk as the next start sees it: nobody has cut anything
/// off.
async fn failed_sync(
    ground: &mut Ground,
    medium: Medium,
    all: &mut Cuts,
) -> anyhow::Result<Medium> {
    // Later than in a start: what that makes is synced by then.
    let after = CHANGES_OF_START + ground.dice.roll(CHANGES_MAX);
    let disk = Disk::mount(&ground.data(), medium, Some(Trouble::FailedSync { after }))?;
    let server = ground.try_start(&[]).await?;
    if let Some(server) = server {
        let failed = timeout(CUT_MAX, disk.trouble()).await;
        ground.kill(server).await?;
        failed.context("no sync has failed: too few changes")?;
        let mut medium = disk.unmount()?;
        all.believed += medium.believe();
        return Ok(medium);
    }
    anyhow::ensure!(disk.is_in_trouble(), "it did not start: see {}/log", ground.dir().display());
    // A start that cannot settle its logs refuses; what it has made may not be whole.
    all.while_starting += 1;
    let mut medium = disk.unmount()?;
    all.loss.add(medium.lose(&mut ground.dice));
    Ok(medium)
}

/// Cuts the power while a server makes its directory; the next one begins with what is left of it.
async fn first_start(ground: &mut Ground, all: &mut Cuts) -> anyhow::Result<()> {
    let after = ground.dice.roll(CHANGES_OF_FIRST_START);
    let cut = Some(Trouble::PowerCut { after });
    let disk = Disk::mount(&ground.data(), Medium::default(), cut)?;
    if let Some(server) = ground.begin(&[])?.ready().await? {
        server.kill().await?;
    }
    let mut medium = disk.unmount()?;
    all.loss.add(medium.lose(&mut ground.dice));
    all.while_starting += 1;
    let disk = Disk::mount(&ground.data(), medium, None)?;
    let next = ground.begin(&[])?.ready().await?;
    let next =
        next.with_context(|| format!("cut after {after}: see {}/log", ground.dir().display()));
    next?.stop().await?;
    disk.unmount().map(drop)
}

/// One cut in four is meant for a start.
fn changes_until_cut(dice: &mut Dice) -> u64 {
    match dice.roll(4) {
        0 => dice.roll(CHANGES_OF_START),
        _ => dice.roll(CHANGES_MAX),
    }
}
