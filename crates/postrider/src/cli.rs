//! The command line: carries out what was asked for, and is the only place that prints.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use storage::embedded;

use crate::admin;
use crate::admin::metrics::families as metrics;
use crate::args::{self, ApiShape, AuditOrder, Command, EXIT_USAGE, Surroundings};
use crate::audit::audit;
use crate::config::{Config, print, reference};
use crate::replay_order::{self, ReplayOrder};
use crate::supervisor::Inherited;
use crate::terminal::{Terminal, chain};
use crate::upkeep::{self, Shape};
use crate::{Controls, Listeners, reasons, run, signals, status_page, telemetry, workspace_file};

/// How long the last lines may take to be written at the end. Source: chosen.
const TERMINAL_TIME_MAX: Duration = Duration::from_millis(500);

/// Runs the program with the process's own arguments; answers its exit code.
///
/// 0 is success, 1 a failure while running, 2 a mistake in the command line or configuration.
pub fn main() -> ExitCode {
    let command = match args::read(std::env::args_os(), Surroundings::of_process()) {
        Ok(command) => command,
        Err(refusal) => return fail(EXIT_USAGE, &refusal.to_string()),
    };
    match command {
        Command::Serve(config) => serve(&config),
        Command::ConfigCheck(gathered) => check(&gathered.config),
        Command::ConfigPrint(gathered) => show(&print::as_toml(&gathered)),
        Command::ConfigReference => show(&reference::page()),
        Command::Check(dir, shape) => check_directory(&dir, shape),
        Command::Backup { data_dir, to } => back_up(&data_dir, &to),
        Command::Restore { from, data_dir } => restore(&from, &data_dir),
        Command::Reasons(None) => show(&reasons::page()),
        Command::Reasons(Some(code)) => match reasons::explain(&code) {
            Some(text) => show(&text),
            None => fail(EXIT_USAGE, &format!("error: no reason {code:?}; see postrider reasons")),
        },
        Command::Status(admin, shape) => tell_status(admin, shape),
        Command::Metrics => show(&metrics::page()),
        Command::Api(ApiShape::Page) => show(&admin::reference::page()),
        Command::Api(ApiShape::OpenApi) => show(&admin::openapi::text()),
        Command::Audit(order) => compare(&order),
        Command::Replay(order) => have_replayed(&order),
        Command::Show(text) => show(&text),
    }
}

fn serve(config: &Config) -> ExitCode {
    let inherited = match Inherited::of_process() {
        Ok(inherited) => inherited,
        Err(error) => return fail(1, &format!("error: {}", chain(&error))),
    };
    let terminals = Terminal::new(std::io::stdout())
        .and_then(|output| Ok((output, Terminal::new(std::io::stderr())?)));
    let (output, log) = match terminals {
        Ok(terminals) => terminals,
        Err(error) => return fail(1, &format!("error: cannot start a thread: {error}")),
    };
    telemetry::start(&config.log, &log);
    let ended = serve_until_told(config, inherited, &output);
    output.flush(TERMINAL_TIME_MAX);
    log.flush(TERMINAL_TIME_MAX);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => fail(1, &format!("error: {text}")),
    }
}

fn serve_until_told(
    config: &Config,
    inherited: Inherited,
    output: &Terminal,
) -> Result<(), String> {
    let listeners = Listeners::open(config.gateway, config.admin, inherited);
    let listeners = listeners.map_err(|error| format!("{}; {}", chain(&error), error.advice()))?;
    let controls = Controls::new();
    signals::listen(controls.clone())
        .and_then(|_| run(config, listeners, &controls, output))
        .map_err(|error| match error.advice() {
            "" => chain(&error),
            advice => format!("{}; {advice}", chain(&error)),
        })?;
    tracing::info!("ended; what was accepted is on disk");
    Ok(())
}

/// The settings themselves are right; the workspace file they name is looked at as well.
fn check(config: &Config) -> ExitCode {
    let Some(path) = &config.workspace else { return show("the configuration is right\n") };
    match workspace_file::read(path, &mut Vec::new()) {
        Ok(file) => {
            let line = |text, warning| format!("{text}warning: {}: {warning}\n", path.display());
            let text = file.warnings.iter().fold(String::new(), line);
            show(&format!("{text}the configuration and the workspace file are right\n"))
        }
        Err(error) => fail(EXIT_USAGE, &format!("error: {}", chain(&error))),
    }
}

/// Damage is told on standard output like everything else that was found.
fn check_directory(dir: &Path, shape: Shape) -> ExitCode {
    match embedded::check(dir) {
        Ok(findings) => {
            show(&upkeep::told(dir, &findings, shape));
            if findings.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => fail(1, &format!("error: {}", chain(&error))),
    }
}

fn back_up(dir: &Path, to: &Path) -> ExitCode {
    match embedded::back_up(dir, to) {
        Ok(copied) => show(&format!("{} to {}\n", upkeep::copied(copied), to.display())),
        Err(error) => fail(1, &format!("error: {}", chain(&error))),
    }
}

fn restore(from: &Path, dir: &Path) -> ExitCode {
    match embedded::restore(from, dir) {
        Ok((copied, next)) => {
            let copied = upkeep::copied(copied);
            show(&format!("{copied} to {}\nnew events get places from {next} on\n", dir.display()))
        }
        Err(error) => fail(1, &format!("error: {}", chain(&error))),
    }
}

fn compare(order: &AuditOrder) -> ExitCode {
    let audit = match audit(&order.answered, &order.arrived) {
        Ok(audit) => audit,
        Err(error) => return fail(EXIT_USAGE, &format!("error: {}", chain(&error))),
    };
    let shown = match order.shape {
        Shape::Lines => show(&audit.as_text()),
        Shape::Json => show(&audit.as_json()),
    };
    if audit.is_clean() { shown } else { ExitCode::FAILURE }
}

/// Progress is not what was asked for, so it goes beside it.
fn have_replayed(order: &ReplayOrder) -> ExitCode {
    let tell = |line: &str| {
        // Where standard error is closed, nobody wants to know.
        let _ = writeln!(std::io::stderr(), "{line}");
    };
    match replay_order::carry_out(order, tell) {
        Ok((line, is_all_delivered)) => {
            let shown = show(&format!("{line}\n"));
            if is_all_delivered { shown } else { ExitCode::FAILURE }
        }
        Err(error) => fail(1, &format!("error: {}", chain(&error))),
    }
}

/// The exit code where something needs a look.
const EXIT_TROUBLE: u8 = 2;

fn tell_status(admin: SocketAddr, shape: Shape) -> ExitCode {
    match status_page::status(admin, shape) {
        Ok(page) => {
            let shown = show(&page.text);
            if page.is_well { shown } else { ExitCode::from(EXIT_TROUBLE) }
        }
        Err(error) => fail(1, &format!("error: {}", chain(&error))),
    }
}

fn show(text: &str) -> ExitCode {
    // Nobody reads any more, as in `postrider --help | head -1`: that is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn fail(code: u8, text: &str) -> ExitCode {
    // Where standard error is closed, the exit code says it all.
    let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
    ExitCode::from(code)
}
