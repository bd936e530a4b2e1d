//! The command line: what was asked for, as a value.
//!
//! In come arguments, the environment and a directory; out goes a [`Command`] that is ready to be
//! carried out, or a [`Refusal`]. The flags of settings come from the table of [`crate::config`].
//! Deliberately unknown here: how a command is carried out, and where text is printed.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches};

use crate::config::kind::Kind;
use crate::config::table::{self, FILE_DEFAULT, FILE_VARIABLE, SECTIONS, Section};
use crate::config::{Config, ConfigMistakes, Gathered, Inputs, Origin, Row, Setting, gather};
use crate::replay_order::ReplayOrder;
use crate::upkeep::Shape;

mod replay;

/// The exit code for a mistake in the command line or the configuration.
pub const EXIT_USAGE: u8 = 2;

/// What was asked for.
#[derive(Debug)]
pub enum Command {
    /// Receive and deliver events until told to stop.
    Serve(Box<Config>),
    /// Say that the configuration is right; its mistakes were a [`Refusal`].
    ConfigCheck(Gathered),
    /// Print the effective configuration.
    ConfigPrint(Gathered),
    /// Print the reference page of the configuration.
    ConfigReference,
    /// Say what is damaged in a data directory or a backup.
    Check(PathBuf, Shape),
    /// Copy a data directory to another place.
    Backup {
        /// The data directory.
        data_dir: PathBuf,
        /// Where to.
        to: PathBuf,
    },
    /// Make a data directory of a backup.
    Restore {
        /// The backup.
        from: PathBuf,
        /// The data directory, which is to be new or empty.
        data_dir: PathBuf,
    },
    /// Print the reference page of the reasons, or explain the one with this code.
    Reasons(Option<String>),
    /// Say how a running server fares.
    Status(SocketAddr, Shape),
    /// Print the reference page of the metrics.
    Metrics,
    /// Print the reference of the API.
    Api(ApiShape),
    /// Compare what was answered with what arrived.
    Audit(AuditOrder),
    /// Have a running server deliver again.
    Replay(ReplayOrder),
    /// Print this text: help, or the version.
    Show(String),
}

/// How the reference of the API is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApiShape {
    /// As a page for people.
    Page,
    /// As OpenAPI has it.
    OpenApi,
}

/// Which logs are compared, and how what is found is shown.
#[derive(Debug)]
pub struct AuditOrder {
    /// What was answered 200.
    pub answered: PathBuf,
    /// What the endpoint got.
    pub arrived: PathBuf,
    /// For whom the result is.
    pub shape: Shape,
}

/// Why nothing is done; the exit code is [`EXIT_USAGE`].
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

/// Reads the arguments, the program's name first.
///
/// # Errors
/// A [`Refusal`] where the command line or the configuration has mistakes.
pub fn read(
    arguments: impl IntoIterator<Item = OsString>,
    surroundings: Surroundings,
) -> Result<Command, Refusal> {
    let matches = match command_line().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return show_or_refuse(&error),
    };
    let gathered = |matches| gather(inputs(matches, surroundings)).map_err(Refusal::Config);
    match matches.subcommand() {
        Some(("serve", matches)) => Ok(Command::Serve(Box::new(gathered(matches)?.config))),
        Some(("config", matches)) => match matches.subcommand() {
            Some(("check", matches)) => Ok(Command::ConfigCheck(gathered(matches)?)),
            Some(("print", matches)) => Ok(Command::ConfigPrint(gathered(matches)?)),
            _ => Ok(Command::ConfigReference),
        },
        Some(("check", matches)) => {
            let shape = shape(matches);
            Ok(Command::Check(gathered(matches)?.config.data_dir, shape))
        }
        Some(("backup", matches)) => {
            let to = place(matches);
            Ok(Command::Backup { data_dir: gathered(matches)?.config.data_dir, to })
        }
        Some(("restore", matches)) => {
            let from = place(matches);
            Ok(Command::Restore { from, data_dir: gathered(matches)?.config.data_dir })
        }
        Some(("reasons", matches)) => {
            Ok(Command::Reasons(matches.get_one::<String>("code").cloned()))
        }
        Some(("status", matches)) => {
            Ok(Command::Status(gathered(matches)?.config.admin, shape(matches)))
        }
        Some(("metrics", _)) => Ok(Command::Metrics),
        Some(("api", found)) => Ok(Command::Api(match found.get_flag("openapi") {
            true => ApiShape::OpenApi,
            false => ApiShape::Page,
        })),
        Some(("audit", matches)) => Ok(Command::Audit(audit_order(matches))),
        Some(("replay", matches)) => {
            let wish = replay::wish(matches);
            Ok(Command::Replay(ReplayOrder { admin: gathered(matches)?.config.admin, wish }))
        }
        // Not reached: clap asks for a subcommand.
        _ => Ok(Command::Show(command_line().render_long_help().to_string())),
    }
}

/// How findings are to be told.
fn shape(matches: &ArgMatches) -> Shape {
    if matches.get_flag("json") { Shape::Json } else { Shape::Lines }
}

/// The place beside the data directory; clap asks for one.
fn place(matches: &ArgMatches) -> PathBuf {
    matches.get_one::<PathBuf>("place").cloned().unwrap_or_default()
}

fn audit_order(matches: &ArgMatches) -> AuditOrder {
    // Both are required, so that neither is ever missing here.
    let path = |name| matches.get_one::<PathBuf>(name).cloned().unwrap_or_default();
    AuditOrder { answered: path("answered"), arrived: path("arrived"), shape: shape(matches) }
}

fn show_or_refuse(error: &clap::Error) -> Result<Command, Refusal> {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(Command::Show(text)),
        _ => Err(Refusal::Usage(text)),
    }
}

fn inputs(matches: &ArgMatches, surroundings: Surroundings) -> Inputs {
    Inputs {
        file: matches.get_one::<PathBuf>("config").cloned(),
        flags: table::rows().filter_map(|row| flag_setting(row, matches)).collect(),
        variables: surroundings.variables,
        dir: surroundings.dir,
    }
}

fn flag_setting(row: &'static Row, matches: &ArgMatches) -> Option<Setting> {
    // Some commands take few of the settings.
    let values = matches.try_get_many::<String>(row.key).ok().flatten()?;
    let texts: Vec<&str> = values.map(String::as_str).collect();
    Some(Setting { row, text: texts.join(", "), origin: Origin::Flag(row.flag()) })
}

fn command_line() -> clap::Command {
    clap::Command::new("postrider")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Receives customer events from RudderStack SDKs and delivers them as webhooks")
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(serve())
        .subcommand(with_setting("admin", status()))
        .subcommand(config())
        .subcommand(check())
        .subcommand(backup())
        .subcommand(restore())
        .subcommand(reasons())
        .subcommand(metrics())
        .subcommand(api())
        .subcommand(audit())
        .subcommand(with_setting("admin", replay::command()))
}

fn serve() -> clap::Command {
    let command = clap::Command::new("serve")
        .about("Receive events and deliver them until SIGTERM or Ctrl-C")
        .after_help(AFTER_SERVE_HELP);
    with_settings(command)
}

fn check() -> clap::Command {
    let command = clap::Command::new("check")
        .about("Say what is damaged in a data directory or a backup; exit with 1 if anything is")
        .arg(json_flag());
    with_data_dir(command).after_help(AFTER_CHECK_HELP)
}

fn backup() -> clap::Command {
    let command = clap::Command::new("backup")
        .about("Copy a data directory, also while a server runs on it")
        .arg(place_argument("DEST", "A new or empty directory for the backup"));
    with_data_dir(command).after_help(AFTER_BACKUP_HELP)
}

fn restore() -> clap::Command {
    let command = clap::Command::new("restore")
        .about("Make a data directory of a backup")
        .arg(place_argument("FROM", "The backup, or a data directory that no server runs on"));
    with_data_dir(command).after_help(AFTER_RESTORE_HELP)
}

fn place_argument(name: &'static str, help: &'static str) -> Arg {
    let parser = clap::value_parser!(PathBuf);
    Arg::new("place").value_name(name).value_parser(parser).required(true).help(help)
}

fn reasons() -> clap::Command {
    clap::Command::new("reasons")
        .about("Explain every reason for a refusal or a failed attempt, and what to do about it")
        .arg(Arg::new("code").value_name("CODE").help("Only this one, for example connect_refused"))
}

fn status() -> clap::Command {
    clap::Command::new("status")
        .about("Say how a running server fares; exit with 2 if something needs a look")
        .arg(json_flag())
}

fn json_flag() -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Tell it as one JSON object, for programs")
}

fn api() -> clap::Command {
    clap::Command::new("api").about("Print the reference of the API, as a page").arg(
        Arg::new("openapi")
            .long("openapi")
            .action(ArgAction::SetTrue)
            .help("Print it as an OpenAPI document"),
    )
}

fn metrics() -> clap::Command {
    clap::Command::new("metrics").about("Print what GET /metrics has, as a page")
}

fn audit() -> clap::Command {
    let log = |name, label, help| {
        Arg::new(name)
            .value_name(label)
            .value_parser(clap::value_parser!(PathBuf))
            .required(true)
            .help(help)
    };
    clap::Command::new("audit")
        .about(
            "Compare what was answered 200 with what an endpoint got: lost, duplicated, reordered",
        )
        .after_help(AFTER_AUDIT_HELP)
        .arg(log("answered", "ANSWERED", "Log of the events answered 200, in that order"))
        .arg(log("arrived", "ARRIVED", "Log of what the endpoint took, in the order of arrival"))
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("An object, for programs"),
        )
}

fn config() -> clap::Command {
    let check = clap::Command::new("check")
        .about("Report every mistake in flags, environment and file; exit with 2 if there is one");
    let print = clap::Command::new("print")
        .about("Print the effective configuration as TOML, each value with its origin");
    let reference = clap::Command::new("reference")
        .about("Print the reference page: every setting, its meaning, default and bounds");
    clap::Command::new("config")
        .about("Check, print or explain the configuration")
        .after_help(AFTER_CONFIG_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(with_settings(check))
        .subcommand(with_settings(print))
        .subcommand(reference)
}

/// Adds `--config` and a flag for every row of the table.
fn with_settings(command: clap::Command) -> clap::Command {
    let settings = SECTIONS
        .iter()
        .flat_map(|section| section.rows.iter().map(move |row| setting_flag(section, row)));
    command.next_line_help(true).arg(config_flag()).args(settings)
}

/// Adds `--config` and `--data-dir`.
fn with_data_dir(command: clap::Command) -> clap::Command {
    with_setting("data_dir", command)
}

/// Adds `--config` and the flag of one setting.
fn with_setting(key: &str, command: clap::Command) -> clap::Command {
    let places = SECTIONS.iter().filter(|section| section.prefix.is_empty());
    let rows = places.flat_map(|section| section.rows.iter().map(move |row| (section, row)));
    let flags = rows.filter(|(_, row)| row.key == key);
    let flags = flags.map(|(section, row)| setting_flag(section, row));
    command.next_line_help(true).arg(config_flag()).args(flags)
}

fn config_flag() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help_heading("Configuration file")
        .help(format!(
            "A TOML file [default: {FILE_DEFAULT}, if it is there] [env: {FILE_VARIABLE}]"
        ))
}

/// Values are taken as text: the configuration checks them, together with those of other places.
fn setting_flag(section: &Section, row: &'static Row) -> Arg {
    let arg = Arg::new(row.key)
        .long(row.flag_name())
        .value_name(row.kind.placeholder())
        .help_heading(section.title)
        .help(help_line(row));
    if row.kind.is_list() { arg.action(ArgAction::Append) } else { arg }
}

fn help_line(row: &Row) -> String {
    let words = match &row.kind {
        Kind::Choice(choices) => {
            let words: Vec<&str> = choices.iter().map(|choice| choice.word).collect();
            format!(" [one of: {}]", words.join(", "))
        }
        Kind::Networks(_) | Kind::Servers(_) => " [may be repeated]".to_owned(),
        _ => String::new(),
    };
    let default = if row.default.is_empty() { "none" } else { row.default };
    format!("{}{words} [default: {default}]", row.help)
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

const AFTER_SERVE_HELP: &str = "\
Every setting is also an environment variable (POSTRIDER_DELIVERY_TIMEOUT for
--delivery-timeout) and a key of postrider.toml (timeout in [delivery]).
A flag wins over a variable, a variable over the file.

Examples:
  postrider serve --gateway 0.0.0.0:80 --data-dir /var/lib/postrider
  postrider serve --egress-allow 10.0.0.0/8 --egress-allow 127.0.0.1
  POSTRIDER_LOG_FORMAT=json postrider serve --config /etc/postrider.toml

Next: `postrider config print` shows what holds and why, `postrider config reference`
explains every setting.";

const AFTER_CHECK_HELP: &str = "\
Every event is read and compared with its checksum, every place is accounted for, and each
file's own structure is looked at; nothing is changed. Where a server runs on the directory it
is checked as it is at that moment; where none does, none can be started meanwhile.

Examples:
  postrider check --data-dir /var/lib/postrider
  postrider check --json --data-dir /backup/postrider-monday";

const AFTER_BACKUP_HELP: &str = "\
Everything that was answered 200 before the command began is in the backup, and all that is
known of its deliveries. The server goes on meanwhile.

Examples:
  postrider backup --data-dir /var/lib/postrider /backup/postrider-monday

Next: `postrider check --data-dir /backup/postrider-monday` says whether the backup is whole.";

const AFTER_RESTORE_HELP: &str = "\
The data directory is made new; it must be missing or empty. What the backup holds as not
delivered is delivered, also what has been since. New events get places far behind all that were
used before: a place never means two events.

Examples:
  postrider restore --data-dir /var/lib/postrider /backup/postrider-monday

Next: `postrider serve --data-dir /var/lib/postrider`.";

const AFTER_CONFIG_HELP: &str = "\
Examples:
  postrider config check --config /etc/postrider.toml
  postrider config print > postrider.toml
  postrider config reference | less

check and print take the same flags as serve, and read the same environment and file.";

const AFTER_AUDIT_HELP: &str = "\
A log has one event a line, as a JSON object or as CSV whose first line names the columns:
source, messageId, userId, anonymousId, time. Only messageId must be there.

Exit code: 0 where nothing is lost and nothing reordered, 1 otherwise, 2 where a log cannot
be read. Duplicates and unknown events are only counted.

Example:
  postrider audit answered.ndjson arrived.csv";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Row;

    fn read_line(line: &str) -> Result<Command, Refusal> {
        let dir = tempfile::tempdir().expect("a directory");
        let surroundings = Surroundings { variables: Vec::new(), dir: dir.path().to_owned() };
        read(line.split_whitespace().map(OsString::from), surroundings)
    }

    fn shown(line: &str) -> String {
        match read_line(line) {
            Ok(Command::Show(text)) => text,
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
            let text = if row.default.is_empty() { "::1" } else { row.default };
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
        assert!(matches!(read_line("postrider config check"), Ok(Command::ConfigCheck(_))));
        assert!(matches!(read_line("postrider config print"), Ok(Command::ConfigPrint(_))));
        assert!(matches!(read_line("postrider config reference"), Ok(Command::ConfigReference)));
        assert!(matches!(read_line("postrider reasons"), Ok(Command::Reasons(None))));
        let Ok(Command::Audit(order)) = read_line("postrider audit a b --json") else { panic!() };
        assert_eq!((order.answered, order.arrived), ("a".into(), "b".into()));
        assert_eq!(order.shape, Shape::Json);
        assert!(refused("postrider audit a").contains("ARRIVED"));
        let version = concat!("postrider ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(shown("postrider --version"), version);
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
        insta::assert_snapshot!("help_replay", shown("postrider replay --help"));
    }
}
