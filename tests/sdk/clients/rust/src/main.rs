//! RudderStack's Rust SDK as an application uses it; driven by lib/line-client.mjs.
//!
//! The first line of stdin holds the settings, every other one a go: a list of calls, each its name
//! and its event. A go is answered by one line: for each call null, or how it failed.

use std::io::{stdin, Lines, StdinLock};

use rudderanalytics::client::RudderAnalytics;
use rudderanalytics::message::Message;
use serde_json::{from_str, from_value, json, Value};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut lines = stdin().lines();
    let settings: Value = from_str(&lines.next().ok_or("no settings")??)?;
    let client = RudderAnalytics::load(text(&settings["writeKey"]), text(&settings["url"]));
    answer(&client, lines)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Makes one call after the other, each when the SDK has told what became of the one before.
fn answer(
    client: &RudderAnalytics,
    lines: Lines<StdinLock>,
) -> Result<(), Box<dyn std::error::Error>> {
    for line in lines {
        let calls: Vec<(String, Value)> = from_str(&line?)?;
        let mut outcomes = Vec::new();
        for (name, event) in calls {
            let sent = client.send(&message(&name, event)?);
            outcomes.push(sent.err().map(|error| format!("{error:?}")));
        }
        println!("{}", json!(outcomes));
    }
    Ok(())
}

fn message(name: &str, event: Value) -> Result<Message, Box<dyn std::error::Error>> {
    Ok(match name {
        "identify" => Message::Identify(from_value(event)?),
        "track" => Message::Track(from_value(event)?),
        "page" => Message::Page(from_value(event)?),
        "screen" => Message::Screen(from_value(event)?),
        "group" => Message::Group(from_value(event)?),
        "alias" => Message::Alias(from_value(event)?),
        "batch" => Message::Batch(from_value(event)?),
        _ => return Err(format!("there is no call {name}").into()),
    })
}
