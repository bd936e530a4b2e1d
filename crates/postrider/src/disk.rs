//! The disk: how much room the data directory's file system has left, looked at once a second.
//!
//! A file system that is quite full fails in many places at once, and what needs room most then is
//! the schedule, to write down what has been delivered. So intake stops while there is some left.
//! Out goes one flag, which whoever takes events reads.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use domain::limits;

use crate::live::Gauges;
use crate::shutdown::Shutdown;

/// Tells when there is less room than there should be.
pub struct Watch<F> {
    /// Bytes that should be free.
    free_min: u64,
    /// Asks how many are.
    free: F,
    gauges: Arc<Gauges>,
    is_blind: bool,
}

/// Asks how many bytes of a directory's file system this process may still use.
pub fn free_of(dir: &Path) -> impl FnMut() -> io::Result<u64> + use<> {
    let dir = dir.to_owned();
    move || {
        let found = rustix::fs::statvfs(&dir)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

impl<F: FnMut() -> io::Result<u64>> Watch<F> {
    /// Looks for the first time.
    pub fn new(free_min: u64, free: F, gauges: Arc<Gauges>) -> Self {
        let mut watch = Self { free_min, free, gauges, is_blind: false };
        watch.look();
        watch
    }

    /// Looks once a second, until the server ends.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(limits::DISK_INTERVAL) => self.look(),
                () = shutdown.closing() => return,
            }
        }
    }

    /// Where nobody can say how much is free, the disk itself will tell.
    fn look(&mut self) {
        let free = (self.free)().map_err(|error| self.fail(&error)).unwrap_or(u64::MAX);
        self.gauges.disk_free_bytes.store(free, Relaxed);
        let (free_min, is_low) = (self.free_min, free < self.free_min);
        if self.gauges.is_disk_low.swap(is_low, Relaxed) == is_low {
            return;
        }
        if is_low {
            tracing::error!(free, free_min, "the disk is nearly full; no events are taken");
        } else {
            tracing::info!(free, free_min, "the disk has room again; events are taken");
        }
    }

    fn fail(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_blind, true) {
            tracing::warn!(%error, "cannot tell how much of the disk is free");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn intake_stops_while_there_is_too_little_room() {
        let (free, gauges) = (Cell::new(Some(100)), Arc::<Gauges>::default());
        let ask = || free.get().ok_or_else(|| io::Error::other("no file system"));
        let mut watch = Watch::new(100, ask, gauges.clone());
        let mut check = |now: Option<u64>, is_low: bool| {
            free.set(now);
            watch.look();
            assert_eq!(gauges.is_disk_low.load(Relaxed), is_low, "{now:?} bytes are free");
        };
        check(Some(100), false);
        check(Some(99), true);
        check(Some(0), true);
        check(Some(5_000), false);
        check(Some(1), true);
        check(None, false);
    }

    #[test]
    fn the_first_look_comes_before_the_first_event() {
        let gauges = Arc::<Gauges>::default();
        drop(Watch::new(u64::MAX, free_of(Path::new("/")), gauges.clone()));
        assert!(gauges.is_disk_low.load(Relaxed));
        drop(Watch::new(1, free_of(Path::new("/")), gauges.clone()));
        assert!(!gauges.is_disk_low.load(Relaxed));
    }
}
