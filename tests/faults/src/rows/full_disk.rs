//! The disk is full, again and again, and has room again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;
use tokio::time::sleep;

use crate::ground::Ground;
use crate::load::{Load, Plan};
use crate::row::{Order, Row};

/// Longest wait for a refusal on a full disk. Source: chosen.
const REFUSED_MAX: Duration = Duration::from_secs(30);

/// Refusals after which there is room again. Source: chosen; half a second of four senders.
const REFUSALS: u64 = 100;

/// A small disk in memory, which is unmounted where it is dropped.
struct Disk(PathBuf);

pub async fn run(order: &Order) -> anyhow::Result<Row> {
    let rounds = order.form.pick(4, 50);
    let row = Row::new(
        format!("the disk is full, {rounds} times"),
        "0 lost, 0 reordered, events are taken again by itself",
    );
    let mut ground = Ground::new(order, 1, "")?;
    let Some(disk) = Disk::mount(&ground.data(), order.form.pick(64, 512))? else {
        return Ok(ground.clear(row.skipped("no right to mount a disk in memory")));
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
    let measured = format!(
        "{}; 200 more were taken within {:.1} s of room at most",
        verdict.text(),
        again_most.as_secs_f64()
    );
    let numbers = json!({
        "rounds": rounds, "again_most_s": again_most.as_secs_f64(), "audit": verdict.json(),
    });
    drop(disk);
    Ok(ground.clear(row.measured(measured, numbers, &[verdict.clean, by_itself])))
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
