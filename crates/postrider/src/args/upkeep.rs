//! `postrider check`, `backup` and `restore`: what is done to a data directory from outside.

use std::path::PathBuf;

use clap::ArgMatches;

use super::{Command, Refusal, Surroundings, flags, settings};
use crate::console::Shape;

/// What is to be done to a data directory.
#[derive(Debug)]
pub struct UpkeepOrder {
    /// The data directory.
    pub data_dir: PathBuf,
    /// What is done.
    pub upkept: Upkept,
    /// For whom it is told.
    pub shape: Shape,
}

/// What is done.
#[derive(Debug)]
pub enum Upkept {
    /// It is looked through for damage; it may also be a backup.
    Checked,
    /// It is copied to this place.
    BackedUp(PathBuf),
    /// It is made of this backup, and is to be new or empty.
    Restored(PathBuf),
}

/// How `check` is written.
pub fn check() -> clap::Command {
    let command = clap::Command::new("check")
        .about("Say what is damaged in a data directory or a backup; exit with 1 if anything is")
        .arg(flags::json());
    settings::with_some(DATA_DIR, command).after_help(AFTER_CHECK_HELP)
}

/// How `backup` is written.
pub fn backup() -> clap::Command {
    let command = clap::Command::new("backup")
        .about("Copy a data directory, also while a server runs on it")
        .arg(flags::path("place", "DEST", "A new or empty directory for the backup"))
        .arg(flags::json());
    settings::with_some(DATA_DIR, command).after_help(AFTER_BACKUP_HELP)
}

/// How `restore` is written.
pub fn restore() -> clap::Command {
    let place = "The backup, or a data directory that no server runs on";
    let command = clap::Command::new("restore")
        .about("Make a data directory of a backup")
        .arg(flags::path("place", "FROM", place))
        .arg(flags::json());
    settings::with_some(DATA_DIR, command).after_help(AFTER_RESTORE_HELP)
}

/// The one setting that matters here.
const DATA_DIR: &[&str] = &["data_dir"];

/// What the arguments of `check` ask for.
pub fn read_check(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    order(Upkept::Checked, matches, surroundings)
}

/// What the arguments of `backup` ask for.
pub fn read_backup(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    order(Upkept::BackedUp(flags::path_of(matches, "place")), matches, surroundings)
}

/// What the arguments of `restore` ask for.
pub fn read_restore(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    order(Upkept::Restored(flags::path_of(matches, "place")), matches, surroundings)
}

fn order(
    upkept: Upkept,
    matches: &ArgMatches,
    surroundings: Surroundings,
) -> Result<Command, Refusal> {
    let data_dir = settings::gathered(matches, surroundings)?.config.data_dir;
    Ok(Command::Upkeep(UpkeepOrder { data_dir, upkept, shape: flags::shape(matches) }))
}

const AFTER_CHECK_HELP: &str = "\
Every event is read and compared with its checksum, every place is accounted for, and each
file's own structure is looked at; nothing is changed. Where a server runs on the directory it
is checked as it is at that moment, save its free space; where none does, none can be started
meanwhile.

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

Next: `postrider check --data-dir /var/lib/postrider` says whether all of it is whole, and
`postrider serve --data-dir /var/lib/postrider` goes on with it.";
