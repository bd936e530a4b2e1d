//! The flags of `postrider send`, and the event that they stand for.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches};
use domain::limits;
use url::Url;

use super::{Command, Refusal, Surroundings, server};
use crate::client::{Composed, Gateway, Rules, SendWish, Sent, Wish};
use crate::config::Config;

/// What can be sent one at a time.
const TYPES: [&str; 6] = ["track", "identify", "page", "screen", "group", "alias"];

/// Flags whose text becomes a member of the event.
const MEMBERS: [(&str, &str, &str, &str); 5] = [
    ("user", "ID", "userId", "The user's id"),
    ("anonymous", "ID", "anonymousId", "The id of a user who is not known yet"),
    ("group", "ID", "groupId", "The id of the group, for group"),
    ("previous", "ID", "previousId", "The user's previous id, for alias"),
    ("message-id", "ID", "messageId", "The event's own id; a random one where it is left out"),
];

/// Flags whose pairs become members of a member of the event.
const PAIRS: [(&str, &str, &str); 3] = [
    ("prop", "properties", "A property; may be repeated"),
    ("trait", "traits", "A trait, for identify and group; may be repeated"),
    ("context", "context", "A member of the context; may be repeated"),
];

/// How it is written.
pub fn command() -> clap::Command {
    let member = |(flag, value, _, help): (&'static str, _, _, _)| {
        Arg::new(flag).long(flag).value_name(value).help(help).conflicts_with("file")
    };
    let pair = |(flag, _, help): (&'static str, _, _)| {
        let arg = Arg::new(flag).long(flag).value_name("NAME=VALUE").value_parser(named);
        arg.action(ArgAction::Append).help(help).conflicts_with("file")
    };
    let command = clap::Command::new("send")
        .about("Send an event, or a file of events, to a source as an SDK would")
        .after_help(AFTER_HELP)
        .arg(
            Arg::new("type")
                .value_name("TYPE")
                .value_parser(TYPES)
                .required_unless_present("file")
                .conflicts_with("file")
                .help("What kind of event"),
        )
        .arg(Arg::new("name").value_name("NAME").help("What a track, page or screen is called"))
        .args(MEMBERS.map(member))
        .args(PAIRS.map(pair))
        .args(of_files())
        .args(of_gateway());
    server::with_server(command)
}

fn of_files() -> [Arg; 2] {
    let rate = clap::value_parser!(u32).range(1..=i64::from(limits::RATE_EVENTS_MAX));
    [
        Arg::new("file")
            .short('f')
            .long("file")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("Send the events of this file, a JSON object per line; - is standard input"),
        Arg::new("rate")
            .long("rate")
            .value_name("COUNT")
            .value_parser(rate)
            .conflicts_with("type")
            .help("Events to send in a second, at most"),
    ]
}

fn of_gateway() -> [Arg; 3] {
    [
        Arg::new("source")
            .long("source")
            .value_name("ID")
            .help("The source to send to; the only one where it is left out"),
        Arg::new("key")
            .long("key")
            .value_name("KEY")
            .conflicts_with("source")
            .help("A write key, instead of one that the server is asked for"),
        Arg::new("to")
            .long("to")
            .value_name("URL")
            .value_parser(gateway_url)
            .help("The gateway, instead of the one that the server is asked for"),
    ]
}

/// What its arguments ask for.
pub fn read(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    let text = |name| matches.get_one::<String>(name).cloned();
    let gateway = Gateway {
        url: matches.get_one::<Url>("to").cloned(),
        key: text("key"),
        source: text("source"),
    };
    let wish = |config: &Config| {
        let rules = Rules {
            event_bytes_max: config.intake.event_bytes_max,
            request_bytes_max: config.intake.request_bytes_max,
        };
        let sent = match matches.get_one::<PathBuf>("file") {
            Some(file) => {
                let rate = matches.get_one::<u32>("rate").copied();
                Sent::File { path: file.clone(), rate, rules }
            }
            None => Sent::One(composed(matches)),
        };
        Wish::Send(SendWish { gateway, sent })
    };
    server::order(wish, matches, surroundings)
}

fn composed(matches: &ArgMatches) -> Composed {
    let text = |name| matches.get_one::<String>(name).cloned();
    let member = |(flag, _, member, _)| Some((member, text(flag)?));
    let pairs = |(flag, member, _)| {
        let pairs = matches.get_many::<(String, String)>(flag)?;
        Some((member, pairs.cloned().collect()))
    };
    Composed {
        kind: text("type").unwrap_or_default(),
        name: text("name"),
        members: MEMBERS.into_iter().filter_map(member).collect(),
        objects: PAIRS.into_iter().filter_map(pairs).collect(),
    }
}

/// A name and the JSON of its value; what is no JSON is a text.
fn named(pair: &str) -> Result<(String, String), String> {
    let (name, value) = pair.split_once('=').ok_or("write it as NAME=VALUE")?;
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
    let value = if is_json { value.to_owned() } else { serde_json::Value::from(value).to_string() };
    Ok((name.to_owned(), value))
}

fn gateway_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let speaks_http = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    if speaks_http { Ok(url) } else { Err("write it as http://HOST:PORT".to_owned()) }
}

const AFTER_HELP: &str = "\
The write key and the gateway's URL come from the running server, unless they are given. Values
are JSON where they can be read as that (total=9.5, paid=true, tags=[\"a\"]), texts otherwise.
In a file each event has its type: {\"type\":\"track\",\"userId\":\"u1\",\"event\":\"Signed Up\"}.

Exit code: 0 where every event was taken, 1 otherwise.

Examples:
  postrider send track \"Order Completed\" --user u1 --prop total=9.5 --prop currency=EUR
  postrider send identify --user u1 --trait plan=pro --source my-app
  postrider send -f events.ndjson --rate 500
  gzip -dc events.ndjson.gz | postrider send -f - --to https://events.acme.test --key KEY

Next: `postrider events get ID` shows what became of an event.";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Composed {
        let words = ["send"].iter().chain(words);
        composed(&command().try_get_matches_from(words).expect("it is understood"))
    }

    #[test]
    fn flags_become_an_event() {
        let order = ["track", "Order Completed", "--user", "u\"1", "--prop", "total=9.50"];
        let more = ["--prop", "zip=\"01\"", "--prop", "note=a=b", "--context", "ip=1.2.3.4"];
        let event = read(&[&order[..], &more].concat()).event("m");
        let want = "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u\\\"1\",\
                    \"properties\":{\"total\":9.50,\"zip\":\"01\",\"note\":\"a=b\"},\
                    \"context\":{\"ip\":\"1.2.3.4\"},\"messageId\":\"m\"}";
        assert_eq!(event, want);
        let own = read(&["page", "Home", "--anonymous", "a", "--message-id", "own"]).event("m");
        let want = "{\"type\":\"page\",\"name\":\"Home\",\"anonymousId\":\"a\",\
                    \"messageId\":\"own\"}";
        assert_eq!(own, want);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let refused = |words: &[&str]| {
            let words = ["send"].iter().chain(words);
            command().try_get_matches_from(words).expect_err("it is refused").to_string()
        };
        assert!(refused(&["trak"]).contains("track"));
        assert!(refused(&[]).contains("TYPE"));
        assert!(refused(&["track", "x", "-f", "y"]).contains("cannot be used with"));
        assert!(refused(&["track", "x", "--prop", "y"]).contains("NAME=VALUE"));
        assert!(refused(&["track", "x", "--to", "ftp://y"]).contains("http://HOST:PORT"));
        assert!(refused(&["track", "x", "--rate", "5"]).contains("cannot be used with"));
        assert!(refused(&["-f", "x", "--rate", "0"]).contains("0 is not in"));
    }
}
