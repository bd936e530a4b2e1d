//! `postrider serve`.

use clap::ArgMatches;

use super::{Command, Refusal, Surroundings, settings};

/// How it is written.
pub fn command() -> clap::Command {
    let command = clap::Command::new("serve")
        .about("Receive events and deliver them until SIGTERM or Ctrl-C")
        .after_help(AFTER_HELP);
    settings::with_all(command)
}

/// What its arguments ask for.
pub fn read(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    Ok(Command::Serve(Box::new(settings::gathered(matches, surroundings)?.config)))
}

const AFTER_HELP: &str = "\
Every setting is also an environment variable (POSTRIDER_DELIVERY_TIMEOUT for
--delivery-timeout) and a key of postrider.toml (timeout in [delivery]).
A flag wins over a variable, a variable over the file.

Examples:
  postrider serve --gateway 0.0.0.0:80 --data-dir /var/lib/postrider
  postrider serve --egress-allow 10.0.0.0/8 --egress-allow 127.0.0.1
  POSTRIDER_LOG_FORMAT=json postrider serve --config /etc/postrider.toml

Next: `postrider config print` shows what holds and why, `postrider config reference`
explains every setting.";
