//! The disk is full, again and again, and has room again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;
use tokio::time::sleep;

use crate::ground::{Ground, Verdict};
use crate::load::{Load, Plan};
use crate::row::{Order, Row};

/// Longest wait for a refusal on a full disk. Source: chosen.
const REFUSED_MAX: Duration = Duration::from_secs(30);

/// Refusals after which there is room again. Source: chosen; half a second of four senders.
const REFUSALS: u64 = 100;

/// A small disk in memory, which is unmounted where it is dropped.
struct Disk(PathBuf);

/// Room below which the server refuses by itself: never, and before the disk is full.
const FREE_MIN: [&str; 2] = ["0B", "8MiB"];

/// What came of one server.
struct Outcome {
    verdict: Verdict,
    /// The longest time from room to the next 200 events that were taken.
    again_most: Duration,
    /// Whether it lived through all of it.
    by_itself: bool,
}

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let rounds = order.form.pick(3, 100);
    let row = Row::new(
        format!("the disk is full, {rounds} times, without and with room kept free"),
        "0 lost, 0 reordered, events are taken again by itself",
    );
    let (mut texts, mut numbers, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
    for free_min in FREE_MIN {
        let Some(outcome) = fill_often(order, free_min, rounds).await? else {
            return Ok(row.skipped("no right to mount a disk in memory"));
        };
        let Outcome { verdict, again_most, by_itself } = outcome;
        let seconds = again_most.as_secs_f64();
        texts.push(format!("{}, 200 more within {seconds:.1} s of room", verdict.text()));
        numbers.push(json!({
            "rounds": rounds, "free_min": free_min, "again_most_s": seconds,
            "audit": verdict.json(),
        }));
        conditions.extend([verdict.clean, by_itself]);
    }
    Ok(row.measured(texts.join("; "), json!(numbers), &conditions))
}

/// Fills the disk of one server again and again; none where no disk can be mounted.
async fn fill_often(order: &Order, free_min: &str, rounds: u64) -> anyhow::Result<Option<Outcome>> {
    let settings = format!("[intake]\ndisk_free_min = \"{free_min}\"\n");
    let mut ground = Ground::new(order, 1, &settings)?;
    // Events of all rounds have to fit; they come fast, so that what a log has left is soon used up.
    let Some(disk) = Disk::mount(&ground.data(), order.form.pick(64, 4_096))? else {
        ground.clear();
        return Ok(None);
    };
    let mut server = ground.start().await?;
    let load = ground.load(Plan { senders: 4, batch_max: 10, ..Plan::default() });
    let mut again_most = Duration::ZERO;
    for _ in 0..rounds {
        let before = ground.answered.lines();
        ground.until_answered(before + 200).await?;
        let ballast = disk.fill()?;
        until_refused(&load, &disk).await?;
        fs::remove_file(ballast)?;
        let (freed, before) = (Instant::now(), ground.answered.lines());
        ground.until_answered(before + 200).await?;
        again_most = again_most.max(freed.elapsed());
    }
    load.stop().await?;
    ground.drain(&server).await?;
    let by_itself = server.ended(Duration::ZERO).await?.is_none();
    server.kill().await?;
    // What is on the disk is what counts, not what the process knew.
    let server = ground.start().await?;
    ground.drain(&server).await?;
    server.stop().await?;
    let verdict = ground.audit(0).await?;
    drop(disk);
    if verdict.clean && by_itself {
        ground.clear();
    }
    Ok(Some(Outcome { verdict, again_most, by_itself }))
}

/// Waits until batches are refused for want of room; what little comes free is filled again.
async fn until_refused(load: &Load, disk: &Disk) -> anyhow::Result<()> {
    let (before, began) = (load.refused(), Instant::now());
    while load.refused() < before + REFUSALS {
        if began.elapsed() > REFUSED_MAX {
            bail!("nothing is refused on a full disk");
        }
        disk.fill()?;
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

impl Disk {
    /// Mounts a disk of so many MiB; none where that is not allowed.
    fn mount(at: &Path, mib: u64) -> anyhow::Result<Option<Self>> {
        fs::create_dir_all(at)?;
        let size = format!("size={mib}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).stderr(Stdio::null());
        let mounted = mount.status().context("no mount")?.success();
        Ok(mounted.then(|| Self(at.to_owned())))
    }

    /// Fills all room with ballast.
    fn fill(&self) -> io::Result<PathBuf> {
        let path = self.0.join("ballast");
        let mut file = File::options().create(true).append(true).open(&path)?;
        for size in [1 << 20, 4_096] {
            let zeros = vec![0; size];
            while file.write_all(&zeros).is_ok() {}
        }
        Ok(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A server that is still at work there does not keep it from being taken away.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
