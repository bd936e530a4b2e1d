//! The log: lines on standard error, as text or JSON.

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};
use crate::console::{Console, Palette};
use crate::terminal::{LineWriter, Terminal};

/// Starts logging to a terminal; once per process.
pub fn start(config: &LogConfig, terminal: &Terminal) {
    let level = config.level.as_str();
    // Libraries speak at info about things that are no news to an operator,
    // and that of HTTP/2 warns of each mistake of a client, which is counted here.
    let filter =
        format!("warn,h2=error,hyper=error,postrider={level},storage={level},domain={level}");
    let filter = EnvFilter::new(filter);
    let colour = Console::of_process().aside == Palette::Coloured;
    let terminal = terminal.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || LineWriter::new(terminal.clone()))
        .with_ansi(colour);
    // An error means that a log has been started already, which then stays.
    let _ = match config.format {
        LogFormat::Text => subscriber.with_target(false).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
}
