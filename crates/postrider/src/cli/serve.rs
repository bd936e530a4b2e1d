//! `postrider serve`: the life of a server's process.

use std::time::Duration;

use crate::config::Config;
use crate::console::{Ending, Failure};
use crate::supervisor::Inherited;
use crate::terminal::{Terminal, chain};
use crate::{Controls, Listeners, run, signals, telemetry};

/// How long the last lines may take to be written at the end. Source: chosen.
const TERMINAL_TIME_MAX: Duration = Duration::from_millis(500);

/// Serves until told to end.
///
/// # Errors
/// Why it could not, or ended by itself.
pub fn serve(config: &Config) -> Result<Ending, Failure> {
    let inherited = Inherited::of_process().map_err(|error| Failure::new(chain(&error), ""))?;
    let no_thread = |error| Failure::new(format!("cannot start a thread: {error}"), "");
    let output = Terminal::new(std::io::stdout()).map_err(no_thread)?;
    let log = Terminal::new(std::io::stderr()).map_err(no_thread)?;
    telemetry::start(&config.log, &log);
    config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    let ended = serve_until_told(config, inherited, &output);
    output.flush(TERMINAL_TIME_MAX);
    log.flush(TERMINAL_TIME_MAX);
    ended.map(|()| Ending::Well)
}

fn serve_until_told(
    config: &Config,
    inherited: Inherited,
    output: &Terminal,
) -> Result<(), Failure> {
    let listeners = Listeners::open(config.gateway, config.admin, inherited);
    let listeners = listeners.map_err(|error| Failure::new(chain(&error), error.advice()))?;
    let controls = Controls::new();
    signals::listen(controls.clone())
        .and_then(|_| run(config, listeners, &controls, output))
        .map_err(|error| Failure::new(chain(&error), error.advice()))?;
    tracing::info!("ended; what was accepted is on disk");
    Ok(())
}
