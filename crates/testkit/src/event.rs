//! Builders of events and batches.

use serde_json::{Map, Value, json};

/// An event on its way to become JSON.
#[derive(Clone, Debug, Default)]
pub struct Event(Map<String, Value>);

impl Event {
    /// A `track` call.
    pub fn track(name: &str) -> Self {
        Self::default().with("type", "track").with("event", name)
    }

    /// A call of another type.
    pub fn of_type(kind: &str) -> Self {
        Self::default().with("type", kind)
    }

    /// The same with a `userId`.
    #[must_use]
    pub fn user(self, id: &str) -> Self {
        self.with("userId", id)
    }

    /// The same with an `anonymousId`.
    #[must_use]
    pub fn anonymous(self, id: &str) -> Self {
        self.with("anonymousId", id)
    }

    /// The same with a `messageId`.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        self.with("messageId", id)
    }

    /// The same with any member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The event as JSON text.
    pub fn text(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

impl From<Event> for Vec<u8> {
    fn from(event: Event) -> Self {
        event.text().into_bytes()
    }
}

impl From<Event> for Value {
    fn from(event: Event) -> Self {
        Self::Object(event.0)
    }
}

/// A batch of events, as JSON text.
pub fn batch(events: impl IntoIterator<Item = Event>) -> String {
    let events: Vec<Value> = events.into_iter().map(Value::from).collect();
    json!({ "batch": events }).to_string()
}
