//! `postrider config`: check, print and explain the configuration; export, plan and apply a workspace.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches};

use super::{Command, Refusal, Surroundings, flags, server, settings};
use crate::client::{Rest, WantedFile, Wish, WorkspaceWish};
use crate::config::{Config, Gathered};
use crate::console::Shape;

/// What is wanted of the configuration.
#[derive(Debug)]
pub enum ConfigOrder {
    /// Say that it is right; its mistakes were a [`Refusal`].
    Check(Gathered, Shape),
    /// Print what holds.
    Print(Gathered, Shape),
    /// Print the reference page.
    Reference(Shape),
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
        .about("Print the reference page: every setting, its meaning, default and bounds")
        .arg(flags::json());
    let export = clap::Command::new("export")
        .about("Print sources, destinations and connections of a running server, as YAML");
    let plan = clap::Command::new("plan")
        .about("Say what a workspace file would change; exit with 2 if anything");
    let apply = clap::Command::new("apply")
        .about("Make the workspace of a running server what a file says, all of it or nothing");
    clap::Command::new("config")
        .about("Check, print or explain the configuration; export, plan or apply a workspace")
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(settings::with_all(check))
        .subcommand(settings::with_all(print))
        .subcommand(reference)
        .subcommand(server::with_server(export))
        .subcommand(server::with_server(wanted(plan)))
        .subcommand(server::with_server(wanted(apply)))
}

/// Adds what says which workspace is wanted.
fn wanted(command: clap::Command) -> clap::Command {
    let file = Arg::new("file").value_name("FILE").value_parser(clap::value_parser!(PathBuf));
    let prune = Arg::new("prune").long("prune").action(ArgAction::SetTrue);
    command
        .arg(file.required(true).help("A workspace in YAML or JSON; - for standard input"))
        .arg(prune.help("Remove what the file does not name"))
}

/// What its arguments ask for.
pub fn read(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let order = match matches.subcommand() {
        Some(("export", matches)) => {
            let wish = |_: &Config| Wish::Workspace(WorkspaceWish::Export);
            return server::order(wish, matches, surroundings);
        }
        Some(("plan", matches)) => {
            let wish = |_: &Config| Wish::Workspace(WorkspaceWish::Plan(wanted_file(matches)));
            return server::order(wish, matches, surroundings);
        }
        Some(("apply", matches)) => {
            let wish = |_: &Config| Wish::Workspace(WorkspaceWish::Apply(wanted_file(matches)));
            return server::order(wish, matches, surroundings);
        }
        Some(("check", matches)) => {
            ConfigOrder::Check(settings::gathered(matches, surroundings)?, flags::shape(matches))
        }
        Some(("print", matches)) => {
            ConfigOrder::Print(settings::gathered(matches, surroundings)?, flags::shape(matches))
        }
        Some((_, matches)) => ConfigOrder::Reference(flags::shape(matches)),
        None => ConfigOrder::Reference(Shape::Lines),
    };
    Ok(Command::Config(Box::new(order)))
}

fn wanted_file(matches: &ArgMatches) -> WantedFile {
    let rest = if matches.get_flag("prune") { Rest::Pruned } else { Rest::Kept };
    // clap asks for a file.
    WantedFile { path: matches.get_one::<PathBuf>("file").cloned().unwrap_or_default(), rest }
}

const AFTER_HELP: &str = "\
Examples:
  postrider config check --config /etc/postrider.toml
  postrider config print > postrider.toml
  postrider config reference | less
  postrider config export > workspace.yaml
  postrider config plan workspace.yaml
  postrider config apply workspace.yaml

check and print take the same flags as serve, and read the same environment and file.
export, plan and apply ask a running server; secrets in a file may be env:NAME or file:PATH.";
