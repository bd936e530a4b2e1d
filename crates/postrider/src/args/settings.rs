//! The flags of settings, from the table of [`crate::config`].

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches};

use super::{Refusal, Surroundings};
use crate::config::kind::Kind;
use crate::config::table::{self, FILE_DEFAULT, FILE_VARIABLE, SECTIONS, Section};
use crate::config::{Gathered, Inputs, Origin, Row, Setting, gather};

/// Adds `--config` and a flag for every row of the table.
pub fn with_all(command: clap::Command) -> clap::Command {
    with(|_| true, command)
}

/// Adds `--config` and the flags of these settings.
pub fn with_some(keys: &[&str], command: clap::Command) -> clap::Command {
    with(|row| keys.contains(&row.key), command)
}

fn with(wanted: impl Fn(&Row) -> bool, command: clap::Command) -> clap::Command {
    let rows =
        SECTIONS.iter().flat_map(|section| section.rows.iter().map(move |row| (section, row)));
    let flags = rows.filter(|(_, row)| wanted(row)).map(|(section, row)| flag(section, row));
    command.next_line_help(true).arg(config_flag()).args(flags)
}

/// Whether a command has every setting as a flag.
pub fn has_all(command: &clap::Command) -> bool {
    table::rows().all(|row| command.get_arguments().any(|arg| is_of(arg, row)))
}

/// Whether a flag is that of a setting.
pub fn is_setting(arg: &Arg) -> bool {
    table::rows().any(|row| is_of(arg, row))
}

fn is_of(arg: &Arg, row: &Row) -> bool {
    arg.get_id().as_str() == row.key
}

/// The configuration that flags, environment and file give.
///
/// # Errors
/// Where it has mistakes.
pub fn gathered(matches: &ArgMatches, surroundings: Surroundings) -> Result<Gathered, Refusal> {
    let inputs = Inputs {
        file: matches.get_one::<PathBuf>("config").cloned(),
        flags: table::rows().filter_map(|row| setting(row, matches)).collect(),
        variables: surroundings.variables,
        dir: surroundings.dir,
    };
    gather(inputs).map_err(Refusal::Config)
}

fn setting(row: &'static Row, matches: &ArgMatches) -> Option<Setting> {
    // Some commands take few of the settings.
    let values = matches.try_get_many::<String>(row.key).ok().flatten()?;
    let texts: Vec<&str> = values.map(String::as_str).collect();
    Some(Setting { row, text: texts.join(", "), origin: Origin::Flag(row.flag()) })
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
fn flag(section: &Section, row: &'static Row) -> Arg {
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
