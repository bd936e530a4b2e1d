//! `postrider config`: check, print and explain the configuration.

use clap::ArgMatches;

use super::{Command, Refusal, Surroundings, flags, settings};
use crate::config::Gathered;
use crate::console::Shape;

/// What is wanted of the configuration.
#[derive(Debug)]
pub enum ConfigOrder {
    /// Say that it is right; its mistakes were a [`Refusal`].
    Check(Gathered, Shape),
    /// Print what holds.
    Print(Gathered, Shape),
    /// Print the reference page.
    Reference,
}

/// How it is written.
pub fn command() -> clap::Command {
    let check = clap::Command::new("check")
        .about("Report every mistake in flags, environment and file; exit with 2 if there is one")
        .arg(flags::json());
    let print = clap::Command::new("print")
        .about("Print the effective configuration as TOML, each value with its origin")
        .arg(flags::json());
    let reference = clap::Command::new("reference")
        .about("Print the reference page: every setting, its meaning, default and bounds");
    clap::Command::new("config")
        .about("Check, print or explain the configuration")
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(settings::with_all(check))
        .subcommand(settings::with_all(print))
        .subcommand(reference)
}

/// What its arguments ask for.
pub fn read(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let order = match matches.subcommand() {
        Some(("check", matches)) => {
            ConfigOrder::Check(settings::gathered(matches, surroundings)?, flags::shape(matches))
        }
        Some(("print", matches)) => {
            ConfigOrder::Print(settings::gathered(matches, surroundings)?, flags::shape(matches))
        }
        _ => ConfigOrder::Reference,
    };
    Ok(Command::Config(Box::new(order)))
}

const AFTER_HELP: &str = "\
Examples:
  postrider config check --config /etc/postrider.toml
  postrider config print > postrider.toml
  postrider config reference | less

check and print take the same flags as serve, and read the same environment and file.";
