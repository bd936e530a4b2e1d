//! `postrider audit`: two logs compared.

use std::path::PathBuf;

use clap::ArgMatches;

use super::{Command, Refusal, Surroundings, flags};
use crate::console::Shape;

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

/// How it is written.
pub fn command() -> clap::Command {
    let arrived = "Log of what the endpoint took, in the order of arrival";
    clap::Command::new("audit")
        .about(
            "Compare what was answered 200 with what an endpoint got: lost, duplicated, reordered",
        )
        .after_help(AFTER_HELP)
        .arg(flags::path("answered", "ANSWERED", "Log of the events answered 200, in that order"))
        .arg(flags::path("arrived", "ARRIVED", arrived))
        .arg(flags::json())
}

/// What its arguments ask for.
pub fn read(matches: &ArgMatches, _: Surroundings) -> Result<Command, Refusal> {
    let path = |name| flags::path_of(matches, name);
    let (answered, arrived) = (path("answered"), path("arrived"));
    Ok(Command::Audit(AuditOrder { answered, arrived, shape: flags::shape(matches) }))
}

const AFTER_HELP: &str = "\
A log has one event a line, as a JSON object or as CSV whose first line names the columns:
source, messageId, userId, anonymousId, time. Only messageId must be there.

Exit code: 0 where nothing is lost and nothing reordered, 1 otherwise, 2 where a log cannot
be read or ANSWERED has no events. Duplicates and unknown events are only counted. Where no
event of ANSWERED has a userId or an anonymousId, no order is checked, which is said.

Example:
  postrider audit answered.ndjson arrived.csv";
