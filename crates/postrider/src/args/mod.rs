//! The command line: what was asked for, as a value.
//!
//! In come arguments, the environment and a directory; out goes a [`Command`] that is ready to be
//! carried out, or a [`Refusal`]. Each group of commands is a file here and a line of [`GROUPS`];
//! help, completions and the reference page are made from the same description. The flags of
//! settings come from the table of [`crate::config`]. Deliberately unknown here: how a command is
//! carried out, and where text is printed.

mod accounts;
mod audit;
mod catalog;
mod config;
mod doctor;
mod explain;
mod flags;
mod look;
mod reference;
mod replay;
mod send;
mod serve;
mod server;
mod settings;
mod upkeep;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::error::ErrorKind;

use crate::client::Order;
use crate::config::{Config, ConfigMistakes};
use crate::console::Voice;
use crate::doctor::DoctorOrder;

pub use audit::AuditOrder;
pub use config::ConfigOrder;
pub use explain::{ApiShape, Explained};
pub use upkeep::{UpkeepOrder, Upkept};

/// What was asked for.
#[derive(Debug)]
pub enum Command {
    /// Receive and deliver events until told to stop.
    Serve(Box<Config>),
    /// Check, print or explain the configuration.
    Config(Box<ConfigOrder>),
    /// Look after a data directory.
    Upkeep(UpkeepOrder),
    /// Ask a running server.
    Ask(Box<Order>),
    /// Look at the machine.
    Doctor(Box<DoctorOrder>),
    /// Compare what was answered with what arrived.
    Audit(AuditOrder),
    /// Explain something that needs no server.
    Explain(Explained),
}

/// Why nothing is done; the exit code is that of a mistake.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The command line is not understood; the text says why and what to write instead.
    #[error("{}", .0.trim_end())]
    Usage(String),
    /// The configuration has mistakes.
    #[error("{0}")]
    Config(ConfigMistakes),
}

/// What surrounds the process.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The environment.
    pub variables: Vec<(OsString, OsString)>,
    /// Where relative paths start; empty means the working directory.
    pub dir: PathBuf,
}

impl Surroundings {
    /// The surroundings of this process.
    pub fn of_process() -> Self {
        Self { variables: std::env::vars_os().collect(), dir: PathBuf::new() }
    }
}

/// A command of the first level with what is below it.
struct Group {
    /// How it is written.
    command: fn() -> clap::Command,
    /// What its arguments ask for.
    read: fn(&ArgMatches, Surroundings) -> Result<Command, Refusal>,
}

/// All commands, in the order in which help shows them.
const GROUPS: [Group; 24] = [
    Group { command: serve::command, read: serve::read },
    Group { command: server::status, read: server::read_status },
    Group { command: watch::tail, read: watch::read_tail },
    Group { command: watch::listen, read: watch::read_listen },
    Group { command: send::command, read: send::read },
    Group { command: look::events, read: look::read_events },
    Group { command: look::deliveries, read: look::read_deliveries },
    Group { command: look::attempts, read: look::read_attempts },
    Group { command: look::retry, read: look::read_retry },
    Group { command: replay::command, read: replay::read },
    Group { command: accounts::command, read: accounts::read },
    Group { command: catalog::source, read: catalog::read_source },
    Group { command: catalog::destination, read: catalog::read_destination },
    Group { command: catalog::connection, read: catalog::read_connection },
    Group { command: config::command, read: config::read },
    Group { command: upkeep::check, read: upkeep::read_check },
    Group { command: upkeep::backup, read: upkeep::read_backup },
    Group { command: upkeep::restore, read: upkeep::read_restore },
    Group { command: doctor::command, read: doctor::read },
    Group { command: audit::command, read: audit::read },
    Group { command: explain::reasons, read: explain::read_reasons },
    Group { command: explain::metrics, read: explain::read_metrics },
    Group { command: explain::api, read: explain::read_api },
    Group { command: explain::completions, read: explain::read_completions },
];

/// Reads the arguments, the program's name first; answers what is asked for, and in which voice.
///
/// # Errors
/// A [`Refusal`] where the command line or the configuration has mistakes.
pub fn read(
    arguments: impl IntoIterator<Item = OsString>,
    surroundings: Surroundings,
) -> Result<(Command, Voice), Refusal> {
    match command_line().try_get_matches_from(arguments) {
        Ok(matches) => Ok((command_of(&matches, surroundings)?, flags::voice(&matches))),
        Err(error) => Ok((show_or_refuse(&error)?, Voice::Full)),
    }
}

fn command_of(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let asked = matches.subcommand();
    let group = |name| GROUPS.iter().find(|group| (group.command)().get_name() == name);
    match asked.and_then(|(name, matches)| Some((group(name)?, matches))) {
        Some((group, matches)) => (group.read)(matches, surroundings),
        None => asked.map_or_else(
            // Not reached: clap asks for a subcommand.
            || Ok(shown(command_line().render_long_help().to_string())),
            |(_, matches)| explain::read_help(matches),
        ),
    }
}

/// The page of all commands, for the docs.
pub fn reference_page() -> String {
    reference::page(&command_line())
}

/// The script that lets a shell complete what is typed.
pub fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command_line(), "postrider", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

fn shown(text: String) -> Command {
    Command::Explain(Explained::Text(text))
}

fn show_or_refuse(error: &clap::Error) -> Result<Command, Refusal> {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(shown(text)),
        _ => Err(Refusal::Usage(text)),
    }
}

fn command_line() -> clap::Command {
    clap::Command::new("postrider")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Receives customer events from RudderStack SDKs and delivers them as webhooks")
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .arg(flags::quiet())
        .subcommands(GROUPS.iter().map(|group| (group.command)()))
        .subcommand(explain::help())
}

const AFTER_HELP: &str = "\
Examples:
  postrider serve
      Listen for SDKs on port 8080, keep everything in ./data,
      show the dashboard on http://127.0.0.1:7800
  postrider serve --workspace workspaceConfig.json --data-dir /var/lib/postrider
      Serve the sources and destinations of a RudderStack workspace file
  postrider config check
      Find every mistake in the configuration before a restart

Next: give the address of the gateway (the data plane URL) and the write key that serve
prints to your SDK, and watch events arrive in the dashboard.
`postrider serve --help` lists every setting, `postrider config reference` explains them.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Row, table};
    use crate::console::Shape;

    fn read_line(line: &str) -> Result<Command, Refusal> {
        let dir = tempfile::tempdir().expect("a directory");
        let surroundings = Surroundings { variables: Vec::new(), dir: dir.path().to_owned() };
        let read = read(line.split_whitespace().map(OsString::from), surroundings);
        read.map(|(command, _)| command)
    }

    fn shown(line: &str) -> String {
        match read_line(line) {
            Ok(Command::Explain(Explained::Text(text))) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refused(line: &str) -> String {
        match read_line(line) {
            Err(refusal) => refusal.to_string(),
            Ok(command) => panic!("{line}: {command:?}"),
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command_line().debug_assert();
    }

    #[test]
    fn flags_reach_the_config() {
        let line = "postrider serve --gateway 127.0.0.1:0 --egress-allow 10.0.0.0/8,::1 \
                    --egress-allow=127.0.0.1 --delivery-order user";
        let Ok(Command::Serve(config)) = read_line(line) else { panic!("{line} is refused") };
        assert_eq!(config.gateway.port(), 0);
        assert_eq!(config.egress.allow.len(), 3);
        assert_eq!(config.delivery.order, domain::delivery::lanes::Order::User);
    }

    #[test]
    fn every_flag_is_in_every_command_that_gathers() {
        // All at once: some belong together.
        let flag = |row: &Row| {
            let text = match (row.default, row.kind.placeholder()) {
                ("", "URL") => "http://[::1]",
                ("", _) => "::1",
                (default, _) => default,
            };
            OsString::from(format!("{}={text}", row.flag()))
        };
        for command in ["serve", "config check", "config print"] {
            let words = ["postrider"].into_iter().chain(command.split(' ')).map(OsString::from);
            let arguments: Vec<OsString> = words.chain(table::rows().map(flag)).collect();
            let result = read(arguments, Surroundings::default());
            assert!(result.is_ok(), "{command}: {result:?}");
        }
    }

    #[test]
    fn usage_errors_teach() {
        assert!(refused("postrider serve --data-dri x").contains("--data-dir"));
        assert!(refused("postrider srve").contains("serve"));
        assert!(refused("postrider").contains("Examples:"));
        assert!(refused("postrider config").contains("Examples:"));
        assert_eq!(
            refused("postrider serve --delivery-timeout 10 --log-level loud"),
            "2 mistakes in the configuration:\n  \
             --delivery-timeout: \"10\" is not a duration; add a unit, for example 10s\n  \
             --log-level: \"loud\" is not known here; use error, warn, info, debug, trace"
        );
    }

    #[test]
    fn the_other_commands_are_understood() {
        let config = |word: &str| match read_line(&format!("postrider config {word}")) {
            Ok(Command::Config(order)) => *order,
            other => panic!("{word}: {other:?}"),
        };
        assert!(matches!(config("check"), ConfigOrder::Check(_, Shape::Lines)));
        assert!(matches!(config("print --json"), ConfigOrder::Print(_, Shape::Json)));
        assert!(matches!(config("reference"), ConfigOrder::Reference(Shape::Lines)));
        let reasons = read_line("postrider reasons");
        assert!(matches!(reasons, Ok(Command::Explain(Explained::Reasons(None, Shape::Lines)))));
        let Ok(Command::Audit(order)) = read_line("postrider audit a b --json") else { panic!() };
        assert_eq!((order.answered, order.arrived), ("a".into(), "b".into()));
        assert_eq!(order.shape, Shape::Json);
        assert!(refused("postrider audit a").contains("ARRIVED"));
        let version = concat!("postrider ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(shown("postrider --version"), version);
    }

    #[test]
    fn every_command_can_be_told_to_be_quiet() {
        let voice = |line: &str| {
            let arguments = line.split_whitespace().map(OsString::from);
            read(arguments, Surroundings::default()).expect("a command").1
        };
        for quiet in ["postrider --quiet reasons", "postrider reasons --quiet"] {
            assert_eq!(voice(quiet), Voice::Quiet, "{quiet}");
        }
        assert_eq!(voice("postrider config --quiet print"), Voice::Quiet);
        assert_eq!(voice("postrider reasons"), Voice::Full);
    }

    #[test]
    fn help_is_a_command_too() {
        assert_eq!(shown("postrider help config check"), shown("postrider config check --help"));
        assert_eq!(shown("postrider help"), shown("postrider --help"));
        assert!(refused("postrider help confg").contains("config"));
        let reference = read_line("postrider help --reference");
        assert!(matches!(reference, Ok(Command::Explain(Explained::CommandLine))));
    }

    #[test]
    fn every_shell_completes_every_command() {
        for shell in ["bash", "zsh", "fish"] {
            let line = format!("postrider completions {shell}");
            let Ok(Command::Explain(Explained::Completions(known))) = read_line(&line) else {
                panic!("{shell}")
            };
            let script = completions(known);
            for group in &GROUPS {
                let name = (group.command)().get_name().to_owned();
                assert!(script.contains(&name), "{shell}: {name}");
            }
        }
        assert!(refused("postrider completions csh").contains("bash, zsh, fish"));
    }

    #[test]
    fn help_pages() {
        insta::assert_snapshot!("help", shown("postrider --help"));
        insta::assert_snapshot!("help_serve", shown("postrider serve --help"));
        insta::assert_snapshot!("help_config", shown("postrider config --help"));
        insta::assert_snapshot!("help_check", shown("postrider check --help"));
        insta::assert_snapshot!("help_backup", shown("postrider backup --help"));
        insta::assert_snapshot!("help_restore", shown("postrider restore --help"));
        insta::assert_snapshot!("help_audit", shown("postrider audit --help"));
        insta::assert_snapshot!("help_admin", shown("postrider admin --help"));
        insta::assert_snapshot!("help_replay", shown("postrider replay --help"));
    }
}
