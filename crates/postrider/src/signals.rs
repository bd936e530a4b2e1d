//! Signals: what the operating system tells the process.

use std::thread::JoinHandle;

use tokio::signal::unix::{SignalKind, signal};

use crate::{Controls, RunError, threads};

/// Listens on a thread of its own: the first SIGINT or SIGTERM drains, the second ends at once
/// with exit code 130, and SIGHUP reads the workspace file again.
///
/// The thread lives as long as the process.
///
/// # Errors
/// Where signals cannot be listened to.
pub fn listen(controls: Controls) -> Result<JoinHandle<()>, RunError> {
    let failed = |source: std::io::Error| RunError::Machine {
        operation: "listen to signals",
        source: source.into(),
    };
    let runtime = threads::runtime()?;
    let _context = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    let wait = async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => stop(&controls),
                _ = terminate.recv() => stop(&controls),
                _ = hang_up.recv() => controls.reload.notify_one(),
            }
        }
    };
    drop(_context);
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(wait)).map_err(failed)
}

fn stop(controls: &Controls) {
    if controls.shutdown.is_draining() {
        tracing::warn!("ending at once; what was accepted is on disk");
        std::process::exit(130);
    }
    tracing::info!("draining; once more to end at once");
    controls.trigger.pull();
}
