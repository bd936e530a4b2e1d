//! One event, composed of what was typed. Numbers stay as they were spelled.

use serde_json::Value;

/// What was typed of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Composed {
    /// Its type.
    pub kind: String,
    /// What it is called.
    pub name: Option<String>,
    /// Members that are texts.
    pub members: Vec<(&'static str, String)>,
    /// Members that are objects: names with their JSON.
    pub objects: Vec<(&'static str, Vec<(String, String)>)>,
}

impl Composed {
    /// Its own id, where one was typed.
    pub fn message_id(&self) -> Option<&str> {
        let own = self.members.iter().find(|(name, _)| *name == "messageId");
        own.map(|(_, id)| id.as_str())
    }

    /// The event as JSON, with this id where it has none of its own.
    pub fn event(&self, message_id: &str) -> String {
        let mut members = vec![member("type", &text(&self.kind))];
        let name = if self.kind == "track" { "event" } else { "name" };
        members.extend(self.name.as_ref().map(|called| member(name, &text(called))));
        members.extend(self.members.iter().map(|(name, value)| member(name, &text(value))));
        members.extend(self.objects.iter().map(|(name, pairs)| member(name, &object(pairs))));
        if self.message_id().is_none() {
            members.push(member("messageId", &text(message_id)));
        }
        format!("{{{}}}", members.join(","))
    }
}

fn object(pairs: &[(String, String)]) -> String {
    let members: Vec<_> = pairs.iter().map(|(name, value)| member(name, value)).collect();
    format!("{{{}}}", members.join(","))
}

fn member(name: &str, value: &str) -> String {
    format!("{}:{value}", text(name))
}

fn text(text: &str) -> String {
    Value::from(text).to_string()
}
