//! The flags of `postrider admin`, and the order they stand for.

use clap::{Arg, ArgMatches};
use domain::account::Role;

use super::{Command, Refusal, Surroundings, server};
use crate::client::{AccountsOrder, AccountsWish, Wish};
use crate::config::Config;

/// How `admin` is written.
pub fn command() -> clap::Command {
    let name = || Arg::new("name").value_name("NAME").required(true).help("The user's name");
    let role = Arg::new("role")
        .long("role")
        .value_name("ROLE")
        .value_parser(Role::ALL.map(Role::as_str))
        .hide_possible_values(true)
        .default_value(Role::Admin.as_str())
        .help("What the user may do: viewer, payload_viewer, editor or admin");
    let create = clap::Command::new("create").about("Make a user").arg(name()).arg(role);
    let reset = clap::Command::new("reset")
        .about("Give a user another password, and end the user's sessions")
        .arg(name());
    clap::Command::new("admin")
        .about("Make a user, or give one another password")
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(server::with_server(create))
        .subcommand(server::with_server(reset))
}

/// What the arguments of `admin` ask for.
pub fn read(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let (wish, matches) = wish(matches);
    let order = |config: &Config| AccountsOrder { data_dir: config.data_dir.clone(), wish };
    server::order(|config| Wish::Accounts(order(config)), matches, surroundings)
}

fn wish(matches: &ArgMatches) -> (AccountsWish, &ArgMatches) {
    // clap asks for a subcommand and for its name, so that neither is ever missing here.
    let (subcommand, matches) = matches.subcommand().unwrap_or(("reset", matches));
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let name = text("name");
    let wish = match subcommand {
        "create" => {
            let role = Role::from_name(&text("role")).unwrap_or(Role::Viewer);
            AccountsWish::Create { name, role }
        }
        _ => AccountsWish::Reset { name },
    };
    (wish, matches)
}

const AFTER_HELP: &str = "\
The password is asked for, or read from standard input where that is no terminal. A running
server is asked by its API; where none runs, the data directory is changed itself.

Examples:
  postrider admin create anna --data-dir /var/lib/postrider
  postrider admin create bert --role viewer < password.txt
  postrider admin reset anna";
