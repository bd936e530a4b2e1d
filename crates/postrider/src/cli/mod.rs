//! The command line: carries out what was asked for, and is the only place that prints.

mod serve;

use std::process::ExitCode;
use std::time::Duration;

use domain::reason::Reason;
use serde_json::json;
use storage::embedded;

use crate::admin;
use crate::admin::metrics::families as metrics;
use crate::args::{
    self, ApiShape, AuditOrder, Command, ConfigOrder, Explained, Surroundings, UpkeepOrder, Upkept,
};
use crate::audit::audit;
use crate::client;
use crate::config::{Config, print, reference};
use crate::console::{Console, Ending, Failure, Shape};
use crate::terminal::chain;
use crate::{doctor, reasons, upkeep, workspace_file};

/// The exit code where something could not be done.
const EXIT_FAILURE: u8 = 1;

/// The exit code for a mistake in the command line or the configuration.
const EXIT_USAGE: u8 = 2;

/// What came of a command, or its exit code and why it could not do what was asked.
type Ended = Result<Ending, (u8, Failure)>;

/// Runs the program with the process's own arguments; answers its exit code.
///
/// 0 is success, 1 a failure while running, 2 a mistake in the command line or configuration, or
/// something that needs a look.
pub fn main() -> ExitCode {
    let console = Console::of_process();
    let (command, voice) = match args::read(std::env::args_os(), Surroundings::of_process()) {
        Ok(asked) => asked,
        Err(refusal) => {
            console.tell(&refusal.to_string());
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match carry_out(command, &console.speaking(voice)) {
        Ok(ending) => ExitCode::from(ending.code()),
        Err((code, failure)) => {
            console.fail(&failure);
            ExitCode::from(code)
        }
    }
}

fn carry_out(command: Command, console: &Console) -> Ended {
    match command {
        Command::Serve(config) => serve::serve(&config).map_err(failed),
        Command::Config(order) => configure(&order, console),
        Command::Upkeep(order) => look_after(&order, console).map_err(failed),
        Command::Ask(order) => client::carry_out(*order, console).map_err(failed),
        Command::Doctor(order) => doctor::examine(&order, console).map_err(failed),
        Command::Audit(order) => compare(&order, console),
        Command::Explain(explained) => explain(&explained, console),
    }
}

fn failed(failure: Failure) -> (u8, Failure) {
    (EXIT_FAILURE, failure)
}

fn mistaken(what: impl Into<String>, hint: &str) -> (u8, Failure) {
    (EXIT_USAGE, Failure::new(what, hint))
}

/// Prints what was asked for. Nobody may read any more, as in `postrider --help | head -1`.
fn shown(console: &Console, text: &str) -> Ending {
    let _ = console.show(text);
    Ending::Well
}

fn configure(order: &ConfigOrder, console: &Console) -> Ended {
    match order {
        ConfigOrder::Check(gathered, shape) => check(&gathered.config, *shape, console),
        ConfigOrder::Print(gathered, Shape::Lines) => Ok(shown(console, &print::as_toml(gathered))),
        ConfigOrder::Print(gathered, Shape::Json) => {
            Ok(shown(console, &format!("{}\n", print::as_json(gathered))))
        }
        ConfigOrder::Reference(Shape::Lines) => Ok(shown(console, &reference::page())),
        ConfigOrder::Reference(Shape::Json) => {
            Ok(shown(console, &format!("{}\n", reference::as_json())))
        }
    }
}

/// The settings themselves are right; the workspace file they name is looked at as well.
fn check(config: &Config, shape: Shape, console: &Console) -> Ended {
    let mut warnings = config.warnings();
    let mut what = "the configuration is right\n";
    if let Some(path) = &config.workspace {
        let file = workspace_file::read(path, &mut Vec::new());
        let file = file.map_err(|error| mistaken(chain(&error), ""))?;
        let named = |warning: &String| format!("{}: {warning}", path.display());
        warnings.extend(file.workspace.destinations.iter().filter_map(|one| {
            let age_max = Duration::from_millis(one.delivery.retry.age_max_ms?);
            config.too_old_to_replay(Some(one.id.as_str()), age_max)
        }));
        warnings.extend(file.warnings.iter().map(ToString::to_string).map(|one| named(&one)));
        what = "the configuration and the workspace file are right\n";
    }
    let text = match shape {
        Shape::Json => format!("{}\n", json!({ "right": true, "warnings": warnings })),
        Shape::Lines => {
            let lines = warnings.iter().map(|warning| format!("warning: {warning}\n"));
            lines.collect::<String>() + what
        }
    };
    Ok(shown(console, &text))
}

/// Damage is told on standard output like everything else that was found.
fn look_after(order: &UpkeepOrder, console: &Console) -> Result<Ending, Failure> {
    let failure = |error| Failure::new(chain(&error), "");
    let (dir, shape) = (&order.data_dir, order.shape);
    let text = match &order.upkept {
        Upkept::Checked => {
            let findings = embedded::check(dir).map_err(failure)?;
            shown(console, &upkeep::told(dir, &findings, shape));
            return Ok(Ending::well_if(findings.is_whole()));
        }
        Upkept::BackedUp(to) => {
            let copied = embedded::back_up(dir, to).map_err(failure)?;
            upkeep::copied(copied, to, shape)
        }
        Upkept::Restored(from) => {
            let (copied, next) = embedded::restore(from, dir).map_err(failure)?;
            let copied = upkeep::copied(copied, dir, shape);
            match shape {
                Shape::Json => copied,
                Shape::Lines => format!(
                    "{copied}new events get places from {next} on\n\
                     `postrider check --data-dir {}` says whether all of it is whole\n",
                    dir.display()
                ),
            }
        }
    };
    Ok(shown(console, &text))
}

fn compare(order: &AuditOrder, console: &Console) -> Ended {
    let audit = audit(&order.answered, &order.arrived);
    let audit = audit.map_err(|error| mistaken(chain(&error), ""))?;
    shown(
        console,
        &match order.shape {
            Shape::Lines => audit.as_text(),
            Shape::Json => audit.as_json(),
        },
    );
    Ok(Ending::well_if(audit.is_clean()))
}

fn explain(explained: &Explained, console: &Console) -> Ended {
    let text = match explained {
        Explained::Reasons(None, Shape::Lines) => reasons::page(),
        Explained::Reasons(None, Shape::Json) => format!("{}\n", reasons::all_as_json()),
        Explained::Reasons(Some(code), shape) => {
            let reason = Reason::from_code(code);
            let unknown = || mistaken(format!("no reason {code:?}"), "see postrider reasons");
            match (reason.ok_or_else(unknown)?, shape) {
                (reason, Shape::Lines) => reasons::explain(reason),
                (reason, Shape::Json) => format!("{}\n", reasons::as_json(reason)),
            }
        }
        Explained::Metrics(Shape::Lines) => metrics::page(),
        Explained::Metrics(Shape::Json) => format!("{}\n", metrics::as_json()),
        Explained::Api(ApiShape::Page) => admin::reference::page(),
        Explained::Api(ApiShape::OpenApi) => admin::openapi::text(),
        Explained::CommandLine => args::reference_page(),
        Explained::Completions(shell) => args::completions(*shell),
        Explained::Text(text) => text.clone(),
    };
    Ok(shown(console, &text))
}
