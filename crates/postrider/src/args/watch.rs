//! `postrider tail` and `listen`: what happens, as it happens.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches};

use super::{Command, Refusal, Surroundings, server};
use crate::client::{ListenWish, Look, TailWish, Wish};

/// Flags whose text becomes a pair of the query.
const FILTERS: [(&str, &str, &str); 7] = [
    ("source", "ID", "Only of this source"),
    ("destination", "ID", "Only deliveries to this destination"),
    ("type", "TYPE", "Only events of this type; several with commas between them"),
    ("name", "NAME", "Only events with this name"),
    ("text", "TEXT", "Only events with this in their name"),
    ("user", "ID", "Only events with this userId or anonymousId"),
    ("status", "STATUS", "Only what has come to this, as accepted, delivered or gave_up"),
];

/// How `tail` is written.
pub fn tail() -> clap::Command {
    let filter = |(name, value, help): (&'static str, _, _)| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let failed = Arg::new("failed").long("failed").action(ArgAction::SetTrue);
    let command = clap::Command::new("tail")
        .about("Show events and deliveries as they happen, until Ctrl-C")
        .after_help(AFTER_TAIL_HELP)
        .args(FILTERS.map(filter))
        .arg(failed.conflicts_with("status").help("Only what does not go well"))
        .arg(output());
    server::with_server(command)
}

fn output() -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("LOOK")
        .value_parser(PossibleValuesParser::new(["pretty", "line", "json"]))
        .conflicts_with("json")
        .help("pretty: columns; line: a tab between columns; json: as --json")
}

/// What the arguments of `tail` ask for.
pub fn read_tail(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let text = |name| Some((name, matches.get_one::<String>(name)?.clone()));
    let mut filter: Vec<_> = FILTERS.into_iter().filter_map(|(name, ..)| text(name)).collect();
    if matches.get_flag("failed") {
        filter.push(("status", "failed,rejected".to_owned()));
    }
    let wish = TailWish { filter, look: look(matches) };
    server::order(|_| Wish::Tail(wish), matches, surroundings)
}

fn look(matches: &ArgMatches) -> Look {
    match matches.get_one::<String>("output").map(String::as_str) {
        Some("line") => Look::Line,
        Some("json") => Look::Json,
        _ if matches.get_flag("json") => Look::Json,
        _ => Look::Pretty,
    }
}

/// How `listen` is written.
pub fn listen() -> clap::Command {
    let port = Arg::new("port").value_name("PORT").required(true);
    let source = Arg::new("source").long("source").value_name("ID").action(ArgAction::Append);
    let path = Arg::new("path").long("path").value_name("PATH").default_value("/");
    let command = clap::Command::new("listen")
        .about(
            "Deliver events to a port of this machine until Ctrl-C, and show what becomes of them",
        )
        .after_help(AFTER_LISTEN_HELP)
        .arg(port.value_parser(clap::value_parser!(u16).range(1..)).help("The port"))
        .arg(source.help("Only events of this source; may be repeated; all where it is left out"))
        .arg(path.help("The path of requests"))
        .arg(output());
    server::with_server(command)
}

/// What the arguments of `listen` ask for.
pub fn read_listen(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let path = matches.get_one::<String>("path").cloned().unwrap_or_default();
    let wish = ListenWish {
        port: matches.get_one::<u16>("port").copied().unwrap_or_default(),
        path: format!("/{}", path.trim_start_matches('/')),
        sources: matches.get_many::<String>("source").into_iter().flatten().cloned().collect(),
        look: look(matches),
    };
    server::order(|_| Wish::Listen(wish), matches, surroundings)
}

const AFTER_TAIL_HELP: &str = "\
A line is the time of day (UTC), what came of it, type, name, user, where, and more. At most 50
rows a second are shown; how many there were is said. Payloads are not shown: `postrider events get
ID --payload` does.

Examples:
  postrider tail
  postrider tail --destination orders-hook --failed
  postrider tail --user u1 -o line | grep \"Order Completed\"";

const AFTER_LISTEN_HELP: &str = "\
A destination is made for http://127.0.0.1:PORT, connected to the sources, and removed at the end.
Events count from then on; other destinations go on as they are. The server has to be on this
machine and allowed to call it: postrider serve --egress-allow 127.0.0.0/8.

Examples:
  postrider listen 3000
  postrider listen 3000 --path /webhooks --source my-app";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_a_query() {
        let line = "postrider tail --user u1 --failed -o line --admin 127.0.0.1:1";
        let words = line.split(' ').map(std::ffi::OsString::from);
        let read = super::super::read(words, Surroundings::default());
        let Ok((Command::Ask(order), _)) = read else { panic!("{read:?}") };
        let Wish::Tail(wish) = order.wish else { panic!("{:?}", order.wish) };
        let want = [("user", "u1".to_owned()), ("status", "failed,rejected".to_owned())];
        assert_eq!((wish.filter.as_slice(), wish.look), (&want[..], Look::Line));
    }
}
