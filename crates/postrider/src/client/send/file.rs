//! A file of events on its way: at which pace, how far it has come, and where it stopped.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::Post;
use super::lines::{Batch, Lines, RefusedLine};
use crate::client::{Desk, Stop};
use crate::console::{Bar, Ending, Failure, Progress, Shape, thousands};

/// Events of one batch. Source: chosen; a sync for each then costs little, and a stop loses little.
const BATCH_EVENTS_MAX: u32 = 200;

/// Batches in a second, where a rate is asked for. Source: chosen; so that it looks even.
const BATCHES_PER_SECOND: u32 = 10;

/// Refused lines that are told one by one. Source: chosen; a screen.
const REFUSED_TOLD_MAX: u64 = 10;

/// Sends all lines.
///
/// # Errors
/// Where the gateway takes no more, or a signal stops it; the error says how far it came.
pub async fn send(
    desk: &Desk<'_>,
    post: &mut Post,
    mut lines: Lines,
    rate: Option<u32>,
) -> Result<Ending, Failure> {
    let mut sending =
        Sending { desk, rate, start: Instant::now(), sent: 0, bar: desk.console.bar() };
    // A pipe is read by a call that no signal interrupts: there a signal ends the process.
    let mut stop = lines.is_file().then(Stop::new).transpose()?;
    loop {
        let before = lines.number();
        let Some(batch) = lines.batch(sending.count_max(), |line| tell(desk, &line))? else {
            break;
        };
        let count = batch.count;
        let taken = tokio::select! {
            taken = sending.turn(post, batch) => taken,
            () = Stop::of(&mut stop) => Err(Failure::new("stopped", "")),
        };
        if let Err(failure) = taken {
            return Err(sending.stopped(before, &failure));
        }
        sending.sent += count;
        let of = lines.expected(sending.sent);
        let progress = Progress { done: sending.sent, of, failed: lines.refused() };
        sending.bar.draw(progress);
    }
    Ok(sending.ended(lines.refused()))
}

fn tell(desk: &Desk<'_>, line: &RefusedLine) {
    if line.so_far <= REFUSED_TOLD_MAX {
        desk.console.tell(&format!("line {} is not sent: {}", line.number, line.why));
    }
    if line.so_far == REFUSED_TOLD_MAX {
        desk.console.tell("further lines that are not sent are only counted");
    }
}

struct Sending<'a> {
    desk: &'a Desk<'a>,
    rate: Option<u32>,
    start: Instant,
    sent: u64,
    bar: Bar,
}

impl Sending<'_> {
    fn count_max(&self) -> u64 {
        let even = self.rate.map_or(BATCH_EVENTS_MAX, |rate| rate / BATCHES_PER_SECOND);
        u64::from(even.clamp(1, BATCH_EVENTS_MAX))
    }

    /// Waits until it is time for the next batch, and sends it.
    async fn turn(&self, post: &mut Post, batch: Batch) -> Result<(), Failure> {
        if let Some(rate) = self.rate {
            let due = Duration::from_secs_f64(self.sent as f64 / f64::from(rate));
            tokio::time::sleep_until(self.start + due).await;
        }
        post.deliver("/v1/batch", batch.body).await
    }

    /// Why it stopped, and how far it had come: what was under way may have been taken.
    fn stopped(&self, before: u64, failure: &Failure) -> Failure {
        let sent = thousands(self.sent);
        let what = format!("{failure}\n  {sent} events were taken, up to line {before}");
        Failure::new(what, "what comes behind it may have been taken in part")
    }

    fn ended(self, refused: u64) -> Ending {
        let Self { desk, start, sent, bar, .. } = self;
        drop(bar);
        let seconds = start.elapsed().as_secs_f64();
        desk.show(&match desk.shape {
            Shape::Json => {
                let seconds = (seconds * 1_000.0).round() / 1_000.0;
                let told = json!({ "accepted": sent, "refused": refused, "seconds": seconds });
                format!("{told}\n")
            }
            Shape::Lines => {
                let rate = thousands((sent as f64 / seconds.max(0.001)).round() as u64);
                let (sent, refused) = (thousands(sent), thousands(refused));
                format!("{sent} accepted, {refused} refused in {seconds:.1} s ({rate}/s)\n")
            }
        });
        Ending::well_if(refused == 0)
    }
}
