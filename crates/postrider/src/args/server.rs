//! What commands have in common that ask a running server, and `postrider status`.

use clap::{Arg, ArgMatches};

use super::{Command, Refusal, Surroundings, flags, settings};
use crate::client::{Order, Place, Wish};
use crate::config::{Config, Secret};

/// Adds what says which server is asked, and `--json`.
pub fn with_server(command: clap::Command) -> clap::Command {
    let token = Arg::new("token").long("token").value_name("TOKEN").help(
        "What to come in with [default: admin.cookie in the data directory] [env: POSTRIDER_TOKEN]",
    );
    settings::with_some(&["data_dir", "admin"], command.arg(flags::json()).arg(token))
}

/// A wish together with the server that it is for.
///
/// # Errors
/// Where the configuration has mistakes.
pub fn order(
    wish: impl FnOnce(&Config) -> Wish,
    matches: &ArgMatches,
    surroundings: Surroundings,
) -> Result<Command, Refusal> {
    let mut config = settings::gathered(matches, surroundings)?.config;
    if let Some(token) = matches.get_one::<String>("token") {
        config.secrets.token = Some(Secret::new(token));
    }
    let place = Place::of(&config);
    let order = Order { place, shape: flags::shape(matches), wish: wish(&config) };
    Ok(Command::Ask(Box::new(order)))
}

/// How `status` is written.
pub fn status() -> clap::Command {
    with_server(
        clap::Command::new("status")
            .about("Say how a running server fares; exit with 2 if something needs a look")
            .after_help(AFTER_STATUS_HELP),
    )
}

const AFTER_STATUS_HELP: &str = "\
GAVE UP and EXPIRED count since a destination was made. Below the table stands what is worth
knowing: what waits for a destination that is paused, disabled or removed, and an endpoint that has
asked to wait; and what needs a look.

Exit code: 2 where the disk is nearly full, a destination is holding or stopped, or an open issue
has deliveries that were given up or expired (until somebody acknowledges or resolves it); 1 where
nobody answers; 0 otherwise.";

/// What the arguments of `status` ask for.
pub fn read_status(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    order(|_| Wish::Status, matches, surroundings)
}
