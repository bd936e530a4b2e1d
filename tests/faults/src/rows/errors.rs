//! Writes fail, as on a broken device, on a file system that was made read-only, or on a full one:
//! those of the journal, and those of the schedule.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio::time::timeout;

use super::aftermath::Aftermath;
use crate::ground::Ground;
use crate::load::Plan;
use crate::power::{Disk, Medium, Refused, Trouble};
use crate::row::{Order, Row};
use crate::server::Server;

/// Longest wait for writes to fail, and for the server to end by that. Source: chosen.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Changes of files after which writes fail, at most: some fail while the server starts.
const CHANGES_MAX: u64 = 1_200;

/// Files that fail, by the beginning of their names.
const FILES: [&str; 2] = ["journal.db", "state.db"];

/// What came of all failures.
#[derive(Default)]
struct Ends {
    /// It ended by itself.
    ended: u64,
    /// It refused what it had no room for, and went on by itself.
    went_on: u64,
    /// It went on although its file is not to be trusted, or would not go on with room.
    wrong: Vec<String>,
    /// Its log did not name the file.
    silent: Vec<String>,
}

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let rounds = order.form.pick(1, 20);
    let row = Row::new(
        format!("writes fail with EIO, EROFS, ENOSPC, for {FILES:?}, {rounds} times each"),
        "0 lost, 0 reordered; the server ends and says which file, or refuses while there is no room",
    );
    if let Some(why) = Disk::impossible() {
        return Ok(row.skipped(why));
    }
    let mut ground = Ground::new(order, 1, "")?;
    let pause = Duration::from_millis(10);
    let load = ground.load(Plan { people: 400, pause, batch_max: 10, ..Plan::default() });
    let (mut ends, mut medium) = (Ends::default(), Medium::default());
    for _ in 0..rounds {
        for (files, error) in FILES.into_iter().flat_map(|f| Refused::ALL.map(|error| (f, error))) {
            medium = fail(&mut ground, medium, (files, error), &mut ends).await?;
        }
    }
    let aftermath = Aftermath::of(&mut ground, medium, load).await?;
    let Aftermath { is_sound, verdict, .. } = aftermath;
    let Ends { ended, went_on, wrong, silent } = ends;
    let measured = format!(
        "{}; {ended} times it ended, {went_on} times it went on with room, wrong: {wrong:?}, \
         did not name the file: {silent:?}",
        verdict.text(),
    );
    let numbers = json!({
        "rounds": rounds, "ended": ended, "went_on": went_on, "wrong": wrong, "silent": silent,
        "is_sound": is_sound, "audit": verdict.json(),
    });
    let conditions =
        [verdict.clean, is_sound, wrong.is_empty(), silent.is_empty(), ended > 0, went_on > 0];
    let row = row.measured(measured, numbers, &conditions);
    aftermath.end(ground, row)
}

/// Runs a server until writes of some files fail, and answers what is left on its disk.
async fn fail(
    ground: &mut Ground,
    medium: Medium,
    (files, error): (&'static str, Refused),
    ends: &mut Ends,
) -> anyhow::Result<Medium> {
    let what = format!("{} of {files}", error.name());
    let after = ground.dice.roll(CHANGES_MAX);
    let trouble = Trouble::Refusal { after, files, error };
    let disk = Disk::mount(&ground.data(), medium, Some(trouble))?;
    let said_before = log(ground)?.len();
    match ground.try_start(&[]).await? {
        None if disk.is_in_trouble() => ends.ended += 1,
        None => anyhow::bail!("it ended without a cause: see {}/log", ground.dir().display()),
        Some(mut server) => {
            timeout(WAIT_MAX, disk.trouble()).await.context("no write has failed")?;
            if error == Refused::NoRoom {
                match goes_on(ground, &disk, &mut server).await? {
                    true => ends.went_on += 1,
                    false => ends.wrong.push(what.clone()),
                }
            } else if server.ended(WAIT_MAX).await?.is_some() {
                ends.ended += 1;
            } else {
                ends.wrong.push(what.clone());
            }
            server.kill().await?;
        }
    }
    ground.gone();
    let said = &log(ground)?[said_before..];
    if error != Refused::NoRoom && !said.contains(files) {
        ends.silent.push(what);
    }
    let mut medium = disk.unmount()?;
    // What could not be written may be there or not, and what was not synced as well.
    medium.lose(&mut ground.dice);
    Ok(medium)
}

/// Gives the disk room again; whether the same server takes events and delivers them.
async fn goes_on(ground: &Ground, disk: &Disk, server: &mut Server) -> anyhow::Result<bool> {
    // It has to bear that for a while.
    if server.ended(Duration::from_secs(1)).await?.is_some() {
        return Ok(false);
    }
    disk.mend();
    let answered = ground.answered.lines();
    let taken = ground.until_answered(answered + 50);
    Ok(tokio::select! {
        taken = taken => taken.is_ok(),
        ended = server.ended(Duration::from_secs(3_600)) => { ended?; false }
    })
}

/// What servers have said so far.
fn log(ground: &Ground) -> anyhow::Result<String> {
    let path = ground.dir().join("log");
    Ok(if path.exists() { fs::read_to_string(path)? } else { String::new() })
}
