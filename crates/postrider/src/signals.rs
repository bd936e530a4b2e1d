//! Signals: what the operating system tells the process.

use std::thread::JoinHandle;
use std::time::Instant;

use domain::limits;
use tokio::signal::unix::{SignalKind, signal};

use crate::{Controls, RunError, threads};

/// Listens on a thread of its own: the first SIGINT or SIGTERM drains, a second one a moment later
/// ends at once with exit code 130, and SIGHUP reads the workspace file and the certificate again.
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
        let mut first = None;
        let mut told = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(limits::SECOND_SIGNAL_AFTER), if first.is_some() && !told => {
                    tracing::info!("still draining; a signal ends at once");
                    told = true;
                }
                _ = interrupt.recv() => stop(&controls, &mut first),
                _ = terminate.recv() => stop(&controls, &mut first),
                _ = hang_up.recv() => controls.reload.ask(),
            }
        }
    };
    drop(_context);
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(wait)).map_err(failed)
}

fn stop(controls: &Controls, first: &mut Option<Instant>) {
    match first {
        None => {
            *first = Some(Instant::now());
            tracing::info!("draining");
            controls.trigger.pull();
        }
        // Wrappers often signal a process and then its group: that is one wish, not two.
        Some(first) if first.elapsed() < limits::SECOND_SIGNAL_AFTER => {}
        Some(_) => std::process::exit(130),
    }
}
