//! `postrider replay`: asks a running server for a replay, and says how it gets on.
//!
//! In come what was asked for and where the server's API is; out go lines for people, and whether all
//! was delivered. The server does the work: whoever stops watching stops nothing. Deliberately unknown
//! here: everything but the API.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::remote::{RemoteError, ask};

/// How often a replay is looked at. Source: chosen; a line a second is read with ease.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct ReplayOrder {
    /// Where the API listens.
    pub admin: SocketAddr,
    /// What to do.
    pub wish: ReplayWish,
}

/// What to do.
#[derive(Clone, PartialEq, Debug)]
pub enum ReplayWish {
    /// Say what this replay would do.
    Estimate(Value),
    /// Make it, and watch it.
    Make(Value),
    /// Watch the one with this number.
    Watch(u64),
}

/// A replay as the API shows it.
#[derive(Debug, Deserialize)]
struct Replay {
    id: u64,
    state: String,
    expected: Option<u64>,
    delivered: u64,
    gave_up: u64,
    expired: u64,
}

/// Carries an order out; what is said on the way goes to `tell`, line by line. Answers the last line,
/// and whether all was delivered.
///
/// # Errors
/// See [`RemoteError`].
pub fn carry_out(
    order: &ReplayOrder,
    mut tell: impl FnMut(&str),
) -> Result<(String, bool), RemoteError> {
    let id = match &order.wish {
        ReplayWish::Estimate(body) => {
            let estimate = ask(order.admin, "POST", "/api/v1/replays/estimate", body)?;
            return Ok((estimated(&estimate), true));
        }
        ReplayWish::Make(body) => {
            let made = replay(order.admin, ask(order.admin, "POST", "/api/v1/replays", body)?)?;
            tell(&format!("replay {} is made; it goes on when you stop watching", made.id));
            made.id
        }
        ReplayWish::Watch(id) => *id,
    };
    watch(order.admin, id, tell)
}

/// Looks at a replay until it has ended.
fn watch(
    admin: SocketAddr,
    id: u64,
    mut tell: impl FnMut(&str),
) -> Result<(String, bool), RemoteError> {
    let mut last = String::new();
    loop {
        let shown = ask(admin, "GET", &format!("/api/v1/replays/{id}"), &Value::Null)?;
        let shown = replay(admin, shown)?;
        let line = shown.line();
        if matches!(shown.state.as_str(), "done" | "cancelled") {
            return Ok((line, shown.state == "done" && shown.gave_up + shown.expired == 0));
        }
        if line != last {
            tell(&line);
            last = line;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

impl Replay {
    fn line(&self) -> String {
        let Self { id, state, delivered, gave_up, expired, .. } = self;
        let of = self.expected.map(|expected| format!(" of about {expected}")).unwrap_or_default();
        let mut line = format!("replay {id}: {state}, {delivered}{of} delivered");
        for (count, what) in [(gave_up, "given up"), (expired, "expired")] {
            if *count > 0 {
                line = format!("{line}, {count} {what}");
            }
        }
        line
    }
}

fn replay(admin: SocketAddr, shown: Value) -> Result<Replay, RemoteError> {
    serde_json::from_value(shown).map_err(|_| RemoteError::NoAnswer(admin))
}

/// An estimate in a few lines.
fn estimated(estimate: &Value) -> String {
    let number = |name: &str| estimate[name].as_u64();
    let about = if estimate["complete"] == true { "" } else { "about " };
    let mut text = format!("{about}{} events", number("events").unwrap_or_default());
    if let Some(users) = number("users") {
        text = format!("{text} of {users} users");
    }
    let received = |name: &str| estimate[name]["received_at"].as_str();
    if let (Some(oldest), Some(newest)) = (received("oldest"), received("newest")) {
        text = format!("{text}, received from {oldest} to {newest}");
    }
    if let Some(seconds) = estimate["seconds"].as_f64() {
        text = format!("{text}; takes {} s at least", seconds.ceil());
    }
    for passed in estimate["passed"].as_array().into_iter().flatten() {
        let (count, sentence) = (&passed["count"], passed["sentence"].as_str().unwrap_or_default());
        text = format!("{text}\n{count} passed over: {sentence}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn estimates_are_told_in_words() {
        let estimate = json!({
            "events": 12, "complete": true, "users": 3, "seconds": 1.2,
            "oldest": {"seq": 1, "received_at": "a"}, "newest": {"seq": 9, "received_at": "b"},
            "passed": [{"reason": "still_open", "sentence": "It is open.", "count": 4}],
        });
        let want = "12 events of 3 users, received from a to b; takes 2 s at least\n\
                    4 passed over: It is open.";
        assert_eq!(estimated(&estimate), want);
        let unknown = json!({"events": 0, "complete": false, "users": null, "passed": []});
        assert_eq!(estimated(&unknown), "about 0 events");
    }
}
