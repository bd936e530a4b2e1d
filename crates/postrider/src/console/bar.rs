//! A bar: how far some work has come, on one line that is written over again and again.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::thousands;

/// How often a bar is drawn, at most. Source: chosen; ten times a second looks smooth.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// Characters of the bar itself. Source: chosen; the whole line fits in 80 columns.
const WIDTH: usize = 24;

/// How far some work has come.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Progress {
    /// What is done.
    pub done: u64,
    /// What there is, where that is known.
    pub of: Option<u64>,
    /// What failed.
    pub failed: u64,
}

impl Progress {
    /// One line for people: share, count, rate, what failed, and how long it will take.
    pub fn line(self, elapsed: Duration) -> String {
        let Self { done, of, failed } = self;
        let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
        let (bar, count) = match of {
            Some(of) => (bar(done, of), format!("{} of {}", thousands(done), thousands(of))),
            None => (String::new(), thousands(done)),
        };
        let mut line = format!("{bar}{count}  {}/s", thousands(rate.round() as u64));
        if failed > 0 {
            line = format!("{line}  {} failed", thousands(failed));
        }
        if let Some(left) = of.map(|of| of.saturating_sub(done)).filter(|left| *left > 0)
            && done > 0
        {
            let seconds = (left as f64 / rate).ceil() as u64;
            line = format!("{line}  {} left", span(seconds));
        }
        line
    }
}

fn bar(done: u64, of: u64) -> String {
    let share = if of == 0 { 1.0 } else { (done as f64 / of as f64).min(1.0) };
    let full = (share * WIDTH as f64) as usize;
    format!("{}{} ", "█".repeat(full), "░".repeat(WIDTH - full))
}

/// Seconds as people say them.
fn span(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Draws progress on standard error; whoever drops it gets the line back.
#[derive(Debug)]
pub struct Bar {
    start: Instant,
    /// When it was drawn last; none where it is not drawn at all.
    drawn: Option<Instant>,
    is_seen: bool,
}

impl Bar {
    pub(super) fn drawn() -> Self {
        let start = Instant::now();
        Self { start, drawn: Some(start), is_seen: false }
    }

    pub(super) fn none() -> Self {
        Self { start: Instant::now(), drawn: None, is_seen: false }
    }

    /// Whether somebody sees it.
    pub fn is_drawn(&self) -> bool {
        self.drawn.is_some()
    }

    /// Time since it was made.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Draws how far the work has come, unless it has just been drawn.
    pub fn draw(&mut self, progress: Progress) {
        let Some(drawn) = &mut self.drawn else { return };
        if self.is_seen && drawn.elapsed() < DRAWN_EVERY {
            return;
        }
        *drawn = Instant::now();
        self.is_seen = true;
        self.write(&format!("\r{}\u{1b}[K", progress.line(self.elapsed())));
    }

    fn write(&self, text: &str) {
        // Where standard error is closed, nobody looks.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.is_seen {
            self.write("\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_one_line() {
        let check = |done, of, failed, seconds, want: &str| {
            let progress = Progress { done, of, failed };
            assert_eq!(progress.line(Duration::from_secs(seconds)), want);
        };
        let half = "████████████░░░░░░░░░░░░";
        check(1_000, Some(2_000), 0, 2, &format!("{half} 1,000 of 2,000  500/s  2 s left"));
        check(1_000, None, 3, 2, "1,000  500/s  3 failed");
        check(2, Some(2), 0, 1, &format!("{} 2 of 2  2/s", "█".repeat(24)));
        check(0, Some(0), 0, 1, &format!("{} 0 of 0  0/s", "█".repeat(24)));
        check(0, Some(9), 0, 1, &format!("{} 0 of 9  0/s", "░".repeat(24)));
        check(1, Some(7_322), 0, 1, &format!("{} 1 of 7,322  1/s  2 h 2 min left", "░".repeat(24)));
    }

    #[test]
    fn a_line_fits_on_a_narrow_terminal() {
        let progress = Progress { done: 99_999_999, of: Some(99_999_999), failed: 9_999 };
        assert!(progress.line(Duration::from_secs(900)).chars().count() < 80);
    }
}
