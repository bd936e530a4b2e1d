//! Builder of workspace files.

use serde_json::{Value, json};

/// A workspace in which every source feeds every destination.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    sources: Vec<Source>,
    destinations: Vec<Value>,
}

#[derive(Clone, Debug)]
struct Source {
    id: String,
    enabled: bool,
    /// Settings that RudderStack's files do not have.
    own: Value,
}

/// A webhook destination.
#[derive(Clone, Debug)]
pub struct Webhook {
    id: String,
    enabled: bool,
    url: String,
    method: String,
    headers: Vec<(String, String)>,
    /// Settings that RudderStack's files do not have.
    own: Value,
}

impl Workspace {
    /// A workspace with one source `app`, whose write key is `key-app`.
    pub fn of_app() -> Self {
        Self::default().source("app")
    }

    /// The same with a source; its write key is its id after `key-`.
    #[must_use]
    pub fn source(self, id: &str) -> Self {
        self.source_with(id, Value::Null)
    }

    /// The same with a source that has these settings of ours.
    #[must_use]
    pub fn source_with(mut self, id: &str, own: Value) -> Self {
        self.sources.push(Source { id: id.to_owned(), enabled: true, own });
        self
    }

    /// The same with a disabled source.
    #[must_use]
    pub fn disabled_source(mut self, id: &str) -> Self {
        self.sources.push(Source { id: id.to_owned(), enabled: false, own: Value::Null });
        self
    }

    /// The same with a webhook.
    #[must_use]
    pub fn webhook(self, webhook: Webhook) -> Self {
        self.destination(webhook.into_json())
    }

    /// The same with a webhook that posts to this URL.
    #[must_use]
    pub fn posts_to(self, id: &str, url: &str) -> Self {
        self.webhook(Webhook::new(id, url))
    }

    /// The same with a destination of any shape.
    #[must_use]
    pub fn destination(mut self, destination: Value) -> Self {
        self.destinations.push(destination);
        self
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let source = |Source { id, enabled, own }: &Source| {
            json!({
                "id": id,
                "name": id,
                "writeKey": format!("key-{id}"),
                "enabled": enabled,
                "postrider": own,
                "destinations": self.destinations,
            })
        };
        let sources: Vec<Value> = self.sources.iter().map(source).collect();
        format!("{:#}\n", json!({ "sources": sources }))
    }
}

impl Webhook {
    /// A webhook that posts.
    pub fn new(id: &str, url: &str) -> Self {
        Self {
            id: id.to_owned(),
            enabled: true,
            url: url.to_owned(),
            method: "POST".to_owned(),
            headers: Vec::new(),
            own: Value::Null,
        }
    }

    /// The same, disabled.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// The same with another method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// The same with these settings of ours.
    #[must_use]
    pub fn own(mut self, own: Value) -> Self {
        self.own = own;
        self
    }

    /// The same with a configured header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn into_json(self) -> Value {
        let header = |(from, to): &(String, String)| json!({ "from": from, "to": to });
        let headers: Vec<Value> = self.headers.iter().map(header).collect();
        json!({
            "id": self.id,
            "name": self.id,
            "enabled": self.enabled,
            "destinationDefinition": { "name": "WEBHOOK" },
            "postrider": self.own,
            "config": {
                "webhookUrl": self.url,
                "webhookMethod": self.method,
                "headers": headers,
            },
        })
    }
}
