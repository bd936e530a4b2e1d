//! The flags of `postrider replay`, and the body of a request that they stand for.
//!
//! Texts are handed on as they are: the server says what is wrong with them, in the same words as to
//! every other caller.

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value, json};

use super::{Command, Refusal, Surroundings, server};
use crate::client::{ReplayWish, Wish};

/// Flags whose text becomes a member of the request.
const TEXTS: [(&str, &str, &str, &str); 7] = [
    ("destination", "ID", "destination", "Where deliveries go"),
    ("intent", "INTENT", "intent", "recover_failed, replay_missing or resend_range"),
    ("received-from", "TIME", "received_from", "Only events received then or later"),
    ("received-until", "TIME", "received_until", "Only events received before"),
    ("failed-since", "TIME", "failed_since", "Only deliveries given up then or later"),
    ("source", "ID", "source", "Only events of this source"),
    ("user", "ID", "user", "Only events with this userId or anonymousId"),
];

/// Flags whose number does.
const NUMBERS: [(&str, &str, &str, &str); 4] = [
    ("first", "EVENT", "first", "Only events from this place on"),
    ("last", "EVENT", "last", "Only events up to this place"),
    ("rate", "COUNT", "rate", "Attempts that may start in a second"),
    ("concurrency", "COUNT", "concurrency", "Attempts under way at a time"),
];

/// How it is written.
pub fn command() -> clap::Command {
    server::with_server(without_server())
}

/// What its arguments ask for.
pub fn read(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    server::order(|_| Wish::Replay(wish(matches)), matches, surroundings)
}

fn without_server() -> clap::Command {
    let text = |(flag, value, _, help): (&'static str, _, _, _)| {
        Arg::new(flag).long(flag).value_name(value).help(help)
    };
    let number = |(flag, value, _, help): (&'static str, _, _, _)| {
        let parser = clap::value_parser!(u64);
        Arg::new(flag).long(flag).value_name(value).value_parser(parser).help(help)
    };
    let several = |flag: &'static str, value, help| {
        Arg::new(flag).long(flag).value_name(value).action(ArgAction::Append).help(help)
    };
    let estimate = Arg::new("estimate").long("estimate").visible_alias("dry-run");
    let watch = Arg::new("watch").long("watch").value_name("NUMBER");
    clap::Command::new("replay")
        .about("Have a running server deliver events again, and watch how it gets on")
        .after_help(AFTER_HELP)
        .args(TEXTS.map(text))
        .args(NUMBERS.map(number))
        .arg(
            several("event", "EVENT", "Only this event; may be repeated")
                .value_parser(clap::value_parser!(u64)),
        )
        .arg(several("type", "TYPE", "Only events of this type; may be repeated"))
        .arg(
            Arg::new("condition")
                .long("condition")
                .value_name("CONDITION")
                .help("Only events that look like this, as in filters"),
        )
        .arg(
            estimate
                .action(ArgAction::SetTrue)
                .help("Only say how many events that would be, and how long it would take"),
        )
        .arg(
            watch
                .value_parser(clap::value_parser!(u64))
                .help("Watch a replay that is there, instead of making one"),
        )
}

/// What the arguments ask for.
fn wish(matches: &ArgMatches) -> ReplayWish {
    if let Some(id) = matches.get_one::<u64>("watch") {
        return ReplayWish::Watch(*id);
    }
    let body = Value::Object(body(matches));
    if matches.get_flag("estimate") { ReplayWish::Estimate(body) } else { ReplayWish::Make(body) }
}

fn body(matches: &ArgMatches) -> Map<String, Value> {
    let mut body = Map::new();
    for (flag, _, member, _) in TEXTS {
        if let Some(text) = matches.get_one::<String>(flag) {
            body.insert(member.to_owned(), json!(text));
        }
    }
    for (flag, _, member, _) in NUMBERS {
        if let Some(number) = matches.get_one::<u64>(flag) {
            body.insert(member.to_owned(), json!(number));
        }
    }
    if let Some(events) = matches.get_many::<u64>("event") {
        body.insert("events".to_owned(), json!(events.collect::<Vec<_>>()));
    }
    let mut filter = Map::new();
    if let Some(types) = matches.get_many::<String>("type") {
        filter.insert("types".to_owned(), json!(types.collect::<Vec<_>>()));
    }
    if let Some(condition) = matches.get_one::<String>("condition") {
        filter.insert("condition".to_owned(), json!(condition));
    }
    if !filter.is_empty() {
        body.insert("filter".to_owned(), Value::Object(filter));
    }
    body
}

const AFTER_HELP: &str = "\
The server does the work: Ctrl-C ends the watching and nothing else. Progress goes to standard
error. Exit code: 0 where all was delivered, 1 where something was not, or nothing could be done.

Examples:
  postrider replay --destination orders-hook --intent recover_failed --estimate
  postrider replay --destination orders-hook --intent recover_failed --rate 50
  postrider replay --destination new-hook --intent replay_missing \\
      --received-from 2026-11-24T00:00:00Z
  postrider replay --watch 7";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> ReplayWish {
        let words = line.split_whitespace();
        wish(&without_server().try_get_matches_from(words).expect("it is understood"))
    }

    #[test]
    fn flags_become_the_body_of_a_request() {
        let flags = "replay --destination d --intent resend_range --first 3 --event 7 --event 5 \
                     --type track --condition exists(a) --rate 9 --received-from t";
        let body = json!({
            "destination": "d", "intent": "resend_range", "first": 3, "events": [7, 5],
            "filter": {"types": ["track"], "condition": "exists(a)"}, "rate": 9,
            "received_from": "t",
        });
        assert_eq!(read(flags), ReplayWish::Make(body.clone()));
        assert_eq!(read(&format!("{flags} --dry-run")), ReplayWish::Estimate(body));
        assert_eq!(read("replay --watch 4"), ReplayWish::Watch(4));
    }
}
