//! `postrider doctor`: the machine, as a server would find it.

use clap::{Arg, ArgMatches};

use super::{Command, Refusal, Surroundings, flags, settings};
use crate::doctor::DoctorOrder;

/// How it is written.
pub fn command() -> clap::Command {
    let server = Arg::new("time-server").long("time-server").value_name("HOST[:PORT]");
    let command = clap::Command::new("doctor")
        .about("Look at disk, clock, ports, limits, certificates and endpoints, each with a fix")
        .after_help(AFTER_HELP)
        .arg(server.help("Compare the clock with this time server"))
        .arg(flags::json());
    settings::with_all(command)
}

/// What its arguments ask for.
pub fn read(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let order = DoctorOrder {
        config: settings::gathered(matches, surroundings)?.config,
        time_server: matches.get_one::<String>("time-server").cloned(),
        shape: flags::shape(matches),
    };
    Ok(Command::Doctor(Box::new(order)))
}

const AFTER_HELP: &str = "\
It is run with the flags, environment and file that the server has, on the machine of the server,
before it is started or while it runs. Nothing is changed, and endpoints get no request: it
connects to them, agrees on TLS, and closes.

Exit code: 0 where nothing is bad, 2 where something is.

Examples:
  postrider doctor --config /etc/postrider.toml
  postrider doctor --data-dir /var/lib/postrider --time-server pool.ntp.org --json";
