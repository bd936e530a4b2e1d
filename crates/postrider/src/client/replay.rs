//! `postrider replay`: asks a running server for a replay, and says how it gets on.
//!
//! In comes what was asked for; out go lines for people or JSON, and whether all was delivered. The
//! server does the work: whoever stops watching stops nothing.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::Desk;
use super::remote::RemoteError;
use crate::console::{Ending, Failure, Progress, Shape, thousands};
use crate::terminal::plain;

/// How often a replay is looked at. Source: chosen; a line a second is read with ease.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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

/// Carries a wish out.
///
/// # Errors
/// Where the server cannot be asked, or refuses.
pub async fn carry_out(desk: &Desk<'_>, wish: &ReplayWish) -> Result<Ending, Failure> {
    let id = match wish {
        ReplayWish::Estimate(body) => {
            let estimate = desk.remote.ask(Method::POST, "/api/v1/replays/estimate", body).await?;
            desk.show(&match desk.shape {
                Shape::Json => format!("{estimate}\n"),
                Shape::Lines => format!("{}\n", estimated(&estimate)),
            });
            return Ok(Ending::Well);
        }
        ReplayWish::Make(body) => {
            let made = desk.remote.ask(Method::POST, "/api/v1/replays", body).await?;
            let made: Replay = desk.remote.read(made)?;
            let line = format!("replay {} is made; it goes on when you stop watching", made.id);
            desk.console.remark(&line);
            made.id
        }
        ReplayWish::Watch(id) => *id,
    };
    let ended = watch(desk, id).await?;
    let replay: Replay = desk.remote.read(ended.clone())?;
    desk.show(&match desk.shape {
        Shape::Json => format!("{ended}\n"),
        Shape::Lines => format!("{}\n", replay.line()),
    });
    let lost = replay.gave_up + replay.expired;
    Ok(Ending::well_if(replay.state == "done" && lost == 0))
}

/// Looks at a replay until it has ended; how it gets on is told beside the data.
async fn watch(desk: &Desk<'_>, id: u64) -> Result<Value, RemoteError> {
    let (mut last, mut bar) = (String::new(), desk.console.bar());
    loop {
        let shown = desk.remote.get(&format!("/api/v1/replays/{id}")).await?;
        let replay: Replay = desk.remote.read(shown.clone())?;
        if matches!(replay.state.as_str(), "done" | "cancelled") {
            return Ok(shown);
        }
        let line = replay.line();
        if bar.is_drawn() {
            bar.draw(replay.progress());
        } else if line != last {
            desk.console.remark(&line);
            last = line;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Replay {
    fn line(&self) -> String {
        let Self { id, state, .. } = self;
        let of = self.expected.map(|expected| format!(" of about {}", thousands(expected)));
        let (delivered, of) = (thousands(self.delivered), of.unwrap_or_default());
        let mut line = format!("replay {id}: {}, {delivered}{of} delivered", plain(state));
        for (count, what) in [(self.gave_up, "given up"), (self.expired, "expired")] {
            if count > 0 {
                line = format!("{line}, {} {what}", thousands(count));
            }
        }
        line
    }

    fn progress(&self) -> Progress {
        let failed = self.gave_up + self.expired;
        Progress { done: self.delivered + failed, of: self.expected, failed }
    }
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
