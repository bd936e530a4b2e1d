//! Who sends what: people with several devices, devices with several people, and logins, which join
//! the two.

use std::fmt::Write;

use crate::dice::Dice;

/// People whose events are sent by one sender, one batch after the other: so their order is known.
pub struct People {
    sender: usize,
    count: u64,
    next: u64,
    dice: Dice,
    padding: String,
}

/// An event as it is noted.
#[derive(Clone, Debug)]
pub struct Sent {
    pub message_id: String,
    pub user_id: String,
    pub anonymous_id: String,
}

impl People {
    /// So many people of a sender, whose events are about so many bytes larger than need be.
    pub fn new(sender: usize, count: u64, dice: Dice) -> Self {
        Self { sender, count, next: 0, dice, padding: "x".repeat(200) }
    }

    /// The next event.
    pub fn event(&mut self) -> Sent {
        let number = self.next;
        self.next += 1;
        let (sender, person) = (self.sender, self.dice.roll(self.count));
        // A person has two devices at a time, and new ones now and then; one is everybody's.
        let device = match self.dice.roll(20) {
            0 => format!("a-{sender}-shared"),
            other => format!("a-{sender}-{person}-{}", number / 5_000 * 2 + other % 2),
        };
        let user = format!("u-{sender}-{person}");
        let (user_id, anonymous_id) = match self.dice.roll(10) {
            0..=2 => (String::new(), device),
            3..=6 => (user, device),
            _ => (user, String::new()),
        };
        Sent { message_id: format!("m-{sender}-{number}"), user_id, anonymous_id }
    }

    /// A body of `/v1/batch` with these events.
    pub fn batch(&self, events: &[Sent]) -> String {
        let mut body = String::from("{\"batch\":[");
        for (at, event) in events.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let Sent { message_id, user_id, anonymous_id } = event;
            // A text takes everything.
            let _ = write!(
                body,
                "{comma}{{\"type\":\"track\",\"event\":\"Order Completed\",\
                 \"messageId\":\"{message_id}\",{}{}\
                 \"properties\":{{\"note\":\"{}\"}}}}",
                member("userId", user_id),
                member("anonymousId", anonymous_id),
                self.padding,
            );
        }
        body.push_str("]}");
        body
    }
}

fn member(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("\"{name}\":\"{value}\",") }
}
