//! Flags that several commands have.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches};

use crate::console::{Shape, Voice};

/// `--json`, as every command has it that finds something out.
pub fn json() -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Tell it as one JSON object, for programs")
}

/// How findings are to be told.
pub fn shape(matches: &ArgMatches) -> Shape {
    if matches.get_flag("json") { Shape::Json } else { Shape::Lines }
}

/// `--quiet`, as every command has it.
pub fn quiet() -> Arg {
    Arg::new("quiet")
        .long("quiet")
        .action(ArgAction::SetTrue)
        .global(true)
        .help("Print data and errors only: no bars, no progress, no hints")
}

/// What is to be printed besides data and errors.
pub fn voice(matches: &ArgMatches) -> Voice {
    if matches.get_flag("quiet") { Voice::Quiet } else { Voice::Full }
}

/// A path that must be there.
pub fn path(name: &'static str, label: &'static str, help: &'static str) -> Arg {
    let parser = clap::value_parser!(PathBuf);
    Arg::new(name).value_name(label).value_parser(parser).required(true).help(help)
}

/// The path of [`path`]; clap asks for it, so that it is never missing here.
pub fn path_of(matches: &ArgMatches, name: &str) -> PathBuf {
    matches.get_one::<PathBuf>(name).cloned().unwrap_or_default()
}
