//! `postrider events`, `deliveries`, `attempts` and `retry`: what became of events.

use clap::{Arg, ArgAction, ArgMatches};

use super::{Command, Refusal, Surroundings, server};
use crate::client::{DeliveriesWish, LookWish, Named, Payload, Retry, Wish};
use crate::config::units::parse_duration;

/// Flags of `deliveries ls` whose text becomes a pair of the query.
const FILTERS: [(&str, &str, &str); 15] = [
    ("destination", "ID", "Only to this destination"),
    ("status", "STATUS", "Only those that have come to this, as scheduled, delivered or gave_up"),
    ("source", "ID", "Only of events of this source"),
    ("type", "TYPE", "Only of events of this type"),
    ("name", "NAME", "Only of events with this name"),
    ("user", "ID", "Only of events with this userId or anonymousId"),
    ("event", "SEQ", "Only of the event in this place"),
    ("reason", "CODE", "Only with this reason"),
    ("code", "STATUS", "Only those whose endpoint answered with this status last"),
    ("class", "CLASS", "Only those whose endpoint answered so last: 2xx, 3xx, 4xx or 5xx"),
    ("issue", "ID", "Only of this issue"),
    ("from", "TIME", "Only from this time on"),
    ("to", "TIME", "Only before this time"),
    ("attempts-min", "COUNT", "Only those that were tried so often, or more often"),
    ("older-than", "SEQ", "Only those behind a page that ended there"),
];

/// How `events` is written.
pub fn events() -> clap::Command {
    let payload = Arg::new("payload").long("payload").action(ArgAction::SetTrue);
    let get = clap::Command::new("get")
        .about("Show an event and what became of it")
        .after_help(AFTER_EVENTS_HELP)
        .arg(id("The event: its place, or its messageId"))
        .arg(payload.help("Print its payload, byte for byte, and nothing else"));
    group("events", "Look at events").subcommand(server::with_server(get))
}

/// How `deliveries` is written.
pub fn deliveries() -> clap::Command {
    let filter = |(name, value, help): (&'static str, _, _)| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let since = Arg::new("since").long("since").value_name("DURATION").value_parser(duration);
    let limit = Arg::new("limit").long("limit").value_name("COUNT").default_value("50");
    let ls = clap::Command::new("ls")
        .about("List deliveries, newest first")
        .after_help(AFTER_DELIVERIES_HELP)
        .args(FILTERS.map(filter))
        .arg(since.conflicts_with("from").help("Only of the last time, as 1h or 30m"))
        .arg(
            limit.value_parser(clap::value_parser!(u32).range(1..=100_000)).help("So many at most"),
        );
    group("deliveries", "Look at deliveries").subcommand(server::with_server(ls))
}

/// How `attempts` is written.
pub fn attempts() -> clap::Command {
    let about = "Show the attempts of an event, or of one delivery of it, with what was answered";
    server::with_server(
        clap::Command::new("attempts")
            .about(about)
            .arg(id("The event, or DESTINATION/EVENT for one delivery of it"))
            .after_help(AFTER_ATTEMPTS_HELP),
    )
}

/// How `retry` is written.
pub fn retry() -> clap::Command {
    let ids = Arg::new("id").value_name("DESTINATION/EVENT").action(ArgAction::Append);
    let resend = Arg::new("resend").long("resend").action(ArgAction::SetTrue);
    let command = clap::Command::new("retry")
        .about("Try deliveries now that have failed and wait for their time")
        .after_help(AFTER_RETRY_HELP)
        .arg(ids.required(true).help("The deliveries"))
        .arg(resend.help("Send those again that have ended, also those that were delivered"));
    server::with_server(command)
}

fn group(name: &'static str, about: &'static str) -> clap::Command {
    clap::Command::new(name)
        .about(about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
}

fn id(help: &'static str) -> Arg {
    Arg::new("id").value_name("ID").required(true).help(help)
}

/// A duration, checked by the rules of settings.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    parse_duration(text).map_err(|fault| format!("{}; {}", fault.what, fault.hint))
}

/// What the arguments of `events` ask for.
pub fn read_events(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
    let payload = if matches.get_flag("payload") { Payload::Only } else { Payload::Left };
    let wish = LookWish::Event(text(matches, "id"), payload);
    server::order(|_| Wish::Look(wish), matches, surroundings)
}

/// What the arguments of `deliveries` ask for.
pub fn read_deliveries(
    matches: &ArgMatches,
    surroundings: Surroundings,
) -> Result<Command, Refusal> {
    let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
    let pair = |(name, ..): (&'static str, _, _)| {
        let value = matches.get_one::<String>(name)?.clone();
        Some((name.replace('-', "_"), value))
    };
    let wish = DeliveriesWish {
        filter: FILTERS.into_iter().filter_map(pair).collect(),
        since: matches.get_one::<std::time::Duration>("since").copied(),
        limit: matches.get_one::<u32>("limit").copied().unwrap_or_default(),
    };
    server::order(|_| Wish::Look(LookWish::Deliveries(wish)), matches, surroundings)
}

/// What the arguments of `attempts` ask for.
pub fn read_attempts(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let wish = LookWish::Attempts(text(matches, "id"));
    server::order(|_| Wish::Look(wish), matches, surroundings)
}

/// What the arguments of `retry` ask for.
pub fn read_retry(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let texts = matches.get_many::<String>("id").into_iter().flatten();
    let named: Result<Vec<_>, _> = texts.map(|text| Named::read(text)).collect();
    let named = named.map_err(Refusal::Usage)?;
    let retry = if matches.get_flag("resend") { Retry::Resend } else { Retry::Now };
    server::order(|_| Wish::Look(LookWish::Retry(named, retry)), matches, surroundings)
}

fn text(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

const AFTER_EVENTS_HELP: &str = "\
Examples:
  postrider events get 4711
  postrider events get 1c7e5a4e-9f1e-4d0e-8a54-6a3b1b1f0a11
  postrider events get 4711 --payload > event.json";

const AFTER_DELIVERIES_HELP: &str = "\
Examples:
  postrider deliveries ls --destination orders-hook --status gave_up --since 1h
  postrider deliveries ls --user u1
  postrider deliveries ls --class 5xx --limit 1000 --json";

const AFTER_ATTEMPTS_HELP: &str = "\
Examples:
  postrider attempts 4711
  postrider attempts orders-hook/4711 --json";

const AFTER_RETRY_HELP: &str = "\
Whatever waits behind a delivery of the same user goes on behind it. To deliver many again, see
postrider replay.

Exit code: 0 where every one is asked for, 1 where one is refused, as it has ended or its
destination is paused. What comes of it, postrider attempts shows.

Examples:
  postrider retry orders-hook/4711 orders-hook/4712
  postrider retry orders-hook/4711 --resend";
