//! `postrider status`: how a running server fares, on one screen.
//!
//! In comes what the API says, out go lines for people, and whether something needs a look: a full
//! disk, an endpoint that takes nothing, and what was given up or expired and nobody has dealt with.
//! What waits by somebody's wish, or the endpoint's, is told and needs none. Deliberately unknown here:
//! everything but the API.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Desk, STATUS};
use crate::console::{Cell, Ending, Failure, Palette, Shape, Table, Tint, thousands};
use crate::terminal::plain;

#[derive(Debug, Deserialize)]
struct Status {
    version: String,
    started_at: String,
    gateway_url: String,
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    is_disk_low: bool,
    destinations: Vec<Destination>,
    removed: Vec<Removed>,
}

#[derive(Debug, Deserialize)]
struct Removed {
    id: String,
    waiting: u64,
    kept_until: String,
}

#[derive(Debug, Deserialize)]
struct Issues {
    issues: Vec<Issue>,
}

/// Failures of one kind that nobody has dealt with.
#[derive(Debug, Deserialize)]
struct Issue {
    destination: String,
    gave_up: u64,
    expired: u64,
}

#[derive(Debug, Deserialize)]
struct Destination {
    id: String,
    state: String,
    waiting: u64,
    retrying: u64,
    delivered_first_try: u64,
    delivered_on_retry: u64,
    gave_up: u64,
    expired: u64,
    target: String,
    flow: Option<Flow>,
}

#[derive(Debug, Deserialize)]
struct Flow {
    failing_since: Option<String>,
    sentence: Option<String>,
    asked_to_wait_until: Option<String>,
}

/// What is told beside the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Remarks {
    /// What needs a look, a line each.
    troubles: Vec<String>,
    /// What is as somebody wants it, and worth knowing.
    notes: Vec<String>,
}

/// Asks a server how it fares, and shows it.
///
/// # Errors
/// Where it cannot be asked.
pub async fn show(desk: &Desk<'_>) -> Result<Ending, Failure> {
    let shown = desk.remote.get(STATUS).await?;
    let json = format!("{shown}\n");
    let status: Status = desk.remote.read(shown)?;
    let issues: Value = desk.remote.get(OPEN_ISSUES).await?;
    let issues: Issues = desk.remote.read(issues)?;
    let palette = desk.console.palette;
    let remarks = status.remarks(&issues.issues);
    desk.show(&match desk.shape {
        Shape::Json => json,
        Shape::Lines => status.lines(palette) + &remarks.lines(palette),
    });
    Ok(if remarks.troubles.is_empty() { Ending::Well } else { Ending::NeedsLook })
}

/// The path of what failed and nobody has dealt with.
const OPEN_ISSUES: &str = "/api/v1/issues?state=open&limit=500";

impl Remarks {
    /// A line each; what needs a look comes last, where it is seen.
    fn lines(&self, palette: Palette) -> String {
        let line = |tint| move |text: &String| palette.tinted(tint, &plain(text)) + "\n";
        let notes = self.notes.iter().map(line(Tint::Faint));
        notes.chain(self.troubles.iter().map(line(Tint::Bad))).collect()
    }
}

impl Status {
    fn lines(&self, palette: Palette) -> String {
        let Self { version, started_at, gateway_url, .. } = self;
        let [accepted, duplicates, rejected] =
            [self.accepted, self.duplicates, self.rejected].map(thousands);
        let text = format!(
            "postrider {version} at {gateway_url}, since {started_at}\n\
             {accepted} events accepted since then, {duplicates} that were stored already, \
             {rejected} refused\n"
        );
        if self.destinations.is_empty() {
            return text + "no destinations\n";
        }
        let mut table = Table::new(HEAD);
        for destination in &self.destinations {
            table.row(destination.cells());
        }
        text + &table.lines(palette)
    }

    /// What is told beside the table, where these issues are open.
    fn remarks(&self, issues: &[Issue]) -> Remarks {
        let disk = self
            .is_disk_low
            .then(|| "the disk is nearly full: no events are taken until there is room".to_owned());
        let sick = self.destinations.iter().filter_map(Destination::trouble);
        let removed = self.removed.iter().filter_map(Removed::note);
        Remarks {
            troubles: disk.into_iter().chain(sick).chain(losses(issues)).collect(),
            notes: self.destinations.iter().filter_map(Destination::note).chain(removed).collect(),
        }
    }
}

/// What was not delivered and nobody has dealt with, a line for each destination.
fn losses(issues: &[Issue]) -> Vec<String> {
    let mut of = BTreeMap::<&str, (u64, u64)>::new();
    for issue in issues.iter().filter(|issue| issue.gave_up + issue.expired > 0) {
        let (gave_up, expired) = of.entry(&issue.destination).or_default();
        *gave_up += issue.gave_up;
        *expired += issue.expired;
    }
    of.into_iter().map(|(id, counts)| loss(id, counts)).collect()
}

/// What there is of losses, and where it is seen; the events of those that expired are gone.
fn loss(id: &str, (gave_up, expired): (u64, u64)) -> String {
    let [of_given_up, of_expired] = [gave_up, expired].map(thousands);
    let (what, status, then) = match (gave_up, expired) {
        (_, 0) => (format!("{of_given_up} given up"), "gave_up", "replay or resolve them"),
        (0, _) => (format!("{of_expired} expired"), "expired", "resolve them"),
        _ => (
            format!("{of_given_up} given up and {of_expired} expired"),
            "gave_up",
            "or `expired`; replay or resolve them",
        ),
    };
    let see = format!("`postrider deliveries ls --destination {id} --status {status}`");
    format!("{id}: {what} in open issues. See them with {see}, {then}")
}

impl Removed {
    fn note(&self) -> Option<String> {
        let Self { id, waiting, kept_until } = self;
        (*waiting > 0).then(|| {
            format!(
                "{id}: removed, {} wait and are given up at {kept_until}; \
                 `postrider destination restore {id}` puts it back",
                thousands(*waiting)
            )
        })
    }
}

const HEAD: [&str; 8] =
    ["DESTINATION", "STATE", "WAITING", "RETRYING", "DELIVERED", "GAVE UP", "EXPIRED", "TARGET"];

impl Destination {
    /// One row; what was given up and what expired are counted since the destination was made.
    fn cells(&self) -> [Cell; 8] {
        let delivered = self.delivered_first_try + self.delivered_on_retry;
        let state = Cell::text(&self.state);
        let state = match self.state.as_str() {
            "active" => state.tinted(Tint::Good),
            "retrying" => state.tinted(Tint::Poor),
            _ if self.takes_nothing() => state.tinted(Tint::Bad),
            _ => state.tinted(Tint::Faint),
        };
        let lost = |count| {
            let cell = Cell::number(thousands(count));
            if count > 0 { cell.tinted(Tint::Poor) } else { cell }
        };
        [
            Cell::text(&self.id),
            state,
            Cell::number(thousands(self.waiting)),
            Cell::number(thousands(self.retrying)),
            Cell::number(thousands(delivered)),
            lost(self.gave_up),
            lost(self.expired),
            Cell::text(&self.target),
        ]
    }

    fn takes_nothing(&self) -> bool {
        matches!(self.state.as_str(), "holding" | "stopped")
    }

    fn trouble(&self) -> Option<String> {
        if !self.takes_nothing() {
            return None;
        }
        let Self { id, state, .. } = self;
        let flow = self.flow.as_ref();
        let since = flow.and_then(|flow| flow.failing_since.as_deref()).unwrap_or("a while ago");
        let sentence = flow.and_then(|flow| flow.sentence.as_deref()).unwrap_or_default();
        let next = match state.as_str() {
            "stopped" => format!(
                " It is not tried any more: once it is mended, `postrider destination try-now {id}`"
            ),
            _ => String::new(),
        };
        Some(format!("{id}: {state} since {since}. {sentence}{next}"))
    }

    fn note(&self) -> Option<String> {
        let Self { id, state, .. } = self;
        let wait = self.flow.as_ref().and_then(|flow| flow.asked_to_wait_until.as_deref());
        match (state.as_str(), wait) {
            ("disabled" | "paused", _) if self.waiting > 0 => {
                Some(format!("{id}: {state}, {} wait for it", thousands(self.waiting)))
            }
            ("active" | "retrying" | "holding", Some(until)) => {
                Some(format!("{id}: the endpoint has asked to wait (Retry-After) until {until}"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(id: &str, state: &str) -> Destination {
        Destination {
            id: id.to_owned(),
            state: state.to_owned(),
            waiting: 12,
            retrying: 3,
            delivered_first_try: 1_000,
            delivered_on_retry: 1,
            gave_up: 1,
            expired: 1,
            target: "https://acme.test".to_owned(),
            flow: Some(Flow {
                failing_since: Some("2026-01-31T09:30:00.000Z".to_owned()),
                sentence: Some("Nobody listens there.".to_owned()),
                asked_to_wait_until: None,
            }),
        }
    }

    fn status(destinations: Vec<Destination>) -> Status {
        Status {
            version: "1.2.3".to_owned(),
            started_at: "2026-01-31T09:00:00.000Z".to_owned(),
            gateway_url: "http://127.0.0.1:8080".to_owned(),
            accepted: 7,
            duplicates: 1,
            rejected: 0,
            is_disk_low: false,
            destinations,
            removed: Vec::new(),
        }
    }

    fn issue(destination: &str, gave_up: u64, expired: u64) -> Issue {
        Issue { destination: destination.to_owned(), gave_up, expired }
    }

    #[test]
    fn a_status_is_one_screen() {
        let all = vec![destination("a", "active"), destination("orders-hook", "holding")];
        let want = "\
postrider 1.2.3 at http://127.0.0.1:8080, since 2026-01-31T09:00:00.000Z
7 events accepted since then, 1 that were stored already, 0 refused
DESTINATION  STATE    WAITING  RETRYING  DELIVERED  GAVE UP  EXPIRED  TARGET
a            active        12         3      1,001        1        1  https://acme.test
orders-hook  holding       12         3      1,001        1        1  https://acme.test
";
        assert_eq!(status(all).lines(Palette::Plain), want);
        assert!(status(Vec::new()).lines(Palette::Plain).ends_with("no destinations\n"));
    }

    #[test]
    fn what_takes_nothing_a_full_disk_and_open_losses_need_a_look() {
        let well =
            ["active", "retrying", "paused", "disabled"].map(|state| destination("a", state));
        let well = status(well.into());
        assert!(well.remarks(&[issue("a", 0, 0)]).troubles.is_empty());
        let mut sick = status(vec![destination("a", "holding"), destination("b", "stopped")]);
        sick.is_disk_low = true;
        let issues = [issue("b", 2, 0), issue("a", 0, 0), issue("b", 1, 1_000)];
        let want = [
            "the disk is nearly full: no events are taken until there is room",
            "a: holding since 2026-01-31T09:30:00.000Z. Nobody listens there.",
            "b: stopped since 2026-01-31T09:30:00.000Z. Nobody listens there. It is not tried any \
             more: once it is mended, `postrider destination try-now b`",
            "b: 3 given up and 1,000 expired in open issues. See them with `postrider deliveries ls \
             --destination b --status gave_up`, or `expired`; replay or resolve them",
        ];
        assert_eq!(sick.remarks(&issues).troubles, want);
    }

    #[test]
    fn of_losses_only_what_there_is_is_told() {
        let begin = |counts| loss("b", counts).split(" See").next().map(str::to_owned);
        assert_eq!(begin((2, 0)).as_deref(), Some("b: 2 given up in open issues."));
        assert_eq!(begin((0, 2_015)).as_deref(), Some("b: 2,015 expired in open issues."));
        assert!(loss("b", (0, 1)).ends_with("--status expired`, resolve them"));
    }

    #[test]
    fn what_waits_by_somebodys_wish_is_told_and_needs_no_look() {
        let mut asked = destination("c", "retrying");
        if let Some(flow) = &mut asked.flow {
            flow.asked_to_wait_until = Some("2026-01-31T10:00:00.000Z".to_owned());
        }
        let idle = Destination { waiting: 0, ..destination("d", "disabled") };
        let mut all = status(vec![
            destination("a", "paused"),
            destination("b", "disabled"),
            asked,
            idle,
            destination("e", "active"),
        ]);
        let kept_until = "2026-02-07T09:30:00.000Z".to_owned();
        let removed = |id: &str, waiting| Removed {
            id: id.to_owned(),
            waiting,
            kept_until: kept_until.clone(),
        };
        all.removed = vec![removed("f", 4), removed("g", 0)];
        let want = [
            "a: paused, 12 wait for it",
            "b: disabled, 12 wait for it",
            "c: the endpoint has asked to wait (Retry-After) until 2026-01-31T10:00:00.000Z",
            "f: removed, 4 wait and are given up at 2026-02-07T09:30:00.000Z; \
             `postrider destination restore f` puts it back",
        ];
        let notes = want.map(str::to_owned).to_vec();
        assert_eq!(all.remarks(&[]), Remarks { troubles: Vec::new(), notes });
    }
}
