//! Commands that explain something and need no server: `help`, `reasons`, `metrics`, `api`,
//! `completions`.

use clap::{Arg, ArgAction, ArgMatches};
use clap_complete::Shell;

use super::{Command, Refusal, Surroundings, command_line, flags, show_or_refuse};
use crate::console::Shape;

/// What is explained.
#[derive(Debug)]
pub enum Explained {
    /// All reasons, or the one with this code.
    Reasons(Option<String>, Shape),
    /// The metrics.
    Metrics(Shape),
    /// The API.
    Api(ApiShape),
    /// All commands, as a page.
    CommandLine,
    /// What is typed, to a shell.
    Completions(Shell),
    /// This text: help, or the version.
    Text(String),
}

/// How the reference of the API is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApiShape {
    /// As a page for people.
    Page,
    /// As OpenAPI has it.
    OpenApi,
}

/// How `reasons` is written.
pub fn reasons() -> clap::Command {
    clap::Command::new("reasons")
        .about("Explain every reason for a refusal or a failed attempt, and what to do about it")
        .arg(Arg::new("code").value_name("CODE").help("Only this one, for example connect_refused"))
        .arg(flags::json())
}

/// What the arguments of `reasons` ask for.
pub fn read_reasons(matches: &ArgMatches, _: Surroundings) -> Result<Command, Refusal> {
    let code = matches.get_one::<String>("code").cloned();
    Ok(Command::Explain(Explained::Reasons(code, flags::shape(matches))))
}

/// How `metrics` is written.
pub fn metrics() -> clap::Command {
    clap::Command::new("metrics").about("Print what GET /metrics has, as a page").arg(flags::json())
}

/// What the arguments of `metrics` ask for.
pub fn read_metrics(matches: &ArgMatches, _: Surroundings) -> Result<Command, Refusal> {
    Ok(Command::Explain(Explained::Metrics(flags::shape(matches))))
}

/// How `api` is written.
pub fn api() -> clap::Command {
    let openapi =
        Arg::new("openapi").long("openapi").visible_alias("json").action(ArgAction::SetTrue);
    clap::Command::new("api")
        .about("Print the reference of the API, as a page")
        .arg(openapi.help("Print it as an OpenAPI document"))
}

/// What the arguments of `api` ask for.
pub fn read_api(matches: &ArgMatches, _: Surroundings) -> Result<Command, Refusal> {
    let is_openapi = matches.get_flag("openapi");
    let shape = if is_openapi { ApiShape::OpenApi } else { ApiShape::Page };
    Ok(Command::Explain(Explained::Api(shape)))
}

/// How `completions` is written.
pub fn completions() -> clap::Command {
    clap::Command::new("completions")
        .about("Print a script that lets a shell complete commands and flags")
        .after_help(AFTER_COMPLETIONS_HELP)
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .value_parser(["bash", "zsh", "fish"])
                .required(true)
                .help("The shell that is to complete"),
        )
}

/// What the arguments of `completions` ask for.
pub fn read_completions(matches: &ArgMatches, _: Surroundings) -> Result<Command, Refusal> {
    let shell = match matches.get_one::<String>("shell").map(String::as_str) {
        Some("zsh") => Shell::Zsh,
        Some("fish") => Shell::Fish,
        _ => Shell::Bash,
    };
    Ok(Command::Explain(Explained::Completions(shell)))
}

/// How `help` is written.
pub fn help() -> clap::Command {
    let words = Arg::new("words").value_name("COMMAND").action(ArgAction::Append);
    let reference = Arg::new("reference").long("reference").action(ArgAction::SetTrue);
    clap::Command::new("help")
        .about("Explain a command, or print the reference page of all")
        .arg(words.help("The command, for example config check"))
        .arg(reference.conflicts_with("words").help("Print the reference page of all commands"))
}

/// What the arguments of `help` ask for.
pub fn read_help(matches: &ArgMatches) -> Result<Command, Refusal> {
    if matches.get_flag("reference") {
        return Ok(Command::Explain(Explained::CommandLine));
    }
    // The same as with `--help`, also where there is no such command.
    let words = matches.get_many::<String>("words").into_iter().flatten().map(String::as_str);
    let line = ["postrider"].into_iter().chain(words).chain(["--help"]);
    command_line()
        .try_get_matches_from(line)
        .map_or_else(|error| show_or_refuse(&error), |_| Ok(super::shown(String::new())))
}

const AFTER_COMPLETIONS_HELP: &str = "\
Examples:
  postrider completions bash > ~/.local/share/bash-completion/completions/postrider
  postrider completions zsh > \"${fpath[1]}/_postrider\"
  postrider completions fish > ~/.config/fish/completions/postrider.fish";
