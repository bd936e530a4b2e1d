//! `postrider source`, `destination` and `connection`: what people edit.

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value, json};

use super::{Command, Refusal, Surroundings, server};
use crate::client::{CatalogAct, CatalogWish, ObjectWord, Wish};

/// How `source` is written.
pub fn source() -> clap::Command {
    let add = clap::Command::new("add")
        .about("Make a source, and print its write key")
        .after_help(AFTER_SOURCE_HELP)
        .arg(Arg::new("name").value_name("NAME").required(true).help("What people call it"))
        .arg(text("id", "ID", "Its id; made of the name where it is left out"))
        .arg(text("key", "KEY", "Its write key; a random one where it is left out"));
    group(ObjectWord::Source, "Add, list, show or remove sources", add)
}

/// How `destination` is written.
pub fn destination() -> clap::Command {
    let header = Arg::new("header").long("header").value_name("NAME=VALUE").value_parser(pair);
    let from = Arg::new("from").long("from").value_name("SOURCE").action(ArgAction::Append);
    let add = clap::Command::new("add")
        .about("Make a webhook destination, and connect sources to it")
        .after_help(AFTER_DESTINATION_HELP)
        .arg(Arg::new("name").value_name("NAME").required(true).help("What people call it"))
        .arg(text("url", "URL", "Where requests go").required(true))
        .arg(text("id", "ID", "Its id; made of the name where it is left out"))
        .arg(text("method", "METHOD", "POST, PUT, PATCH, GET or DELETE; POST where it is left out"))
        .arg(header.action(ArgAction::Append).help("A header; may be repeated"))
        .arg(from.help("A source whose events go there; may be repeated"));
    let id = || Arg::new("id").value_name("ID").required(true).help("Its id");
    let restore = clap::Command::new("restore")
        .about("Put a removed one back, with its connections and what waits for it")
        .arg(id());
    let try_now = clap::Command::new("try-now")
        .about("Have everything tried now that waits for its time, also where it has stopped")
        .arg(id());
    group(ObjectWord::Destination, "Add, list, show, remove or restore destinations", add)
        .subcommands([restore, try_now].map(server::with_server))
}

/// How `connection` is written.
pub fn connection() -> clap::Command {
    let several = |name: &'static str, value, help| {
        Arg::new(name).long(name).value_name(value).action(ArgAction::Append).help(help)
    };
    let add = clap::Command::new("add")
        .about("Connect a source to a destination, from now on")
        .after_help(AFTER_CONNECTION_HELP)
        .arg(Arg::new("source").value_name("SOURCE").required(true).help("Whose events"))
        .arg(Arg::new("destination").value_name("DESTINATION").required(true).help("Where they go"))
        .arg(text("id", "ID", "Its id; made of both where it is left out"))
        .arg(several("type", "TYPE", "Only events of this type; may be repeated"))
        .arg(several("allow", "NAME", "Only track events with this name; may be repeated"))
        .arg(text("condition", "CONDITION", "Only events that look like this, as in filters"));
    group(ObjectWord::Connection, "Add, list, show or remove connections", add)
}

fn text(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn group(word: ObjectWord, about: &'static str, add: clap::Command) -> clap::Command {
    let set = Arg::new("set").long("set").value_name("PATH=VALUE").value_parser(pair);
    let set = set.action(ArgAction::Append).help(
        "Any member, as in the workspace file: postrider.delivery.concurrency=4; may be repeated",
    );
    let id = || Arg::new("id").value_name("ID").required(true).help("Its id");
    let ls = clap::Command::new("ls").about("List all");
    let show = clap::Command::new("show").about("Show one, with all its members").arg(id());
    let rm = clap::Command::new("rm").about("Remove one").arg(id());
    let below = [add.arg(set), ls, show, rm].map(server::with_server);
    clap::Command::new(word.singular())
        .about(about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommands(below)
}

/// A name and a text.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it with = between name and value")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What the arguments of `source` ask for.
pub fn read_source(matches: &ArgMatches, surroundings: Surroundings) -> Result<Command, Refusal> {
    read(ObjectWord::Source, source_body, matches, surroundings)
}

/// What the arguments of `destination` ask for.
pub fn read_destination(
    matches: &ArgMatches,
    surroundings: Surroundings,
) -> Result<Command, Refusal> {
    read(ObjectWord::Destination, destination_body, matches, surroundings)
}

/// What the arguments of `connection` ask for.
pub fn read_connection(
    matches: &ArgMatches,
    surroundings: Surroundings,
) -> Result<Command, Refusal> {
    read(ObjectWord::Connection, connection_body, matches, surroundings)
}

fn read(
    word: ObjectWord,
    body: fn(&ArgMatches) -> Value,
    matches: &ArgMatches,
    surroundings: Surroundings,
) -> Result<Command, Refusal> {
    let Some((name, matches)) = matches.subcommand() else {
        // Not reached: clap asks for one.
        return Ok(super::shown(String::new()));
    };
    let id = || matches.get_one::<String>("id").cloned().unwrap_or_default();
    let act = match name {
        "add" => CatalogAct::Add { body: body(matches), from: all(matches, "from") },
        "show" => CatalogAct::Show(id()),
        "rm" => CatalogAct::Remove(id()),
        "restore" => CatalogAct::Restore(id()),
        "try-now" => CatalogAct::TryNow(id()),
        _ => CatalogAct::List,
    };
    server::order(|_| Wish::Catalog(CatalogWish { word, act }), matches, surroundings)
}

fn source_body(matches: &ArgMatches) -> Value {
    let mut body = Map::new();
    put(&mut body, matches, &[("name", "name"), ("id", "id"), ("key", "writeKey")]);
    with_set(body, matches)
}

fn destination_body(matches: &ArgMatches) -> Value {
    let (mut body, mut config) = (Map::new(), Map::new());
    put(&mut body, matches, &[("name", "name"), ("id", "id")]);
    put(&mut config, matches, &[("url", "webhookUrl"), ("method", "webhookMethod")]);
    let headers = matches.get_many::<(String, String)>("header");
    if let Some(headers) = headers {
        let header = |(from, to): &(String, String)| json!({ "from": from, "to": to });
        config.insert("headers".to_owned(), headers.map(header).collect());
    }
    body.insert("type".to_owned(), "WEBHOOK".into());
    body.insert("config".to_owned(), config.into());
    with_set(body, matches)
}

fn connection_body(matches: &ArgMatches) -> Value {
    let (mut body, mut filter) = (Map::new(), Map::new());
    let members = [("source", "source"), ("destination", "destination"), ("id", "id")];
    put(&mut body, matches, &members);
    put(&mut filter, matches, &[("condition", "condition")]);
    let types = all(matches, "type");
    if !types.is_empty() {
        filter.insert("types".to_owned(), types.into());
    }
    let allow = all(matches, "allow");
    if !allow.is_empty() {
        filter.insert("events".to_owned(), json!({ "allow": allow }));
    }
    if !filter.is_empty() {
        body.insert("filter".to_owned(), filter.into());
    }
    with_set(body, matches)
}

fn put(body: &mut Map<String, Value>, matches: &ArgMatches, members: &[(&str, &str)]) {
    for (flag, member) in members {
        if let Some(text) = matches.get_one::<String>(flag) {
            body.insert((*member).to_owned(), text.as_str().into());
        }
    }
}

/// The texts of a flag that not every command has.
fn all(matches: &ArgMatches, name: &str) -> Vec<String> {
    let texts = matches.try_get_many::<String>(name).ok().flatten();
    texts.into_iter().flatten().cloned().collect()
}

/// The body with the members that were set one by one.
fn with_set(body: Map<String, Value>, matches: &ArgMatches) -> Value {
    let mut body = Value::Object(body);
    for (path, value) in matches.get_many::<(String, String)>("set").into_iter().flatten() {
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.as_str().into());
        set(&mut body, path, value);
    }
    body
}

/// Sets the member at the end of a path; what stands in its way makes room.
fn set(body: &mut Value, path: &str, value: Value) {
    let mut place = body;
    for name in path.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name];
    }
    *place = value;
}

const AFTER_SOURCE_HELP: &str = "\
Examples:
  postrider source add \"My app\"
  postrider source add Web --set 'postrider.allowedOrigins=[\"https://www.acme.test\"]'";

const AFTER_DESTINATION_HELP: &str = "\
A header may be a secret; where others can see what is typed, name where it is kept instead.

Examples:
  postrider destination add Orders --url https://hooks.acme.test/orders --from my-app
  postrider destination add CRM --url https://crm.acme.test --set postrider.delivery.concurrency=4";

const AFTER_CONNECTION_HELP: &str = "\
Examples:
  postrider connection add my-app orders
  postrider connection add my-app orders --type track --allow \"Order Completed\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn body(line: &str) -> Value {
        let words = line.split(' ').map(|word| std::ffi::OsString::from(word.replace('_', " ")));
        let read = super::super::read(words, Surroundings::default());
        let Ok((Command::Ask(order), _)) = read else { panic!("{read:?}") };
        let Wish::Catalog(CatalogWish { act: CatalogAct::Add { body, .. }, .. }) = order.wish
        else {
            panic!("{:?}", order.wish)
        };
        body
    }

    #[test]
    fn flags_become_objects_of_the_workspace_file() {
        let source = "postrider source add My_app --key k --set postrider.rateLimit.burst=5";
        let want =
            json!({"name": "My app", "writeKey": "k", "postrider": {"rateLimit": {"burst": 5}}});
        assert_eq!(body(source), want);
        let destination = "postrider destination add Orders --url https://a.test --header X-Key=a=b \
                           --set config.webhookMethod=PUT";
        let want = json!({"name": "Orders", "type": "WEBHOOK", "config": {
            "webhookUrl": "https://a.test", "webhookMethod": "PUT",
            "headers": [{"from": "X-Key", "to": "a=b"}]}});
        assert_eq!(body(destination), want);
        let connection = "postrider connection add a b --type track --type page --allow Order_Done";
        let want = json!({"source": "a", "destination": "b",
            "filter": {"types": ["track", "page"], "events": {"allow": ["Order Done"]}}});
        assert_eq!(body(connection), want);
    }
}
